"""Quoting at the desk, call by call: what a draft is made from, and what is stored of the next revision."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from online_orders.aws import desk_settings_store, order_store, price_store, quoting, terms_store
from online_orders.aws.keys import person_key, quote_key, terms_key
from online_orders.aws.price_store import put_price_list
from online_orders.domain import proposals
from online_orders.domain.catalog import shipped
from online_orders.domain.errors import Conflict, Invalid, NotFound, VersionMismatch
from online_orders.domain.orders import Order
from online_orders.domain.prices import ListPrice, PriceList
from online_orders.domain.quotes import Recurrence
from online_orders.domain.roles import PERMISSIONS, Role
from online_orders.domain.terms import DEFAULT_TERMS
from tests.aws.desk import Desk, in_place_of_aws, text_of
from tests.aws.people import person_item_of
from tests.domain.builders import (
    CLARA,
    DAY,
    HOUR,
    NOW,
    ORDER_ID,
    STAFF_CALLER,
    Json,
    account_of,
    claimed,
    item_of,
    line_of,
    offered,
    place,
    quote_body,
    refused,
    standing,
    without_snapshot,
)

AT = NOW + 14 * HOUR
"""In the account's zone it is the next day."""
TODAY = date(2026, 11, 23)
LISTED = ListPrice(
    kind="site_bandwidth",
    variant=None,
    description="Bandwidth",
    unit_price=Decimal("1.50"),
    recurrence=Recurrence.MONTHLY,
)


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    desk = Desk()
    desk.now = AT
    settings = {"QUOTE_VALIDITY_DAYS": "30", "QUOTE_UNDO_SECONDS": "90", "QUOTE_TERMS_PARAMETER": ""}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with in_place_of_aws(desk, monkeypatch):
        desk.store(ORDER, account_of(locale="de", currency="CHF", time_zone="Europe/Berlin"))
        terms_store.store_terms("de", "Netto.", None, NOW)
        for currency, price in (("CHF", "1.50"), ("USD", "2.50")):
            listed = LISTED.model_copy(update={"unit_price": Decimal(price)})
            put_price_list(PriceList(currency=currency, version=1, updated_at=NOW, prices=(listed,)), None, CLARA)
        yield desk
    terms_store.reset()


def store(desk: Desk, order: Order) -> None:
    """Store an order and the first entry of its timeline, by which it is found."""
    desk.store(order)
    desk.put_entry(order, FIRST)


def in_berlin(order: Order) -> Order:
    return order.model_copy(update={"internals": order.internals.model_copy(update={"time_zone": "Europe/Berlin"})})


PLACED = place(item_of("site_bandwidth"))
ORDER = in_berlin(claimed(PLACED.order))
(FIRST,) = PLACED.entries


# -- drafts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "used", "price"), [(None, "CHF", "1.50"), ("USD", "USD", "2.50"), ("SEK", "SEK", None)]
)
def test_a_draft_is_made_from_the_price_list_of_its_currency(
    desk: Desk, currency: str | None, used: str, price: str | None
) -> None:
    draft = quoting.next_draft(ORDER, currency)
    assert (draft.currency, draft.terms, draft.valid_until) == (used, "Netto.", TODAY + 30 * DAY)
    assert [str(line.unit_price) for line in draft.lines] == ([price] if price else [])
    assert draft.unpriced == (() if price else ("1",))


def test_a_draft_names_the_sites_as_the_order_does_or_else_the_account(desk: Desk) -> None:
    for order in (ORDER, without_snapshot(ORDER)):
        (line,) = quoting.next_draft(order, None).lines
        assert "Office" in line.description


def test_a_draft_repeats_the_present_revision_unless_a_currency_is_named(desk: Desk) -> None:
    order = in_berlin(offered(ORDER, valid_until="2026-11-22", confirmed_start_dates={"1": "2026-11-22"}))
    desk.table.calls.clear()
    draft = quoting.next_draft(order, None)
    assert (draft.currency, draft.valid_until) == ("EUR", TODAY + 30 * DAY), "its last day was yesterday"
    assert (len(draft.lines), draft.confirmed_start_dates) == (1, {})
    assert desk.table.calls == []
    assert quoting.next_draft(order, "USD").currency == "USD"


