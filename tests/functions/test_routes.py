"""The routes, request by request: what each asks of the stores, and what it responds with."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import pytest

import desk_api
import orders_api
from online_orders.aws import (
    account_store,
    contact_report_store,
    evidence_store,
    lead_time_statistics,
    order_queries,
    order_store,
    price_store,
    quoting,
    sent_mail_store,
    version_store,
)
from online_orders.aws.account_store import AccountPage, StoredAccount
from online_orders.aws.evidence_store import EvidencePage
from online_orders.aws.keys import account_key, prices_key
from online_orders.aws.order_queries import OrderFilter, OrderPage
from online_orders.aws.order_store import EntryPage
from online_orders.aws.placing import Placed
from online_orders.aws.price_store import PriceListPage, PriceListRow
from online_orders.aws.sent_mail_store import SentMailPage
from online_orders.aws.version_store import Version, VersionPage
from online_orders.domain.accounts import ContactReport
from online_orders.domain.callers import Caller
from online_orders.domain.catalog import Catalog, catalog_body, shipped
from online_orders.domain.csv_pages import csv_page, dialect_for
from online_orders.domain.duplicates import Duplicate
from online_orders.domain.errors import Invalid
from online_orders.domain.evidence import Evidence
from online_orders.domain.order_parts import User
from online_orders.domain.order_schedule import Policy
from online_orders.domain.order_status import OPEN_STATUSES, Status
from online_orders.domain.orders import Order
from online_orders.domain.prices import (
    EVERYBODY,
    PriceList,
    PriceScope,
    draft_from_revision,
    parse_prices,
    prices_csv,
)
from online_orders.domain.representations import desk_row, entry_body, order_body, quote_body, to_json
from online_orders.domain.roles import PERMISSIONS, Permission, Role
from online_orders.domain.sent_mails import SentMail
from online_orders.http import auth
from online_orders.routes import customer_orders, desk_orders, quote_revisions
from online_orders.telemetry import MetricUnit, logger
from tests.aws.desk import AT, Desk
from tests.domain.builders import (
    CARLA,
    CLARA,
    HOLD,
    HOUR,
    NOW,
    ORDER_ID,
    account_of,
    claimed,
    expired,
    held,
    offered,
    place,
    sending,
    waiting_for_hand_over,
)
from tests.domain.builders import (
    quote_body as new_quote,
)
from tests.functions.invocation import Context
from tests.http.test_app import event_of

Json = dict[str, Any]

OFFERED, PLACED, WAITING = offered(), place(), waiting_for_hand_over()
CUSTOMER = User(user_id="u-1", email="u@acme.example")
STAFF = CUSTOMER
WRITER = Caller(
    CUSTOMER,
    "customers",
    "acme",
    Role.ADMIN,
    PERMISSIONS[Role.ADMIN],
    {"acme": Role.ADMIN},
    required=Permission.WRITE_ORDERS,
)
AGENT = Caller(
    STAFF, "customer-success", None, Role.LEAD, PERMISSIONS[Role.LEAD], {}, required=Permission.WORK_ON_ORDERS
)
ACCOUNT_MANAGER = AGENT._replace(required=Permission.MANAGE_ACCOUNTS)
PRICE_MANAGER = AGENT._replace(required=Permission.MANAGE_PRICES)
HISTORY: Mapping[tuple[str, str], Any] = {}
PATIENCE = Policy(unclaimed_hours=20, unquoted_hours=30)
KEY = {"idempotency-key": "key"}
CSV = {"accept": "text/csv"}
PDF = {"accept": "application/pdf"}


class Stores:
    """Notes what is asked of which function, by its name, and gives the responses that are laid down."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[Any] = []
        self._monkeypatch = monkeypatch

    def give(self, module: Any, name: str, response: Any) -> None:
        def called(*given: Any, **more: Any) -> Any:
            self.asked.append((name, *given, *([more] if more else [])))
            if isinstance(response, Exception):
                raise response
            return response

        self._monkeypatch.setattr(module, name, called)

    def does(self, name: str) -> Any:
        """Return what was asked of a function once."""
        ((_, *given),) = [each for each in self.asked if each[0] == name]
        return given


@pytest.fixture
def stores(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stores]:
    desk.now = NOW + HOUR
    monkeypatch.setattr(quote_revisions, "now", lambda: desk.now)
    monkeypatch.setattr(lead_time_statistics, "lead_times", lambda _orders: HISTORY)
    monkeypatch.setattr(auth, "check_rate_limit", lambda kind, name: None)
    settings = {"ORIGIN_SECRET": "", "STAFF_SECOND_FACTOR": "optional", "IDENTITY_CLAIMS": ""}
    more = {
        "ALARM_UNCLAIMED_HOURS": "20",
        "ALARM_UNQUOTED_HOURS": "30",
        "COMMENTS_PER_HOUR": "1",
        "HISTORY_CACHE_SECONDS": "60",
    }
    for name, value in {**settings, **more}.items():
        monkeypatch.setenv(name, value)
    lead_time_statistics.reset()
    yield Stores(monkeypatch)
    lead_time_statistics.reset()


class Answer:
    def __init__(self, response: Json) -> None:
        self.status, self.headers = response["statusCode"], response["headers"]
        self.text: str = response["body"]

    @property
    def body(self) -> Any:
        return json.loads(self.text)


