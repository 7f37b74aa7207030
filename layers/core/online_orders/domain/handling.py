"""How the desk shares its work: an order is assigned to a colleague, and handled by a team, first or later.

Each function takes the order as it was and returns a Change, as the actions of `orders` do.
"""

from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from online_orders.domain.catalog_rules import years_after
from online_orders.domain.duplicates import Duplicate
from online_orders.domain.errors import FieldError, Invalid
from online_orders.domain.field_errors import validate
from online_orders.domain.later_parts import Handling
from online_orders.domain.order_parts import Priority, User
from online_orders.domain.order_requests import Note
from online_orders.domain.order_status import DESK_ACTIONS, Status
from online_orders.domain.orders import Change, Order, staff_actor
from online_orders.domain.people import Person, PersonState
from online_orders.domain.roles import DESK, PERMISSIONS, Permission
from online_orders.domain.timeline import Event
from online_orders.domain.values import BlankIsAbsent, Day, Identifier, Line, Request

MAX_FOLLOW_UP_YEARS = 2


class Assignment(Request):
    """Whose the order is to be."""

    assignee: Annotated[Line, StringConstraints(max_length=128)]


class _Known(NamedTuple):
    """What a request about the handling is judged by: the handling as it is, the account's day, the desk's teams."""

    before: Handling
    today: date
    teams: Collection[str]


def _known_team(team: str, info: ValidationInfo) -> str:
    known: _Known | None = info.context
    if known and team != known.before.team and team not in known.teams:
        raise PydanticCustomError("unknown_team", "the desk has no such team")
    return team


def _day_to_come(day: date, info: ValidationInfo) -> date:
    known: _Known | None = info.context
    if known is None or day == known.before.follow_up_on:
        return day
    if day < known.today:
        raise PydanticCustomError("date_in_past", "the day is in the past")
    if day > years_after(known.today, MAX_FOLLOW_UP_YEARS):
        raise PydanticCustomError("date_too_late", "the day is two years ahead at most")
    return day


class HandlingRequest(Request):
    """What changes of the handling; what is left out stays, and null removes."""

    team: Annotated[Identifier, AfterValidator(_known_team)] | None = None
    priority: Priority = "normal"
    follow_up_on: Annotated[Day, AfterValidator(_day_to_come)] | None = None
    note: Annotated[Note | None, BlankIsAbsent] = None


def colleague(person: Person | None) -> User:
    """Return the user whom an order may be assigned to; raise Invalid unless it is an active agent or lead."""
    membership = person.membership(DESK) if person else None
    if person is None or membership is None or membership.state is not PersonState.ACTIVE:
        raise Invalid([FieldError("/assignee", "unknown_user", "The desk has no such active user.")])
    if Permission.WORK_ON_ORDERS not in PERMISSIONS[membership.role]:
        raise Invalid([FieldError("/assignee", "not_allowed", "This user's role does not work on orders.")])
    return User(user_id=person.user_id, email=person.email)


def assign(order: Order, to: User, by: User, at: datetime, duplicates: tuple[Duplicate, ...] | None = None) -> Change:
    """Give the order to a colleague, also in place of another; whose it is already, nothing changes.

    `duplicates` as for claiming.
    """
    order.require_allowed(DESK_ACTIONS["assign"])
    if to.user_id == by.user_id:
        return order.claim(by, at, duplicates)
    if order.status is Status.IN_PROCESS and order.assignee and order.assignee.user_id == to.user_id:
        return Change(order, ())
    return order.with_entry(
        at,
        staff_actor(by),
        Event.CLAIMED,
        {"assignee": to.user_id, "assignee_email": to.email},
        status=Status.IN_PROCESS,
        assignee=to,
        duplicates=order.duplicates if duplicates is None else duplicates,
    )


def change_handling(order: Order, body: Any, teams: Collection[str], by: User, at: datetime) -> Change:
    """Set what `body` names of the handling; raise Invalid with every fault of it.

    `teams` has the ids of the desk's teams.
    """
    order.require_allowed(DESK_ACTIONS["handling"])
    before = order.handling or Handling()
    requested = validate(HandlingRequest, body, context=_Known(before, order.today(at), teams))
    changed = {
        name: value
        for name in HandlingRequest.model_fields
        if name in requested.model_fields_set and (value := getattr(requested, name)) != getattr(before, name)
    }
    if not changed:
        return Change(order, ())
    after = before.model_copy(update=changed)
    said = {name: value.isoformat() if isinstance(value, date) else value for name, value in changed.items()}
    internals = {"follow_up_told": None} if "follow_up_on" in changed else None
    change = order.with_entry(
        at, staff_actor(by), Event.HANDLING_CHANGED, said, internal=True, decision=False, internals=internals
    )
    # Not among the changes of `with_entry`: customers see no trace of it, so the order was not updated for them.
    handled = change.order.model_copy(update={"handling": None if after == Handling() else after})
    return change._replace(order=handled)
