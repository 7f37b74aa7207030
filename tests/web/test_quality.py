"""For everyone: by keyboard, by screen reader, in both themes, on a phone, in two languages, and quickly."""

import gzip
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from tests import loopback
from tests.local_run import Description
from tests.web.axe import broken_words, faults, overflows
from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import in_days, placed, quoted

FIRST_LOAD_BYTES = 150 * 1024
FEWEST_FILES = 15


@pytest.fixture(scope="module")
def longest_id(site: Description, call: Call) -> str:
    """Of an order on offer that fills its row in lists."""
    site_id, start = call("maria", "GET", "/account")["sites"][0]["site_id"], in_days(20)
    items = [
        {"kind": "ip_addresses", "quantity": 2, "start_date": start},
        {"kind": "site_bandwidth", "site_id": site_id, "bandwidth_mbps": 500, "start_date": start},
    ]
    order = {"items": items, "purchase_order_number": "PO-" + "8" * 61}
    order_id = str(call("maria", "POST", "/orders", order)["order_id"])
    call("tom", "POST", f"/desk/orders/{order_id}/claim", {})
    quoted(site, call, order_id)
    return order_id


@pytest.fixture(scope="module")
def order_id(longest_id: str, call: Call) -> str:
    """Of an order that is being worked on, in lists with another that fills its row."""
    order_id = placed(call, "maria", 13)
    call("nadia", "POST", f"/desk/orders/{order_id}/claim", {})
    return order_id


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (360, False)])
def test_axe_finds_nothing_and_nothing_overflows_on_the_customers_pages(
    open_page: OpenPage, order_id: str, width: int, dark: bool
) -> None:
    page = open_page(None, width=width)
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert faults(page, dark=dark) == []
    page = open_page("maria", width=width)
    assert faults(page, dark=dark) == []
    assert overflows(page, width) == {}
    page.get_by_role("link", name="New", exact=True).click()
    page.get_by_role("button", name="New", exact=True).click()
    assert faults(page, dark=dark) == []
    page.click("[data-kind=site_bandwidth]")
    page.get_by_role("button", name="Add", exact=True).click()
    assert faults(page, dark=dark) == []
    page.keyboard.press("Escape")
    page.goto(page.url.partition("/orders")[0] + f"/orders/{order_id}")
    expect(page.locator(".timeline")).to_be_visible()
    assert faults(page, dark=dark) == []
    assert overflows(page, width) == {}


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (360, False)])
def test_axe_finds_nothing_and_nothing_overflows_at_the_desk(
    site: Description,
    open_page: OpenPage,
    complaints: Complaints,
    order_id: str,
    longest_id: str,
    width: int,
    dark: bool,
) -> None:
    complaints.expected.append("404")  # the catalog has no draft
    # German is the longer one.
    page = open_page("nadia", width=width, locale="de-DE")
    for path, mark in [
        ("/desk", "table.orders"),
        (f"/desk/orders/{order_id}", "form.editor"),
        (f"/desk/orders/{longest_id}", ".quoting"),
        ("/desk/accounts", "table.orders"),
        ("/desk/accounts/nordlicht", ".account-form"),
        ("/desk/accounts/new", ".account-form"),
        ("/desk/catalog", ".catalog-kinds"),
        ("/desk/catalog?kind=accessory", ".nested.list >> nth=0"),
        ("/desk/price-lists", "table.orders"),
        ("/desk/price-lists?scope=group", ".results"),
        ("/desk/price-lists/USD", ".price-row >> nth=0"),
        ("/desk/people", "table.orders"),
        ("/desk/accounts/nordlicht/people", "table.orders"),
        ("/desk/service-users", "main h1"),
        ("/desk/letterhead", "form.letterhead"),
        ("/desk/audit", "table.audit"),
        ("/notifications", "form.notifications"),
        ("/desk/figures", ".chart >> nth=0"),
        ("/second-factor", "main .primary"),
    ]:
        page.goto(site["site"] + path)
        expect(page.locator(mark)).to_be_visible()
        for closed in page.locator(".node-items details").all():
            closed.locator("summary").first.click()
        assert faults(page, dark=dark) == [], path
        assert overflows(page, width) == {}, path
        assert broken_words(page, ".items") == [], path
        if path.endswith(longest_id):
            expect(page.locator(".items")).to_contain_text("500 Mbit/s")


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (360, False)])
def test_axe_finds_nothing_and_nothing_overflows_in_the_local_runs_mailbox(
    open_page: OpenPage, complaints: Complaints, order_id: str, width: int, dark: bool
) -> None:
    complaints.expected = ["postMessage"]  # axe would look into the mail, too, whose frame runs no scripts
    page = open_page(None, "/mailbox", width=width)
    page.get_by_label("Order, or words of the mail").fill("Quote")
    page.get_by_role("button", name="Show").click()
    assert faults(page, dark=dark) == []
    assert overflows(page, width) == {}
    page.get_by_role("listitem").filter(has=page.get_by_label("Attached:")).first.click()
    expect(page.get_by_role("link", name="quote-")).to_be_visible()
    assert faults(page, dark=dark) == []
    assert overflows(page, width) == {}


