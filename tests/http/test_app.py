"""The resolver as the functions use it: what it refuses before a route, and how each parameter may be written."""

import base64
import json
from http import HTTPStatus
from types import SimpleNamespace
from typing import Annotated, Any
from urllib.parse import urlencode

import pytest
from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders.domain.callers import Caller
from online_orders.domain.errors import NotFound, OnlineOrdersError
from online_orders.domain.order_parts import User
from online_orders.domain.roles import Permission
from online_orders.domain.staff_requests import NeededReason
from online_orders.domain.values import Request as RequestModel
from online_orders.http import app as api_module
from online_orders.http import bodies, problems, responses
from online_orders.http.app import (
    PDF,
    REQUEST_BODIES,
    Api,
    DeskReader,
    EmptyBody,
    JsonOrCsv,
    OrderWriter,
    RequestBody,
    SignedIn,
    access_to,
    cursor_of,
    error_codes,
    json_or_csv_body,
    parsed_body,
    raw_json_body,
    request_body_spec,
    response_spec,
)
from online_orders.http.desk_parameters import CurrencyCode, CurrencyQuery, DeskOrderQuery, VersionNumber
from online_orders.http.parameters import (
    AccountId,
    AccountQuery,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    NoQuery,
    OrderQuery,
    Page,
    Revision,
    SpreadsheetQuery,
)
from online_orders.http.responses import Response
from online_orders.telemetry import logger

Json = dict[str, Any]
SETTINGS = {
    "ORIGIN_SECRET": "",
    "STAFF_SECOND_FACTOR": "optional",
    "IDENTITY_CLAIMS": "",
    "ACCOUNT_REQUESTS_PER_SECOND": "1000",
    "ACCOUNT_REQUESTS_AT_ONCE": "1000",
}
pytestmark = pytest.mark.usefixtures("http_settings")


def event_of(
    method: str = "GET",
    path: str = "/a",
    *,
    query: list[tuple[str, str]] | None = None,
    headers: dict[str, str] | None = None,
    body: str | None = None,
    group: str | None = None,
) -> Json:
    seen = {"path": path, "method": method, "sourceIp": "192.0.2.1"}
    event: Json = {
        "rawPath": path,
        "rawQueryString": urlencode(query or []),
        "headers": headers or {},
        "requestContext": {"http": seen, "stage": "$default"},
        "body": body,
    }
    joined: dict[str, list[str]] = {}
    for name, value in query or []:
        joined.setdefault(name, []).append(value)
    if joined:
        event["queryStringParameters"] = {name: ",".join(values) for name, values in joined.items()}
    if group:
        payload = json.dumps({"sub": "u-1", "cognito:groups": [group]}).encode()
        token = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
        event["headers"] = {"authorization": f"Bearer head.{token}.signature", **event["headers"]}
        claims = {"sub": "u-1", "token_use": "id", "custom:account_id": "acme"}
        event["requestContext"]["authorizer"] = {"jwt": {"claims": claims}}
    return event


def answered(api: Api, *arguments: Any, **named: Any) -> tuple[int, Any]:
    """Status and JSON of a response."""
    response = api.resolve(event_of(*arguments, **named), SimpleNamespace())  # type: ignore[arg-type]
    return response["statusCode"], json.loads(response["body"])