def ask(group: str, method: str, path: str, body: Any = None, query: Any = None, **headers: str) -> Answer:
    api = desk_api if group == "customer-success" else orders_api
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None:
        sent = {"content-type": "application/json", **sent}
    event = event_of(method, f"/api{path}", query=query, headers=sent, body=text, group=group)
    event["requestContext"]["authorizer"]["jwt"]["claims"]["email"] = "u@acme.example"
    event["requestContext"]["requestId"] = "request"
    return Answer(api.handler(event, Context()))


def customer(method: str, path: str, body: Any = None, query: Any = None, **headers: str) -> Answer:
    return ask("customers", method, path, body, query, **headers)


def staff(method: str, path: str, body: Any = None, query: Any = None, **headers: str) -> Answer:
    return ask("customer-success", method, path, body, query, **headers)


def as_customer(order: Order, at: Any) -> Any:
    return json.loads(to_json(order_body(order, HISTORY, at)))


def at_desk(order: Order, at: Any) -> Any:
    return json.loads(to_json(desk_row(order, HISTORY, at, PATIENCE)))


def next_page(asking: Callable[..., Answer], answer: Answer, path: str, *query: tuple[str, str]) -> Answer:
    return asking("GET", path, query=[*query, ("cursor", answer.body["next_cursor"])])


# -- a customer's orders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("body", "account"), [({"items": []}, "acme"), ({"account_id": "sub"}, "sub"), ([], "acme")])
def test_an_order_is_placed_for_the_own_account_or_the_one_that_is_named(
    stores: Stores, desk: Desk, body: Any, account: str
) -> None:
    stores.give(customer_orders, "place", Placed(ORDER_ID, '{"a": 1}'))
    answer = customer("POST", "/orders", body, **KEY)
    assert (answer.status, answer.body, answer.headers["ETag"]) == (201, {"a": 1}, '"1"')
    assert answer.headers["Location"] == f"/api/orders/{ORDER_ID}"
    more = {"by": WRITER, "account_id": account, "caller_account_id": "acme", "source": "online"}
    assert stores.asked == [("place", "key", body, more)]
    assert desk.told == [("OrdersPlaced", MetricUnit.Count, 1)]
    assert logger.get_current_keys()["order_id"] == ORDER_ID


def test_what_can_be_no_account_is_not_found(stores: Stores) -> None:
    assert customer("POST", "/orders", {"account_id": "no account"}, **KEY).status == 404
    assert stores.asked == []


def test_a_preview_is_of_the_own_account_unless_another_is_named(stores: Stores) -> None:
    stores.give(customer_orders, "preview", [])
    assert customer("POST", "/orders/preview", {}).body == {"warnings": []}
    assert stores.does("preview")[1]["account_id"] == "acme"


def test_a_preview_has_what_is_to_be_known(stores: Stores) -> None:
    stores.give(customer_orders, "preview", [{"code": "already_ordered"}])
    answer = customer("POST", "/orders/preview", {"account_id": "sub"})
    assert (answer.status, answer.body) == (200, {"warnings": [{"code": "already_ordered"}]})
    more = {"by": CUSTOMER, "account_id": "sub", "caller_account_id": "acme", "source": "online"}
    assert stores.asked == [("preview", {"account_id": "sub"}, more)]


def test_orders_are_listed_with_those_of_sub_accounts_page_by_page(stores: Stores, desk: Desk) -> None:
    stores.give(order_queries, "list_orders_with_subaccounts", OrderPage([OFFERED], ORDER_ID))
    answer = customer("GET", "/orders", query=[("limit", "7")])
    assert answer.body["items"] == [as_customer(OFFERED, desk.now)]
    assert stores.does("list_orders_with_subaccounts") == ["acme", OrderFilter(zone=ZoneInfo("UTC")), 7, None]
    stores.asked.clear()
    next_page(customer, answer, "/orders")
    assert stores.does("list_orders_with_subaccounts")[3] == ORDER_ID


def test_the_orders_of_one_account_are_listed_by_every_filter(stores: Stores) -> None:
    stores.give(account_store, "get_account_for_caller", account_of())
    stores.give(order_queries, "list_account_orders", OrderPage([], None))
    query = {
        "account_id": "sub",
        "status": "submitted",
        "open": "true",
        "purchase_order_number": "PO",
        "from": "2026-11-01",
        "to": "2026-11-30",
        "time_zone": "Europe/Berlin",
        "limit": "3",
    }
    assert customer("GET", "/orders", query=list(query.items())).body == {"items": [], "next_cursor": None}
    assert stores.does("get_account_for_caller") == ["acme", "sub"]
    account_id, order_filter, limit, after = stores.does("list_account_orders")
    assert (account_id, limit, after) == ("sub", 3, None)
    assert order_filter == OrderFilter(
        statuses=frozenset({Status.SUBMITTED}),
        purchase_order_number="PO",
        first_day=date(2026, 11, 1),
        last_day=date(2026, 11, 30),
        zone=ZoneInfo("Europe/Berlin"),
    )


def test_the_closed_orders_of_one_account_are_listed_page_by_page(stores: Stores) -> None:
    stores.give(account_store, "get_account_for_caller", account_of())
    stores.give(order_queries, "list_account_orders", OrderPage([], ORDER_ID))
    query = [("account_id", "sub"), ("open", "false")]
    answer = customer("GET", "/orders", query=query)
    assert stores.does("list_account_orders")[1].statuses == frozenset(Status) - OPEN_STATUSES
    customer("GET", "/orders", query=[*query, ("cursor", answer.body["next_cursor"])])
    assert stores.asked[-1][-1] == ORDER_ID


