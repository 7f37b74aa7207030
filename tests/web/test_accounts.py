"""An account at the desk: deputies of its contact, and what a suspended enrollment shows."""

from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect

from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import in_days, placed

FOLLOWED_MILLISECONDS = 60_000


def test_a_deputy_is_named_and_open_orders_of_a_suspended_account_are_flagged(
    call: Call, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected.append("422")
    order_id = placed(call, "sam", 3)
    path = "/desk/accounts/tideline-surf"
    before = call("nadia", "GET", path)
    try:
        staff = open_page("nadia", path)
        staff.get_by_role("button", name="Add a deputy").click()
        staff.get_by_label("Deputy", exact=True).fill("Dora Deputy")
        staff.get_by_label("E-mail of the deputy").fill("dora@tidelinesurf.example")
        staff.get_by_label("From", exact=True).fill(in_days(5))
        staff.get_by_label("Until", exact=True).fill(in_days(3))
        staff.get_by_label("Enrollment").select_option("suspended")
        staff.get_by_role("button", name="Save").click()
        expect(staff.locator(".fault:visible")).to_have_count(1)
        staff.get_by_label("Until", exact=True).fill(in_days(9))
        staff.get_by_role("button", name="Save").click()
        expect(staff.locator(".toast")).to_have_text("The account is saved.")
        expect(staff.get_by_label("E-mail of the deputy")).to_have_value("dora@tidelinesurf.example")
        stored = call("nadia", "GET", path)["enrollment"]
        deputy = {"name": "Dora Deputy", "email": "dora@tidelinesurf.example", "from": in_days(5), "until": in_days(9)}
        assert (stored["state"], stored["deputies"]) == ("suspended", [deputy])

        queue = open_page("tom", "/desk?account=tideline-surf")
        row = queue.locator("tr", has_text=order_id)
        expect(row).to_contain_text("account suspended", timeout=FOLLOWED_MILLISECONDS)
        order = open_page("tom", f"/desk/orders/{order_id}")
        expect(order.locator(".notice.warn")).to_contain_text("can place no new orders")
    finally:
        call("nadia", "PUT", path, before)
        call("nadia", "POST", f"/desk/orders/{order_id}/decline", {"reason": "The end of the test"})


def test_sockets_that_came_in_two_lots_are_two_after_saving(open_page: OpenPage, call: Call) -> None:
    path = "/desk/accounts/tideline-surf"
    before = call("nadia", "GET", path)
    lots = [{"model": "X1500", "quantity": 2}, {"model": "X1700", "quantity": 1}, {"model": "X1500", "quantity": 3}]
    call("nadia", "PUT", path, {**before, "sites": [{**before["sites"][0], "sockets": lots}]})
    try:
        page = open_page("nadia", path)
        page.locator("details.site summary").click()
        quantities = page.get_by_label("X1500 Sockets")
        expect(quantities).to_have_count(2)
        quantities.nth(1).fill("4")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".toast")).to_have_text("The account is saved.")
        stored = call("nadia", "GET", path)["sites"][0]["sockets"]
        assert stored == [*lots[:2], {"model": "X1500", "quantity": 4}]
    finally:
        call("nadia", "PUT", path, before)


def test_short_years_and_malformed_numbers_are_refused_at_their_fields(
    open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("422")
    path = "/desk/accounts/tideline-surf"
    before = call("nadia", "GET", path)
    page = open_page("nadia", path)
    page.locator("details.site summary").first.click()
    bandwidth = page.get_by_label("License, Mbps").first
    for typed in ("1e3", "1.000", "100.0"):
        bandwidth.fill(typed)
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".fault:visible")).to_have_text("A whole number, in digits alone.")
    bandwidth.fill("100")
    page.get_by_label("License starts on").first.fill("0026-03-01")
    page.get_by_label("Letter received on").fill("0026-03-01")
    page.get_by_label("Country").first.fill("Germany")
    page.get_by_role("button", name="Save").click()
    faults = page.locator(".fault:visible")
    expect(faults).to_have_count(3)
    expect(faults.filter(has_text="Write the year in full.")).to_have_count(2)
    expect(faults.filter(has_text="There is no country with this code.")).to_have_count(1)
    assert call("nadia", "GET", path) == before


