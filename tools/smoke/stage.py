"""A deployed stage as the checks use it, and the two users who call it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from online_orders.aws.keys import managers_key, member_key, person_key
from tools.publish import CannotPublish
from tools.publish import stage as stack_of
from tools.smoke.totp import code_at

Json = dict[str, Any]

SANDBOX = "sandbox"
REFRESH = "REFRESH_TOKEN_AUTH"
LOCAL_STACK = "online-orders-sandbox"
SIMULATOR = "simulator.amazonses.com"
"""SES's own; a mail there is delivered, and reaches nobody."""
OWN_ACCOUNT = "smoke-test"
USER_PREFIX = "success+smoke-"
FORGOTTEN_AFTER = timedelta(hours=2)
"""The age at which a user of an earlier run that was cut off is deleted."""
REQUEST_SECONDS = 60


class CannotBegin(Exception):
    """Something has to be corrected before any check can run; the text says what."""


class NotApplicable(Exception):
    """The check does not apply to this stage, or not yet; the text says why."""


class Wrong(Exception):
    """A check has failed; the text says what it saw."""


@dataclass
class Stage:
    """A stage: its addresses, its users' tokens, and `patience` in seconds for what follows from a request."""

    name: str
    site: str
    http: httpx.Client
    tokens: Mapping[str, str] = field(repr=False)
    """Id tokens, of `customer` and `desk`."""
    aws: Callable[[str], Any] | None = None
    """Clients by the name of the service; None where only the site is known."""
    stack: str = ""
    made_at: datetime | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Type and physical id by logical id, those of the nested stack among them."""
    patience: float = 300
    orders: list[Json] = field(default_factory=list)
    """The orders that were placed here, as they were last seen."""

    def client(self, service: str) -> Any:
        """Return a client of an AWS service; raise NotApplicable where only the site is known."""
        if not self.aws:
            raise NotApplicable("Only the site is known: name the stage, STAGE=….")
        return self.aws(service)

    def deployed(self, service: str) -> Any:
        """Return a client of a service that the local run lacks; raise NotApplicable there."""
        client = self.client(service)
        if self.name == SANDBOX:
            raise NotApplicable("The local run has none of it.")
        return client

    def of_type(self, kind: str) -> list[str]:
        """Return the physical ids of the resources of a type."""
        return [physical for type_, physical in self.resources.values() if type_ == kind]

    def has_run_for(self, time: timedelta) -> bool:
        """Return whether the stack was created at least so long ago."""
        return bool(self.made_at) and datetime.now(UTC) - self.made_at >= time  # type: ignore[operator]

    def ask(
        self, method: str, path: str, who: str | None = None, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Return the answer to one request; `path` is below the site, or a whole address."""
        sent = dict(headers or {})
        if who:
            sent["Authorization"] = f"Bearer {self.tokens[who]}"
        address = path if path.startswith("http") else self.site + path
        return self.http.request(method, address, json=body, headers=sent)

    def must(self, status: int, *requested: Any, **more: Any) -> Json:
        """Return the JSON of a response that must have this status; raise Wrong otherwise."""
        response = self.ask(*requested, **more)
        if response.status_code != status:
            method, path = requested[:2]
            raise Wrong(
                f"{method} {path} was answered with {response.status_code} {code_of(response)}, not with {status}."
            )
        loaded: Json = response.json()
        return loaded


def code_of(response: httpx.Response) -> str:
    """Return the code of a problem document, or an empty text."""
    try:
        problem = response.json()
    except ValueError:
        return ""
    return str(problem.get("code", "")) if isinstance(problem, dict) else ""


def open_stage(environment: Mapping[str, str], project: Path) -> Stage:
    """Return the stage that the environment names, with the tokens that it has, if any; raise CannotBegin."""
    name, site = environment.get("STAGE", ""), environment.get("SITE", "")
    tokens = {"customer": environment.get("CUSTOMER_TOKEN", ""), "desk": environment.get("DESK_TOKEN", "")}
    given = all(tokens.values())
    if not given and any(tokens.values()):
        raise CannotBegin("CUSTOMER_TOKEN and DESK_TOKEN go together: one of each side.")
    if not name and not (site and given):
        raise CannotBegin("Name a stage, STAGE=dev; or SITE=https://… with CUSTOMER_TOKEN and DESK_TOKEN.")
    if not name:
        return Stage("", site.rstrip("/"), _http(site), tokens)
    if name == SANDBOX:
        stack, aws, patience = LOCAL_STACK, _of_local_run(environment, project), 60.0
    else:
        (stack, region), patience = _stack_of(name), 300.0
        aws = _clients(region_name=region)
    found = _described(aws, stack)
    site = site.rstrip("/") or found["outputs"]["SiteUrl"]
    return Stage(name, site, _http(site), tokens if given else {}, aws=aws, stack=stack, patience=patience, **found)


