"""Run the functions in the roles that the template gives them, while the engine enforces roles (`AUTH=true`)."""

import json
from dataclasses import replace
from typing import Any

from emulation.template import LocalTemplate
from sandbox.deploy import Clients
from sandbox.functions import Function

ENGINE_ACTIONS = {
    # AWS checks sqs:SendMessage for a batch, SendTaskSuccess for the state machine, and a secret by its ARN.
    "secretsmanager:GetSecretValue": "secretsmanager:GetSecretValue",
    "sqs:SendMessage": "sqs:SendMessageBatch",
    "states:SendTaskSuccess": "states:SendTaskSuccess",
}
"""Actions that the engine checks by another name or resource than AWS, by those that AWS checks."""
_TLS_ONLY = {"AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy"}
_NAMES = {
    "AWS_ACCESS_KEY_ID": "AccessKeyId",
    "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
    "AWS_SESSION_TOKEN": "SessionToken",
}


def with_execution_role(function: Function, clients: Clients) -> Function:
    """Return the function with credentials of its role, valid for an hour."""
    arn = clients("lambda").get_function_configuration(FunctionName=function.arn)["Role"]
    _allow_engine_actions(clients("iam"), arn.rpartition("/")[2])
    assumed = clients("sts").assume_role(RoleArn=arn, RoleSessionName=function.name)["Credentials"]
    return replace(function, environment={**function.environment, **{to: assumed[key] for to, key in _NAMES.items()}})


def _allow_engine_actions(iam: Any, role: str) -> None:
    granted: set[str] = set()
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for statement in document["Statement"]:
            actions = statement["Action"]
            granted |= {actions} if isinstance(actions, str) else set(actions)
    also = sorted(ENGINE_ACTIONS[action] for action in granted & ENGINE_ACTIONS.keys())
    if also:
        statement = {"Effect": "Allow", "Action": also, "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_role_policy(RoleName=role, PolicyName="asked-otherwise", PolicyDocument=policy)


def drop_tls_policies(template: LocalTemplate) -> None:
    """Remove the policies by which queues and buckets refuse requests without TLS, which the local run does
    not have.
    """
    resources = template.body["Resources"]
    for name in [name for name, each in resources.items() if each["Type"] in _TLS_ONLY]:
        del resources[name]
