"""Which mails there are: when each goes, as whom people get it, whether it has a link and a paper.

How a mail reads is a template of the rendering layer, `mails/{kind}.jinja`, and its texts are under
`mail.{kind}` in the file of each language.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, NamedTuple

from online_orders.domain.timeline import Event


class MailKind(StrEnum):
    """The mails by name; messages on the queue, claims of mails and tags of mails carry these names."""

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
    COMMENT = "comment"
    CONTACT_REMOVED = "contact_removed"
    CONTACT_REPLACED = "contact_replaced"
    CONTACT_REPORT = "contact_report"
    CONTACT_CHANGED = "contact_changed"
    ACCOUNT_CHANGED = "account_changed"


class Role(StrEnum):
    """As whom somebody gets a mail."""

    CONTACT = "contact"
    PLACED_BY = "placed_by"
    CUSTOMER_SUCCESS = "customer_success"
    ACCOUNT_CONTACT = "account_contact"
    """The account's contact person, where another one is the order's."""
    FORMER_CONTACT = "former_contact"
    """Whoever was the order's contact person, or the account's, before another one."""
    REMOVED_CONTACT = "removed_contact"
    """Whoever was the account's contact person, in whose place there is nobody."""
    NEW_CONTACT = "new_contact"
    DEPUTY = "deputy"
    FORMER_DEPUTY = "former_deputy"


WORKFLOW: Final = "workflow"
"""Not by an entry: the order's workflow sends it, and waits for the decision."""
ACCOUNT: Final = "account"
"""Of no order: a change of an account, or what somebody reports of one."""


class MailSpec(NamedTuple):
    """A row of the table."""

    event: Event | Literal["workflow", "account"]
    """What alone calls for it; `announcements` says when it goes besides."""
    audience: tuple[Role, ...]
    link: Literal["order", "quote"] | None = None
    """The purpose of the link that stands in the contact person's mail, and in nobody else's, with its code."""
    needs_link: bool = False
    """Else it may go without, and then says how to do without."""
    attaches_pdf: bool = False
    """Whether the quote is attached as a PDF."""


_CONTACT = (Role.CONTACT,)
_DESK = (Role.CUSTOMER_SUCCESS,)
_CUSTOMERS = (Role.CONTACT, Role.PLACED_BY, Role.ACCOUNT_CONTACT)
_EVERYBODY = (Role.CONTACT, Role.PLACED_BY, Role.CUSTOMER_SUCCESS, Role.ACCOUNT_CONTACT)
_DROPPED_OR_NAMED = (Role.FORMER_CONTACT, Role.REMOVED_CONTACT, Role.NEW_CONTACT)

MAILS: Mapping[MailKind, MailSpec] = {
    MailKind.ORDER_RECEIVED: MailSpec(Event.SUBMITTED, _CUSTOMERS, link="order"),
    MailKind.NEW_ORDER: MailSpec(Event.SUBMITTED, _DESK),
    MailKind.QUOTE_TO_CONFIRM: MailSpec(WORKFLOW, _CONTACT, link="quote", needs_link=True, attaches_pdf=True),
    MailKind.REMINDER: MailSpec(Event.REMINDED, _CONTACT, link="quote", needs_link=True),
    MailKind.APPROVED: MailSpec(Event.COMPLETED, _EVERYBODY, attaches_pdf=True),
    MailKind.CANCELED: MailSpec(Event.CANCELED, _EVERYBODY),
    MailKind.CHANGE_REQUESTED: MailSpec(Event.CHANGE_REQUESTED, _DESK),
    MailKind.QUOTE_UNDELIVERABLE: MailSpec(Event.UNDELIVERABLE, _DESK),
    MailKind.LINK_LOCKED: MailSpec(Event.LINK_LOCKED, _DESK),
    MailKind.EXPIRED: MailSpec(Event.EXPIRED, (Role.CONTACT, Role.CUSTOMER_SUCCESS), link="quote"),
    MailKind.FRESH_QUOTE_ASKED: MailSpec(Event.FRESH_QUOTE_ASKED, _DESK),
    MailKind.STALE_ORDER: MailSpec(Event.STALE, _DESK),
    MailKind.COMMENT: MailSpec(Event.COMMENTED, (Role.PLACED_BY, Role.CUSTOMER_SUCCESS)),
    MailKind.CONTACT_REMOVED: MailSpec(Event.CONTACT_REMOVED, _DESK),
    MailKind.CONTACT_REPLACED: MailSpec(Event.QUOTE_RESENT, (Role.FORMER_CONTACT, Role.ACCOUNT_CONTACT)),
    MailKind.CONTACT_REPORT: MailSpec(ACCOUNT, _DESK),
    MailKind.CONTACT_CHANGED: MailSpec(ACCOUNT, _DROPPED_OR_NAMED),
    MailKind.ACCOUNT_CHANGED: MailSpec(ACCOUNT, (Role.CONTACT, Role.DEPUTY, Role.FORMER_DEPUTY)),
}
