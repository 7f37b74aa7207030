"""Import accounts, enrollments and sites: all errors first, then the writes, each of which may be repeated.

Rows are validated by the product's own rules, here before anything is written, and by the desk's API afterwards.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from online_orders.domain.accounts import catalog_faults, parse_account
from online_orders.domain.catalog import Catalog, shipped
from online_orders.domain.csv_pages import csv_text, dialect_for, read_day, read_number
from online_orders.domain.errors import BadRequest, Invalid
from online_orders.domain.prices import ListPrice, PriceList, PriceScope, parse_prices, parse_prices_csv
from online_orders_cli.installation import Installation, Json, Refused
from online_orders_cli.looking import price_list_path
from online_orders_cli.tables import Place, Row, RowError, Unreadable, read_text


class Kind(StrEnum):
    ACCOUNTS = "accounts"
    ENROLLMENTS = "enrollments"
    SITES = "sites"


COLUMNS: dict[Kind, dict[str, Place]] = {
    Kind.ACCOUNTS: {
        **{name: (name,) for name in ("account_id", "name", "locale", "currency", "time_zone", "parent_account_id")},
        **{name: (name,) for name in ("billing_address", "tax_number")},
        **{f"tax_{name}": ("tax", name) for name in ("treatment", "label", "rate", "sentence")},
        **{name: (name,) for name in ("purchase_order", "signed_order")},
    },
    Kind.ENROLLMENTS: {
        "account_id": ("account_id",),
        "letter_received_on": ("letter_received_on",),
        "state": ("state",),
        "contact_name": ("contact", "name"),
        "contact_email": ("contact", "email"),
    },
    Kind.SITES: {
        "account_id": ("account_id",),
        "site_id": ("site_id",),
        "name": ("name",),
        "country": ("country",),
        "address": ("address",),
        "bandwidth_mbps": ("license", "bandwidth_mbps"),
        "starts_on": ("license", "starts_on"),
        "sockets": ("sockets",),
    },
}
"""By CSV column, its place in a row's object. `sockets` reads "X1500:2 X1700:1"."""

_WITH_COMMA = re.compile(r"[0-9]{1,3},[0-9]{1,3}")
_CREATE = {"If_None_Match": "*"}
"""For what was not there when it was looked up: if somebody else has created it meanwhile, it is not replaced."""


