"""What is stored comes back as it was: orders, revisions, entries and accounts, as JSON."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from online_orders.domain.accounts import Account, Contact, Enrollment, EnrollmentState, License, Site, SocketStock
from online_orders.domain.later_parts import ContactRequests, HandedOver, Handling, HandOver, Question
from online_orders.domain.money import quantize
from online_orders.domain.order_parts import Closed, OrderInternals, User
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Order
from online_orders.domain.quotes import Quote, QuoteLine, QuoteState, Recurrence, Totals
from online_orders.domain.timeline import Actor, Entry, Event
from tests.domain.builders import CONNIE, STATUSES, item_of, property_of, standing
from tests.shipped_catalog import LIMITS, REGIONS

Thing = TypeVar("Thing")

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
texts = st.text(st.characters(codec="utf-8"), max_size=12)
lines = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=12)
ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True)
instants = st.integers(0, 10**13).map(lambda count: EPOCH + timedelta(milliseconds=count))
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))
counts = st.integers(0, 1_000)


def optional(strategy: st.SearchStrategy[Thing]) -> st.SearchStrategy[Thing | None]:
    return st.none() | strategy


users = st.builds(User, user_id=texts, email=texts)
contacts = st.builds(Contact, name=lines, email=st.just("connie@acme.example"))
items = st.one_of(
    st.builds(
        lambda day, step: item_of("site_bandwidth", start_date=day.isoformat(), bandwidth_mbps=step),
        days,
        st.sampled_from([10, 10_000]),
    ),
    st.builds(lambda day: item_of("site_early_activation", start_date=day.isoformat()), days),
    st.builds(
        lambda count, model: item_of("socket", quantity=count, model=model),
        st.integers(1, LIMITS["socket"]),
        st.sampled_from(["X1500", "X1700"]),
    ),
    st.builds(lambda count: item_of("ip_addresses", quantity=count), st.integers(1, LIMITS["ip_addresses"])),
    st.builds(lambda region: item_of("sdp_users", region=region), st.sampled_from(list(REGIONS))),
    st.builds(lambda site_id: item_of("accessory", site_id=site_id), ids),
)


@st.composite
def quotes(draw: st.DrawFn) -> Quote:
    currency = draw(st.sampled_from(["JPY", "EUR", "BHD"]))
    money = st.integers(-(10**14), 10**17).map(lambda count: quantize(Decimal(count).scaleb(-3), currency))
    line = st.builds(
        QuoteLine,
        item_id=optional(st.sampled_from(["1", "50"])),
        description=texts,
        quantity=counts,
        unit_price=money,
        recurrence=st.sampled_from(Recurrence),
        amount=money,
    )
    return draw(
        st.builds(
            Quote,
            revision=counts,
            state=st.sampled_from(QuoteState),
            currency=st.just(currency),
            valid_until=days,
            message=optional(texts),
            terms=texts,
            sha256=texts,
            lines=st.lists(line, max_size=4).map(tuple),
            totals=st.builds(Totals, once=money, monthly=money, yearly=money),
            confirmed_start_dates=st.dictionaries(st.sampled_from(["1", "2", "50"]), days),
            offered_at=optional(instants),
            decided_at=optional(instants),
        )
    )


requests = st.builds(
    ContactRequests,
    questions=st.lists(
        st.builds(Question, sequence=counts, at=instants, answer=optional(counts), answered_at=optional(instants)),
        max_size=3,
    ).map(tuple),
    hand_over=optional(st.builds(HandOver, name=texts, email=texts, asked_by=texts, at=instants)),
    hand_overs=counts,
    handed_over=optional(st.builds(HandedOver, name=texts, email=texts, voucher=optional(texts))),
)
handlings = st.builds(
    Handling,
    team=optional(texts),
    priority=st.sampled_from(["high", "normal", "low"]),
    follow_up_on=optional(days),
    note=optional(texts),
)
marks = st.builds(
    OrderInternals,
    sequence=counts,
    locale=st.sampled_from(["en", "de"]),
    time_zone=st.just("Europe/Berlin"),
    quote_link=counts,
    quote_link_key_id=optional(texts),
    last_reminder_on=optional(days),
    fresh_mails_at=st.lists(instants, max_size=3).map(tuple),
    requests=optional(requests),
    since=st.dictionaries(st.sampled_from(Status), instants),
)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    return Order.model_validate(
        {
            "order_id": draw(texts),
            "account_id": draw(texts),
            "source": draw(st.sampled_from(["online", "direct"])),
            "status": draw(st.sampled_from(Status)),
            "version": draw(counts),
            "placed_at": draw(instants),
            "updated_at": draw(instants),
            "placed_by": draw(users),
            "assignee": draw(optional(users)),
            "contact": draw(contacts),
            "purchase_order_number": draw(optional(texts)),
            "note": draw(optional(texts)),
            "closed": draw(
                optional(
                    st.builds(
                        Closed,
                        by=st.sampled_from(["contact", "customer", "customer_success", "expiry"]),
                        reason=optional(texts),
                        at=instants,
                    )
                )
            ),
            "items": draw(st.lists(items, min_size=1, max_size=5)),
            "quote": draw(optional(quotes())),
            "handling": draw(optional(handlings)),
            "marks": draw(marks),
        }
    )


@property_of
@given(orders())
def test_an_order_comes_back_as_it_was(order: Order) -> None:
    stored = order.model_dump_json()
    again = Order.model_validate_json(stored)
    assert again == order
    assert again.model_dump_json() == stored


@property_of
@given(quotes())
def test_a_revision_comes_back_as_it_was_to_the_last_zero(quote: Quote) -> None:
    stored = quote.model_dump_json()
    again = Quote.model_validate_json(stored)
    assert again == quote
    assert again.model_dump_json() == stored
    assert again.content_hash("acme", "one") == quote.content_hash("acme", "one")


@property_of
@given(
    st.builds(
        Entry,
        sequence=counts,
        at=instants,
        actor=st.builds(
            Actor,
            kind=st.sampled_from(["customer", "customer_success", "contact", "system"]),
            name=optional(texts),
        ),
        event=st.sampled_from(Event),
        data=st.dictionaries(texts, texts | st.none() | st.integers() | st.lists(texts, max_size=3), max_size=4),
        internal=st.booleans(),
    )
)
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    assert Entry.model_validate_json(entry.model_dump_json()) == entry


@property_of
@given(
    st.builds(
        Account,
        account_id=ids,
        name=lines,
        locale=st.sampled_from(["en", "de"]),
        currency=st.sampled_from(["EUR", "JPY"]),
        time_zone=st.sampled_from(["UTC", "Asia/Tokyo"]),
        parent_account_id=optional(ids),
        enrollment=optional(
            st.builds(
                Enrollment,
                letter_received_on=days,
                contact=optional(contacts),
                state=st.sampled_from(EnrollmentState),
            )
        ),
        sites=st.lists(
            st.builds(
                Site,
                site_id=ids,
                name=lines,
                country=st.sampled_from(["DE", "US"]),
                address=optional(lines),
                license=optional(st.builds(License, bandwidth_mbps=st.integers(1, 10**5), starts_on=days)),
                sockets=st.lists(
                    st.builds(SocketStock, model=st.sampled_from(["X1500", "X1700"]), quantity=st.integers(1, 99)),
                    max_size=3,
                ).map(tuple),
            ),
            max_size=3,
        ).map(tuple),
    )
)
def test_an_account_comes_back_as_it_was(account: Account) -> None:
    assert Account.model_validate_json(account.model_dump_json()) == account


def test_so_does_an_order_in_every_status() -> None:
    for status in STATUSES:
        order = standing(status)
        assert Order.model_validate_json(order.model_dump_json()) == order


def test_an_order_whose_dates_have_passed_is_still_read() -> None:
    order = standing("pending_confirmation")
    stored = order.model_dump_json().replace("2027-", "2001-")
    assert Order.model_validate_json(stored).items[0].start_date == date(2001, 1, 5)


def test_so_is_one_that_the_catalog_would_no_longer_take() -> None:
    order = standing("completed").model_dump(mode="json")
    order["items"] = [
        item_of("site_bandwidth", bandwidth_mbps=123),
        item_of("ip_addresses", quantity=LIMITS["ip_addresses"] + 1),
    ]
    bandwidth, addresses = Order.model_validate_json(json.dumps(order)).items
    assert bandwidth.model_dump(mode="json") == order["items"][0]
    assert addresses.model_dump(mode="json") == order["items"][1]


def test_what_cannot_be_read_is_not_repeated_in_the_error_that_says_so() -> None:
    stored = standing("completed").model_dump_json().replace(CONNIE.email, "SECRET")
    with pytest.raises(ValidationError) as error:
        Order.model_validate_json(stored)
    assert "SECRET" not in str(error.value)
