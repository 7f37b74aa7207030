"""A template by its name."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, Template

from online_orders_rendering.formats import line_of, text_of
from online_orders_rendering.templates import Form, environment


@cache
def _environment(form: Form) -> Environment:
    return environment(form, {"line": line_of, "text": text_of})


def template(name: str) -> Template:
    return _environment("txt" if name.endswith(".txt") else "html").get_template(name)
