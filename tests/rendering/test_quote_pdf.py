"""The quote's PDF: what it says, that it names nobody, and that it is always the same."""

from __future__ import annotations

import ctypes
import hashlib
import io
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pypdfium2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader
from pypdfium2 import raw

from online_orders.domain import languages
from online_orders.domain.letterheads import parse_letterhead
from online_orders.domain.quote_requests import MAX_LINES
from online_orders.domain.quotes import Quote
from online_orders_rendering import quote_pdf
from online_orders_rendering.i18n import Translator, item_labels
from online_orders_rendering.quote_pdf import FONTS, render_pdf
from online_orders_rendering.templates import FOLDER
from tests.domain.builders import ANNA, CLARA, CONNIE, ORDER_ID, item_of, judge_quote, line_of, place, quote_body
from tests.domain.test_logos import drawn, svg
from tests.rendering.samples import ACCOUNT_NAME, INSTALLATION, LETTERHEAD, SITE_NAMES, placed, quote_of
from tools.fonts import FAMILIES

Json = dict[str, Any]

A4 = (595.2756, 841.8898)
MARGIN = 20 / 25.4 * 72


def paper_of(quote: Quote | None = None, **changes: Any) -> bytes:
    requested: dict[str, Any] = {
        "order_id": ORDER_ID,
        "account_id": "acme",
        "account_name": ACCOUNT_NAME,
        "placed_on": date(2026, 11, 22),
        "locale": "en",
        "installation": INSTALLATION,
        "item_labels": item_labels(placed().order, "en", SITE_NAMES),
    }
    return render_pdf(quote or quote_of(), **requested | changes)


def read(paper: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(paper))


def words_on(paper: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in read(paper).pages).split())


class SetLine(NamedTuple):
    """Characters on one base line, from left to right, and where they begin and end."""

    text: str
    left: float
    right: float


def set_lines(made: bytes) -> list[SetLine]:
    """The lines as they stand on the pages, whatever the order in which they are read."""
    return [line for page in pypdfium2.PdfDocument(made) for line in _lines_of(page.get_textpage())]


def _lines_of(text: pypdfium2.PdfTextPage) -> Iterator[SetLine]:
    lines: dict[int, list[tuple[float, float, str]]] = defaultdict(list)
    for index in range(text.count_chars()):
        x, y = ctypes.c_double(), ctypes.c_double()
        raw.FPDFText_GetCharOrigin(text, index, x, y)
        if not raw.FPDFText_IsGenerated(text, index):
            character = chr(raw.FPDFText_GetUnicode(text, index))
            lines[round(y.value)].append((x.value, text.get_charbox(index, loose=True)[2], character))
    for _, characters in sorted(lines.items(), reverse=True):
        characters.sort()
        yield SetLine(
            "".join(one for *_, one in characters), characters[0][0], max(right for _, right, _ in characters)
        )


def read_by_pdfium(made: bytes) -> str:
    """As a browser reads it: PDFium knows what letters were before they were joined to one shape."""
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(made)).split())


def pictures(made: bytes, scale: float = 1) -> list[Image.Image]:
    """The pages in gray, white being 255."""
    return [page.render(scale=scale, grayscale=True).to_pil().convert("L") for page in pypdfium2.PdfDocument(made)]


def assert_margins_are_empty(made: bytes) -> None:
    """But for what of a mark sticks out at the beginning or end of a line."""
    margin = int(MARGIN) - 6
    for page in pictures(made):
        width, height = page.size
        edges = (
            (0, 0, margin, height),
            (width - margin, 0, width, height),
            (0, 0, width, 20),
            (0, height - 20, width, height),
        )
        assert [page.crop(edge).getextrema() for edge in edges] == [(255, 255)] * len(edges)


def described(*descriptions: str, **changes: Any) -> Quote:
    """A quote of so many lines."""
    lines = [
        line_of("1" if number == 0 else None, description=description)
        for number, description in enumerate(descriptions)
    ]
    return judge_quote(quote_body(*lines, **changes))