def test_a_draft_asks_the_lists_of_the_account_and_its_groups_in_one_read(desk: Desk) -> None:
    account = account_of(currency="CHF", time_zone="Europe/Berlin", groups=["partners", "schools"])
    desk.store(ORDER, account)
    for version, group, day in ((3, "schools", TODAY), (5, "partners", TODAY + DAY)):
        price = LISTED.model_copy(update={"valid_from": day})
        listed = PriceList(currency="CHF", group=group, version=version, updated_at=NOW, prices=(price,))
        put_price_list(listed, None, CLARA)
    desk.table.calls.clear()
    draft = quoting.next_draft(ORDER, None)
    assert [each.model_dump(mode="json") for each in draft.price_sources or ()] == [
        {"item_id": "1", "list": "group", "group": "schools", "version": 3, "valid_from": TODAY.isoformat()}
    ], "the price of the first group begins tomorrow"
    assert Counter(desk.table.calls) == {"batch_get_item": 3}, "the account, the lists, the terms"
    put_price_list(
        PriceList(currency="CHF", account_id="acme", version=1, updated_at=NOW, prices=(LISTED,)), None, CLARA
    )
    (source,) = quoting.next_draft(ORDER, None).price_sources or ()
    assert (source.list, source.version) == ("account", 1)


def test_indicative_prices_are_those_of_the_accounts_day_in_one_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_store, "now", lambda: AT)
    account = account_of(currency="CHF", time_zone="Europe/Berlin")
    price = LISTED.model_copy(update={"valid_from": TODAY, "unit_price": Decimal("9.00")})
    of_account = PriceList(currency="CHF", account_id="acme", version=1, updated_at=NOW, prices=(price,))
    put_price_list(of_account, None, CLARA)
    desk.table.calls.clear()
    row = {"kind": "site_bandwidth", "variant": None, "recurrence": "monthly", "from_quantity": 1}
    assert price_store.indicative_prices(account, shipped()) == [{**row, "unit_price": "9.00"}]
    in_america = account.model_copy(update={"time_zone": "America/New_York"})
    assert price_store.indicative_prices(in_america, shipped()) == [{**row, "unit_price": "1.50"}]
    assert desk.table.calls == ["batch_get_item"] * 2


def test_a_closed_order_is_not_quoted(desk: Desk) -> None:
    with pytest.raises(Conflict) as refusal:
        quoting.next_draft(standing("canceled"), None)
    assert refusal.value.order_status == "canceled"


# -- the next revision --------------------------------------------------------------------------------------------


def test_the_next_revision_is_stored_and_waits_for_the_undo_window(desk: Desk) -> None:
    store(desk, ORDER)
    order = quoting.offer_next_revision(ORDER_ID, quote_body(), STAFF_CALLER, frozenset({ORDER.version}))
    quote = order.quote
    assert quote
    assert (quote.revision, quote.currency, quote.terms, quote.state) == (1, "CHF", "Netto.", "sending")
    assert order.internals.quote_held_until == AT + timedelta(seconds=90)
    assert order_store.get_order(order_store.key_of(order)) == order
    entry = order_store.get_entry(ORDER_ID, order.internals.sequence)
    assert (entry.event, entry.at, entry.actor.name) == ("quote.prepared", AT, CLARA.email)
    assert text_of(quote_key(ORDER_ID, 1)) not in desk.table.items
    again = quoting.offer_next_revision(ORDER_ID, quote_body(), STAFF_CALLER, None)
    assert again.quote
    assert (again.quote.revision, text_of(quote_key(ORDER_ID, 1)) in desk.table.items) == (2, True)


def reads(desk: Desk) -> dict[str, int]:
    return dict(Counter(call for call in desk.table.calls if "get_item" in call))


def test_a_quote_that_lost_its_race_is_made_again_from_the_order_as_it_is_then(desk: Desk) -> None:
    store(desk, ORDER)

    desk.before_next("transact_write_items", lambda: desk.follow(lambda order: order.release(CLARA, NOW)))
    order = quoting.offer_next_revision(ORDER_ID, quote_body(), STAFF_CALLER, None)
    assert (order.assignee, order.internals.sequence) == (None, ORDER.internals.sequence + 2)
    assert reads(desk) == {"get_item": 3, "batch_get_item": 4}, (
        "where it is; order and caller twice; account with the letterhead, terms, and policy once"
    )


def test_a_quote_that_is_refused_changes_nothing(desk: Desk) -> None:
    store(desk, ORDER)
    with pytest.raises(VersionMismatch):
        quoting.offer_next_revision(ORDER_ID, quote_body(), STAFF_CALLER, frozenset({ORDER.version + 1}))
    with pytest.raises(Invalid) as refusal:
        quoting.offer_next_revision(ORDER_ID, quote_body(valid_until="2026-11-22"), STAFF_CALLER, None)
    assert refused(refusal) == [("/valid_until", "date_in_past")]
    assert order_store.get_order(order_store.key_of(ORDER)) == ORDER
    with pytest.raises(NotFound):
        quoting.offer_next_revision(ORDER_ID[:-1] + "Z", quote_body(), STAFF_CALLER, None)


