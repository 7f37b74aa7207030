"""The quote on paper: a PDF that names no person and is the same, byte for byte, whenever and wherever it is made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from html import escape
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepTogether, LongTable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from online_orders.quotes import Quote, QuoteLine
from online_orders_rendering.formats import Wording, line_of, text_of, wording
from online_orders_rendering.mails import Installation, charged
from online_orders_rendering.right_to_left import clusters, direction_of, has_right_to_left, in_visual_order, joined

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
    "NotoSansMath-Symbols",
    "NotoSansSymbols2-Symbols",
)
_EAST_ASIAN = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_PIECE = re.compile(
    r"(?:[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
    r"[\u3001\u3002\u300d\u300f\u3011\u30fc\uff01\uff09\uff0c\uff0e\uff1a\uff1b\uff1f]*"
    r"|[^\s\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]+)\s*|\s+"
)
"""What stays on one line: a word, or one East Asian character and the closing punctuation after it."""
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_UNKNOWN = "\ufffd"
"""Stands for a character that no font has, so that the reader sees that one is missing."""

_INK, _FAINT, _RULE, _ACCENT = (HexColor(color) for color in ("#1b2733", "#55616e", "#d3dae1", "#1d5fa8"))
_MARGIN = 20 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_GAP = 6
"""Points between the columns of a table."""
_FRAME = 6
"""Points of padding that reportlab puts around everything on a page."""
_DESCRIBED = 0.36 * _WIDTH
"""What numbers of many digits leave of a line for its description, at least."""


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


def _known(text: str) -> str:
    """Text in which a character that no font has is seen to be missing."""
    composed = _SELECTORS.sub("", unicodedata.normalize("NFC", text))
    return "".join(one if one == "\n" or _font_for(one, _TEXT) else _UNKNOWN for one in composed)


def _runs(text: str, font: str) -> Iterator[tuple[str, str]]:
    """Runs of characters, each with the font that has them."""
    for name, run in groupby(text, key=lambda one: _font_for(one, font) or font):
        yield name, "".join(run)


def _markup(text: str, font: str) -> str:
    return "".join(f'<font name="{name}">{escape(run, quote=False)}</font>' for name, run in _runs(text, font))


def _width_of(text: str, style: ParagraphStyle) -> float:
    return sum(stringWidth(run, name, style.fontSize) for name, run in _runs(text, style.fontName))


def _paragraph(text: str, style: ParagraphStyle, width: float = _WIDTH) -> Paragraph:
    """Text set in `width`. Where words do not run from left to right with spaces between, its lines are broken here."""
    lines = _known(text).split("\n")
    if has_right_to_left(text):
        lines = [
            in_visual_order(line, direction_of(whole))
            for whole in lines
            for line in _broken(joined(whole), style, width)
        ]
    elif _EAST_ASIAN.search(text):
        lines = [line for whole in lines for line in _broken(whole, style, width)]
    return Paragraph("<br/>".join(_markup(line, style.fontName) for line in lines) or "&nbsp;", style)


def _broken(text: str, style: ParagraphStyle, width: float) -> Iterator[str]:
    """Lines of at most `width`, broken after spaces and East Asian characters, and anywhere in a longer word."""
    line = ""
    for piece in _PIECE.findall(text):
        if line and _width_of((line + piece).rstrip(), style) > width:
            yield line.rstrip()
            line = ""
        for letter in clusters(piece):
            if line and _width_of((line + letter).rstrip(), style) > width:
                yield line
                line = ""
            line += letter
    yield line.rstrip()


def _style(name: str, **changes: Any) -> ParagraphStyle:
    defaults = {"fontName": _TEXT, "fontSize": 9, "leading": 12.5, "textColor": _INK, "splitLongWords": 1}
    return ParagraphStyle(name, **{**defaults, **changes})


_BODY = _style("body")
_SMALL = _style("small", fontSize=7.5, leading=10, textColor=_FAINT)
_RIGHT = _style("right", alignment=TA_RIGHT)
_TITLE = _style("title", fontName=_BOLD, fontSize=20, leading=25, spaceAfter=2 * mm)
_HEADING = _style("heading", fontName=_BOLD, fontSize=10, leading=14, spaceBefore=6 * mm, spaceAfter=1.5 * mm)
_COLUMN = _style("column", fontName=_BOLD, fontSize=8, leading=10, textColor=_FAINT)
_LETTERHEAD = _style("letterhead", fontName=_BOLD, fontSize=11)
_FACT = _style("fact", textColor=_FAINT)
_PAGE = _style("page", fontSize=7.5, leading=10, textColor=_FAINT, alignment=TA_RIGHT)
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
        _drawn(self, self.letterhead, _LETTERHEAD, top)
        self.setStrokeColor(_ACCENT)
        self.setLineWidth(1.2)
        self.line(_MARGIN, top - 3 * mm, A4[0] - _MARGIN, top - 3 * mm)
        _drawn(self, self.foot, _SMALL, bottom)
        _drawn(self, page, _PAGE, bottom)


def _drawn(canvas: Canvas, text: str, style: ParagraphStyle, y: float) -> None:
    paragraph = _paragraph(text, style)
    _, height = paragraph.wrap(_WIDTH, 30 * mm)
    paragraph.drawOn(canvas, _MARGIN, y - height / 3)


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
        leftMargin=_MARGIN - _FRAME,
        rightMargin=_MARGIN - _FRAME,
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
    yield _paragraph(words("paper.title"), _TITLE)
    facts = (
        (words("paper.for"), f"{line_of(account_name)} ({account_id})"),
        (words("label.order_id"), order_id),
        (words("label.placed_on"), words.day(placed_on)),
        (words("label.revision"), str(quote.revision)),
        (words("label.valid_until"), words.day(quote.valid_until)),
    )
    names = 40 * mm
    values = _WIDTH - names
    rows = [[_paragraph(name, _FACT, names - _GAP), _paragraph(value, _BODY, values - _GAP)] for name, value in facts]
    yield Table(
        rows,
        colWidths=(names, values),
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


class _Line(NamedTuple):
    """A line of the quote in words, but for its description."""

    quantity: str
    unit_price: str
    recurrence: str
    amount: str


def _columns(lines: list[_Line], header: _Line) -> tuple[list[float], float]:
    """The widths of the columns, the description's first, and how far the numbers are scaled to leave it room."""
    needed = [
        max(_width_of(header[place], _COLUMN), *(_width_of(line[place], _BODY) for line in lines))
        for place in range(len(header))
    ]
    gaps = 2 * _GAP + 0.1
    scale = min(1.0, (_WIDTH - _DESCRIBED - gaps * len(needed)) / sum(needed))
    widths = [width * scale + gaps for width in needed]
    return [_WIDTH - sum(widths), *widths], scale