def test_the_paper_says_all_that_is_offered() -> None:
    message = words_on(paper_of())
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
        assert text in message


def test_the_german_paper_speaks_german() -> None:
    message = words_on(paper_of(locale="de", item_labels=item_labels(placed("de").order, "de", SITE_NAMES)))
    for text in (
        "Angebot",
        "Gültig bis",
        "1. Januar 2027",
        "54.750,00 €",
        "pro Jahr",
        "für Lager Süd",
        "Seite 1 von 1",
    ):
        assert text in message


def test_the_paper_names_no_person() -> None:
    pdf = paper_of()
    text = words_on(pdf) + str(read(pdf).metadata)
    for person in (CONNIE.name, CONNIE.email, ANNA.email, CLARA.email):
        assert person not in text.replace("Dear Connie", "")
    assert "@" not in text


def test_the_paper_is_made_the_same_in_another_process_on_another_day() -> None:
    program = (
        "import hashlib, time; now = time.time; time.time = lambda: now() + 10_000_000;"
        "from tests.rendering.test_quote_pdf import paper_of; print(hashlib.sha256(paper_of()).hexdigest())"
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
    lines = [line_of(str(number), description="Public IPv4 " * (1 + number % 2 * 9)) for number in range(1, 51)]
    pdf = paper_of(judge_quote(quote_body(*lines), items=50), item_labels=item_labels(order, "en"))
    pages = [" ".join(page.extract_text().split()) for page in read(pdf).pages]
    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert INSTALLATION.brand in page
        assert ORDER_ID in page
        assert "Description Quantity Unit price" in page
    assert [f"Item {number}:" in " ".join(pages) for number in range(1, 51)] == [True] * 50


def test_as_many_lines_as_a_quote_may_have_fit_between_the_margins() -> None:
    pdf = paper_of(described(*(f"Position {number}" for number in range(MAX_LINES))))
    text = words_on(pdf)
    assert [f"Position {number} 4 €10.00" in text for number in range(1, MAX_LINES)] == [True] * (MAX_LINES - 1)
    assert_margins_are_empty(pdf)


def test_totals_and_hash_are_not_torn_apart_between_pages() -> None:
    """Wherever on a page the lines may end."""
    charges = [line_of("1" if each == "once" else None, recurrence=each) for each in ("once", "monthly", "yearly")]
    places = set()
    for number in range(20, 36):
        made = paper_of(judge_quote(quote_body(*charges, *[line_of(None)] * number)), locale="de")
        pages = [" ".join(page.extract_text().split()) for page in read(made).pages]
        (totals,) = [index for index, page in enumerate(pages) if "Alle Preise in EUR." in page]
        (hashed,) = [index for index, page in enumerate(pages) if "SHA-256 des Inhalts" in page]
        assert re.search("Einmalig .* Pro Monat .* Pro Jahr .* Alle Preise", pages[totals])
        assert re.search("SHA-256 des Inhalts [0-9a-f]{64} .* angenommen wird.", pages[hashed])
        places.add((totals, hashed))
    assert places == {(0, 0), (0, 1), (1, 1)}


def test_long_terms_run_over_pages() -> None:
    text = words_on(paper_of(described("x", terms="Terms without an end. " * 450, message="m\n" * 900)))
    assert text.count("without") == 450


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
    text = read_by_pdfium(paper_of(described(name), account_name=name, item_labels={"1": name}))
    assert text.replace(" ", "").count(name.replace(" ", "")) == 3


def letters(line: SetLine) -> str:
    """Without spaces and brackets, whose places PDFium guesses beside letters from right to left."""
    return re.sub(r"\W", "", line.text)


def test_hebrew_and_arabic_run_from_right_to_left() -> None:
    quote = described("Socket for תל אביב (ראשי)", "Socket for תל אביב X1 (ראשי)")
    lines = list(map(letters, set_lines(paper_of(quote, item_labels={"1": "محمد"}))))
    assert any(line.startswith("Socketfor" + "תלאביבראשי"[::-1] + "4") for line in lines)
    assert any(line.startswith("Socketfor" + "תלאביב"[::-1] + "X1" + "ראשי"[::-1] + "4") for line in lines)
    assert "Item1" + "محمد"[::-1] in lines


def gaps(brand: str) -> int:
    """How often no ink is between letters of the letterhead."""
    page = pictures(paper_of(installation=INSTALLATION._replace(brand=brand)), scale=4)[0]
    above_the_rule = page.crop((0, 0, page.width, 48 * 4))
    box = above_the_rule.point(lambda value: 255 if value < 128 else 0).getbbox()
    assert box
    letters = above_the_rule.crop(box)
    white = [letters.crop((x, 0, x + 1, letters.height)).getextrema()[0] > 128 for x in range(letters.width)]  # type: ignore[operator]
    return sum(now and not before for before, now in zip([False, *white], white, strict=False))


def test_arabic_letters_are_joined_to_their_neighbors() -> None:
    assert gaps("محمد") == 0
    assert gaps("م\u200cح\u200cم\u200cد") == 3


def test_a_long_text_from_right_to_left_is_read_from_its_first_line_down() -> None:
    lines = set_lines(paper_of(described("x", message=" ".join(f"\u05d0{number}" for number in range(160)))))
    first, *_, last = [line for line in lines if "\u05d0" in line.text]
    assert first.text.endswith("1\u05d0 0\u05d0")
    assert last.text.startswith("159\u05d0 ")
    assert [line.right for line in (first, last)] == pytest.approx([A4[0] - MARGIN] * 2, abs=1)


def test_each_line_of_a_text_has_its_own_direction() -> None:
    lines = {line.text: line for line in set_lines(paper_of(described("x", terms=f"12.\n{'שלום'}\nabc")))}
    assert [lines[text].left for text in ("12.", "abc")] == pytest.approx([MARGIN] * 2, abs=1)
    assert lines["שלום"[::-1]].right == pytest.approx(A4[0] - MARGIN, abs=1)


@pytest.fixture
def hebrew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Translator:
    """The words of a locale that is not among ours."""
    english = (languages.FOLDER / "en.json").read_text("utf-8")
    (tmp_path / "he.json").write_text(
        english.replace('"Description"', '"תיאור"').replace('"Amount"', '"סכום"'), "utf-8"
    )
    with monkeypatch.context() as patched:
        patched.setattr(languages, "FOLDER", tmp_path)
        return Translator("he")


def test_a_paper_in_a_language_from_right_to_left_is_turned(
    monkeypatch: pytest.MonkeyPatch, hebrew: Translator
) -> None:
    monkeypatch.setattr(quote_pdf, "translator", lambda _: hebrew)
    quote = judge_quote(quote_body(line_of(unit_price="1"), line_of(None, unit_price="10000")))
    made = paper_of(quote, account_name="מגדל")
    assert read(made).trailer["/Root"]["/Lang"] == "he"  # type: ignore[index]
    lines = set_lines(made)
    header = next(line for line in lines if "Charged" in line.text)
    assert letters(header) == "סכום"[::-1] + "ChargedUnitpriceQuantity" + "תיאור"[::-1]
    assert header.right == pytest.approx(A4[0] - MARGIN, abs=1)
    assert any(line.text.startswith("Page 1 of 1") for line in lines)
    assert_margins_are_empty(made)


def test_chinese_and_japanese_break_anywhere_but_before_a_full_stop() -> None:
    text = "あ" * 180 + "。" + "い" * 19
    lines = [line.text for line in set_lines(paper_of(described(text)))]
    set_ = [re.sub(r"4 *€.*", "", line).strip() for line in lines if line[0] in "あい。"]
    assert "".join(set_) == text
    assert len(set_) > 4
    assert not [line for line in set_ if line.startswith("。")]
    assert len({len(line) for line in set_[:-2]}) <= 2


def test_thai_breaks_between_words() -> None:
    words = ["อุปกรณ์", "เครือข่าย", "พร้อม", "การ", "ติด", "ตั้ง"] * 5
    made = paper_of(described("".join(words)))
    assert_margins_are_empty(made)
    assert "พร้อม" in read_by_pdfium(made)


def test_a_long_word_is_hyphenated_and_a_longer_one_breaks_anywhere() -> None:
    long = "Hochgeschwindigkeitsglasfaseranschlussleitung"
    lines = set_lines(paper_of(described(f"{long} {long}", "9" * 150), locale="de"))
    # So PDFium tells a hyphen that is of the line and not of the word.
    assert [line.text for line in lines if re.search("[a-z]\x024", line.text)]
    digits = [re.sub(r"4 *10,00.*", "", line.text) for line in lines if line.text.startswith("9" * 10)]
    assert len(digits) > 1
    assert "".join(digits) == "9" * 150


def test_what_no_font_has_is_seen_to_be_missing() -> None:
    text = read_by_pdfium(paper_of(described("rocket 🚀 and 𠮷", "\u13a0 क\u0301 🚀\u0301")))
    assert "rocket 🚀 and \ufffd" in text
    assert "\ufffd क\ufffd 🚀\ufffd" in text


def test_the_currency_and_every_other_word_is_seen_to_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Translator, "money", lambda *_: "1 \u13a0")
    assert words_on(paper_of()).count("1 \ufffd") > 10


