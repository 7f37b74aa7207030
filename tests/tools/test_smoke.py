"""Each check of `make smoke` fails by what it is there to find, and what it makes is taken away again."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from online_orders.aws.keys import managers_key, member_key, person_key
from tools.smoke import inside, outside, stage
from tools.smoke.__main__ import CHECKS, ROOT, Check, Printer, outcome
from tools.smoke.stage import CannotBegin, NotApplicable, Stage, Wrong, people
from tools.smoke.totp import code_at

Json = dict[str, Any]
Answering = Callable[[httpx.Request], httpx.Response]


def numbered(cases: list[Any]) -> list[Any]:
    """Cases of parameters whose names do not tell them apart."""
    return [pytest.param(*case, id=f"{case[0].__name__}-{number}") for number, case in enumerate(cases)]


HANDBOOK = (ROOT / "docs" / "first-deployment.md").read_text("utf-8")
NOW = datetime.now(UTC)
MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:orders"


class Client:
    """Answers each operation as it was told to, and keeps what it was asked."""

    class exceptions:  # noqa: N801 - boto's name
        class UserNotFoundException(Exception): ...

        class ExecutionDoesNotExist(Exception): ...

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers
        self.asked: list[tuple[str, Json]] = []

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self.asked.append((operation, parameters))
            response = self._answers[operation]
            return response(**parameters) if callable(response) else response

        return call

    def get_paginator(self, operation: str) -> Any:
        class Pages:
            def paginate(_, **parameters: Any) -> list[Any]:  # noqa: N805 - the client is `self`
                return [getattr(self, operation)(**parameters)]

        return Pages()


def made(answer: Answering | None = None, /, **more: Any) -> Stage:
    """A stage on AWS; `aws` has the answers by operation, `age` is in hours."""
    responses, age = more.pop("aws", {}), more.pop("age", 5)
    client = Client(responses)
    transport = httpx.MockTransport(answer or (lambda request: httpx.Response(500)))
    defaults: Json = {
        "name": "dev",
        "stack": "online-orders-dev",
        "tokens": {"customer": "c", "desk": "d"},
        "made_at": datetime.now(UTC) - timedelta(hours=age),
        "patience": 0.0,
        "outputs": {
            "ApiEndpoint": "https://api.example",
            "IdentityAudience": "client",
            "IdentityIssuer": "https://cognito.example/pool",
            "MailDeadLettersUrl": "mail",
            "StateMachineArn": MACHINE,
            "StreamDeadLettersUrl": "stream",
            "TableName": "table",
            "UserPoolClientId": "client",
            "UserPoolId": "pool",
        },
        "parameters": {"SenderDomain": "example.com", "Stage": "prod", "AlarmAddress": "ops@example.com"},
        "resources": {
            "Alarm": ("AWS::CloudWatch::Alarm", "one"),
            "Alarms": ("AWS::SNS::Topic", "arn:topic"),
            "Alias": ("AWS::Lambda::Alias", "arn:alias"),
            "MailConfiguration": ("AWS::SES::ConfigurationSet", "mail"),
        },
    }
    return Stage(
        site="https://site.example",
        http=httpx.Client(transport=transport),
        aws=lambda _: client,
        **{**defaults, **more},
    )


def answering(status: int = 200, body: Any = None, **headers: str) -> Answering:
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(status, json=body, headers=spelled)


def destination(*types: str, enabled: bool = True) -> Json:
    return {"EventDestinations": [{"Enabled": enabled, "EventBridgeDestination": {}, "MatchingEventTypes": types}]}


def alarm(state: str, **more: Any) -> Json:
    return {"describe_alarms": {"MetricAlarms": [{"AlarmName": "one", "StateValue": state, **more}]}}


SUM = {
    "Metrics": [
        {"Id": "total", "Expression": "FILL(m0, 0) + FILL(m1, 0)"},
        {"Id": "m0", "MetricStat": {}, "ReturnData": False},
        {"Id": "m1", "MetricStat": {}, "ReturnData": False},
    ]
}


def sums(**values: dict[datetime, int]) -> Json:
    results = [{"Id": name, "Timestamps": list(each), "Values": list(each.values())} for name, each in values.items()]
    return alarm("OK", **SUM) | {"get_metric_data": {"MetricDataResults": results}}


def index_metrics(*names: str) -> Json:
    table = {"Table": {"GlobalSecondaryIndexes": [{"IndexName": "desk"}, {"IndexName": "assignee"}]}}
    found = [{"Dimensions": [{"Name": "GlobalSecondaryIndexName", "Value": name}]} for name in names]
    return {"list_metrics": {"Metrics": found}, "describe_table": table}


def protected(table: bool = True, backups: str = "ENABLED", pool: str = "ACTIVE") -> Json:
    recovery = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": backups}}
    return {
        "describe_table": {"Table": {"DeletionProtectionEnabled": table}},
        "describe_continuous_backups": {"ContinuousBackupsDescription": recovery},
        "describe_user_pool": {"UserPool": {"DeletionProtection": pool}},
    }


def pool(only: bool) -> Json:
    return {"describe_user_pool": {"UserPool": {"AdminCreateUserConfig": {"AllowAdminCreateUserOnly": only}}}}


def version(name: str, state: str) -> Json:
    return {"get_function_configuration": {"FunctionName": "f", "Version": name, "State": state}}


def letters(count: int) -> Json:
    return {"get_queue_attributes": {"Attributes": {"ApproximateNumberOfMessages": str(count)}}}


def account(sending: bool = True, production: bool = True) -> Json:
    return {"get_account": {"SendingEnabled": sending, "ProductionAccessEnabled": production}}


def subscribed(arn: str) -> Json:
    return {"list_subscriptions_by_topic": {"Subscriptions": [{"SubscriptionArn": arn}]}}


def identity(verified: bool) -> Json:
    return {"get_email_identity": {"VerifiedForSendingStatus": verified, "DkimAttributes": {"Status": "PENDING"}}}


def quota(most: int) -> Json:
    return {"get_account_settings": {"AccountLimit": {"ConcurrentExecutions": most}}}


def callback(url: str) -> Json:
    return {"describe_user_pool_client": {"UserPoolClient": {"CallbackURLs": [url]}}}


def listed(*names: str) -> Json:
    return {"list_metrics": {"Metrics": [{"MetricName": name} for name in names]}}


ALL_TYPES = ("DELIVERY", "DELIVERY_DELAY", "BOUNCE", "COMPLAINT", "REJECT")
EARLY, LATE = NOW - timedelta(hours=2), NOW - timedelta(hours=1)

OF_AWS = [
    (inside.lambda_concurrency, quota(1000), quota(10)),
    (inside.sender_verified, identity(True), identity(False)),
    (inside.out_of_ses_sandbox, account(), account(production=False)),
    (inside.out_of_ses_sandbox, account(), account(sending=False)),
    (inside.ses_reports, destination_ok := {"get_configuration_set_event_destinations": destination(*ALL_TYPES)}, {
        "get_configuration_set_event_destinations": destination(*ALL_TYPES[1:])
    }),
    (inside.ses_reports, destination_ok, {
        "get_configuration_set_event_destinations": destination(*ALL_TYPES, enabled=False)
    }),
    (inside.nobody_signs_up, pool(True), pool(False)),
    (inside.people_return, callback("https://site.example/"), callback("https://localhost/")),
    (inside.data_protected, protected(), protected(table=False)),
    (inside.data_protected, protected(), protected(backups="DISABLED")),
    (inside.data_protected, protected(), protected(pool="INACTIVE")),
    (inside.metrics_arrive, listed("OverdueMinutes"), listed("OrdersPlaced")),
    (inside.alarms_have_states, alarm("OK"), alarm("INSUFFICIENT_DATA")),
    (inside.alarms_have_states, alarm("OK"), {"describe_alarms": {"MetricAlarms": []}}),
    (inside.no_alarm_rings, alarm("OK"), alarm("ALARM")),
    (inside.alarms_are_heard, subscribed("arn:aws:sns:x"), subscribed("PendingConfirmation")),
    (inside.sums_have_values, sums(total={LATE: 3}, m0={LATE: 2}, m1={LATE: 1}), sums(total={LATE: 3}, m0={EARLY: 1})),
    (inside.sums_have_values, sums(total={LATE: 2}, m0={LATE: 2}), sums(total={LATE: 2}, m0={LATE: 2}, m1={LATE: 1})),
    (inside.indexes_have_dimension, index_metrics("desk", "assignee"), index_metrics("desk")),
    (inside.versions_active, version("7", "Active"), version("7", "Inactive")),
    (inside.no_dead_letters, letters(0), letters(2)),
]  # fmt: skip


@pytest.mark.parametrize(("check", "sound", "unsound"), numbered(OF_AWS))
def test_a_check_of_aws_passes_and_fails(check: Callable[[Stage], Any], sound: Json, unsound: Json) -> None:
    check(made(aws=sound))
    with pytest.raises(Wrong):
        check(made(aws=unsound))


@pytest.mark.parametrize(
    ("check", "answers"),
    numbered(
        [
            (inside.metrics_arrive, listed()),
            (inside.alarms_have_states, alarm("INSUFFICIENT_DATA")),
            (inside.indexes_have_dimension, index_metrics()),
        ]
    ),
)
def test_what_comes_within_the_first_hour_is_not_missed_before(check: Callable[[Stage], Any], answers: Json) -> None:
    with pytest.raises(NotApplicable, match="an hour"):
        check(made(aws=answers, age=0.5))
    with pytest.raises(Wrong):
        check(made(aws=answers, age=2))


@pytest.mark.parametrize(
    ("check", "more"),
    numbered(
        [
            (inside.out_of_ses_sandbox, {"aws": account(production=False), "parameters": {"Stage": "dev"}}),
            (inside.data_protected, {"parameters": {"Stage": "dev"}}),
            (inside.alarms_are_heard, {"aws": subscribed("x"), "parameters": {"AlarmAddress": ""}}),
            (inside.versions_active, {"aws": version("$LATEST", "Active")}),
            (inside.sums_have_values, {"aws": sums(total={}, m0={})}),
            (
                inside.people_return,
                {"outputs": {"IdentityAudience": "other", "UserPoolId": "p", "UserPoolClientId": "c"}},
            ),
            (inside.no_dead_letters, {"no_aws": True}),
            (outside.api_itself_closed, {"name": "sandbox"}),
            (outside.refusals_not_cached, {}),
        ]
    ),
)
def test_what_does_not_apply_says_so(check: Callable[[Stage], Any], more: Json) -> None:
    found = made(answering(404), **{name: value for name, value in more.items() if name != "no_aws"})
    found.aws = None if "no_aws" in more else found.aws
    with pytest.raises(NotApplicable):
        check(found)


OF_ALARMS = (inside.alarms_have_states, inside.no_alarm_rings, inside.sums_have_values, inside.alarms_are_heard)


@pytest.mark.parametrize("check", OF_ALARMS)
@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"Stage": "prod", "Observability": "true"}, Wrong),
        ({"Stage": "prod", "Observability": "false"}, Wrong),
        ({"Stage": "dev", "Observability": "true"}, Wrong),
        ({"Stage": "dev", "Observability": "false"}, NotApplicable),
    ],
)
def test_a_stage_without_alarms_passes_only_if_it_is_for_trials(
    check: Callable[[Stage], Any], parameters: Json, expected: type[Exception]
) -> None:
    found = made(aws=alarm("OK"), parameters={**parameters, "AlarmAddress": "ops@example.com"}, resources={})
    with pytest.raises(expected, match="no alarms"):
        check(found)


def test_alarms_of_the_nested_stack_are_found() -> None:
    stacks = {
        "online-orders-dev": {"ObservabilityStack": ("AWS::CloudFormation::Stack", "arn:nested")},
        "arn:nested": {"OverdueAlarm": ("AWS::CloudWatch::Alarm", "online-orders-dev-Overdue")},
    }

    def resources(StackName: str) -> Json:  # noqa: N803 - boto's name
        return {
            "StackResourceSummaries": [
                {"LogicalResourceId": name, "ResourceType": kind, "PhysicalResourceId": physical}
                for name, (kind, physical) in stacks[StackName].items()
            ]
        }

    client = Client({"describe_stacks": {"Stacks": [{"CreationTime": NOW}]}, "list_stack_resources": resources})
    found = stage._described(lambda _: client, "online-orders-dev")
    assert found["resources"] == {**stacks["online-orders-dev"], **stacks["arn:nested"]}


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if check.run.__module__ == inside.__name__], ids=lambda check: check.name
)
def test_what_only_aws_tells_does_not_apply_where_only_the_site_is_known(check: Check) -> None:
    only = Stage("", "https://site.example", httpx.Client(), {"customer": "c", "desk": "d"})
    assert outcome(check, only)[0] == "n/a"


# -- the site -------------------------------------------------------------------------------------------------------


def by_method(request: httpx.Request) -> int:
    return 404 if request.method == "GET" else 405


def fresh_refusals(request: httpx.Request) -> httpx.Response:
    fresh_refusals.count += 1  # type: ignore[attr-defined]
    headers = {"x-cache": "Error from cloudfront", "apigw-requestid": str(fresh_refusals.count)}  # type: ignore[attr-defined]
    return httpx.Response(by_method(request), headers=headers)


fresh_refusals.count = 0  # type: ignore[attr-defined]


def test_refusals_that_come_from_the_api_each_time_pass() -> None:
    assert outside.refusals_not_cached(made(fresh_refusals))


@pytest.mark.parametrize(
    "headers",
    [
        {"x-cache": "Error from cloudfront", "age": "3"},
        {"x-cache": "Hit from cloudfront"},
        {"x-cache": "Error from cloudfront", "apigw-requestid": "one"},
    ],
)
def test_a_refusal_that_was_kept_is_found_out(headers: dict[str, str]) -> None:
    with pytest.raises(Wrong, match="had kept"):
        outside.refusals_not_cached(made(lambda request: httpx.Response(by_method(request), headers=headers)))


SOUND_PAGE = {**outside.PAGE_HEADERS, "content-type": "text/html", "content-security-policy": "default-src 'none'"}


@pytest.mark.parametrize(
    ("check", "answer"),
    numbered(
        [
            (outside.serves_this_version, answering(200, {"info": {}})),
            (outside.serves_this_version, answering(503)),
            (outside.closed_without_token, answering(200, [])),
            (outside.closed_to_each_other, answering(200, [])),
            (outside.closed_to_each_other, answering(403, {"code": "other"})),
            (outside.screens_published, answering(200, {"site": "https://other.example"})),
            (outside.screens_published, answering(200, {"site": "https://site.example"})),
            (outside.api_itself_closed, answering(200, {})),
            (outside.unknown_link_has_page, answering(404, {})),
            *[
                (
                    outside.unknown_link_has_page,
                    lambda request, name=name: httpx.Response(404, headers={**SOUND_PAGE, name: "x"}),
                )
                for name in outside.PAGE_HEADERS
            ],
            (
                outside.unknown_link_has_page,
                lambda _: httpx.Response(404, headers={**SOUND_PAGE, "content-security-policy": "x 'unsafe-inline'"}),
            ),
        ]
    ),
)
def test_a_check_of_the_site_fails(check: Callable[[Stage], Any], answer: Answering) -> None:
    with pytest.raises(Wrong):
        check(made(answer))


def test_an_api_that_is_closed_passes() -> None:
    assert outside.api_itself_closed(made(answering(403, {"code": "forbidden"}))) == "https://api.example"
    outside.unknown_link_has_page(made(lambda _: httpx.Response(404, headers=SOUND_PAGE)))


class Orders:
    """The API of one order, as far as the checks ask it."""

    def __init__(self, contact: str = f"success@{stage.SIMULATOR}", told: str = "quote.delivered") -> None:
        self.status = "submitted"
        self.events = ["order.submitted"]
        self._contact, self._told = contact, told

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, action = request.url.path, request.url.path.rpartition("/")[2]
        if action == "timeline":
            return httpx.Response(200, json={"items": [{"event": event} for event in self.events]})
        if path == "/api/desk/accounts/a":
            return httpx.Response(200, json={"enrollment": {"contact": {"email": self._contact}}})
        if action == "cancel" and self.status == "pending_confirmation":
            return httpx.Response(409, json={"code": "conflict"})
        status = 200
        if action in {"cancel", "decline"}:
            self.status = "canceled"
            self.events.append("order.canceled")
        elif action == "quote":
            self.status, status = "pending_confirmation", 202
            self.events += ["order.quoted", self._told]
        elif path == "/api/orders":
            status = 201
        return httpx.Response(status, json={"order_id": "1", "account_id": "a", "status": self.status})


def placed(api: Answering, **more: Any) -> Stage:
    return made(api, orders=[{"order_id": "1", "account_id": "a", "status": "submitted"}], **more)


@pytest.mark.parametrize(("status", "fails"), [("SUCCEEDED", False), ("RUNNING", True), ("FAILED", True)])
def test_a_workflow_that_does_not_end_with_its_order_is_found_out(status: str, fails: bool) -> None:
    found = placed(Orders(), aws={"describe_execution": {"status": status}})
    if not fails:
        assert outside.withdrawal_ends_workflow(found) == "1-1 has ended"
        return
    with pytest.raises(Wrong, match=f"is {status}"):
        outside.withdrawal_ends_workflow(found)
    assert (
        found.client("stepfunctions").asked[-1][1]["executionArn"]
        == f"{MACHINE.replace(':stateMachine:', ':execution:')}:1-1"
    )


def test_a_quote_of_which_nothing_is_heard_is_found_out() -> None:
    assert outside.quote_delivered(placed(Orders())) == "quote.delivered"
    with pytest.raises(Wrong, match=r"order\.quoted, quote\.reminded"):
        outside.quote_delivered(placed(Orders(told="quote.reminded")))
    with pytest.raises(Wrong, match="undeliverable"):
        outside.quote_delivered(placed(Orders(told="quote.undeliverable")))


def test_a_person_gets_no_quote_from_a_trial() -> None:
    api = Orders(contact="dana@northwind.example")
    with pytest.raises(NotApplicable, match="is a person"):
        outside.quote_delivered(placed(api))
    assert api.status == "submitted"


def test_an_order_is_left_canceled_whatever_it_has_come_to() -> None:
    for status in ("submitted", "pending_confirmation"):
        api = Orders()
        api.status = status
        assert outside.leave(placed(api)) == ["order 1 (canceled) of account a"]


# -- who tries it ---------------------------------------------------------------------------------------------------


def hush(secret: str) -> None:
    """Nothing is printed here."""


PERSON = {"document": {"S": json.dumps({"memberships": {"smoke-test": {"role": "admin"}}})}}


def pool_of(*users: Json, challenge: str | None = None, person: Json | None = None) -> Json:
    tokens = {"IdToken": "token", "AccessToken": "access", "RefreshToken": "refresh"}
    signed = {"ChallengeName": challenge} if challenge else {"AuthenticationResult": tokens}
    nothing: Json = {}
    return {
        "admin_create_user": {"User": {"Attributes": [{"Name": "sub", "Value": "u-1"}]}},
        "admin_set_user_password": nothing,
        "admin_add_user_to_group": nothing,
        "admin_delete_user": nothing,
        "admin_initiate_auth": signed,
        "associate_software_token": {"SecretCode": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"},
        "verify_software_token": nothing,
        "set_user_mfa_preference": nothing,
        "initiate_auth": {"AuthenticationResult": {"IdToken": "token of two factors"}},
        "list_users": {"Users": list(users)},
        "get_item": {"Item": person} if person else nothing,
        "transact_write_items": nothing,
    }


def user(email: str, hours: int) -> Json:
    attributes = [{"Name": "email", "Value": email}, {"Name": "sub", "Value": "u-1"}]
    return {"Username": email, "Attributes": attributes, "UserCreateDate": datetime.now(UTC) - timedelta(hours=hours)}


def deleted(found: Stage) -> list[str]:
    requested = found.client("cognito-idp").asked
    return [parameters["Username"] for operation, parameters in requested if operation == "admin_delete_user"]


def created(found: Stage) -> list[Json]:
    requested = found.client("cognito-idp").asked
    return [parameters for operation, parameters in requested if operation == "admin_create_user"]


def test_two_users_are_made_without_a_mail_and_deleted_whatever_happens() -> None:
    secrets: list[str] = []
    found = made(answering(200, {}), aws=pool_of())
    with pytest.raises(ZeroDivisionError), people(found, "smoke-test", secrets.append):
        raise ZeroDivisionError
    assert dict(found.tokens) == {"desk": "token", "customer": "token"}
    made_users = created(found)
    assert [each["MessageAction"] for each in made_users] == ["SUPPRESS", "SUPPRESS"]
    assert {"Name": "custom:account_id", "Value": "smoke-test"} in made_users[1]["UserAttributes"]
    assert deleted(found) == [each["Username"] for each in made_users]
    assert all(each["Username"].endswith(f"@{stage.SIMULATOR}") for each in made_users)
    passwords = [each["Password"] for name, each in found.client("x").asked if name == "admin_set_user_password"]
    assert set(secrets) == {*passwords, "token"}


def test_where_staff_need_a_second_factor_the_user_of_the_desk_sets_one_up() -> None:
    secrets: list[str] = []
    found = made(answering(200, {}), aws=pool_of(), parameters={"StaffSecondFactor": "required"})
    with people(found, "smoke-test", secrets.append):
        assert dict(found.tokens) == {"desk": "token of two factors", "customer": "token"}
    asked = [(name, each) for name, each in found.client("x").asked if "token" in name or name == "initiate_auth"]
    assert [name for name, _ in asked] == ["associate_software_token", "verify_software_token", "initiate_auth"]
    assert re.fullmatch(r"\d{6}", asked[1][1]["UserCode"])
    assert asked[2][1]["AuthParameters"] == {"REFRESH_TOKEN": "refresh"}
    assert {"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "token of two factors"} <= set(secrets)


@pytest.mark.parametrize(
    ("second", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_a_code_is_that_of_the_standard(second: int, code: str) -> None:
    """The last six digits of the test vectors of RFC 6238, appendix B."""
    assert code_at("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", datetime.fromtimestamp(second, UTC)) == code


def test_a_user_of_a_run_that_was_cut_off_is_deleted_and_no_other() -> None:
    forgotten, running = (f"{stage.USER_PREFIX}{n}@{stage.SIMULATOR}" for n in "12")
    users = [user(forgotten, 3), user(running, 1), user("success@person.example", 30)]
    found = made(answering(200, {}), aws=pool_of(*users))
    with people(found, "smoke-test", hush):
        assert deleted(found) == [forgotten]


def test_whoever_was_adopted_by_signing_in_is_removed_and_no_longer_counted() -> None:
    found = made(answering(200, {}), aws=pool_of(person=PERSON))
    with people(found, "smoke-test", hush):
        pass
    requested = [parameters for name, parameters in found.client("x").asked if name == "transact_write_items"]
    assert len(requested) == 2, "of both users"
    person, pointer, count = requested[0]["TransactItems"]
    assert person == {"Delete": {"TableName": "table", "Key": person_key("u-1")}}
    assert pointer == {"Delete": {"TableName": "table", "Key": member_key("smoke-test", "u-1")}}
    assert count["Update"]["Key"] == managers_key("smoke-test")
    assert count["Update"]["ExpressionAttributeValues"] == {":less": {"N": "-1"}}


def token(**claims: str) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{payload}.signature"


def test_tokens_without_a_role_are_found() -> None:
    called: Json = {"describe_user_pool": {"UserPool": {"LambdaConfig": {"PreTokenGeneration": "arn"}}}}
    tokens = {"customer": token(role="admin"), "desk": token(role="lead")}
    assert inside.tokens_name_roles(made(tokens=tokens, aws=called)) == "customer: admin, desk: lead"
    with pytest.raises(Wrong, match="of desk names no role"):
        inside.tokens_name_roles(made(tokens={**tokens, "desk": token(sub="u-1")}, aws=called))
    with pytest.raises(Wrong, match="set back"):
        inside.tokens_name_roles(made(tokens=tokens, aws={"describe_user_pool": {"UserPool": {}}}))
    outputs = {"IdentityAudience": "another", "UserPoolClientId": "client", "UserPoolId": "pool"}
    with pytest.raises(NotApplicable):
        inside.tokens_name_roles(made(outputs=outputs, aws=called))


def test_the_account_is_made_where_it_is_missing() -> None:
    requested: list[str] = []

    def api(request: httpx.Request) -> httpx.Response:
        requested.append(f"{request.method} {request.url.path}")
        return httpx.Response(404 if request.method == "GET" else 200, json={})

    with people(made(api, aws=pool_of()), "smoke-test", hush):
        assert requested == ["GET /api/desk/accounts/smoke-test", "PUT /api/desk/accounts/smoke-test"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"aws": pool_of(challenge="MFA_SETUP")}, "MFA_SETUP"),
        ({"outputs": {"UserPoolId": "pool", "IdentityIssuer": "https://other.example"}}, "another provider"),
    ],
)
def test_where_nobody_can_be_signed_in_tokens_are_asked_for(more: Json, said: str) -> None:
    found = made(answering(200, {}), **more)
    with pytest.raises(CannotBegin, match=said) as fault, people(found, "smoke-test", hush):
        pytest.fail("there is nobody")
    assert "CUSTOMER_TOKEN" in str(fault.value)
    assert deleted(found) == [each["Username"] for each in created(found)]


# -- what is said of it ---------------------------------------------------------------------------------------------


def test_what_a_check_runs_into_fails_it() -> None:
    def broken(_: Stage) -> None:
        raise ZeroDivisionError("no")

    assert outcome(Check("It works", broken, "mend it"), made()) == ("FAIL", "ZeroDivisionError: no Do: mend it.")


def test_a_secret_is_printed_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    say = Printer()
    say.hide("eyJ0")
    say("a eyJ0 b")
    assert capsys.readouterr().out == "a [secret] b\n"


def test_the_table_of_what_is_believed_names_each_check_of_it() -> None:
    table = HANDBOOK[HANDBOOK.index("## Assumptions") :]
    named = set(re.findall(r"`make smoke`: \*([^*]+)\*", table))
    assert named == {check.name for check in CHECKS if check.believed}


def test_what_a_check_says_to_do_is_in_the_handbooks() -> None:
    steps = set(re.findall(r"^## (\d+) ·", HANDBOOK, re.MULTILINE))
    for check in CHECKS:
        assert set(re.findall(r"step (\d+)", check.do)) <= steps
        for document in re.findall(r"docs/[\w-]+\.md", check.do):
            text = (ROOT / document).read_text("utf-8")
            for heading in re.findall(r"\.md, ([A-Z]\w+(?:, [A-Z]\w+)*)", check.do):
                assert all(re.search(rf"^##+ {one}$", text, re.MULTILINE) for one in heading.split(", "))


def test_the_names_of_the_checks_are_different() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert Path(stage.__file__).parent.name == "smoke"
