"""What every HTTP function shares, called directly: each way to write a header, a body or a query, and its outcome.

That the routes use it is shown by the contract.
"""

from __future__ import annotations

import base64
import json
from decimal import Decimal
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ParamValidationError

from online_orders.clock import now
from online_orders.domain.callers import Caller
from online_orders.domain.errors import BadRequest, Forbidden, NotFound, OnlineOrdersError, TooLarge, TooManyRequests
from online_orders.domain.order_parts import User
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.quotes import QuoteState
from online_orders.domain.representations import to_json
from online_orders.domain.roles import DESK, PERMISSIONS, ROLES, Group, Permission, Role
from online_orders.http import auth, bodies, problems, rate_limit, requests, responses
from online_orders.http.claims import IssuedClaims, claims_of_person, claims_of_service_user
from online_orders.http.requests import Preconditions, Viewer
from online_orders.http.responses import Response
from online_orders.routes import quote_revisions

Json = dict[str, Any]

ANNA = User(user_id="u-1", email="anna@acme.example")
SETTINGS = {
    "ORIGIN_SECRET": "",
    "STAFF_SECOND_FACTOR": "required",
    "IDENTITY_CLAIMS": "",
    "ACCOUNT_REQUESTS_PER_SECOND": "2",
    "ACCOUNT_REQUESTS_AT_ONCE": "3",
    "LINK_REQUESTS_PER_SECOND": "0.1",
    "LINK_REQUESTS_AT_ONCE": "1",
}
pytestmark = pytest.mark.usefixtures("http_settings")


def event_of(*, body: Any = None, query: Any = None, path: str = "/api/orders", **headers: str) -> Json:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    seen = {"path": path, "method": "GET", "sourceIp": "192.0.2.1"}
    context = {"http": seen, "stage": "$default"}
    return {"headers": named, "body": body, "queryStringParameters": query, "requestContext": context}


def asked(event: Json) -> Request:
    """An event as a handler is given it."""
    return Request("/api/orders", {}, APIGatewayProxyEventV2(event))


def request_of(**event: Any) -> Request:
    return asked(event_of(**event))


