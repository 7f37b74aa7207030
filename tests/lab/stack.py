"""The template, translated as CloudFormation would get it, and deployed into moto by plain calls.

moto's own CloudFormation leaves out a third of the resources without a word. Here an unknown type stops the deployment.
Functions, event sources, rules and the API are collected and not created: other modules of the lab play those services.
"""

import base64
import functools
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulation.template import EVENT_TYPES, code_folders, load_definitions, read, without_serverless

Json = dict[str, Any]

ACCOUNT = "123456789012"
REGION = "eu-central-1"

IGNORED = frozenset(
    {
        "AWS::ApiGatewayV2::Stage",
        "AWS::CloudFront::CachePolicy",
        "AWS::CloudFront::Function",
        "AWS::CloudFront::OriginAccessControl",
        "AWS::CloudFront::OriginRequestPolicy",
        "AWS::CloudFront::ResponseHeadersPolicy",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::Cognito::ManagedLoginBranding",
        "AWS::Cognito::UserPoolDomain",
        "AWS::Cognito::UserPoolGroup",
        "AWS::Cognito::UserPoolIdentityProvider",
        "AWS::Events::Archive",
        "AWS::IAM::ManagedPolicy",
        "AWS::GuardDuty::MalwareProtectionPlan",
        "AWS::KMS::Alias",
        "AWS::Lambda::LayerVersion",
        "AWS::Lambda::Permission",
        "AWS::Lambda::Version",
        "AWS::Logs::LogGroup",
        "AWS::Logs::MetricFilter",
        "AWS::Logs::QueryDefinition",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SNS::Topic",
        "AWS::SNS::TopicPolicy",
    }
)
"""Types without which the functions behave the same here: access, keys, logs, alarms, the network's edge."""


NESTED = "AWS::CloudFormation::Stack"


@functools.cache
def translate(path: Path) -> Json:
    """Return the template as CloudFormation gets it; the code folders go on `sys.path`.

    The address of a nested stack's template is its path.
    """
    template = read(path)
    load_definitions(template, path.parent)
    translated = without_serverless(template, REGION)
    folders = dict.fromkeys(str(path.parent / folder) for folder in code_folders(translated["Resources"]))
    sys.path += [folder for folder in folders if folder not in sys.path]  # last: where mutants run, another copy counts
    for resource in translated["Resources"].values():
        if resource["Type"] == NESTED:
            resource["Properties"]["TemplateURL"] = str(path.parent / resource["Properties"]["TemplateURL"])
    return translated


def with_nested(path: Path) -> dict[str, Json]:
    """Return the resources of a template and of its nested stacks, by logical id; no id is in two of them."""
    found: dict[str, Json] = dict(translate(path)["Resources"])
    for resource in [*found.values()]:
        if resource["Type"] == NESTED:
            more = with_nested(Path(resource["Properties"]["TemplateURL"]))
            assert not found.keys() & more.keys()
            found |= more
    return found


@dataclass(frozen=True)
class Resource:
    ref: str
    attributes: Mapping[str, str] = field(default_factory=dict)


class Placeholders(dict[str, str]):
    """Attributes of a resource that has none here; whoever reads one gets a text that says whose it is."""

    def __init__(self, name: str) -> None:
        super().__init__(Arn=f"arn:aws:iam::{ACCOUNT}:role/{name}", DomainName=f"{name.lower()}.example.net")
        self._name = name

    def __contains__(self, attribute: object) -> bool:
        return True

    def __missing__(self, attribute: str) -> str:
        return f"{self._name}.{attribute}"


@dataclass(frozen=True)
class EventSource:
    name: str
    function: str
    arn: str
    properties: Json


