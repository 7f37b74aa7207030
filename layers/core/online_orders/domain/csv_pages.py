"""Read and write CSV (RFC 4180): pages of orders with one row an item, and tables as spreadsheets save them.

No cell is written that a spreadsheet would run. Without a spreadsheet's locale, rows are written for programs: commas,
decimal points, no byte-order mark. With a locale, a spreadsheet in that locale opens the file directly.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from typing import Any, NamedTuple
from unicodedata import category, normalize

from online_orders.domain.catalog import RESERVED
from online_orders.domain.errors import BadRequest
from online_orders.domain.languages import LOCALES, texts


class Dialect(NamedTuple):
    """The delimiter of cells, the decimal mark, and the beginning of the file."""

    delimiter: str
    decimal_mark: str
    byte_order_mark: str


_BYTE_ORDER_MARK = "\ufeff"
"""By this byte-order mark a spreadsheet tells UTF-8 from the encoding of its country."""
_REPLACEMENT = "\ufffd"
PLAIN = Dialect(",", ".", "")
SPREADSHEETS: Mapping[str, Dialect] = {
    locale: Dialect(";" if mark == "," else ",", mark, _BYTE_ORDER_MARK)
    for locale, mark in ((locale, texts(locale)["decimal_mark"]) for locale in LOCALES)
}
"""By the locale of the spreadsheet; where the decimal mark is a comma, the delimiter is a semicolon."""

DELIMITERS = ",;\t"
"""The delimiters that a table may have; a spreadsheet writes the one of its locale."""

COLUMNS = (
    "order_id",
    "account_id",
    "status",
    "placed_at",
    "placed_by",
    "purchase_order_number",
    "note",
    "closed_by",
    "closed_reason",
    "item_id",
    "kind",
    "site_id",
    "bandwidth_mbps",
    "model",
    "accessory_type",
    "region",
    "quantity",
    "start_date",
    "confirmed_start_date",
    "estimated_start_date",
    "site_name",
    "site_address",
    "start_passed",
    "settings",
    "number",
)
_SETTINGS = frozenset({"site_id", "bandwidth_mbps", "model", "accessory_type", "region", "quantity"})
"""The settings of items that have columns of their own."""
_GERMAN_DAY = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_SHORT_NUMBER = re.compile(r"[0-9]{1,15}")
_FORMULA_STARTS = ("=", "+", "-", "@")
# Where a spreadsheet may begin a cell that the file does not: at the delimiter of another locale, or at a line end,
# because some read line by line without regard to quotes.
_BREAKS = r"([,;|\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029])"


def dialect_for(locale: str | None) -> Dialect:
    """Return the dialect for a spreadsheet in one of `SPREADSHEETS`, or for programs when the locale is None."""
    return PLAIN if locale is None else SPREADSHEETS[locale]


def _looks_like_formula(text: str, passed_over: str = "") -> bool:
    """Return whether any spreadsheet would run the text as a formula.

    Some ignore white space and invisible characters at the start, and some read full-width signs as plain ones.
    """
    for character in text:
        if not (character.isspace() or character in passed_over or category(character) == "Cf"):
            return normalize("NFKC", character).startswith(_FORMULA_STARTS)
    return False


def _needs_apostrophe(pieces: list[str], index: int) -> bool:
    """Return whether a piece between two breaks would be run, not counting its own apostrophes."""
    bare = pieces[index].lstrip("'")
    if index == 0:
        return _looks_like_formula(bare) or (not bare and pieces[1:2] in (["\t"], ["\r"], ["\n"]))
    # With another delimiter, the quotes around cells may be missing.
    return _looks_like_formula(bare, passed_over='"')


def safe_cell(value: Any) -> str:
    """Return a text that a spreadsheet shows and does not run, wherever it begins a cell in it.

    A piece that begins like a formula (at the start, after a delimiter of any locale, or on a new line) gets an
    apostrophe in front. So does one that begins with apostrophes and then like a formula, so that `read_cell` can tell
    them apart.
    """
    pieces = re.split(_BREAKS, "" if value is None else str(value))
    return "".join(
        "'" + piece if index % 2 == 0 and _needs_apostrophe(pieces, index) else piece
        for index, piece in enumerate(pieces)
    )


def read_cell(text: str) -> str:
    """Return the value from which `safe_cell` made the cell."""
    pieces = re.split(_BREAKS, text)
    return "".join(
        piece[1:] if index % 2 == 0 and piece.startswith("'") and _needs_apostrophe(pieces, index) else piece
        for index, piece in enumerate(pieces)
    )


def read_day(cell: str) -> str:
    """Return a day as a spreadsheet in German rewrites it, such as 1.10.2026, as YYYY-MM-DD; other texts unchanged."""
    found = _GERMAN_DAY.fullmatch(cell)
    return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}" if found else cell


def read_number(cell: str) -> int | str:
    """Return the number of a cell of digits alone; other texts unchanged, for the rules to refuse."""
    return int(cell) if _SHORT_NUMBER.fullmatch(cell) else cell


def csv_text(columns: Iterable[str], rows: Iterable[Iterable[Any]], dialect: Dialect = PLAIN) -> str:
    """Return a header and rows as CSV, each cell safe to open in a spreadsheet."""
    buffer = StringIO()
    buffer.write(dialect.byte_order_mark)
    writer = csv.writer(buffer, delimiter=dialect.delimiter)
    writer.writerow(columns)
    writer.writerows([safe_cell(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def delimiter_of(text: str) -> str:
    """Return the delimiter of a CSV text, by its first line: comma, semicolon or tab, or the one that `sep=` names."""
    return _delimiter_and_its_line(text.removeprefix(_BYTE_ORDER_MARK))[0]


def _delimiter_and_its_line(text: str) -> tuple[str, str]:
    """Return the delimiter, and the line in which Excel's `sep=` names it; an empty string where none does."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    named = re.fullmatch(r'"?sep=(.)"?', first, re.IGNORECASE)
    return (named[1], first) if named else (max(DELIMITERS, key=first.count), "")


