"""People, what they may do, and programs: the customer's side, the desk, and those who only look."""

import re
import secrets
from datetime import UTC, datetime
from http import HTTPStatus

from playwright.sync_api import Locator, Page, Route, expect

from tests import loopback
from tests.local_run import Description
from tests.waiting import until
from tests.web.axe import faults
from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import MAIL_SECONDS, add_item, in_days, place_ip_addresses, placed
from tools.smoke.totp import code_at

OWN_PASSWORD = "My-own-Pass-2026"
FOLLOWED_MILLISECONDS = 60_000
EXPIRED = """() => {
    const kept = JSON.parse(sessionStorage.getItem("online-orders.session"));
    kept.claims.exp = 1;
    sessionStorage.setItem("online-orders.session", JSON.stringify(kept));
}"""


def fresh_address(domain: str) -> str:
    return f"{secrets.token_hex(4)}@{domain}"


def row_of(page: Page, text: str) -> Locator:
    return page.get_by_role("row").filter(has_text=text)


def invite(page: Page, email: str, name: str, role: str) -> None:
    page.get_by_role("button", name="Invite", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill(email)
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Role").select_option(label=role)
    dialog.get_by_role("button", name="Send invitation").click()


def first_password(site: Description, address: str) -> str:
    def newest() -> str | None:
        headers = {"Accept": "application/json"}
        mails = loopback.get(site["mailbox"], params={"to": address}, headers=headers).json()["messages"]
        found = re.search(r"^First password: (\S+)$", mails[-1]["text"], re.MULTILINE) if mails else None
        return found[1] if found else None

    found = until(newest, MAIL_SECONDS)
    assert found
    return found


def sign_in_first(page: Page, address: str, password: str) -> None:
    """With the password from the mail, in whose place the provider wants another."""
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.fill("#username", address)
    page.fill("#password", password)
    page.click("button[type=submit]")
    page.fill("#new_password", OWN_PASSWORD)
    page.fill("#confirm_password", OWN_PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_selector(".shell h1")


def test_an_invited_person_orders_with_the_password_from_the_mail_until_that_is_taken_away(
    site: Description, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected += ["403", "409", "422"]
    address = fresh_address("aozora.example")
    admin = open_page("kenji", "/people")
    own = row_of(admin, "kenji.mori@aozora.example")
    expect(own.get_by_role("button", name="Deactivate")).to_have_attribute("aria-disabled", "true")
    expect(own).to_contain_text("Somebody else must change your role")
    invite(admin, address, "Aki Sato", "Buyer")
    expect(row_of(admin, address)).to_contain_text("Invited")
    invite(admin, address, "Aki Sato", "Buyer")
    dialog = admin.get_by_role("dialog")
    expect(dialog.locator(".fault:visible")).to_contain_text("This person is here already.")
    expect(dialog.get_by_label("E-mail")).to_be_focused()
    dialog.get_by_label("E-mail").fill("nadia.haddad@vendor.example")
    dialog.get_by_role("button", name="Send invitation").click()
    expect(dialog.locator(".fault:visible")).to_contain_text("belongs to the other side")
    dialog.get_by_role("button", name="Cancel").click()

    buyer = open_page(None)
    sign_in_first(buyer, address, first_password(site, address))
    expect(buyer.get_by_role("navigation", name="Main").get_by_role("link")).to_have_text(
        [re.compile("Online Orders"), re.compile("Notifications"), re.compile("Second factor")]
    )
    place_ip_addresses(buyer)
    expect(row_of(admin, address)).to_contain_text("Active", timeout=FOLLOWED_MILLISECONDS)

    row_of(admin, address).get_by_role("button", name="Change: Aki Sato").click()
    admin.get_by_role("dialog").get_by_label("Role").select_option(label="Viewer")
    admin.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(row_of(admin, address)).to_contain_text("Viewer")
    buyer.get_by_role("link", name="New", exact=True).click()
    add_item(buyer, "ip_addresses", quantity="1", start_date=in_days(20))
    buyer.get_by_role("button", name="Submit", exact=True).click()
    expect(buyer.get_by_role("dialog").get_by_role("alert")).to_contain_text("Your user may not do this.")

    row_of(admin, address).get_by_role("button", name="Deactivate: Aki Sato").click()
    admin.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    expect(row_of(admin, address)).to_contain_text("Deactivated")
    expect(row_of(admin, address).get_by_role("button")).to_have_text(["Reactivate"])


def test_a_lead_manages_the_staff_and_the_people_of_each_account(
    site: Description, open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected += ["409"]
    address = fresh_address("vendor.example")
    lead = open_page("nadia", "/desk/people")
    invite(lead, address, "Ed Newman", "Agent")
    row = row_of(lead, address)
    expect(row).to_contain_text("Invited")
    password = first_password(site, address)
    row.get_by_role("button", name="Invite again: Ed Newman").click()
    expect(lead.locator(".toast")).to_contain_text(f"The invitation to {address} is on its way.")
    until(lambda: first_password(site, address) != password, MAIL_SECONDS)

    agent = open_page(None)
    sign_in_first(agent, address, first_password(site, address))
    expect(agent.get_by_role("heading", name="Queue")).to_be_visible()
    agent.get_by_role("link", name="People").click()
    expect(agent.get_by_role("button", name="Invite", exact=True)).to_have_count(0)
    expect(agent.get_by_text("Your role may see this, but not change it.")).to_be_visible()
    agent.goto(f"{site['site']}/desk/audit")
    expect(agent.get_by_text("Your role, Agent, does not include this page.")).to_be_visible()

    expect(row).to_contain_text("Active", timeout=FOLLOWED_MILLISECONDS)
    row.get_by_role("button", name="Deactivate: Ed Newman").click()
    lead.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    row.get_by_role("button", name="Reactivate: Ed Newman").click()
    lead.get_by_role("dialog").get_by_role("button", name="Reactivate").click()
    expect(row).to_contain_text("Active")

    call("kenji", "GET", "/me")  # whoever has signed in is listed
    lead.goto(f"{site['site']}/desk/accounts/aozora")
    lead.get_by_role("main").get_by_role("link", name="People", exact=True).click()
    expect(lead).to_have_url(re.compile("/desk/accounts/aozora/people$"))
    only = row_of(lead, "kenji.mori@aozora.example")
    only.get_by_role("button", name="Deactivate").click()
    dialog = lead.get_by_role("dialog")
    dialog.get_by_role("button", name="Deactivate").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody must be left who manages the people.")
    dialog.get_by_role("button", name="Cancel").click()
    expect(only).to_contain_text("Active")


def test_an_auditor_sees_the_desk_and_its_audit_trail_and_can_change_nothing(
    site: Description, open_page: OpenPage, call: Call
) -> None:
    order_id = placed(call, "kenji", 3)
    path = "/desk/accounts/aozora"
    before = call("nadia", "GET", path)
    call("nadia", "PUT", path, {**before, "name": "Aozora Design Ltd"})
    call("nadia", "PUT", path, before)
    address = fresh_address("vendor.example")
    call("nadia", "POST", "/desk/people", {"email": address, "name": "Aude Lang", "role": "auditor"})

    page = open_page(None, f"/desk/orders/{order_id}")
    sign_in_first(page, address, first_password(site, address))
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("button")).to_have_text(["Watch this order"])
    page.get_by_role("link", name="Queue", exact=True).first.click()
    expect(row_of(page, order_id)).to_be_visible()
    expect(page.get_by_role("button", name="Claim")).to_have_count(0)
    page.get_by_role("link", name="Accounts", exact=True).click()
    page.locator("a[href='/desk/accounts/aozora']").click()
    expect(page.get_by_label("Name", exact=True).first).to_be_disabled()
    expect(page.get_by_role("button", name=re.compile("Save|Add|Remove|Take an order"))).to_have_count(0)
    page.get_by_role("link", name="Accounts", exact=True).first.click()
    expect(page.get_by_role("heading", name="Accounts")).to_be_visible()
    expect(page.get_by_role("link", name="New account")).to_have_count(0)
    page.get_by_role("link", name="Price lists", exact=True).click()
    expect(page.get_by_role("heading", name="Price lists")).to_be_visible()
    expect(page.get_by_role("button", name="New price list")).to_have_count(0)
    for place in ("/desk/accounts/new", "/orders"):
        page.goto(site["site"] + place)
        expect(page.get_by_text("Your role, Auditor, does not include this page.")).to_be_visible()

    page.get_by_role("link", name="Audit trail").click()
    page.get_by_role("button", name="Account", exact=True).click()
    page.get_by_label("Account", exact=True).fill("aozora")
    expect(page).to_have_url(re.compile("account=aozora"))
    newest, earlier = page.locator("table.audit tbody tr").nth(0), page.locator("table.audit tbody tr").nth(1)
    expect(newest.locator("del")).to_contain_text("Aozora Design Ltd")
    expect(earlier.locator("ins")).to_contain_text("Aozora Design Ltd")
    expect(newest).to_contain_text("nadia.haddad@vendor.example")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    table = download.value.path().read_text("utf-8-sig")
    assert "Aozora Design Ltd" in table
    assert "nordlicht" not in table


def test_who_belongs_to_two_accounts_chooses_one_in_each_tab(
    site: Description, open_page: OpenPage, call: Call
) -> None:
    order_id = placed(call, "kenji", 2)
    address = fresh_address("studio.example")
    call("kenji", "POST", "/people", {"email": address, "name": "Tess Both", "role": "buyer"})
    page = open_page(None, f"/orders/{order_id}")
    sign_in_first(page, address, first_password(site, address))
    expect(page.get_by_role("navigation", name="Main").get_by_role("combobox")).to_have_count(0)
    call("maria", "POST", "/people", {"email": address, "name": "Tess Both", "role": "viewer"})
    page.evaluate(EXPIRED)
    page.reload()

    account = page.get_by_role("navigation", name="Main").get_by_label("Account")
    expect(account.locator("option:checked")).to_have_text("Aozora Design · Buyer")
    page.get_by_role("textbox", name="Comment").fill("Not sent yet")
    account.select_option(label="Harbor & Pine Coffee Roasters · Viewer")
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(account).to_have_value("aozora")
    account.select_option(label="Harbor & Pine Coffee Roasters · Viewer")
    with page.expect_request("**/api/orders?*") as request:
        page.get_by_role("dialog").get_by_role("button", name="Switch account").click()
    assert request.value.headers["account-id"] == "harbor-pine"
    expect(page.get_by_role("heading", name="Online Orders")).to_be_visible()
    expect(page.get_by_role("link", name="New", exact=True)).to_have_count(0)
    page.reload()
    expect(account).to_have_value("harbor-pine")
    account.select_option("aozora")
    expect(page.get_by_role("link", name="New", exact=True)).to_be_visible()
    page.goto(f"{site['site']}/orders/{order_id}")
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("Not sent yet")


def test_a_service_user_gets_a_secret_that_is_shown_once_and_works_until_it_is_replaced(
    site: Description, open_page: OpenPage
) -> None:
    def token_for(client_id: str, secret: str) -> int:
        form = {"grant_type": "client_credentials"}
        return loopback.post(f"{site['api']}/token", data=form, auth=(client_id, secret)).status_code

    page = open_page("kenji", "/service-users")
    page.get_by_role("button", name="New service user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Stock keeper")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_have_text("Choose what it may do.")
    dialog.get_by_label("Read the account's orders").check()
    dialog.get_by_role("button", name="Create").click()
    client_id, secret = dialog.get_by_label("Client id").first.input_value(), secret_in(dialog)
    assert token_for(client_id, secret) == HTTPStatus.OK
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="I have noted it").click()
    row = row_of(page, "Stock keeper")
    expect(row).to_contain_text("Read the account's orders")
    expect(page.locator("body")).not_to_contain_text(secret)

    row.get_by_role("button", name="New secret").click()
    dialog.get_by_role("button", name="New secret").click()
    expect(dialog.get_by_role("button", name="I have noted it")).to_be_visible()
    renewed = secret_in(dialog)
    assert (token_for(client_id, secret), token_for(client_id, renewed)) == (HTTPStatus.UNAUTHORIZED, HTTPStatus.OK)
    dialog.get_by_role("button", name="I have noted it").click()
    row.get_by_role("button", name="Deactivate").click()
    dialog.get_by_role("button", name="Deactivate").click()
    expect(row).to_contain_text("Deactivated")
    assert token_for(client_id, renewed) == HTTPStatus.UNAUTHORIZED


def secret_in(dialog: Locator) -> str:
    return dialog.get_by_role("textbox", name="Client secret").input_value()


def test_staff_without_the_second_factor_that_they_need_set_one_up_and_go_on(
    site: Description, open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected += ["400", "403"]
    address = fresh_address("vendor.example")
    call("nadia", "POST", "/desk/people", {"email": address, "name": "Finn Sand", "role": "agent"})
    page = open_page(None)
    sign_in_first(page, address, first_password(site, address))
    page.route("**/api/desk/**", refuse_without_second_factor)
    page.reload()
    expect(page.get_by_text("The desk needs more than a password")).to_be_visible()
    page.get_by_role("button", name="Set up an app").click()
    page.fill("#username", address)
    page.fill("#password", OWN_PASSWORD)
    page.click("button[type=submit]")
    key = page.locator("code.key")
    expect(key).to_be_focused()
    assert faults(page) == []
    page.get_by_label("Code").fill("000000")
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".fault:visible")).to_contain_text("This code is not right.")
    page.unroute("**/api/desk/**")
    page.get_by_label("Code").fill(code_at(key.inner_text().replace(" ", ""), datetime.now(UTC)))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="Queue")).to_be_visible()
    assert factors_of(site, address) == ["SOFTWARE_TOKEN_MFA"]


def refuse_without_second_factor(route: Route) -> None:
    """As an installation does that requires one of staff; the local run does not."""
    route.fulfill(status=HTTPStatus.FORBIDDEN, json={"code": "second_factor_required"})


def factors_of(site: Description, username: str) -> list[str]:
    response = loopback.post(
        site["aws"]["endpoint"],
        headers={
            "X-Amz-Target": "AWSCognitoIdentityProviderService.AdminGetUser",
            "Content-Type": "application/x-amz-json-1.1",
        },
        json={"UserPoolId": site["cognito"]["user_pool_id"], "Username": username},
    )
    found: list[str] = response.json().get("UserMFASettingList", [])
    return found