@dataclass
class Stack:
    """Create with `Stack(template, parameters, client).deploy()`; `client` makes botocore clients."""

    template: Json
    parameters: Mapping[str, str]
    client: Callable[[str], Any]
    name: str = "lab"
    nested: dict[str, "Stack"] = field(default_factory=dict)
    """By logical id: the stacks that are deployed along with this one."""
    api: Json = field(default_factory=dict)
    """The OpenAPI body of the HTTP API, its references resolved."""
    front_headers: dict[str, str] = field(default_factory=dict)
    """What CloudFront adds to a request on its way to the API."""
    functions: dict[str, Json] = field(default_factory=dict)
    """Logical id to resolved properties."""
    event_sources: list[EventSource] = field(default_factory=list)
    invoke_configs: dict[str, Json] = field(default_factory=dict)
    """By function: how often an asynchronous invocation is retried, and where it goes in the end."""
    queue_policies: dict[str, list[Json]] = field(default_factory=dict)
    """By queue URL: the statements of the one policy that it can have."""
    roles: dict[str, list[Json]] = field(default_factory=dict)
    """By ARN: the statements of the role's own policies."""
    rules: list[Json] = field(default_factory=list)
    schedules: list[Json] = field(default_factory=list)
    identities: set[str] = field(default_factory=set)
    event_types: dict[str, set[str]] = field(default_factory=dict)
    """SES configuration sets and the event types that each sends on."""
    state_machine_role: str = ""
    token_trigger: str = ""
    """The ARN of the function that the user pool calls before it issues a token."""
    secrets: dict[str, str] = field(default_factory=dict)
    """By ARN: what Secrets Manager generated."""
    _made: dict[str, Resource | None] = field(default_factory=dict)
    _making: list[str] = field(default_factory=list)

    def deploy(self) -> "Stack":
        unknown = self.parameters.keys() - self.template.get("Parameters", {}).keys()
        assert not unknown, f"the template has no parameter {sorted(unknown)}"
        for name in self.template["Resources"]:
            self._resource(name)
        return self

    @property
    def outputs(self) -> dict[str, str]:
        return {
            name: str(self._value(output["Value"]))
            for name, output in self.template.get("Outputs", {}).items()
            if self._holds(output.get("Condition"))
        }

    def ref(self, name: str) -> str:
        """What `!Ref` says: of a resource, a parameter, or a pseudo parameter."""
        pseudo = {
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.name,
            "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{self.name}/1",
        }
        if name in pseudo:
            return pseudo[name]
        declared = self.template.get("Parameters", {}).get(name)
        if declared is not None:
            assert name in self.parameters or "Default" in declared, f"the lab gives no value for parameter {name}"
            return str(self.parameters.get(name, declared.get("Default")))
        resource = self._resource(name)
        assert resource, f"{name} is not made, by its condition"
        return resource.ref

    def attribute(self, name: str, attribute: str) -> str:
        """What `!GetAtt` says."""
        resource = self._resource(name)
        assert resource, f"{name} is not made, by its condition"
        assert attribute in resource.attributes, f"the lab does not know {name}.{attribute}"
        return resource.attributes[attribute]

    def _resource(self, name: str) -> Resource | None:
        if name not in self._made:
            assert name not in self._making, f"circular references: {[*self._making, name]}"
            self._making.append(name)
            declared = self.template["Resources"][name]
            self._made[name] = self._make(name, declared) if self._holds(declared.get("Condition")) else None
            self._making.pop()
        return self._made[name]

    def _holds(self, condition: Any) -> bool:
        if condition is None:
            return True
        if isinstance(condition, str):
            return self._holds(self.template["Conditions"][condition])
        ((operator, operands),) = condition.items()
        verdicts: dict[str, Callable[[], bool]] = {
            "Condition": lambda: self._holds(operands),
            "Fn::Equals": lambda: bool(self._value(operands[0]) == self._value(operands[1])),
            "Fn::Not": lambda: not self._holds(operands[0]),
            "Fn::And": lambda: all(map(self._holds, operands)),
            "Fn::Or": lambda: any(map(self._holds, operands)),
        }
        return verdicts[operator]()

    def _value(self, value: Any) -> Any:
        """A property with its intrinsic functions carried out; what is `AWS::NoValue` is left out."""
        if isinstance(value, list):
            return [self._value(one) for one in value if not self._is_no_value(one)]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, operand),) = value.items()
            if name == "Ref":
                return self.ref(operand)
            if name == "Condition" and isinstance(operand, str):
                return self._holds(operand)
            if name.startswith("Fn::"):
                return self._intrinsic(name, operand)
        return {key: self._value(one) for key, one in value.items() if not self._is_no_value(one)}

    def _is_no_value(self, value: Any) -> bool:
        while isinstance(value, dict) and value.keys() == {"Fn::If"}:
            condition, yes, no = value["Fn::If"]
            value = yes if self._holds(condition) else no
        return bool(value == {"Ref": "AWS::NoValue"})

    def _intrinsic(self, name: str, operand: Any) -> Any:
        values: dict[str, Callable[[], Any]] = {
            "Fn::GetAtt": lambda: self.attribute(*(operand.split(".", 1) if isinstance(operand, str) else operand)),
            "Fn::Join": lambda: operand[0].join(map(str, self._value(operand[1]))),
            "Fn::If": lambda: self._value(operand[1] if self._holds(operand[0]) else operand[2]),
            "Fn::Select": lambda: self._value(operand[1])[int(operand[0])],
            "Fn::Split": lambda: self._value(operand[1]).split(operand[0]),
            "Fn::Base64": lambda: base64.b64encode(str(self._value(operand)).encode()).decode(),
            "Fn::Sub": lambda: self._resolved(self._filled_in(*([operand] if isinstance(operand, str) else operand))),
        }
        return values[name]()

    def _filled_in(self, text: str, given: Mapping[str, Any] | None = None) -> str:
        """What `!Sub` says."""

        def put_in(match: re.Match[str]) -> str:
            variable = match[1]
            if variable.startswith("!"):
                return f"${{{variable[1:]}}}"
            if given and variable in given:
                return str(self._value(given[variable]))
            return self.attribute(*variable.split(".", 1)) if "." in variable else self.ref(variable)

        return re.sub(r"\$\{([^}]+)\}", put_in, text)

    def _resolved(self, text: str) -> str:
        """With its dynamic references to secrets carried out: to whole ones, and to members of those that are JSON."""

        def value(match: re.Match[str]) -> str:
            secret, _, member = match[1].partition(":SecretString:")
            text = self.secrets[secret]
            return str(json.loads(text)[member]) if member else text

        return re.sub(r"\{\{resolve:secretsmanager:([^}]+)\}\}", value, text)

    def _make(self, name: str, declared: Json) -> Resource:
        kind = declared["Type"]
        if kind in IGNORED:
            return Resource(name, Placeholders(name))
        maker = MAKERS.get(kind)
        assert maker, f"the lab does not know {kind} ({name}): make it in {__name__}, or list it as ignored"
        return maker(self, name, self._value(declared.get("Properties", {})))

    def _nested_stack(self, name: str, properties: Json) -> Resource:
        stack = Stack(
            translate(Path(properties["TemplateURL"])), properties["Parameters"], self.client, f"{self.name}-{name}"
        ).deploy()
        self.nested[name] = stack
        outputs = {f"Outputs.{key}": value for key, value in stack.outputs.items()}
        return Resource(stack.ref("AWS::StackId"), outputs)

    def _table(self, name: str, properties: Json) -> Resource:
        properties.setdefault("TableName", name)
        time_to_live = properties.pop("TimeToLiveSpecification", None)
        for without_effect_here in ("PointInTimeRecoverySpecification", "SSESpecification"):
            properties.pop(without_effect_here, None)
        if "StreamSpecification" in properties:
            properties["StreamSpecification"]["StreamEnabled"] = True
        table = self.client("dynamodb").create_table(**properties)["TableDescription"]
        if time_to_live:
            self.client("dynamodb").update_time_to_live(
                TableName=properties["TableName"], TimeToLiveSpecification=time_to_live
            )
        return Resource(
            properties["TableName"], {"Arn": table["TableArn"], "StreamArn": table.get("LatestStreamArn", "")}
        )

    def _role(self, name: str, properties: Json) -> Resource:
        arn = f"arn:aws:iam::{ACCOUNT}:role/{name}"
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        self.roles[arn] = [statement for document in documents for statement in document["Statement"]]
        return Resource(name, {"Arn": arn})

    def _policy(self, name: str, properties: Json) -> Resource:
        for role in properties["Roles"]:
            self.roles[f"arn:aws:iam::{ACCOUNT}:role/{role}"] += properties["PolicyDocument"]["Statement"]
        return Resource(name, {"Id": name})

    def _function(self, name: str, properties: Json) -> Resource:
        self.functions[name] = properties
        return Resource(
            properties.get("FunctionName", name), {"Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"}
        )

    def _function_alias(self, name: str, properties: Json) -> Resource:
        return Resource(f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{properties['FunctionName']}:{properties['Name']}")

    def _event_source(self, name: str, properties: Json) -> Resource:
        arn, function = properties.pop("EventSourceArn"), properties.pop("FunctionName")
        self.event_sources.append(EventSource(name, function, arn, properties))
        return Resource(name)

    def _event_invoke_config(self, name: str, properties: Json) -> Resource:
        self.invoke_configs[properties["FunctionName"]] = properties
        return Resource(name)

    def _state_machine(self, name: str, properties: Json) -> Resource:
        self.state_machine_role = properties["RoleArn"]
        definition = properties["DefinitionString"]
        for placeholder, value in properties.get("DefinitionSubstitutions", {}).items():
            definition = definition.replace(f"${{{placeholder}}}", str(value))
        left = re.findall(r"\$\{\w+\}", definition)
        assert not left, f"the definition of {name} has placeholders that the template does not fill: {left}"
        called = properties.get("StateMachineName", name)
        arn = self.client("stepfunctions").create_state_machine(
            name=called,
            definition=definition,
            roleArn=properties["RoleArn"],
            type=properties.get("StateMachineType", "STANDARD"),
        )["stateMachineArn"]
        return Resource(arn, {"Arn": arn, "Name": called})

    def _bucket(self, name: str, properties: Json) -> Resource:
        bucket = properties.get("BucketName", f"lab-{name.lower()}")
        self.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        if "VersioningConfiguration" in properties:
            self.client("s3").put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration=properties["VersioningConfiguration"]
            )
        return Resource(
            bucket,
            {
                "Arn": f"arn:aws:s3:::{bucket}",
                "DomainName": f"{bucket}.s3.amazonaws.com",
                "RegionalDomainName": f"{bucket}.s3.{REGION}.amazonaws.com",
            },
        )

    def _event_bus(self, name: str, properties: Json) -> Resource:
        arn = self.client("events").create_event_bus(Name=properties["Name"])["EventBusArn"]
        return Resource(properties["Name"], {"Arn": arn, "Name": properties["Name"]})

    def _rule(self, name: str, properties: Json) -> Resource:
        arn = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"
        self.rules.append({"EventBusName": "default", "Arn": arn, **properties})
        return Resource(name, {"Arn": arn})

    def _schedule(self, name: str, properties: Json) -> Resource:
        self.schedules.append(properties)
        return Resource(name, Placeholders(name))

    def _queue(self, name: str, properties: Json) -> Resource:
        called = properties.pop("QueueName", name)
        properties.pop("Tags", None)
        attributes = {
            key: json.dumps(value) if isinstance(value, (dict, list, bool)) else str(value)
            for key, value in properties.items()
        }
        url = self.client("sqs").create_queue(QueueName=called, Attributes=attributes)["QueueUrl"]
        return Resource(url, {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{called}", "QueueName": called, "QueueUrl": url})

    def _queue_policy(self, name: str, properties: Json) -> Resource:
        for url in properties["Queues"]:
            assert url not in self.queue_policies, f"{name} replaces another policy of {url}"
            self.queue_policies[url] = properties["PolicyDocument"]["Statement"]
        return Resource(name)

    def _secret(self, name: str, properties: Json) -> Resource:
        generate = properties["GenerateSecretString"]
        value = ("0123456789abcdef" * 8)[: int(generate.get("PasswordLength", 32))]
        if "GenerateStringKey" in generate:
            value = json.dumps({**json.loads(generate["SecretStringTemplate"]), generate["GenerateStringKey"]: value})
        arn = self.client("secretsmanager").create_secret(Name=properties.get("Name", name), SecretString=value)["ARN"]
        self.secrets[arn] = value
        return Resource(arn, {"Id": arn})

    def _key(self, name: str, properties: Json) -> Resource:
        """A key that signs; one that encrypts makes no difference here."""
        if properties.get("KeyUsage") != "SIGN_VERIFY":
            return Resource(name, Placeholders(name))
        made = self.client("kms").create_key(KeySpec=properties["KeySpec"], KeyUsage=properties["KeyUsage"])
        return Resource(made["KeyMetadata"]["KeyId"], {"Arn": made["KeyMetadata"]["Arn"]})

    def _parameter(self, name: str, properties: Json) -> Resource:
        called = properties.get("Name", name)
        self.client("ssm").put_parameter(Name=called, Type=properties["Type"], Value=properties["Value"])
        return Resource(called, {"Value": properties["Value"], "Type": properties["Type"]})

    def _configuration_set(self, name: str, properties: Json) -> Resource:
        called = properties.get("Name", name)
        self.event_types.setdefault(called, set())
        return Resource(called)

    def _event_destination(self, name: str, properties: Json) -> Resource:
        destination = properties["EventDestination"]
        if destination.get("Enabled", True) and "EventBridgeDestination" in destination:
            kinds = destination["MatchingEventTypes"]
            unknown = set(kinds) - EVENT_TYPES.keys()
            assert not unknown, f"{name}: CloudFormation knows no event types {sorted(unknown)}, but {[*EVENT_TYPES]}"
            self.event_types.setdefault(properties["ConfigurationSetName"], set()).update(
                EVENT_TYPES[kind] for kind in kinds
            )
        return Resource(name, {"Id": name})

    def _email_identity(self, name: str, properties: Json) -> Resource:
        self.identities.add(properties["EmailIdentity"])
        return Resource(properties["EmailIdentity"], Placeholders(name))

    def _user_pool(self, name: str, properties: Json) -> Resource:
        """A pool of moto's, with what decides about sign-in; moto runs no trigger, and the gateway of the lab takes the
        tokens of `users` alone, whose claims the trigger has a say in.
        """
        self.token_trigger = properties.get("LambdaConfig", {}).get("PreTokenGeneration", "")
        known = ("UsernameAttributes", "UsernameConfiguration", "AutoVerifiedAttributes", "Policies", "Schema")
        asked = {key: properties[key] for key in known if key in properties}
        pool = self.client("cognito-idp").create_user_pool(PoolName=name, **asked)["UserPool"]
        for group in ("customers", "customer-success"):
            self.client("cognito-idp").create_group(UserPoolId=pool["Id"], GroupName=group)
        host = f"cognito-idp.{REGION}.amazonaws.com/{pool['Id']}"
        return Resource(
            pool["Id"],
            {"Arn": pool["Arn"], "ProviderName": host, "ProviderURL": f"https://{host}", "UserPoolId": pool["Id"]},
        )

    def _user_pool_client(self, name: str, properties: Json) -> Resource:
        created = self.client("cognito-idp").create_user_pool_client(
            UserPoolId=properties["UserPoolId"], ClientName=name, ExplicitAuthFlows=properties["ExplicitAuthFlows"]
        )["UserPoolClient"]
        return Resource(created["ClientId"], {"ClientId": created["ClientId"], "Name": name})

    def _distribution(self, name: str, properties: Json) -> Resource:
        for origin in properties["DistributionConfig"]["Origins"]:
            for header in origin.get("OriginCustomHeaders", []):
                self.front_headers[header["HeaderName"].lower()] = header["HeaderValue"]
        return Resource(name, Placeholders(name))

    def _http_api(self, name: str, properties: Json) -> Resource:
        self.api = properties["Body"]
        return Resource(
            "0labapi000",
            {"ApiEndpoint": f"https://0labapi000.execute-api.{REGION}.amazonaws.com", "ApiId": "0labapi000"},
        )


MAKERS: dict[str, Callable[[Stack, str, Json], Resource]] = {
    "AWS::ApiGatewayV2::Api": Stack._http_api,
    "AWS::CloudFormation::Stack": Stack._nested_stack,
    "AWS::CloudFront::Distribution": Stack._distribution,
    "AWS::Cognito::UserPool": Stack._user_pool,
    "AWS::Cognito::UserPoolClient": Stack._user_pool_client,
    "AWS::DynamoDB::Table": Stack._table,
    "AWS::Events::EventBus": Stack._event_bus,
    "AWS::Events::Rule": Stack._rule,
    "AWS::IAM::Policy": Stack._policy,
    "AWS::IAM::Role": Stack._role,
    "AWS::KMS::Key": Stack._key,
    "AWS::Lambda::Alias": Stack._function_alias,
    "AWS::Lambda::EventInvokeConfig": Stack._event_invoke_config,
    "AWS::Lambda::EventSourceMapping": Stack._event_source,
    "AWS::Lambda::Function": Stack._function,
    "AWS::S3::Bucket": Stack._bucket,
    "AWS::SES::ConfigurationSet": Stack._configuration_set,
    "AWS::SES::ConfigurationSetEventDestination": Stack._event_destination,
    "AWS::SES::EmailIdentity": Stack._email_identity,
    "AWS::SQS::Queue": Stack._queue,
    "AWS::SQS::QueuePolicy": Stack._queue_policy,
    "AWS::SSM::Parameter": Stack._parameter,
    "AWS::Scheduler::Schedule": Stack._schedule,
    "AWS::SecretsManager::Secret": Stack._secret,
    "AWS::StepFunctions::StateMachine": Stack._state_machine,
}
