"""Generate the words of the catalog that ships, for the screens: what items are called that were ordered by it.

An order whose words differ brings them along, as `labels` of its items.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from online_orders.domain.catalog import QUANTITY, Catalog, text_in
from online_orders.domain.languages import LOCALES

_HEAD = """\
/**
 * What the catalog that ships calls kinds and the values of their settings, by language and by key: `kind.{kind}`,
 * `summary.{kind}`, `{kind}.{setting}.{value}` and `{kind}.quantity.unit`; made by `make generate`.
 */
export const CATALOG_WORDS = """


def module(catalog: Catalog) -> str:
    """Return the module `web/lib/generated/catalog-words.js`."""
    lines = [
        f"  {language}: {json.dumps(dict(words(catalog, language)), ensure_ascii=False)},\n" for language in LOCALES
    ]
    return f"{_HEAD}{{\n{''.join(lines)}}};\n"


def words(catalog: Catalog, language: str) -> Iterator[tuple[str, str]]:
    """Yield every word of a catalog in a language, with its key."""
    for name, kind in catalog.kinds.items():
        yield f"kind.{name}", kind.label(language)
        yield f"summary.{name}", text_in(kind.summary, language)
        for setting in kind.settings.values():
            if setting.name == QUANTITY and (unit := setting.label_of(1, language)):
                yield f"{name}.quantity.unit", unit
            for value in setting.choices:
                yield f"{name}.{setting.name}.{value}", setting.label_of(value, language) or str(value)