def refused(api: Api, *arguments: Any, **named: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    status, problem = answered(api, *arguments, **named)
    return status, problem["code"]


# -- routes -------------------------------------------------------------------------------------------------------


def test_a_path_is_answered_by_its_route_and_what_a_route_raises_is_refused() -> None:
    api = Api()

    @api.get("/a/<name>")
    def show(name: str) -> Response:
        if name == "refused":
            raise NotFound("No.")
        if name == "broken":
            raise ValueError(name)
        return responses.json_response({"name": name})

    @api.put("/a/<name>")
    def keep(name: str) -> Response:
        return responses.json_response({"kept": name})

    @api.head("/a/<name>")
    def probe(name: str) -> Response:
        return show(name)

    @api.post("/b")
    def other() -> Response:
        return responses.json_response({})

    assert list(api.handlers.items()) == [
        (("GET", "/a/{name}"), show),
        (("PUT", "/a/{name}"), keep),
        (("HEAD", "/a/{name}"), probe),
        (("POST", "/b"), other),
    ]

    def response_to(method: str, path: str) -> tuple[int, Json, str | None]:
        response = api.resolve(event_of(method, path), SimpleNamespace())  # type: ignore[arg-type]
        return response["statusCode"], json.loads(response["body"]), response["headers"].get("Allow")

    assert response_to("GET", "/a/x") == (200, {"name": "x"}, None)
    assert response_to("PUT", "/a/x") == (200, {"kept": "x"}, None)
    assert response_to("HEAD", "/a/x") == (200, {"name": "x"}, None)
    assert response_to("POST", "/b") == (200, {}, None)
    for method, path, status, code, allowed in (
        ("GET", "/a/refused", 404, "not_found", None),
        ("GET", "/a/broken", 500, "internal_error", None),
        ("GET", "/b/x", 404, "not_found", None),
        ("GET", "/a/", 404, "not_found", None),
        ("GET", "/a/\x00", 404, "not_found", None),
        ("GET", "/a/\ud800", 404, "not_found", None),
        ("POST", "/a/x", 405, "method_not_allowed", "GET, HEAD, PUT"),
        ("OPTIONS", "/b", 405, "method_not_allowed", "POST"),
        ("POST", "/a/\x00", 405, "method_not_allowed", "GET, HEAD, PUT"),
    ):
        found, problem, allow = response_to(method, path)
        assert (found, problem["code"], allow) == (status, code, allowed)


ORDER_ID = "01KB0000000000000000000000"


@pytest.mark.parametrize(
    ("path", "route", "status", "keys"),
    [
        (f"/orders/{ORDER_ID}", "GET /orders/<order_id>", 200, {"order_id": ORDER_ID}),
        ("/orders/late", "GET /orders/late", 200, {}),
        ("/orders/mine", "GET /orders/<order_id>", 200, {}),
        ("/secret", "GET none", 404, {}),
        ("/orders/secret\x00", "GET /orders/<order_id>", 404, {}),
    ],
)
def test_an_answer_is_noted_by_its_route_and_never_by_its_path(
    monkeypatch: pytest.MonkeyPatch, path: str, route: str, status: int, keys: dict[str, str]
) -> None:
    noted: list[Any] = []
    kept: dict[str, str] = {}
    instants = iter((1.0, 3.0))
    noting = SimpleNamespace(info=lambda text, extra: noted.append((text, extra)), append_keys=kept.update)
    monkeypatch.setattr(api_module, "logger", noting)
    monkeypatch.setattr(api_module, "perf_counter", lambda: next(instants))
    api = Api()

    @api.get("/orders/<order_id>")
    def show(order_id: str) -> Response:
        return responses.json_response({})

    @api.get("/orders/late")
    def late() -> Response:
        return responses.json_response({})

    answered(api, path=path)
    assert noted == [("responded", {"route": route, "status": status, "milliseconds": 2_000})]
    assert kept == keys


def test_no_request_is_printed_whatever_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_DEV", "true")
    api = Api()

    @api.get("/a")
    def show() -> Response:
        return responses.json_response({})

    assert answered(api, headers={"authorization": "Bearer secret"}) == (200, {})
    assert "secret" not in capsys.readouterr().out


def test_a_refusal_is_given_the_request_and_a_fault_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[tuple[str, str]] = []
    noted: list[Exception] = []

    def refusal(error: OnlineOrdersError, event: Any) -> Response:
        recorded.append((error.code, event.raw_path))
        return problems.problem(error)

    monkeypatch.setattr(logger, "error", lambda text, exc_info: noted.append(exc_info))
    api = Api(refusal)
    fault = ValueError("x")

    @api.get("/a")
    def missing() -> Response:
        raise NotFound("No.")

    @api.get("/b")
    def broken() -> Response:
        raise fault

    @api.get("/c")
    def paged(query: Annotated[Page, Query()]) -> Response:
        return responses.json_response({})

    for path, query, code in (
        ("/a", [], "not_found"),
        ("/b", [], "internal_error"),
        ("/c", [("limit", "x")], "invalid_query"),
        ("/d", [], "not_found"),
    ):
        answered(api, path=path, query=query)
        assert recorded.pop() == (code, path)
    assert noted == [fault]


def test_what_did_not_come_by_the_site_is_answered_by_no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "s" * 32
    monkeypatch.setenv("ORIGIN_SECRET", json.dumps({"current": secret, "previous": "p" * 32}))
    api = Api(lambda error, event: Response(418, "application/json", json.dumps({"code": error.code}), {}))

    @api.get("/a")
    def show() -> Response:
        return responses.json_response({"code": None})

    for path, headers, status in (
        ("/a", {"x-origin-secret": secret}, 200),
        ("/a", {"x-origin-secret": "p" * 32}, 200),
        ("/b", {"x-origin-secret": secret}, 418),
        ("/a", {"x-origin-secret": "s" * 31}, 403),
        ("/a", {"x-origin-secret": "\ud800"}, 403),
        ("/b", {}, 403),
    ):
        found, code = refused(api, path=path, headers=headers)
        assert found == status, (path, headers)
        assert status != 403 or code == "not_by_this_way"


# -- who may call -------------------------------------------------------------------------------------------------


def test_who_may_call_is_judged_before_anything_that_was_sent() -> None:
    api = Api()

    @api.post("/customers/<revision>")
    def of_customers(
        customer: OrderWriter,
        revision: Revision,
        query: Annotated[Page, Query()],
        body: Annotated[Any, Depends(raw_json_body("Anything"))],
        key: IdempotencyKey,
    ) -> Response:
        return responses.json_response([customer.account, revision, query.limit, body, key])

    @api.get("/staff")
    def of_staff(staff: DeskReader) -> Response:
        return responses.json_response([staff.user.user_id])

    @api.get("/all")
    def of_all(caller: SignedIn) -> Response:
        return responses.json_response([caller.group])

    @api.get("/open")
    def of_nobody() -> Response:
        return responses.json_response([])

    wrong: Json = {"query": [("limit", "0")], "body": "{"}
    assert refused(api, "POST", "/customers/x", group="customer-success", **wrong) == (403, "forbidden")
    assert refused(api, "POST", "/customers/x", group="customers", **wrong) == (404, "not_found")
    assert refused(api, "POST", "/customers/1", group="customers", **wrong) == (400, "invalid_query")
    wrong = {"query": [("limit", "1")], "body": "{"}
    assert refused(api, "POST", "/customers/1", group="customers", **wrong) == (400, "idempotency_key_required")
    wrong["headers"] = {"idempotency-key": "k"}
    assert refused(api, "POST", "/customers/1", group="customers", **wrong) == (400, "invalid_json")
    wrong["body"] = "[1]"
    assert answered(api, "POST", "/customers/1", group="customers", **wrong) == (200, ["acme", 1, 1, [1], "k"])
    assert refused(api, "GET", "/staff", group="customers") == (403, "forbidden")
    assert answered(api, "GET", "/staff", group="customer-success") == (200, ["u-1"])
    for group in ("customers", "customer-success"):
        assert answered(api, "GET", "/all", group=group) == (200, [group])
    assert answered(api, "GET", "/open") == (200, [])
    assert [access_to(handler) for handler in api.handlers.values()] == [
        (True, Permission.WRITE_ORDERS),
        (True, Permission.READ_DESK),
        (True, None),
        (False, None),
    ]
    assert [access_to(handler).group for handler in api.handlers.values()] == [
        "customers",
        "customer-success",
        None,
        None,
    ]
    assert [access_to(handler).takes_account for handler in api.handlers.values()] == [True, False, True, False]


# -- what is sent -------------------------------------------------------------------------------------------------


def test_a_body_is_read_as_its_model_with_every_fault_or_left_to_the_rules() -> None:
    api = Api()

    @api.post("/needed")
    def needed(reason: Annotated[NeededReason, Depends(parsed_body(NeededReason))]) -> Response:
        return responses.json_response([reason.reason])

    @api.post("/nothing")
    def nothing(_body: EmptyBody) -> Response:
        return responses.json_response(["done"])

    @api.post("/table")
    def table(sent: Annotated[JsonOrCsv, Depends(json_or_csv_body("Anything"))]) -> Response:
        return responses.json_response([sent.json, sent.csv])

    assert answered(api, "POST", "/needed", body='{"reason": "No."}') == (200, ["No."])
    for body, faults in (
        ('{"reason": 7, "other": 1}', ["/reason", "/other"]),
        ("[]", [""]),
    ):
        status, problem = answered(api, "POST", "/needed", body=body)
        assert (status, [fault["pointer"] for fault in problem["errors"]]) == (422, faults)
    assert refused(api, "POST", "/needed", body="") == (400, "invalid_json")
    for nobody in (None, "", " \n", "{}"):
        assert answered(api, "POST", "/nothing", body=nobody) == (200, ["done"])
    for unsound in ('{"a": 1}', "[]"):
        assert refused(api, "POST", "/nothing", body=unsound) == (422, "invalid")
    csv = {"content-type": "Text/CSV; charset=utf-8"}
    assert answered(api, "POST", "/table", body="ä,b", headers=csv) == (200, [None, "ä,b"])
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert answered(api, "POST", "/table", body="[1]", headers=form) == (200, [[1], None])
    big = '"' + "x" * bodies.MAX_BODY_BYTES + '"'
    assert refused(api, "POST", "/table", body=big) == (413, "too_large")


def test_a_body_may_be_left_out_where_it_is_not_required() -> None:
    class Wish(RequestModel):
        color: str = "red"

    api = Api()

    @api.post("/wish")
    def wish(asked: Annotated[Wish, Depends(parsed_body(Wish, is_required=False))]) -> Response:
        return responses.json_response([asked.color])

    for body, color in ((None, "red"), (" ", "red"), ("{}", "red"), ('{"color": "blue"}', "blue")):
        assert answered(api, "POST", "/wish", body=body) == (200, [color])
    assert refused(api, "POST", "/wish", body="null") == (422, "invalid")


def test_a_page_goes_on_where_the_cursor_of_its_request_and_caller_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "Cursor", lambda *read: read)
    event = {"resolved": "event"}
    request: Any = SimpleNamespace(resolved_event=event)
    caller = Caller(User(user_id="u-1", email=""), "customers", "acme", None, frozenset(), {})
    made: object = cursor_of(request, Page(cursor="raw"), caller)
    assert made == ("raw", event, "u-1", "acme")


