"""Store standard terms in the table, for each language and for groups of accounts; and read the template's `QuoteTerms`
from Parameter Store.

A function's environment has 4 KB in all, and a text of 2,000 characters can take twice that.

Each version has an item of its own, which is never changed or removed: a quote names the version of its terms. Earlier
releases stored the newest text alone; that becomes an item of its own when it is replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

from online_orders.aws import catalog_store, grant_check, version_store
from online_orders.aws.audit_store import audit_write
from online_orders.aws.clients import client
from online_orders.aws.keys import (
    GROUP_TERMS_PK,
    PREFIX_END,
    VERSION_PREFIX,
    Item,
    Key,
    terms_directory_key,
    terms_key,
    version_key,
)
from online_orders.aws.table import (
    IF_NOT_EXISTS,
    WriteConflict,
    attempts,
    get,
    get_all,
    if_version,
    query_pages,
    query_range,
    transact,
)
from online_orders.clock import now
from online_orders.domain import audit
from online_orders.domain.accounts import Account
from online_orders.domain.callers import Caller
from online_orders.domain.errors import InProgress
from online_orders.domain.languages import LOCALES, Locale
from online_orders.domain.order_parts import User
from online_orders.domain.terms import (
    AppliedTerms,
    KeptTerms,
    StandardTerms,
    TermsScope,
    default_terms,
    parse_terms,
    scopes_for,
    standard_terms,
)
from online_orders.environment import environment

if TYPE_CHECKING:  # which alone an operator's work needs
    from online_orders.domain.erasure import Person as ErasedPerson

CheckVersion = Callable[[int | None], None]
_CACHE_SECONDS = 300.0
"""A parameter changes with a deployment, which soon leads to new processes."""
_BATCH_SIZE = 100


class TermsChange(NamedTuple):
    """A version, and who stored it: an e-mail address or, for the command line, `operator`."""

    terms: KeptTerms
    by: str


class TermsVersionPage(NamedTuple):
    """Versions, newest first, and the one after which the next page begins (None: this was the last)."""

    versions: list[TermsChange]
    position: int | None


# -- what is stored -----------------------------------------------------------------------------------------------


def find_terms(locale: Locale, group: str | None = None) -> StandardTerms | None:
    """Return the stored terms of a language or, in that, of a group; None for none."""
    return _from_item(get(terms_key(locale, group)))


def _from_item(item: Item | None) -> StandardTerms | None:
    return StandardTerms.model_validate_json(item["document"]["S"]) if item else None


def list_terms() -> list[StandardTerms]:
    """Return all stored terms: of the languages, then of the groups by their names."""
    scopes = [*(TermsScope(locale) for locale in LOCALES), *group_scopes()]
    keys, found = [terms_key(*scope) for scope in scopes], []
    for start in range(0, len(keys), _BATCH_SIZE):
        part = keys[start : start + _BATCH_SIZE]
        items = get_all(part)
        found += [terms for key in part if (terms := _from_item(items.get(key)))]
    return found


def group_scopes(*, and_removed: bool = False) -> list[TermsScope]:
    """Return of which groups there are terms, in which languages; `and_removed`: or have been."""
    found = []
    for page in query_pages(GROUP_TERMS_PK, "!", PREFIX_END, Limit=_BATCH_SIZE):
        for item in page:
            group, _, locale = item["sk"]["S"].rpartition("#")
            if locale in LOCALES and (and_removed or "is_removed" not in item):
                found.append(TermsScope(locale, group))
    return found


def list_versions(scope: TermsScope, limit: int, before: int | None) -> TermsVersionPage:
    """Return versions older than `before` (None: all), removals too; none where there never were any terms."""
    key = terms_key(*scope)
    response = _kept(key, before, limit)
    found, is_cut = [_change(item) for item in response["Items"]], "LastEvaluatedKey" in response
    if before is None and (item := get(key)):
        newest = _change(item)
        if not found or newest.terms.version > found[0].terms.version:
            is_cut |= len(found) == limit
            found = [newest, *found][:limit]
    return TermsVersionPage(found, found[-1].terms.version if is_cut and found else None)


def _kept(key: Key, before: int | None, limit: int) -> Any:
    first = version_key(key, 0)["sk"]["S"]
    last = VERSION_PREFIX + PREFIX_END if before is None else version_key(key, before - 1)["sk"]["S"]
    return query_range(key["pk"]["S"], first, last, ScanIndexForward=False, Limit=limit)


def _change(item: Item) -> TermsChange:
    by = item["changed_by"]["S"] if "changed_by" in item else audit.OPERATOR.email
    return TermsChange(KeptTerms.model_validate_json(item["document"]["S"]), by)


# -- changing -----------------------------------------------------------------------------------------------------


def store_terms(
    locale: Locale,
    terms_text: str,
    before: StandardTerms | None,
    at: datetime,
    *,
    group: str | None = None,
    by: User = audit.OPERATOR,
) -> StandardTerms | None:
    """Store a text in place of `before` (None: there was none); return None, and store nothing, when that
    has changed.
    """
    try:
        stored = _store(TermsScope(locale, group), before, terms_text, by, at)
    except WriteConflict:
        return None
    return StandardTerms(**dict(stored))


def remove_terms(locale: Locale, at: datetime, *, group: str | None = None) -> bool:
    """Remove a text, so that the next one that applies is used again; return whether there was one.

    Raises InProgress when others keep changing it.
    """
    for _ in attempts():
        before = find_terms(locale, group)
        if before is None:
            return False
        try:
            _store(before.scope, before, None, audit.OPERATOR, at)
        except WriteConflict:
            continue
        return True
    raise InProgress("Others keep changing these terms; nothing was done.")


def replace_terms(body: Any, by: Caller, check_version: CheckVersion) -> KeptTerms:
    """Store, replace or remove the terms that a body is about; return the version that holds then.

    `check_version` gets the present version (None: there is no text). Where there never was a text to remove, version 0
    is returned. Raises Forbidden for a caller who may no longer do this, Invalid with every error of the body, what
    `check_version` raises, and InProgress when others keep changing these terms.
    """
    for _ in attempts():
        found = get_all([*grant_check.keys_of(by), *catalog_store.keys_to_read()])
        grant_check.require_still_allowed(found, by)
        is_of_group = isinstance(body, dict) and body.get("group") is not None
        listed = group_scopes() if is_of_group else []
        request = parse_terms(body, [*catalog_store.from_items(found).groups], listed)
        scope, before = TermsScope(request.locale, request.group), find_terms(request.locale, request.group)
        check_version(before.version if before else None)
        if before and before.text == request.text:
            return before
        if before is None and request.text is None:
            kept = _newest_kept(scope)
            return kept.terms if kept else KeptTerms(locale=scope.locale, group=scope.group, version=0)
        try:
            return _store(scope, before, request.text, by.user, now())
        except WriteConflict:
            continue
    raise InProgress("Others keep changing these terms; nothing was done.")


def _newest_kept(scope: TermsScope) -> TermsChange | None:
    items = _kept(terms_key(*scope), None, 1)["Items"]
    return _change(items[0]) if items else None


def _store(scope: TermsScope, before: StandardTerms | None, after: str | None, by: User, at: datetime) -> KeptTerms:
    """Store a text in place of `before`, or None to remove that, and keep it as a version; raise WriteConflict when
    `before` has changed.
    """
    key, newest = terms_key(*scope), _newest_kept(scope)
    last = max(newest.terms.version if newest else 0, before.version if before else 0)
    terms = KeptTerms(locale=scope.locale, group=scope.group, version=last + 1, text=after, updated_at=at)
    item, condition = _item(key, terms, by, at), if_version(before.version) if before else IF_NOT_EXISTS
    actions: list[Item] = [
        {"Delete": {"Key": key, **condition}} if after is None else {"Put": {"Item": item, **condition}},
        {"Put": {"Item": {**item, **version_key(key, terms.version)}, **IF_NOT_EXISTS}},
    ]
    if before and (newest is None or newest.terms.version < before.version):
        # An earlier release stored it, for the command line alone, and kept no versions.
        legacy = _item(key, before, audit.OPERATOR, before.updated_at)
        actions.append({"Put": {"Item": {**legacy, **version_key(key, before.version)}}})
    if scope.group:
        removed = {"is_removed": {"BOOL": True}} if after is None else {}
        actions.append({"Put": {"Item": {**terms_directory_key(scope.locale, scope.group), **removed}}})
    transact([*actions, _audited(scope, before, terms, by, at)])
    return terms


def _item(key: Key, terms: KeptTerms, by: User, at: datetime) -> Item:
    return version_store.version_item(key, terms.version, terms.model_dump_json(), by.shown_name, at, ("/text",))


def _audited(scope: TermsScope, before: KeptTerms | None, after: KeptTerms, by: User, at: datetime) -> Item:
    """Return the entry of the audit trail about a change."""
    action = "created" if before is None else "removed" if after.text is None else "changed"
    was, is_now = ({"text": each.text} if each and each.text is not None else None for each in (before, after))
    return audit_write(audit.entry(at, by, "terms", scope.subject_id, action, was=was, now=is_now))


# -- applying -----------------------------------------------------------------------------------------------------


def terms_for(account: Account) -> AppliedTerms:
    """Return the terms of an account's quote for which Customer Success writes none."""
    keys = [terms_key(*scope) for scope in scopes_for(account)]
    found = get_all(keys)
    return standard_terms(account.locale, (_from_item(found.get(key)) for key in keys), parameter_terms())


def defaults() -> dict[str, str]:
    """Return the terms of each language for which none are stored."""
    return {locale: default_terms(locale, parameter_terms()) for locale in LOCALES}


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


# -- erasing ------------------------------------------------------------------------------------------------------


def all_scopes() -> Iterator[TermsScope]:
    """Yield whose terms there are or have been: each language's, and those of groups."""
    yield from (TermsScope(locale) for locale in LOCALES)
    yield from group_scopes(and_removed=True)


def versions_naming(scope: TermsScope, person: ErasedPerson) -> list[int]:
    """Return the versions of which the text names a person, the newest first."""
    found, before = [], None
    while True:
        page = list_versions(scope, _BATCH_SIZE, before)
        found += [each.terms.version for each in page.versions if person.is_named_in(each.terms.text or "")]
        if page.position is None:
            return found
        before = page.position