def _stack_of(name: str) -> tuple[str, str]:
    try:
        return stack_of(name)
    except CannotPublish as error:
        raise CannotBegin(str(error)) from error


def _of_local_run(environment: Mapping[str, str], project: Path) -> Callable[[str], Any]:
    folder = Path(environment.get("SANDBOX_DIR") or project / ".sandbox")
    try:
        aws = json.loads((folder / "sandbox.json").read_text("utf-8"))["aws"]
    except OSError:
        raise CannotBegin(f"{folder}/sandbox.json is missing: start the local run with make run.") from None
    return _clients(
        endpoint_url=aws["endpoint"],
        region_name=aws["region"],
        aws_access_key_id=aws["access_key_id"],
        aws_secret_access_key=aws["secret_access_key"],
    )


def _clients(**where: str) -> Callable[[str], Any]:
    session = Session()
    config = Config(connect_timeout=5, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 4})
    return cache(lambda service: session.create_client(service, config=config, **where))


def _http(site: str) -> httpx.Client:
    return httpx.Client(timeout=REQUEST_SECONDS, trust_env=not site.startswith("http://"))


def _described(aws: Callable[[str], Any], stack: str) -> dict[str, Any]:
    cloudformation = aws("cloudformation")
    try:
        (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
        listed = _resources_of(cloudformation, stack)
        nested = [one["PhysicalResourceId"] for one in listed if one["ResourceType"] == "AWS::CloudFormation::Stack"]
        listed += [one for each in nested for one in _resources_of(cloudformation, each)]
    except (BotoCoreError, ClientError) as error:
        raise CannotBegin(f"The stack {stack} cannot be read: {error}") from error
    return {
        "made_at": described["CreationTime"],
        "outputs": {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])},
        "parameters": {one["ParameterKey"]: one["ParameterValue"] for one in described.get("Parameters", [])},
        "resources": {
            one["LogicalResourceId"]: (one["ResourceType"], one.get("PhysicalResourceId", "")) for one in listed
        },
    }


def _resources_of(cloudformation: Any, stack: str) -> list[Json]:
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return [one for page in pages for one in page["StackResourceSummaries"]]


# -- who tries it ---------------------------------------------------------------------------------------------------


@contextmanager
def people(stage: Stage, account_id: str, secret: Callable[[str], None]) -> Iterator[None]:
    """Sign in two users who exist as long as this context; the account is created where it is missing, and stays.

    `secret` is called with whatever must not be printed.
    """
    pool, cognito = stage.outputs["UserPoolId"], stage.client("cognito-idp")
    if not stage.outputs["IdentityIssuer"].endswith(f"/{pool}"):
        raise CannotBegin(
            "People sign in with another provider: give CUSTOMER_TOKEN and DESK_TOKEN, two id tokens of it."
        )
    made: list[tuple[str, str | None]] = []
    """The name and, where the pool said it, the id of each user."""

    def sign_in(role: str, group: str, *attributes: Json) -> str:
        user = f"{USER_PREFIX}{role}-{secrets.token_hex(6)}@{SIMULATOR}"
        password = f"Aa1{secrets.token_urlsafe(24)}"
        secret(password)
        email = [{"Name": "email", "Value": user}, {"Name": "email_verified", "Value": "true"}]
        made.append((user, None))
        created = cognito.admin_create_user(
            UserPoolId=pool, Username=user, MessageAction="SUPPRESS", UserAttributes=[*email, *attributes]
        )
        made[-1] = (user, _attribute(created["User"]["Attributes"], "sub"))
        cognito.admin_set_user_password(UserPoolId=pool, Username=user, Password=password, Permanent=True)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username=user, GroupName=group)
        tokens = _tokens(stage, {"USERNAME": user, "PASSWORD": password})
        if group == "customer-success" and stage.parameters.get("StaffSecondFactor") == "required":
            tokens = _with_second_factor(stage, tokens, secret)
        secret(tokens["IdToken"])
        return str(tokens["IdToken"])

    try:
        _forget(stage)
        desk = sign_in("desk", "customer-success")
        stage.tokens = {"desk": desk}
        _enroll(stage, account_id)
        customer = sign_in("customer", "customers", {"Name": "custom:account_id", "Value": account_id})
        stage.tokens = {"desk": desk, "customer": customer}
        yield
    except (BotoCoreError, ClientError) as error:
        raise CannotBegin(f"The users could not be made or deleted: {error}") from error
    finally:
        for user, user_id in made:
            _delete(stage, user, user_id)


