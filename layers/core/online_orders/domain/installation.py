"""The installation as mails, pages and PDFs name it: its brand and its address."""

from typing import NamedTuple


class Installation(NamedTuple):
    brand: str
    site_url: str
    """Without a slash at its end."""
