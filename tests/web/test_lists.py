"""Lists: filters and pages in the address, for the back button, a reload, and those to whom it is sent."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route, expect

from tests.local_run import Description
from tests.web.conftest import Call, OpenPage
from tests.web.steps import fresh_number, placed


def _short_pages(page: Page) -> None:
    page.route(
        re.compile(r"/api/(desk/)?orders\?.*limit=25"),
        lambda route: route.continue_(url=route.request.url.replace("limit=25", "limit=2")),
    )


def _shown(page: Page) -> list[str]:
    links = page.locator("a.order-link").all()
    return [link.get_attribute("href") or "" for link in links]


def _asked(page: Page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_pages_are_turned_by_button_and_by_the_browsers_own(open_page: OpenPage, call: Call) -> None:
    for _ in range(3):
        placed(call, "sam", 3)
    page = open_page("sam")
    _short_pages(page)
    page.reload()
    expect(page.locator("a.order-link")).to_have_count(2)
    first = _shown(page)
    page.get_by_role("button", name="Older").click()
    expect(page.get_by_role("button", name="Newer")).to_be_visible()
    second = _shown(page)
    assert not set(first) & set(second)
    assert _asked(page)["cursor"]
    page.reload()
    expect(page.locator("a.order-link").first).to_have_attribute("href", second[0])
    page.go_back()
    expect(page.locator("a.order-link").first).to_have_attribute("href", first[0])
    page.go_forward()
    expect(page.locator("a.order-link").first).to_have_attribute("href", second[0])
    page.get_by_role("button", name="Newer").click()
    expect(page.locator("a.order-link").first).to_have_attribute("href", first[0])


def test_filters_are_in_the_address_and_a_foreign_cursor_starts_over(
    site: Description, open_page: OpenPage, call: Call
) -> None:
    number = fresh_number()
    placed(call, "rory", 2, number)
    page = open_page("rory")
    page.get_by_label("Account").select_option("brightwater")
    page.get_by_role("button", name="Submitted").click()
    page.get_by_label("Search").fill(number)
    expect(page.locator("a.order-link")).to_have_count(1)
    expect(page).to_have_url(re.compile(f"search={number}"))
    assert _asked(page) == {"status": "submitted", "search": number, "account": "brightwater"}
    page.go_back()
    expect(page.get_by_role("button", name="All", exact=True)).to_have_attribute("aria-pressed", "true")
    page.go_forward()
    expect(page.get_by_label("Search")).to_have_value(number)
    page.get_by_role("link", name=number).click()
    page.get_by_role("heading", name=number).wait_for()
    page.go_back()
    expect(page.get_by_role("button", name="Submitted")).to_have_attribute("aria-pressed", "true")


def test_the_queue_marks_orders_by_when_the_service_calls_them_late(open_page: OpenPage, call: Call) -> None:
    """Which the installation decides: an order of an hour is late here, and one of four days is not."""
    placed_at = "2026-11-20T10:00:00.000Z"
    internals = {
        "late": (3_600, "2026-11-20T11:00:00.000Z"),
        "soon": (2_500, "2026-11-20T11:00:00.000Z"),
        "fresh": (345_600, "2026-12-20T10:00:00.000Z"),
    }
    order_ids = {placed(call, "sam", 5): how for how in internals}

    def aged(route: Route) -> None:
        response = route.fetch()
        body = response.json()
        for row in body["items"]:
            if how := order_ids.get(row["order_id"]):
                row |= dict(zip(("age_seconds", "late_after"), internals[how], strict=True), placed_at=placed_at)
        route.fulfill(response=response, json=body)

    page = open_page("tom")
    page.route("**/api/desk/orders?*", aged)
    page.goto(page.url.partition("?")[0] + "?account=tideline-surf")
    for order_id, how in order_ids.items():
        expect(page.locator("table.queue tr", has_text=order_id)).to_have_class(how)


def test_the_queue_remembers_whose_orders_it_shows(open_page: OpenPage, call: Call) -> None:
    order_id = placed(call, "sam", 4)
    page = open_page("tom")
    page.get_by_role("button", name="Mine").click()
    expect(page).to_have_url(re.compile("assignee=me"))
    page.get_by_role("link", name="Accounts").click()
    expect(page.get_by_role("heading", name="Accounts", level=1)).to_be_visible()
    page.get_by_role("link", name="Queue").first.click()
    expect(page.get_by_role("button", name="Mine")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"a[href$='{order_id}']")).to_have_count(0)
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_text("More filters").click()
    page.get_by_label("Account", exact=True).fill("tideline-surf")
    expect(page).to_have_url(re.compile("account=tideline-surf"))
    expect(page.locator(f"a.order-link[href$='{order_id}']")).to_be_visible()


def test_all_pages_go_to_a_german_spreadsheet_as_one_file(open_page: OpenPage, call: Call) -> None:
    """The account's language is the spreadsheet's; each page comes with a mark and a header of its own."""
    orders = [placed(call, "anna", 2) for _ in range(3)]
    page = open_page("anna", "/orders")

    def one_a_page(route: Route) -> None:
        is_csv = route.request.headers.get("accept") == "text/csv"
        address = route.request.url
        route.continue_(url=f"{address}&limit=1" if is_csv and "limit=" not in address else address)

    page.route(re.compile(r"/api/orders\?"), one_a_page)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV herunterladen").click()
    data = download.value.path().read_bytes()
    assert data.startswith(b"\xef\xbb\xbforder_id;account_id;")
    text = data.decode("utf-8-sig")
    assert "\ufeff" not in text
    assert text.count("order_id;account_id") == 1
    listed = [line.partition(";")[0] for line in text.splitlines()[1:]]
    assert listed[:3] == orders[::-1]
