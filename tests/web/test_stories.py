"""The three stories of the order desk, each person in a browser of its own."""

from playwright.sync_api import Page, Route, expect

from tests.local_run import Description
from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import (
    add_item,
    fresh_number,
    in_days,
    link_and_code,
    place_ip_addresses,
    placed,
    submit,
    wait_for_mail,
)

FOLLOWED_MILLISECONDS = 60_000


def test_an_order_of_all_six_kinds_is_placed_quoted_approved_and_seen_completed(
    site: Description, open_page: OpenPage
) -> None:
    number = fresh_number()
    customer = open_page("maria", by_form=True)
    customer.get_by_role("link", name="New", exact=True).click()
    expect(customer.locator(".contact-box")).to_contain_text("Dana Whitfield")
    add_item(customer, "site_bandwidth", site_id="portland", bandwidth_mbps="500", start_date=in_days(10))
    add_item(customer, "site_early_activation", site_id="boston", start_date=in_days(10))
    add_item(customer, "socket", site_id="providence", model="X1700", quantity="2", start_date=in_days(11))
    add_item(customer, "ip_addresses", quantity="4", start_date=in_days(12))
    add_item(customer, "sdp_users", region="europe", quantity="120", start_date=in_days(12))
    add_item(customer, "accessory", site_id="providence", accessory_type="network_card", quantity="1",
             start_date=in_days(12))  # fmt: skip
    customer.get_by_label("Purchase order number").fill(number)
    order_id = submit(customer)
    expect(customer.locator("tr.highlighted")).to_contain_text("Submitted")
    customer.get_by_role("link", name=number).click()
    expect(customer.locator(".items tbody tr")).to_have_count(6)

    staff = open_page("nadia", f"/desk/orders/{order_id}")
    staff.get_by_role("button", name="Claim").dblclick()
    expect(staff.locator(".toast")).to_have_text("The order is yours.")
    expect(staff.get_by_role("group", name="IP Addresses").get_by_label("Unit price")).to_have_value("9.00")
    staff.get_by_role("group", name="Sockets").get_by_role("button", name="Remove").last.click()
    units = staff.get_by_label("Unit price")
    expect(units).to_have_count(6)
    for index, price in enumerate(["1250.00", "0", "890.50", "10", "7.25", "320"]):
        units.nth(index).fill(price)
    staff.get_by_role("button", name="Add an extra line or a discount").click()
    discount = staff.get_by_role("group", name="Extra lines and discounts")
    discount.get_by_role("textbox", name="Description").fill("Welcome discount")
    discount.get_by_role("textbox", name="Unit price").fill("-100.10")
    expect(staff.locator(".editor .totals")).to_contain_text("$2,000.90")
    expect(staff.locator(".editor .totals")).to_contain_text("$2,160.00")
    _look_at_the_mail_and_the_paper(staff)
    staff.get_by_role("button", name="Send quote").click()
    expect(staff.locator(".title-row .chip")).to_have_text("Pending confirmation", timeout=FOLLOWED_MILLISECONDS)

    expect(customer.locator(".title-row .chip")).to_have_text("Pending confirmation", timeout=FOLLOWED_MILLISECONDS)
    expect(customer.locator(".quote .totals")).to_contain_text("$2,000.90")
    with customer.expect_download() as download:
        customer.get_by_role("button", name="Download PDF").click()
    assert download.value.path().read_bytes().startswith(b"%PDF")

    link, code = link_and_code(wait_for_mail(site, "dana.whitfield@harborpine.example", order_id, "2,000.90"))
    contact = open_page(None, link.removeprefix(site["site"]), width=360)
    contact.locator("[name=decision][value=approve]").check()
    contact.locator("[name=name]").fill("Dana Whitfield")
    contact.locator("[name=code]").fill(code)
    contact.locator("form button[type=submit], form button:not([type])").first.click()

    expect(customer.locator(".title-row .chip")).to_have_text("Completed", timeout=FOLLOWED_MILLISECONDS)
    expect(customer.locator(".notice.good")).to_contain_text("Approved by the contact person")