# -- what the document says ---------------------------------------------------------------------------------------


def test_what_reads_a_body_says_what_it_takes() -> None:
    class Wish(RequestModel):
        """A body of this test's own, which no route has asked for before."""

    for reading, sent in (
        (parsed_body(Wish), RequestBody("Wish", is_required=True)),
        (parsed_body(Wish, is_required=False), RequestBody("Wish", is_required=False)),
        (raw_json_body("Wish"), RequestBody("Wish", is_required=True, takes_csv=False)),
        (json_or_csv_body("Wish"), RequestBody("Wish", is_required=True, takes_csv=True)),
    ):
        assert REQUEST_BODIES[reading] == sent


def test_a_route_says_its_answers_refusals_and_what_it_takes() -> None:
    assert response_spec("Order", "An order.") == {
        200: {
            "description": "An order.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
        }
    }
    assert response_spec("Order", "An order.", HTTPStatus.CREATED, headers=("ETag", "Location"), other=PDF) == {
        201: {
            "description": "An order.",
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Order"}},
                "application/pdf": {"schema": {"contentMediaType": "application/pdf"}},
            },
            "headers": {
                "ETag": {"$ref": "#/components/headers/ETag"},
                "Location": {"$ref": "#/components/headers/Location"},
            },
        }
    }
    assert response_spec(None, "Nothing.", HTTPStatus.NO_CONTENT) == {204: {"description": "Nothing.", "content": {}}}
    assert error_codes("not_open", "not_yours") == {"x-refusals": ["not_open", "not_yours"]}
    assert request_body_spec("Form", "text/plain") == {
        "requestBody": {"required": True, "content": {"text/plain": {"schema": {"$ref": "#/components/schemas/Form"}}}}
    }


