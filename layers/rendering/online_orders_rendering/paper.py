"""The quote on paper: a PDF that names no person and is the same, byte for byte, whenever and wherever it is made."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from html import escape
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepTogether, LongTable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from online_orders.quotes import Quote
from online_orders_rendering.formats import Wording, line_of, text_of, wording
from online_orders_rendering.mails import Installation, charged

FONTS = Path(__file__).parent / "fonts"
_TEXT, _BOLD = "NotoSans-Regular", "NotoSans-Bold"
_HANGUL = "NanumSquareR"
_FALLBACKS = (
    "NotoSansHebrew-Regular",
    "NotoSansArabic-Regular",
    "NotoSansThai-Regular",
    "NotoSansDevanagari-Regular",
    "NotoSansArmenian-Regular",
    "NotoSansGeorgian-Regular",
    _HANGUL,
    "DroidSansFallbackFull",
)
_UNKNOWN = "\ufffd"
"""Stands for a character that no font has, so that the reader sees that one is missing."""

_INK, _FAINT, _RULE, _ACCENT = (HexColor(color) for color in ("#1b2733", "#55616e", "#d3dae1", "#1d5fa8"))
_MARGIN = 20 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_COLUMNS = (0.40 * _WIDTH, 0.11 * _WIDTH, 0.18 * _WIDTH, 0.12 * _WIDTH, 0.19 * _WIDTH)


@cache
def _font(name: str) -> TTFont:
    font = TTFont(name, str(FONTS / f"{name}.ttf"))
    registerFont(font)
    return font


def _is_hangul(character: str) -> bool:
    return "\uac00" <= character <= "\ud7a3" or "\u1100" <= character <= "\u11ff" or "\u3130" <= character <= "\u318f"


def _has(name: str, character: str) -> bool:
    if (name == _HANGUL) is not _is_hangul(character):
        return False  # the Hangul font knows Chinese characters by number and has no shapes for them
    return ord(character) in _font(name).face.charToGlyph


@cache
def _font_for(character: str, preferred: str) -> str | None:
    """The first font that has a character; None where none has."""
    return next((name for name in (preferred, _TEXT, *_FALLBACKS) if _has(name, character)), None)


def _set(text: str, font: str = _TEXT) -> str:
    """Text as the markup of a paragraph, each run of characters in a font that has them."""
    known = "".join(
        character if character == "\n" or _font_for(character, font) else _UNKNOWN
        for character in unicodedata.normalize("NFC", text)
    )
    runs = groupby(known, key=lambda character: font if character == "\n" else _font_for(character, font))
    return "".join(f'<font name="{name}">{_marked("".join(run))}</font>' for name, run in runs)


def _marked(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br/>")


def _style(name: str, **changes: Any) -> ParagraphStyle:
    defaults = {"fontName": _TEXT, "fontSize": 9, "leading": 12.5, "textColor": _INK, "splitLongWords": 1}
    return ParagraphStyle(name, **{**defaults, **changes})


_BODY = _style("body")
_SMALL = _style("small", fontSize=7.5, leading=10, textColor=_FAINT)
_RIGHT = _style("right", alignment=TA_RIGHT)
_TITLE = _style("title", fontName=_BOLD, fontSize=20, leading=25, spaceAfter=2 * mm)
_HEADING = _style("heading", fontName=_BOLD, fontSize=10, leading=14, spaceBefore=6 * mm, spaceAfter=1.5 * mm)
_COLUMN = _style("column", fontName=_BOLD, fontSize=8, leading=10, textColor=_FAINT)
_COLUMN_RIGHT = _style("column right", parent=None, fontName=_BOLD, fontSize=8, textColor=_FAINT, alignment=TA_RIGHT)
_TOTAL = _style("total", fontName=_BOLD, alignment=TA_RIGHT, fontSize=10)


class _NumberedCanvas(Canvas):
    """Draws letterhead and "Page 2 of 3" once the number of pages is known."""

    letterhead: str
    foot: str
    words: Wording

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pages: list[dict[str, Any]] = []

    def showPage(self) -> None:  # noqa: N802 - reportlab's name
        self._pages.append(dict(self.__dict__))
        self._startPage()  # type: ignore[attr-defined]  # reportlab's own recipe for "page 2 of 3"; the stubs lack it

    def save(self) -> None:
        for number, state in enumerate(self._pages, start=1):
            self.__dict__.update(state)
            self._frame(self.words("paper.page", page=number, pages=len(self._pages)))
            super().showPage()
        super().save()

    def _frame(self, page: str) -> None:
        top, bottom = A4[1] - 14 * mm, 12 * mm
        _drawn(self, _set(self.letterhead, _BOLD), _style("letterhead", fontName=_BOLD, fontSize=11), _MARGIN, top)
        self.setStrokeColor(_ACCENT)
        self.setLineWidth(1.2)
        self.line(_MARGIN, top - 3 * mm, A4[0] - _MARGIN, top - 3 * mm)
        _drawn(self, _set(self.foot), _SMALL, _MARGIN, bottom)
        _drawn(self, _set(page), _style("page", parent=None, fontSize=7.5, alignment=TA_RIGHT), _MARGIN, bottom)


def _drawn(canvas: Canvas, markup: str, style: ParagraphStyle, x: float, y: float) -> None:
    paragraph = Paragraph(markup, style)
    _, height = paragraph.wrap(_WIDTH, 30 * mm)
    paragraph.drawOn(canvas, x, y - height / 3)


def quote_pdf(
    quote: Quote,
    *,
    order_id: str,
    account_id: str,
    account_name: str,
    placed_on: date,
    locale: str,
    installation: Installation,
    item_labels: Mapping[str, str] | None = None,
) -> bytes:
    """The paper of a revision, A4. `item_labels` says in one line, by item id, what each item is."""
    for name in (_TEXT, _BOLD):
        _font(name)
    words = wording(locale)
    title = f"{words('paper.title')} {order_id} \u2013 {quote.revision}"

    class Sheets(_NumberedCanvas):
        letterhead = line_of(installation.brand)
        foot = title

    Sheets.words = words
    buffer = BytesIO()
    document = SimpleDocTemplate(
        buffer,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=26 * mm,
        bottomMargin=22 * mm,
        title=title,
        author=line_of(installation.brand),
        lang=locale,
        invariant=1,
    )
    story = [
        *_head(quote, words, order_id, account_id, account_name, placed_on),
        *_lines(quote, words, item_labels or {}),
        *_rest(quote, words, installation),
    ]
    document.build(story, canvasmaker=Sheets)
    return buffer.getvalue()


def _head(
    quote: Quote, words: Wording, order_id: str, account_id: str, account_name: str, placed_on: date
) -> Iterator[Any]:
    yield Paragraph(_set(words("paper.title"), _BOLD), _TITLE)
    facts = (
        (words("paper.for"), f"{line_of(account_name)} ({account_id})"),
        (words("label.order_id"), order_id),
        (words("label.placed_on"), words.day(placed_on)),
        (words("label.revision"), str(quote.revision)),
        (words("label.valid_until"), words.day(quote.valid_until)),
    )
    rows = [[Paragraph(_set(name), _SMALL), Paragraph(_set(value), _BODY)] for name, value in facts]
    yield Table(
        rows,
        colWidths=(40 * mm, _WIDTH - 40 * mm),
        style=TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ]
        ),
    )
    yield Spacer(0, 5 * mm)


def _lines(quote: Quote, words: Wording, item_labels: Mapping[str, str]) -> Iterator[Any]:
    names = ("description", "quantity", "unit_price", "recurrence", "amount")
    right = {"quantity", "unit_price", "amount"}
    header = [
        Paragraph(_set(words(f"label.{name}"), _BOLD), _COLUMN_RIGHT if name in right else _COLUMN) for name in names
    ]
    rows: list[list[Any]] = [header]
    for line in quote.lines:
        described = [Paragraph(_set(line_of(line.description)), _BODY)]
        if line.item_id and line.item_id in item_labels:
            summary = words("paper.item", number=line.item_id, summary=item_labels[line.item_id])
            described.append(Paragraph(_set(summary), _SMALL))
        if line.item_id and (day := quote.confirmed_start_dates.get(line.item_id)):
            described.append(Paragraph(_set(words("paper.confirmed", day=words.day(day))), _SMALL))
        rows.append(
            [
                described,
                Paragraph(_set(words.number(line.quantity)), _RIGHT),
                Paragraph(_set(words.money(line.unit_price, quote.currency)), _RIGHT),
                Paragraph(_set(words(f"recurrence.{line.recurrence}")), _BODY),
                Paragraph(_set(words.money(line.amount, quote.currency)), _RIGHT),
            ]
        )
    yield LongTable(
        rows,
        colWidths=_COLUMNS,
        repeatRows=1,
        style=TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, 0), 0.8, _INK),
                ("LINEBELOW", (0, 1), (-1, -1), 0.4, _RULE),
                ("LEFTPADDING", (0, 0), (0, -1), 0),
                ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 3),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
            ]
        ),
    )


def _rest(quote: Quote, words: Wording, installation: Installation) -> Iterator[Any]:
    totals = [(words(f"total.{name}"), words.money(amount, quote.currency)) for name, amount in charged(quote)]
    rows = [
        [Paragraph(_set(name), _RIGHT), Paragraph(_set(amount, _BOLD), _TOTAL)]
        for name, amount in totals or [(words("total.nothing"), words.money(quote.totals.once, quote.currency))]
    ]
    yield KeepTogether(
        [
            Spacer(0, 3 * mm),
            Table(
                rows, colWidths=(0.7 * _WIDTH, 0.3 * _WIDTH), style=TableStyle([("RIGHTPADDING", (-1, 0), (-1, -1), 0)])
            ),
            Paragraph(_set(words("paper.prices_in", currency=quote.currency)), _SMALL),
        ]
    )
    if quote.message:
        yield Paragraph(_set(words("label.message", brand=line_of(installation.brand)), _BOLD), _HEADING)
        yield from _paragraphs(quote.message)
    yield Paragraph(_set(words("label.terms"), _BOLD), _HEADING)
    yield from _paragraphs(quote.terms)
    yield KeepTogether(
        [
            Paragraph(_set(words("label.sha256"), _BOLD), _HEADING),
            Paragraph(_set(quote.sha256), _BODY),
            Paragraph(_set(words("paper.hash_note")), _SMALL),
        ]
    )


def _paragraphs(said: str) -> Iterator[Paragraph]:
    """Each line on its own, so that a long text may break between pages."""
    for line in text_of(said).split("\n"):
        yield Paragraph(_set(line) or "&nbsp;", _BODY)