class Outcome(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class StoredAccount(NamedTuple):
    """An account as the desk has it; `etag` is None when there is none."""

    body: Json
    etag: str | None


class Offered(NamedTuple):
    """What the catalog has for accounts: the models of equipment that sites may have, and the groups."""

    equipment: Collection[str]
    groups: Collection[str]


@dataclass
class DesiredAccount:
    """An account as it should be, and its rows, each by the pointer of the part that it is about."""

    account_id: str
    known: StoredAccount
    body: Json
    rows: dict[str, int] = field(default_factory=dict)

    def row_of(self, pointer: str) -> tuple[int, str]:
        """Return the row of an error, and the pointer within the row."""
        for base, number in self.rows.items():
            if pointer == base or pointer.startswith(f"{base}/"):
                return number, pointer.removeprefix(base)
        return next(iter(self.rows.values())), pointer


def account_rows(accounts: Iterable[Json], spreadsheet: str | None = None) -> Iterator[str]:
    """Yield accounts as `import accounts` reads them: a header, and a row an account; `spreadsheet` is a locale or
    None.
    """
    dialect, columns = dialect_for(spreadsheet), COLUMNS[Kind.ACCOUNTS]
    found = iter(accounts)
    first = next(found, None)  # raises a refusal before anything is written
    yield csv_text(columns, (), dialect)
    for account in chain([first] if first else [], found):
        cells = {column: _cell(account, place) for column, place in columns.items()}
        rate = cells["tax_rate"]
        cells["tax_rate"] = rate.replace(".", dialect.decimal_mark) if rate else rate
        yield csv_text((), [cells.values()], dialect._replace(byte_order_mark="")).partition("\n")[2]


def _cell(account: Json, place: Place) -> Any:
    value: Any = account
    for name in place:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def fetch(installation: Installation, account_id: str) -> StoredAccount:
    try:
        response = installation.request("GET", _path(account_id))
    except Refused as refusal:
        if refusal.status != HTTPStatus.NOT_FOUND:
            raise
        return StoredAccount({}, None)
    return StoredAccount(response.json(), response.headers["etag"])


def fetch_offered(installation: Installation) -> Offered:
    """Return what the installation's catalog has for accounts."""
    catalog = installation.request("GET", "/api/desk/catalog").json()
    return Offered(catalog.get("equipment", ()), [group["group"] for group in catalog.get("groups", ())])


def desired(
    kind: Kind, rows: Iterable[Row], look_up: Callable[[str], StoredAccount], offered: Offered
) -> tuple[list[DesiredAccount], list[RowError]]:
    """Return the accounts of the rows, resellers before their sub-accounts, and every error of every row."""
    found: dict[str, DesiredAccount] = {}
    errors: list[RowError] = []
    for row in rows:
        account_id = row.values.get("account_id")
        if not isinstance(account_id, str) or not account_id:
            errors.append(RowError(row.number, "account_id", "required", "The row names no account."))
            continue
        if account_id not in found:
            existing = look_up(account_id)
            if existing.etag is None and kind is not Kind.ACCOUNTS:
                errors.append(
                    RowError(row.number, "account_id", "unknown_account", f"There is no account {account_id}.")
                )
                continue
            found[account_id] = DesiredAccount(account_id, existing, dict(existing.body))
        errors += _MERGES[kind](found[account_id], row)
    for each in found.values():
        errors += _errors_of(kind, each, offered)
    errors += _parent_errors(kind, found, look_up)
    ordered = sorted(found.values(), key=lambda each: each.body.get("parent_account_id") is not None)
    return ordered, sorted(set(errors))


def outcome(each: DesiredAccount) -> Outcome:
    """Return what storing the account would do."""
    if each.known.etag is None:
        return Outcome.CREATED
    return Outcome.UNCHANGED if _validate(each) == each.known.body else Outcome.UPDATED


def store(installation: Installation, each: DesiredAccount) -> Outcome:
    """Store the account; raise Refused, also when somebody has changed or created it since it was looked up."""
    due = outcome(each)
    if due is Outcome.UNCHANGED:
        return due
    headers = {"If_Match": each.known.etag} if each.known.etag else _CREATE
    installation.request("PUT", _path(each.account_id), body=_validate(each), **headers)
    return due


def row_errors(kind: Kind, each: DesiredAccount, refusal: Refused) -> list[RowError]:
    """Return the API's errors of an account, at the rows that it comes from."""
    message = refusal.errors or [{"pointer": "", "code": refusal.code, "detail": refusal.detail}]
    return [_row_error(kind, each, error["pointer"], error["code"], error["detail"]) for error in message]


def _row_error(kind: Kind, each: DesiredAccount, pointer: str, code: str, detail: str) -> RowError:
    row, within = each.row_of(pointer)
    return RowError(row, _column(kind, within), code, detail)


class PricesImported(NamedTuple):
    currency: str
    prices: int
    outcome: Outcome


def import_prices(
    installation: Installation, file: Path, currency: str, scope: PriceScope, dry_run: bool
) -> PricesImported:
    """Replace a price list by a CSV or JSON file, unless it is the same; raise Invalid with all errors, by row."""
    text, where = read_text(file), price_list_path(currency, scope)
    try:
        existing = installation.request("GET", where)
    except Refused as refusal:
        if refusal.status != HTTPStatus.NOT_FOUND:
            raise
        listed, headers = None, _CREATE
    else:
        listed = PriceList.model_validate_json(existing.content)
        headers = {"If_Match": existing.headers["etag"]}
    requested = _parse_prices(file, text, currency, _catalog(installation), listed.prices if listed else ())
    outcome = Outcome.CREATED
    if listed:
        outcome = Outcome.UNCHANGED if listed.prices == requested else Outcome.UPDATED
    if outcome is not Outcome.UNCHANGED and not dry_run:
        body = {"prices": [price.model_dump(mode="json") for price in requested]}
        installation.request("PUT", where, body=body, **headers)
    return PricesImported(currency, len(requested), outcome)


def _catalog(installation: Installation) -> Catalog:
    """Return the catalog in force; the one that ships for an installation of a release without others."""
    try:
        body = installation.request("GET", "/api/desk/catalog").json()
    except Refused as refusal:
        if refusal.status != HTTPStatus.NOT_FOUND:
            raise
        return shipped()
    return Catalog.from_document(body, body["version"])


def _parse_prices(
    file: Path, text: str, currency: str, catalog: Catalog, kept: Collection[ListPrice]
) -> tuple[ListPrice, ...]:
    try:
        if file.suffix.lower() == ".csv":
            return parse_prices_csv(text, currency, catalog=catalog, kept=kept)
        return parse_prices(json.loads(text), currency, catalog=catalog, kept=kept)
    except ValueError as error:
        raise Unreadable(f"{file}: {error}") from error
    except BadRequest as refusal:
        raise Unreadable(f"{file}: {refusal.detail}") from refusal


def _path(account_id: str) -> str:
    return f"/api/desk/accounts/{quote(account_id, safe='')}"


def _validate(each: DesiredAccount) -> Json:
    return parse_account(each.account_id, each.body).model_dump(mode="json")


def _errors_of(kind: Kind, each: DesiredAccount, offered: Offered) -> Iterator[RowError]:
    # What the account has already may stay, whatever the catalog has.
    known = [stock["model"] for site in each.known.body.get("sites", ()) for stock in site.get("sockets", ())]
    equipment = dict.fromkeys([*offered.equipment, *known])
    groups = dict.fromkeys([*offered.groups, *each.known.body.get("groups", ())])
    try:
        parse_account(each.account_id, each.body, catalog_faults(each.body, equipment=equipment, groups=groups))
    except Invalid as invalid:
        for error in invalid.errors:
            yield _row_error(kind, each, *error)


def _column(kind: Kind, pointer: str) -> str:
    """Return the CSV column of a pointer into a row, or the pointer's own words where there is none."""
    location = tuple(pointer.strip("/").split("/"))
    names = {column: where for column, where in COLUMNS[kind].items() if location[: len(where)] == where}
    return next(iter(names), "/".join(location))


def _parent_errors(
    kind: Kind, found: Mapping[str, DesiredAccount], look_up: Callable[[str], StoredAccount]
) -> Iterator[RowError]:
    """Yield an error for a parent that is no account and becomes none by this file, and for one that is a
    sub-account.
    """
    if kind is not Kind.ACCOUNTS:
        return
    for each in found.values():
        parent_id = each.body.get("parent_account_id")
        if not isinstance(parent_id, str) or parent_id == each.account_id:
            continue
        row, _ = each.row_of("")
        parent = found[parent_id].body if parent_id in found else look_up(parent_id).body
        if not parent:
            yield _unknown(row, "parent_account_id", parent_id)
        elif parent.get("parent_account_id"):
            yield RowError(row, "parent_account_id", "not_a_reseller", "A sub-account has no sub-accounts.")


def _merge_account(into: DesiredAccount, row: Row) -> Iterator[RowError]:
    if into.rows:
        yield RowError(row.number, "account_id", "duplicate", "An earlier row names the same account.")
        return
    into.rows[""] = row.number
    values = dict(row.values)
    if "tax" in values:
        values["tax"] = _tax(into.body.get("tax"), values["tax"])
    into.body |= values
    for policy in ("purchase_order", "signed_order"):
        if into.body.get(policy) is None:
            into.body.pop(policy, None)  # which is the default


def _merge_enrollment(into: DesiredAccount, row: Row) -> Iterator[RowError]:
    if into.rows:
        yield RowError(row.number, "account_id", "duplicate", "An earlier row names the same account.")
        return
    into.rows["/enrollment"] = row.number
    enrollment = _merged(into.body.get("enrollment") or {}, _without(row.values, "account_id"))
    into.body["enrollment"] = {
        key: _day(value) if key == "letter_received_on" else value
        for key, value in enrollment.items()
        if key != "state" or value is not None
    }


def _merge_site(into: DesiredAccount, row: Row) -> Iterator[RowError]:
    sites: list[Json] = list(into.body.get("sites", ()))
    site_id = row.values.get("site_id")
    index = next((index for index, site in enumerate(sites) if site.get("site_id") == site_id), len(sites))
    where = f"/sites/{index}"
    if where in into.rows:
        yield RowError(row.number, "site_id", "duplicate", "An earlier row names the same site.")
        return
    into.rows[where] = row.number
    before = sites[index] if index < len(sites) else {}
    site = _merged(before, _without(row.values, "account_id"))
    site["license"] = _license(site.get("license"))
    site["sockets"] = _sockets(site.get("sockets"))
    into.body["sites"] = [*sites[:index], site, *sites[index + 1 :]]


_MERGES: dict[Kind, Callable[[DesiredAccount, Row], Iterable[RowError]]] = {
    Kind.ACCOUNTS: _merge_account,
    Kind.ENROLLMENTS: _merge_enrollment,
    Kind.SITES: _merge_site,
}


def _unknown(row: int, column: str, account_id: str) -> RowError:
    return RowError(row, column, "unknown_account", f"There is no account {account_id}.")


def _without(values: Json, *names: str) -> Json:
    return {name: value for name, value in values.items() if name not in names}


def _merged(before: Json, values: Json) -> Json:
    """Return `before` updated by a row's members of a contact or a license; None when all were cleared."""
    merged = dict(before)
    for name, value in values.items():
        if isinstance(value, dict):
            members = {**(before.get(name) or {}), **value}
            is_cleared = bool(members) and all(member is None for member in members.values())
            merged[name] = None if is_cleared else members
        else:
            merged[name] = value
    return merged


def _tax(before: Any, after: Any) -> Any:
    """Return a tax updated by a row's members; None when its treatment was cleared.

    A new treatment takes over neither rate nor sentence: both say what the former one was.
    """
    if not isinstance(after, dict):
        return after
    known = before if isinstance(before, dict) else {}
    if "treatment" in after and after["treatment"] is None:
        return None
    if after.get("treatment", known.get("treatment")) != known.get("treatment"):
        known = _without(known, "rate", "sentence")
    tax = {**known, **after}
    return {**tax, "rate": _decimal(tax["rate"])} if "rate" in tax else tax


def _decimal(cell: Any) -> Any:
    """Return a number with a point before its decimals, where a spreadsheet has written a comma."""
    return cell.replace(",", ".") if isinstance(cell, str) and _WITH_COMMA.fullmatch(cell) else cell


def _day(cell: Any) -> Any:
    return read_day(cell) if isinstance(cell, str) else cell


def _number(cell: Any) -> Any:
    return read_number(cell) if isinstance(cell, str) else cell


def _license(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {**value, "bandwidth_mbps": _number(value.get("bandwidth_mbps")), "starts_on": _day(value.get("starts_on"))}


def _sockets(value: Any) -> Any:
    if not isinstance(value, str):
        return value or []
    pairs = (each.partition(":") for each in value.replace(";", " ").replace(",", " ").split())
    return [{"model": model, "quantity": _number(quantity)} for model, _, quantity in pairs]
