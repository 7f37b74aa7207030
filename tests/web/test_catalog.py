"""The catalog at the desk: a draft that is stored as one works, its preview, publishing, and what orders make of it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import add_item, in_days

STORED = re.compile("Draft stored")
READ_ONLY = ("version", "updated_at", "updated_by")
Document = dict[str, Any]


@pytest.fixture
def published(call: Call) -> Iterator[Document]:
    """The catalog in force, to which the test's end goes back."""
    before = _document(call)
    yield before
    call("nadia", "PUT", "/desk/catalog", before)


def _document(call: Call) -> Document:
    return {name: value for name, value in call("nadia", "GET", "/desk/catalog").items() if name not in READ_ONLY}


def _fill_words(within: Page | Locator, label: str, text: str) -> None:
    group = within.get_by_role("group", name=label, exact=True).first
    for language in ("English", "Deutsch"):
        group.get_by_label(language).fill(text)


def test_a_lead_adds_a_kind_sees_it_as_an_account_will_and_publishes_it(
    open_page: OpenPage, call: Call, published: Document, complaints: Complaints
) -> None:
    complaints.expected.append("404")  # there is no draft yet
    page = open_page("nadia", "/desk/catalog")
    page.get_by_role("button", name="Add a kind").click()
    page.get_by_label("Id", exact=True).fill("vpn_key")
    page.get_by_label("Icon").select_option("key")
    _fill_words(page, "Name", "VPN key")
    page.get_by_role("group", name="An item in one line").get_by_label("English").fill("{quantity} for {whom}")
    page.get_by_role("button", name="Add a setting").click()
    page.get_by_label("Type").select_option("quantity")
    page.get_by_label("Largest").fill("40")
    _fill_words(page.get_by_role("group", name="Settings"), "Name", "How many")

    # The draft is stored meanwhile, with what is wrong with it at its place.
    errors = page.locator("main .notice.warn")
    expect(errors).to_contain_text("The placeholders of this kind are {quantity}.")
    errors.get_by_role("button", name=re.compile("VPN key . An item in one line . Deutsch")).click()
    german = page.get_by_role("group", name="An item in one line").get_by_label("Deutsch")
    expect(german).to_be_focused()
    for language in ("English", "Deutsch"):
        page.get_by_role("group", name="An item in one line").get_by_label(language).fill("{quantity} keys")
    expect(errors).to_have_count(0)
    assert "vpn_key" not in {kind["kind"] for kind in _document(call)["kinds"]}

    page.reload()
    expect(page.locator(".catalog-state", has_text=STORED)).to_be_visible()
    page.get_by_role("button", name="Preview").click()
    preview = page.get_by_role("dialog")
    preview.locator("[data-kind=vpn_key]").click()
    preview.get_by_label("How many").fill("3")
    preview.get_by_label("Start date").fill(in_days(20))
    preview.get_by_role("button", name="Add", exact=True).click()
    expect(preview.locator(".draft-items li")).to_contain_text("3 keys")
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("dialog").locator(".changes")).to_have_text(re.compile("Kinds . VPN key"))
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.locator(".toast")).to_contain_text("published")
    expect(page.locator(".catalog-state", has_text=STORED)).to_have_count(0)
    customer = open_page("maria", "/orders/new")
    add_item(customer, "vpn_key", quantity="2", start_date=in_days(20))
    expect(customer.locator(".draft-items li")).to_contain_text("2 keys")

    # Back to what shipped, as a draft.
    page.locator(".history summary").click()
    page.get_by_role("button", name=re.compile(r"Compare with version \d+")).first.click()
    expect(page.get_by_role("dialog").locator(".changes")).to_contain_text("VPN key")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=re.compile(r"Take version \d+ as the draft")).first.click()
    page.get_by_role("dialog").get_by_role("button", name="As the draft").click()
    expect(page.locator(".toast")).to_contain_text("is the draft now")
    expect(page.get_by_role("link", name="VPN key")).to_have_count(0)
    page.get_by_role("button", name="Discard the draft").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard the draft").click()
    expect(page.get_by_role("link", name="VPN key")).to_be_visible()


def test_kinds_are_moved_by_keyboard_and_who_is_no_lead_only_reads(
    open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("404")
    page = open_page("nadia", "/desk/catalog")
    first, second = (page.locator(".catalog-kinds .order-link").nth(index).inner_text() for index in (0, 1))
    page.get_by_role("button", name=f"Move {first} down").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".catalog-kinds .order-link").first).to_have_text(second)
    expect(page.get_by_role("button", name=f"Move {first} down")).to_be_focused()
    expect(page.locator(".catalog-state", has_text=STORED)).to_be_visible()
    call("nadia", "GET", "/desk/catalog/draft")
    page.get_by_role("button", name="Discard the draft").click()
    page.get_by_role("dialog").get_by_role("button", name="Discard the draft").click()
    expect(page.locator(".catalog-kinds .order-link").first).to_have_text(first)

    reader = open_page("iris", "/desk/catalog")
    reader.get_by_role("link", name=first).click()
    expect(reader.get_by_label("Id", exact=True)).to_be_disabled()
    expect(reader.get_by_role("button", name="Publish")).to_have_count(0)


def test_a_draft_of_an_order_outlives_the_kind_that_it_orders(
    open_page: OpenPage, call: Call, published: Document, complaints: Complaints
) -> None:
    complaints.expected.append("422")  # the preview says which item cannot be ordered
    page = open_page("sam", "/orders/new")
    add_item(page, "sdp_users", region="europe", quantity="7", start_date=in_days(20))
    add_item(page, "ip_addresses", quantity="2", start_date=in_days(20))
    kinds = [{**kind, "retired": True} if kind["kind"] == "sdp_users" else kind for kind in published["kinds"]]
    call("nadia", "PUT", "/desk/catalog", {**published, "kinds": kinds})
    page.reload()
    expect(page.locator(".notice.warn")).to_contain_text("The catalog has changed")
    gone = page.locator(".draft-items li.faulty")
    expect(gone).to_contain_text("7 in Europe")
    expect(gone).to_contain_text("no longer on offer")
    page.reload()
    expect(page.locator(".draft-items li.faulty")).to_be_visible()
    expect(page.get_by_text("The catalog has changed")).to_have_count(0)
    page.get_by_role("button", name=re.compile("^Remove SDP Users")).click()
    expect(page.locator(".draft-items li")).to_have_count(1)
    expect(page.locator(".faulty")).to_have_count(0)
