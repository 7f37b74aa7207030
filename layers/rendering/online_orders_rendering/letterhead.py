"""Put together what the letterhead says on a paper, in the paper's language; `paper.typ` draws it."""

from __future__ import annotations

import base64
import json
from typing import Any

from online_orders.domain.letterheads import Letterhead
from online_orders_rendering.directions import directed
from online_orders_rendering.i18n import line_of, text_of

DEFAULT_ACCENT = "#1d5fa8"
"""As in `paper.typ`."""
MAX_LINES = 6
"""Of a text at the foot; one that has more runs on."""
_FORMATS = {"image/png": "png", "image/svg+xml": "svg"}


def content_of(letterhead: Letterhead | None, locale: str) -> dict[str, Any] | None:
    """Return what a layout needs to draw the letterhead, but for the logo; None without a letterhead."""
    if letterhead is None:
        return None
    local, name = letterhead.in_language(locale), line_of(letterhead.legal_name)
    columns = (
        [name, *_lines(local.address)],
        [line_of(each) for each in (local.register_entry, *letterhead.tax_numbers) if each],
        _lines(local.bank),
        [line_of(each) for each in (letterhead.email, letterhead.phone, letterhead.website) if each],
    )
    return {
        "legal_name": directed(name),
        "address_line": directed(" \u00b7 ".join(_all_lines(local.address))),
        "columns": [[directed(line) for line in lines] for lines in columns if lines],
        "footer": [directed(line) for line in _lines(local.footer)],
        "accent": letterhead.colors.accent if letterhead.colors else DEFAULT_ACCENT,
    }


def logo_of(letterhead: Letterhead | None) -> dict[str, str]:
    """Return the inputs by which a layout gets the logo: its bytes as numbers, which Typst reads fastest."""
    if letterhead is None or letterhead.logo is None:
        return {}
    content = base64.b64decode(letterhead.logo.data)
    return {
        "logo": json.dumps(list(content), separators=(",", ":")),
        "logo-format": _FORMATS[letterhead.logo.media_type],
    }


def _lines(text: str | None) -> list[str]:
    lines = _all_lines(text)
    return lines if len(lines) <= MAX_LINES else [", ".join(line.rstrip(",;") for line in lines)]


def _all_lines(text: str | None) -> list[str]:
    return [line.strip() for line in text_of(text or "").split("\n") if line.strip()]
