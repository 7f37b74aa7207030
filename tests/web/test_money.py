"""Amounts and quantities as people type them: what is shown is what is sent, and nothing is guessed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.local_run import Description
from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import in_days, placed

DIGITS = {"JPY": 0, "EUR": 2, "KWD": 3}
READ = """async ([typed, digits]) => {
  const { parseAmount, write } = await import("/lib/money.js");
  const { units, fault, readings } = parseAmount(typed, digits);
  return fault ? [fault, ...readings] : [write(units, digits)];
}"""
SAID = """async ([language, typed, currency]) => {
  const { setCurrencies } = await import("/lib/money.js");
  const { loadLocale } = await import("/lib/i18n.js");
  const { AmountField } = await import("/lib/amount-field.js");
  const { Field } = await import("/lib/ui/field.js");
  const { html, render } = await import("/lib/view.js");
  setCurrencies([{ currency: "JPY", minor_digits: 0 }, { currency: "KWD", minor_digits: 3 }]);
  await loadLocale(language);
  const known = new Set(["99.500"]);
  const made = new AmountField({ name: "price", label: "Price", required: true, value: typed, currency, known });
  const place = document.createElement("div");
  document.body.replaceChildren(place);
  render(html`<${Field} of=${made} />`, place);
  return made.ownFault() ?? document.querySelector(".hint").textContent;
}"""
MALFORMED = {currency: ["malformed"] for currency in DIGITS}

TYPED: dict[str, dict[str, list[str]]] = {
    "12": {"JPY": ["12"], "EUR": ["12.00"], "KWD": ["12.000"]},
    "007": {"JPY": ["7"], "EUR": ["7.00"], "KWD": ["7.000"]},
    " 12 ": {"JPY": ["12"], "EUR": ["12.00"], "KWD": ["12.000"]},
    "\u00a012\u202f": {"JPY": ["12"], "EUR": ["12.00"], "KWD": ["12.000"]},
    "12.5": {"JPY": ["decimals"], "EUR": ["12.50"], "KWD": ["12.500"]},
    "12,5": {"JPY": ["decimals"], "EUR": ["12.50"], "KWD": ["12.500"]},
    "12,50": {"JPY": ["decimals"], "EUR": ["12.50"], "KWD": ["12.500"]},
    "12.0": {"JPY": ["decimals", "12"], "EUR": ["12.00"], "KWD": ["12.000"]},
    "12.500": {
        "JPY": ["decimals", "12500"],
        "EUR": ["decimals", "12500", "12.50"],
        "KWD": ["ambiguous", "12500", "12.5"],
    },
    "12.555": {"JPY": ["decimals", "12555"], "EUR": ["decimals", "12555"], "KWD": ["ambiguous", "12555", "012.555"]},
    "-12,050": {
        "JPY": ["decimals", "-12050"],
        "EUR": ["decimals", "-12050", "-12.05"],
        "KWD": ["ambiguous", "-12050", "-12.05"],
    },
    "012.555": {"JPY": ["decimals"], "EUR": ["decimals"], "KWD": ["12.555"]},
    "2.990": {"JPY": ["decimals", "2990"], "EUR": ["decimals", "2990", "2.99"], "KWD": ["ambiguous", "2990", "2.99"]},
    "1,000": {
        "JPY": ["decimals", "1000", "1"],
        "EUR": ["decimals", "1000", "1.00"],
        "KWD": ["ambiguous", "1000", "1"],
    },
    "150,000": {
        "JPY": ["decimals", "150000", "150"],
        "EUR": ["decimals", "150000", "150.00"],
        "KWD": ["ambiguous", "150000", "150"],
    },
    "-1,000": {
        "JPY": ["decimals", "-1000", "-1"],
        "EUR": ["decimals", "-1000", "-1.00"],
        "KWD": ["ambiguous", "-1000", "-1"],
    },
    "0,500": {"JPY": ["decimals"], "EUR": ["decimals", "0.50"], "KWD": ["0.500"]},
    "1234,567": {"JPY": ["decimals"], "EUR": ["decimals"], "KWD": ["1234.567"]},
    "1.2345": {"JPY": ["decimals"], "EUR": ["decimals"], "KWD": ["decimals"]},
    "1,234.56": {"JPY": ["decimals"], "EUR": ["1234.56"], "KWD": ["1234.560"]},
    "1.234,56": {"JPY": ["decimals"], "EUR": ["1234.56"], "KWD": ["1234.560"]},
    "-1.234.567,8": {"JPY": ["decimals"], "EUR": ["-1234567.80"], "KWD": ["-1234567.800"]},
    "1,234.500": {"JPY": ["decimals"], "EUR": ["decimals", "1234.50"], "KWD": ["1234.500"]},
    "1,234,567": {"JPY": ["grouped", "1234567"], "EUR": ["grouped", "1234567.00"], "KWD": ["grouped", "1234567.000"]},
    "1 234,5": {"JPY": ["grouped"], "EUR": ["grouped", "1234.50"], "KWD": ["grouped", "1234.500"]},
    "1\u202f234": {"JPY": ["grouped", "1234"], "EUR": ["grouped", "1234.00"], "KWD": ["grouped", "1234.000"]},
    "1'234.50": {"JPY": ["grouped"], "EUR": ["grouped", "1234.50"], "KWD": ["grouped", "1234.500"]},
    "1\u2019234": {"JPY": ["grouped", "1234"], "EUR": ["grouped", "1234.00"], "KWD": ["grouped", "1234.000"]},
    "-5": {"JPY": ["-5"], "EUR": ["-5.00"], "KWD": ["-5.000"]},
    "\u22125": {"JPY": ["-5"], "EUR": ["-5.00"], "KWD": ["-5.000"]},
    "-0": {"JPY": ["0"], "EUR": ["0.00"], "KWD": ["0.000"]},
    "": {currency: ["required"] for currency in DIGITS},
    " \u00a0 ": {currency: ["required"] for currency in DIGITS},
    **dict.fromkeys(
        ["+5", "5-", "- 5", "1e3", "0x10", "12.", ".50", ",5", "1,00,000", "12 50", "1.2.3", "12€", "NaN", "1/2",
         "\u0661\u0662", "\u0661\u0662\u066b\u0665", "\uff11\uff12", "1_000", "1234567890123456"],
        MALFORMED,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def blank(site: Description, browser: Any) -> Iterator[Page]:
    """A page of the site, for its modules."""
    page = browser.new_page()
    page.goto(f"{site['site']}/config.json")
    yield page
    page.close()


@pytest.mark.parametrize("currency", DIGITS)
def test_an_amount_is_read_in_one_way_or_not_at_all(blank: Page, currency: str) -> None:
    read = {typed: blank.evaluate(READ, [typed, DIGITS[currency]]) for typed in TYPED}
    assert read == {typed: expected[currency] for typed, expected in TYPED.items()}


@pytest.mark.parametrize(
    ("language", "typed", "currency", "said"),
    [
        ("en", "12.500", "EUR", ["12.500", "2 decimals", "For €12,500.00, write 12500.", "For €12.50, write 12.50."]),
        ("de", "12.500", "EUR", ["12.500", "2 Nachkommastellen", "Für 12.500,00\u00a0€ schreiben Sie 12500."]),
        ("en", "150,000", "JPY", ["no decimals", "For ¥150,000, write 150000."]),
        ("de", "150,000", "JPY", ["keine Nachkommastellen", "Für 150.000\u00a0¥ schreiben Sie 150000."]),
        ("en", "1,000", "KWD", ["two ways", "For KWD\u00a01,000.000, write 1000.", "For KWD\u00a01.000, write 1."]),
        ("de", "1 234,56", "EUR", ["Tausendern", "Für 1.234,56\u00a0€ schreiben Sie 1234.56."]),
        ("en", "0,500", "KWD", ["0,500 is KWD\u00a00.500."]),
        ("de", "12.500", "KWD", ["zwei Weisen", "Für 12.500,000\u00a0KWD schreiben Sie 12500.",
                                 "Für 12,500\u00a0KWD schreiben Sie 12.5."]),
        ("de", "12.555", "KWD", ["Für 12,555\u00a0KWD schreiben Sie 012.555."]),
        ("de", "99.500", "KWD", ["99.500 sind 99,500\u00a0KWD."]),
        ("en", "1e3", "EUR", ["An amount in EUR is written in digits, such as 1250.00."]),
        ("en", "9" * 100, "EUR", ["such as 1250.00."]),
        ("en", " ", "EUR", ["This is needed."]),
    ],
)  # fmt: skip
def test_what_was_understood_and_how_to_write_it_is_said(
    blank: Page, language: str, typed: str, currency: str, said: list[str]
) -> None:
    text = blank.evaluate(SAID, [language, typed, currency])
    assert [part for part in said if part not in text] == [], text


def test_an_ambiguous_thousands_price_is_refused_and_the_stored_one_shown(
    open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("404")
    before = call("nadia", "GET", "/desk/price-lists/JPY")["prices"]
    page = open_page("nadia", "/desk/price-lists/JPY")
    price = page.get_by_label("Unit price").first
    price.fill("150,000")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".fault:visible")).to_contain_text("For ¥150,000, write 150000.")
    assert call("nadia", "GET", "/desk/price-lists/JPY")["prices"] == before
    price.fill("0150000")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("saved")
    expect(page.get_by_label("Unit price").first).to_have_value("150000")
    call("nadia", "PUT", "/desk/price-lists/JPY", {"prices": before})


@pytest.mark.parametrize(
    ("quantity", "price", "fault"),
    [("1e3", "50", "digits alone"), ("1.0", "50", "digits alone"), ("2", "12.500", "For $12,500.00, write 12500.")],
)
def test_a_quote_sends_what_it_shows_and_nothing_that_it_cannot_show(
    open_page: OpenPage, call: Call, quantity: str, price: str, fault: str
) -> None:
    order_id = placed(call, "maria", 6)
    call("nadia", "POST", f"/desk/orders/{order_id}/claim", {})
    page = open_page("nadia", f"/desk/orders/{order_id}")
    page.get_by_label("Quantity").fill(quantity)
    page.get_by_label("Unit price").fill(price)
    expect(page.locator("output.amount")).to_have_text("–")
    expect(page.locator(".editor-foot")).to_contain_text("Without 1 line")
    page.get_by_role("button", name="Send quote").click()
    expect(page.locator(".editor .fault:visible")).to_contain_text(fault)
    assert call("nadia", "GET", f"/desk/orders/{order_id}")["quote"] is None
    page.get_by_label("Quantity").fill("1000")
    page.get_by_label("Unit price").fill("50,5")
    expect(page.locator(".editor .totals")).to_contain_text("$50,500.00")
    expect(page.locator(".editor-foot")).not_to_contain_text("Without")
    page.get_by_role("button", name="Send quote").click()
    expect(page.locator(".quote .totals")).to_contain_text("$50,500.00")


@pytest.mark.parametrize("typed", ["1e1", "4.0"])
def test_a_quantity_is_ordered_in_digits_alone(open_page: OpenPage, typed: str) -> None:
    page = open_page("cora", "/orders/new")
    page.get_by_role("button", name="New", exact=True).click()
    page.click("[data-kind=ip_addresses]")
    quantity = page.locator(".item-form [name=quantity]")
    assert quantity.get_attribute("inputmode") == "numeric"
    quantity.fill(typed)
    page.locator(".item-form [name=start_date]").fill(in_days(20))
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".item-form .fault:visible")).to_have_text("A whole number, in digits alone.")
    quantity.fill(" 4 ")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator(".draft-items li")).to_contain_text(re.compile("4 public IPv4"))


FIELD = """async ([typed, longest]) => {
  const { loadLocale } = await import("/lib/i18n.js");
  const { FormField } = await import("/lib/fields.js");
  const { Field } = await import("/lib/ui/field.js");
  const { html, render } = await import("/lib/view.js");
  await loadLocale("en");
  const made = new FormField({ name: "note", label: "Note", type: "textarea", limits: { maxLength: longest } });
  const place = document.createElement("div");
  document.body.replaceChildren(place);
  render(html`<${Field} of=${made} />`, place);
  made.focus();
  document.execCommand("insertText", false, typed); // as pasting does, which a maxlength would cut
  await new Promise((resolve) => setTimeout(resolve));
  const counted = [...document.querySelectorAll(".hint")].map((each) => each.textContent).filter(Boolean);
  return [made.read(), made.ownFault(), counted, document.querySelector("textarea").maxLength];
}"""


@pytest.mark.parametrize(
    ("typed", "fault", "counted"),
    [
        ("a" * 89, None, []),
        ("a" * 90, None, ["90 of 100 characters"]),
        ("a" * 99 + "\U0001f600 ", None, ["100 of 100 characters"]),
        ("a" * 1_105, "This is 1,005 characters too long; 100 at most.", ["1,105 of 100 characters"]),
    ],
)
def test_what_is_too_long_is_counted_and_refused_and_never_cut(
    blank: Page, typed: str, fault: str | None, counted: list[str]
) -> None:
    kept, found, hints, longest = blank.evaluate(FIELD, [typed, 100])
    assert (kept, hints, longest) == (typed.strip(), counted, -1)
    assert found is None if fault is None else found.startswith(fault)
