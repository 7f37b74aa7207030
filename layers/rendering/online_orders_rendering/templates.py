"""The Jinja2 templates: HTML escapes what it is given, plain text does not.

It imports nothing of the product, so that a build can compile the templates with no more than Jinja2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from jinja2 import BaseLoader, Environment, FileSystemLoader, ModuleLoader, StrictUndefined, select_autoescape

FOLDER = Path(__file__).parent / "templates"
COMPILED = Path(__file__).parent / "compiled_templates"
"""Made by the build: to compile them takes longer than everything else that a first request does."""

Filters = Mapping[str, Callable[[str], str]]


def environment(filters: Filters) -> Environment:
    """For templates that the build has compiled, else for their sources. `filters` are called `line` and `text`."""
    return _environment(ModuleLoader(COMPILED) if COMPILED.is_dir() else FileSystemLoader(FOLDER), filters)


def compile_all() -> None:
    """For the build. A filter is called by its name, so any will do here."""
    sources = _environment(FileSystemLoader(FOLDER), {"line": str, "text": str})
    sources.compile_templates(COMPILED, extensions=["html", "txt"], zip=None, ignore_errors=False)


def _environment(loader: BaseLoader, filters: Filters) -> Environment:
    jinja = Environment(
        loader=loader,
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    jinja.filters.update(filters)
    return jinja
