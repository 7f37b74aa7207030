"""Render the quote as a PDF that names no person and has the same bytes whenever and wherever it is made.

Typst sets it. The layout is in `quote.typ`; the content is put together here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from babel import Locale

from online_orders.domain.accounts import Account
from online_orders.domain.installation import Installation
from online_orders.domain.letterheads import Letterhead
from online_orders.domain.order_numbers import number_of
from online_orders.domain.orders import Order
from online_orders.domain.quotes import Quote, QuoteLine
from online_orders_rendering import letterhead as letterheads
from online_orders_rendering.directions import directed
from online_orders_rendering.i18n import Translator, item_labels, line_of, nonzero_totals, text_of, translator
from online_orders_rendering.templates import FOLDER

if TYPE_CHECKING:
    import typst

FONTS = Path(__file__).parent / "fonts"
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_JOINER = "\u200d"
_CONTINUES = re.compile("[\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
"""Characters that are no marks but belong to the one before: the joiner, skin tones, tags of flags."""
_UNKNOWN = "\ufffd"
"""Replaces a character that no font has, so that the reader sees that one is missing."""


@cache
def compiler_of(layout: str) -> typst.Compiler:
    """Return the compiler of a layout of this folder, such as `quote.typ`."""
    import typst  # in most cases the PDF is stored already and Typst is not needed

    return typst.Compiler(FOLDER / layout, root=FOLDER, font_paths=_typst_fonts())


@cache
def _typst_fonts() -> typst.Fonts:
    """Return the fonts of this folder and no others, for all layouts, since reading them takes time."""
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


def pdf_of(compiler: typst.Compiler, letterhead: Letterhead | None = None, **inputs: Any) -> bytes:
    """Return the PDF of a layout with the logo of a letterhead; each of `inputs` is what can be JSON, with a sign for
    characters of no font.
    """
    texts = {name: json.dumps(visible(each)) for name, each in inputs.items()}
    pdf = compiler.compile(format="pdf", sys_inputs={**texts, **letterheads.logo_of(letterhead)})
    if not isinstance(pdf, bytes):
        raise TypeError("Typst answers a PDF in one piece.")
    return pdf


def _compiler() -> typst.Compiler:
    return compiler_of("quote.typ")


@cache
def _fonts() -> tuple[re.Pattern[str], ...]:
    """Return the characters of each font family, in the order of preference."""
    families = json.loads((FONTS / "characters.json").read_text("utf-8"))
    return tuple(re.compile(f"[{''.join(ranges)}]+") for ranges in families.values())


def render_quote_pdf(
    order: Order, quote: Quote, account: Account, installation: Installation, letterhead: Letterhead | None = None
) -> bytes:
    """Return the PDF of a revision, with the letterhead that it names."""
    return render_pdf(
        quote,
        order_id=order.order_id,
        account_id=account.account_id,
        account_name=order.account_name(account.name),
        placed_on=order.placed_on,
        locale=order.internals.locale,
        installation=installation,
        item_labels=item_labels(order, order.internals.locale, account.site_names),
        letterhead=letterhead,
    )


def render_pdf(  # noqa: PLR0913 - all of them are named
    quote: Quote,
    *,
    order_id: str,
    account_id: str,
    account_name: str,
    placed_on: date,
    locale: str,
    installation: Installation,
    item_labels: Mapping[str, str] | None = None,
    letterhead: Letterhead | None = None,
) -> bytes:
    """Return the PDF of a revision, A4. `item_labels` describes each item in one line, by item id."""
    translate = translator(locale)
    title = f"{translate('pdf.title')} {order_id} \u2013 {quote.revision}"
    brand = line_of(installation.brand)
    facts = (
        (translate("pdf.for"), f"{line_of(account_name)} ({account_id})"),
        (translate("label.number"), number_of(order_id)),
        (translate("label.order_id"), order_id),
        (translate("label.placed_on"), translate.day(placed_on)),
        (translate("label.revision"), str(quote.revision)),
        (translate("label.valid_until"), translate.day(quote.valid_until)),
    )
    babel_locale = Locale.parse(translate.name)
    charges = nonzero_totals(quote) or [("nothing", quote.totals.once)]
    data = {
        "title": title,
        "author": line_of(letterhead.legal_name) if letterhead else brand,
        "language": babel_locale.language,
        "region": babel_locale.territory,
        "direction": babel_locale.text_direction,
        "letterhead": directed(brand),
        "vendor": letterheads.content_of(letterhead, translate.name),
        "heading": translate("pdf.title"),
        "foot": directed(title),
        "page": translate("pdf.page", page="{page}", pages="{pages}"),
        "facts": [(name, directed(value)) for name, value in facts],
        "columns": {
            name: translate(f"label.{name}")
            for name in ("description", "quantity", "unit_price", "recurrence", "amount")
        },
        "lines": [_line(line, quote, translate, item_labels or {}) for line in quote.lines],
        "totals": [(translate(f"total.{name}"), translate.money(amount, quote.currency)) for name, amount in charges],
        "prices_in": translate("pdf.prices_in", currency=quote.currency),
        "message": _section(translate("label.message", brand=brand), quote.message) if quote.message else None,
        "terms": _section(translate("label.terms"), quote.terms),
        "sha256": {
            "heading": directed(translate("label.sha256")),
            "value": quote.sha256,
            "note": translate("pdf.hash_note"),
        },
    }
    return pdf_of(_compiler(), letterhead, quote=data)


def _line(line: QuoteLine, quote: Quote, translate: Translator, item_labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "description": directed(line_of(line.description)),
        "details": [directed(detail) for detail in _details(line, quote, translate, item_labels)],
        "quantity": translate.number(line.quantity),
        "unit_price": translate.money(line.unit_price, quote.currency),
        "recurrence": translate(f"recurrence.{line.recurrence}"),
        "amount": translate.money(line.amount, quote.currency),
    }


def _details(line: QuoteLine, quote: Quote, translate: Translator, item_labels: Mapping[str, str]) -> Iterator[str]:
    """Yield the item that a line belongs to, and the confirmed start."""
    if line.item_id and line.item_id in item_labels:
        yield from translate("pdf.item", number=line.item_id, summary=item_labels[line.item_id]).split("\n")
    if line.item_id and (day := quote.confirmed_start_dates.get(line.item_id)):
        yield translate("pdf.confirmed", day=translate.day(day))


def _section(heading: str, text: str) -> dict[str, Any]:
    return {"heading": directed(heading), "lines": [directed(line) for line in text_of(text).split("\n")]}


def visible(part: Any) -> Any:
    """Return the content with a visible replacement for every character that no font has.

    Typst takes a letter and its marks from one font and may lose both where no font has all of them. So a mark that the
    font of its letter lacks is replaced, too.
    """
    match part:
        case str():
            composed = _SELECTORS.sub("", unicodedata.normalize("NFC", part)).replace("\t", " ")
            composed = composed.replace("\0", _UNKNOWN)  # a font has it, and PDF/UA forbids it
            return "".join(map(_visible_cluster, _clusters(composed)))
        case dict():
            return {name: visible(value) for name, value in part.items()}
        case list() | tuple():
            return [visible(each) for each in part]
    return part


def _visible_cluster(cluster: str) -> str:
    """Return a cluster, or as much of it as the font of its first character has where no font has all of it."""
    if any(font.fullmatch(cluster) for font in _fonts()):
        return cluster
    found = next(filter(None, (font.match(cluster) for font in _fonts())), None)
    known = found.group() if found else ""
    return known + _UNKNOWN * len(cluster[len(known) :].replace(_JOINER, ""))


def _clusters(text: str) -> Iterator[str]:
    """Yield what is shaped as one: a character and the marks after it, or several joined pictographs."""
    cluster = ""
    for character in text:
        category = unicodedata.category(character)
        joined = category == "So" and cluster.endswith(_JOINER)
        if cluster and not (joined or category.startswith("M") or _CONTINUES.match(character)):
            yield cluster
            cluster = ""
        cluster += character
    yield cluster
