"""The table of mails: when each is sent, to which roles, and whether it has a link and a PDF.

The template of a mail is `mails/{kind}.jinja` of the rendering layer, and its texts are under `mail.{kind}` in the file
of each language.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from online_orders.domain.timeline import Event


class MailKind(StrEnum):
    """The kinds of mail; messages on the queue, claims of mails and tags of mails carry these names."""

    ORDER_RECEIVED = "order_received"
    NEW_ORDER = "new_order"
    QUOTE_TO_CONFIRM = "quote_to_confirm"
    REMINDER = "reminder"
    APPROVED = "approved"
    CANCELED = "canceled"
    CHANGE_REQUESTED = "change_requested"
    QUOTE_UNDELIVERABLE = "quote_undeliverable"
    LINK_LOCKED = "link_locked"
    EXPIRED = "expired"
    FRESH_QUOTE_ASKED = "fresh_quote_asked"
    STALE_ORDER = "stale_order"
    ASSIGNED = "assigned"
    FOLLOW_UP = "follow_up"
    DISCOUNT_ASKED = "discount_asked"
    DISCOUNT_APPROVED = "discount_approved"
    DISCOUNT_REFUSED = "discount_refused"
    COMMENT = "comment"
    QUOTED = "quoted"
    """For those who follow the order: the quote went to the contact person."""
    EXPIRES_SOON = "expires_soon"
    CONTACT_REMOVED = "contact_removed"
    CONTACT_REPLACED = "contact_replaced"
    QUESTION = "question"
    ANSWER = "answer"
    HAND_OVER_ASKED = "hand_over_asked"
    HAND_OVER_REFUSED = "hand_over_refused"
    HANDED_OVER = "handed_over"
    CONTACT_REPORT = "contact_report"
    CONTACT_CHANGED = "contact_changed"
    ACCOUNT_CHANGED = "account_changed"
    INVITATION = "invitation"
    """With a first password, for somebody who has never signed in."""
    MEMBERSHIP = "membership"
    """For somebody who has a password already and belongs to one more team."""


class Role(StrEnum):
    """The role in which somebody gets a mail."""

    CONTACT = "contact"
    PLACED_BY = "placed_by"
    CUSTOMER_SUCCESS = "customer_success"
    ACCOUNT_CONTACT = "account_contact"
    """The account's contact person, where the order has another one."""
    FORMER_CONTACT = "former_contact"
    """The contact person of the order or of the account before the present one."""
    REMOVED_CONTACT = "removed_contact"
    """The contact person who was removed from the account and not replaced."""
    NEW_CONTACT = "new_contact"
    DEPUTY = "deputy"
    FORMER_DEPUTY = "former_deputy"
    MEMBER = "member"
    """A user of an account."""
    STAFF = "staff"
    """A user of the desk."""
    ASSIGNEE = "assignee"
    """The user of the desk who works on the order."""
    ASKER = "asker"
    """The user of the desk who quoted a discount that needed approval."""
    WATCHER = "watcher"
    """A user of the account or of its reseller who watches the order."""
    DESK_WATCHER = "desk_watcher"
    """A member of staff who watches the order."""
    FOLLOWER = "follower"
    """Whoever follows the order, in whichever role: the message on the queue from which the mails to each are made."""


AT_DESK = frozenset({Role.CUSTOMER_SUCCESS, Role.ASSIGNEE, Role.ASKER, Role.DESK_WATCHER})
"""Roles of readers at the desk, whose mails are about what they see there."""
WORKFLOW: Final = "workflow"
"""Caused by no entry: the order's workflow sends the mail and waits for the decision."""
ACCOUNT: Final = "account"
"""Caused by no order: a change of an account or of its people, or a report about one."""


class MailSpec(NamedTuple):
    """A row of the table."""

    event: Event | Literal["workflow", "account"]
    """The event that alone causes the mail; `notifications` lists the exceptions."""
    audience: tuple[Role, ...]
    link: Literal["order", "quote"] | None = None
    """The purpose of the link in the contact person's mail, with its code; other readers get no link."""
    needs_link: bool = False
    """Whether the mail requires the link; otherwise its text also works without one."""
    attaches_pdf: bool = False
    """Whether the quote is attached as a PDF."""
    followers: tuple[Role, ...] = ()
    """The roles, besides the audience, of those who follow the order and chose this mail (see `mail_preferences`)."""

    @property
    def readers(self) -> tuple[Role, ...]:
        """Return every role that gets the mail."""
        return (*self.audience, *self.followers)


_CONTACT = (Role.CONTACT,)
_DESK = (Role.CUSTOMER_SUCCESS,)
_CUSTOMERS = (Role.CONTACT, Role.PLACED_BY, Role.ACCOUNT_CONTACT)
_EVERYBODY = (Role.CONTACT, Role.PLACED_BY, Role.CUSTOMER_SUCCESS, Role.ACCOUNT_CONTACT)
_USERS = (Role.MEMBER, Role.STAFF)
_WATCHERS = (Role.ASSIGNEE, Role.WATCHER, Role.DESK_WATCHER)
_FOLLOWERS = (Role.PLACED_BY, *_WATCHERS)
_DROPPED_OR_NAMED = (Role.FORMER_CONTACT, Role.REMOVED_CONTACT, Role.NEW_CONTACT)