def _look_at_the_mail_and_the_paper(staff: Page) -> None:
    staff.get_by_role("button", name="Preview").click()
    shown = staff.frame_locator("dialog iframe").locator("body")
    expect(shown).to_contain_text("Hello Dana Whitfield")
    expect(shown).to_contain_text("-$100.10")
    assert shown.evaluate("body => getComputedStyle(body).margin") == "0px"
    assert shown.locator("[href], script").count() == 0
    with staff.expect_response("**/quote/preview") as pdf, staff.context.expect_page() as tab:
        staff.get_by_role("button", name="Show PDF").click()
    assert pdf.value.headers["content-type"] == "application/pdf"
    tab.value.close()
    staff.keyboard.press("Escape")


def test_a_double_click_on_submit_gives_one_order(open_page: OpenPage) -> None:
    number = fresh_number()
    page = open_page("cora", "/orders/new")
    add_item(page, "ip_addresses", quantity="3", start_date=in_days(20))
    page.get_by_label("Purchase order number").fill(number)
    page.get_by_role("button", name="Submit", exact=True).dblclick()
    page.wait_for_selector("tr.highlighted")
    page.get_by_label("Search").fill(number)
    expect(page.locator("table.orders tbody tr")).to_have_count(1)


def test_an_answer_that_is_lost_and_asked_for_again_is_still_one_order(
    open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected.append("ERR_FAILED")
    number = fresh_number()
    page = open_page("sam", "/orders/new")
    add_item(page, "ip_addresses", quantity="3", start_date=in_days(20))
    page.get_by_label("Purchase order number").fill(number)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/api/orders", lose, times=1)
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("it will be one order")
    submit(page)
    page.get_by_label("Search").fill(number)
    expect(page.locator("table.orders tbody tr")).to_have_count(1)


def test_an_order_is_withdrawn_and_ordered_again_as_a_copy(open_page: OpenPage) -> None:
    number = fresh_number()
    page = open_page("jonas", locale="de-DE")
    page.get_by_label("Sprache").select_option("en")
    order_id = place_ip_addresses(page, 5, number)
    page.get_by_role("link", name=number).click()
    page.get_by_role("button", name="Withdraw order").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("Too many")
    page.get_by_role("dialog").get_by_role("button", name="Withdraw order").click()
    expect(page.locator(".title-row .chip")).to_have_text("Canceled")
    expect(page.locator(".notice")).to_contain_text("Too many")
    page.get_by_role("link", name="Order again").click()
    expect(page.locator(".draft-items li")).to_contain_text("5 public IPv4")
    assert submit(page) != order_id


def test_an_item_is_changed_removed_and_warned_of_when_an_open_order_has_it(open_page: OpenPage, call: Call) -> None:
    number = fresh_number()
    placed(call, "kenji", 7, number)
    page = open_page("kenji")
    page.get_by_role("link", name="New", exact=True).click()
    add_item(page, "ip_addresses", quantity="6", start_date=in_days(20))
    expect(page.locator(".twin")).to_have_count(0)
    page.get_by_role("button", name="Edit IP Addresses").click()
    page.locator(".item-form [name=quantity]").fill("7")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("One item is still open.")
    expect(page.get_by_role("button", name="Apply")).to_be_focused()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".twin")).to_contain_text(number)
    page.get_by_role("button", name="Remove IP Addresses").click()
    expect(page.get_by_role("button", name="Submit", exact=True)).to_be_disabled()


