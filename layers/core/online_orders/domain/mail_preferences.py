"""Which mails about orders somebody may choose, which come without a choice, and what was chosen.

A person chooses as the one who placed an order, as its assignee, and as a watcher. The contact person has no choice:
those mails are needed to decide.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, StrictBool

from online_orders.domain.errors import FieldError
from online_orders.domain.field_errors import validate
from online_orders.domain.mail_kinds import MAILS, MailKind, Role
from online_orders.domain.roles import Group
from online_orders.domain.values import Request

As = Literal["placed_by", "assignee", "watcher"]
AS: Mapping[Role, As] = {
    Role.PLACED_BY: "placed_by",
    Role.ASSIGNEE: "assignee",
    Role.WATCHER: "watcher",
    Role.DESK_WATCHER: "watcher",
}
"""The name under which somebody chooses, by the role of the mail."""
_NOT_OF_SIDE: Mapping[Group, frozenset[Role]] = {
    "customers": frozenset({Role.ASSIGNEE, Role.DESK_WATCHER}),
    "customer-success": frozenset({Role.WATCHER}),
}
_OFF = frozenset(
    {
        (MailKind.APPROVED, Role.ASSIGNEE),
        (MailKind.CANCELED, Role.ASSIGNEE),
        (MailKind.QUOTED, Role.PLACED_BY),
        (MailKind.EXPIRES_SOON, Role.PLACED_BY),
        (MailKind.EXPIRED, Role.PLACED_BY),
        (MailKind.QUOTE_UNDELIVERABLE, Role.PLACED_BY),
        (MailKind.CHANGE_REQUESTED, Role.PLACED_BY),
    }
)
"""What nobody gets who has not asked for it."""

Choice = tuple[str, str]
"""The kind of mail and the name under which it is chosen, as they are stored."""
Chosen = Mapping[Choice, bool]
"""What somebody chose; the default holds for whatever is not in it."""


class Offer(NamedTuple):
    """A mail that somebody may switch on or off."""

    event: MailKind
    as_: As
    default: bool

    @property
    def choice(self) -> Choice:
        return self.event.value, self.as_


def offers(side: Group | None) -> tuple[Offer, ...]:
    """Return what somebody of a side may choose, in the order of the mails; nothing without a side."""
    return tuple(
        Offer(kind, AS[role], (kind, role) not in _OFF)
        for kind, spec in MAILS.items()
        for role in spec.readers
        if side and role in AS and role not in _NOT_OF_SIDE[side]
    )


def is_wanted(kind: MailKind, role: Role, chosen: Chosen) -> bool:
    """Return whether somebody wants a mail in a role; always for a role that has no choice."""
    if role not in AS:
        return True
    return chosen.get((kind.value, AS[role]), (kind, role) not in _OFF)


class NotificationChoice(Request):
    """A mail, and whether it is wanted. What reading answers may be sent back."""

    event: str
    as_: Annotated[As, Field(alias="as")]
    wanted: StrictBool
    default: Any = None


class NotificationsRequest(Request):
    """What to change; what is not named stays."""

    notifications: Annotated[tuple[NotificationChoice, ...], Field(max_length=100)]


def parse_choices(body: Any, side: Group | None) -> NotificationsRequest:
    """Return what is to be changed; raise Invalid with every error, of the body's form and of choices that this side
    does not have or that are made twice.
    """
    return validate(NotificationsRequest, body, extra_errors=list(_choice_errors(body, side)))


def _choice_errors(body: Any, side: Group | None) -> Iterator[FieldError]:
    rows = body.get("notifications") if isinstance(body, dict) else None
    offered, seen = {offer.choice for offer in offers(side)}, set[Choice]()
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        event, as_ = (row.get("event"), row.get("as")) if isinstance(row, dict) else (None, None)
        if not isinstance(event, str) or as_ not in AS.values():
            continue  # an error of the form
        choice = (event, str(as_))
        if choice not in offered:
            yield FieldError(f"/notifications/{index}/event", "unknown_event", "There is no such mail to choose.")
        elif choice in seen:
            yield FieldError(f"/notifications/{index}/event", "duplicate_event", "This mail is named twice.")
        seen.add(choice)


def with_choices(chosen: Chosen, request: NotificationsRequest, side: Group | None) -> dict[Choice, bool]:
    """Return what somebody has chosen then; what equals the default is not kept."""
    made: dict[Choice, bool] = {**chosen}
    made.update({(each.event, each.as_): each.wanted for each in request.notifications})
    return {offer.choice: made[offer.choice] for offer in offers(side) if made.get(offer.choice) is (not offer.default)}


def notifications_body(chosen: Chosen, side: Group | None) -> dict[str, Any]:
    """Return the choices as the API answers them."""
    return {
        "notifications": [
            {
                "event": offer.event.value,
                "as": offer.as_,
                "default": offer.default,
                "wanted": chosen.get(offer.choice, offer.default),
            }
            for offer in offers(side)
        ]
    }
