"""Decide which mails a change of an account calls for, and to whom.

Nobody gains or loses influence on the account's orders without a mail to those who had it before.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from online_orders.domain.accounts import Account, Contact, Deputy
from online_orders.domain.mail_kinds import MailKind, Role


class Notice(NamedTuple):
    """A mail that is due, with the role and the address of its reader."""

    kind: MailKind
    """Whether another contact person was named, or something else has changed."""
    reader: Role
    to: Contact


def notices(old: Account, new: Account) -> tuple[Notice, ...]:
    """Return the mails that a change from `old` to `new` calls for; the same two accounts give the same order of mails.

    No erased person is among the readers, and nobody gets the same mail twice.
    """
    found = (*_contact_notices(old.contact, new.contact), *_other_notices(old, new))
    return tuple(notice for notice in found if not notice.to.is_erased)


def _contact_notices(old: Contact | None, new: Contact | None) -> Iterator[Notice]:
    if old == new or (old and new and old.has_mailbox(new.email)):  # the same mailbox under another spelling or name
        return
    if old:
        yield Notice(MailKind.CONTACT_CHANGED, Role.FORMER_CONTACT if new else Role.REMOVED_CONTACT, old)
    if new:
        yield Notice(MailKind.CONTACT_CHANGED, Role.NEW_CONTACT, new)


def _other_notices(old: Account, new: Account) -> Iterator[Notice]:
    before, after = _current_deputies(old), _current_deputies(new)
    if new.contact and (before != after or _is_changed_otherwise(old, new)):
        yield Notice(MailKind.ACCOUNT_CHANGED, Role.CONTACT, new.contact)
    dropped = [each for each in before if not any(each.contact.has_mailbox(other.email) for other in after)]
    named = [each for each in after if each not in before]
    notified = [contact for contact in (old.contact, new.contact) if contact]
    yield from (
        Notice(MailKind.ACCOUNT_CHANGED, Role.FORMER_DEPUTY, contact) for contact in _unique_contacts(dropped, notified)
    )
    yield from (Notice(MailKind.ACCOUNT_CHANGED, Role.DEPUTY, contact) for contact in _unique_contacts(named, notified))


def _current_deputies(account: Account) -> list[Deputy]:
    """Return the acting deputies who were not erased: an erasure sends no notice of a change."""
    return [deputy for deputy in account.acting_deputies if not deputy.contact.is_erased]


def _is_changed_otherwise(old: Account, new: Account) -> bool:
    """Return whether the parent has changed, which decides who sees the orders, to whom they may be handed over, or
    whether the account may order.
    """
    if old.parent_account_id != new.parent_account_id or old.hand_over is not new.hand_over:
        return True
    return bool(old.enrollment and new.enrollment) and old.is_enrolled != new.is_enrolled


def _unique_contacts(deputies: Iterable[Deputy], notified: Iterable[Contact]) -> Iterator[Contact]:
    """Yield the contact of each deputy once, without those who are notified already."""
    seen = {contact.email.casefold() for contact in notified}
    for deputy in deputies:
        if deputy.email.casefold() not in seen:
            seen.add(deputy.email.casefold())
            yield deputy.contact
