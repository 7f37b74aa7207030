"""The terms of a quote for which Customer Success writes none, in the language of the account."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import StringConstraints

from online_orders.quotes import LONGEST_TERMS
from online_orders.values import Entity, Instant, Request, Text

Locale = Literal["en", "de"]
LOCALES: tuple[Locale, ...] = get_args(Locale)

DEFAULT_TERMS: dict[Locale, str] = {
    "en": (
        "Prices are net of taxes. Recurring items are billed from their confirmed start date. "
        "This quote binds the vendor until the end of the day on which it expires."
    ),
    "de": (
        "Die Preise verstehen sich netto, ohne Steuern. Wiederkehrende Posten werden ab ihrem bestätigten Beginn "
        "berechnet. Dieses Angebot bindet den Anbieter bis zum Ende des Tages, an dem es abläuft."
    ),
}


class StandardTerms(Entity):
    """What an operator has set for one language; `version` counts from 1."""

    locale: Locale
    version: int
    text: str
    updated_at: Instant


class NewTerms(Request):
    """A text as it is read from an operator's file."""

    text: Annotated[Text, StringConstraints(max_length=LONGEST_TERMS)]


def standard_terms(locale: Locale, stored: StandardTerms | None, parameter: str | None) -> str:
    """Return the text that holds: what is stored for the language, else the template's `QuoteTerms`, else the default.

    `parameter` is in whatever language the operator wrote it; None where there is none.
    """
    if stored:
        return stored.text
    return parameter or DEFAULT_TERMS[locale]