def test_what_is_said_of_a_route_comes_into_its_document() -> None:
    api = Api()

    @api.get("/a", responses={200: {"description": "One."}}, openapi_extensions={"x-of": "a"})
    def one() -> Response:
        return responses.json_response({})

    @api.route("/b", "GET", summary="Two.")
    def two() -> Response:
        return responses.json_response({})

    paths = json.loads(api.get_openapi_json_schema(title="Orders", version="1"))["paths"]
    assert (paths["/a"]["get"]["responses"]["200"]["description"], paths["/a"]["get"]["x-of"]) == ("One.", "a")
    assert paths["/b"]["get"]["summary"] == "Two."


# -- paths --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_paths() -> Api:
    api = Api()

    @api.get("/accounts/<account_id>")
    def account(account_id: AccountId) -> Response:
        return responses.json_response({"is": account_id})

    @api.get("/currencies/<currency>")
    def currency(currency: CurrencyCode) -> Response:
        return responses.json_response({"is": currency})

    @api.get("/revisions/<revision>")
    def revision(revision: Revision) -> Response:
        return responses.json_response({"is": revision})

    @api.get("/versions/<version>")
    def version(version: VersionNumber) -> Response:
        return responses.json_response({"is": version})

    return api


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *((f"/accounts/{each}", each) for each in ("a", "A1._-", "a" * 64)),
        *((f"/accounts/{each}", None) for each in (".a", "a" * 65, "a b", "ü", "a\n")),
        ("/currencies/EUR", "EUR"),
        ("/currencies/eur", None),
        ("/revisions/1", 1),
        ("/revisions/9999", 9_999),
        *((f"/revisions/{each}", None) for each in ("0", "10000", "-1", "+1", " 1", "1_0", "1.0", "x" * 17, "²")),
        ("/versions/99999999", 99_999_999),
        *((f"/versions/{each}", None) for each in ("0", "100000000", "x")),
    ],
)
def test_what_can_be_no_id_number_or_currency_is_not_found(of_paths: Api, path: str, value: Any) -> None:
    if value is None:
        assert refused(of_paths, path=path) == (404, "not_found")
    else:
        assert answered(of_paths, path=path) == (200, {"is": value})


