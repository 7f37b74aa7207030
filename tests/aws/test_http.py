"""What every HTTP function shares, called directly: each way to write a header, a body or a query, and its outcome.

That the routes use it is shown by the contract.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date
from decimal import Decimal
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ParamValidationError

from online_orders import http
from online_orders.clock import now
from online_orders.errors import BadRequest, Forbidden, Invalid, NotFound, OnlineOrdersError, TooLarge, TooManyRequests
from online_orders.http import Caller, Preconditions, Query, Viewer
from online_orders.orders import User
from online_orders.presentation import as_json
from online_orders.quotes import QuoteState
from online_orders.routing import Answer, Event
from online_orders.telemetry import logger

Json = dict[str, Any]

ANNA = User(user_id="u-1", email="anna@acme.example")
SETTINGS = {
    "ORIGIN_SECRET": "",
    "STAFF_SECOND_FACTOR": "required",
    "ACCOUNT_REQUESTS_A_SECOND": "2",
    "ACCOUNT_REQUESTS_AT_ONCE": "3",
    "LINK_REQUESTS_A_SECOND": "0.1",
    "LINK_REQUESTS_AT_ONCE": "1",
}


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    http.reset()
    yield
    http.reset()


def event_of(*, body: Any = None, query: Any = None, path: str = "/api/orders", **headers: str) -> Json:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    seen = {"path": path, "method": "GET", "sourceIp": "192.0.2.1"}
    return {"headers": named, "body": body, "queryStringParameters": query, "requestContext": {"http": seen}}


def refusal_of(error: type[OnlineOrdersError], action: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(error) as refusal:
        action(*arguments, **named)
    return refusal.value.code


# -- who is calling -----------------------------------------------------------------------------------------------


def signed_in(payload: Any = None, **claims: Any) -> Json:
    """The event of a request by an id token; `payload` is what stands in the token itself."""
    said = {"sub": "u-1", "email": ANNA.email, "token_use": "id", "custom:account_id": "acme", **claims}
    payload = {"sub": "u-1", "cognito:groups": ["customers"]} if payload is None else payload
    part = base64.urlsafe_b64encode(json.dumps(payload).encode()).rstrip(b"=").decode()
    event = event_of(authorization=f"Bearer head.{part}.signature")
    event["requestContext"]["authorizer"] = {"jwt": {"claims": said}}
    return event


def staff(**more: Any) -> Json:
    return {"sub": "u-1", "cognito:groups": ["customer-success"], **more}


def test_a_caller_is_who_the_token_says() -> None:
    assert http.caller(signed_in(), "customers") == Caller(ANNA, frozenset({"customers"}), "acme")
    assert http.caller(signed_in(), None).account == "acme"
    event = signed_in(**{"custom:account_id": ""})
    del event["requestContext"]["authorizer"]["jwt"]["claims"]["email"]
    nobody = http.caller(event, None)
    assert nobody == Caller(User(user_id="u-1", email=""), frozenset({"customers"}), None)
    assert refusal_of(Forbidden, lambda: nobody.account) == "forbidden"


@pytest.mark.parametrize(
    ("payload", "group", "code"),
    [
        ({"sub": "u-1"}, None, None),
        ({"sub": "u-1"}, "customers", "forbidden"),
        ({"sub": "u-1", "cognito:groups": "customers"}, "customers", None),
        ({"sub": "u-1", "cognito:groups": [["customers"], 7]}, "customers", "forbidden"),
        ({"sub": "u-1", "cognito:groups": ["customers", "customer-success"]}, "customers", "forbidden"),
        (staff(amr=["pwd", "mfa"]), "customers", "forbidden"),
        (staff(amr=["pwd", "mfa"]), "customer-success", None),
        (staff(amr=["pwd"]), "customer-success", "second_factor_required"),
        (staff(amr="mfa"), "customer-success", "second_factor_required"),
        (staff(), "customer-success", "second_factor_required"),
        (staff(), None, None),
        ({"sub": "u-1", "cognito:groups": ["customers"], "amr": ["mfa"]}, "customer-success", "forbidden"),
        ({"sub": "u-2"}, None, "wrong_token"),
        (["sub"], None, "wrong_token"),
        ({}, None, "wrong_token"),
    ],
)
def test_a_group_is_for_those_who_are_in_it(payload: Any, group: http.Group | None, code: str | None) -> None:
    if code is None:
        assert http.caller(signed_in(payload), group).user == ANNA
    else:
        assert refusal_of(Forbidden, http.caller, signed_in(payload), group) == code


def test_staff_need_no_second_factor_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAFF_SECOND_FACTOR", "optional")
    assert http.caller(signed_in(staff()), "customer-success").user == ANNA


@pytest.mark.parametrize("use", ["access", "ID", None])
def test_only_an_id_token_says_who_calls(use: str | None) -> None:
    event = signed_in(token_use=use)
    assert refusal_of(Forbidden, http.caller, event, None) == "wrong_token"
    del event["requestContext"]["authorizer"]["jwt"]["claims"]["token_use"]
    assert refusal_of(Forbidden, http.caller, event, None) == "wrong_token"


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer a.b", "Bearer a.?.c", "Bearer a.e30.c a.e30.c", "a.bw.c"]
)
def test_a_token_that_cannot_be_read_is_wrong(header: str | None) -> None:
    event = signed_in()
    if header is None:
        del event["headers"]["authorization"]
    else:
        event["headers"]["authorization"] = header
    assert refusal_of(Forbidden, http.caller, event, None) == "wrong_token"


@pytest.mark.parametrize("name", ["ü", "üü", "üüü", "ÿÿÿ???>>>"])
def test_a_token_is_read_whatever_its_length_and_letters(name: str) -> None:
    payload = json.dumps({"sub": "u-1", "cognito:groups": [name]}, ensure_ascii=False).encode()
    event = signed_in()
    part = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    for header in (f"head.{part}.", f"bearer  head.{part}.signature"):
        event["headers"]["authorization"] = header
        assert http.caller(event, None).groups == {name}


def test_an_account_has_its_share_and_a_user_without_one_his_own(monkeypatch: pytest.MonkeyPatch) -> None:
    at = now()
    monkeypatch.setattr(http, "now", lambda: at)
    without = {"custom:account_id": None}
    for event in (signed_in(), signed_in(**without)):
        for _ in range(3):
            http.caller(event, None)
        with pytest.raises(TooManyRequests) as refusal:
            http.caller(event, None)
        assert refusal.value.seconds == 1
    http.caller(signed_in(staff(sub="u-2"), sub="u-2", **without), None)
    http.take_share("LINK", "acme")
    with pytest.raises(TooManyRequests) as refusal:
        http.take_share("LINK", "acme")
    assert refusal.value.seconds == 10
    http.reset()
    http.take_share("LINK", "acme")


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
    assert http.viewer(event_of(**headers)) == expected


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
    assert http.json_body(event_of(body=body)) == value
    coded = {**event_of(body=base64.b64encode(body.encode()).decode()), "isBase64Encoded": True}
    assert http.json_body(coded) == value
    assert isinstance(http.json_body(event_of(body="1.10")), Decimal)


@pytest.mark.parametrize("body", ["", " ", "{", "NaN", "[Infinity]", "\ud800", "[" * 100_000, "{} {}", None])
def test_what_is_no_json_is_refused(body: str | None) -> None:
    assert refusal_of(BadRequest, http.json_body, event_of(body=body)) == "invalid_json"


def test_what_is_wrong_with_json_is_told_where_it_can_be() -> None:
    for body, said in (("{", "Expecting property name"), ("NaN", "it cannot be read"), ("\ud800", "it cannot be read")):
        with pytest.raises(BadRequest) as refusal:
            http.json_body(event_of(body=body))
        assert refusal.value.detail.startswith(f"The body is not JSON: {said}")


def test_an_empty_body_is_the_default_where_there_is_one() -> None:
    for body in (None, "", " \n"):
        assert http.json_body(event_of(body=body), default={}) == {}
        http.empty_body(event_of(body=body))
    assert http.json_body(event_of(body="[]"), default={}) == []
    http.empty_body(event_of(body="{}"))
    assert refusal_of(Invalid, http.empty_body, event_of(body='{"a": 1}')) == "invalid"
    assert refusal_of(Invalid, http.empty_body, event_of(body="[]")) == "invalid"


def test_a_body_has_so_many_bytes_at_most() -> None:
    assert len(http.raw_body(event_of(body="x" * http.LARGEST_BODY))) == http.LARGEST_BODY
    for body in ("x" * (http.LARGEST_BODY + 1), "ü" * (http.LARGEST_BODY // 2 + 1)):
        assert refusal_of(TooLarge, http.raw_body, event_of(body=body)) == "too_large"


@pytest.mark.parametrize(
    ("header", "is_csv"),
    [("text/csv", True), (" Text/CSV ; charset=utf-8", True), ("text/csvx", False), ("", False), (None, False)],
)
def test_a_table_is_what_is_called_one(header: str | None, is_csv: bool) -> None:
    event = event_of(body="ä,b", **({} if header is None else {"content_type": header}))
    assert http.csv_body(event) == ("ä,b" if is_csv else None)


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("!~", None),
        (" k ", None),
        ("k" * 255, None),
        ("k" * 256, "invalid_idempotency_key"),
        ("a b", "invalid_idempotency_key"),
        ("a\x7f", "invalid_idempotency_key"),
        ("ü", "invalid_idempotency_key"),
        (" ", "idempotency_key_required"),
        (None, "idempotency_key_required"),
    ],
)
def test_an_idempotency_key_has_up_to_255_visible_characters(key: str | None, code: str | None) -> None:
    event = event_of(**({} if key is None else {"idempotency_key": key}))
    if code is None:
        assert key
        assert http.idempotency_key(event) == key.strip()
    else:
        assert refusal_of(BadRequest, http.idempotency_key, event) == code


@pytest.mark.parametrize(
    ("header", "versions"),
    [
        (None, None),
        (" ", None),
        (" * ", None),
        ('"7"', {7}),
        ('W/"7" , 8,"9', {7, 8, 9}),
        ('"999999999"', {999_999_999}),
        ('"1234567890"', "invalid_if_match"),
        ('"7", x', "invalid_if_match"),
        ('"7",', "invalid_if_match"),
        ('w/"7"', "invalid_if_match"),
    ],
)
def test_if_match_names_versions_or_any(header: str | None, versions: set[int] | str | None) -> None:
    event = event_of(**({} if header is None else {"if_match": header}))
    if isinstance(versions, str):
        assert refusal_of(BadRequest, http.expected_versions, event) == versions
    else:
        assert http.expected_versions(event) == versions
        wanted = None if versions is None else frozenset(versions)
        assert http.preconditions(event) == Preconditions(wanted, bool((header or "").strip()), must_be_new=False)


@pytest.mark.parametrize(("header", "is_new"), [("", False), (" * ", True)])
def test_if_none_match_asks_for_what_is_new(header: str, is_new: bool) -> None:
    assert http.preconditions(event_of(if_none_match=header)) == Preconditions(None, False, is_new)
    assert refusal_of(BadRequest, http.preconditions, event_of(if_none_match='"7"')) == "invalid_if_none_match"


@pytest.mark.parametrize(
    ("asked", "holds_of"),
    [
        (Preconditions(None, must_exist=False, must_be_new=False), {None, 0, 1, 2}),
        (Preconditions(None, must_exist=False, must_be_new=True), {None}),
        (Preconditions(None, must_exist=True, must_be_new=False), {0, 1, 2}),
        (Preconditions(frozenset({1}), must_exist=True, must_be_new=False), {1}),
        (Preconditions(frozenset({1}), must_exist=True, must_be_new=True), set()),
    ],
)
def test_preconditions_hold_of_the_versions_they_name(asked: Preconditions, holds_of: set[int | None]) -> None:
    for version in (None, 0, 1, 2):
        if version in holds_of:
            asked.check("a list", version)
        else:
            assert refusal_of(OnlineOrdersError, asked.check, "a list", version) == "version_mismatch"


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
    assert http.accepts(event_of(**({} if accept is None else {"accept": accept})), "text/csv") is is_liked_better


def test_what_can_be_no_id_or_currency_is_not_found() -> None:
    for account_id in ("a", "A1._-", "a" * 64):
        assert http.sound_account_id(account_id) == account_id
    for odd in ("", ".a", "a" * 65, "a b", "ü", "a\n"):
        assert not http.is_account_id(odd)
        assert refusal_of(NotFound, http.sound_account_id, odd) == "not_found"
    assert http.sound_currency("EUR") == "EUR"
    assert refusal_of(NotFound, http.sound_currency, "eur") == "not_found"


READ: dict[str, Any] = {
    "flag": lambda query: query.flag("x"),
    "day": lambda query: query.day("x"),
    "choice": lambda query: query.choice("x", ("a", "b")),
    "user": lambda query: query.user_id("x"),
    "limit": lambda query: query.limit(),
    "zone": lambda query: query.time_zone(),
    "currency": lambda query: query.currency(),
    "account": lambda query: query.account_id(),
}


@pytest.mark.parametrize(
    ("kind", "name", "raw", "value"),
    [
        ("flag", "x", None, None),
        ("flag", "x", "true", True),
        ("flag", "x", "false", False),
        ("flag", "x", "True", "x is true or false."),
        ("day", "x", "2026-11-22", date(2026, 11, 22)),
        ("day", "x", "2026-02-30", "x is a date, YYYY-MM-DD."),
        ("day", "x", "20261122", "x is a date, YYYY-MM-DD."),
        ("choice", "x", "b", "b"),
        ("choice", "x", "c", "x is one of a, b."),
        ("user", "x", "me", "me"),
        ("user", "x", "", None),
        ("user", "x", "u" * 128, "u" * 128),
        ("user", "x", "u" * 129, "x is me or a user's id."),
        ("limit", "limit", None, 25),
        ("limit", "limit", "1", 1),
        ("limit", "limit", "100", 100),
        ("limit", "limit", "0", "limit is a number from 1 to 100."),
        ("limit", "limit", "101", "limit is a number from 1 to 100."),
        ("limit", "limit", "+1", "limit is a number from 1 to 100."),
        ("limit", "limit", "0001", "limit is a number from 1 to 100."),
        ("zone", "time_zone", None, UTC),
        ("zone", "time_zone", "Asia/Tokyo", ZoneInfo("Asia/Tokyo")),
        ("zone", "time_zone", "Mars", "time_zone is an IANA time zone."),
        ("currency", "currency", "EUR", "EUR"),
        ("currency", "currency", "eur", "currency is an ISO 4217 currency code."),
        ("account", "account_id", None, None),
        ("account", "account_id", "acme", "acme"),
    ],
)
def test_a_query_is_read_name_by_name(kind: str, name: str, raw: str | None, value: Any) -> None:
    query = Query(event_of(query=None if raw is None else {name: raw}))
    if isinstance(value, str) and value.endswith("."):
        with pytest.raises(BadRequest) as refusal:
            READ[kind](query)
        assert (refusal.value.code, refusal.value.detail) == ("invalid_query", value)
    else:
        assert READ[kind](query) == value
        query.done()


def test_an_account_that_cannot_be_is_not_found_in_a_query_either() -> None:
    assert refusal_of(NotFound, Query(event_of(query={"account_id": "a b"})).account_id) == "not_found"


def test_a_parameter_that_nobody_asked_for_is_refused() -> None:
    query = Query(event_of(query={"b": "1", "a": "2", "limit": "3"}))
    assert query.limit() == 3
    with pytest.raises(BadRequest) as refusal:
        query.done()
    assert (refusal.value.code, refusal.value.detail) == ("invalid_query", "There is no parameter a, b here.")
    assert query.without("a", "limit") == {"b": "1"}


# -- answers ------------------------------------------------------------------------------------------------------


def test_no_answer_is_kept_by_a_cache() -> None:
    shown = http.answer({"a": "ü"}, headers={"ETag": '"1"'})
    assert (shown.status, shown.content_type, json.loads(str(shown.body))) == (200, "application/json", {"a": "ü"})
    assert shown.headers == {"Cache-Control": "no-store", "ETag": '"1"'}
    assert http.answer('{"a":1}', HTTPStatus.CREATED) == Answer(
        201, "application/json", '{"a":1}', headers={"Cache-Control": "no-store"}
    )
    assert http.table("a,b", "x.csv", {"Link": "<y>"}) == Answer(
        200,
        "text/csv; charset=utf-8",
        "a,b",
        headers={"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="x.csv"', "Link": "<y>"},
    )
    assert http.table("a,b", "x.csv").headers.keys() == {"Cache-Control", "Content-Disposition"}
    assert http.etag(7) == {"ETag": '"7"'}


def test_a_page_is_cut_where_it_would_be_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    cursor: Any = SimpleNamespace(after=lambda position: position and f"after {position}")
    row = {"id": "1", "text": "ü" * 10}
    size = len(as_json(row).encode())
    rows = [{**row, "id": str(number)} for number in range(1, 5)]
    for most, shown, position in (
        (4 * size, ["1", "2", "3", "4"], "last"),
        (2 * size, ["1", "2"], "2"),
        (2 * size - 1, ["1"], "1"),
        (1, ["1"], "1"),
    ):
        monkeypatch.setattr(http, "LARGEST_PAGE", most)
        page = json.loads(str(http.page(rows, "id", "last", cursor).body))
        assert [each["id"] for each in page["items"]] == shown
        assert page["next_cursor"] == f"after {position}"
    assert http.page([], "id", None, cursor).body == '{"items":[],"next_cursor":null}'


PDF = "application/pdf"


def test_a_revision_is_answered_as_json_or_as_the_paper_that_was_made_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    order: Any = SimpleNamespace(order_id="o", quote_day=lambda at: ("day", at))
    at = now()
    monkeypatch.setattr(http, "now", lambda: at)
    states = {1: QuoteState.SUPERSEDED, 2: QuoteState.SENDING, 3: QuoteState.OFFERED, 9_999: QuoteState.OFFERED}
    papers = {("o", 1): b"paper"}
    monkeypatch.setattr(
        http, "get_quote", lambda of, number: SimpleNamespace(of=of, revision=number, state=states[number])
    )
    monkeypatch.setattr(http, "find_quote_paper", lambda *key: papers.get(key))
    monkeypatch.setattr(http, "quote_body", lambda quote, day: [quote.of.order_id, quote.revision, day == ("day", at)])
    for number in (1, 9_999):
        assert http.quote_answer(event_of(), order, str(number)) == http.answer(["o", number, True])
    assert http.quote_answer(event_of(accept=PDF), order, "1") == Answer(
        200,
        PDF,
        b"paper",
        headers={"Cache-Control": "no-store", "Content-Disposition": 'inline; filename="quote-o-1.pdf"'},
    )
    for revision, said in (
        ("2", "The PDF of this revision is still being made"),
        ("3", "This revision was never sent"),
        ("", "The order has no quote revision ."),
        ("10000", "The order has no quote revision 10000."),
        ("x" * 17, f"The order has no quote revision {'x' * 16}."),
        ("-1", "The order has no quote revision -1."),
    ):
        with pytest.raises(NotFound) as refusal:
            http.quote_answer(event_of(accept=PDF), order, revision)
        assert refusal.value.detail.startswith(said)


def test_a_refusal_is_a_problem_as_rfc_9457_has_it() -> None:
    shown = http.problem(TooManyRequests("half \ud800", 7))
    assert (shown.status, shown.content_type) == (429, "application/problem+json")
    assert shown.headers == {"Cache-Control": "no-store", "Retry-After": "7"}
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
    assert http.translated(error).status == status


def test_a_path_is_answered_by_its_route_and_what_a_route_raises_is_refused() -> None:
    api = http.Api()

    @api.get("/a/<name>")
    def shown(event: Event, name: str) -> Answer:
        if name == "refused":
            raise NotFound("No.")
        if name == "broken":
            raise ValueError(name)
        return http.answer({"name": name})

    @api.put("/a/<name>")
    def kept(event: Event, name: str) -> Answer:
        return http.answer({"kept": name})

    @api.head("/a/<name>")
    @api.post("/b")
    def other(event: Event, **names: str) -> Answer:
        return http.answer(names)

    assert [(route.method, route.rule) for route in api.routes] == [
        ("GET", "/a/<name>"),
        ("PUT", "/a/<name>"),
        ("POST", "/b"),
        ("HEAD", "/a/<name>"),
    ]

    def answered(method: str, path: str) -> tuple[int, Json, str | None]:
        event = {"rawPath": path, "headers": {}, "requestContext": {"http": {"method": method}}}
        answer = api.resolve(event)
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"].get("Allow")

    assert answered("GET", "/a/x") == (200, {"name": "x"}, None)
    assert answered("PUT", "/a/x") == (200, {"kept": "x"}, None)
    assert answered("HEAD", "/a/x") == (200, {"name": "x"}, None)
    assert answered("POST", "/b") == (200, {}, None)
    for method, path, status, code, allowed in (
        ("GET", "/a/refused", 404, "not_found", None),
        ("GET", "/a/broken", 500, "internal_error", None),
        ("GET", "/b/x", 404, "not_found", None),
        ("GET", "/a/", 404, "not_found", None),
        ("POST", "/a/x", 405, "method_not_allowed", "GET, HEAD, PUT"),
    ):
        found, problem, allow = answered(method, path)
        assert (found, problem["code"], allow) == (status, code, allowed)


ORDER_ID = "01KB0000000000000000000000"


@pytest.mark.parametrize(
    ("path", "route", "status", "keys"),
    [
        (f"/orders/{ORDER_ID}", "GET /orders/<order_id>", 200, {"order_id": ORDER_ID}),
        ("/orders/mine", "GET /orders/<order_id>", 200, {}),
        ("/secret", "GET none", 404, {}),
    ],
)
def test_an_answer_is_noted_by_its_route_and_never_by_its_path(
    monkeypatch: pytest.MonkeyPatch, path: str, route: str, status: int, keys: dict[str, str]
) -> None:
    noted: list[Any] = []
    kept: dict[str, str] = {}
    instants = iter((1.0, 3.0))
    noting = SimpleNamespace(info=lambda said, extra: noted.append((said, extra)), append_keys=kept.update)
    monkeypatch.setattr(http, "logger", noting)
    monkeypatch.setattr(http, "perf_counter", lambda: next(instants))
    api = http.Api()
    api.get("/orders/<order_id>")(lambda event, order_id: http.answer({}))
    api.resolve({"rawPath": path, "headers": {}, "requestContext": {"http": {"method": "GET"}}})
    assert noted == [("answered", {"route": route, "status": status, "milliseconds": 2_000})]
    assert kept == keys


def test_route_and_refusal_are_given_the_request_and_a_fault_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    refused: list[tuple[str, Event]] = []
    noted: list[Exception] = []

    def refusal(error: OnlineOrdersError, event: Event) -> Answer:
        refused.append((error.code, event))
        return http.problem(error)

    def answering(event: Event) -> Answer:
        raise event["error"]

    monkeypatch.setattr(logger, "error", lambda said, exc_info: noted.append(exc_info))
    api = http.Api(refusal)
    api.get("/a")(answering)
    fault = ValueError("x")
    for path, error, code in (
        ("/a", NotFound("No."), "not_found"),
        ("/a", fault, "internal_error"),
        ("/b", None, "not_found"),
    ):
        event = {"rawPath": path, "headers": {}, "requestContext": {"http": {"method": "GET"}}, "error": error}
        api.resolve(event)
        assert refused.pop() == (code, event)
    assert noted == [fault]


@pytest.mark.parametrize(
    ("body", "shown", "is_coded"), [("ü", "ü", False), (b"\xff\xfe", "//4=", True), ("", "", False)]
)
def test_an_answer_is_handed_to_the_gateway_as_it_asks(body: str | bytes, shown: str, is_coded: bool) -> None:
    assert Answer(201, "text/plain", body, {"A": "b"}).payload() == {
        "statusCode": 201,
        "headers": {"Content-Type": "text/plain", "A": "b"},
        "body": shown,
        "isBase64Encoded": is_coded,
    }


def test_what_did_not_come_by_the_site_is_answered_by_no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "s" * 32
    monkeypatch.setenv("ORIGIN_SECRET", json.dumps({"current": secret, "previous": "p" * 32}))
    api = http.Api(lambda error, event: Answer(418, "text/plain", error.code, {}))
    api.get("/a")(lambda event: http.answer({}))
    for path, headers, status in (
        ("/a", {"x-origin-secret": secret}, 200),
        ("/a", {"x-origin-secret": "p" * 32}, 200),
        ("/b", {"x-origin-secret": secret}, 418),
        ("/a", {"x-origin-secret": "s" * 31}, 403),
        ("/a", {"x-origin-secret": "\ud800"}, 403),
        ("/b", {}, 403),
    ):
        event = {"rawPath": path, "headers": headers, "requestContext": {"http": {"method": "GET"}}}
        answer = api.resolve(event)
        assert answer["statusCode"] == status, (path, headers)
        assert status != 403 or json.loads(answer["body"])["code"] == "not_by_this_way"
