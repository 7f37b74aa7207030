"""A morning at the desk: two agents and a lead share the orders that have come."""

import re
import secrets

from playwright.sync_api import Locator, Page, expect

from tests.web.axe import faults, overflows
from tests.web.conftest import Call, Complaints, OpenPage
from tests.web.steps import in_days, placed

FOLLOWED_MILLISECONDS = 60_000
LEAD, AGENT = "nadia", "amir"


def row_of(page: Page, number: str) -> Locator:
    return page.get_by_role("row").filter(has_text=number)


def select(page: Page, *numbers: str) -> None:
    for number in numbers:
        row_of(page, number).get_by_role("checkbox").check()


def at(page: Page, path: str) -> None:
    """Goes on to another page of the desk."""
    page.goto(f"{page.url.partition('/desk')[0]}/desk{path}")


def choose(page: Page | Locator, label: str, text: str) -> None:
    """Chooses the option that contains a text."""
    control = page.get_by_label(label).last
    control.select_option(label=control.locator("option").filter(has_text=text).first.inner_text())


def share_view(lead: Page, agent: Page, name: str) -> None:
    """The lead saves what is shown for everybody, it leads the agent there, and the lead deletes it."""
    dialog = lead.get_by_role("dialog")
    lead.get_by_role("button", name="Save this view").click()
    dialog.get_by_label("Name of the view").fill(name)
    dialog.get_by_label("Everybody at the desk has it").check()
    dialog.get_by_role("button", name="Save").click()
    agent.reload()
    agent.get_by_role("button", name=name).click()
    expect(agent.locator(".queue tbody tr")).to_have_count(1)
    expect(agent).to_have_url(re.compile("team="))
    assert faults(agent) == []
    expect(agent.get_by_role("button", name="Delete the view")).to_have_count(0)
    lead.get_by_role("button", name="Delete the view").click()
    dialog.get_by_role("button", name="Delete the view").click()
    expect(lead.get_by_role("button", name=name)).to_have_count(0)


def test_a_lead_sets_teams_and_texts_which_are_there_where_an_order_is_worked_on(
    call: Call, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected += ["422"]
    name = f"North {secrets.token_hex(3)}"
    order = placed(call, "maria", 1)
    lead = open_page(LEAD, "/desk/teams")
    lead.get_by_role("button", name="Add a team").click()
    lead.get_by_label("Name of the team").last.fill(name)
    assert faults(lead) == []
    lead.get_by_role("button", name="Save").click()
    expect(lead.locator(".toast")).to_contain_text("Saved.")
    at(lead, "/text-modules")
    lead.get_by_role("button", name="Add a text module").click()
    lead.get_by_label("Name", exact=True).last.fill(name)
    lead.get_by_label("English").last.fill("Dear {who}")
    lead.get_by_role("button", name="Save").click()
    expect(lead.locator(".fault:visible")).to_contain_text("A placeholder is unknown")
    assert faults(lead) == []
    lead.get_by_label("English").last.fill("Dear {contact}, all is well with {number}.")
    lead.get_by_role("button", name="Save").click()
    expect(lead.locator(".toast")).to_contain_text("Saved.")

    call(AGENT, "POST", f"/desk/orders/{order}/presence", {})
    at(lead, f"/orders/{order}")
    lead.locator(".presence").filter(has_text=re.compile(rf"{AGENT}\.\S+ has this order open")).wait_for()
    choose(lead, "Insert a text", name)
    expect(lead.get_by_label("Comment")).to_have_value(re.compile(r"^Dear .+, all is well with ...-...-...\.$"))
    assert faults(lead) == []
    lead.get_by_role("button", name="Change", exact=True).click()
    dialog = lead.get_by_role("dialog")
    choose(dialog, "Team", name)
    choose(dialog, "Priority", "high")
    dialog.get_by_label("Follow up on").fill(in_days(-2))
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator(".fault:visible")).to_contain_text("This date is in the past.")
    dialog.get_by_label("Follow up on").fill(in_days(3))
    dialog.get_by_role("button", name="Save").click()
    expect(lead.locator(".facts").filter(has_text="Handling")).to_contain_text(name)

    # In the queue it waits for its day, and is found by its team.
    at(lead, "?status=open&follow_up=now")
    expect(lead.locator(f"a[href='/desk/orders/{order}']")).to_have_count(0)
    choose(lead, "Follow-up", "All orders")
    lead.get_by_text("More filters").click()
    choose(lead, "Team", name)
    expect(lead.locator(".queue tbody tr")).to_have_count(1)
    expect(lead.locator(".queue tbody")).to_contain_text("high priority")

    share_view(lead, open_page(AGENT, "/desk"), name)