def test_selectors_of_variants_leave_nothing() -> None:
    assert "葛 and" in words_on(paper_of(described("葛\U000e0100 and")))


TYPST = (
    '#panic("x") #sys.inputs.quote #read("/etc/hostname") #import "@preview/x:1.0.0" $x^2$ *b* _i_ `r` <l> @r \\u{41} '
    "\"q\" 'q' -- --- ... ~ // c /* c */ #[x] = h - i + n / t: d https://x.example {page} {pages}"
)


@pytest.mark.parametrize(
    "text",
    ["W" * 180, "あ" * 200, "ש" * 200, "ไ" * 200, "\ufdfd" * 40, "<b>&amp; </para><br/>", "%s {0} \\n", TYPST[:180]],
)
def test_no_text_breaks_the_paper(text: str) -> None:
    changes = {"account_name": text, "item_labels": {"1": text}, "installation": INSTALLATION._replace(brand=text)}
    made = paper_of(described(text, message=text, terms=text), **changes)
    message = words_on(made)
    assert message.replace(" ", "").count(text[-20:].replace(" ", "")) >= 4
    assert_margins_are_empty(made)


def test_what_is_typst_to_typst_is_text_on_the_paper() -> None:
    changes = {"account_name": TYPST, "item_labels": {"1": TYPST}, "installation": INSTALLATION._replace(brand=TYPST)}
    made = paper_of(described(TYPST[:200], message=TYPST, terms=f"= x\n- y\n{TYPST}"), **changes)
    text = words_on(made).replace(" ", "")
    plain = TYPST.replace(" ", "")
    # Letterhead, account, item, the heading of the message, message and terms.
    assert text.count(plain) == 6
    assert "=x-y#panic" in text
    assert read(made).metadata.author == TYPST  # type: ignore[union-attr]


