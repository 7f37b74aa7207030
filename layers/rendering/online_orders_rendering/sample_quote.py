"""Set a sample quote, in which nobody has a part, to show a letterhead before it is stored."""

from __future__ import annotations

from datetime import date, timedelta

from online_orders.domain.errors import FieldError, Invalid
from online_orders.domain.installation import Installation
from online_orders.domain.languages import texts
from online_orders.domain.letterheads import Letterhead
from online_orders.domain.quote_requests import parse_quote
from online_orders_rendering.i18n import translator
from online_orders_rendering.quote_pdf import render_pdf

ORDER_ID = "01KAND6R00000000000000EXMP"
ACCOUNT_ID = "example"
_VALIDITY = timedelta(days=30)
_LINES = (("connection", 1, "420", "monthly"), ("device", 2, "1250", "once"))


def render_sample_pdf(letterhead: Letterhead, locale: str, installation: Installation, today: date) -> bytes:
    """Return the PDF of a sample quote; raise Invalid for a logo that Typst cannot set."""
    from typst import TypstError  # imported here for the sake of cold starts

    translate = translator(locale)
    lines = [
        {
            "item_id": "1",
            "description": translate(f"sample.{name}"),
            "quantity": quantity,
            "unit_price": price,
            "recurrence": recurrence,
        }
        for name, quantity, price, recurrence in _LINES
    ]
    quote = parse_quote(
        {"valid_until": (today + _VALIDITY).isoformat(), "lines": lines, "message": translate("sample.message")},
        order_id=ORDER_ID,
        account_id=ACCOUNT_ID,
        revision=1,
        items=1,
        currency="EUR",
        terms=texts(translate.name)["terms"],
        today=today,
    )
    try:
        return render_pdf(
            quote,
            order_id=ORDER_ID,
            account_id=ACCOUNT_ID,
            account_name=translate("sample.account"),
            placed_on=today,
            locale=locale,
            installation=installation,
            letterhead=letterhead,
        )
    except TypstError:
        if letterhead.logo is None:
            raise
        unsettable = FieldError("/logo/data", "logo_malformed", "No paper can be set with this logo.")
        raise Invalid([unsettable]) from None
