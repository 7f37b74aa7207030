"""Load the Jinja2 templates: HTML escapes values, plain text does not.

A mail's template is rendered as both, by the blocks of `mail.html` and `mail.txt`. This module imports nothing of the
product before a template is loaded, so that a build can compile the templates with no more than Jinja2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from jinja2 import BaseLoader, Environment, FileSystemLoader, ModuleLoader, StrictUndefined, Template

FOLDER = Path(__file__).parent
COMPILED = Path(__file__).parent / "compiled_templates"
"""Made by the build, because compiling them takes longer than everything else that a first request does."""

Filters = Mapping[str, Callable[[str], str]]
Form = Literal["html", "txt"]


def template(name: str) -> Template:
    """Return a template as the build has compiled it, else from its source."""
    return _loaded("txt" if name.endswith(".txt") else "html").get_template(name)


@cache
def _loaded(form: Form) -> Environment:
    from online_orders_rendering.i18n import line_of, text_of

    compiled = COMPILED / form
    loader = ModuleLoader(compiled) if compiled.is_dir() else FileSystemLoader(FOLDER)
    return _environment(form, loader, {"line": line_of, "text": text_of})


def compile_all() -> None:
    """Compile every template, for the build. The compiled code calls filters by name, so any will do here."""
    forms: tuple[Form, ...] = ("html", "txt")
    for form in forms:
        sources = _environment(form, FileSystemLoader(FOLDER), {"line": str, "text": str})
        sources.compile_templates(COMPILED / form, extensions=[form, "jinja"], zip=None, ignore_errors=False)


def _environment(form: Form, loader: BaseLoader, filters: Filters) -> Environment:
    jinja = Environment(
        loader=loader,
        autoescape=form == "html",  # noqa: S701 - plain text has no markup to escape
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    jinja.filters.update(filters)
    return jinja
