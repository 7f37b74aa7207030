"""Who runs the product, and where: what mails, pages and papers say of it."""

from __future__ import annotations

from typing import NamedTuple


class Installation(NamedTuple):
    brand: str
    site_url: str
    """Without a slash at its end."""