def test_a_table_of_orders_leads_to_the_next(stores: Stores, desk: Desk) -> None:
    stores.give(order_queries, "list_orders_with_subaccounts", OrderPage([OFFERED], ORDER_ID))
    query = [("limit", "7"), ("spreadsheet", "de")]
    answer = customer("GET", "/orders", query=query, **CSV)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'
    assert answer.text == csv_page([order_body(OFFERED, HISTORY, desk.now)], dialect_for("de"))
    link = answer.headers["Link"]
    assert link.startswith("</api/orders?limit=7&spreadsheet=de&cursor=key-1.")
    assert link.endswith('>; rel="next"')
    stores.give(order_queries, "list_orders_with_subaccounts", OrderPage([], None))
    assert "Link" not in customer("GET", "/orders", **CSV).headers
    stores.give(order_queries, "list_orders_with_subaccounts", OrderPage([], ORDER_ID))
    assert customer("GET", "/orders", **CSV).headers["Link"].startswith("</api/orders?cursor=key-1.")


def test_an_order_is_shown_with_its_version(stores: Stores, desk: Desk) -> None:
    stores.give(order_store, "get_order_for_caller", OFFERED)
    answer = customer("GET", f"/orders/{ORDER_ID}")
    assert (answer.status, answer.body) == (200, as_customer(OFFERED, desk.now))
    assert answer.headers["ETag"] == f'"{OFFERED.version}"'
    assert stores.asked == [("get_order_for_caller", "acme", ORDER_ID)]


def test_a_customers_timeline_lacks_internal_entries(stores: Stores) -> None:
    public, internal = PLACED.entries[0], PLACED.entries[0].model_copy(update={"internal": True, "sequence": 2})
    stores.give(order_store, "get_order_for_caller", OFFERED)
    stores.give(order_store, "list_entries", EntryPage([public, internal], 2))
    answer = customer("GET", f"/orders/{ORDER_ID}/timeline", query=[("limit", "2")])
    assert answer.body["items"] == [json.loads(to_json(entry_body(public)))]
    assert stores.asked == [("get_order_for_caller", "acme", ORDER_ID), ("list_entries", ORDER_ID, 2, 0)]
    next_page(customer, answer, f"/orders/{ORDER_ID}/timeline")
    assert stores.asked[-1][3] == 2


def changed(desk: Desk) -> Order:
    """The order as the table has it after the only change."""
    assert len(desk.events) == 1
    return desk.order


def test_a_customer_withdraws_an_order(stores: Stores, desk: Desk) -> None:
    desk.store(PLACED.order)
    path, body = f"/orders/{ORDER_ID}/cancel", {"reason": "Over."}
    assert customer("POST", path, body, if_match='"7"').status == 412
    answer = customer("POST", path, body, if_match='"1"')
    assert (answer.status, answer.body) == (200, as_customer(changed(desk), desk.now))
    (entry,) = desk.entries()
    assert (entry.event, entry.at, entry.actor.name) == ("order.canceled", desk.now, CUSTOMER.email)
    assert entry.data["reason"] == "Over."
    assert customer("POST", f"/orders/{ORDER_ID[:-1]}Z/cancel").status == 404


def test_a_customer_comments_on_an_order_so_often_an_hour(stores: Stores, desk: Desk) -> None:
    desk.store(PLACED.order)
    path = f"/orders/{ORDER_ID}/comment"
    assert customer("POST", path, {"text": "Hello"}, if_match='"7"').status == 412
    answer = customer("POST", path, {"text": "Hello"}, if_match='"1"')
    assert (answer.status, answer.body) == (200, as_customer(changed(desk), desk.now))
    (entry,) = desk.entries()
    assert (entry.data["text"], entry.at, entry.internal) == ("Hello", desk.now, False)
    assert (entry.actor.kind, entry.actor.name) == ("customer", CUSTOMER.email)
    assert customer("POST", path, {"text": "Hello"}).status == 429
    assert customer("POST", f"/orders/{ORDER_ID[:-1]}Z/comment", {"text": "Hello"}).status == 404


# -- quotes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asking", [customer, staff])
def test_a_quote_is_shown_as_json_or_as_its_paper(stores: Stores, desk: Desk, asking: Callable[..., Answer]) -> None:
    stores.give(order_store, "get_order_for_caller", OFFERED)
    stores.give(order_store, "get_any_order", OFFERED)
    stores.give(quote_revisions, "get_quote", OFFERED.quote)
    stores.give(quote_revisions, "find_quote_pdf", b"paper")
    path = f"{'/desk' if asking is staff else ''}/orders/{ORDER_ID}/quotes/1"
    answer = asking("GET", path)
    assert OFFERED.quote
    day = OFFERED.quote_day(desk.now)
    assert (answer.status, answer.body) == (200, json.loads(to_json(quote_body(OFFERED.quote, day))))
    read = ("get_any_order", ORDER_ID) if asking is staff else ("get_order_for_caller", "acme", ORDER_ID)
    assert stores.asked == [read, ("get_quote", OFFERED, 1)]
    paper = asking("GET", path, **PDF)
    assert (paper.status, paper.headers["Content-Type"], paper.text) == (200, "application/pdf", "cGFwZXI=")
    assert paper.headers["Cache-Control"] == "no-store"
    assert paper.headers["Content-Disposition"] == f'inline; filename="quote-{ORDER_ID}-1.pdf"'
    assert stores.does("find_quote_pdf") == [ORDER_ID, 1]


