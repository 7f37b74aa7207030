"""Render the quote as a PDF that names no person and has the same bytes whenever and wherever it is made.

Typst sets it. The layout is in `quote.typ`; the content is put together here.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
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
from online_orders.domain.quotes import Quote
from online_orders_rendering import letterhead as letterheads
from online_orders_rendering.directions import directed
from online_orders_rendering.i18n import Translator, item_labels, line_of, text_of, translator
from online_orders_rendering.quote_texts import LineTexts, TotalRow, is_plain, quote_texts
from online_orders_rendering.templates import FOLDER

if TYPE_CHECKING:
    import typst

STANDARDS = ["a-2a", "ua-1"]
"""PDF/A-2a, for archives, and PDF/UA-1, for those who have a paper read to them."""
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
    characters of no font. One with a day becomes a PDF of `STANDARDS`, which need a day.
    """
    texts = {name: json.dumps(visible(each)) for name, each in inputs.items()}
    options: dict[str, Any] = {"format": "pdf", "sys_inputs": {**texts, **letterheads.logo_of(letterhead)}}
    if any(each.get("day") for each in inputs.values()):
        options["pdf_standards"] = STANDARDS
    pdf = compiler.compile(**options)
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
        purchase_order_number=order.purchase_order_number,
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
    purchase_order_number: str | None = None,
) -> bytes:
    """Return the PDF of a revision, A4. `item_labels` describes each item in one line, by item id.

    The number of a purchase order stands on it where the quote has more than all quotes once had: the papers of those
    stay as they are.
    """
    translate = translator(locale)
    told = quote_texts(quote, translate)
    number = None if is_plain(quote) else purchase_order_number
    facts = [
        *buyer_facts(quote, f"{line_of(account_name)} ({account_id})", translate),
        (translate("label.number"), number_of(order_id)),
        (translate("label.order_id"), order_id),
        *([(translate("label.purchase_order_number"), line_of(number))] if number else []),
        (translate("label.placed_on"), translate.day(placed_on)),
        (translate("label.revision"), str(quote.revision)),
        (translate("label.valid_until"), translate.day(quote.valid_until)),
    ]
    if quote.common_end_on:
        facts.append((translate("label.common_end_on"), translate.day(quote.common_end_on)))
    data = {
        **frame(
            translate,
            installation,
            letterhead,
            heading=translate("pdf.title"),
            title=f"{translate('pdf.title')} {order_id} \u2013 {quote.revision}",
            day=placed_on if letterhead else None,
        ),
        "introduction": None,
        "facts": [(name, directed(value)) for name, value in facts],
        **table_of(quote, told.lines, told.totals, translate, item_labels or {}),
        "notes": [directed(translate("pdf.options_note"))] if quote.options else [],
        "message": section(translate("label.message", brand=line_of(installation.brand)), quote.message)
        if quote.message
        else None,
        "terms": terms_of(quote, translate),
        "hashes": [quote_hash(quote, translate)],
    }
    return pdf_of(_compiler(), letterhead, quote=data)


def frame(
    translate: Translator,
    installation: Installation,
    letterhead: Letterhead | None,
    *,
    heading: str,
    title: str,
    day: date | None,
) -> dict[str, Any]:
    """Return what every paper has, whatever it is about; one with a day is set to be kept in archives."""
    babel_locale = Locale.parse(translate.name)
    brand = line_of(installation.brand)
    return {
        "title": title,
        "author": line_of(letterhead.legal_name) if letterhead else brand,
        "day": [day.year, day.month, day.day] if day else None,
        "language": babel_locale.language,
        "region": babel_locale.territory,
        "direction": babel_locale.text_direction,
        "letterhead": directed(brand),
        "vendor": letterheads.content_of(letterhead, translate.name),
        "heading": heading,
        "foot": directed(title),
        "page": translate("pdf.page", page="{page}", pages="{pages}"),
    }


