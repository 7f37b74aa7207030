"""What the roles of the template allow, asked before each call of a function as IAM would.

moto lets everything pass; on AWS a missing action is found by the first customer.
"""

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

Json = dict[str, Any]

PREFIXES = {"sesv2": "ses", "stepfunctions": "states"}
"""Services whose actions have another prefix than the SDK's name of the service."""

WORKFLOW = "the workflow"
"""The name under which the statements of the state machine's role stand."""

ACTIONS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
}
"""Operations that are allowed by the action of another name."""

TRANSACTED = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}


class Access(NamedTuple):
    action: str
    resource: str
    context: tuple[tuple[str, str], ...] = ()
    """The condition keys of the request and their values; a key that is not here is not in the request."""

    def __str__(self) -> str:
        return f"{self.action} on {self.resource}"


@dataclass
class Permissions:
    account: str
    region: str
    identities: set[str]
    """The identities that SES has, verified or not."""
    state_machine: str
    """The ARN of the one state machine, whose tokens are answered."""
    roles: dict[str, list[Json]] = field(default_factory=dict)
    """Statements by function, and those of the workflow."""
    used: set[tuple[str, Access]] = field(default_factory=set)
    """What functions have needed so far."""
    in_ses_sandbox: Callable[[], bool] = lambda: False
    """Whether SES asks for the identities of recipients, too."""

    def denied(self, function: str, service: str, operation: str, url: str, body: bytes | str) -> Access | None:
        """The first access that the call needs and the function's role does not give."""
        needed = list(self._needed(service, operation, url, body))
        self.used |= {(function, one) for one in needed}
        return next((one for one in needed if not self.allows(function, one)), None)

    def allows(self, function: str, access: Access) -> bool:
        verdicts = {one["Effect"] for one in self.roles.get(function, []) if covers(one, access)}
        return verdicts == {"Allow"}

    def hides_absence(self, function: str, service: str, operation: str, url: str) -> bool:
        """Whether S3 would say 403 and not 404 of an object that is not there."""
        if service != "s3" or operation not in ("GetObject", "HeadObject"):
            return False
        access = Access("s3:ListBucket", _object_arn(url).partition("/")[0])
        self.used.add((function, access))
        return not self.allows(function, access)

    def _needed(self, service: str, operation: str, url: str, body: bytes | str) -> Iterator[Access]:
        if service == "s3":
            name = ACTIONS.get(f"s3:{operation}", f"s3:{operation}")
            arn = _object_arn(url)
            yield Access(name, arn.partition("/")[0] if name == "s3:ListBucket" else arn)
            return
        request = json.loads(body or b"{}")
        if service == "dynamodb":
            yield from self._of_dynamodb(operation, request)
        elif service == "sesv2" and operation == "SendEmail":
            yield from self._of_mail(request)
        else:
            action = f"{PREFIXES.get(service, service)}:{operation}"
            for resource in self._resources(service, request):
                yield Access(ACTIONS.get(action, action), resource)

    def _of_dynamodb(self, operation: str, request: Json) -> Iterator[Access]:
        if operation == "TransactWriteItems":
            for kind, one in (pair for item in request["TransactItems"] for pair in item.items()):
                yield Access(f"dynamodb:{TRANSACTED[kind]}", self._table(one))
        elif operation == "TransactGetItems":
            for item in request["TransactItems"]:
                yield Access("dynamodb:GetItem", self._table(item["Get"]))
        elif "RequestItems" in request:
            for name in request["RequestItems"]:
                yield Access(f"dynamodb:{operation}", self._table({"TableName": name}))
        else:
            yield Access(f"dynamodb:{operation}", self._table(request))

    def _table(self, request: Json) -> str:
        index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
        return f"arn:aws:dynamodb:{self.region}:{self.account}:table/{request['TableName']}{index}"

    def _of_mail(self, request: Json) -> Iterator[Access]:
        # A raw message is asked for as SendRawEmail, the operation of the first API, also in the second.
        action = "ses:SendRawEmail" if "Raw" in request["Content"] else "ses:SendEmail"
        sender = parseaddr(request["FromEmailAddress"])[1]
        context = (("ses:FromAddress", sender),)
        arn = f"arn:aws:ses:{self.region}:{self.account}"
        yield Access(action, f"{arn}:identity/{self._identity(sender)}", context)
        if "ConfigurationSetName" in request:
            yield Access(action, f"{arn}:configuration-set/{request['ConfigurationSetName']}", context)
        if self.in_ses_sandbox():
            for recipient in (each for kind in request.get("Destination", {}).values() for each in kind):
                yield Access(action, f"{arn}:identity/{self._identity(recipient)}", context)

    def _identity(self, address: str) -> str:
        """The identity that SES has of an address: its domain, unless that alone is unknown."""
        domain = address.partition("@")[2]
        return domain if domain in self.identities and address not in self.identities else address

    def _resources(self, service: str, request: Json) -> list[str]:
        own = f"arn:aws:{service}:{self.region}:{self.account}"
        found: dict[str, Callable[[], Iterable[str]]] = {
            "sqs": lambda: [f"{own}:{request['QueueUrl'].rpartition('/')[2]}"],
            "events": lambda: sorted({f"{own}:event-bus/{_bus_of(entry)}" for entry in request["Entries"]}),
            "secretsmanager": lambda: [request["SecretId"]],
            "kms": lambda: [f"{own}:key/{request['KeyId']}"],
            "ssm": lambda: [f"{own}:parameter/{request['Name']}"],
            "cognito-idp": lambda: [f"{own}:userpool/{request['UserPoolId']}"],
            "stepfunctions": lambda: [
                request.get("stateMachineArn") or request.get("executionArn") or self.state_machine
            ],
        }
        return list(found[service]()) if service in found else ["*"]


def _bus_of(entry: Json) -> str:
    return str(entry.get("EventBusName", "default")).rpartition("/")[2]


def covers(statement: Json, access: Access) -> bool:
    return (
        _any_matches(statement["Action"], access.action)
        and _any_matches(statement["Resource"], access.resource)
        and _conditions_hold(statement.get("Condition", {}), dict(access.context))
    )


def _conditions_hold(condition: Json, context: Mapping[str, str]) -> bool:
    """A condition on what is not known of the request counts as unmet; so does every operator but StringEquals."""
    return all(
        operator == "StringEquals" and context.get(key) in ([expected] if isinstance(expected, str) else expected)
        for operator, keys in condition.items()
        for key, expected in keys.items()
    )


def _any_matches(patterns: str | list[str], text: str) -> bool:
    return any(_expression(one).fullmatch(text) for one in ([patterns] if isinstance(patterns, str) else patterns))


@functools.cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.IGNORECASE)


def _object_arn(url: str) -> str:
    """Of a URL with the bucket in its host or at the start of its path."""
    parts = urlsplit(url)
    host = parts.netloc.partition(".s3.")[0] if ".s3." in parts.netloc else ""
    return (
        f"arn:aws:s3:::{host}{unquote(parts.path)}"
        if host
        else f"arn:aws:s3::{unquote(parts.path).replace('/', ':', 1)}"
    )
