"""Store standard terms in the table, one item a language; and read the template's `QuoteTerms` from Parameter Store.

A function's environment has 4 KB in all, and a text of 2,000 characters can take twice that.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from time import monotonic

from online_orders.aws.audit_store import audit_write
from online_orders.aws.clients import client
from online_orders.aws.keys import Item, terms_key
from online_orders.aws.table import IF_NOT_EXISTS, WriteConflict, attempts, get, if_version, number, text, transact
from online_orders.domain import audit
from online_orders.domain.errors import InProgress
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
    try:
        transact([{"Put": {"Item": item, **_unchanged(before)}}, _audited(locale, before, terms, at)])
    except WriteConflict:
        return None
    return terms


def remove_terms(locale: Locale, at: datetime) -> bool:
    """Delete a language's text, so that the parameter or the default is used again; return whether there was one.

    Raises InProgress when others keep changing it.
    """
    for _ in attempts():
        before = find_terms(locale)
        if before is None:
            return False
        try:
            transact([{"Delete": {"Key": terms_key(locale), **_unchanged(before)}}, _audited(locale, before, None, at)])
        except WriteConflict:
            continue
        return True
    raise InProgress("Others keep changing these terms; nothing was done.")


def _audited(locale: Locale, before: StandardTerms | None, after: StandardTerms | None, at: datetime) -> Item:
    """Return the entry of the audit trail about a change that the operator makes."""
    action = "changed" if before and after else "created" if after else "removed"
    was, is_now = ({"text": each.text} if each else None for each in (before, after))
    return audit_write(audit.entry(at, audit.OPERATOR, "terms", locale, action, was=was, now=is_now))


def _unchanged(before: StandardTerms | None) -> Item:
    return if_version(before.version) if before else IF_NOT_EXISTS


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
