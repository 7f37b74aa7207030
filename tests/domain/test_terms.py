"""Which terms a quote has that Customer Success writes none for."""

from __future__ import annotations

import pytest

from online_orders.domain.languages import LOCALES, Locale
from online_orders.domain.terms import DEFAULT_TERMS, StandardTerms, standard_terms
from tests.domain.builders import NOW


@pytest.mark.parametrize("locale", LOCALES)
def test_what_is_stored_holds_before_the_parameter_and_that_before_the_default(locale: Locale) -> None:
    stored = StandardTerms(locale=locale, version=2, text="Stored.", updated_at=NOW)
    assert standard_terms(locale, stored, "Parameter.") == "Stored."
    assert standard_terms(locale, None, "Parameter.") == "Parameter."
    for absent in (None, ""):
        assert standard_terms(locale, None, absent) == DEFAULT_TERMS[locale]