def parameter_error(error: type[OnlineOrdersError], action: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(error) as refusal:
        action(*arguments, **named)
    return refusal.value.code


# -- who is calling -----------------------------------------------------------------------------------------------


def signed_in(payload: Any = None, **claims: Any) -> Json:
    """The event of a request by an id token; `payload` is what stands in the token itself."""
    text = {"sub": "u-1", "email": ANNA.email, "token_use": "id", "custom:account_id": "acme", **claims}
    payload = {"sub": "u-1", "cognito:groups": ["customers"]} if payload is None else payload
    part = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    event = event_of(authorization=f"Bearer head.{part}.signature")
    event["requestContext"]["authorizer"] = {"jwt": {"claims": text}}
    return event


def staff(**more: Any) -> Json:
    return {"sub": "u-1", "cognito:groups": ["customer-success"], **more}


def test_a_caller_is_who_the_token_says() -> None:
    admin = frozenset({Permission.READ_ORDERS, Permission.WRITE_ORDERS, Permission.MANAGE_PEOPLE})
    known = Caller(
        ANNA,
        "customers",
        "acme",
        Role.ADMIN,
        admin,
        {"acme": Role.ADMIN},
        is_service_user=False,
        required=Permission.READ_ORDERS,
    )
    assert auth.caller(asked(signed_in()), Permission.READ_ORDERS) == known
    assert auth.caller(asked(signed_in()), None).account == "acme"
    assert known.team == "acme"
    event = signed_in(**{"custom:account_id": ""})
    del event["requestContext"]["authorizer"]["jwt"]["claims"]["email"]
    nobody = auth.caller(asked(event), None)
    assert nobody == Caller(User(user_id="u-1", email=""), "customers", None, Role.ADMIN, admin, {})
    assert parameter_error(Forbidden, lambda: nobody.account) == "forbidden"
    of_staff = auth.caller(asked(signed_in(staff(amr=["mfa"]))), Permission.READ_DESK)
    assert (of_staff.role, of_staff.account_id, of_staff.accounts, of_staff.team) == (Role.LEAD, None, {}, DESK)


READING, DESK_READING = Permission.READ_ORDERS, Permission.READ_DESK


@pytest.mark.parametrize(
    ("payload", "permission", "code"),
    [
        ({"sub": "u-1"}, None, None),
        ({"sub": "u-1"}, READING, "forbidden"),
        ({"sub": "u-1", "cognito:groups": "customers"}, READING, None),
        ({"sub": "u-1", "cognito:groups": [["customers"], 7]}, READING, "forbidden"),
        ({"sub": "u-1", "cognito:groups": ["customers", "customer-success"]}, READING, "forbidden"),
        (staff(amr=["pwd", "mfa"]), READING, "forbidden"),
        (staff(amr=["pwd", "mfa"]), DESK_READING, None),
        (staff(amr=["pwd"]), DESK_READING, "second_factor_required"),
        (staff(amr="mfa"), DESK_READING, "second_factor_required"),
        (staff(), DESK_READING, "second_factor_required"),
        (staff(), None, "second_factor_required"),
        (staff(amr=["mfa"]), None, None),
        ({"sub": "u-1", "cognito:groups": ["customers"], "amr": ["mfa"]}, DESK_READING, "forbidden"),
        ({"sub": "u-2"}, None, "wrong_token"),
        (["sub"], None, "wrong_token"),
        ({}, None, "wrong_token"),
    ],
)
def test_a_permission_is_for_the_side_that_has_it(
    payload: Any, permission: Permission | None, code: str | None
) -> None:
    if code is None:
        assert auth.caller(asked(signed_in(payload)), permission).user == ANNA
    else:
        assert parameter_error(Forbidden, auth.caller, asked(signed_in(payload)), permission) == code


@pytest.mark.parametrize(
    ("second_factor", "is_enough"), [("true", True), ("True", False), ("false", False), ("", False)]
)
def test_our_own_claim_tells_of_a_second_factor_too(second_factor: str, is_enough: bool) -> None:
    event = signed_in(staff(), second_factor=second_factor)
    if is_enough:
        assert auth.caller(asked(event), DESK_READING).role is Role.LEAD
    else:
        assert parameter_error(Forbidden, auth.caller, asked(event), DESK_READING) == "second_factor_required"


def test_staff_need_no_second_factor_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFF_SECOND_FACTOR", "optional")
    assert auth.caller(asked(signed_in(staff())), DESK_READING).user == ANNA


@pytest.mark.parametrize("role", Role)
def test_a_role_allows_what_it_has_and_nothing_on_the_other_side(role: Role) -> None:
    sides: tuple[Group, ...] = ("customers", "customer-success")
    for side in sides:
        event = signed_in({"sub": "u-1", "cognito:groups": [side], "amr": ["mfa"]}, role=role.value)
        granted = PERMISSIONS[role] if role in ROLES[side] else frozenset()
        for permission in Permission:
            if permission in granted:
                rate_limit.reset()
                assert auth.caller(asked(event), permission).role is role
            else:
                assert parameter_error(Forbidden, auth.caller, asked(event), permission) == "forbidden"


@pytest.mark.parametrize("role", ["", "Admin", "owner", "admin ", "admin,lead", "lead", "[admin]"])
def test_a_role_that_the_side_does_not_have_allows_nothing(role: str) -> None:
    event = signed_in(role=role)
    assert auth.caller(asked(event), None).permissions == frozenset()
    assert parameter_error(Forbidden, auth.caller, asked(event), READING) == "forbidden"


def of_several(accounts: Any = None, chosen: str | None = None, **claims: Any) -> Request:
    """A request by somebody who is a viewer in the default account and a buyer in another."""
    text = '{"acme": "viewer", "bolt": "buyer"}' if accounts is None else accounts
    event = signed_in(role="viewer", accounts=text, **claims)
    if chosen is not None:
        event["headers"]["account-id"] = chosen
    return asked(event)


def test_a_header_chooses_among_the_callers_accounts_and_the_role_there() -> None:
    both = {"acme": Role.VIEWER, "bolt": Role.BUYER}
    for chosen, account_id in ((None, "acme"), ("", "acme"), ("acme", "acme"), ("bolt", "bolt")):
        found = auth.caller(of_several(chosen=chosen), READING)
        assert (found.account_id, found.role, found.accounts) == (account_id, both[account_id], both)
        assert found.permissions == PERMISSIONS[both[account_id]]
        rate_limit.reset()
    assert auth.caller(of_several(chosen="bolt"), Permission.WRITE_ORDERS).account == "bolt"
    assert parameter_error(Forbidden, auth.caller, of_several(chosen="acme"), Permission.WRITE_ORDERS) == "forbidden"


@pytest.mark.parametrize("chosen", ["slate", "Bolt", "acme,bolt", " bolt", "*"])
def test_a_header_with_another_account_is_refused_on_every_route(chosen: str) -> None:
    for permission in (None, READING):
        assert parameter_error(Forbidden, auth.caller, of_several(chosen=chosen), permission) == "forbidden"


def test_who_has_one_account_or_none_may_name_no_other() -> None:
    for event in (signed_in(), signed_in(staff(amr=["mfa"])), signed_in({"sub": "u-1"})):
        event["headers"]["account-id"] = "bolt"
        assert parameter_error(Forbidden, auth.caller, asked(event), None) == "forbidden"
    event = signed_in()
    event["headers"]["account-id"] = "acme"
    assert auth.caller(asked(event), READING).account == "acme"


@pytest.mark.parametrize("text", ["", "{", "[]", '["acme"]', "null", "7", '"acme"', "{'acme': 'admin'}"])
def test_accounts_that_cannot_be_read_are_a_wrong_token(text: str) -> None:
    assert parameter_error(Forbidden, auth.caller, of_several(text), READING) == "wrong_token"


@pytest.mark.parametrize(
    "text", ["{}", '{"acme": "lead"}', '{"acme": null}', '{"acme": ["viewer"]}', '{"bolt": "admin"}', '{"acme": 7}']
)
def test_an_account_without_a_role_of_customers_allows_nothing(text: str) -> None:
    assert parameter_error(Forbidden, auth.caller, of_several(text), READING) == "forbidden"


def test_the_accounts_of_staff_are_none_whatever_the_token_lists() -> None:
    event = signed_in(staff(amr=["mfa"]), accounts='{"acme": "admin"}')
    assert auth.caller(asked(event), DESK_READING).accounts == {}
    event["headers"]["account-id"] = "acme"
    assert parameter_error(Forbidden, auth.caller, asked(event), DESK_READING) == "forbidden"


@pytest.mark.parametrize(
    ("group", "scopes", "granted"),
    [
        ("customers", "orders:read", {READING}),
        ("customers", "orders:read orders:write", {READING, Permission.WRITE_ORDERS}),
        ("customers", "people:manage desk:read orders:read,orders:write", set()),
        ("customers", "", set()),
        ("customer-success", "desk:read  desk:orders", {DESK_READING, Permission.WORK_ON_ORDERS}),
        ("customer-success", "desk:people desk:audit orders:read", set()),
        ("elsewhere", "orders:read", set()),
    ],
)
def test_a_service_user_may_do_what_its_scopes_say_and_needs_no_second_factor(
    group: str, scopes: str, granted: set[Permission]
) -> None:
    event = signed_in({"sub": "u-1", "cognito:groups": [group]}, scopes=scopes, role="admin", accounts='{"b": "admin"}')
    found = auth.caller(asked(event), None)
    assert (found.role, set(found.permissions), found.accounts) == (None, granted, {})
    assert (found.is_service_user, found.user) == (True, ANNA.model_copy(update={"name": "service user"}))
    named = auth.caller(asked(signed_in({"sub": "u-1", "cognito:groups": [group]}, scopes=scopes, name="ERP")), None)
    assert named.user == ANNA.model_copy(update={"name": "ERP"})
    for permission in granted:
        rate_limit.reset()
        assert auth.caller(asked(event), permission).required is permission
    if Permission.WRITE_ORDERS not in granted:
        assert parameter_error(Forbidden, auth.caller, asked(event), Permission.WRITE_ORDERS) == "forbidden"
    event["headers"]["account-id"] = "b"
    assert parameter_error(Forbidden, auth.caller, asked(event), None) == "forbidden"


BOTH = {"bolt": Role.BUYER, "acme": Role.VIEWER}
IN_BOTH = '{"acme": "viewer", "bolt": "buyer"}'


@pytest.mark.parametrize(
    ("roles", "own", "added", "suppressed"),
    [
        ({"acme": Role.BUYER}, None, {"custom:account_id": "acme", "role": "buyer"}, ["accounts", "scopes"]),
        (BOTH, None, {"custom:account_id": "bolt", "role": "buyer", "accounts": IN_BOTH}, ["scopes"]),
        (BOTH, "acme", {"custom:account_id": "acme", "role": "viewer", "accounts": IN_BOTH}, ["scopes"]),
        (BOTH, "slate", {"custom:account_id": "bolt", "role": "buyer", "accounts": IN_BOTH}, ["scopes"]),
        ({DESK: Role.AGENT}, "acme", {"role": "agent"}, ["custom:account_id", "accounts", "scopes"]),
    ],
)
def test_a_persons_claims_are_read_as_they_are_written(
    roles: dict[str, Role], own: str | None, added: Json, suppressed: list[str]
) -> None:
    side: Group = "customer-success" if DESK in roles else "customers"
    members = {team: Membership(role=role, state=PersonState.ACTIVE) for team, role in roles.items()}
    person = Person(user_id="u-1", email=ANNA.email, name="Anna", group=side, memberships=members)
    issued = claims_of_person(person, own)
    assert issued == IssuedClaims(side, added, suppressed)
    payload = {"sub": "u-1", "cognito:groups": [issued.group], "amr": ["mfa"]}
    found = auth.caller(asked(signed_in(payload, **{"custom:account_id": None, **issued.added})), None)
    assert (found.user, found.group, found.account_id) == (ANNA, side, added.get("custom:account_id"))
    assert (found.role, found.accounts) == (roles[found.team], {} if DESK in roles else roles)


def test_who_may_act_for_no_team_has_no_claims() -> None:
    gone = Membership(role=Role.ADMIN, state=PersonState.DEACTIVATED)
    person = Person(user_id="u-1", email=ANNA.email, name="Anna", group="customers", memberships={"acme": gone})
    assert claims_of_person(person, "acme") is None
    assert claims_of_service_user({}, "ERP") is None


@pytest.mark.parametrize(
    ("team", "scopes", "added", "suppressed"),
    [
        ("acme", "orders:read orders:write", {"custom:account_id": "acme"}, ["accounts", "role"]),
        (DESK, "desk:orders desk:read", {}, ["custom:account_id", "accounts", "role"]),
    ],
)
def test_a_service_users_claims_are_read_as_they_are_written(
    team: str, scopes: str, added: Json, suppressed: list[str]
) -> None:
    side: Group = "customers" if team else "customer-success"
    permissions = frozenset(map(Permission, scopes.split()))
    issued = claims_of_service_user({team: permissions}, "ERP")
    assert issued == IssuedClaims(side, {**added, "scopes": scopes, "name": "ERP"}, suppressed)
    payload = {"sub": "u-1", "cognito:groups": [issued.group]}
    found = auth.caller(asked(signed_in(payload, **{"custom:account_id": None, **issued.added})), None)
    assert (found.user.name, found.team, found.role, found.permissions) == ("ERP", team, None, permissions)


@pytest.mark.parametrize("use", ["access", "ID", None])
def test_only_an_id_token_says_who_calls(use: str | None) -> None:
    event = signed_in(token_use=use)
    assert parameter_error(Forbidden, auth.caller, asked(event), None) == "wrong_token"
    del event["requestContext"]["authorizer"]["jwt"]["claims"]["token_use"]
    assert parameter_error(Forbidden, auth.caller, asked(event), None) == "wrong_token"


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer a.b", "Bearer a.?.c", "Bearer a.e30.c a.e30.c", "a.bw.c"]
)
def test_a_token_that_cannot_be_read_is_wrong(header: str | None) -> None:
    event = signed_in()
    if header is None:
        del event["headers"]["authorization"]
    else:
        event["headers"]["authorization"] = header
    assert parameter_error(Forbidden, auth.caller, asked(event), None) == "wrong_token"


