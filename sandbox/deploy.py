"""Deploy the template to the engine, as CloudFormation would."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, WaiterError

from emulation.template import CODE_BUCKET, LocalTemplate, code_folders
from sandbox import SandboxError
from sandbox.functions import Function
from sandbox.retries import StreamMapping
from sandbox.settings import ACCESS_KEY, REGION, SECRET_KEY

STACK = "online-orders-sandbox"
CREATE_SECONDS = 120.0
LOOK_EVERY_SECONDS = 0.05


class Clients:
    """Clients of the engine, by the name of the service."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._session = boto3.session.Session(ACCESS_KEY, SECRET_KEY, region_name=REGION)
        self._config = Config(
            connect_timeout=5, read_timeout=60, retries={"total_max_attempts": 2}, max_pool_connections=16
        )

    def __call__(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint, config=self._config)


@dataclass(frozen=True)
class Stack:
    outputs: dict[str, str]
    functions: list[Function]
    streams: dict[str, StreamMapping]  # by function name
    physical_ids: dict[str, str]  # by logical id


def deploy(clients: Clients, template: LocalTemplate, parameters: dict[str, str]) -> Stack:
    """Deploy the stack and return it; of `parameters`, only those that the template declares are passed."""
    s3 = clients("s3")
    s3.create_bucket(Bucket=CODE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for folder in sorted(set(code_folders(template.body["Resources"]))):
        s3.put_object(Bucket=CODE_BUCKET, Key=folder, Body=_empty_zip())
    s3.put_object(Bucket=CODE_BUCKET, Key="template.json", Body=json.dumps(template.body).encode())

    cloudformation = clients("cloudformation")
    cloudformation.create_stack(
        StackName=STACK,
        TemplateURL=f"{s3.meta.endpoint_url}/{CODE_BUCKET}/template.json",
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value}
            for name, value in parameters.items()
            if name in template.parameters
        ],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    stack = _created(cloudformation)
    resources = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    physical_ids = {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in resources}
    _expire_items(clients("dynamodb"), template, physical_ids)
    lambda_ = clients("lambda")
    return Stack(
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        functions=[
            _function(lambda_.get_function_configuration(FunctionName=physical_ids[logical_id]), template, logical_id)
            for logical_id in template.functions
            if logical_id in physical_ids
        ],
        streams=_streams(lambda_),
        physical_ids=physical_ids,
    )


def _empty_zip() -> bytes:
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    return buffer.getvalue()


def _created(cloudformation: Any) -> dict[str, Any]:
    waiting = {"Delay": LOOK_EVERY_SECONDS, "MaxAttempts": int(CREATE_SECONDS / LOOK_EVERY_SECONDS)}
    try:
        cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig=waiting)
    except WaiterError as error:
        stacks = error.last_response.get("Stacks")
        status = stacks[0]["StackStatus"] if stacks else "not there"
        raise SandboxError(f"the stack is {status}: {_first_failure(cloudformation)}") from error
    stack: dict[str, Any] = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    return stack


def _first_failure(cloudformation: Any) -> str:
    events = cloudformation.describe_stack_events(StackName=STACK)["StackEvents"]
    for event in reversed(events):
        if event["ResourceStatus"].endswith("_FAILED"):
            return f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}"
    return "no resource failed"


def _expire_items(dynamodb: Any, template: LocalTemplate, physical_ids: dict[str, str]) -> None:
    """Switch on the expiry of items, which the engine has but ignores in CloudFormation.

    Offered to ministack: upstream/ministack-cloudformation-ttl.patch.
    """
    for logical_id, resource in template.body["Resources"].items():
        specification = resource.get("Properties", {}).get("TimeToLiveSpecification")
        if resource["Type"] == "AWS::DynamoDB::Table" and specification:
            try:
                dynamodb.update_time_to_live(
                    TableName=physical_ids[logical_id],
                    TimeToLiveSpecification={"AttributeName": specification["AttributeName"], "Enabled": True},
                )
            except ClientError as error:
                raise SandboxError(f"{logical_id}: {error}") from error


def _function(configuration: dict[str, Any], template: LocalTemplate, logical_id: str) -> Function:
    return Function(
        logical_id=logical_id,
        name=configuration["FunctionName"],
        arn=configuration["FunctionArn"],
        handler=configuration["Handler"],
        memory=configuration.get("MemorySize", 128),
        log_group=configuration.get("LoggingConfig", {}).get("LogGroup")
        or f"/aws/lambda/{configuration['FunctionName']}",
        source=template.functions[logical_id],
        environment=configuration.get("Environment", {}).get("Variables", {}),
    )


def _streams(lambda_: Any) -> dict[str, StreamMapping]:
    mappings = lambda_.list_event_source_mappings()["EventSourceMappings"]
    return {
        mapping["FunctionArn"].split(":function:")[1].split(":")[0]: StreamMapping.of(mapping)
        for mapping in mappings
        if ":dynamodb:" in mapping["EventSourceArn"]
    }
