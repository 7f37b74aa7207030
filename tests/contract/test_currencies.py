"""Currencies of no and of three decimals, from the price list to what the contact person reads."""

import io
import re

import pytest
from pypdf import PdfReader

from tests.contract.in_process import InProcess
from tests.contract.orders import enroll, line, place_for
from tests.contract.site import Json

PRICES = {
    "JPY": ("1200", "4800", "1", "4799"),
    "KWD": ("1.005", "4.020", "0.001", "4.019"),
    "BHD": ("1000.250", "4001.000", "0.500", "4000.500"),
}
"""The price of one address, four of them, a discount, and the total."""
WRITTEN = {
    ("JPY", "en"): ("¥1,200", "¥4,800", "-¥1", "¥4,799"),
    ("JPY", "de"): ("1.200 ¥", "4.800 ¥", "-1 ¥", "4.799 ¥"),
    ("KWD", "en"): ("KWD 1.005", "KWD 4.020", "-KWD 0.001", "KWD 4.019"),
    ("KWD", "de"): ("1,005 KWD", "4,020 KWD", "-0,001 KWD", "4,019 KWD"),
    ("BHD", "en"): ("BHD 1,000.250", "BHD 4,001.000", "-BHD 0.500", "BHD 4,000.500"),
    ("BHD", "de"): ("1.000,250 BHD", "4.001,000 BHD", "-0,500 BHD", "4.000,500 BHD"),
}


def plain(text: str) -> str:
    """Without the widths of spaces and the lengths of dashes, which are the typesetter's."""
    return re.sub(r"\s+", " ", text).replace("\N{MINUS SIGN}", "-")


@pytest.mark.parametrize(("currency", "locale"), WRITTEN)
def test_currencies_of_zero_or_three_decimals_work_from_list_to_pdf(
    in_process: InProcess, currency: str, locale: str
) -> None:
    site, cs = in_process, in_process.people.cs
    price, amount, discount, total = PRICES[currency]
    listed: Json = {
        "kind": "ip_addresses",
        "description": "Public IPv4",
        "unit_price": price,
        "recurrence": "monthly",
    }
    site.put(f"/api/desk/price-lists/{currency}", cs, {"prices": [listed]}).ok()
    order = place_for(site, enroll(site, currency=currency, locale=locale))
    order.desk("claim").ok()
    body = site.get(f"{order.desk_path}/quote-draft", cs).ok()
    less = line(item_id=None, description="Loyalty", quantity=1, unit_price=f"-{discount}")
    body["lines"].append(less)
    found = order.desk("quote", body).ok(202)["quote"]
    assert [(each["unit_price"], each["amount"]) for each in found["lines"]] == [
        (price, amount),
        (f"-{discount}", f"-{discount}"),
    ]
    nothing = f"{0:.{len(price.partition('.')[2])}f}"
    assert found["totals"] == {"once": nothing, "monthly": total, "yearly": nothing}

    mail = order.quote_mail()
    pdf = PdfReader(io.BytesIO(mail.attachments[0].read()))
    texts = {
        "mail": mail.text,
        "html": mail.html,
        "page": site.request("GET", mail.link).page(),
        "paper": "\n".join(page.extract_text() for page in pdf.pages),
    }
    shown = WRITTEN[currency, locale]
    for where in ("page", "paper"):
        assert [text for text in shown if text not in plain(texts[where])] == [], where
    for where in ("mail", "html"):
        assert shown[-1] in plain(texts[where]), where
    event = next(event for event in site.lab.events if event.detail_type == "order.quoted")
    assert event.detail["totals"] == found["totals"]


@pytest.mark.parametrize(("currency", "price"), [("JPY", "0.5"), ("JPY", "10.0"), ("KWD", "0.0001"), ("BHD", "1.0000")])
def test_too_many_decimals_are_an_error_in_quotes_and_price_lists(
    in_process: InProcess, currency: str, price: str
) -> None:
    site = in_process
    order = place_for(site, enroll(site, currency=currency))
    order.desk("claim").ok()
    body = {"valid_until": site.day(40), "lines": [line(unit_price=price)]}
    assert order.desk("quote", body).faults() == {"/lines/0/unit_price": "too_many_decimals"}
    listed = {"kind": "ip_addresses", "description": "IPv4", "unit_price": price, "recurrence": "once"}
    path = f"/api/desk/price-lists/{currency}"
    assert site.put(path, site.people.cs, {"prices": [listed]}).faults() == {
        "/prices/0/unit_price": "too_many_decimals"
    }