@pytest.mark.parametrize("name", ["ü", "üü", "üüü", "ÿÿÿ???>>>"])
def test_a_token_is_read_whatever_its_length_and_letters(name: str) -> None:
    payload = json.dumps({"sub": "u-1", "cognito:groups": [name, "customers"]}, ensure_ascii=False).encode()
    event = signed_in()
    part = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    for header in (f"head.{part}.", f"bearer  head.{part}.signature"):
        event["headers"]["authorization"] = header
        assert auth.caller(asked(event), READING).group == "customers"


def test_an_account_has_its_share_and_a_user_without_one_his_own(monkeypatch: pytest.MonkeyPatch) -> None:
    at = now()
    monkeypatch.setattr(rate_limit, "now", lambda: at)
    without = {"custom:account_id": None}
    for event in (signed_in(), signed_in(**without)):
        for _ in range(3):
            auth.caller(asked(event), None)
        with pytest.raises(TooManyRequests) as refusal:
            auth.caller(asked(event), None)
        assert refusal.value.seconds == 1
    auth.caller(asked(signed_in(staff(sub="u-2", amr=["mfa"]), sub="u-2", **without)), None)
    rate_limit.check_rate_limit("LINK", "acme")
    with pytest.raises(TooManyRequests) as refusal:
        rate_limit.check_rate_limit("LINK", "acme")
    assert refusal.value.seconds == 10
    rate_limit.reset()
    rate_limit.check_rate_limit("LINK", "acme")


