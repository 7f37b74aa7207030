"""Quote an order at the desk: make the draft of a quote, and the next revision from a request."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from online_orders import clock
from online_orders.aws import (
    account_store,
    catalog_store,
    desk_settings_store,
    grant_check,
    letterhead_store,
    order_store,
    price_store,
    terms_store,
)
from online_orders.aws.table import get_all
from online_orders.domain.accounts import Account
from online_orders.domain.callers import Caller
from online_orders.domain.errors import Conflict, Invalid
from online_orders.domain.orders import Change, Order
from online_orders.domain.prices import QuoteDraft, draft_from_prices, draft_from_revision
from online_orders.domain.quote_requests import QuoteFrame, frame_of
from online_orders.domain.roles import Permission
from online_orders.environment import environment


def next_draft(order: Order, currency: str | None) -> QuoteDraft:
    """Return the draft of the next quote: from the one that waits for approval, else from the present revision, else
    from the account's price lists.

    With `currency`, the price lists in that currency are used in any case. Raises Conflict for a closed order.
    """
    if not order.is_open:
        raise Conflict("A closed order is not quoted.", order.status)
    today = order.today(clock.now())
    valid_until = today + timedelta(days=int(environment("QUOTE_VALIDITY_DAYS")))
    if order.proposal and currency is None:
        from online_orders.domain.discounts import costs_of

        waiting = order.proposal
        return draft_from_revision(waiting.quote, today=today, valid_until=valid_until, costs=costs_of(waiting.request))
    if order.quote and currency is None:
        kept = order.internals.quote_costs
        return draft_from_revision(
            order.quote, today=today, valid_until=valid_until, costs=kept.by_line if kept else ()
        )
    owner = order.account_id
    found = get_all([*account_store.access_keys(owner, owner), *catalog_store.keys_to_read()])
    account = account_store.authorize(found, owner, owner)
    currency = currency or account.currency
    return draft_from_prices(
        order,
        account.site_names,
        price_store.price_lists_for(account, currency),
        currency=currency,
        terms=terms_store.terms_for(account).text,
        today=today,
        valid_until=valid_until,
        catalog=catalog_store.from_items(found),
    )


def offer_next_revision(order_id: str, body: Any, by: Caller, if_match: frozenset[int] | None) -> Order:
    """Make the next revision of an order from a quote request; return the order with it, `sending`.

    Its mail waits for the installation's undo window. One whose discount passes a threshold of the desk's policy is not
    offered but waits for approval, unless the caller may approve it. `if_match` has the versions that If-Match names.
    Raises what `order_store.update_order` raises, and Invalid with every error of the body.
    """

    from online_orders.domain.discounts import (
        costs_of,
        judge,
        kept_costs,
    )  # as what is quoted, needed by few requests of the desk
    from online_orders.domain.proposals import propose, reasons_data

    basis, policy = cache(_basis_of_account), cache(desk_settings_store.discount_policy)

    def offer(order: Order) -> Change:
        order.require_allowed("quote")
        at = clock.now()
        quote = order.next_revision(body, *basis(order.account_id).at(at))
        costs = kept_costs(body, quote.currency)
        if (limits := policy()).is_off:
            return order.offer(quote, by.user, at, _undo_window(), costs=costs)
        figures, reasons = judge(quote, costs_of(body), limits)
        if reasons and not grant_check.still_has(by, Permission.APPROVE_DISCOUNTS):
            return propose(order, quote, body, reasons, figures, by.user, at)
        said = reasons_data(reasons, figures) if reasons else None
        return order.offer(quote, by.user, at, _undo_window(), said, costs)

    key = order_store.locate_order(order_id)
    return order_store.update_order(lambda: order_store.get_order(key, by), offer, if_match)


def approve_proposal(order_id: str, by: Caller, if_match: frozenset[int] | None) -> Order:
    """Offer the quote whose discount waits for approval, made anew of its request; return the order with it.

    Raises Conflict where none waits, and where the same request would offer something else by now, or nothing at all:
    it is the quote as it was asked for that is approved. Otherwise as `offer_next_revision`.
    """
    from online_orders.domain import proposals

    basis = cache(_basis_of_account)

    def approve(order: Order) -> Change:
        waiting, at = order.require_proposal(), clock.now()
        try:
            quote = order.next_revision(waiting.request, *basis(order.account_id).at(at))
        except Invalid:
            raise Conflict(
                "The quote can no longer be offered as it was asked for; quote anew.", order.status
            ) from None
        if not waiting.is_offered_by(quote):
            raise Conflict(
                "Terms, taxes or currency have changed since the quote was asked for; quote anew.", order.status
            )
        return proposals.approve(order, quote, by.user, at, _undo_window())

    key = order_store.locate_order(order_id)
    return order_store.update_order(lambda: order_store.get_order(key, by), approve, if_match)


def _undo_window() -> timedelta:
    return timedelta(seconds=int(environment("QUOTE_UNDO_SECONDS")))


class Basis(NamedTuple):
    """What a revision takes from its account and the installation."""

    currency: str
    terms: str
    frame: QuoteFrame

    def at(self, at: datetime) -> tuple[str, str, datetime, QuoteFrame]:
        """Return it as `Order.next_revision` takes it, for a revision that is made at an instant."""
        return self.currency, self.terms, at, self.frame


def _basis_of_account(account_id: str) -> Basis:
    found = get_all([*account_store.access_keys(account_id, account_id), *letterhead_store.keys_to_read()])
    account = account_store.authorize(found, account_id, account_id)
    return basis_of(account, letterhead_store.current_version(found))


def basis_of(account: Account, letterhead_version: int | None) -> Basis:
    """Return what the quotes of an account are made with now; `letterhead_version` is the one in force."""
    terms = terms_store.terms_for(account)
    frame = frame_of(account, terms_version=terms.version, letterhead_version=letterhead_version)
    return Basis(account.currency, terms.text, frame)