def test_a_quote_past_its_last_day_is_shown_as_expired(stores: Stores, desk: Desk) -> None:
    order = offered(valid_until="2026-11-22")
    stores.give(order_store, "get_any_order", order)
    desk.now = NOW + 24 * HOUR
    assert staff("GET", f"/desk/orders/{ORDER_ID}/quotes/1").body["state"] == "expired"


@pytest.mark.parametrize(("order", "word"), [(sending(), "still being made"), (expired(), "never sent")])
def test_a_paper_that_is_not_there_is_not_found(stores: Stores, order: Order, word: str) -> None:
    stores.give(order_store, "get_any_order", order)
    stores.give(quote_revisions, "find_quote_pdf", None)
    answer = staff("GET", f"/desk/orders/{ORDER_ID}/quotes/1", **PDF)
    assert answer.status == 404
    assert word in answer.body["detail"]


def test_a_draft_is_made_in_the_currency_that_is_asked_for(stores: Stores) -> None:
    assert OFFERED.quote
    draft = draft_from_revision(OFFERED.quote, today=date(2026, 11, 22), valid_until=date(2026, 12, 22))
    stores.give(order_store, "get_any_order", OFFERED)
    stores.give(quoting, "next_draft", draft)
    answer = staff("GET", f"/desk/orders/{ORDER_ID}/quote-draft", query=[("currency", "USD")])
    assert (answer.status, answer.body) == (200, draft.model_dump(mode="json"))
    assert answer.headers["ETag"] == f'"{OFFERED.version}"'
    assert stores.asked == [("get_any_order", ORDER_ID), ("next_draft", OFFERED, "USD")]


def test_an_order_is_quoted(stores: Stores, desk: Desk) -> None:
    stores.give(quoting, "offer_next_revision", sending())
    answer = staff("POST", f"/desk/orders/{ORDER_ID}/quote", new_quote(), if_match='"3"')
    assert (answer.status, answer.body) == (202, at_desk(sending(), desk.now))
    assert stores.asked == [("offer_next_revision", ORDER_ID, new_quote(), AGENT, frozenset({3}))]


# -- the desk's orders --------------------------------------------------------------------------------------------


def test_the_queue_is_listed_page_by_page(stores: Stores, desk: Desk) -> None:
    stores.give(order_queries, "list_desk_orders", OrderPage([claimed()], ORDER_ID))
    answer = staff("GET", "/desk/orders", query=[("limit", "7")])
    assert answer.body["items"] == [at_desk(claimed(), desk.now)]
    assert stores.does("list_desk_orders") == [OrderFilter(may_lag=True), 7, None]
    next_page(staff, answer, "/desk/orders")
    assert stores.asked[-1][3] == ORDER_ID


@pytest.mark.parametrize(("assignee", "user_id"), [("me", "u-1"), ("u-2", "u-2"), (None, None)])
def test_the_queue_has_filters(stores: Stores, assignee: str | None, user_id: str | None) -> None:
    stores.give(order_queries, "list_desk_orders", OrderPage([], None))
    query = [("open", "true"), ("account_id", "acme"), *([("assignee", assignee)] if assignee else [])]
    staff("GET", "/desk/orders", query=query)
    wanted = OrderFilter(may_lag=True, statuses=OPEN_STATUSES, assignee_id=user_id, account_id="acme")
    assert stores.does("list_desk_orders")[0] == wanted


def test_the_queue_of_one_status_is_listed(stores: Stores) -> None:
    stores.give(order_queries, "list_desk_orders", OrderPage([], None))
    staff("GET", "/desk/orders", query=[("status", "submitted")])
    assert stores.does("list_desk_orders")[0] == OrderFilter(may_lag=True, statuses=frozenset({Status.SUBMITTED}))


def test_a_direct_order_is_placed_for_the_account_that_it_names(stores: Stores, desk: Desk) -> None:
    stores.give(desk_orders, "place", Placed(ORDER_ID, '{"a": 1}'))
    stores.give(desk_orders, "preview", [{"code": "already_ordered"}])
    body = {"account_id": "acme"}
    answer = staff("POST", "/desk/orders", body, **KEY)
    assert (answer.status, answer.body, answer.headers["ETag"]) == (201, {"a": 1}, '"1"')
    assert answer.headers["Location"] == f"/api/desk/orders/{ORDER_ID}"
    assert desk.told == [("DirectOrdersPlaced", MetricUnit.Count, 1)]
    assert logger.get_current_keys()["order_id"] == ORDER_ID
    assert staff("POST", "/desk/orders/preview", body).body == {"warnings": [{"code": "already_ordered"}]}
    more = {"by": AGENT, "account_id": "acme", "caller_account_id": "acme", "source": "direct"}
    assert stores.asked == [("place", "key", body, more), ("preview", body, {**more, "by": STAFF})]


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({"items": [{"kind": "none"}]}, {"/account_id", "/items/0/kind"}),
        ({"account_id": 7, "items": []}, {"/account_id", "/items"}),
        ([], {""}),
    ],
)
def test_a_direct_order_without_an_account_has_every_error(stores: Stores, body: Any, pointers: set[str]) -> None:
    answer = staff("POST", "/desk/orders", body, **KEY)
    assert answer.status == 422
    assert {error["pointer"] for error in answer.body["errors"]} == pointers


