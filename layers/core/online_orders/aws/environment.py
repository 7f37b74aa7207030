"""What the template tells a function."""

from __future__ import annotations

import os

from online_orders.installation import Installation


def environment(name: str) -> str:
    """A variable that the template sets; KeyError when it does not: there is no silent default."""
    return os.environ[name]


def installation() -> Installation:
    return Installation(brand=environment("BRAND_NAME"), site_url=environment("SITE_URL"))
