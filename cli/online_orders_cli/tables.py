"""Rows of a file: CSV with a header, a JSON list, or JSON lines. Each row knows its number in the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]
Place = tuple[str, ...]

MOST_ROWS = 100_000
DELIMITERS = ",;\t"
"""Spreadsheets separate cells by semicolons where a comma stands before the decimals."""


class Row(NamedTuple):
    """`number` is the line of a CSV file or of JSON lines, or the place in a JSON list, from 1."""

    number: int
    values: Json


class RowFault(NamedTuple):
    row: int
    column: str
    code: str
    detail: str

    def __str__(self) -> str:
        return f"row {self.row}: {f'{self.column}: ' if self.column else ''}{self.detail} ({self.code})"


class Unreadable(Exception):
    """The file as a whole cannot be read as rows."""


def read(path: Path, columns: Mapping[str, Place]) -> tuple[list[Row], list[RowFault]]:
    """The rows of a file, and what is wrong with those that cannot be read.

    `columns` says where a CSV column belongs in the object that a row becomes: `contact_email` in
    `("contact", "email")`. An empty cell is null; a JSON row is such an object already.
    """
    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path} is not UTF-8; save it as CSV UTF-8.") from error
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from error
    if path.suffix.lower() == ".csv":
        rows, faults = _of_csv(path, text, columns)
    else:
        rows, faults = _of_json(path, text)
    if not rows and not faults:
        raise Unreadable(f"{path} has no rows.")
    if len(rows) > MOST_ROWS:
        raise Unreadable(f"{path} has more than {MOST_ROWS:,} rows; split it.")
    return rows, faults


def _of_csv(path: Path, text: str, columns: Mapping[str, Place]) -> tuple[list[Row], list[RowFault]]:
    delimiter = max(DELIMITERS, key=text.partition("\n")[0].count)
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    faults: list[RowFault] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(path, header, columns)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                detail = f"The row has {len(cells)} cells, the header {len(header)}."
                faults.append(RowFault(reader.line_num, "", "wrong_cells", detail))
                continue
            rows.append(Row(reader.line_num, _nested(header, cells, columns)))
    except csv.Error as error:
        raise Unreadable(f"{path}: row {reader.line_num}: {error}") from error
    return rows, faults


def _check_header(path: Path, header: Sequence[str], columns: Mapping[str, Place]) -> None:
    unknown = [name for name in header if name not in columns]
    twice = sorted({name for name in header if header.count(name) > 1})
    if unknown or twice:
        what = f"unknown columns {', '.join(map(repr, unknown))}" if unknown else f"{', '.join(twice)} twice"
        raise Unreadable(f"{path}: the header has {what}; it may have {', '.join(columns)}.")


def _nested(header: Sequence[str], cells: Sequence[str], columns: Mapping[str, Place]) -> Json:
    values: Json = {}
    for name, cell in zip(header, cells, strict=True):
        *above, last = columns[name]
        inner = values
        for part in above:
            inner = inner.setdefault(part, {})
        inner[last] = cell.strip() or None
    # What has no value at all below it is not there: no license, no contact.
    return {
        key: None if isinstance(value, dict) and not any(value.values()) else value for key, value in values.items()
    }


def _of_json(path: Path, text: str) -> tuple[list[Row], list[RowFault]]:
    rows: list[Row] = []
    faults: list[RowFault] = []
    for number, value in _values(path, text):
        if isinstance(value, dict):
            rows.append(Row(number, value))
        else:
            faults.append(RowFault(number, "", "wrong_type", "The row is not an object."))
    return rows, faults


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
