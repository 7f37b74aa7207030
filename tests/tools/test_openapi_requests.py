"""The document and the code accept the same bodies, up to the rules that a schema cannot say."""

from collections.abc import Callable
from typing import Any

import pytest

from online_orders.domain.accounts import ContactReport, parse_account
from online_orders.domain.catalog import MAX_ITEMS
from online_orders.domain.errors import Invalid
from online_orders.domain.field_errors import validate
from online_orders.domain.order_requests import NewComment, Reason
from online_orders.domain.prices import MAX_PRICES, parse_prices
from online_orders.domain.quote_requests import MAX_LINES, NewQuote
from online_orders.domain.staff_requests import NeededReason, NewDeskComment, Resending
from online_orders.http.app import Nothing
from tests.shipped_catalog import ACCESSORY_TYPES, BANDWIDTH_STEPS, LIMITS, REGIONS, SOCKET_MODELS
from tests.tools.described import faults, schema
from tools.openapi import examples

Body = dict[str, Any]
SOCKET: Body = {"kind": "socket", "site_id": "berlin", "model": "X1500", "quantity": 1, "start_date": "2027-01-05"}
BANDWIDTH: Body = examples.EVERY_KIND["items"][0]
USERS: Body = examples.EVERY_KIND["items"][4]
ACCESSORY: Body = examples.EVERY_KIND["items"][5]
ADDRESSES: Body = examples.ADDRESSES["items"][0]
LINE: Body = examples.QUOTE["lines"][0]
PRICE: Body = examples.PRICES["prices"][1]
SITE: Body = examples.ACCOUNT["sites"][0]
CONTACT: Body = examples.ACCOUNT["enrollment"]["contact"]

CODE: dict[str, Callable[[Any], Any]] = {
    "OrderRequest": examples.placed,
    "NewQuote": lambda body: validate(NewQuote, body),
    "PriceListRequest": lambda body: parse_prices(body, "EUR"),
    "AccountRequest": lambda body: parse_account("northwind", body),
    "ContactReport": lambda body: validate(ContactReport, body),
    "Reason": lambda body: validate(Reason, body),
    "NeededReason": lambda body: validate(NeededReason, body),
    "NewComment": lambda body: validate(NewComment, body),
    "NewDeskComment": lambda body: validate(NewDeskComment, body),
    "Resending": lambda body: validate(Resending, body),
    "Nothing": lambda body: validate(Nothing, body),
}


def order(*items: Any, **more: Any) -> Body:
    return {"items": list(items), **more}


def quote(*lines: Any, **more: Any) -> Body:
    return {**examples.QUOTE, "lines": list(lines), **more}


def prices(*listed: Any, **more: Any) -> Body:
    return {"prices": list(listed), **more}


def account(**changes: Any) -> Body:
    return {**examples.ACCOUNT, **changes}


def site(**changes: Any) -> Body:
    return account(sites=[{**SITE, **changes}])


def contact(**changes: Any) -> Body:
    return account(enrollment={"letter_received_on": "2026-01-15", "contact": {**CONTACT, **changes}})


