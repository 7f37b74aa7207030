"""Render the confirmation of an approved order as a PDF: what was accepted, and no person.

The layout is the quote's. The same order has the same bytes, whenever and wherever it is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from online_orders.domain.accounts import Account
from online_orders.domain.installation import Installation
from online_orders.domain.letterheads import Letterhead
from online_orders.domain.order_numbers import number_of
from online_orders.domain.orders import Order
from online_orders.domain.quotes import Quote
from online_orders_rendering.directions import directed
from online_orders_rendering.i18n import Translator, item_labels, line_of, translator
from online_orders_rendering.quote_pdf import (
    buyer_facts,
    compiler_of,
    frame,
    pdf_of,
    quote_hash,
    table_of,
    terms_of,
)
from online_orders_rendering.quote_texts import quote_texts


def render_confirmation_pdf(
    order: Order, account: Account, installation: Installation, letterhead: Letterhead | None = None
) -> bytes:
    """Return the PDF of an approved order, A4, with the letterhead that its quote names; raise ValueError for any other
    order.
    """
    quote = order.approved_quote
    if quote is None or quote.decided_at is None:
        raise ValueError("The order is not approved.")
    locale = order.internals.locale
    translate = translator(locale)
    heading = translate("confirmation.title")
    told = quote_texts(quote, translate, quote.accepted.options if quote.accepted else None)
    lines = [line for line in told.lines if line.is_chosen is not False]
    labels = item_labels(order, locale, account.site_names)
    approved_on = quote.decided_at.astimezone(ZoneInfo(order.internals.time_zone)).date()
    vendor = line_of(letterhead.legal_name if letterhead else installation.brand)
    data = {
        **frame(
            translate,
            installation,
            letterhead,
            heading=heading,
            title=f"{heading} {order.order_id}",
            day=approved_on,
        ),
        "introduction": directed(
            translate("confirmation.introduction", vendor=vendor, day=translate.day(approved_on)),
        ),
        "facts": [(name, directed(value)) for name, value in _facts(order, quote, account, translate)],
        **table_of(quote, lines, told.totals, translate, labels, shows_groups=False),
        "notes": [],
        "message": None,
        "terms": terms_of(quote, translate),
        "hashes": [quote_hash(quote, translate)],
    }
    if quote.accepted:
        data["hashes"] += [
            {
                "heading": directed(translate("confirmation.sha256")),
                "value": quote.accepted.sha256,
                "note": translate("confirmation.hash_note"),
            }
        ]
    return pdf_of(compiler_of("quote.typ"), letterhead, quote=data)


def _facts(order: Order, quote: Quote, account: Account, translate: Translator) -> Iterator[tuple[str, str]]:
    yield from buyer_facts(quote, f"{line_of(order.account_name(account.name))} ({account.account_id})", translate)
    yield translate("label.number"), number_of(order.order_id)
    yield translate("label.order_id"), order.order_id
    if number := (quote.accepted and quote.accepted.purchase_order_number) or order.purchase_order_number:
        yield translate("label.purchase_order_number"), line_of(number)
    yield translate("label.placed_on"), translate.day(order.placed_on)
    yield translate("label.revision"), str(quote.revision)
    if quote.common_end_on:
        yield translate("label.common_end_on"), translate.day(quote.common_end_on)