# -- queries ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_queries() -> Api:
    api = Api()

    def shown(query: Any) -> Response:
        return responses.json_response(query.model_dump(mode="json"))

    @api.get("/none")
    def none(query: Annotated[NoQuery, Query()]) -> Response:
        return shown(query)

    @api.get("/orders")
    def orders(query: Annotated[OrderQuery, Query()]) -> Response:
        return shown(query)

    @api.get("/desk")
    def desk(query: Annotated[DeskOrderQuery, Query()]) -> Response:
        return shown(query)

    @api.get("/currency")
    def currency(query: Annotated[CurrencyQuery, Query()]) -> Response:
        return shown(query)

    @api.get("/account")
    def account(query: Annotated[AccountQuery, Query()]) -> Response:
        return shown(query)

    @api.get("/spreadsheet")
    def spreadsheet(query: Annotated[SpreadsheetQuery, Query()]) -> Response:
        return shown(query)

    @api.get("/unread")
    def unread() -> Response:
        return responses.json_response({})

    return api


UNSOUND = object()


@pytest.mark.parametrize(
    ("path", "name", "raw", "value"),
    [
        ("orders", "open", None, None),
        ("orders", "open", "true", True),
        ("orders", "open", "false", False),
        *(("orders", "open", raw, UNSOUND) for raw in ("True", "1", "yes", "")),
        ("orders", "from", "2026-11-22", "2026-11-22"),
        *(("orders", "from", raw, UNSOUND) for raw in ("2026-02-30", "20261122", "2026-11-22T00:00:00Z", "")),
        ("orders", "to", "2026-11-22", "2026-11-22"),
        ("orders", "status", "in_process", "in_process"),
        ("orders", "status", "late", UNSOUND),
        ("orders", "limit", None, 25),
        ("orders", "limit", "1", 1),
        ("orders", "limit", "100", 100),
        *(("orders", "limit", raw, UNSOUND) for raw in ("0", "101", "+1", " 1", "1.0", "1_0", "", "9" * 5_000)),
        ("orders", "time_zone", None, "UTC"),
        ("orders", "time_zone", "Asia/Tokyo", "Asia/Tokyo"),
        *(("orders", "time_zone", raw, UNSOUND) for raw in ("Mars", "", "../etc")),
        ("orders", "purchase_order_number", "PO-7, of May", "PO-7, of May"),
        ("orders", "purchase_order_number", "", ""),
        ("orders", "spreadsheet", "de", "de"),
        ("orders", "spreadsheet", "fr", UNSOUND),
        ("orders", "account_id", "acme", "acme"),
        ("desk", "assignee", "me", "me"),
        ("desk", "assignee", "", ""),
        ("desk", "assignee", "u" * 128, "u" * 128),
        ("desk", "assignee", "u" * 129, UNSOUND),
        ("currency", "currency", "EUR", "EUR"),
        ("currency", "currency", "eur", UNSOUND),
        ("spreadsheet", "spreadsheet", "en", "en"),
        ("none", "limit", "1", UNSOUND),
        ("account", "accountid", "acme", UNSOUND),
    ],
)
def test_a_query_is_read_member_by_member(of_queries: Api, path: str, name: str, raw: str | None, value: Any) -> None:
    status, shown = answered(of_queries, path=f"/{path}", query=[] if raw is None else [(name, raw)])
    if value is UNSOUND:
        assert (status, shown["code"]) == (400, "invalid_query")
        assert name in shown["detail"]
    else:
        member = {"from": "first_day", "to": "last_day"}.get(name, name)
        assert (status, shown[member]) == (200, value)


