"""Quotes with terms, discounts, options and taxes: written at the desk, and looked at by everybody."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests import loopback
from tests.local_run import Description
from tests.web.axe import faults, overflows
from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import in_days, link_and_code, placed, quoted

NEXT_YEAR = datetime.now(UTC).year + 1
VAT = {"treatment": "rate", "label": "VAT", "rate": "19"}
REVERSE = {"treatment": "reverse_charge", "label": "VAT", "sentence": "The buyer owes the tax."}
FOLLOWED_MILLISECONDS = 60_000


def full(**changes: Any) -> dict[str, Any]:
    """A quote with a part of a year, a line with a discount, options, taxes, and a discount on the whole."""
    plain = {"item_id": "1", "quantity": 1, "recurrence": "monthly"}
    return {
        "valid_until": in_days(30),
        "common_end_on": f"{NEXT_YEAR}-12-31",
        "discount": {"percent": "5"},
        "tax": None,
        "lines": [
            plain
            | {
                "description": "Addresses",
                "unit_price": "31.00",
                "starts_on": f"{NEXT_YEAR}-02-10",
                "prorate": True,
                "message": "Until the end of the year.",
                "tax": VAT,
            },
            plain
            | {
                "description": "Care",
                "quantity": 2,
                "unit_price": "50.00",
                "discount": {"percent": "10"},
                "starts_on": f"{NEXT_YEAR}-02-10",
                "term_months": 12,
                "tax": VAT,
            },
            plain
            | {
                "item_id": None,
                "description": "Support by day",
                "unit_price": "5.00",
                "optional": True,
                "option_group": "support",
                "selected": True,
                "tax": VAT,
            },
            plain
            | {
                "item_id": None,
                "description": "Support by night",
                "unit_price": "9.00",
                "optional": True,
                "option_group": "support",
                "tax": REVERSE,
            },
        ],
        **changes,
    }


def claimed(call: Call, who: str = "maria", quantity: int = 3) -> str:
    order_id = placed(call, who, quantity)
    call("nadia", "POST", f"/desk/orders/{order_id}/claim", {})
    return order_id


def more_of(page: Page, line: int) -> Locator:
    """What most lines leave empty, of a line by its place; opened."""
    found = page.locator(".line-row .line-more").nth(line)
    if found.get_attribute("open") is None:
        found.locator("summary").click()
    return found


def content_of(quote: dict[str, Any]) -> dict[str, Any]:
    """What two revisions share that offer the same."""
    return {
        name: value
        for name, value in quote.items()
        if name not in {"revision", "state", "sha256", "offered_at", "decided_at"}
    }


def test_a_quote_is_written_with_all_that_it_may_have(open_page: OpenPage, call: Call) -> None:
    order_id = claimed(call)
    page = open_page("nadia", f"/desk/orders/{order_id}")
    _write_a_part_of_a_year(page)
    _add_a_setup_line(page)
    _add_an_option(page)
    _write_the_whole(page)
    foot = page.locator(".editor-foot")
    foot.locator(".sum-parts summary").click()
    expect(foot).to_contain_text("One-time, discount of $9.50")
    expect(foot).to_contain_text("VAT 19% on $")
    expect(page.locator(".line-row").first).to_contain_text("3 × $31.00 × (10 + 22/31) = $996.00")
    expect(page.locator(".line-row").nth(1).locator("output")).to_have_text("$87.50")
    shown = foot.locator(".totals").first.inner_text()
    page.get_by_role("button", name="Send quote").click()
    expect(page.locator(".toast")).to_contain_text("on its way")
    quote = call("nadia", "GET", f"/desk/orders/{order_id}")["quote"]
    assert f"{float(quote['gross_totals']['once']):,.2f}" in shown
    line, setup, care = quote["lines"]
    assert line["proration"] == {"months": 10, "days": 22, "days_in_month": 31}
    assert (line["ends_on"], line["message"]) == (f"{NEXT_YEAR}-12-31", "Until the end of the year.")
    assert (setup["item_id"], setup["recurrence"], setup["discount"]) == ("1", "once", {"percent": "12.5"})
    assert (care["optional"], care["selected"], care["option_group"], care["term_months"]) == (True, True, "care", 12)
    assert care["tax"] == {"treatment": "exempt", "label": "VAT"}
    assert (line["tax"], quote["discount"]) == (VAT, {"amount": "9.50", "recurrence": "once"})


def _write_a_part_of_a_year(page: Page) -> None:
    page.locator("[name=unit_price]").fill("31")
    page.locator("[name=recurrence]").first.select_option("monthly")
    more = more_of(page, 0)
    more.get_by_label("First day").fill(f"{NEXT_YEAR}-02-10")
    more.get_by_label("Charge once").check()
    more.get_by_label("Text to the line").fill("Until the end of the year.")
    more.get_by_label("Unit cost").fill("20")


def _add_a_setup_line(page: Page) -> None:
    page.get_by_role("button", name="Add a setup line").click()
    expect(page.locator("[name=unit_price]").nth(1)).to_be_focused()
    expect(page.locator("[name=description]").nth(1)).to_have_value(re.compile("^Setup: "))
    expect(page.get_by_role("button", name="Add a setup line")).to_have_count(0)
    page.keyboard.type("100")
    more = more_of(page, 1)
    more.locator("[name=discount]").select_option("percent")
    more.get_by_label("Discount in percent").fill("12,5")
    expect(more.locator("summary")).to_contain_text("discount of 12.5%")


def _add_an_option(page: Page) -> None:
    page.get_by_role("button", name="Add an extra line or a discount").click()
    page.keyboard.type("Care")
    page.locator("[name=unit_price]").nth(2).fill("40")
    more = more_of(page, 2)
    more.get_by_label("Optional: ").check()
    more.get_by_label("Offered as chosen").check()
    more.get_by_label("Group of options").fill("care")
    more.get_by_label("Term in months").fill("12")
    more.locator("[name=treatment]").select_option("exempt")
    more.get_by_label("Name of the tax").fill("VAT")


def _write_the_whole(page: Page) -> None:
    """Discount, common end and tax of the quote."""
    whole = page.locator(".line-more.whole")
    whole.locator("summary").click()
    whole.get_by_label("Common end").fill(f"{NEXT_YEAR}-12-31")
    whole.locator("[name=discount]").select_option("amount")
    whole.get_by_label("Discount in USD").fill("9.50")
    whole.locator("[name=treatment]").select_option("rate")
    whole.get_by_label("Name of the tax").fill("VAT")
    whole.get_by_label("Rate in percent").fill("19")


def test_faults_are_shown_at_their_places(open_page: OpenPage, call: Call, complaints: Complaints) -> None:
    complaints.expected.append("422")
    order_id = claimed(call)
    page = open_page("nadia", f"/desk/orders/{order_id}")
    page.locator("[name=unit_price]").fill("31")
    first = more_of(page, 0)
    first.get_by_label("First day").fill(f"{NEXT_YEAR}-02-10")
    first.get_by_label("Last day").fill(f"{NEXT_YEAR}-01-10")
    first.locator("[name=discount]").select_option("percent")
    first.get_by_label("Discount in percent").fill("120")
    first.locator("[name=treatment]").select_option("rate")
    first.get_by_label("Name of the tax").fill("VAT")
    first.get_by_label("Rate in percent").fill("101")
    whole = page.locator(".line-more.whole")
    whole.locator("summary").click()
    whole.locator("[name=discount]").select_option("amount")
    whole.get_by_label("Discount in USD").fill("5000")
    expect(page.locator(".editor-foot")).to_contain_text("No amounts yet: ")
    first.locator("summary").click()
    whole.locator("summary").click()
    page.get_by_role("button", name="Send quote").click()
    expect(first.get_by_label("Last day")).to_have_attribute("aria-invalid", "true")
    expect(first.get_by_label("Discount in percent")).to_have_attribute("aria-invalid", "true")
    expect(first.get_by_label("Rate in percent")).to_have_attribute("aria-invalid", "true")
    first.get_by_label("Last day").fill(f"{NEXT_YEAR}-03-10")
    first.get_by_label("Discount in percent").fill("12")
    first.get_by_label("Rate in percent").fill("10")
    page.get_by_role("button", name="Send quote").click()
    expect(whole.locator(".fault:visible")).to_have_text("A total is below zero.")
    expect(whole.locator("[name=discount]")).to_be_focused()
    assert call("nadia", "GET", f"/desk/orders/{order_id}")["quote"] is None


def test_a_draft_that_is_sent_unchanged_makes_the_same_offer(
    site: Description, open_page: OpenPage, call: Call
) -> None:
    order_id = claimed(call)
    quoted(site, call, order_id, **full())
    first = call("nadia", "GET", f"/desk/orders/{order_id}")["quote"]
    page = open_page("nadia", f"/desk/orders/{order_id}")
    page.get_by_role("button", name="Write a new revision").click()
    expect(page.locator(".editor-foot .totals").first).to_contain_text("One-time, with taxes")
    expect(page.locator(".line-row .set").nth(2)).to_contain_text("offered as chosen")
    page.get_by_role("button", name="Send revision 2").click()
    expect(page.locator(".toast")).to_contain_text("on its way")
    second = call("nadia", "GET", f"/desk/orders/{order_id}")["quote"]
    assert second["revision"] == 2
    assert content_of(second) == content_of(first)


def test_what_was_written_of_a_quote_is_kept_over_a_reload(open_page: OpenPage, call: Call) -> None:
    page = open_page("nadia", f"/desk/orders/{claimed(call)}")
    line = more_of(page, 0)
    line.locator("[name=discount]").select_option("percent")
    line.get_by_label("Discount in percent").fill("7.5")
    line.get_by_label("Optional: ").check()
    page.locator(".line-more.whole summary").click()
    page.locator(".whole").get_by_label("Common end").fill(f"{NEXT_YEAR}-12-31")
    page.reload()
    expect(page.locator(".notice.warn").first).to_be_visible()
    expect(page.locator(".line-row summary")).to_contain_text("discount of 7.5%")
    expect(page.locator(".line-row summary")).to_contain_text("option")
    expect(page.locator(".whole summary")).to_contain_text(f"Dec 31, {NEXT_YEAR}")


def test_options_terms_and_discounts_are_written_by_keyboard_alone(open_page: OpenPage, call: Call) -> None:
    page = open_page("nadia", f"/desk/orders/{claimed(call)}")
    page.locator("[name=recurrence]").first.focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") in {"A", "SUMMARY"}
    while page.evaluate("document.activeElement.tagName") != "SUMMARY":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "term_months":
            break
    page.keyboard.type("24")
    page.keyboard.press("Tab")
    expect(page.locator("[name=prorate]")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.type("5")
    expect(page.locator(".line-row summary")).to_contain_text("24 months · discount of 5%")


@pytest.fixture(scope="module")
def full_order(site: Description, call: Call) -> str:
    """Of a German account."""
    order_id = claimed(call, "anna", 5)
    quoted(site, call, order_id, **full())
    return order_id


@pytest.mark.parametrize(("who", "base", "locale"), [("anna", "", "de-DE"), ("nadia", "/desk", "de-DE")])
@pytest.mark.parametrize(("width", "dark"), [(1280, True), (360, False)])
def test_axe_finds_nothing_and_nothing_overflows_where_a_quote_has_it_all(
    open_page: OpenPage, full_order: str, who: str, base: str, locale: str, width: int, dark: bool
) -> None:
    page = open_page(who, f"{base}/orders/{full_order}", width=width, locale=locale)
    expect(page.locator(".quote .lines")).to_be_visible()
    assert faults(page, dark=dark) == []
    assert overflows(page, width) == {}
    if base:
        page.get_by_role("button", name="Neue Fassung schreiben").click()
        expect(page.locator(".editor-foot .sum-parts")).to_be_visible()
        for closed in page.locator(".editor details").all():
            closed.locator("summary").click()
        expect(page.locator(".editor-foot .totals.listed")).to_be_visible()
        assert faults(page, dark=dark) == []
        assert overflows(page, width) == {}


def test_what_a_quote_says_stands_on_the_customers_page(site: Description, open_page: OpenPage, call: Call) -> None:
    order_id = claimed(call)
    quoted(site, call, order_id, **full())
    card = open_page("maria", f"/orders/{order_id}").locator(".quote")
    for text in (
        f"Feb 10, {NEXT_YEAR} to Dec 31, {NEXT_YEAR}",
        "Charged once, for a part of the term. Full months: 10; days after them: 22 of 31.",
        "1 × $31.00 × (10 + 22/31) = $332.00",
        "Until the end of the year.",
        "Discount of 10% on $100.00",
        "Term in months: 12",
        "Option, offered as chosen · one of the group support",
        "Option, to be chosen · one of the group support",
        "One-time, discount of 5%",
        "VAT 19% on $315.40",
        "One-time, with taxes",
        "The buyer owes the tax.",
    ):
        expect(card).to_contain_text(text)
    expect(card.locator("del")).to_have_text("Before the discount $100.00")


def test_what_was_accepted_is_shown_to_both_sides(site: Description, open_page: OpenPage, call: Call) -> None:
    order_id = claimed(call)
    link, code = link_and_code(quoted(site, call, order_id, **full()))
    form = {"decision": "approve", "name": "Dana Whitfield", "code": code, "options": "shown", "group.support": "4"}
    form |= {"priced": "4", "purchase_order_number": "PO-77"}  # as the page posts once it was recalculated
    assert loopback.post(link, data=form).is_success
    for who, base in (("maria", ""), ("nadia", "/desk")):
        page = open_page(who, f"{base}/orders/{order_id}")
        accepted = page.locator(".accepted")
        expect(accepted).to_contain_text("Support by night", timeout=FOLLOWED_MILLISECONDS)
        expect(accepted).not_to_contain_text("Support by day")
        expect(accepted).to_contain_text("PO-77")
        expect(page.locator(".quote .lines")).to_contain_text("Option, not chosen")
        page.locator("summary", has_text="As it was offered").click()
        assert faults(page) == []
