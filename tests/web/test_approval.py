"""The contact person's page: in every state, on a phone, without scripts, in the account's language."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, expect

from online_orders.domain.languages import LOCALES
from tests import loopback
from tests.local_run import Description
from tests.rendering import samples
from tests.web.axe import faults, overflows
from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import link_and_code, offered, quoted, wait_for_mail

FIVE_WRONG = 5
EVERY_COLOR = {"decision-wrong", "expired", "locked", "rich-wrong", "rich-recalculated", "rich-changed"}
"""The states that between them show all colors there are, looked at in the dark theme too."""


@pytest.mark.parametrize("locale", LOCALES)
def test_axe_finds_nothing_in_any_state_and_nothing_overflows(browser: Browser, locale: str) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 640})
    pages = samples.pages(locale)
    assert len(pages) > 10
    for name, html in pages.items():
        page.set_content(html)
        assert overflows(page, 360) == {}, name
        if locale == "en":
            assert faults(page, dark=name in EVERY_COLOR) == [], name
    page.close()


def _send(page: Page, decision: str, code: str, reason: str = "") -> None:
    page.locator(f"[name=decision][value={decision}]").check()
    page.locator("[name=name]").fill("Greta Lindqvist")
    page.locator("[name=code]").fill(code)
    page.locator("[name=reason]").fill(reason)
    page.locator("form button").last.click()


def test_a_change_is_asked_for_and_the_next_revision_approved_without_scripts(
    site: Description, open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("400|410")
    order_id, mail = offered(site, call, "anna", 4)
    first, code = link_and_code(mail)
    contact = open_page(None, first.removeprefix(site["site"]), width=360, scripts=False)
    expect(contact.locator("html")).to_have_attribute("lang", "de")
    _send(contact, "request_change", code)
    expect(contact.locator("[aria-invalid=true]")).to_have_attribute("name", "reason")
    _send(contact, "request_change", code, "Bitte nur zwei Adressen")
    expect(contact.get_by_role("heading", level=1)).to_contain_text("Änderung")

    staff = open_page("nadia", f"/desk/orders/{order_id}")
    expect(staff.locator(".notice")).to_contain_text("Bitte nur zwei Adressen")
    expect(staff.get_by_role("heading", name="Write revision 2")).to_be_visible()

    second, code = link_and_code(quoted(site, call, order_id, message="Wie gewünscht."))
    contact.goto(first)
    expect(contact.locator("main")).to_contain_text("ersetzt")
    expect(contact.locator("form")).to_have_count(0)
    contact.goto(second)
    expect(contact.locator("main")).to_contain_text("Wie gewünscht.")
    _send(contact, "approve", code)
    for _ in ("answered", "looked at again"):
        expect(contact.get_by_role("heading", level=1)).to_contain_text("bestätigt")
        contact.goto(second)
    expect(staff.locator(".title-row .chip")).to_have_text("Completed", timeout=60_000)
    staff.get_by_role("button", name="1", exact=True).click()
    expect(staff.get_by_role("heading", name="Revision 1")).to_be_focused()


def test_wrong_codes_lock_the_link_and_a_fresh_mail_unlocks_it(
    site: Description, open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("403|410|423")
    order_id, mail = offered(site, call, "cora", 5)
    link, code = link_and_code(mail)
    wrong = "000000" if code != "000000" else "000001"
    contact = open_page(None, link.removeprefix(site["site"]), width=360, scripts=False)
    for _ in range(FIVE_WRONG):
        _send(contact, "approve", wrong)
    expect(contact.get_by_role("heading", level=1)).to_contain_text("locked")
    contact.locator("form button").click()
    expect(contact.get_by_role("heading", level=1)).to_contain_text("on its way")
    fresh = wait_for_mail(site, mail["to"][0], order_id, "new link and a new code", with_paper=True)
    assert link_and_code(fresh)[0] != link
    contact.goto(link)
    expect(contact.locator("main")).to_contain_text("replaced")


def test_an_expired_quote_is_asked_for_afresh_and_written_anew(
    site: Description, open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    """The clock goes on by a day only, which is no matter to others who use this local run."""
    complaints.expected.append("403|410")
    clock = f"{site['site']}/sandbox/clock"
    now = datetime.fromisoformat(loopback.get(clock).json()["now"])
    last_day = now.astimezone(ZoneInfo("Europe/Berlin")).date().isoformat()
    order_id, mail = offered(site, call, "anna", 3, valid_until=last_day)
    link, code = link_and_code(mail)
    customer, staff = open_page("anna", f"/orders/{order_id}"), open_page("nadia", f"/desk/orders/{order_id}")
    contact = open_page(None, link.removeprefix(site["site"]), width=360, scripts=False)
    assert loopback.post(clock, data={"days": 1}).is_success
    _send(contact, "approve", code)
    expect(contact.get_by_role("heading", level=1)).to_contain_text("abgelaufen")
    for sent, text in [
        ("000000" if code != "000000" else "000001", "nicht richtig"),
        (code, "Ihre Anfrage ist bei uns"),
    ]:
        contact.locator("[name=code]").fill(sent)
        contact.get_by_role("button", name="Neues Angebot anfordern").click()
        expect(contact.locator("main")).to_contain_text(text)
    contact.goto(link)
    expect(contact.get_by_role("heading", level=1)).to_contain_text("Ihre Anfrage ist bei uns")

    expect(staff.locator(".notice")).to_contain_text("asks for a fresh quote", timeout=60_000)
    expect(staff.get_by_role("button", name="Send quote again")).to_have_count(0)
    assert faults(staff) == []
    expect(customer.locator(".quote")).to_contain_text("Das Angebot ist abgelaufen.", timeout=60_000)
    assert faults(customer) == []
    staff.get_by_role("button", name="Write a new revision").click()
    expect(staff.get_by_label("Valid until")).not_to_have_value(last_day)
    staff.get_by_role("button", name="Send revision 2").click()
    expect(staff.locator(".quote-offered")).to_be_visible(timeout=60_000)
    expect(staff.locator(".notice")).to_have_count(0)
    fresh = wait_for_mail(site, mail["to"][0], order_id, "Fassung: 2", with_paper=True)
    link, code = link_and_code(fresh)
    contact.goto(link)
    _send(contact, "approve", code)
    expect(contact.get_by_role("heading", level=1)).to_contain_text("bestätigt")


def test_the_desk_sends_a_quote_again_to_a_corrected_contact(
    site: Description, open_page: OpenPage, call: Call
) -> None:
    order_id, mail = offered(site, call, "cora", 6)
    staff = open_page("tom", f"/desk/orders/{order_id}")
    staff.get_by_role("button", name="Send quote again").click()
    dialog = staff.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill("no-address")
    dialog.get_by_role("button", name="Send quote again").click()
    expect(dialog.get_by_label("E-mail")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Contact person").fill("Robin Reed")
    dialog.get_by_label("E-mail").fill("robin.reed@cloverdental.example")
    dialog.get_by_role("button", name="Send quote again").click()
    expect(staff.locator("aside.facts")).to_contain_text("Robin Reed")
    again = wait_for_mail(site, "robin.reed@cloverdental.example", order_id, "", with_paper=True)
    assert link_and_code(again)[0] != link_and_code(mail)[0]


def test_a_question_is_answered_and_the_decision_handed_over(
    site: Description, open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("410")
    order_id, mail = offered(site, call, "maria", 4)
    first, code = link_and_code(mail)
    contact = open_page(None, first.removeprefix(site["site"]), width=360, scripts=False)
    expect(contact.locator("[name=new_email]")).to_be_hidden()
    contact.locator("summary").click()
    _send(contact, "ask", code, "Can the addresses be one block?")
    expect(contact.get_by_role("status")).to_contain_text("Your question was sent")

    staff = open_page("nadia", f"/desk/orders/{order_id}", width=360)
    asked = staff.locator(".questions")
    expect(asked).to_contain_text("Can the addresses be one block?")
    assert faults(staff) == []
    assert overflows(staff, 360) == {}
    asked.get_by_label("Answer").fill("Yes, one block.")
    asked.get_by_role("button", name="Send answer").click()
    expect(asked.locator(".answer")).to_contain_text("Yes, one block.")
    answer = wait_for_mail(site, mail["to"][0], order_id, "The answer to your question")
    assert link_and_code(answer) == (first, code)

    contact.locator("summary").click()
    contact.locator("[value=hand_over]").check()
    contact.locator("[name=new_name]").fill("Robin Deputy")
    contact.locator("[name=new_email]").fill("robin@harborpine.example")
    _send(contact, "hand_over", code)
    expect(contact.get_by_role("status")).to_contain_text("waits for Customer Success")

    staff.reload()
    staff.get_by_role("button", name="Agree").click()
    staff.get_by_role("dialog").get_by_role("button", name="Agree").click()
    second, other_code = link_and_code(wait_for_mail(site, "robin@harborpine.example", order_id, "", with_paper=True))
    assert contact.goto(first).status == 410  # type: ignore[union-attr]
    colleague = open_page(None, second.removeprefix(site["site"]), width=360, scripts=False)
    _send(colleague, "approve", other_code)
    expect(colleague.get_by_role("heading", level=1)).to_contain_text("confirmed")

    customer = open_page("maria", f"/orders/{order_id}")
    expect(customer.locator(".questions")).to_contain_text("Yes, one block.")
