"""Saved views of the queue: a name for a query, of one person or shared with the desk."""

from typing import Annotated

from pydantic import Field, StringConstraints

from online_orders.domain.callers import Caller
from online_orders.domain.errors import Forbidden, NotFound, StateConflict
from online_orders.domain.order_parts import User
from online_orders.domain.roles import Permission
from online_orders.domain.values import Entity, Line, Request

MAX_VIEWS = 50
"""Of a person, and as many shared ones."""
MAX_VIEW_NAME_LENGTH = 80
MAX_PARAMETERS = 30

ViewName = Annotated[Line, StringConstraints(max_length=MAX_VIEW_NAME_LENGTH)]
Parameter = Annotated[str, StringConstraints(pattern="^[a-z_]{1,40}$")]
ParameterValue = Annotated[str, StringConstraints(max_length=200)]
Query = Annotated[dict[Parameter, ParameterValue], Field(max_length=MAX_PARAMETERS)]


class NewView(Request):
    """A view as it is sent: the parameters of the queue's address, by name."""

    name: ViewName
    query: Query
    shared: Annotated[bool, Field(description="Whether everybody at the desk has it.")] = False


class SavedView(Entity):
    """A view as it is stored and shown."""

    view_id: str
    name: str
    query: Annotated[dict[str, str], Field(description="The parameters of the queue's address, by name.")]
    shared: bool
    owner: User


def view_not_found() -> NotFound:
    return NotFound("There is no such view.")


def too_many_views() -> StateConflict:
    return StateConflict("too_many_views", f"There are {MAX_VIEWS} views; delete one first.")


def check_sharing(body: NewView, by: Caller) -> None:
    """Raise Forbidden for a shared view by a caller who may only read: it would be on everybody's page."""
    if body.shared and Permission.WORK_ON_ORDERS not in by.permissions:
        raise Forbidden("forbidden", "Whoever works on orders may share a view.")


def check_change(view: SavedView | None, by: Caller) -> SavedView:
    """Return a view that the caller may change: the own ones and, for a lead, the shared ones.

    Raises NotFound for one that is not there or another person's own, Forbidden for another's that is shared.
    """
    if view is None or not (view.shared or view.owner.user_id == by.user.user_id):
        raise view_not_found()
    if view.owner.user_id != by.user.user_id and Permission.MANAGE_STAFF not in by.permissions:
        raise Forbidden("forbidden", "Its owner or a lead may change a shared view.")
    return view