def read_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV text, each with the number of its last line; raise BadRequest where it is not CSV.

    The delimiter is that of `delimiter_of`. A line with Excel's `sep=` is yielded as an empty row.
    """
    text = text.removeprefix(_BYTE_ORDER_MARK)
    delimiter, named_in = _delimiter_and_its_line(text)
    reader = csv.reader(StringIO(text.replace(named_in, "", 1)), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise BadRequest("invalid_csv", f"Line {reader.line_num} is no CSV: {error}.") from None


def decode_utf8(data: bytes, save_as: str = "CSV UTF-8") -> str:
    """Return a file as text without a byte-order mark; raise BadRequest, naming the line, unless it is UTF-8.

    U+FFFD is refused too: it appears where another encoding was read as UTF-8 on the way, for example by a gateway.
    `save_as` is what the error advises, as editors and spreadsheets name it.
    """
    text = data.decode("utf-8-sig", errors="replace")
    damaged = text.find(_REPLACEMENT)
    if damaged >= 0:
        line = text[:damaged].count("\n") + 1
        raise BadRequest("invalid_csv", f"Line {line} is not UTF-8; save it as {save_as}.")
    return text


def csv_page(orders: Iterable[Mapping[str, Any]], dialect: Dialect = PLAIN) -> str:
    """Return orders, each a dict of `representations.order_body`, as CSV with a header row, one row an item."""
    return csv_text(COLUMNS, (row for order in orders for row in _rows_of(order)), dialect)


def _rows_of(order: Mapping[str, Any]) -> Iterable[list[Any]]:
    closed = order["closed"] or {}
    shared = {
        **order,
        "placed_by": order["placed_by"].get("name") or order["placed_by"]["email"],
        "closed_by": closed.get("by"),
        "closed_reason": closed.get("reason"),
    }
    for item in order["items"]:
        site = item.get("site", {})
        row = {
            **shared,
            **{name: value for name, value in item.items() if name in RESERVED or name in _SETTINGS},
            "estimated_start_date": item["estimated_start"]["date"],
            "site_name": site.get("name"),
            "site_address": site.get("address"),
            "start_passed": "yes" if item.get("start_passed") else "no",
            "settings": _other_settings(item),
        }
        yield [row.get(column) for column in COLUMNS]


def _other_settings(item: Mapping[str, Any]) -> str | None:
    """Return the settings of an item that have no column of their own, as a JSON object; None without any."""
    found = {name: value for name, value in item.items() if name not in RESERVED and name not in _SETTINGS}
    return json.dumps(found, ensure_ascii=False) if found else None