def test_creating_an_account_with_a_taken_id_leads_to_the_existing_one(
    call: Call, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected.append("412")
    path = "/desk/accounts/tideline-surf"
    before = call("nadia", "GET", path)
    staff = open_page("nadia", "/desk/accounts/new")
    staff.get_by_label("Account id", exact=True).fill("tideline-surf")
    staff.get_by_label("Name", exact=True).fill("Tideline again")
    staff.get_by_role("button", name="Save").click()
    expect(staff.locator("main [role=alert]")).to_contain_text("There is an account tideline-surf already.")
    expect(staff.get_by_label("Account id", exact=True)).to_have_attribute("aria-invalid", "true")
    expect(staff.get_by_label("Name", exact=True)).to_have_value("Tideline again")
    assert staff.get_by_role("link", name="See it as it is now").get_attribute("href") == path
    assert call("nadia", "GET", path) == before


def test_who_edits_an_account_that_was_changed_meanwhile_is_shown_the_newer(
    call: Call, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected.append("412")
    path = "/desk/accounts/tideline-surf"
    before = call("nadia", "GET", path)
    staff = open_page("nadia", path)
    staff.get_by_label("Name", exact=True).first.fill("Mine")
    try:
        call("tom", "PUT", path, {**before, "name": "Theirs"})
        staff.get_by_role("button", name="Save").click()
        expect(staff.locator("main [role=alert]")).to_contain_text("changed this account meanwhile")
        assert call("nadia", "GET", path)["name"] == "Theirs"
        staff.get_by_role("button", name="Begin anew").click()
        expect(staff.get_by_label("Name", exact=True).first).to_have_value("Theirs")
    finally:
        call("nadia", "PUT", path, before)


def test_an_order_without_contact_is_flagged_and_the_account_shows_why(open_page: OpenPage, call: Call) -> None:
    order_id = placed(call, "sam", 3)
    path = "/desk/accounts/tideline-surf"
    before = call("nadia", "GET", path)
    contact = before["enrollment"]["contact"]
    until = datetime.now(UTC).date() + timedelta(days=60)
    deputy = {"name": "Dee", "email": "dee@tidelinesurf.example", "from": in_days(50), "until": until.isoformat()}
    removed = {**before["enrollment"], "contact": None, "deputies": [deputy]}
    call("nadia", "PUT", path, {**before, "enrollment": removed})
    try:
        row = open_page("tom", "/desk?account=tideline-surf").locator("tr", has_text=order_id)
        expect(row).to_contain_text("no contact person", timeout=FOLLOWED_MILLISECONDS)
        order = open_page("tom", f"/desk/orders/{order_id}")
        expect(order.locator(".notice.warn").first).to_contain_text("Nobody is asked about this order")
        expect(order.locator(".timeline")).to_contain_text("The account has no contact person any more")

        page = open_page("tom", path)
        page.locator("details.history summary").click()
        newest, earlier = page.locator("details.history li").nth(0), page.locator("details.history li").nth(1)
        expect(newest).to_contain_text("Changed: contact person, deputies")
        expect(newest).to_contain_text("Contact person: nobody")
        expect(newest).to_contain_text(f"to {until:%b} {until.day}, {until.year}")
        expect(newest).to_contain_text("nadia")
        expect(earlier).to_contain_text(f"Contact person: {contact['name']} <{contact['email']}>")
    finally:
        call("nadia", "PUT", path, before)
        call("nadia", "POST", f"/desk/orders/{order_id}/decline", {"reason": "The end of the test"})


def test_how_an_account_is_billed_and_taxed_is_kept(open_page: OpenPage, call: Call, complaints: Complaints) -> None:
    complaints.expected.append("422")
    path = "/desk/accounts/tideline-surf"
    before = call("nadia", "GET", path)
    try:
        page = open_page("nadia", path, locale="de-DE")
        expect(page.get_by_label("Steuersatz in Prozent")).to_have_count(0)
        page.get_by_label("Rechnungsadresse").fill("Tideline Surf\nStrand 1")
        page.get_by_label("Steuernummer").fill("DE1")
        page.get_by_label("Steuer", exact=False).and_(page.locator("select")).first.select_option("rate")
        page.get_by_label("Name der Steuer").fill("USt.")
        page.get_by_label("Steuersatz in Prozent").fill("119")
        page.get_by_label("Unterschriebene Bestellung").select_option("never")
        page.get_by_role("button", name="Speichern").click()
        expect(page.locator(".fault:visible")).to_have_count(1)
        page.get_by_label("Steuersatz in Prozent").fill("7,5")
        page.get_by_role("button", name="Speichern").click()
        expect(page.locator(".toast")).to_be_visible()
        expect(page.get_by_label("Steuersatz in Prozent")).to_have_value("7,5")
        stored = call("nadia", "GET", path)
        assert stored["tax"] == {"treatment": "rate", "label": "USt.", "rate": "7.5"}
        assert stored["billing_address"] == "Tideline Surf\nStrand 1"
        assert (stored["tax_number"], stored["signed_order"], "purchase_order" in stored) == ("DE1", "never", False)
        page.get_by_label("Steuer", exact=False).and_(page.locator("select")).first.select_option("")
        page.get_by_role("button", name="Speichern").click()
        expect(page.get_by_label("Steuersatz in Prozent")).to_have_count(0)
        page.reload()
        expect(page.get_by_label("Rechnungsadresse")).to_have_value("Tideline Surf\nStrand 1")
        assert "tax" not in call("nadia", "GET", path)
    finally:
        call("nadia", "PUT", path, before)
