"""The quote on paper: what it says, that it names nobody, and that it is always the same."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from online_orders.quotes import Quote
from online_orders_rendering.formats import item_labels
from online_orders_rendering.paper import _BODY, FONTS, _paragraph, quote_pdf
from tests.domain.builders import ANNA, CLARA, CONNIE, ORDER_ID, item_of, judge_quote, line_of, place, quote_body
from tests.rendering.samples import ACCOUNT_NAME, INSTALLATION, SITE_NAMES, placed, quote_of

A4 = (595.2756, 841.8898)


def paper_of(quote: Quote | None = None, **changes: Any) -> bytes:
    asked: dict[str, Any] = {
        "order_id": ORDER_ID,
        "account_id": "acme",
        "account_name": ACCOUNT_NAME,
        "placed_on": date(2026, 11, 22),
        "locale": "en",
        "installation": INSTALLATION,
        "item_labels": item_labels(placed().order, "en", SITE_NAMES),
    }
    return quote_pdf(quote or quote_of(), **asked | changes)


def read(paper: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(paper))


def words_on(paper: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in read(paper).pages).split())


def described(*descriptions: str, **changes: Any) -> Quote:
    """A quote of so many lines."""
    lines = [
        line_of("1" if number == 0 else None, description=description)
        for number, description in enumerate(descriptions)
    ]
    return judge_quote(quote_body(*lines, **changes))


def test_the_paper_says_all_that_is_offered() -> None:
    said = words_on(paper_of())
    for text in (
        INSTALLATION.brand,
        f"{ACCOUNT_NAME} (acme)",
        ORDER_ID,
        "November 22, 2026",
        "Revision 1",
        "January 1, 2027",
        "SDP user license",
        "Item 5: SDP Users: 100 in Europe",
        "1,500 €36.50 per year €54,750.00",
        "-€150.00",
        "Confirmed start date: January 7, 2027",
        "One-time €2,830.00",
        "Per month €460.00",
        "Per year €54,750.00",
        "All prices in EUR.",
        "as discussed with a volume discount.",
        "Prices are net of taxes.",
        quote_of().sha256,
        "Page 1 of 1",
    ):
        assert text in said


def test_the_german_paper_speaks_german() -> None:
    said = words_on(paper_of(locale="de", item_labels=item_labels(placed("de").order, "de", SITE_NAMES)))
    for text in (
        "Angebot",
        "Gültig bis",
        "1. Januar 2027",
        "54.750,00 €",
        "pro Jahr",
        "für Lager Süd",
        "Seite 1 von 1",
    ):
        assert text in said


def test_the_paper_names_no_person() -> None:
    paper = paper_of()
    said = words_on(paper) + str(read(paper).metadata)
    for person in (CONNIE.name, CONNIE.email, ANNA.email, CLARA.email):
        assert person not in said.replace("Dear Connie", "")
    assert "@" not in said


def test_the_paper_is_made_the_same_in_another_process_on_another_day() -> None:
    program = (
        "import hashlib, time; now = time.time; time.time = lambda: now() + 10_000_000;"
        "from tests.rendering.test_paper import paper_of; print(hashlib.sha256(paper_of()).hexdigest())"
    )
    path = ":".join(entry for entry in sys.path if Path(entry or ".").is_dir())
    made = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": path, "PYTHONHASHSEED": seed, "TZ": zone},
        ).stdout.strip()
        for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland"))
    }
    assert made == {hashlib.sha256(paper_of()).hexdigest()}


def test_making_another_paper_in_between_changes_nothing() -> None:
    first = paper_of()
    paper_of(described("株式会社", "שלום"), locale="de")
    assert paper_of() == first


def test_another_content_is_another_paper() -> None:
    assert len({paper_of(), paper_of(quote_of(message="Other")), paper_of(locale="de"), paper_of(account_id="b")}) == 4


def test_one_line_fits_on_one_page() -> None:
    reader = read(paper_of(described("Public IPv4")))
    assert len(reader.pages) == 1
    assert tuple(map(float, reader.pages[0].mediabox[2:])) == pytest.approx(A4, abs=0.01)


def test_many_lines_run_on_with_head_number_and_letterhead_on_every_page() -> None:
    order = place(*(item_of("ip_addresses") for _ in range(50))).order
    quote = judge_quote(quote_body(*(line_of(str(number)) for number in range(1, 51))), items=50)
    paper = paper_of(quote, item_labels=item_labels(order, "en"))
    pages = [" ".join(page.extract_text().split()) for page in read(paper).pages]
    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert INSTALLATION.brand in page
        assert ORDER_ID in page
        assert "Description Quantity Unit price" in page
    assert [f"Item {number}:" in " ".join(pages) for number in range(1, 51)] == [True] * 50


def test_long_terms_run_over_pages() -> None:
    said = words_on(paper_of(described("x", terms="Terms without an end. " * 450, message="m\n" * 900)))
    assert said.count("without") == 450


@pytest.mark.parametrize(
    "name",
    [
        "株式会社東京ネットワークス",
        "中华人民共和国上海市浦东新区",
        "상하이 무역 주식회사",
        "Ελληνικές Επικοινωνίες",
        "Ромашка – Санкт-Петербург",
        "Công ty Đại Nam",
        "Հայաստան",
        "თბილისი",
        "บริษัท กรุงเทพ",
        "नई दिल्ली",
        "A → B ✓ ≤ 5",
    ],
)
def test_names_of_many_scripts_stand_on_the_paper(name: str) -> None:
    said = words_on(paper_of(described(name), account_name=name, item_labels={"1": name}))
    assert said.replace(" ", "").count(name.replace(" ", "")) == 3


def set_lines(text: str, width: float) -> list[str]:
    """The lines of a paragraph as they are set, from left to right."""
    fragments = _paragraph(text, _BODY, width).frags
    return "".join("\n" if hasattr(fragment, "lineBreak") else fragment.text for fragment in fragments).split("\n")


def test_hebrew_and_arabic_run_from_right_to_left() -> None:
    assert set_lines("Socket for תל אביב (ראשי)", 300) == ["Socket for (ישאר) ביבא לת"]
    assert set_lines("محمد", 300) == ["\ufeaa\ufee4\ufea4\ufee3"]


def test_a_long_text_from_right_to_left_is_read_from_its_first_line_down() -> None:
    first, *_, last = set_lines(" ".join(f"\u05d0{number}" for number in range(60)), 300)
    assert first.endswith(" 1\u05d0 0\u05d0")
    assert last.startswith("59\u05d0 ")


def test_chinese_and_japanese_break_anywhere_but_before_a_full_stop() -> None:
    lines = set_lines("あ" * 200 + "。" + "い" * 50, 200)
    assert len({len(line) for line in lines[:-2]}) <= 2
    assert not [line for line in lines if line.startswith("。")]
    assert "".join(lines) == "あ" * 200 + "。" + "い" * 50


def test_what_no_font_has_is_seen_to_be_missing() -> None:
    said = words_on(paper_of(described("rocket 🚀 and 𠮷")))
    assert "rocket \ufffd and \ufffd" in said


def test_selectors_of_variants_leave_nothing() -> None:
    assert "葛 and" in words_on(paper_of(described("葛\U000e0100 and")))


@pytest.mark.parametrize("text", ["W" * 180, "あ" * 200, "ש" * 200, "<b>&amp; </para><br/>", "%s {0} \\n"])
def test_no_text_breaks_the_paper(text: str) -> None:
    changes = {"account_name": text, "item_labels": {"1": text}, "installation": INSTALLATION._replace(brand=text)}
    said = words_on(paper_of(described(text, message=text, terms=text), **changes))
    assert said.replace(" ", "").count(text[-20:].replace(" ", "")) >= 4


def test_the_largest_amounts_stay_on_one_line() -> None:
    quote = judge_quote(quote_body(line_of(unit_price="999999999999.99", quantity=1_000_000)))
    said = words_on(paper_of(quote))
    assert "€999,999,999,999.99" in said
    assert said.count("€999,999,999,999,990,000.00") == 2


def test_every_font_is_embedded_and_free() -> None:
    fonts = {
        str(font.get_object()["/BaseFont"])
        for page in read(paper_of(described("株式会社 שלום"))).pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
        if "/FontDescriptor" in font.get_object()
    }
    assert any("NotoSans-Regular" in name for name in fonts)
    assert any("Hebrew" in name for name in fonts)
    licensed = (FONTS / "README.md").read_text(encoding="utf-8")
    for font in FONTS.glob("*.ttf"):
        assert font.name in licensed or font.name.startswith("NotoSans")
    assert (FONTS / "OFL.txt").exists()


def test_the_paper_says_where_is_delivered_as_it_was_ordered() -> None:
    labels = item_labels(placed().order, "en", dict.fromkeys(SITE_NAMES, "Renamed since"))
    said = words_on(paper_of(item_labels=labels))
    assert "Item 3: Sockets: 2 × X1500 for Lager Süd Delivery address: 2 Side St" in said
    assert "Renamed since" not in said
