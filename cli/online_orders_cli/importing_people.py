"""Import people: all errors first, then one invitation a row, each of which may be repeated.

A row whose person belongs to the team already changes the role at most, so an import that was cut off is simply run
again. Rows are validated by the product's own rules, here before anything is sent, and by the API afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import quote

from pydantic import BaseModel

from online_orders.domain.errors import Invalid
from online_orders.domain.field_errors import validate
from online_orders.domain.people import AccountInvitationRequest, StaffInvitationRequest
from online_orders_cli.importing import Outcome
from online_orders_cli.installation import TRANSIENT_STATUSES, Installation, Json, Refused, Unreachable
from online_orders_cli.tables import Place, Row, RowError

COLUMNS: dict[str, Place] = {name: (name,) for name in ("account_id", "email", "name", "role")}
"""By CSV column, its place in a row's object. Without an `account_id`, the row is about a member of staff."""
Members = dict[str, Json]
"""The people of a team, by address in small letters."""


class DesiredPerson(NamedTuple):
    """A person as a row wants it; `existing` is the person as the team has it, if it does."""

    row: int
    path: str
    """Where the team lists its people."""
    body: Json
    existing: Json | None

    @property
    def outcome(self) -> Outcome:
        """Return what storing the person does. Who is deactivated stays so, since somebody has decided that."""
        if self.existing is None:
            return Outcome.CREATED
        return Outcome.UNCHANGED if self.existing["role"] == self.body["role"] else Outcome.UPDATED


def team_path(account_id: str | None) -> str:
    """Return where a team lists its people: an account, or the desk (None)."""
    return f"/api/desk/accounts/{quote(account_id, safe='')}/people" if account_id else "/api/desk/people"


def fetch_members(installation: Installation, account_id: str | None) -> Members | None:
    """Return the people of a team; None where there is no such account."""
    try:
        return {person["email"].casefold(): person for person in installation.pages(team_path(account_id))}
    except Refused as refusal:
        if refusal.status != HTTPStatus.NOT_FOUND:
            raise
        return None


def desired(
    rows: Iterable[Row], look_up: Callable[[str | None], Members | None]
) -> tuple[list[DesiredPerson], list[RowError]]:
    """Return the people of the rows, and every error of every row."""
    found: list[DesiredPerson] = []
    errors: list[RowError] = []
    seen: set[tuple[str | None, str]] = set()
    for row in rows:
        account_id = row.values.get("account_id") or None
        body = {name: value for name, value in row.values.items() if name != "account_id"}
        faults = list(
            _errors_of(row.number, StaffInvitationRequest if account_id is None else AccountInvitationRequest, body)
        )
        members = look_up(account_id) if account_id is None or isinstance(account_id, str) else None
        if members is None:
            faults.append(RowError(row.number, "account_id", "unknown_account", f"There is no account {account_id}."))
        address = str(body.get("email", "")).casefold()
        if address and (account_id, address) in seen:
            faults.append(RowError(row.number, "email", "duplicate", "An earlier row names the same person."))
        seen.add((account_id, address))
        errors += faults
        if not faults and members is not None:
            found.append(DesiredPerson(row.number, team_path(account_id), body, members.get(address)))
    return found, errors


def _errors_of(row: int, model: type[BaseModel], body: Json) -> Iterator[RowError]:
    try:
        validate(model, body)
    except Invalid as invalid:
        yield from (RowError(row, each.pointer.strip("/"), each.code, each.detail) for each in invalid.errors)


def store(installation: Installation, each: DesiredPerson) -> Outcome:
    """Invite a person, or change the role; raise Refused, and Unreachable where the service stays busy."""
    outcome = each.outcome
    try:
        if outcome is Outcome.CREATED:
            installation.request("POST", each.path, body=each.body)
        elif outcome is Outcome.UPDATED and each.existing:
            where = f"{each.path}/{quote(each.existing['user_id'], safe='')}"
            installation.request("PUT", where, body={"role": each.body["role"]})
    except Refused as refusal:
        if refusal.status in TRANSIENT_STATUSES:
            raise Unreachable(f"The service is busy: {refusal.detail}") from refusal
        raise
    return outcome


def row_errors(each: DesiredPerson, refusal: Refused) -> list[RowError]:
    """Return the API's errors of a person, at its row."""
    listed = refusal.errors or [{"pointer": "", "code": refusal.code, "detail": refusal.detail}]
    return [RowError(each.row, error["pointer"].strip("/"), error["code"], error["detail"]) for error in listed]
