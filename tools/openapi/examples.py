"""Make the document's examples from the story of one order: the document shows what the code really returns."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Literal, NamedTuple

from online_orders.domain import audit, hand_over, order_delivery, proposals, questions
from online_orders.domain.accounts import READ_ONLY, Account, Contact, parse_account
from online_orders.domain.attachments import Attachment, Upload
from online_orders.domain.catalog import Catalog, catalog_body, shipped
from online_orders.domain.certificates import Certificate, PublicKey, Signature, certificate_document
from online_orders.domain.discounts import costs_of, judge
from online_orders.domain.errors import FieldError, OnlineOrdersError
from online_orders.domain.evidence import Evidence, evidence_of
from online_orders.domain.figures import Dimension, Figures, figures_row
from online_orders.domain.mail_kinds import MailKind
from online_orders.domain.mail_preferences import notifications_body
from online_orders.domain.messages import Judgment, Message
from online_orders.domain.order_parts import User
from online_orders.domain.order_requests import parse_order
from online_orders.domain.orders import Change, Order
from online_orders.domain.people import Membership, Person, PersonState, person_row
from online_orders.domain.prices import (
    EVERYBODY,
    PriceList,
    PriceScope,
    QuoteDraft,
    draft_from_prices,
    parse_prices,
    prices_csv,
)
from online_orders.domain.proposals import DiscountPolicy
from online_orders.domain.quote_requests import parse_quote
from online_orders.domain.quotes import Quote
from online_orders.domain.representations import desk_row, entry_body, order_body, quote_body
from online_orders.domain.roles import DESK, PERMISSIONS, Role, side_of
from online_orders.domain.sent_mails import SentMail
from online_orders.domain.service_users import NewServiceUser, create, service_user_row
from online_orders.domain.timeline import Actor, Entry
from online_orders.domain.values import instant_text
from online_orders.http import problems

Examples = Mapping[str, Any]

ORDER_ID = "01KAPGM5G0Q6V4T2ZK8N3R7WXE"
PLACED_AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
KEY_ID = "1"
_MACHINE = "2d4e7a10-93c5-4c1b-a6f8-5b0e9d7c3f22"

CUSTOMER = User(user_id="0b8f6a52-3a0e-4c53-9d7c-7a3b8f3f8a11", email="buyer@northwind.example")
STAFF = User(user_id="6f1c2d84-51b7-4f7e-8c1e-2f5d9a0c4b77", email="desk@vendor.example")

ACCOUNT: dict[str, Any] = {
    "account_id": "northwind",
    "name": "Northwind GmbH",
    "locale": "de",
    "currency": "EUR",
    "time_zone": "Europe/Berlin",
    "parent_account_id": None,
    "enrollment": {
        "letter_received_on": "2026-01-15",
        "contact": {"name": "Dana Contact", "email": "dana@northwind.example"},
        "state": "active",
    },
    "sites": [
        {
            "site_id": "berlin",
            "name": "Berlin",
            "country": "DE",
            "address": "Invalidenstr. 1, 10115 Berlin",
            "license": {"bandwidth_mbps": 100, "starts_on": "2026-02-01"},
            "sockets": [{"model": "X1700", "quantity": 1}],
        },
        {
            "site_id": "hamburg",
            "name": "Hamburg",
            "country": "DE",
            "address": None,
            "license": {"bandwidth_mbps": 50, "starts_on": "2027-03-01"},
            "sockets": [],
        },
    ],
}
NEW_ACCOUNT = {name: value for name, value in ACCOUNT.items() if name not in READ_ONLY}
EVERY_KIND: dict[str, Any] = {
    "items": [
        {"kind": "site_bandwidth", "site_id": "berlin", "bandwidth_mbps": 250, "start_date": "2027-01-05"},
        {"kind": "site_early_activation", "site_id": "hamburg", "start_date": "2027-01-15"},
        {"kind": "socket", "site_id": "berlin", "model": "X1700", "quantity": 1, "start_date": "2027-01-05"},
        {"kind": "ip_addresses", "quantity": 4, "start_date": "2027-01-05"},
        {"kind": "sdp_users", "region": "europe", "quantity": 25, "start_date": "2027-01-05"},
        {
            "kind": "accessory",
            "site_id": "berlin",
            "accessory_type": "network_card",
            "quantity": 1,
            "start_date": "2027-01-05",
        },
    ],
    "purchase_order_number": "PO-7",
    "note": "Please deliver to the reception.",
}
ADDRESSES: dict[str, Any] = {
    "items": [{"kind": "ip_addresses", "quantity": 4, "start_date": "2027-01-05"}],
    "purchase_order_number": "PO-7",
}
DIRECT_ORDER = {"account_id": ACCOUNT["account_id"], **ADDRESSES}
QUOTE: dict[str, Any] = {
    "valid_until": "2027-01-01",
    "lines": [
        {
            "item_id": "1",
            "description": "Public IPv4",
            "quantity": 4,
            "unit_price": "10.00",
            "recurrence": "monthly",
        },
        {
            "item_id": None,
            "description": "Welcome discount",
            "quantity": 1,
            "unit_price": "-5.00",
            "recurrence": "monthly",
        },
    ],
    "message": "Prices as agreed by phone.",
    "confirmed_start_dates": {"1": "2027-01-07"},
}
QUOTE_PREVIEW: dict[str, Any] = {
    "mail": {
        "subject": "Please confirm the quote for your order 7MY-PTP-R9X",
        "text": "Hello Robin Contact,\n\nthe quote for your order is ready.\n…",
        "html": '<!DOCTYPE html>\n<html lang="en">…</html>',
    }
}
ORDER_PREVIEW: dict[str, Any] = {
    "warnings": [
        {
            "pointer": "/items/0",
            "code": "already_ordered",
            "detail": "Another order of the account asks for this already and is open.",
            "order_id": ORDER_ID,
            "placed_at": "2026-11-22T10:00:00.000Z",
            "purchase_order_number": "PO-7",
        }
    ]
}
PRICES: dict[str, Any] = {
    "prices": [
        {
            "kind": "socket",
            "variant": "X1500",
            "description": "Socket X1500",
            "unit_price": "420.00",
            "recurrence": "once",
        },
        {
            "kind": "ip_addresses",
            "variant": None,
            "description": "Public IPv4",
            "unit_price": "10.00",
            "recurrence": "monthly",
        },
    ]
}
CATALOG: dict[str, Any] = {
    "equipment": ["X1500", "X1700"],
    "groups": [{"group": "partners", "labels": {"en": "Partners", "de": "Partner"}}],
    "show_prices": False,
    "kinds": [
        {
            "kind": "seats",
            "labels": {"en": "Seats", "de": "Plätze"},
            "summary": {"en": "{quantity} seats", "de": "{quantity} Plätze"},
            "settings": [
                {
                    "name": "quantity",
                    "type": "quantity",
                    "labels": {"en": "Seats", "de": "Plätze"},
                    "maximum": 500,
                }
            ],
            "rules": [{"rule": "start_date_window", "latest_years": 2}],
            "only_for": {"groups": ["partners"]},
        }
    ],
}
PRICES_OF_ACCOUNT: dict[str, Any] = {
    "prices": [
        PRICES["prices"][1],
        {**PRICES["prices"][1], "unit_price": "8.00", "from_quantity": 16},
        {**PRICES["prices"][1], "unit_price": "9.00", "valid_from": "2027-01-01"},
    ]
}
TERMS = "Prices are net of taxes."
WITHDRAWAL = {"reason": "We ordered the wrong quantity."}
DECLINING = {"reason": "The site is outside our region."}
COMMENT = {"text": "Can the addresses be one block?"}
DESK_COMMENT = {"text": "Block reserved.", "internal": True}
RESENDING = {"contact": {"name": "Robin Deputy", "email": "robin@northwind.example"}}
ANSWER = {"text": "Yes, the addresses are one block."}
DISCOUNT_POLICY = {"percent": "20", "amounts": {"EUR": "5000.00"}, "margin_percent": "10"}
DISCOUNT_REFUSAL = {"reason": "Not for less than a year."}
HAND_OVER = {"decision": "approve"}
HAND_OVER_REFUSAL = {"decision": "refuse", "reason": "We may take decisions from the procurement team alone."}
CONTACT_REPORT = {"text": "Dana has left; Robin Deputy is the right person now."}


def account() -> Account:
    return parse_account(ACCOUNT["account_id"], ACCOUNT)


def placed(body: dict[str, Any]) -> Change:
    return parse_order(
        body, order_id=ORDER_ID, account=account(), catalog=shipped(), source="online", by=CUSTOMER, at=PLACED_AT
    )


class Story(NamedTuple):
    """An order as it was, or might have been, after each step, and its timeline."""

    steps: dict[str, Order]
    entries: tuple[Entry, ...]


@cache
def story() -> Story:
    """Return the order placed, claimed, commented on, quoted, mailed and approved, an hour apart, and its other
    endings.
    """
    change = placed(ADDRESSES)
    steps, entries = {"placed": change.order}, list(change.entries)

    def then(name: str, change: Change) -> Order:
        steps[name] = change.order
        entries.extend(change.entries)
        return change.order

    def instead(name: str, change: Change) -> None:
        steps[name] = change.order

    times = (PLACED_AT + timedelta(hours=hours) for hours in range(1, 100))
    instead("withdrawn", change.order.withdraw(CUSTOMER, WITHDRAWAL["reason"], next(times)))
    order = then("claimed", change.order.claim(STAFF, next(times)))
    instead("released", order.release(STAFF, next(times)))
    instead("declined", order.decline(STAFF, DECLINING["reason"], next(times)))
    asking = Actor(kind="customer", name=CUSTOMER.email)
    order = then("commented", order.comment(asking, COMMENT["text"], next(times)))
    quote, at = _quote(order), next(times)
    figures, _ = judge(quote, costs_of(QUOTE), DiscountPolicy())
    proposed = proposals.propose(order, quote, QUOTE, ("percent",), figures, STAFF, at).order
    instead("proposed", Change(proposed, ()))
    instead("discount approved", proposals.approve(proposed, quote, STAFF, at, timedelta(minutes=1)))
    instead("discount refused", proposals.refuse(proposed, DISCOUNT_REFUSAL["reason"], STAFF, at))
    order = then("quoted", order.offer(_quote(order), STAFF, next(times), timedelta(minutes=1)))
    instead("undone", order.undo_quote(STAFF, order.updated_at + timedelta(seconds=30)))
    order = then("let go", order_delivery.release_mail(order, next(times)))
    order = then("offered", order_delivery.quote_mailed(order, order.internals.quote_link, KEY_ID, next(times)))
    instead("resent", order.resend(STAFF, Contact.model_validate(RESENDING["contact"]), next(times)))
    by_link = ACCOUNT["enrollment"]["contact"]["name"]
    asked = questions.ask(order, by_link, "Can the addresses be one block?", (), next(times)).order
    instead("answered", questions.answer(asked, STAFF, ANSWER["text"], next(times)))
    colleague = Contact.model_validate(RESENDING["contact"])
    waiting = hand_over.hand_over(order, account(), colleague, by_link, None, next(times)).order
    instead("handed over", hand_over.approve_hand_over(waiting, STAFF, next(times)))
    then("approved", order.approve(ACCOUNT["enrollment"]["contact"]["name"], next(times)))
    return Story(steps, tuple(entries))


def _quote(order: Order) -> Quote:
    return parse_quote(
        QUOTE,
        order_id=order.order_id,
        account_id=order.account_id,
        revision=1,
        items=len(order.items),
        currency=account().currency,
        terms=TERMS,
        today=today(order),
    )


def today(order: Order) -> date:
    return order.today(order.updated_at)


def order_after(step: str) -> dict[str, Any]:
    order = story().steps[step]
    body = order_body(order, {}, order.updated_at)
    if step == "placed":  # the stored response to placing does not list the actions
        del body["actions"]
    return body


def desk_order_after(step: str) -> dict[str, Any]:
    order = story().steps[step]
    return desk_row(order, {}, order.updated_at)


def quote_after(step: str) -> dict[str, Any] | None:
    order = story().steps[step]
    return quote_body(order.quote, today(order)) if order.quote else None


NEW_VIEW: dict[str, Any] = {"name": "Large and open", "query": {"open": "true", "amount_from": "10000"}}
SAVED_VIEW: dict[str, Any] = {
    "view_id": "01KB8A5Q3W9T6Z4M2N7R1S8V0X",
    **NEW_VIEW,
    "shared": False,
    "owner": STAFF.model_dump(mode="json"),
}
INVITATION: dict[str, Any] = {"email": "kim@northwind.example", "name": "Kim Berg", "role": "buyer"}
STAFF_INVITATION: dict[str, Any] = {"email": "lou@vendor.example", "name": "Lou Park", "role": "agent"}


def person(role: Role, name: str, *, is_new: bool = False) -> dict[str, Any]:
    """Return a person who has come or, when new, is invited."""
    state = PersonState.INVITED if is_new else PersonState.ACTIVE
    membership = Membership(role=role, state=state, last_seen_on=None if is_new else PLACED_AT.date())
    of_staff = side_of(role) == "customer-success"
    team, user = (DESK, STAFF) if of_staff else ("northwind", CUSTOMER)
    invited = STAFF_INVITATION if of_staff else INVITATION
    found = Person(
        user_id=user.user_id,
        email=invited["email"] if is_new else user.email,
        name=invited["name"] if is_new else name,
        group=side_of(role),
        memberships={team: membership},
    )
    return person_row(found, team)


ME: dict[str, Any] = {
    "user_id": CUSTOMER.user_id,
    "email": CUSTOMER.email,
    "name": "Kim Berg",
    "role": "admin",
    "account_id": "northwind",
    "accounts": [{"account_id": "northwind", "name": "Northwind GmbH", "role": "admin"}],
    "permissions": sorted(PERMISSIONS[Role.ADMIN]),
}


NOTIFICATIONS = {"notifications": [{"event": "quoted", "as": "watcher", "wanted": False}]}


def notifications_of_customer() -> dict[str, Any]:
    """Return the mails that a customer may choose, as they come without a choice."""
    return notifications_body({}, "customers")


def watchers() -> dict[str, Any]:
    """Return the only watcher of an order."""
    return {"items": [{"user_id": CUSTOMER.user_id, "email": CUSTOMER.email, "side": "account"}]}


def price_list(body: dict[str, Any] = PRICES, scope: PriceScope = EVERYBODY) -> PriceList:
    currency = account().currency
    prices = parse_prices(body, currency)
    return PriceList(currency=currency, **scope._asdict(), version=1, updated_at=PLACED_AT, prices=prices)


def price_list_of_account() -> dict[str, Any]:
    return price_list(PRICES_OF_ACCOUNT, PriceScope(account().account_id)).model_dump(mode="json")


def price_table() -> str:
    return prices_csv(price_list().prices)


def price_list_row() -> dict[str, Any]:
    return {**price_list().model_dump(mode="json"), "prices": len(price_list().prices)}


def quote_draft() -> QuoteDraft:
    order = story().steps["claimed"]
    return draft_from_prices(
        order,
        {},
        [price_list()],
        currency=account().currency,
        terms=TERMS,
        today=today(order),
        valid_until=today(order) + timedelta(days=30),
    )


def account_body() -> dict[str, Any]:
    return account().model_dump(mode="json")


def _version(changed: list[str]) -> dict[str, Any]:
    return {"version": 2, "at": instant_text(PLACED_AT), "by": STAFF.email, "changed": changed}


def account_version() -> dict[str, Any]:
    return {**_version(["/enrollment/contact"]), "account": account_body()}


def account_version_row() -> dict[str, Any]:
    return {**_version(["/enrollment/contact"]), "enrollment": account_body()["enrollment"]}


def price_list_version() -> dict[str, Any]:
    return {**_version(["/prices"]), "price_list": {**price_list().model_dump(mode="json"), "version": 2}}


def price_list_version_row() -> dict[str, Any]:
    return {**_version(["/prices"]), "prices": len(price_list().prices)}


def desk_catalog() -> dict[str, Any]:
    return {**CATALOG, "version": 1, "updated_at": instant_text(PLACED_AT), "updated_by": STAFF.email}


def catalog_draft() -> dict[str, Any]:
    fault = FieldError("/kinds", "too_few", "The list has 1 at least.")
    times = {"updated_at": instant_text(PLACED_AT), "updated_by": STAFF.email}
    return {"catalog": {"kinds": []}, "errors": [fault._asdict()], "version": 3, **times}


def catalog_preview() -> dict[str, Any]:
    change = {"pointer": "/show_prices", "was": True, "is": False}
    return {"catalog": catalog_body(Catalog.from_document(CATALOG, 2)), "changes": [change]}


def catalog_version() -> dict[str, Any]:
    change = {"pointer": "/show_prices", "was": True, "is": False}
    return {**_version(["/show_prices"]), "catalog": CATALOG, "changes": [change]}


def catalog_version_row() -> dict[str, Any]:
    return {**_version(["/show_prices"]), "kinds": len(CATALOG["kinds"])}


NEW_SERVICE_USER: dict[str, Any] = {"name": "ERP", "scopes": ["orders:read", "orders:write"]}
NEW_DESK_SERVICE_USER: dict[str, Any] = {"name": "CRM", "scopes": ["desk:read"], "account_id": None}
_SECRET = "oo-S1-" + "x" * 43
TOKEN: dict[str, Any] = {"access_token": "eyJraWQi.eyJzdWIi.c2lnbmVk", "token_type": "Bearer", "expires_in": 900}


def service_user() -> dict[str, Any]:
    request = NewServiceUser.model_validate(NEW_SERVICE_USER)
    made = create(request, "northwind", user_id=_MACHINE, username="", secret=_SECRET, by=CUSTOMER, at=PLACED_AT)
    return service_user_row(made)


def service_user_with_secret() -> dict[str, Any]:
    return {**service_user(), "client_id": _MACHINE, "client_secret": _SECRET}


def audit_entry() -> dict[str, Any]:
    was, now = ({"enrollment": {"state": state}} for state in ("active", "suspended"))
    account_id: str = ACCOUNT["account_id"]
    entry = audit.entry(PLACED_AT, STAFF, "account", account_id, "changed", account_id=account_id, was=was, now=now)
    # The document is the same whenever it is made.
    return entry.model_copy(update={"audit_id": "01KAPHB0R0Q6V4T2ZK8N3R7WXE"}).model_dump(mode="json")


def figures() -> dict[str, Any]:
    counts = {"orders": 3, "won": 2, "open": 1, "claim#3": 3, "quote#11": 2, "answer#13": 2, "EUR#monthly": 8000}
    row = figures_row("2026-11", "", None, counts)
    return Figures(months=("2026-10", "2026-11"), by=Dimension.ALL, rows=(row,)).model_dump(mode="json")


def timeline(*, internal: bool) -> list[dict[str, Any]]:
    return [entry_body(entry) for entry in story().entries if internal or not entry.internal]


def evidence() -> dict[str, Any]:
    contact = account().contact_for_orders(date(2026, 11, 22))
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    approved = story().steps["approved"]
    return evidence_of(approved, "approve", contact.name, contact.email, "203.0.113.7", agent).model_dump(mode="json")


def sent_mail() -> dict[str, Any]:
    contact = account().contact_for_orders(date(2026, 11, 22))
    at = story().entries[0].at
    return SentMail(
        kind=MailKind.ORDER_RECEIVED, recipient=contact.email, sent_at=at, state="delivered", state_at=at, sequence=1
    ).model_dump(mode="json")


def attachment() -> dict[str, Any]:
    file = Upload("Order signed.pdf", b"%PDF-1.7\n%%EOF\n").attached()
    found = Attachment(**file.model_dump(), sequence=PATHS["sequence"], at=PLACED_AT, scan="clean")
    return found.model_dump(mode="json")


PUBLIC_KEY = PublicKey(
    b64decode(
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7L"
        "tkBoN79R9Q=="
    )
)
"""Of the first point on the curve, whose private key is 1: it signs nothing."""


def certificate() -> dict[str, Any]:
    approved = story().steps["approved"]
    document = certificate_document(
        approved, account().name, Evidence.model_validate(evidence()), approved.quote, story().entries, PLACED_AT
    )
    made = Certificate(document, Signature(PUBLIC_KEY.key_id, bytes(70)))
    answered: dict[str, Any] = json.loads(made.text)
    return answered


def refusal_body(error: OnlineOrdersError) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(problems.problem(error).body or "")
    return body


def page(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"items": list(rows), "next_cursor": None}


# -- by the names of the operations -------------------------------------------------------------------------------

PATHS: Examples = {
    "order_id": ORDER_ID,
    "revision": 1,
    "sequence": 6,
    "version": 2,
    "account_id": "northwind",
    "currency": "EUR",
    "user_id": CUSTOMER.user_id,
    "token": "x" * 43,
    "view_id": "01KB8A5Q3W9T6Z4M2N7R1S8V0X",
    "message_id": "01KB8A5Q3W9T6Z4M2N7R1S8V0Y",
}
TEAM = {"team": "north", "name": "North", "members": [STAFF.user_id]}
TEXT_MODULE = {
    "module": "on-holiday",
    "name": "On holiday",
    "use": "comment",
    "texts": {
        "en": "Dear {contact}, we will answer about order {number} on Monday.",
        "de": "Guten Tag {contact}, wir melden uns am Montag zur Bestellung {number}.",
    },
}
STANDARD_TERMS = {"locale": "en", "group": "partners", "text": "Partners pay within 60 days."}
TERMS_ENTRY = {**STANDARD_TERMS, "version": 1, "updated_at": instant_text(PLACED_AT)}
TERMS_VERSION = {"version": 1, "at": instant_text(PLACED_AT), "by": STAFF.email, "text": STANDARD_TERMS["text"]}
LEAST_LETTERHEAD = {"legal_name": "Northwind Networks GmbH", "address": "Ringstraße 1\n10115 Berlin"}
LETTERHEAD = {
    **LEAST_LETTERHEAD,
    "register_entry": "Amtsgericht Charlottenburg HRB 123456",
    "tax_numbers": ["USt-IdNr. DE123456789"],
    "bank": "Musterbank\nIBAN DE02 1203 0000 0000 2020 51",
    "email": "desk@vendor.example",
    "phone": "+49 30 1234567",
    "website": "vendor.example",
    "colors": {"accent": "#1d5fa8"},
    "texts": {
        "en": {"footer": "Managing director: Dana Vendor", "address": "Ringstraße 1\n10115 Berlin\nGermany"},
        "de": {"footer": "Geschäftsführerin: Dana Vendor"},
    },
}
HANDLING = {"team": "north", "priority": "high", "follow_up_on": "2026-12-01", "note": "Calls back on Tuesday."}
COLLEAGUE = {"user_id": STAFF.user_id, "email": STAFF.email, "since": instant_text(PLACED_AT)}


def message(*, decision: Literal["accepted", "dismissed"] | None = None) -> dict[str, Any]:
    judged = Judgment(decision=decision, by=STAFF, at=PLACED_AT, order_id=ORDER_ID) if decision else None
    return Message(
        message_id=PATHS["message_id"],
        mail_id="o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1",
        at=PLACED_AT,
        sender="sam.private@example.org",
        sender_name="Sam Buyer",
        subject="Re: Quote for order K7M-439-QXR",
        text="The second week of January suits us better.",
        files=("plan.pdf",),
        reasons=("sender_not_proved",),
        order_id=ORDER_ID,
        number="K7M-439-QXR",
        judgment=judged,
    ).model_dump(mode="json")


BODIES: Mapping[str, Examples] = {
    "accept_message": {"for_the_customer": {"order": "K7M-439-QXR", "internal": False}, "as_it_is": {}},
    "dismiss_message": {"nothing": {}},
    "report_contact": {"outdated": CONTACT_REPORT},
    "place_order": {"one_item": ADDRESSES, "every_kind": EVERY_KIND},
    "preview_order": {"one_item": ADDRESSES},
    "withdraw_order": {"with_reason": WITHDRAWAL, "without": {}},
    "comment_on_order": {"question": COMMENT},
    "place_direct_order": {"one_item": DIRECT_ORDER},
    "preview_direct_order": {"one_item": DIRECT_ORDER},
    "claim_order": {"nothing": {}},
    "release_order": {"nothing": {}},
    "assign_order": {"colleague": {"assignee": STAFF.user_id}},
    "change_handling": {"later": {"follow_up_on": None, "priority": "high"}, "all": HANDLING},
    "announce_presence": {"nothing": {}},
    "put_teams": {"one_team": {"teams": [{**TEAM, "members": []}]}},
    "put_text_modules": {"one_text": {"text_modules": [TEXT_MODULE]}},
    "put_terms": {"removal": {"locale": "en", "text": None}, "of_a_group": STANDARD_TERMS},
    "put_letterhead": {"without_logo": LETTERHEAD, "least": LEAST_LETTERHEAD},
    "preview_letterhead": {"without_logo": LETTERHEAD},
    "quote_order": {"monthly": QUOTE},
    "preview_quote": {"monthly": QUOTE},
    "undo_quote": {"nothing": {}},
    "put_discount_policy": {"a_fifth": DISCOUNT_POLICY},
    "approve_discount": {"nothing": {}},
    "refuse_discount": {"why": DISCOUNT_REFUSAL},
    "decline_order": {"outside": DECLINING},
    "resend_quote": {"same_contact": {}, "other_contact": RESENDING},
    "comment_on_desk_order": {"internal": DESK_COMMENT},
    "watch_order": {"nothing": {}},
    "unwatch_order": {"nothing": {}},
    "watch_desk_order": {"nothing": {}},
    "unwatch_desk_order": {"nothing": {}},
    "choose_notifications": {"no_quotes": NOTIFICATIONS},
    "answer_question": {"yes": ANSWER},
    "decide_on_hand_over": {"approval": HAND_OVER, "refusal": HAND_OVER_REFUSAL},
    "create_view": {"mine": NEW_VIEW},
    "replace_view": {"shared": {**NEW_VIEW, "shared": True}},
    "put_account": {"enrolled": NEW_ACCOUNT},
    "put_price_list": {"two_prices": PRICES, "days_and_tiers": PRICES_OF_ACCOUNT},
    "publish_catalog": {"one_kind": CATALOG},
    "put_catalog_draft": {"unfinished": {"kinds": []}},
    "preview_catalog": {"as_an_account": {"catalog": CATALOG, "account_id": "northwind"}},
    "invite_person": {"buyer": INVITATION},
    "invite_account_person": {"buyer": INVITATION},
    "invite_staff": {"agent": STAFF_INVITATION},
    "change_person": {"other_role": {"role": "viewer"}, "leaving": {"state": "deactivated"}},
    "change_account_person": {"other_role": {"role": "viewer"}, "leaving": {"state": "deactivated"}},
    "change_staff": {"other_role": {"role": "auditor"}, "leaving": {"state": "deactivated"}},
    "invite_person_again": {"nothing": {}},
    "invite_account_person_again": {"nothing": {}},
    "invite_staff_again": {"nothing": {}},
    "create_service_user": {"orders": NEW_SERVICE_USER},
    "create_desk_service_user": {"of_the_desk": NEW_DESK_SERVICE_USER},
    "change_service_user": {"fewer_scopes": {"scopes": ["orders:read"]}, "leaving": {"state": "deactivated"}},
    "change_desk_service_user": {"other_name": {"name": "CRM of 2027"}, "leaving": {"state": "deactivated"}},
    "renew_secret": {"nothing": {}},
    "renew_desk_secret": {"nothing": {}},
    "issue_token": {"in_form": {"grant_type": "client_credentials", "client_id": _MACHINE, "client_secret": _SECRET}},
    "decide": {"approval": {"decision": "approve", "name": "Dana Contact", "code": "123456"}},
}
_ORDERS = {
    "place_order": "placed",
    "place_direct_order": "placed",
    "show_order": "offered",
    "withdraw_order": "withdrawn",
    "comment_on_order": "commented",
    "watch_order": "offered",
    "unwatch_order": "offered",
}
_DESK_ORDERS = {
    "show_desk_order": "offered",
    "claim_order": "claimed",
    "assign_order": "claimed",
    "change_handling": "claimed",
    "release_order": "released",
    "quote_order": "quoted",
    "undo_quote": "undone",
    "approve_discount": "discount approved",
    "refuse_discount": "discount refused",
    "decline_order": "declined",
    "resend_quote": "resent",
    "comment_on_desk_order": "commented",
    "watch_desk_order": "offered",
    "unwatch_desk_order": "offered",
    "answer_question": "answered",
    "decide_on_hand_over": "handed over",
}
_PAGES: Mapping[str, Callable[[], Any]] = {
    "list_messages": message,
    "list_subaccounts": account_body,
    "list_orders": lambda: order_after("offered"),
    "list_desk_orders": lambda: desk_order_after("claimed"),
    "show_evidence": evidence,
    "show_mails": sent_mail,
    "list_accounts": account_body,
    "list_audit_entries": audit_entry,
    "list_account_versions": account_version_row,
    "list_price_lists": price_list_row,
    "list_price_list_versions": price_list_version_row,
    "list_catalog_versions": catalog_version_row,
    "list_terms_versions": lambda: TERMS_VERSION,
    "list_people": lambda: person(Role.ADMIN, "Sam Buyer"),
    "list_account_people": lambda: person(Role.ADMIN, "Sam Buyer"),
    "list_service_users": service_user,
    "list_desk_service_users": service_user,
    "list_staff": lambda: person(Role.LEAD, "Alex Desk"),
}
_SHARED: Mapping[tuple[str, ...], Examples] = {
    ("preview_order", "preview_direct_order"): {"one_warning": ORDER_PREVIEW, "none": {"warnings": []}},
    ("show_desk_catalog", "publish_catalog"): {"one_kind": desk_catalog()},
    ("show_teams", "put_teams"): {"one_team": {"teams": [TEAM]}},
    ("show_letterhead", "put_letterhead"): {"without_logo": LETTERHEAD},
    ("show_text_modules", "put_text_modules"): {"one_text": {"text_modules": [TEXT_MODULE]}},
    ("show_discount_policy", "put_discount_policy"): {"a_fifth": DISCOUNT_POLICY},
    ("show_catalog_draft", "put_catalog_draft"): {"unfinished": catalog_draft()},
    ("show_quote", "show_desk_quote"): {"offered": quote_after("offered")},
    ("show_account", "report_contact", "show_desk_account", "put_account"): {"enrolled": account_body()},
    ("show_person", "change_person", "show_account_person", "change_account_person"): {
        "viewer": person(Role.VIEWER, "Sam Buyer")
    },
    ("show_staff", "change_staff"): {"auditor": person(Role.AUDITOR, "Alex Desk")},
    ("invite_person", "invite_person_again", "invite_account_person", "invite_account_person_again"): {
        "invited": person(Role.BUYER, "", is_new=True)
    },
    ("invite_staff", "invite_staff_again"): {"invited": person(Role.AGENT, "", is_new=True)},
    ("show_notifications", "choose_notifications"): {"as_watcher": notifications_of_customer()},
    ("list_watchers", "list_desk_watchers"): {"one": watchers()},
    ("show_service_user", "change_service_user", "show_desk_service_user", "change_desk_service_user"): {
        "active": service_user()
    },
    ("create_service_user", "renew_secret", "create_desk_service_user", "renew_desk_secret"): {
        "once": service_user_with_secret()
    },
    ("show_price_list", "put_price_list"): {
        "two_prices": price_list().model_dump(mode="json"),
        "of_an_account": price_list_of_account(),
    },
}
ANSWERS: Mapping[str, Examples] = {
    **{name: {step: order_after(step)} for name, step in _ORDERS.items()},
    **{name: {step: desk_order_after(step)} for name, step in _DESK_ORDERS.items()},
    **{name: {"last_page": page(row())} for name, row in _PAGES.items()},
    **{name: shared for names, shared in _SHARED.items() for name in names},
    "list_views": {"one": {"items": [SAVED_VIEW]}},
    "show_message": {"open": message()},
    "accept_message": {"accepted": message(decision="accepted")},
    "dismiss_message": {"dismissed": message(decision="dismissed")},
    "create_view": {"mine": SAVED_VIEW},
    "replace_view": {"shared": {**SAVED_VIEW, "shared": True}},
    "issue_token": {"bearer": TOKEN},
    "show_timeline": {"approved": page(*timeline(internal=False))},
    "show_desk_timeline": {"approved": page(*timeline(internal=True))},
    "show_me": {"admin": ME},
    "show_terms": {"one_group": {"terms": [TERMS_ENTRY], "defaults": {"en": TERMS}}},
    "put_terms": {"of_a_group": TERMS_ENTRY},
    "announce_presence": {"a_colleague": {"people": [COLLEAGUE]}},
    "show_text_modules_for_order": {
        "one_text": {
            "text_modules": [
                {
                    **{name: TEXT_MODULE[name] for name in ("module", "name", "use")},
                    "text": "Guten Tag Dana Contact, wir melden uns am Montag zur Bestellung K7M-439-QXR.",
                }
            ]
        }
    },
    "list_attachments": {"a_signed_order": {"items": [attachment()]}, "none": {"items": []}},
    "show_figures": {"two_months": figures()},
    "show_certificate": {"approved": certificate()},
    "show_certificate_keys": {"one_key": {"keys": [PUBLIC_KEY.jwk]}},
    "draft_quote": {"priced": quote_draft().model_dump(mode="json")},
    "preview_quote": {"monthly": {**QUOTE_PREVIEW, "quote": quote_after("quoted")}},
    "show_account_version": {"newest": account_version()},
    "show_price_list_version": {"newest": price_list_version()},
    "preview_catalog": {"one_kind": catalog_preview()},
    "show_catalog_version": {"compared": catalog_version()},
    "show_letterhead_version": {
        "first": {"version": 1, "at": instant_text(PLACED_AT), "by": STAFF.email, "letterhead": LETTERHEAD}
    },
}