@pytest.mark.parametrize(
    ("secret", "headers", "expected"),
    [
        ("", {}, Viewer("192.0.2.1", None)),
        ("", {"x_viewer_address": "203.0.113.9", "user_agent": "curl/8"}, Viewer("192.0.2.1", "curl/8")),
        ("s" * 32, {"x_viewer_address": "203.0.113.9"}, Viewer("203.0.113.9", None)),
        ("s" * 32, {"user_agent": "a\nb\u202e" + "c" * 400}, Viewer(None, "ab" + "c" * 398)),
        ("s" * 32, {"x_viewer_address": "1" * 46, "user_agent": "\n"}, Viewer("1" * 45, None)),
    ],
)
def test_where_a_request_came_from_is_what_cloudfront_says(
    monkeypatch: pytest.MonkeyPatch, secret: str, headers: dict[str, str], expected: Viewer
) -> None:
    monkeypatch.setenv("ORIGIN_SECRET", secret)
    assert requests.viewer(request_of(**headers)) == expected


# -- what was sent ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("1.10", Decimal("1.10")),
        (' {"a": [null]} ', {"a": [None]}),
        ('"ü"', "ü"),
        ("0", 0),
    ],
)
def test_a_body_is_read_exactly_as_text_or_in_base64(body: str, value: Any) -> None:
    assert bodies.json_body(request_of(body=body)) == value
    coded = {**event_of(body=base64.b64encode(body.encode()).decode()), "isBase64Encoded": True}
    assert bodies.json_body(asked(coded)) == value
    assert isinstance(bodies.json_body(request_of(body="1.10")), Decimal)