def _lines(quote: Quote, words: Wording, item_labels: Mapping[str, str]) -> Iterator[Any]:
    header = _Line(*(words(f"label.{name}") for name in _Line._fields))
    lines = [
        _Line(
            words.number(line.quantity),
            words.money(line.unit_price, quote.currency),
            words(f"recurrence.{line.recurrence}"),
            words.money(line.amount, quote.currency),
        )
        for line in quote.lines
    ]
    widths, scale = _columns(lines, header)
    figure = _style("figure", alignment=TA_RIGHT, fontSize=9 * scale)
    word = _style("word", fontSize=9 * scale)
    heading = _style("heading", fontName=_BOLD, fontSize=8 * scale, leading=10, textColor=_FAINT)
    figures_heading = ParagraphStyle("figures heading", parent=heading, alignment=TA_RIGHT)
    rows: list[list[Any]] = [
        [
            _paragraph(words("label.description"), _COLUMN),
            *(
                _paragraph(text, heading if name == "recurrence" else figures_heading)
                for name, text in header._asdict().items()
            ),
        ]
    ]
    rows += [
        [
            _described(line, quote, words, item_labels, widths[0] - _GAP),
            *(_paragraph(text, word if name == "recurrence" else figure) for name, text in said._asdict().items()),
        ]
        for line, said in zip(quote.lines, lines, strict=True)
    ]
    yield LongTable(
        rows,
        colWidths=widths,
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


def _described(
    line: QuoteLine, quote: Quote, words: Wording, item_labels: Mapping[str, str], width: float
) -> list[Paragraph]:
    """What a line is for: its description, the item that it belongs to, and the start that was confirmed."""
    described = [_paragraph(line_of(line.description), _BODY, width)]
    if line.item_id and line.item_id in item_labels:
        summary = words("paper.item", number=line.item_id, summary=item_labels[line.item_id])
        described.append(_paragraph(summary, _SMALL, width))
    if line.item_id and (day := quote.confirmed_start_dates.get(line.item_id)):
        described.append(_paragraph(words("paper.confirmed", day=words.day(day)), _SMALL, width))
    return described


def _rest(quote: Quote, words: Wording, installation: Installation) -> Iterator[Any]:
    totals = [(words(f"total.{name}"), words.money(amount, quote.currency)) for name, amount in charged(quote)]
    rows = [
        [_paragraph(name, _RIGHT), _paragraph(amount, _TOTAL)]
        for name, amount in totals or [(words("total.nothing"), words.money(quote.totals.once, quote.currency))]
    ]
    yield KeepTogether(
        [
            Spacer(0, 3 * mm),
            Table(
                rows, colWidths=(0.7 * _WIDTH, 0.3 * _WIDTH), style=TableStyle([("RIGHTPADDING", (-1, 0), (-1, -1), 0)])
            ),
            _paragraph(words("paper.prices_in", currency=quote.currency), _SMALL),
        ]
    )
    if quote.message:
        yield _paragraph(words("label.message", brand=line_of(installation.brand)), _HEADING)
        yield from _paragraphs(quote.message)
    yield _paragraph(words("label.terms"), _HEADING)
    yield from _paragraphs(quote.terms)
    yield KeepTogether(
        [
            _paragraph(words("label.sha256"), _HEADING),
            _paragraph(quote.sha256, _BODY),
            _paragraph(words("paper.hash_note"), _SMALL),
        ]
    )


def _paragraphs(said: str) -> Iterator[Paragraph]:
    """Each line on its own, so that a long text may break between pages."""
    for line in text_of(said).split("\n"):
        yield _paragraph(line, _BODY if direction_of(line) == "L" else _RIGHT)
