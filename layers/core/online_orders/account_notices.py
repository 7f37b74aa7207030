"""Whom a change of an account is told: nobody gains or loses a say in its orders unheard by those who had it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from online_orders.accounts import Account, Contact, Deputy

Reader = Literal["former_contact", "new_contact", "contact", "former_deputy", "deputy"]


class Notice(NamedTuple):
    """A mail that is due, and as whom somebody gets it."""

    reader: Reader
    to: Contact

    @property
    def is_about_contact(self) -> bool:
        """Whether it tells that the contact person is another; else it tells what else has changed."""
        return self.reader in {"former_contact", "new_contact"}


def notices(old: Account, new: Account) -> tuple[Notice, ...]:
    """Return the mails that a change from `old` to `new` calls for, in an order that depends on these two alone.

    Nobody who was erased is among the readers, and nobody twice as the same.
    """
    found = (*_of_contact(old.contact, new.contact), *_of_the_rest(old, new))
    return tuple(notice for notice in found if not notice.to.is_erased)


def _of_contact(old: Contact | None, new: Contact | None) -> Iterator[Notice]:
    if old == new or (old and new and old.has_mailbox(new.email)):  # the same person, written in another way
        return
    if old:
        yield Notice("former_contact", old)
    if new:
        yield Notice("new_contact", new)


def _of_the_rest(old: Account, new: Account) -> Iterator[Notice]:
    before, after = _present(old), _present(new)
    if new.contact and (before != after or _is_changed_otherwise(old, new)):
        yield Notice("contact", new.contact)
    dropped = [each for each in before if not any(each.contact.has_mailbox(other.email) for other in after)]
    named = [each for each in after if each not in before]
    told = [contact for contact in (old.contact, new.contact) if contact]
    yield from (Notice("former_deputy", contact) for contact in _once(dropped, told))
    yield from (Notice("deputy", contact) for contact in _once(named, told))


def _present(account: Account) -> list[Deputy]:
    """The deputies who stand in for somebody and were not erased: erasing is no change that a person is told."""
    return [deputy for deputy in account.acting_deputies if not deputy.contact.is_erased]


def _is_changed_otherwise(old: Account, new: Account) -> bool:
    """Whether the contact person should know that others see the orders, or whether the account may order."""
    if old.parent_account_id != new.parent_account_id:
        return True
    return bool(old.enrollment and new.enrollment) and old.is_enrolled != new.is_enrolled


def _once(deputies: Iterable[Deputy], told: Iterable[Contact]) -> Iterator[Contact]:
    """Each of them once, without those who are told as the contact person."""
    seen = {contact.email.casefold() for contact in told}
    for deputy in deputies:
        if deputy.email.casefold() not in seen:
            seen.add(deputy.email.casefold())
            yield deputy.contact