def nested(depth: int, inner: str = "") -> str:
    """Arrays and objects within each other, by turns, an array innermost."""
    pairs = [('{"a":', "}") if number % 2 else ("[", "]") for number in reversed(range(depth))]
    return "".join(opening for opening, _ in pairs) + inner + "".join(closing for _, closing in reversed(pairs))


def test_how_deep_a_body_may_be_does_not_depend_on_where_it_is_read() -> None:
    for body in (nested(bodies.MAX_DEPTH), nested(bodies.MAX_DEPTH - 1, ",".join(["[]"] * 99)), f"[{'[],' * 99}[]]"):
        assert bodies.json_body(request_of(body=body)) == json.loads(body)
    for body in (nested(bodies.MAX_DEPTH + 1), nested(bodies.MAX_DEPTH, ",".join(["[]"] * 99)), nested(900)):
        assert parameter_error(BadRequest, bodies.json_body, request_of(body=body)) == "invalid_json"


@pytest.mark.parametrize("body", ["", " ", "{", "NaN", "[Infinity]", "\ud800", "[" * 100_000, "{} {}", None])
def test_what_is_no_json_is_refused(body: str | None) -> None:
    assert parameter_error(BadRequest, bodies.json_body, request_of(body=body)) == "invalid_json"


def test_what_is_wrong_with_json_is_told_where_it_can_be() -> None:
    for body, text in (("{", "Expecting property name"), ("NaN", "it cannot be read"), ("\ud800", "it cannot be read")):
        with pytest.raises(BadRequest) as refusal:
            bodies.json_body(request_of(body=body))
        assert refusal.value.detail.startswith(f"The body is not JSON: {text}")


