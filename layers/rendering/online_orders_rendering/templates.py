"""The Jinja2 templates: HTML escapes what it is given, plain text does not."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape

from online_orders_rendering.formats import line_of, text_of

FOLDER = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def environment() -> Environment:
    jinja = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    jinja.filters["line"] = line_of
    jinja.filters["text"] = text_of
    return jinja


def template(name: str) -> Template:
    return environment().get_template(name)
