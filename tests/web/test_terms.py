"""Standard terms at the desk, of a language and of a group of accounts."""

import re
import secrets
from typing import Any

from playwright.sync_api import expect

from tests.web.axe import faults
from tests.web.conftest import Call, Complaints, OpenPage

PATH = "/desk/terms"


def remove(call: Call, locale: str, group: str | None = None) -> None:
    call("nadia", "PUT", PATH, {"locale": locale, "group": group, "text": None})


def test_a_lead_sets_the_terms_of_a_language_and_removes_them(
    open_page: OpenPage, call: Call, complaints: Complaints
) -> None:
    complaints.expected.append("412")
    remove(call, "de")
    default = call("nadia", "GET", PATH)["defaults"]["de"]
    try:
        page = open_page("nadia", PATH)
        expect(page.get_by_role("row").filter(has_text="Deutsch")).to_contain_text("default")
        assert faults(page) == []
        page.get_by_role("link", name="Deutsch").click()
        expect(page.locator(".said")).to_have_text(default)
        assert faults(page) == []
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".fault:visible")).to_have_count(1)
        page.get_by_label("Terms", exact=True).fill("Zahlbar binnen 30 Tagen.")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".toast")).to_have_text("Saved.")
        expect(page.locator(".said")).to_have_count(0)
        call("tom", "PUT", PATH, {"locale": "de", "text": "Bar."})
        page.get_by_label("Terms", exact=True).fill("Zahlbar binnen 60 Tagen.")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("other changes meanwhile")
        page.get_by_role("button", name="Load them, and lose mine").click()
        expect(page.get_by_label("Terms", exact=True)).to_have_value("Bar.")
        page.get_by_role("heading", name="History").click()
        expect(page.locator(".history li").first).to_contain_text("Bar.")
        page.get_by_role("button", name="Remove these terms").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.locator(".toast")).to_have_text("The terms are removed.")
        expect(page.get_by_role("row").filter(has_text="Deutsch")).to_contain_text("default")
        assert [each["locale"] for each in call("nadia", "GET", PATH)["terms"]] == []
    finally:
        remove(call, "de")


def test_a_group_gets_terms_of_its_own_which_agents_read(open_page: OpenPage, call: Call) -> None:
    catalog: dict[str, Any] = call("nadia", "GET", "/desk/catalog")
    group = f"group_{secrets.token_hex(3)}"
    named = {"group": group, "labels": {"en": f"Partners {group}", "de": f"Partner {group}"}}
    call("nadia", "PUT", "/desk/catalog", {**catalog, "groups": [*catalog.get("groups", []), named]})
    try:
        page = open_page("nadia", PATH)
        page.get_by_role("button", name="New terms for a group").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Group").select_option(group)
        dialog.get_by_label("Language").select_option("en")
        dialog.get_by_role("button", name="Begin").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"English · Partners {group}")
        page.get_by_label("Terms", exact=True).fill("Partners pay in 60 days.")
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".toast")).to_have_text("Saved.")
        agent = open_page("amir", PATH)
        expect(agent.get_by_role("button", name="New terms for a group")).to_have_count(0)
        agent.get_by_role("link", name=re.compile(group)).click()
        expect(agent.get_by_label("Terms", exact=True)).to_have_value("Partners pay in 60 days.")
        expect(agent.get_by_label("Terms", exact=True)).to_be_disabled()
        expect(agent.get_by_role("button", name="Save")).to_have_count(0)
    finally:
        remove(call, "en", group)
        current = call("nadia", "GET", "/desk/catalog")
        left = [each for each in current["groups"] if each["group"] != group]
        call("nadia", "PUT", "/desk/catalog", {**current, "groups": left})