def test_an_order_is_placed_by_keyboard_alone(open_page: OpenPage) -> None:
    page = open_page("sam")
    _tab_to(page, "New")
    page.keyboard.press("Enter")
    page.wait_for_selector(".contact-box")
    _tab_to(page, "New")
    page.keyboard.press("Enter")
    _tab_to(page, "IP Addresses")
    page.keyboard.press("Enter")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("8")
    page.keyboard.press("Tab")
    year, month, day = in_days(30).split("-")
    page.keyboard.type(f"{month}{day}{year}")
    page.keyboard.press("Enter")
    expect(page.locator(".draft-items li")).to_contain_text("8 public IPv4")
    _tab_to(page, "Submit")
    page.keyboard.press("Enter")
    expect(page.locator("tr.highlighted")).to_contain_text("8 public IPv4")


def test_an_order_is_claimed_quoted_and_commented_by_keyboard_alone(open_page: OpenPage, call: Call) -> None:
    page = open_page("tom", f"/desk/orders/{placed(call, 'cora', 12)}")
    _tab_to(page, "Claim")
    page.keyboard.press("Enter")
    page.wait_for_selector("form.editor")
    _tab_to(page, "", name="unit_price")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("8.25")
    expect(page.locator(".editor .totals")).to_contain_text("99.00")
    _tab_to(page, "Preview")
    page.keyboard.press("Enter")
    page.wait_for_selector("iframe.mail")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Preview")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Send quote")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("on its way")
    _tab_to(page, "", name="text")
    page.keyboard.type("As agreed by phone")
    _tab_to(page, "Send comment")
    page.keyboard.press("Enter")
    expect(page.locator(".timeline")).to_contain_text("As agreed by phone")


def _tab_to(page: Page, text: str, *, name: str | None = None) -> None:
    """Presses Tab until what has the focus begins with a text, or is the field of a name."""
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate("[document.activeElement.name ?? '', document.activeElement.innerText?.trim() ?? '']")
        if focused[0] == name if name else focused[1].startswith(text):
            return
    raise AssertionError(f"Tab does not lead to {name or text!r}")


def test_the_screens_speak_the_accounts_language_and_the_chosen_one(open_page: OpenPage) -> None:
    page = open_page("anna")
    expect(page.get_by_role("heading", name="Online-Bestellungen")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "de"
    page.get_by_label("Sprache").select_option("en")
    expect(page.get_by_role("heading", name="Online Orders")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Online Orders")).to_be_visible()


def test_the_first_load_is_small(site: Description, open_page: OpenPage) -> None:
    page = open_page("cora")
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if response.status == HTTPStatus.OK and not urlsplit(response.url).path.startswith("/api/"):
            sizes[response.url] = len(gzip.compress(response.body()))

    page.route("**/*", lambda route: route.continue_())  # which keeps the browser from using its cache
    page.on("response", weigh)
    page.reload()
    page.wait_for_load_state("networkidle")
    assert len(sizes) > FEWEST_FILES
    assert sum(sizes.values()) < FIRST_LOAD_BYTES
    assert all(url.startswith(site["site"]) for url in sizes)


def test_tokens_end_with_the_tab_and_signing_out_removes_them(site: Description, open_page: OpenPage) -> None:
    page = open_page("cora", by_form=True)
    assert "eyJ" not in page.evaluate("JSON.stringify(localStorage) + document.cookie")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    page.goto(f"{site['site']}/orders")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


@pytest.mark.parametrize("query", ["?code=stolen&state=made-up", "?error=access_denied&state=made-up"])
def test_an_answer_that_this_tab_did_not_ask_for_signs_nobody_in(open_page: OpenPage, query: str) -> None:
    page = open_page(None, f"/{query}")
    expect(page.get_by_text("Signing in did not succeed.")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


@pytest.mark.no_browser
@pytest.mark.live
@pytest.mark.parametrize("path", ["/", "/orders/some-order", "/pages/main.js", "/config.json"])
def test_every_file_forbids_inline_code_and_frames(site: Description, path: str) -> None:
    headers = loopback.get(site["site"] + path).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