def test_any_order_is_shown_at_the_desk(stores: Stores, desk: Desk) -> None:
    stores.give(order_store, "get_any_order", OFFERED)
    answer = staff("GET", f"/desk/orders/{ORDER_ID}")
    assert (answer.status, answer.body) == (200, at_desk(OFFERED, desk.now))
    assert answer.headers["ETag"] == f'"{OFFERED.version}"'
    assert stores.asked == [("get_any_order", ORDER_ID)]


def test_an_order_is_late_by_the_installations_patience(stores: Stores) -> None:
    for order, late_after in ((PLACED.order, "2026-11-23T06:00"), (claimed(), "2026-11-23T16:00")):
        stores.give(order_store, "get_any_order", order)
        assert staff("GET", f"/desk/orders/{ORDER_ID}").body["late_after"].startswith(late_after)


def test_the_desks_timeline_has_every_entry(stores: Stores) -> None:
    internal = PLACED.entries[0].model_copy(update={"internal": True})
    stores.give(order_store, "locate_order", AT)
    stores.give(order_store, "list_entries", EntryPage([internal], 5))
    answer = staff("GET", f"/desk/orders/{ORDER_ID}/timeline", query=[("limit", "2")])
    assert answer.body["items"] == [json.loads(to_json(entry_body(internal)))]
    assert stores.asked == [("locate_order", ORDER_ID), ("list_entries", ORDER_ID, 2, 0)]
    next_page(staff, answer, f"/desk/orders/{ORDER_ID}/timeline")
    assert stores.asked[-1][3] == 5


def test_the_evidence_of_an_order_is_shown_page_by_page(stores: Stores) -> None:
    evidence = Evidence(
        sequence=3,
        at=NOW,
        decision="approve",
        name="Connie",
        recipient="connie@acme.example",
        address=None,
        agent=None,
        revision=1,
        sha256="hash",
    )
    stores.give(order_store, "locate_order", AT)
    stores.give(evidence_store, "list_evidence", EvidencePage([evidence], 3))
    answer = staff("GET", f"/desk/orders/{ORDER_ID}/evidence", query=[("limit", "2")])
    assert answer.body["items"] == [evidence.model_dump(mode="json")]
    assert stores.asked == [("locate_order", ORDER_ID), ("list_evidence", ORDER_ID, 2, 0)]
    next_page(staff, answer, f"/desk/orders/{ORDER_ID}/evidence")
    assert stores.asked[-1][3] == 3


def test_the_mails_about_an_order_are_shown_page_by_page(stores: Stores) -> None:
    found = SentMail(kind="approved", recipient=None, sent_at=NOW, state="delayed", state_at=NOW + HOUR, sequence=4)
    stores.give(order_store, "locate_order", AT)
    stores.give(sent_mail_store, "list_mails", SentMailPage([found], "000004#approved#contact"))
    answer = staff("GET", f"/desk/orders/{ORDER_ID}/mails", query=[("limit", "2")])
    assert answer.body["items"] == [
        {
            "kind": "approved",
            "recipient": None,
            "sent_at": "2026-11-22T10:00:00.000Z",
            "state": "delayed",
            "state_at": "2026-11-22T11:00:00.000Z",
            "sequence": 4,
        }
    ]
    assert stores.asked == [("locate_order", ORDER_ID), ("list_mails", ORDER_ID, 2, None)]
    next_page(staff, answer, f"/desk/orders/{ORDER_ID}/mails")
    assert stores.asked[-1][3] == "000004#approved#contact"


