"""The letterhead as a lead keeps it: fields, logo, color, texts in each language, and a sample before it is stored."""

import base64
import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.domain.test_logos import drawn, svg
from tests.web.axe import faults, overflows
from tests.web.conftest import Call, Complaints, OpenPage

LEAD, AGENT = "nadia", "amir"
PATH = "/desk/letterhead"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "logo.png").write_bytes(base64.b64decode(drawn("RGBA", (300, 80))))
    (tmp_path / "unsafe.svg").write_bytes(base64.b64decode(svg("<script/>")))
    (tmp_path / "logo.gif").write_bytes(b"GIF89a")
    (tmp_path / "large.svg").write_bytes(b"<svg/>" * 20_000)
    return tmp_path


def photograph(page: Page, name: str) -> None:
    """Keep a picture of the page for whoever runs this and wants to look."""
    if where := os.environ.get("PICTURES"):
        page.screenshot(path=f"{where}/{name}.png", full_page=True)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save").click()


def test_a_lead_keeps_the_letterhead_and_everybody_at_the_desk_sees_it(
    open_page: OpenPage, call: Call, complaints: Complaints, folder: Path
) -> None:
    complaints.expected += ["422"]
    page = open_page(LEAD, PATH)
    logo, picture = page.get_by_label("Logo"), page.locator("img.logo")
    save(page)
    expect(page.get_by_label("Legal name of the company")).to_be_focused()
    page.get_by_label("Legal name of the company").fill("Nordlicht Netze GmbH & Co. KG")
    page.get_by_label("Address").first.fill("Straße der Nationen 12\n09111 Chemnitz")
    page.get_by_label("Tax numbers").fill("USt-IdNr. DE123456789\n\nSt.-Nr. 27/123/45678")
    page.get_by_label("Color of lines").fill("#ffee88")
    for name, fault in (
        ("logo.gif", "The logo is a PNG or an SVG."),
        ("large.svg", "A PNG has 200 KB"),
    ):
        logo.set_input_files(folder / name)
        expect(page.locator(".letterhead .fault")).to_contain_text(fault)
    logo.set_input_files(folder / "unsafe.svg")
    expect(picture).to_be_visible()
    save(page)
    expect(page.get_by_text("This SVG runs or loads something")).to_be_visible()
    expect(page.get_by_text("This color is too light on white paper.")).to_be_visible()
    photograph(page, "letterhead-faults")
    logo.set_input_files(folder / "logo.png")
    page.get_by_label("Color of lines").fill("#b3261e")
    page.get_by_label("Text at the foot of each page").last.fill("Geschäftsführung: A. Beispiel")
    assert faults(page) == []
    for language in ("English", "Deutsch"):
        with page.expect_popup() as opened:
            page.get_by_role("button", name=f"Show a sample ({language})").click()
        opened.value.close()
    save(page)
    expect(page.locator(".toast")).to_contain_text("Saved.")
    stored = call(LEAD, "GET", "/desk/letterhead")
    assert (stored["tax_numbers"], stored["logo"]["media_type"], stored["colors"], stored["texts"]) == (
        ["USt-IdNr. DE123456789", "St.-Nr. 27/123/45678"],
        "image/png",
        {"accent": "#b3261e"},
        {"de": {"footer": "Geschäftsführung: A. Beispiel"}},
    )
    page.reload()
    expect(picture).to_be_visible()
    page.get_by_role("button", name="Remove the logo").click()
    expect(picture).to_have_count(0)
    expect(logo).to_be_focused()
    agent = open_page(AGENT, PATH)
    expect(agent.locator("img.logo")).to_be_visible()
    expect(agent.get_by_text("Geschäftsführung: A. Beispiel")).to_be_visible()
    expect(agent.locator("input, textarea")).to_have_count(0)
    assert faults(agent) == []
    photograph(agent, "letterhead-agent")
    german = open_page(LEAD, PATH, width=360, locale="de-DE")
    expect(german.locator("form.letterhead")).to_be_visible()
    assert faults(german) == []
    assert overflows(german, 360) == {}
    photograph(german, "letterhead-360")
    dark = open_page(LEAD, PATH, theme="dark")
    expect(dark.locator("img.logo")).to_be_visible()
    photograph(dark, "letterhead-dark")
