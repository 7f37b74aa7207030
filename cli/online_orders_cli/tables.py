"""Read the rows of a file: CSV with a header, a JSON list, or JSON lines. Each row has its number in the file.

In CSV an empty cell leaves the present value, and `-` clears it. In JSON an omitted member leaves it, and null clears
it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from online_orders.domain.csv_pages import decode_utf8, read_cell, read_rows
from online_orders.domain.errors import BadRequest

Json = dict[str, Any]
Place = tuple[str, ...]

MAX_ROWS = 100_000
CLEARS = "-"
"""In a cell of its own: the present value is cleared."""


class Row(NamedTuple):
    """A row. `number` is the line of a CSV file or of JSON lines, or the place in a JSON list, from 1."""

    number: int
    values: Json


class RowError(NamedTuple):
    row: int
    column: str
    code: str
    detail: str

    def __str__(self) -> str:
        return f"row {self.row}: {f'{self.column}: ' if self.column else ''}{self.detail} ({self.code})"


class Unreadable(Exception):
    """The file as a whole cannot be read as rows."""


def read(path: Path, columns: Mapping[str, Place]) -> tuple[list[Row], list[RowError]]:
    """Return the rows of a file, and the errors of those that cannot be read.

    `columns` has the place of a CSV column in the object that a row becomes: `contact_email` in `("contact", "email")`.
    A JSON row is such an object already.
    """
    text = read_text(path)
    if path.suffix.lower() == ".csv":
        rows, errors = _of_csv(path, text, columns)
    else:
        rows, errors = _of_json(path, text)
    if not rows and not errors:
        raise Unreadable(f"{path} has no rows.")
    if len(rows) > MAX_ROWS:
        raise Unreadable(f"{path} has more than {MAX_ROWS:,} rows; split it.")
    return rows, errors


def read_text(path: Path) -> str:
    """Return a file's text without its byte-order mark; raise Unreadable, naming the line, where it is not UTF-8."""
    save_as = "CSV UTF-8" if path.suffix.lower() == ".csv" else "UTF-8"
    try:
        return decode_utf8(path.read_bytes(), save_as)
    except BadRequest as refusal:
        raise Unreadable(f"{path}: {refusal.detail}") from refusal
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from error


def _of_csv(path: Path, text: str, columns: Mapping[str, Place]) -> tuple[list[Row], list[RowError]]:
    lines = ((number, cells) for number, cells in read_rows(text) if any(cell.strip() for cell in cells))
    rows: list[Row] = []
    errors: list[RowError] = []
    try:
        header = [name.strip() for name in next(lines, (0, []))[1]]
        _check_header(path, header, columns)
        for number, cells in lines:
            if len(cells) != len(header):
                detail = f"The row has {len(cells)} cells, the header {len(header)}."
                errors.append(RowError(number, "", "wrong_cells", detail))
                continue
            rows.append(Row(number, _nested(header, cells, columns)))
    except BadRequest as refusal:
        raise Unreadable(f"{path}: {refusal.detail}") from refusal
    return rows, errors


def _check_header(path: Path, header: Sequence[str], columns: Mapping[str, Place]) -> None:
    unknown = [name for name in header if name not in columns]
    twice = sorted({name for name in header if header.count(name) > 1})
    if unknown or twice:
        what = f"unknown columns {', '.join(map(repr, unknown))}" if unknown else f"{', '.join(twice)} twice"
        raise Unreadable(f"{path}: the header has {what}; it may have {', '.join(columns)}.")


def _nested(header: Sequence[str], cells: Sequence[str], columns: Mapping[str, Place]) -> Json:
    values: Json = {}
    for name, cell in zip(header, map(str.strip, cells), strict=True):
        if not cell:
            continue
        *above, last = columns[name]
        inner = values
        for part in above:
            inner = inner.setdefault(part, {})
        inner[last] = None if cell == CLEARS else read_cell(cell)
    return values


def _of_json(path: Path, text: str) -> tuple[list[Row], list[RowError]]:
    rows: list[Row] = []
    errors: list[RowError] = []
    for number, value in _values(path, text):
        if isinstance(value, dict):
            rows.append(Row(number, value))
        else:
            errors.append(RowError(number, "", "wrong_type", "The row is not an object."))
    return rows, errors


def _values(path: Path, text: str) -> Iterator[tuple[int, Any]]:
    try:
        if text.lstrip().startswith("["):
            yield from enumerate(json.loads(text), start=1)
            return
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                yield number, json.loads(line)
    except ValueError as error:
        raise Unreadable(f"{path} is not JSON: {error}") from error
