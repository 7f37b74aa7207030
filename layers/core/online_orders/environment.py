"""What the template tells a function."""

from __future__ import annotations

import os

from online_orders.domain.installation import Installation


def environment(name: str) -> str:
    """Return a variable that the template sets; raise KeyError when it does not."""
    return os.environ[name]


def installation() -> Installation:
    return Installation(brand=environment("BRAND_NAME"), site_url=environment("SITE_URL"))
