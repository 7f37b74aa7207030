"""The terms of a quote for which Customer Success writes none, in the language of the account.

There can be a text for each language, and one for each group of accounts and language. A text is never changed: each
change makes a new version, and so does removing it.
"""

from collections.abc import Collection, Iterable
from typing import Annotated, Any, NamedTuple

from pydantic import Field, StringConstraints

from online_orders.domain.accounts import Account
from online_orders.domain.errors import FieldError
from online_orders.domain.field_errors import validate
from online_orders.domain.languages import LOCALES, Locale, texts
from online_orders.domain.quote_parts import TermsVersion
from online_orders.domain.quote_requests import MAX_TERMS_LENGTH
from online_orders.domain.values import Entity, Identifier, Instant, Request, Text, is_identifier, is_none

DEFAULT_TERMS: dict[Locale, str] = {locale: texts(locale)["terms"] for locale in LOCALES}
MAX_GROUP_TEXTS = 100
"""Texts of groups, of all languages together, so that all texts fit a response."""
_TermsText = Annotated[Text, StringConstraints(max_length=MAX_TERMS_LENGTH)]


class TermsScope(NamedTuple):
    """Whose terms: of the accounts in a language, or of those that are in a group, too."""

    locale: Locale
    group: str | None = None

    @property
    def subject_id(self) -> str:
        """Return by what the audit trail and the command line call the terms."""
        return f"{self.locale}?group={self.group}" if self.group else self.locale

    @property
    def phrase(self) -> str:
        """Return what they are called in a sentence."""
        return f"terms in {self.locale}" + (f" of the group {self.group}" if self.group else "")


class KeptTerms(Entity):
    """One version of the terms of a scope, counted from 1. The text is None where they were removed; version 0 says
    that there never were any.
    """

    locale: Locale
    group: Annotated[str | None, Field(exclude_if=is_none)] = None
    version: int
    text: str | None = None
    updated_at: Instant | None = None

    @property
    def scope(self) -> TermsScope:
        return TermsScope(self.locale, self.group)


class StandardTerms(KeptTerms):
    """What is set now for one language or, in that, for one group of accounts."""

    text: str
    updated_at: Instant


class AppliedTerms(NamedTuple):
    """The terms that a quote gets, and which stored ones these are; None for those that are not stored."""

    text: str
    stored: StandardTerms | None = None

    @property
    def version(self) -> TermsVersion | None:
        """Return what a quote keeps of them beside the text."""
        if self.stored is None:
            return None
        return TermsVersion(locale=self.stored.locale, version=self.stored.version)


class NewTerms(Request):
    """A text from an operator's file."""

    text: _TermsText


class TermsRequest(Request):
    """The terms of a language or, in that, of a group of accounts; without a text they are removed."""

    locale: Locale
    group: Identifier | None = None
    text: _TermsText | None


def parse_terms(body: Any, groups: Collection[str], kept: Collection[TermsScope]) -> TermsRequest:
    """Return the terms that were sent; raise Invalid with every error.

    `groups` has the groups of the catalog, `kept` the scopes that have terms: those of a group that is gone can still
    be changed and removed.
    """
    return validate(TermsRequest, body, extra_errors=_group_faults(body, groups, kept))


def _group_faults(body: Any, groups: Collection[str], kept: Collection[TermsScope]) -> Iterable[FieldError]:
    group = body.get("group") if isinstance(body, dict) else None
    if not isinstance(group, str) or not is_identifier(group):
        return  # which the schema refuses, unless it is None
    scopes = [each for each in kept if each.group]
    if (body.get("locale"), group) in scopes:
        return
    if group not in groups and group not in {each.group for each in scopes}:
        detail = f"The catalog has no such group. It has: {', '.join(groups) or 'none'}."
        yield FieldError("/group", "not_allowed", detail)
    elif len(scopes) >= MAX_GROUP_TEXTS and body.get("text") is not None:
        yield FieldError(
            "/group", "too_many", f"Groups have {MAX_GROUP_TEXTS} texts at most, of all languages together."
        )


def scopes_for(account: Account) -> tuple[TermsScope, ...]:
    """Return whose terms are an account's, those that go first before others."""
    groups = (TermsScope(account.locale, group) for group in dict.fromkeys(account.groups))
    return (*groups, TermsScope(account.locale))


def standard_terms(locale: Locale, stored: Iterable[StandardTerms | None], parameter: str | None) -> AppliedTerms:
    """Return the terms of a quote: the first stored ones, else the template's `QuoteTerms`, else the default.

    `parameter` is in whatever language the operator wrote it; None where there is none.
    """
    first = next(filter(None, stored), None)
    return AppliedTerms(first.text, first) if first else AppliedTerms(default_terms(locale, parameter))


def default_terms(locale: Locale, parameter: str | None) -> str:
    """Return the terms of a language for which none are stored."""
    return parameter or DEFAULT_TERMS[locale]