def buyer_facts(quote: Quote, account: str, translate: Translator) -> Iterator[tuple[str, str]]:
    """Yield whom the paper is for: the account, and what it wants on its invoices."""
    yield translate("pdf.for"), account
    if quote.buyer and quote.buyer.billing_address:
        lines = filter(None, map(line_of, quote.buyer.billing_address.split("\n")))
        for number, line in enumerate(lines):
            yield translate("label.billing_address") if number == 0 else "", line
    if quote.buyer and quote.buyer.tax_number:
        yield translate("label.tax_number"), line_of(quote.buyer.tax_number)


def table_of(
    quote: Quote,
    lines: Sequence[LineTexts],
    totals: Sequence[TotalRow],
    translate: Translator,
    item_labels: Mapping[str, str],
    *,
    shows_groups: bool = True,
) -> dict[str, Any]:
    """Return lines of a quote, what they come to, and what is to be said of their taxes.

    `shows_groups`: which options exclude each other, which nobody needs to know any more once they are chosen.
    """
    charges = totals or [TotalRow(translate("total.nothing"), quote.totals.once, is_final=True)]
    return {
        "columns": {
            name: translate(f"label.{name}")
            for name in ("description", "quantity", "unit_price", "recurrence", "amount")
        },
        "lines": [_line(line, quote, translate, item_labels, shows_groups=shows_groups) for line in lines],
        "totals": [(row.label, translate.money(row.amount, quote.currency), row.is_final) for row in charges],
        "prices_in": translate("pdf.prices_in", currency=quote.currency),
        "sentences": [directed(line_of(sentence)) for sentence in quote.tax_sentences],
    }


def terms_of(quote: Quote, translate: Translator) -> dict[str, Any]:
    """Return the terms, and which version of the installation's own they are."""
    version = quote.terms_version
    note = translate("pdf.terms_version", version=version.version) if version else None
    return {**section(translate("label.terms"), quote.terms), "note": note}


def quote_hash(quote: Quote, translate: Translator) -> dict[str, Any]:
    return {"heading": directed(translate("label.sha256")), "value": quote.sha256, "note": translate("pdf.hash_note")}


def _line(
    told: LineTexts, quote: Quote, translate: Translator, item_labels: Mapping[str, str], *, shows_groups: bool
) -> dict[str, Any]:
    details = _details(told, quote, translate, item_labels, shows_groups=shows_groups)
    line, number = told.line, f"{told.number}. " if quote.options else ""
    return {
        "description": directed(number + line_of(line.description)),
        "details": [directed(detail) for detail in details],
        "quantity": translate.number(line.quantity),
        "unit_price": translate.money(line.unit_price, quote.currency),
        "recurrence": translate(f"recurrence.{told.charged}"),
        "amount": translate.money(line.amount, quote.currency),
        "counts": told.is_chosen is not False,
    }


def _details(
    told: LineTexts, quote: Quote, translate: Translator, item_labels: Mapping[str, str], *, shows_groups: bool
) -> Iterator[str]:
    """Yield what stands below a description: whether it is an option, the item that the line belongs to, its confirmed
    start, and what else there is to know.
    """
    line = told.line
    if told.is_chosen is not None:
        yield translate("line.option.chosen" if told.is_chosen else "line.option.not_chosen")
    if line.option_group and shows_groups:
        others = [each for each, other in quote.options.items() if other.option_group == line.option_group]
        yield translate("pdf.option_group", numbers=", ".join(others))
    if line.item_id and line.item_id in item_labels:
        yield from translate("pdf.item", number=line.item_id, summary=item_labels[line.item_id]).split("\n")
    if line.item_id and (day := quote.confirmed_start_dates.get(line.item_id)):
        yield translate("pdf.confirmed", day=translate.day(day))
    yield from told.notes
    if line.message:
        yield from filter(None, map(line_of, line.message.split("\n")))


def section(heading: str, text: str) -> dict[str, Any]:
    """Return somebody's text of several lines, with its heading."""
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