ACTIONS: dict[str, tuple[Order, Json | None, int, str, Json]] = {
    "claim": (PLACED.order, None, 200, "order.claimed", {"assignee": "u-1"}),
    "release": (claimed(), None, 200, "order.released", {}),
    "decline": (claimed(), {"reason": "Over."}, 200, "order.canceled", {"reason": "Over.", "by": "customer_success"}),
    "comment": (claimed(), {"text": "Hello", "internal": True}, 200, "order.commented", {"text": "Hello"}),
    "quote/undo": (held(), None, 200, "quote.undone", {"revision": 1}),
    "resend": (OFFERED, {"contact": CARLA.model_dump()}, 202, "quote.resent", {"recipient": CARLA.email}),
    "hand-over": (WAITING, {"decision": "approve"}, 200, "order.handed_over", {"recipient": CARLA.email}),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_taken_by_whoever_asks_on_the_version_that_is_named(
    stores: Stores, desk: Desk, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    order, body, status, event, data = ACTIONS[action]
    monkeypatch.setattr(desk_orders, "current_duplicates", lambda order, at: ())
    desk.now = NOW + HOLD / 2
    desk.store(order)
    stores.give(order_store, "locate_order", AT)
    path = f"/desk/orders/{ORDER_ID}/{action}"
    assert staff("POST", path, body, if_match='"77"').status == 412
    answer = staff("POST", path, body, if_match=f'"{order.version}"')
    assert (answer.status, answer.body) == (status, at_desk(changed(desk), desk.now))
    (entry,) = desk.entries()
    assert (entry.event, entry.at) == (event, desk.now)
    assert (entry.actor.kind, entry.actor.name) == ("customer_success", STAFF.email)
    assert entry.data.items() >= data.items()
    assert stores.asked[-1] == ("locate_order", ORDER_ID)


def test_a_comment_of_the_desk_is_public_unless_it_says_otherwise(stores: Stores, desk: Desk) -> None:
    desk.store(claimed())
    stores.give(order_store, "locate_order", AT)
    for body in ({"text": "Hello"}, {"text": "Hello", "internal": True}):
        staff("POST", f"/desk/orders/{ORDER_ID}/comment", body)
    assert [entry.internal for entry in desk.entries()] == [False, True]


def test_duplicates_are_looked_for_when_an_order_is_claimed_first(
    stores: Stores, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = (Duplicate(item_id="1", code="already_ordered", order_id=ORDER_ID, source="online", placed_at=NOW),)
    looked: list[Any] = []

    def current(order: Order, at: Any) -> tuple[Duplicate, ...]:
        looked.append((order, at))
        return found

    monkeypatch.setattr(desk_orders, "current_duplicates", current)
    stores.give(order_store, "locate_order", AT)
    desk.store(PLACED.order)
    staff("POST", f"/desk/orders/{ORDER_ID}/claim")
    assert (desk.order.duplicates, looked) == (found, [(PLACED.order, desk.now)])
    desk.store(claimed().release(CLARA, NOW).order)
    desk.table.items = {key: item for key, item in desk.table.items.items() if "ENTRY" not in key[1]}
    staff("POST", f"/desk/orders/{ORDER_ID}/claim")
    assert (desk.order.assignee, len(looked)) == (STAFF, 1)


# -- accounts -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("query", "account_id"), [([], "acme"), ([("account_id", "sub")], "sub")])
def test_an_account_is_shown_to_its_own_and_to_its_reseller(stores: Stores, query: Any, account_id: str) -> None:
    stores.give(account_store, "get_account_for_caller", account_of())
    answer = customer("GET", "/account", query=query)
    assert (answer.status, answer.body) == (200, account_of().model_dump(mode="json"))
    assert stores.asked == [("get_account_for_caller", "acme", account_id)]


@pytest.mark.parametrize(
    ("asking", "path", "name", "given"),
    [
        (customer, "/accounts", "list_subaccounts", ("acme",)),
        (staff, "/desk/accounts", "list_accounts", ()),
    ],
)
def test_accounts_are_listed_page_by_page(
    stores: Stores, asking: Callable[..., Answer], path: str, name: str, given: tuple[str, ...]
) -> None:
    stores.give(account_store, name, AccountPage([account_of()], "acme"))
    answer = asking("GET", path, query=[("limit", "2")])
    assert answer.body["items"] == [account_of().model_dump(mode="json")]
    assert stores.asked == [(name, *given, 2, None)]
    next_page(asking, answer, path)
    assert stores.asked[-1][-1] == "acme"


@pytest.mark.parametrize("more", [{}, {"account_id": "sub"}])
def test_a_contact_is_reported_of_the_own_account_or_a_sub_account(stores: Stores, desk: Desk, more: Json) -> None:
    stores.give(account_store, "get_account_for_caller", account_of())
    stores.give(contact_report_store, "store_report", None)
    answer = customer("POST", "/account/contact-report", {"text": "She left.", **more})
    assert (answer.status, answer.body) == (202, account_of().model_dump(mode="json"))
    report = ContactReport(text="She left.", **more)
    assert stores.asked == [
        ("get_account_for_caller", "acme", more.get("account_id", "acme"), {"changed_by": WRITER}),
        ("store_report", "acme", CUSTOMER, report, desk.now),
    ]


def test_any_account_is_shown_with_its_version(stores: Stores) -> None:
    stores.give(account_store, "get_stored_account", StoredAccount(account_of(), 4, "clara"))
    answer = staff("GET", "/desk/accounts/acme")
    assert (answer.status, answer.body) == (200, account_of().model_dump(mode="json"))
    assert answer.headers["ETag"] == '"4"'
    assert stores.asked == [("get_stored_account", "acme")]


def test_an_account_is_replaced_under_the_conditions_that_are_sent(stores: Stores) -> None:
    stores.give(account_store, "replace_account", StoredAccount(account_of(), 5, "clara"))
    answer = staff("PUT", "/desk/accounts/acme", {"name": "Acme"}, if_match='"4"')
    assert (answer.status, answer.body, answer.headers["ETag"]) == (200, account_of().model_dump(mode="json"), '"5"')
    account_id, body, by, check = stores.does("replace_account")
    assert (account_id, body, by) == ("acme", {"name": "Acme"}, ACCOUNT_MANAGER)
    assert check(4) is None
    with pytest.raises(Exception, match="account acme"):
        check(None)
    stores.asked.clear()
    staff("PUT", "/desk/accounts/acme", {"name": "Acme"}, if_none_match="*")
    *_, check = stores.does("replace_account")
    assert check(None) is None
    with pytest.raises(Exception, match="account acme"):
        check(4)


# -- price lists --------------------------------------------------------------------------------------------------

PRICE = {"kind": "socket", "variant": None, "description": "Socket", "unit_price": "1.50", "recurrence": "monthly"}
PRICES = parse_prices({"prices": [PRICE]}, "EUR")
ACME, PARTNERS = PriceScope("acme"), PriceScope(group="partners")
LIST = PriceList(currency="EUR", version=2, updated_at=NOW, prices=PRICES)


def test_price_lists_are_listed_page_by_page(stores: Stores) -> None:
    row = PriceListRow("EUR", EVERYBODY, 2, "2026-11-22T10:00:00.000Z", 1)
    stores.give(price_store, "list_price_lists", PriceListPage([row], "EUR"))
    answer = staff("GET", "/desk/price-lists", query=[("limit", "2")])
    assert answer.body["items"] == [{"currency": "EUR", "version": 2, "updated_at": row.updated_at, "prices": 1}]
    assert stores.asked == [("list_price_lists", 2, None, "default", EVERYBODY)]
    next_page(staff, answer, "/desk/price-lists")
    assert stores.asked[-1][2] == "EUR"


@pytest.mark.parametrize(
    ("query", "directory", "scope"),
    [
        (("scope", "account"), "account", EVERYBODY),
        (("scope", "group"), "group", EVERYBODY),
        (("account_id", "acme"), "account", ACME),
        (("group", "partners"), "group", PARTNERS),
    ],
    ids=str,
)
def test_lists_of_accounts_and_groups_are_listed_with_whose_they_are(
    stores: Stores, query: tuple[str, str], directory: str, scope: PriceScope
) -> None:
    of = PARTNERS if directory == "group" else ACME
    row = PriceListRow("EUR", of, 2, "2026-11-22T10:00:00.000Z", 1)
    stores.give(price_store, "list_price_lists", PriceListPage([row], row.position))
    answer = staff("GET", "/desk/price-lists", query=[query])
    (body,) = answer.body["items"]
    assert {"currency": "EUR", "version": 2}.items() <= body.items()
    assert [body.get(name) for name in ("account_id", "group")] == [*of]
    assert stores.asked == [("list_price_lists", 25, None, directory, scope)]
    next_page(staff, answer, "/desk/price-lists", query)
    assert stores.asked[-1][2] == ("partners#EUR" if directory == "group" else "acme#EUR")


def test_a_price_list_is_shown_as_json_or_as_a_table(stores: Stores) -> None:
    stores.give(price_store, "find_price_list", LIST)
    answer = staff("GET", "/desk/price-lists/EUR")
    assert (answer.status, answer.body, answer.headers["ETag"]) == (200, LIST.model_dump(mode="json"), '"2"')
    table = staff("GET", "/desk/price-lists/EUR", query=[("spreadsheet", "de")], **CSV)
    assert (table.text, table.headers["ETag"]) == (prices_csv(PRICES, dialect_for("de")), '"2"')
    assert table.headers["Content-Disposition"] == 'attachment; filename="prices-EUR.csv"'
    assert stores.asked == [("find_price_list", "EUR", EVERYBODY)] * 2
    stores.give(price_store, "find_price_list", None)
    missing = staff("GET", "/desk/price-lists/EUR")
    assert (missing.status, "EUR" in missing.body["detail"]) == (404, True)


def test_a_list_of_an_account_or_a_group_is_read_written_and_looked_up_in_its_versions(stores: Stores) -> None:
    of_acme = LIST.model_copy(update={"account_id": "acme"})
    stores.give(price_store, "find_price_list", of_acme)
    stores.give(price_store, "replace_price_list", of_acme)
    stores.give(version_store, "list_versions", None)
    stores.give(version_store, "find_version", None)
    where, acme, partners = "/desk/price-lists/EUR", ("account_id", "acme"), ("group", "partners")
    assert staff("GET", where, query=[acme]).body == of_acme.model_dump(mode="json")
    table = staff("GET", where, query=[partners], **CSV)
    assert table.headers["Content-Disposition"] == 'attachment; filename="prices-EUR-partners.csv"'
    assert [each[2] for each in stores.asked] == [ACME, PARTNERS]
    staff("PUT", where, {"prices": [PRICE]}, query=[partners])
    assert stores.does("replace_price_list")[-1] == PARTNERS
    missing = staff("GET", f"{where}/versions", query=[acme])
    assert (missing.status, missing.body["detail"]) == (404, "There is no price list of the account acme in EUR.")
    staff("GET", f"{where}/versions/7", query=[partners])
    assert [each[1] for each in stores.asked[-2:]] == [prices_key("EUR", *ACME), prices_key("EUR", *PARTNERS)]


@pytest.mark.parametrize("path", ["", "/EUR", "/EUR/versions", "/EUR/versions/1"])
def test_a_list_is_not_of_an_account_and_of_a_group(stores: Stores, path: str) -> None:
    queries = [[("account_id", "acme"), ("group", "partners")]]
    if not path:
        queries += [[("scope", "account"), ("account_id", "acme")], [("scope", "default")]]
    for query in queries:
        answer = staff("GET", f"/desk/price-lists{path}", query=query)
        assert (answer.status, answer.body["code"]) == (400, "invalid_query")
    for query in ([("account_id", "a#b")], [("group", "")]):
        assert staff("GET", f"/desk/price-lists{path}", query=query).status == 404


@pytest.mark.parametrize("is_csv", [False, True])
def test_a_price_list_is_replaced_under_the_conditions_that_are_sent(stores: Stores, is_csv: bool) -> None:
    stores.give(price_store, "replace_price_list", LIST)
    body: Any = prices_csv(PRICES, dialect_for(None)) if is_csv else {"prices": [PRICE]}
    answer = staff(
        "PUT", "/desk/price-lists/EUR", body, if_match='"2"', **({"content_type": "text/csv"} if is_csv else {})
    )
    assert (answer.status, answer.body, answer.headers["ETag"]) == (200, LIST.model_dump(mode="json"), '"2"')
    currency, parse, by, check, scope = stores.does("replace_price_list")
    assert (currency, parse(shipped(), ()), by, scope) == ("EUR", PRICES, PRICE_MANAGER, EVERYBODY)
    assert check(2) is None
    with pytest.raises(Exception, match="price list in EUR"):
        check(None)
    stores.asked.clear()
    staff("PUT", "/desk/price-lists/EUR", {"prices": [PRICE]}, if_none_match="*")
    *_, check, _ = stores.does("replace_price_list")
    with pytest.raises(Exception, match="price list in EUR"):
        check(2)


def test_an_amount_is_judged_in_the_lists_currency(stores: Stores) -> None:
    stores.give(price_store, "replace_price_list", LIST)
    for body, headers in (
        ({"prices": [PRICE]}, {}),
        (prices_csv(PRICES, dialect_for(None)), {"content_type": "text/csv"}),
    ):
        stores.asked.clear()
        staff("PUT", "/desk/price-lists/JPY", body, **headers)
        _, parse, *_ = stores.does("replace_price_list")
        with pytest.raises(Invalid):
            parse(shipped(), ())


@pytest.mark.parametrize("is_csv", [False, True])
def test_prices_that_the_list_has_may_stay_in_it(stores: Stores, is_csv: bool) -> None:
    stores.give(price_store, "replace_price_list", LIST)
    gone = (PRICES[0].model_copy(update={"kind": "telephone"}),)
    body: Any = prices_csv(gone) if is_csv else {"prices": [gone[0].model_dump(mode="json")]}
    staff("PUT", "/desk/price-lists/EUR", body, **({"content_type": "text/csv"} if is_csv else {}))
    _, parse, *_ = stores.does("replace_price_list")
    assert parse(shipped(), gone) == gone
    with pytest.raises(Invalid):
        parse(shipped(), ())


# -- versions -----------------------------------------------------------------------------------------------------

VERSIONS = [
    (
        "/desk/accounts/acme",
        account_key("acme"),
        account_of().model_dump_json(),
        {"enrollment": account_of().model_dump(mode="json")["enrollment"]},
        {"account": account_of().model_dump(mode="json")},
        "account acme",
    ),
    (
        "/desk/price-lists/EUR",
        prices_key("EUR"),
        LIST.model_dump_json(),
        {"prices": 1},
        {"price_list": LIST.model_dump(mode="json")},
        "price list in EUR",
    ),
]


@pytest.mark.parametrize(("path", "key", "document", "row", "whole", "name"), VERSIONS, ids=["account", "prices"])
def test_versions_are_listed_and_shown(
    stores: Stores, path: str, key: Json, document: str, row: Json, whole: Json, name: str
) -> None:
    version = Version(7, "2026-11-22T10:00:00Z", "clara", ["/name"], document)
    told = {"version": 7, "at": "2026-11-22T10:00:00Z", "by": "clara", "changed": ["/name"]}
    stores.give(version_store, "list_versions", VersionPage([version], 7))
    stores.give(version_store, "find_version", version)
    answer = staff("GET", f"{path}/versions", query=[("limit", "2")])
    assert answer.body["items"] == [{**told, **row}]
    assert stores.asked == [("list_versions", key, 2, None)]
    next_page(staff, answer, f"{path}/versions")
    assert stores.asked[-1][-1] == 7
    assert staff("GET", f"{path}/versions/7").body == {**told, **whole}
    assert stores.asked[-1] == ("find_version", key, 7)
    stores.give(version_store, "list_versions", None)
    stores.give(version_store, "find_version", None)
    missing = staff("GET", f"{path}/versions")
    assert (missing.status, name in missing.body["detail"]) == (404, True)
    assert staff("GET", f"{path}/versions/7").status == 404


# -- what the build generates -------------------------------------------------------------------------------------


def test_the_description_of_the_api_is_the_generated_one(stores: Stores) -> None:
    answer = customer("GET", "/openapi.json")
    generated = files("online_orders") / "generated" / "openapi.json"
    assert (answer.status, answer.text) == (200, generated.read_text("utf-8"))


def test_the_catalog_is_that_of_the_account_and_to_others_what_is_for_everybody(stores: Stores) -> None:
    everything = catalog_body(shipped())
    for account in (account_of(), None):
        stores.give(account_store, "find_offer", account_store.Offer(shipped(), account))
        assert customer("GET", "/catalog").body == json.loads(to_json(everything))
    assert stores.asked == [("find_offer", "acme")] * 2
    stores.give(account_store, "get_offer", account_store.Offer(shipped(), account_of()))
    assert customer("GET", "/catalog", query=[("account_id", "sub")]).status == 200
    assert stores.does("get_offer") == ["acme", "sub"]


def test_where_the_catalog_shows_prices_those_of_the_account_come_along(stores: Stores) -> None:
    showing, account = Catalog.from_document({**shipped().document, "show_prices": True}, 1), account_of()
    everything = json.loads(to_json(catalog_body(showing)))
    prices = [{"kind": "socket", "unit_price": "10.00"}]
    stores.give(price_store, "indicative_prices", prices)
    stores.give(account_store, "find_offer", account_store.Offer(showing, account))
    assert customer("GET", "/catalog").body == {**everything, "currency": "EUR", "prices": prices}
    priced, catalog = stores.does("indicative_prices")
    assert (priced, catalog.version) == (account, 1)
    stores.give(account_store, "find_offer", account_store.Offer(showing, None))
    assert customer("GET", "/catalog").body == everything