def _tokens(stage: Stage, parameters: Json, flow: str = "USER_PASSWORD_AUTH") -> Json:
    pool, client = stage.outputs["UserPoolId"], stage.outputs["UserPoolClientId"]
    cognito = stage.client("cognito-idp")
    if stage.name == SANDBOX or flow == REFRESH:  # the sandbox allows the flow of users, and not that of operators
        result = cognito.initiate_auth(ClientId=client, AuthFlow=flow, AuthParameters=parameters)
    else:
        result = cognito.admin_initiate_auth(
            UserPoolId=pool, ClientId=client, AuthFlow=f"ADMIN_{flow}", AuthParameters=parameters
        )
    if "AuthenticationResult" not in result:
        challenge = result.get("ChallengeName")
        raise CannotBegin(
            f"The pool wants {challenge} of its users: give CUSTOMER_TOKEN and DESK_TOKEN, two id tokens."
        )
    found: Json = result["AuthenticationResult"]
    return found


def _with_second_factor(stage: Stage, tokens: Json, secret: Callable[[str], None]) -> Json:
    """Set up an app for a user who has signed in, and return tokens that tell of it."""
    cognito, access = stage.client("cognito-idp"), tokens["AccessToken"]
    key = cognito.associate_software_token(AccessToken=access)["SecretCode"]
    secret(key)
    cognito.verify_software_token(AccessToken=access, UserCode=code_at(key, datetime.now(UTC)))
    cognito.set_user_mfa_preference(
        AccessToken=access, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True}
    )
    return _tokens(stage, {"REFRESH_TOKEN": tokens["RefreshToken"]}, REFRESH)


def _delete(stage: Stage, user: str, user_id: str | None) -> None:
    cognito = stage.client("cognito-idp")
    try:
        cognito.admin_delete_user(UserPoolId=stage.outputs["UserPoolId"], Username=user)
    except cognito.exceptions.UserNotFoundException:
        return  # it was not created
    if user_id:
        _remove_person(stage, user_id)


def _remove_person(stage: Stage, user_id: str) -> None:
    """Remove the person as whom the user was adopted by signing in, and who counts among the managers of a team."""
    table, dynamodb = stage.outputs["TableName"], stage.client("dynamodb")
    key = person_key(user_id)
    item = dynamodb.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    if item is None:
        return
    actions: list[Json] = [{"Delete": {"TableName": table, "Key": key}}]
    for team in json.loads(item["document"]["S"])["memberships"]:
        counted = {"UpdateExpression": "ADD active :less", "ExpressionAttributeValues": {":less": {"N": "-1"}}}
        actions.append({"Delete": {"TableName": table, "Key": member_key(team, user_id)}})
        actions.append({"Update": {"TableName": table, "Key": managers_key(team), **counted}})
    dynamodb.transact_write_items(TransactItems=actions)


def _forget(stage: Stage) -> None:
    """Delete the users of runs that were cut off."""
    pages = (
        stage.client("cognito-idp")
        .get_paginator("list_users")
        .paginate(UserPoolId=stage.outputs["UserPoolId"], Filter=f'email ^= "{USER_PREFIX}"')
    )
    for user in [one for page in pages for one in page["Users"]]:
        email = _attribute(user["Attributes"], "email") or ""
        if email.startswith(USER_PREFIX) and datetime.now(UTC) - user["UserCreateDate"] > FORGOTTEN_AFTER:
            _delete(stage, user["Username"], _attribute(user["Attributes"], "sub"))


def _attribute(attributes: list[Json], name: str) -> str | None:
    return next((str(one["Value"]) for one in attributes if one["Name"] == name), None)


def _enroll(stage: Stage, account_id: str) -> None:
    """Create the account where it is missing; mail to its contact reaches nobody."""
    path = f"/api/desk/accounts/{account_id}"
    if stage.ask("GET", path, "desk").status_code != HTTPStatus.NOT_FOUND:
        return
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    contact = {"name": "Smoke Test", "email": f"success+{account_id.lower()}-contact@{SIMULATOR}"}
    account: Json = {
        "name": "Smoke test",
        "locale": "en",
        "currency": "EUR",
        "time_zone": "UTC",
        "parent_account_id": None,
        "enrollment": {"letter_received_on": yesterday, "contact": contact, "state": "active"},
        "sites": [],
    }
    response = stage.ask("PUT", path, "desk", account)
    if response.is_error:
        raise CannotBegin(f"The account {account_id} could not be made: {response.status_code} {code_of(response)}.")