@settings(max_examples=15, deadline=None)
@example("a\0b", "")
@given(st.text(max_size=60), st.text(alphabet="aאب1٢क\u0301\u05b0\u093f🚀\u200d👩\u20e3 ()-", max_size=40))
def test_any_text_is_seen_between_the_margins(text: str, mixed: str) -> None:
    """PDF/UA-1 takes no paper with a letter that is not shown."""
    made = paper_of(
        quote_of().model_copy(update={"terms": text, "message": mixed}),
        account_name=mixed,
        item_labels={"1": f"{text}\n{mixed}"},
        installation=INSTALLATION._replace(brand=text),
    )
    quote_pdf._compiler().compile(format="pdf", pdf_standards=["ua-1"])
    assert_margins_are_empty(made)


def test_the_largest_amounts_stay_on_one_line() -> None:
    quote = judge_quote(quote_body(line_of(unit_price="999999999999.99", quantity=1_000_000)))
    made = paper_of(quote)
    message = words_on(made)
    assert "€999,999,999,999.99" in message
    assert message.count("€999,999,999,999,990,000.00") == 2
    text = pypdfium2.PdfDocument(made)[0].get_textpage()
    found = text.search("1,000,000").get_next()
    assert found
    assert text.get_charbox(found[0])[0] >= MARGIN + 0.36 * (A4[0] - 2 * MARGIN)