def test_an_agent_works_through_the_queue_by_keyboard(call: Call, open_page: OpenPage) -> None:
    number = f"PO-{secrets.token_hex(4)}"
    placed(call, "maria", 1, number)
    agent = open_page(AGENT, "/desk")
    agent.keyboard.press("j")
    expect(agent.locator(".queue tbody tr").first.locator(".order-link")).to_be_focused()
    agent.keyboard.press("/")
    expect(agent.get_by_label("Search")).to_be_focused()
    agent.keyboard.type("x?")
    expect(agent.get_by_role("dialog")).to_have_count(0)
    agent.get_by_label("Search").fill("")
    row_of(agent, number).locator(".order-link").focus()
    agent.keyboard.press("x")
    expect(agent.get_by_text("1 selected")).to_be_visible()
    agent.keyboard.press("?")
    expect(agent.get_by_role("dialog")).to_contain_text("Next order")
    assert faults(agent) == []
    agent.get_by_label("Shortcuts are on").uncheck()
    agent.keyboard.press("Escape")
    agent.keyboard.press("j")
    row_of(agent, number).locator(".order-link").focus()
    agent.keyboard.press("c")
    expect(agent.get_by_role("heading", name="Queue")).to_be_visible()
    agent.get_by_role("button", name="Keyboard shortcuts").click()
    agent.get_by_label("Shortcuts are on").check()
    agent.keyboard.press("Escape")
    row_of(agent, number).locator(".order-link").focus()
    agent.keyboard.press("c")
    expect(agent.get_by_role("button", name="Release")).to_be_visible()


def test_a_lead_acts_on_many_orders_at_once_and_sees_what_came_meanwhile(
    call: Call, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expected += ["409", "412"]
    morning = f"PO-{secrets.token_hex(3)}"
    numbers = [f"{morning}-{each}" for each in range(3)]
    orders = [placed(call, "maria", 1, number) for number in numbers]
    lead = open_page(LEAD, "/desk?status=submitted")
    select(lead, *numbers[:2])
    lead.get_by_role("button", name="Assign", exact=True).click()
    dialog = lead.get_by_role("dialog")
    choose(dialog, "Colleague", AGENT)
    dialog.get_by_role("button", name="Assign", exact=True).click()
    expect(dialog.get_by_text("2 done, 0 failed, of 2")).to_be_visible()
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    expect(row_of(lead, numbers[0])).to_have_count(0)

    # One of three is withdrawn meanwhile.
    lead.get_by_role("button", name="Open", exact=True).first.click()
    expect(row_of(lead, numbers[0])).to_contain_text(AGENT)
    select(lead, *numbers)
    call("maria", "POST", f"/orders/{orders[2]}/cancel", {})
    lead.get_by_role("button", name="Decline", exact=True).click()
    dialog.get_by_label("Reason").fill("Sold out.")
    assert faults(lead) == []
    dialog.get_by_role("button", name="Decline", exact=True).click()
    expect(dialog.get_by_text("2 done, 1 failed, of 3")).to_be_visible()
    dialog.get_by_role("button", name="Try the failed ones again").click()
    expect(dialog.locator(".bulk-failed")).to_contain_text("The status of the order does not allow this.")
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    expect(lead.get_by_text("1 selected")).to_be_visible()
    expect(row_of(lead, numbers[0])).to_have_count(0)

    lead.get_by_role("button", name="Select none").click()
    late = f"{morning}-late"
    placed(call, "maria", 1, late)
    pill = lead.get_by_role("button", name=re.compile(r"^\d+ new$"))
    pill.wait_for(timeout=FOLLOWED_MILLISECONDS)
    expect(row_of(lead, late)).to_have_count(0)
    pill.click()
    expect(row_of(lead, late)).to_be_visible()
    assert faults(lead) == []
    assert overflows(lead, 1280) == {}