def test_an_order_is_not_quoted_when_its_status_does_not_allow_it_whatever_the_body(desk: Desk) -> None:
    store(desk, place().order)
    with pytest.raises(Conflict):
        quoting.offer_next_revision(ORDER_ID, {}, STAFF_CALLER, None)
    assert reads(desk) == {"get_item": 1, "batch_get_item": 1}, "neither account nor terms are read"


def test_without_terms_of_its_own_a_quote_has_those_of_the_product_in_the_accounts_language(desk: Desk) -> None:
    del desk.table.items[text_of(terms_key("de"))]
    store(desk, ORDER)
    assert quoting.next_draft(ORDER, None).terms == DEFAULT_TERMS["de"]
    order = quoting.offer_next_revision(ORDER_ID, quote_body(), STAFF_CALLER, None)
    assert order.quote
    assert order.quote.terms == DEFAULT_TERMS["de"]


# -- discounts that need approval ---------------------------------------------------------------------------------

AGENT = STAFF_CALLER._replace(role=Role.AGENT, permissions=PERMISSIONS[Role.AGENT])
HALF = quote_body(line_of(discount={"percent": "50"}))


def limit(desk: Desk, **policy: Any) -> None:
    desk_settings_store.replace_discount_policy(policy, STAFF_CALLER, lambda _version: None)
    desk.table.calls.clear()


def proposed(desk: Desk, body: Json = HALF) -> Order:
    store(desk, ORDER)
    limit(desk, percent="20")
    order = quoting.offer_next_revision(ORDER_ID, body, AGENT, None)
    assert order.proposal
    assert order.quote is None
    return order


def test_a_discount_beyond_the_policy_waits_in_the_transaction_of_its_entry(desk: Desk) -> None:
    order = proposed(desk)
    assert desk.events[-1] == "quote.proposed"
    assert reads(desk) == {"get_item": 2, "batch_get_item": 3}, "as a quote; nobody asks what a token does not say"
    assert desk.order == order


def test_what_a_lead_may_is_looked_up_once_more_where_a_limit_is_passed(desk: Desk) -> None:
    store(desk, ORDER)
    limit(desk, percent="20")
    order = quoting.offer_next_revision(ORDER_ID, HALF, STAFF_CALLER, None)
    assert (order.proposal, order.quote is None) == (None, False)
    assert reads(desk) == {"get_item": 3, "batch_get_item": 3}
    assert desk.entries()[-1].data == {"revision": 1, "reasons": ["percent"], "percent": "50.00"}
    demoted = person_item_of(STAFF_CALLER.user, desk=Role.AGENT)
    desk.table.items[text_of(person_key(STAFF_CALLER.user.user_id))] = demoted
    order = quoting.offer_next_revision(ORDER_ID, HALF, STAFF_CALLER, None)
    assert order.proposal
    assert order.proposal.quote.revision == 2


def test_an_approved_discount_is_made_anew_after_a_lost_race(desk: Desk) -> None:
    proposed(desk)
    desk.before_next("transact_write_items", lambda: desk.follow(lambda order: order.release(CLARA, NOW)))
    order = quoting.approve_proposal(ORDER_ID, STAFF_CALLER, None)
    assert order.quote
    assert (order.proposal, order.quote.revision, order.assignee) == (None, 1, None)
    assert order.undo_until == AT + timedelta(seconds=90)
    assert order.quote.sha256 == order.quote.content_hash("acme", ORDER_ID)
    assert desk.events[-2:] == ["quote.proposal_approved", "quote.prepared"]


def test_a_discount_that_was_refused_meanwhile_is_not_approved(desk: Desk) -> None:
    proposed(desk)
    desk.before_next(
        "transact_write_items", lambda: desk.follow(lambda order: proposals.refuse(order, "No.", CLARA, NOW))
    )
    with pytest.raises(Conflict, match="No discount waits"):
        quoting.approve_proposal(ORDER_ID, STAFF_CALLER, None)
    assert desk.events[-1] == "quote.proposal_refused"


def test_a_request_that_would_offer_something_else_by_now_is_quoted_anew(desk: Desk) -> None:
    order = proposed(desk)
    with pytest.raises(VersionMismatch):
        quoting.approve_proposal(ORDER_ID, STAFF_CALLER, frozenset({order.version - 1}))
    del desk.table.items[text_of(terms_key("de"))]
    terms_store.reset()
    with pytest.raises(Conflict, match="quote anew"):
        quoting.approve_proposal(ORDER_ID, STAFF_CALLER, None)
    desk.now = AT + 400 * DAY
    with pytest.raises(Conflict, match="quote anew"):
        quoting.approve_proposal(ORDER_ID, STAFF_CALLER, None)
    assert desk.order == order
