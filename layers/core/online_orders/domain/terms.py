"""The terms of a quote for which Customer Success writes none, in the language of the account."""

from typing import Annotated

from pydantic import StringConstraints

from online_orders.domain.languages import LOCALES, Locale, texts
from online_orders.domain.quote_requests import MAX_TERMS_LENGTH
from online_orders.domain.values import Entity, Instant, Request, Text

DEFAULT_TERMS: dict[Locale, str] = {locale: texts(locale)["terms"] for locale in LOCALES}


class StandardTerms(Entity):
    """What an operator has set for one language; `version` counts from 1."""

    locale: Locale
    version: int
    text: str
    updated_at: Instant


class NewTerms(Request):
    """A text from an operator's file."""

    text: Annotated[Text, StringConstraints(max_length=MAX_TERMS_LENGTH)]


def standard_terms(locale: Locale, stored: StandardTerms | None, parameter: str | None) -> str:
    """Return the terms of a language: the stored ones, else the template's `QuoteTerms`, else the default.

    `parameter` is in whatever language the operator wrote it; None where there is none.
    """
    if stored:
        return stored.text
    return parameter or DEFAULT_TERMS[locale]
