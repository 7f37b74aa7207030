"""Store standard terms in the table, one item a language; and read the template's `QuoteTerms` from Parameter Store.

A function's environment has 4 KB in all, and a text of 2,000 characters can take twice that.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from time import monotonic

from online_orders.aws.clients import client
from online_orders.aws.keys import Item, terms_key
from online_orders.aws.table import IF_NOT_EXISTS, call, get, number, put, text
from online_orders.domain.languages import Locale
from online_orders.domain.terms import StandardTerms, standard_terms
from online_orders.environment import environment

_CACHE_SECONDS = 300.0
"""A parameter changes with a deployment, which soon leads to new processes."""


def find_terms(locale: Locale) -> StandardTerms | None:
    """Return the stored terms of a language, or None."""
    item = get(terms_key(locale))
    return StandardTerms.model_validate_json(item["document"]["S"]) if item else None


def store_terms(locale: Locale, terms_text: str, before: StandardTerms | None, at: datetime) -> StandardTerms | None:
    """Store a text in place of `before` (None: there was none); return None, and store nothing, when that
    has changed.
    """
    terms = StandardTerms(locale=locale, version=before.version + 1 if before else 1, text=terms_text, updated_at=at)
    item = {**terms_key(locale), "version": number(terms.version), "document": text(terms.model_dump_json())}
    return terms if put(item, **_unchanged(before)) else None


def remove_terms(locale: Locale) -> bool:
    """Delete a language's text, so that the parameter or the default is used again; return whether there was one."""
    return "Attributes" in call("delete_item", Key=terms_key(locale), ReturnValues="ALL_OLD")


def _unchanged(before: StandardTerms | None) -> Item:
    if before is None:
        return IF_NOT_EXISTS
    return {
        "ConditionExpression": "version = :before",
        "ExpressionAttributeValues": {":before": number(before.version)},
    }


def get_terms(locale: Locale) -> str:
    """Return the terms of a quote for which Customer Success writes none, in a language."""
    return standard_terms(locale, find_terms(locale), parameter_terms())


def parameter_terms() -> str | None:
    """Return the text of the template's parameter, or None."""
    name = environment("QUOTE_TERMS_PARAMETER")
    return _parameter(name, int(monotonic() / _CACHE_SECONDS)) if name else None


@lru_cache(maxsize=1)
def _parameter(name: str, _period: int) -> str:
    value: str = client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
    return value


def reset() -> None:
    """Forget the parameter; for tests, where each has its own AWS."""
    _parameter.cache_clear()