def test_an_empty_body_is_the_default_where_there_is_one() -> None:
    for body in (None, "", " \n"):
        assert bodies.json_body(request_of(body=body), default={}) == {}
    assert bodies.json_body(request_of(body="[]"), default={}) == []


def test_a_body_has_so_many_bytes_at_most() -> None:
    assert len(bodies.raw_body(request_of(body="x" * bodies.MAX_BODY_BYTES))) == bodies.MAX_BODY_BYTES
    for body in ("x" * (bodies.MAX_BODY_BYTES + 1), "ü" * (bodies.MAX_BODY_BYTES // 2 + 1)):
        assert parameter_error(TooLarge, bodies.raw_body, request_of(body=body)) == "too_large"


@pytest.mark.parametrize(
    ("header", "is_csv"),
    [("text/csv", True), (" Text/CSV ; charset=utf-8", True), ("text/csvx", False), ("", False), (None, False)],
)
def test_a_table_is_what_is_called_one(header: str | None, is_csv: bool) -> None:
    request = request_of(body="ä,b", **({} if header is None else {"content_type": header}))
    assert bodies.csv_body(request) == ("ä,b" if is_csv else None)


@pytest.mark.parametrize(
    ("header", "versions"),
    [
        (None, None),
        (" ", None),
        (" * ", None),
        ('"7"', {7}),
        ('W/"7" , 8,"9', {7, 8, 9}),
        ('"999999999"', {999_999_999}),
    ],
)
def test_if_match_names_versions_or_any(header: str | None, versions: set[int] | None) -> None:
    expected = None if versions is None else frozenset(versions)
    assert requests.expected_versions(header) == expected
    must_exist = bool((header or "").strip())
    assert requests.preconditions(header, None) == Preconditions(expected, must_exist, must_be_new=False)


@pytest.mark.parametrize(("header", "is_new"), [(None, False), ("", False), (" * ", True)])
def test_if_none_match_asks_for_what_is_new(header: str | None, is_new: bool) -> None:
    assert requests.preconditions(None, header) == Preconditions(None, False, is_new)


@pytest.mark.parametrize(
    ("wanted", "holds_of"),
    [
        (Preconditions(None, must_exist=False, must_be_new=False), {None, 0, 1, 2}),
        (Preconditions(None, must_exist=False, must_be_new=True), {None}),
        (Preconditions(None, must_exist=True, must_be_new=False), {0, 1, 2}),
        (Preconditions(frozenset({1}), must_exist=True, must_be_new=False), {1}),
        (Preconditions(frozenset({1}), must_exist=True, must_be_new=True), set()),
    ],
)
def test_preconditions_hold_of_the_versions_they_name(wanted: Preconditions, holds_of: set[int | None]) -> None:
    for version in (None, 0, 1, 2):
        if version in holds_of:
            wanted.check("a list", version)
        else:
            assert parameter_error(OnlineOrdersError, wanted.check, "a list", version) == "version_mismatch"


@pytest.mark.parametrize(
    ("accept", "is_liked_better"),
    [
        (None, False),
        ("*/*", False),
        ("text/csv", True),
        ("TEXT/CSV;q=0.9, application/json;q=0.8", True),
        ("text/csv; q=0.8, application/json; q=0.8", False),
        ("text/csv;q=0.8, application/json", False),
        ("text/csv;header=present;q=0", False),
        ("text/csv;header=present", True),
        ("text/csv;q=2", False),
        ("text/csv;q=much", False),
        ("text/csv;q=0.001", True),
        ("application/json;q=x, text/csv;q=0.1", True),
    ],
)
def test_a_media_type_is_chosen_by_what_the_caller_likes_better(accept: str | None, is_liked_better: bool) -> None:
    assert requests.accepts(request_of(**({} if accept is None else {"accept": accept})), "text/csv") is is_liked_better


# -- responses ----------------------------------------------------------------------------------------------------


def parts(response: Response) -> tuple[int, Any, dict[str, Any]]:
    """Status, body and headers."""
    return response.status_code, response.body, response.headers


def test_no_answer_is_kept_by_a_cache() -> None:
    json_type = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    assert parts(responses.json_response({"a": "ü"}, headers={"ETag": '"1"'})) == (
        200,
        '{"a":"ü"}',
        {**json_type, "ETag": '"1"'},
    )
    assert parts(responses.json_response('{"a":1}', HTTPStatus.CREATED)) == (201, '{"a":1}', json_type)
    file = {
        "Content-Type": "text/csv; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="x.csv"',
    }
    assert parts(responses.csv_response("a,b", "x.csv", {"Link": "<y>"})) == (200, "a,b", {**file, "Link": "<y>"})
    assert parts(responses.csv_response("a,b", "x.csv")) == (200, "a,b", file)
    assert responses.etag(7) == {"ETag": '"7"'}


@pytest.mark.parametrize("form", ["{tag}", "W/{tag}", '"1", {tag}', ' {tag},"2"', "*"])
def test_what_the_caller_has_already_is_not_sent_again(form: str) -> None:
    first = responses.revalidated_response('{"a":"ü"}', None)
    tag = first.headers["ETag"]
    headers = {"Cache-Control": "private, no-cache", "ETag": tag}
    assert parts(first) == (200, '{"a":"ü"}', {"Content-Type": "application/json", **headers})
    status, body, sent = parts(responses.revalidated_response('{"a":"ü"}', form.format(tag=tag)))
    assert (status, body, sent) == (304, "", headers)
    assert parts(responses.empty_response(HTTPStatus.NO_CONTENT)) == (204, "", {"Cache-Control": "no-store"})


@pytest.mark.parametrize("sent", [None, "", '"1"', "1", "W/", 'x"'])
def test_what_is_another_by_now_is_sent(sent: str | None) -> None:
    assert responses.revalidated_response('{"a":"ü"}', sent).status_code == 200
    other = str(responses.revalidated_response('{"a":"u"}', None).headers["ETag"])
    assert responses.revalidated_response('{"a":"ü"}', other).status_code == 200


def test_a_page_is_cut_where_it_would_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    cursor: Any = SimpleNamespace(after=lambda position: position and f"after {position}")
    row = {"id": "1", "text": "ü" * 10}
    size = len(to_json(row).encode())
    rows = [{**row, "id": str(number)} for number in range(1, 5)]
    for most, shown, position in (
        (4 * size, ["1", "2", "3", "4"], "last"),
        (2 * size, ["1", "2"], "2"),
        (2 * size - 1, ["1"], "1"),
        (1, ["1"], "1"),
    ):
        monkeypatch.setattr(responses, "MAX_PAGE_BYTES", most)
        page = json.loads(str(responses.page(rows, "id", "last", cursor).body))
        assert [each["id"] for each in page["items"]] == shown
        assert page["next_cursor"] == f"after {position}"
    assert responses.page([], "id", None, cursor).body == '{"items":[],"next_cursor":null}'


PDF = "application/pdf"


def test_a_revision_is_answered_as_json_or_as_the_paper_that_was_made_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    order: Any = SimpleNamespace(order_id="o", quote_day=lambda at: ("day", at))
    at = now()
    monkeypatch.setattr(quote_revisions, "now", lambda: at)
    states = {1: QuoteState.SUPERSEDED, 2: QuoteState.SENDING, 3: QuoteState.OFFERED, 9_999: QuoteState.OFFERED}
    pdfs = {("o", 1): b"paper"}
    monkeypatch.setattr(
        quote_revisions, "get_quote", lambda of, number: SimpleNamespace(of=of, revision=number, state=states[number])
    )
    monkeypatch.setattr(quote_revisions, "find_quote_pdf", lambda *key: pdfs.get(key))
    monkeypatch.setattr(
        quote_revisions, "quote_body", lambda quote, day: [quote.of.order_id, quote.revision, day == ("day", at)]
    )
    for number in (1, 9_999):
        shown = quote_revisions.quote_response(request_of(), order, number)
        assert parts(shown) == parts(responses.json_response(["o", number, True]))
    assert parts(quote_revisions.quote_response(request_of(accept=PDF), order, 1)) == (
        200,
        b"paper",
        {
            "Content-Type": PDF,
            "Cache-Control": "no-store",
            "Content-Disposition": 'inline; filename="quote-o-1.pdf"',
        },
    )
    for number, text in (
        (2, "The PDF of this revision is still being made"),
        (3, "This revision was never sent"),
    ):
        with pytest.raises(NotFound) as refusal:
            quote_revisions.quote_response(request_of(accept=PDF), order, number)
        assert refusal.value.detail.startswith(text)


def test_a_refusal_is_a_problem_as_rfc_9457_has_it() -> None:
    shown = problems.problem(TooManyRequests("half \ud800", 7))
    assert shown.status_code == 429
    assert shown.headers == {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        "Retry-After": "7",
    }
    assert json.loads(str(shown.body)) == {
        "type": "about:blank",
        "title": "Too Many Requests",
        "status": 429,
        "code": "too_many_requests",
        "detail": "half ?",
    }


def said_by_aws(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ""}}, "GetItem")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (said_by_aws("ThrottlingException"), 503),
        (said_by_aws("AccessDeniedException"), 500),
        (ConnectTimeoutError(endpoint_url="https://x"), 503),
        (EndpointConnectionError(endpoint_url="https://x"), 503),
        (ParamValidationError(report="x"), 500),
        (ValueError("x"), 500),
    ],
)
def test_what_is_over_by_itself_is_told_apart_from_a_fault(error: Exception, status: int) -> None:
    assert problems.to_api_error(error).status == status


@pytest.mark.parametrize(
    "said",
    [
        {"current": "s" * 31, "previous": ""},
        {"current": None, "previous": 7},
        {"current": ["s"] * 32, "previous": {}},
        [],
    ],
)
def test_what_is_too_short_for_an_origin_secret_or_no_text_opens_nothing(
    monkeypatch: pytest.MonkeyPatch, said: Any
) -> None:
    monkeypatch.setenv("ORIGIN_SECRET", json.dumps(said))
    for shown in ({}, {"x-origin-secret": ""}, {"x-origin-secret": "s" * 31}, {"x-origin-secret": "7"}):
        assert not auth.has_origin_secret(shown)
