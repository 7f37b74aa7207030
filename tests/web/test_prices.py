"""Price lists at the desk, on which quotes begin."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import placed

HEADER = "kind,variant,description,unit_price,recurrence\n"


def test_a_list_is_begun_changed_and_kept(open_page: OpenPage, complaints: Complaints) -> None:
    complaints.expected.append("404")
    page = open_page("nadia", "/desk/price-lists")
    page.get_by_role("button", name="New price list").click()
    page.get_by_role("dialog").get_by_label("Currency").select_option("CHF")
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="Add a price").click()
    page.get_by_label("Kind of item").select_option("socket")
    page.get_by_label("Variant").select_option("X1700")
    page.get_by_label("Description").fill("Socket X1700")
    page.get_by_label("Unit price").fill("1.234")
    page.get_by_label("Charged").select_option("once")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".fault:visible")).to_contain_text("CHF")
    expect(page.get_by_label("Unit price")).to_be_focused()
    page.get_by_label("Unit price").fill("1400")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".toast")).to_contain_text("saved")
    page.get_by_role("link", name="Price lists").first.click()
    page.get_by_role("link", name="CHF").click()
    expect(page.get_by_label("Unit price")).to_have_value("1400.00")
    expect(page.get_by_label("Variant")).to_have_value("X1700")


def test_of_two_who_begin_the_list_of_a_currency_the_second_replaces_nothing(
    open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("404|412")
    page = open_page("nadia", "/desk/price-lists/HUF")
    page.get_by_role("button", name="Add a price").click()
    page.get_by_label("Kind of item").select_option("ip_addresses")
    page.get_by_label("Description").fill("Mine")
    page.get_by_label("Unit price").fill("3000")
    price = {"kind": "ip_addresses", "description": "Theirs", "unit_price": "2000", "recurrence": "monthly"}
    call("tom", "PUT", "/desk/price-lists/HUF", {"prices": [price]})
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main [role=alert]")).to_contain_text("Somebody else has begun the list")
    (kept,) = call("nadia", "GET", "/desk/price-lists/HUF")["prices"]
    assert kept["description"] == "Theirs"
    page.get_by_role("button", name="Begin anew").click()
    expect(page.get_by_label("Description")).to_have_value("Theirs")


def _bring_in(page: Page, folder: Path, text: str) -> None:
    file = folder / "prices.csv"
    file.write_text(text, "utf-8")
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("dialog").get_by_role("button", name="Import CSV").click()


def test_a_file_is_brought_in_whole_or_its_faults_are_said_by_row(
    open_page: OpenPage, complaints: Complaints, tmp_path: Path
) -> None:
    complaints.expected.append("404|422")
    page = open_page("nadia", "/desk/price-lists/SEK")
    page.get_by_role("button", name="Import CSV").click()
    page.get_by_role("dialog").get_by_role("button", name="Import CSV").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a file first.")
    _bring_in(page, tmp_path, HEADER + "ip_addresses,,IPv4,95,monthly\n\nsocket,X9,Socket,1.005,once\n")
    faults = page.get_by_role("alert").locator("li")
    expect(faults).to_have_count(2)
    expect(faults.filter(has_text="Row 4, variant")).to_contain_text("no such variant")
    expect(faults.filter(has_text="Row 4, unit_price")).to_be_visible()
    _bring_in(page, tmp_path, HEADER + "ip_addresses,,IPv4,95,monthly\n")
    expect(page.locator(".toast")).to_contain_text("imported")
    expect(page.get_by_label("Unit price")).to_have_value("95.00")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    exported = download.value.path().read_bytes()
    assert exported.decode().split() == ["\ufeff" + HEADER.strip(), "ip_addresses,,IPv4,95.00,monthly"]


def test_a_list_goes_to_a_german_spreadsheet_and_back(
    open_page: OpenPage, call: Call, complaints: Complaints, tmp_path: Path
) -> None:
    """With the mark, semicolons and decimal commas; back in another encoding, or without its rows, it is refused."""
    complaints.expected.append("400|422")
    price = {"kind": "ip_addresses", "variant": None, "description": "Fläche", "unit_price": "95", "recurrence": "once"}
    call("nadia", "PUT", "/desk/price-lists/NOK", {"prices": [price]})
    page = open_page("nadia", "/desk/price-lists/NOK", locale="de-DE")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV ausgeben").click()
    exported = download.value.path().read_bytes()
    header = HEADER.strip().replace(",", ";")
    assert exported.decode() == f"\ufeff{header}\r\nip_addresses;;Fläche;95,00;once\r\n"
    changed = exported.decode("utf-8-sig").replace("95,00", "1.095,50")
    page.get_by_role("button", name="CSV einlesen").click()
    for data, text in [(changed.encode("cp1252"), "CSV UTF-8"), (header.encode(), "enthält keine Preise")]:
        (tmp_path / "preise.csv").write_bytes(data)
        page.get_by_label("CSV-Datei").set_input_files(tmp_path / "preise.csv")
        page.get_by_role("dialog").get_by_role("button", name="CSV einlesen").click()
        expect(page.get_by_role("alert")).to_contain_text(text)
    (tmp_path / "preise.csv").write_bytes(changed.encode("utf-8-sig"))
    page.get_by_label("CSV-Datei").set_input_files(tmp_path / "preise.csv")
    page.get_by_role("dialog").get_by_role("button", name="CSV einlesen").click()
    expect(page.locator(".toast")).to_contain_text("eingelesen")
    assert call("nadia", "GET", "/desk/price-lists/NOK")["prices"][0]["unit_price"] == "1095.50"


def test_a_quote_begins_with_the_lists_prices_and_says_what_it_has_none_for(open_page: OpenPage, call: Call) -> None:
    order_id = placed(call, "maria", 6)
    call("nadia", "POST", f"/desk/orders/{order_id}/claim", {})
    page = open_page("nadia", f"/desk/orders/{order_id}")
    expect(page.get_by_label("Unit price")).to_have_value("9.00")
    expect(page.locator(".editor .totals")).to_contain_text("$54.00")
    page.route(
        re.compile("quote-draft"),
        lambda route: route.fulfill(json={**route.fetch().json(), "lines": [], "unpriced": ["1"]}),
    )
    page.reload()
    expect(page.get_by_label("Unit price")).to_have_value("")
    expect(page.get_by_text("1 item has no price in the list yet.")).to_be_visible()


def test_a_quote_is_written_in_another_currency_and_what_was_written_stays(open_page: OpenPage, call: Call) -> None:
    order_id = placed(call, "maria", 6)
    call("nadia", "POST", f"/desk/orders/{order_id}/claim", {})
    page = open_page("nadia", f"/desk/orders/{order_id}")
    totals = page.locator(".editor .totals")
    page.get_by_label("Unit price").fill("8.40")
    page.get_by_label("Message to the contact person").fill("In euros, as you asked")
    page.get_by_label("Currency").select_option("EUR")
    expect(totals).to_contain_text("€")
    expect(page.get_by_label("Currency")).to_be_focused()
    expect(page.get_by_label("Unit price")).not_to_have_value("8.40")
    page.get_by_label("Currency").select_option("USD")
    expect(totals).to_contain_text("$50.40")
    page.get_by_label("Currency").select_option("JPY")
    expect(totals).to_contain_text("¥")
    page.get_by_label("Unit price").fill("1100")
    page.reload()
    expect(totals).to_contain_text("¥6,600")
    expect(page.get_by_label("Message to the contact person")).to_have_value("In euros, as you asked")
    page.get_by_role("button", name="Send quote").dblclick()
    expect(page.locator(".quote .totals")).to_contain_text("¥6,600")
    expect(page.get_by_label("Currency")).to_have_count(0)


def test_a_draft_that_does_not_come_can_be_asked_for_again(
    open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("500")
    order_id = placed(call, "maria", 6)
    call("nadia", "POST", f"/desk/orders/{order_id}/claim", {})
    page = open_page("nadia", "/desk")
    page.route(re.compile("quote-draft"), lambda route: route.fulfill(status=500, body="{}"), times=1)
    page.goto(page.url.replace("/desk", f"/desk/orders/{order_id}").partition("?")[0])
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_label("Unit price")).to_have_value("9.00")