MAILS: Mapping[MailKind, MailSpec] = {
    MailKind.ORDER_RECEIVED: MailSpec(Event.SUBMITTED, _CUSTOMERS, link="order"),
    MailKind.NEW_ORDER: MailSpec(Event.SUBMITTED, _DESK),
    MailKind.QUOTE_TO_CONFIRM: MailSpec(WORKFLOW, _CONTACT, link="quote", needs_link=True, attaches_pdf=True),
    MailKind.REMINDER: MailSpec(Event.REMINDED, _CONTACT, link="quote", needs_link=True),
    MailKind.APPROVED: MailSpec(Event.COMPLETED, _EVERYBODY, attaches_pdf=True, followers=_WATCHERS),
    MailKind.CANCELED: MailSpec(Event.CANCELED, _EVERYBODY, followers=_WATCHERS),
    MailKind.CHANGE_REQUESTED: MailSpec(Event.CHANGE_REQUESTED, _DESK, followers=_FOLLOWERS),
    MailKind.QUOTE_UNDELIVERABLE: MailSpec(Event.UNDELIVERABLE, _DESK, followers=_FOLLOWERS),
    MailKind.LINK_LOCKED: MailSpec(Event.LINK_LOCKED, _DESK),
    MailKind.EXPIRED: MailSpec(
        Event.EXPIRED, (Role.CONTACT, Role.CUSTOMER_SUCCESS), link="quote", followers=_FOLLOWERS
    ),
    MailKind.FRESH_QUOTE_ASKED: MailSpec(Event.FRESH_QUOTE_ASKED, _DESK, followers=(Role.ASSIGNEE, Role.DESK_WATCHER)),
    MailKind.STALE_ORDER: MailSpec(Event.STALE, _DESK),
    MailKind.ASSIGNED: MailSpec(Event.CLAIMED, (Role.ASSIGNEE,)),
    MailKind.FOLLOW_UP: MailSpec(Event.FOLLOW_UP_DUE, _DESK, followers=(Role.ASSIGNEE,)),
    MailKind.DISCOUNT_ASKED: MailSpec(Event.QUOTE_PROPOSED, _DESK, followers=(Role.ASSIGNEE, Role.DESK_WATCHER)),
    MailKind.DISCOUNT_APPROVED: MailSpec(
        Event.QUOTE_PROPOSAL_APPROVED, (Role.ASKER,), followers=(Role.ASSIGNEE, Role.DESK_WATCHER)
    ),
    MailKind.DISCOUNT_REFUSED: MailSpec(
        Event.QUOTE_PROPOSAL_REFUSED, (Role.ASKER,), followers=(Role.ASSIGNEE, Role.DESK_WATCHER)
    ),
    MailKind.COMMENT: MailSpec(Event.COMMENTED, (Role.PLACED_BY, Role.CUSTOMER_SUCCESS), followers=_WATCHERS),
    MailKind.QUOTED: MailSpec(Event.QUOTED, (), followers=(Role.PLACED_BY, Role.WATCHER, Role.DESK_WATCHER)),
    MailKind.EXPIRES_SOON: MailSpec(Event.REMINDED, (), followers=(Role.PLACED_BY, Role.WATCHER, Role.DESK_WATCHER)),
    MailKind.CONTACT_REMOVED: MailSpec(Event.CONTACT_REMOVED, _DESK),
    MailKind.CONTACT_REPLACED: MailSpec(Event.QUOTE_RESENT, (Role.FORMER_CONTACT, Role.ACCOUNT_CONTACT)),
    MailKind.QUESTION: MailSpec(Event.ASKED, _DESK, followers=(Role.ASSIGNEE, Role.DESK_WATCHER)),
    MailKind.ANSWER: MailSpec(Event.ANSWERED, _CONTACT, link="quote"),
    MailKind.HAND_OVER_ASKED: MailSpec(Event.HAND_OVER_ASKED, _DESK, followers=(Role.ASSIGNEE, Role.DESK_WATCHER)),
    MailKind.HAND_OVER_REFUSED: MailSpec(Event.HAND_OVER_REFUSED, _CONTACT, link="quote"),
    MailKind.HANDED_OVER: MailSpec(Event.HANDED_OVER, (Role.FORMER_CONTACT, Role.ACCOUNT_CONTACT)),
    MailKind.CONTACT_REPORT: MailSpec(ACCOUNT, _DESK),
    MailKind.CONTACT_CHANGED: MailSpec(ACCOUNT, _DROPPED_OR_NAMED),
    MailKind.ACCOUNT_CHANGED: MailSpec(ACCOUNT, (Role.CONTACT, Role.DEPUTY, Role.FORMER_DEPUTY)),
    MailKind.INVITATION: MailSpec(ACCOUNT, _USERS),
    MailKind.MEMBERSHIP: MailSpec(ACCOUNT, _USERS),
}