def test_numbers_line_up_at_their_right() -> None:
    lines = [
        line_of("1" if price == "1" else None, unit_price=price, quantity=7)
        for price in ("1", "11.10", "12345.67", "-0.01")
    ]
    ends = [line.right for line in set_lines(paper_of(judge_quote(quote_body(*lines)))) if "per month" in line.text]
    assert len(ends) == 4
    assert ends == pytest.approx([A4[0] - MARGIN] * 4, abs=0.5)


def test_every_font_is_embedded_and_free() -> None:
    fonts = [
        font.get_object()["/DescendantFonts"][0].get_object()
        for page in read(paper_of(described("株式会社 שלום 🚀"))).pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    ]
    assert {str(font["/BaseFont"]).partition("+")[2] for font in fonts} == {
        "NotoSans-Regular",
        "NotoSans-Bold",
        "NotoSansHebrew-Regular",
        "DroidSansFallback",
        "NotoEmoji-Regular",
    }
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts)
    licensed = (FONTS / "README.md").read_text(encoding="utf-8")
    for font in FONTS.glob("*.ttf"):
        assert font.name in licensed or font.name.startswith("NotoSans")
    assert (FONTS / "OFL.txt").exists()


def test_the_template_asks_every_font_and_no_others() -> None:
    listed = (FOLDER / "paper.typ").read_text("utf-8").partition("fonts = (")[2].partition("\n)")[0]
    assert tuple(re.findall(r'^ +(?:\(name: )?"([^"]+)"', listed, re.MULTILINE)) == FAMILIES
    paper_of()
    _, warnings = quote_pdf._compiler().compile_with_warnings(format="pdf")
    assert warnings == []


def tags_below(node: Any) -> Iterator[str]:
    node = node.get_object()
    if isinstance(node, list):
        for each in node:
            yield from tags_below(each)
    elif isinstance(node, dict):
        if "/S" in node:
            yield node["/S"]
        if "/K" in node:
            yield from tags_below(node["/K"])


def test_the_paper_is_tagged_and_tells_its_language_and_no_day() -> None:
    reader = read(paper_of(locale="de"))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/Lang"] == "de"
    metadata = reader.metadata
    assert metadata is not None
    assert metadata.title == f"Angebot {ORDER_ID} – 1"
    assert metadata.author == INSTALLATION.brand
    assert metadata.creation_date is None
    tags = list(tags_below(root["/StructTreeRoot"]))
    assert tags.count("/TH") == 5
    assert tags.count("/TD") == 5 * len(quote_of().lines)
    assert tags.count("/H1") == 3
    assert {"/Title", "/Table", "/THead", "/P"} <= set(tags)


def test_a_language_that_the_installation_has_not_is_told_as_the_one_it_speaks() -> None:
    assert read(paper_of(locale="fr")).trailer["/Root"]["/Lang"] == "en"  # type: ignore[index]


def test_the_paper_says_where_is_delivered_as_it_was_ordered() -> None:
    labels = item_labels(placed().order, "en", dict.fromkeys(SITE_NAMES, "Renamed since"))
    text = words_on(paper_of(item_labels=labels))
    assert "Item 3: Sockets: 2 × X1500 for Lager Süd Delivery address: 2 Side St" in text
    assert "Renamed since" not in text