def test_contradictions_show_before_submitting_and_duplicates_at_the_desk(
    open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("422")
    upgrade = {"kind": "site_bandwidth", "site_id": "lahinch", "bandwidth_mbps": 200, "start_date": in_days(9)}
    first, again = (call("sam", "POST", "/orders", {"items": [upgrade]}) for _ in range(2))
    page = open_page("sam", "/orders/new")
    for bandwidth in ("100", "250"):
        add_item(page, "site_bandwidth", site_id="lahinch", bandwidth_mbps=bandwidth, start_date=in_days(9))
    items = page.locator(".draft-items li")
    expect(items.nth(1)).to_contain_text("An earlier item of this order already asks for this at the same site.")
    expect(items.first.locator(".twin")).to_contain_text(again["order_id"])
    items.nth(1).get_by_role("button", name="Remove").click()
    expect(items).to_have_count(1)
    expect(items.locator(".fault")).to_have_count(0)
    expect(items.locator(".twin")).to_contain_text(again["order_id"])
    desk = open_page("nadia", f"/desk/orders/{again['order_id']}")
    notice = desk.locator(".order-head .notice", has_text="already asks for this")
    assert notice.get_by_role("link").get_attribute("href") == f"/desk/orders/{first['order_id']}"
    for order in (first, again):
        call("nadia", "POST", f"/desk/orders/{order['order_id']}/decline", {"reason": "The end of the test"})


def test_a_passed_start_is_shown_to_customer_and_desk(open_page: OpenPage, call: Call) -> None:
    order_id = placed(call, "sam", 6)

    def later(route: Route) -> None:
        response = route.fetch()
        order = response.json()
        order["items"][0]["start_passed"] = True
        route.fulfill(response=response, json=order)

    for who, path in (("sam", f"/orders/{order_id}"), ("nadia", f"/desk/orders/{order_id}")):
        page = open_page(who, "/")
        page.route(f"**/api{path}", later)
        page.goto(page.url.rstrip("/").partition("/desk")[0].partition("/orders")[0] + path)
        expect(page.locator(".order-head .notice")).to_contain_text("A start date has passed: IP Addresses (")
        expect(page.locator("table.items")).to_contain_text("has passed")
    call("nadia", "POST", f"/desk/orders/{order_id}/decline", {"reason": "The end of the test"})


def test_an_order_shows_what_was_ordered_after_renames(open_page: OpenPage, call: Call) -> None:
    path = "/desk/accounts/tideline-surf"
    before = call("nadia", "GET", path)
    site = next(each for each in before["sites"] if each["address"])
    others = [each for each in before["sites"] if each is not site]
    socket = {"kind": "socket", "site_id": site["site_id"], "model": "X1500", "quantity": 1, "start_date": in_days(9)}
    order_id = call("sam", "POST", "/orders", {"items": [socket]})["order_id"]
    try:
        for sites in ([*others, {**site, "name": "Elsewhere", "address": "Another 1"}], others):
            call("nadia", "PUT", path, {**call("nadia", "GET", path), "name": "Renamed since", "sites": sites})
            for who, where, named in (
                ("sam", f"/orders/{order_id}", "Renamed since"),
                ("nadia", f"/desk/orders/{order_id}", f"{before['name']}now Renamed since"),
            ):
                page = open_page(who, where)
                expect(page.locator("aside.facts")).to_contain_text(named)
                items = page.locator("table.items")
                expect(items).to_contain_text(site["name"])
                expect(items).to_contain_text(f"Delivery address: {site['address']}")
            row = open_page("nadia", "/desk?account=tideline-surf").locator("tr", has_text=order_id)
            expect(row).to_contain_text(site["name"])
    finally:
        call("nadia", "PUT", path, before)
        call("nadia", "POST", f"/desk/orders/{order_id}/decline", {"reason": "The end of the test"})


def test_the_contact_is_reported_as_out_of_date(site: Description, open_page: OpenPage) -> None:
    page = open_page("kenji", "/orders/new")
    page.get_by_role("button", name="This is out of date").click()
    page.get_by_role("dialog", name="Report an outdated contact").get_by_label("What is right now?").fill(
        "Ask Hana Ito"
    )
    page.get_by_role("button", name="Tell Customer Success").click()
    expect(page.locator(".toast")).to_contain_text("Customer Success has been told")
    assert page.locator(".toast").evaluate("toast => toast.matches(':popover-open')"), "it lies under the panel"


def test_a_reseller_orders_for_a_sub_account_and_switches_between_accounts(open_page: OpenPage) -> None:
    page = open_page("rory", "/orders/new")
    page.get_by_role("dialog").get_by_label("Account").select_option("tideline-surf")
    expect(page.locator(".contact-box")).to_contain_text("Jude Penrose")
    add_item(page, "site_bandwidth", site_id="lahinch", bandwidth_mbps="100", start_date=in_days(9))
    submit(page)
    expect(page.locator("tr.highlighted")).to_contain_text("Tideline Surf School")
    page.get_by_label("Account").select_option("brightwater")
    expect(page.locator("tr.highlighted")).to_have_count(0)


def test_the_desk_declines_and_comments(open_page: OpenPage, call: Call) -> None:
    number = fresh_number()
    order_id = placed(call, "cora", 9, number)
    customer = open_page("cora")
    staff = open_page("tom")
    staff.get_by_label("Search").fill(order_id)
    staff.keyboard.press("Enter")
    staff.get_by_label("Comment").fill("Ask sales first")
    staff.get_by_role("button", name="Send comment").click()
    expect(staff.locator(".timeline .internal")).to_contain_text("Ask sales first")
    staff.get_by_role("button", name="Decline order").click()
    dialog = staff.get_by_role("dialog")
    dialog.get_by_role("button", name="Decline order").click()
    expect(dialog).to_contain_text("This is needed.")
    dialog.get_by_label("Reason").fill("No addresses left in this region")
    dialog.get_by_role("button", name="Decline order").click()
    expect(staff.locator(".title-row .chip")).to_have_text("Canceled")
    customer.get_by_label("Search").fill(number)
    expect(customer.locator("table.orders tbody tr")).to_have_count(1)
    customer.get_by_role("link", name=number).click()
    expect(customer.locator(".notice")).to_contain_text("No addresses left in this region")
    expect(customer.locator(".timeline")).not_to_contain_text("Ask sales first")


def test_an_account_is_changed_at_the_desk(open_page: OpenPage) -> None:
    staff = open_page("nadia", "/desk/accounts/larkspur")
    staff.get_by_label("Contact person").fill("Olivia Crane")
    staff.get_by_role("link", name="Accounts").first.click()
    staff.get_by_role("link", name="Larkspur Publishing").click()
    expect(staff.get_by_text("What you wrote here before is here again")).to_be_visible()
    staff.get_by_role("button", name="Save").click()
    expect(staff.locator(".toast")).to_contain_text("saved")
    staff.reload()
    expect(staff.get_by_label("Contact person")).to_have_value("Olivia Crane")
    staff.get_by_label("E-mail of the contact").fill("nobody")
    staff.get_by_role("button", name="Save").click()
    expect(staff.get_by_label("E-mail of the contact")).to_have_attribute("aria-invalid", "true")


def test_what_an_order_that_is_ordered_again_has_no_room_for_is_said(open_page: OpenPage, call: Call) -> None:
    items = [{"kind": "ip_addresses", "quantity": number, "start_date": in_days(20)} for number in range(1, 51)]
    order_id = call("sam", "POST", "/orders", {"items": items})["order_id"]
    page = open_page("sam", "/orders/new")
    add_item(page, "ip_addresses", quantity="99", start_date=in_days(20))
    expect(page.locator(".draft-items li")).to_have_count(1)
    page.goto(page.url.replace("/orders/new", f"/orders/new?copy={order_id}"))
    expect(page.locator(".draft-items li")).to_have_count(50)
    notice = page.get_by_role("dialog").locator(".notice.warn")
    expect(notice).to_contain_text("1 item of the earlier order was not taken over")
    expect(notice.get_by_role("listitem")).to_have_text(["IP Addresses, 50 public IPv4"])
    expect(page.get_by_role("button", name="New", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Discard").click()