@pytest.mark.parametrize(
    ("name", "raw", "detail"),
    [
        ("limit", "+1", "limit: a number is written in digits."),
        ("open", "yes", "open: it is true or false."),
        ("spreadsheet", "fr", "spreadsheet: it is one of en, de."),
        ("time_zone", "Mars", "time_zone: there is no such IANA time zone."),
    ],
)
def test_a_parameter_is_refused_in_words_that_say_what_it_may_be(
    of_queries: Api, name: str, raw: str, detail: str
) -> None:
    assert answered(of_queries, path="/orders", query=[(name, raw)])[1]["detail"] == detail


def test_an_account_that_cannot_be_is_not_found_in_a_query_either(of_queries: Api) -> None:
    assert refused(of_queries, path="/account", query=[("account_id", "a b")]) == (404, "not_found")


def test_a_parameter_that_nobody_asked_for_or_that_is_repeated_is_refused(of_queries: Api) -> None:
    status, problem = answered(of_queries, path="/orders", query=[("b", "1"), ("a", "2"), ("limit", "3")])
    assert (status, problem["detail"]) == (400, "There is no parameter a, b here.")
    for name, value in (("limit", "3"), ("purchase_order_number", "x"), ("status", "in_process"), ("cursor", "")):
        assert refused(of_queries, path="/orders", query=[(name, value)] * 2) == (400, "invalid_query")
    assert answered(of_queries, path="/none") == (200, {})
    assert answered(of_queries, path="/unread", query=[("_", "1")]) == (200, {})


# -- headers ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def of_headers() -> Api:
    api = Api()

    @api.get("/key")
    def key(key: IdempotencyKey) -> Response:
        return responses.json_response({"is": key})

    @api.get("/conditions")
    def conditions(if_match: IfMatch = None, if_none_match: IfNoneMatch = None) -> Response:
        return responses.json_response({"is": [if_match, if_none_match]})

    return api


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("!~", None),
        (" k ", None),
        ("a,b", None),
        ("k" * 255, None),
        ("k" * 256, "invalid_idempotency_key"),
        ("a b", "invalid_idempotency_key"),
        ("a\x7f", "invalid_idempotency_key"),
        ("ü", "invalid_idempotency_key"),
        (" ", "idempotency_key_required"),
        (None, "idempotency_key_required"),
    ],
)
def test_an_idempotency_key_has_up_to_255_visible_characters(
    of_headers: Api, key: str | None, code: str | None
) -> None:
    headers = {} if key is None else {"idempotency-key": key}
    if code is None:
        assert key
        assert answered(of_headers, path="/key", headers=headers) == (200, {"is": key.strip()})
    else:
        assert refused(of_headers, path="/key", headers=headers) == (400, code)


@pytest.mark.parametrize(
    ("header", "is_sound"),
    [
        *((sound, True) for sound in (None, "", " ", " * ", '"7"', 'W/"7" , 8,"9', '"999999999"')),
        *((unsound, False) for unsound in ('"1234567890"', '"7", x', '"7",', 'w/"7"', "*, *", '"٣"')),
    ],
)
def test_if_match_holds_etags_or_any(of_headers: Api, header: str | None, is_sound: bool) -> None:
    headers = {} if header is None else {"if-match": header}
    if is_sound:
        assert answered(of_headers, path="/conditions", headers=headers) == (200, {"is": [header, None]})
    else:
        assert refused(of_headers, path="/conditions", headers=headers) == (400, "invalid_if_match")


def test_if_none_match_is_a_star_or_nothing(of_headers: Api) -> None:
    for sound in ("", " * ", "*"):
        headers = {"if-none-match": sound}
        assert answered(of_headers, path="/conditions", headers=headers) == (200, {"is": [None, sound]})
    headers = {"if-none-match": '"7"'}
    assert refused(of_headers, path="/conditions", headers=headers) == (400, "invalid_if_none_match")


def test_the_request_is_given_to_a_handler_that_asks_for_it() -> None:
    api = Api()

    @api.get("/a")
    def show(request: Request) -> Response:
        return responses.json_response([request.method, request.headers.get("Accept")])

    assert answered(api, headers={"accept": "text/csv"}) == (200, ["GET", "text/csv"])