TAX = {"treatment": "rate", "label": "VAT", "rate": "19"}
SOUND: list[tuple[str, Any]] = [
    ("OrderRequest", examples.EVERY_KIND),
    ("OrderRequest", order(*[ADDRESSES] * MAX_ITEMS)),
    ("OrderRequest", order(ADDRESSES, account_id=None, purchase_order_number=None, note=None)),
    ("OrderRequest", order(ADDRESSES, note="x" * 2_000, purchase_order_number="x" * 64)),
    ("OrderRequest", order(ADDRESSES, note="", purchase_order_number="  ")),
    ("OrderRequest", order(ADDRESSES, note="two\nlines\tand a tab")),
    *(("OrderRequest", order({**SOCKET, "model": model})) for model in SOCKET_MODELS),
    *(("OrderRequest", order({**USERS, "region": region})) for region in REGIONS),
    *(("OrderRequest", order({**ACCESSORY, "accessory_type": each})) for each in ACCESSORY_TYPES),
    *(("OrderRequest", order({**BANDWIDTH, "bandwidth_mbps": step})) for step in BANDWIDTH_STEPS if step > 100),
    *(
        ("OrderRequest", order({**item, "quantity": quantity}))
        for item in (SOCKET, ADDRESSES, USERS, ACCESSORY)
        for quantity in (1, LIMITS[item["kind"]])
    ),
    ("NewQuote", examples.QUOTE),
    ("NewQuote", quote(*[LINE] * MAX_LINES)),
    ("NewQuote", quote({**LINE, "unit_price": 10})),
    ("NewQuote", quote({**LINE, "unit_price": "999999999999.999", "quantity": 1_000_000})),
    ("NewQuote", quote({**LINE, "unit_price": "-1", "item_id": None, "description": "x" * 200})),
    ("NewQuote", quote({"description": "x", "quantity": 1, "unit_price": "1", "recurrence": "yearly"})),
    ("NewQuote", quote(LINE, message="x" * 2_000, terms="x" * 10_000, currency="JPY")),
    ("NewQuote", quote(LINE, message="", terms="", currency=None)),
    ("NewQuote", quote(LINE, confirmed_start_dates={str(number): "2027-01-05" for number in range(1, 51)})),
    ("NewQuote", quote(LINE, unpriced=["1"])),
    ("NewQuote", quote({**LINE, "starts_on": "2027-02-10", "term_months": 120, "prorate": True, "message": "x" * 500})),
    ("NewQuote", quote({**LINE, "starts_on": None, "ends_on": None, "term_months": None, "message": " "})),
    ("NewQuote", quote({**LINE, "discount": {"percent": "33.3333"}, "unit_cost": "0"})),
    ("NewQuote", quote({**LINE, "discount": {"amount": "0.01", "percent": None}, "unit_cost": 7})),
    ("NewQuote", quote({**LINE, "optional": True, "selected": True, "option_group": "a.b-c_1"})),
    ("NewQuote", quote({**LINE, "tax": {**TAX, "rate": "100"}}, {**LINE, "tax": {**TAX, "rate": 0}})),
    ("NewQuote", quote(LINE, tax={"treatment": "exempt", "label": "x" * 40, "sentence": "x" * 300})),
    ("NewQuote", quote(LINE, discount={"amount": "1.00", "recurrence": "once"}, common_end_on="2027-12-31")),
    ("NewQuote", quote(LINE, discount=None, common_end_on=None, tax=None)),
    ("PriceListRequest", examples.PRICES),
    ("PriceListRequest", prices()),
    ("PriceListRequest", prices(currency="JPY", version="ignored", updated_at=None)),
    ("PriceListRequest", prices({**PRICE, "variant": ""}, {**PRICE, "unit_price": 10, "recurrence": "once"})),
    ("PriceListRequest", prices({name: value for name, value in PRICE.items() if name != "variant"})),
    ("PriceListRequest", prices({**PRICE, "description": "x" * 100, "unit_price": "999999999999.99"})),
    ("PriceListRequest", prices({**PRICE, "valid_from": "2027-01-01", "from_quantity": 2})),
    ("PriceListRequest", prices({**PRICE, "valid_from": None, "from_quantity": None}, account_id="acme", group=7)),
    ("AccountRequest", examples.ACCOUNT),
    ("AccountRequest", examples.NEW_ACCOUNT),
    ("AccountRequest", account(account_id=["ignored"])),
    ("AccountRequest", {name: examples.ACCOUNT[name] for name in ("name", "currency", "time_zone")}),
    ("AccountRequest", account(sites=[{**SITE, "site_id": f"s{number}"} for number in range(500)])),
    ("AccountRequest", site(site_id="x" * 64, address="x" * 500, sockets=[{"model": "X1500", "quantity": 1}] * 20)),
    ("AccountRequest", site(address=None, license=None, sockets=[])),
    ("AccountRequest", site(address="")),
    ("AccountRequest", contact(name="x" * 200)),
    ("ContactReport", {"text": "x" * 2_000}),
    ("Reason", {}),
    ("Reason", {"reason": None}),
    ("Reason", {"reason": " "}),
    ("Reason", {"reason": "x" * 1_000}),
    ("NeededReason", {"reason": "x" * 1_000}),
    ("NewComment", {"text": "x" * 2_000}),
    ("NewDeskComment", {"text": "x", "internal": True}),
    ("NewDeskComment", {"text": "x"}),
    ("Resending", {}),
    ("Resending", {"contact": None}),
    ("Resending", examples.RESENDING),
    ("Nothing", {}),
]
UNSOUND: list[tuple[str, Any]] = [
    ("OrderRequest", []),
    ("OrderRequest", {}),
    ("OrderRequest", order()),
    ("OrderRequest", order(*[ADDRESSES] * (MAX_ITEMS + 1))),
    ("OrderRequest", order("ip_addresses")),
    ("OrderRequest", order({**ADDRESSES, "kind": "toaster"})),
    ("OrderRequest", order({name: value for name, value in ADDRESSES.items() if name != "kind"})),
    ("OrderRequest", order({**ADDRESSES, "site_id": "berlin"})),
    ("OrderRequest", order({**ADDRESSES, "start_date": "2027-1-5"})),
    ("OrderRequest", order({**ADDRESSES, "start_date": "2027-02-30"})),
    ("OrderRequest", order({**ADDRESSES, "start_date": "2027-01-05T00:00:00Z"})),
    ("OrderRequest", order({**ADDRESSES, "start_date": 1_800_000_000})),
    ("OrderRequest", order({**BANDWIDTH, "bandwidth_mbps": 123})),
    ("OrderRequest", order({**BANDWIDTH, "site_id": "a b"})),
    ("OrderRequest", order({**SOCKET, "model": "X1600"})),
    ("OrderRequest", order({**USERS, "region": "moon"})),
    ("OrderRequest", order({**ACCESSORY, "accessory_type": "cable"})),
    ("OrderRequest", order(ADDRESSES, note="x" * 2_001)),
    ("OrderRequest", order(ADDRESSES, note="bell\x07")),
    ("OrderRequest", order(ADDRESSES, purchase_order_number="x" * 65)),
    ("OrderRequest", order(ADDRESSES, purchase_order_number="two\nlines")),
    ("OrderRequest", order(ADDRESSES, purchase_order_number=7)),
    ("OrderRequest", order(ADDRESSES, colour="red")),
    *(
        ("OrderRequest", order({**item, "quantity": quantity}))
        for item in (SOCKET, ADDRESSES, USERS, ACCESSORY)
        for quantity in (0, LIMITS[item["kind"]] + 1, "1", 1.5, True, None)
    ),
    ("NewQuote", quote()),
    ("NewQuote", quote(*[LINE] * (MAX_LINES + 1))),
    ("NewQuote", quote({**LINE, "amount": "40.00"})),
    ("NewQuote", quote({**LINE, "unit_price": "1000000000000"})),
    ("NewQuote", quote({**LINE, "unit_price": 1_000_000_000_000})),
    ("NewQuote", quote({**LINE, "unit_price": "ten"})),
    ("NewQuote", quote({**LINE, "unit_price": "NaN"})),
    ("NewQuote", quote({**LINE, "unit_price": None})),
    ("NewQuote", quote({**LINE, "quantity": 1_000_001})),
    ("NewQuote", quote({**LINE, "description": "x" * 201})),
    ("NewQuote", quote({**LINE, "description": " "})),
    ("NewQuote", quote({**LINE, "recurrence": "weekly"})),
    ("NewQuote", quote(LINE, message="x" * 2_001)),
    ("NewQuote", quote(LINE, terms="x" * 10_001)),
    ("NewQuote", quote(LINE, currency="ZZZ")),
    ("NewQuote", quote(LINE, valid_until="soon")),
    *(
        ("NewQuote", quote({**LINE, **changes}))
        for changes in (
            {"starts_on": "soon"},
            {"ends_on": "2027-02-30"},
            {"term_months": 0},
            {"term_months": 121},
            {"term_months": "12"},
            {"prorate": "yes"},
            {"optional": None},
            {"selected": 1},
            {"option_group": "a b"},
            {"message": "x" * 501},
            {"unit_cost": "-1"},
            {"unit_cost": -1},
            {"discount": {"percent": 0}},
            {"discount": {"percent": 101}},
            {"discount": {"percent": "5.00001"}},
            {"discount": {"amount": "-1"}},
            {"discount": {"amount": 0}},
            {"discount": {"recurrence": "once"}},
            {"discount": "5"},
            {"tax": {"treatment": "free", "label": "VAT"}},
            {"tax": {"treatment": "exempt"}},
            {"tax": {**TAX, "rate": "-1"}},
            {"tax": {**TAX, "rate": 101}},
            {"tax": {**TAX, "rate": "1.0001"}},
            {"tax": {**TAX, "label": "x" * 41}},
            {"list_amount": "1"},
        )
    ),
    ("NewQuote", quote(LINE, discount={"amount": "1", "recurrence": "weekly"})),
    ("NewQuote", quote(LINE, common_end_on="soon")),
    ("NewQuote", quote(LINE, tax="VAT")),
    ("NewQuote", quote(LINE, confirmed_start_dates={str(number): "2027-01-05" for number in range(51)})),
    ("PriceListRequest", {}),
    ("PriceListRequest", prices(*[PRICE] * (MAX_PRICES + 1))),
    ("PriceListRequest", prices({**PRICE, "kind": "toaster"})),
    ("PriceListRequest", prices({**PRICE, "variant": 1500})),
    ("PriceListRequest", prices({**PRICE, "description": "x" * 101})),
    ("PriceListRequest", prices({**PRICE, "unit_price": "ten"})),
    ("PriceListRequest", prices({**PRICE, "recurrence": "weekly"})),
    ("PriceListRequest", prices({**PRICE, "quantity": 1})),
    ("PriceListRequest", prices({**PRICE, "valid_from": "1.1.2027"})),
    ("PriceListRequest", prices({**PRICE, "from_quantity": 1})),
    ("PriceListRequest", prices({**PRICE, "from_quantity": "10"})),
    ("PriceListRequest", prices(color="red")),
    ("AccountRequest", account(name="")),
    ("AccountRequest", account(name="x" * 201)),
    ("AccountRequest", account(locale="fr")),
    ("AccountRequest", account(currency="EURO")),
    ("AccountRequest", account(time_zone="Europe/Atlantis")),
    ("AccountRequest", account(parent_account_id="a b")),
    ("AccountRequest", account(sites=[{**SITE, "site_id": f"s{number}"} for number in range(501)])),
    ("AccountRequest", account(status="gold")),
    ("AccountRequest", site(country="XX")),
    ("AccountRequest", site(site_id="x" * 65)),
    ("AccountRequest", site(address="x" * 501)),
    ("AccountRequest", site(license={"bandwidth_mbps": 0, "starts_on": "2026-01-01"})),
    ("AccountRequest", site(sockets=[{"model": "X1500", "quantity": 1}] * 21)),
    ("AccountRequest", site(sockets=[{"model": 1600, "quantity": 1}])),
    ("AccountRequest", contact(email="nobody")),
    ("AccountRequest", contact(email="a@" + "x" * 64 + ".example")),
    ("AccountRequest", contact(name=" ")),
    ("AccountRequest", account(enrollment={"contact": CONTACT})),
    ("ContactReport", {"text": "x" * 2_001}),
    ("ContactReport", {"text": " \n"}),
    ("ContactReport", {}),
    ("Reason", {"reason": "x" * 1_001}),
    ("Reason", {"why": "x"}),
    ("NeededReason", {"reason": " "}),
    ("NeededReason", {}),
    ("NewComment", {"text": "x", "internal": True}),
    ("NewComment", {"text": "x" * 2_001}),
    ("NewDeskComment", {"text": "x", "internal": "yes"}),
    ("Resending", {"contact": {"name": "Robin"}}),
    ("Nothing", {"reason": "x"}),
    ("Nothing", []),
]


def _refused(name: str, body: Any) -> bool:
    try:
        CODE[name](body)
    except Invalid:
        return True
    return False


@pytest.mark.parametrize(("name", "body"), SOUND)
def test_what_the_schema_allows_is_accepted(name: str, body: Any) -> None:
    assert faults(body, schema(name)) == []
    assert not _refused(name, body)


@pytest.mark.parametrize(("name", "body"), UNSOUND)
def test_what_the_schema_forbids_is_refused(name: str, body: Any) -> None:
    assert faults(body, schema(name))
    assert _refused(name, body)
