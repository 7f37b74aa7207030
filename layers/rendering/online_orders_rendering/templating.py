"""A template by its name."""

from __future__ import annotations

from functools import lru_cache

from jinja2 import Environment, Template

from online_orders_rendering.formats import line_of, text_of
from online_orders_rendering.templates import environment


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return environment({"line": line_of, "text": text_of})


def template(name: str) -> Template:
    return _environment().get_template(name)
