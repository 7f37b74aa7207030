"""Read the environment variables that the template sets."""

from __future__ import annotations

import os

from online_orders.domain.installation import Installation


def environment(name: str) -> str:
    """Return an environment variable that the template sets; raise KeyError when it does not."""
    return os.environ[name]


def installation() -> Installation:
    return Installation(brand=environment("BRAND_NAME"), site_url=environment("SITE_URL"))