# -- the letterhead -----------------------------------------------------------------------------------------------

LOGOS: dict[str, Json] = {
    "png": {"media_type": "image/png", "data": drawn("RGBA", (600, 160))},
    "svg": {"media_type": "image/svg+xml", "data": svg('<rect width="4" height="2" fill="teal"/>')},
}
LONGEST: Json = {
    "legal_name": ("Donaudampfschifffahrtsgesellschaft " * 6)[:200],
    "address": ("Sehr lange Zeile einer Anschrift, Gebäude 17, Aufgang B\n" * 9)[:500],
    "register_entry": "X" * 200,
    "tax_numbers": ["9" * 64] * 5,
    "bank": ("Bank mit langem Namen\n" * 14)[:300],
    "website": "w" * 200,
    "texts": {"de": {"footer": ("Ein langer Fuß mit Wörtern. " * 20)[:500]}},
}


def with_letterhead(letterhead: Json, **changes: Any) -> bytes:
    return paper_of(letterhead=parse_letterhead(letterhead), **changes)


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("logo", [None, *LOGOS.values()], ids=["none", *LOGOS])
def test_the_letterhead_stands_on_the_paper_in_its_language(logo: Json | None, locale: str) -> None:
    paper = with_letterhead({**LETTERHEAD, "logo": logo}, locale=locale)
    text = words_on(paper)
    for said in (
        LETTERHEAD["legal_name"],
        LETTERHEAD["register_entry"],
        *LETTERHEAD["tax_numbers"],
        *LETTERHEAD["bank"].split("\n"),
        *(LETTERHEAD[name] for name in ("email", "phone", "website")),
        LETTERHEAD["texts"][locale]["footer"],
    ):
        assert said in text
    assert ("Germany" in text) == (locale == "en")
    about = read(paper).metadata
    assert about
    assert about.author == LETTERHEAD["legal_name"]
    assert_margins_are_empty(paper)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_logo_of_every_kind_is_drawn(mode: str) -> None:
    plain = with_letterhead(LETTERHEAD)
    paper = with_letterhead({**LETTERHEAD, "logo": {"media_type": "image/png", "data": drawn(mode, (200, 60))}})
    top = (0, 0, int(A4[0]), 100)
    assert pictures(paper)[0].crop(top).tobytes() != pictures(plain)[0].crop(top).tobytes()


def test_a_letterhead_of_any_length_leaves_room_for_the_quote_on_every_page() -> None:
    quote = described(*(f"Line {number}" for number in range(60)))
    paper = with_letterhead({**LONGEST, "logo": LOGOS["png"]}, quote=quote, locale="de")
    assert len(read(paper).pages) < 8
    for page in read(paper).pages:
        assert "".join(LONGEST["register_entry"].split()) in "".join(page.extract_text().split())
    text = words_on(paper)
    assert all(f"Line {number} " in text for number in range(60))
    assert_margins_are_empty(paper)


def test_each_shape_of_a_logo_stays_in_its_place() -> None:
    for width, height in ((2_000, 1), (1, 2_000), (2_000, 2_000), (1, 1)):
        logo = {"media_type": "image/png", "data": drawn("L", (width, height))}
        paper = with_letterhead({**LETTERHEAD, "logo": logo})
        assert len(read(paper).pages) == 1
        assert_margins_are_empty(paper)


def test_the_same_letterhead_makes_the_same_paper_and_none_makes_that_of_before() -> None:
    letterhead = {**LETTERHEAD, "logo": LOGOS["svg"]}
    assert with_letterhead(letterhead) == with_letterhead(letterhead)
    assert paper_of(letterhead=None) == paper_of()
    assert with_letterhead(letterhead) != with_letterhead({**letterhead, "colors": None})


def test_characters_of_no_font_are_marked_in_the_letterhead_too() -> None:
    paper = with_letterhead({"legal_name": "Acme \U0001347f", "address": "Ring 1"})
    assert "Acme \ufffd" in words_on(paper)
