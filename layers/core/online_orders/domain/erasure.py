"""Erasing a person and keeping the order: what stands in the place of each trace of the person.

Names and addresses are replaced, and so is what the person wrote freely, since nobody can tell whom it speaks of.
What was ordered and quoted stays, so that totals and hashes go on verifying: a quote's own texts are left alone, and
whoever erases is told of those that name the person.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from online_orders.domain.accounts import ERASED, ERASED_EMAIL, Account, Contact, Site
from online_orders.domain.evidence import Evidence
from online_orders.domain.orders import Change, Order, OrderedSite, Snapshot, User
from online_orders.domain.quotes import Quote
from online_orders.domain.timeline import Entry, Event
from online_orders.domain.values import Email

ERASED_CONTACT = Contact(name=ERASED, email=ERASED_EMAIL)
ERASED_USER = User(user_id="erased", email=ERASED_EMAIL)
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_IN_ADDRESS = r"A-Za-z0-9.!#$%&'*+/=?^_`{|}~-"
_FREE_TEXT_MEMBERS = {"text", "reason"}
"""Members of an entry's data that its actor wrote freely."""
_EMAIL_MEMBERS = {"asked_email": "asked_name", "recipient": "recipient_name"}
"""Members that say of whom a decision by link was asked, or to whom a mail went: the address, and the name with it."""


@dataclass(frozen=True)
class Person:
    """Who is to be erased: known by an e-mail address, and by names."""

    email: str
    given_names: frozenset[str] = frozenset()
    """As whoever erases spells them."""
    stored_names: frozenset[str] = frozenset()
    """As they stand beside the address. One of a single word might be any word: it is not looked for in texts."""

    @classmethod
    def from_email(cls, email: str, names: Iterable[str] = ()) -> Person:
        """Return the person; raise ValueError for an address that is none, or that stands for somebody who was erased
        already.
        """
        try:
            sound = _EMAIL.validate_python(email)
        except ValidationError:
            raise ValueError("This is no e-mail address.") from None
        if sound == ERASED_EMAIL:
            raise ValueError("This address stands for everybody who was erased.")
        return cls(sound, frozenset(name.strip() for name in names if name.strip()))

    def with_names(self, *names: str) -> Person:
        """Return the person, known by further names."""
        return Person(self.email, self.given_names, self.stored_names | {*names} - {ERASED})

    def has_email(self, email: str) -> bool:
        return email.casefold() == self.email.casefold()

    def has_contact(self, contact: Contact | None) -> bool:
        return contact is not None and self.has_email(contact.email)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        names = self.given_names | {name for name in self.stored_names if len(name.split()) > 1}
        spelled = (r"\s+".join(map(re.escape, name.split())) for name in sorted(names, key=len, reverse=True))
        address = rf"(?<![{_IN_ADDRESS}]){re.escape(self.email)}(?![A-Za-z0-9-]|\.[A-Za-z0-9])"
        return re.compile("|".join([address, *(rf"(?<!\w){name}(?!\w)" for name in spelled)]), re.IGNORECASE)

    def is_named_in(self, text: str) -> bool:
        return self._pattern.search(text) is not None

    def redact(self, text: str) -> str:
        """Return a text without address and names of the person."""
        return self._pattern.sub(ERASED, text)


def _redact_optional(person: Person, text: str | None) -> str | None:
    return None if text is None else person.redact(text)


def is_done_by(entry: Entry, person: Person, contact: Contact, evidence: Evidence | None) -> bool:
    """Return whether the person did what the entry tells, or somebody whose name has been taken from it already.

    `contact` is the order's, which counts for a decision by link that has no `evidence`.
    """
    actor = entry.actor
    if actor.kind == "contact":
        did = person.has_email(evidence.recipient) if evidence else person.has_contact(contact)
    else:
        did = actor.name is not None and person.has_email(actor.name)
    return did or actor.name == ERASED


def erase_from_entry(entry: Entry, person: Person, *, own: bool) -> Entry:
    """Return the entry without the person. `own`: the person is its actor."""
    data: dict[str, Any] = {}
    theirs = {
        member
        for address, name in _EMAIL_MEMBERS.items()
        if person.has_email(str(entry.data.get(address, "")))
        for member in (address, name)
    }
    for name, value in entry.data.items():
        if not isinstance(value, str):
            data[name] = value
        elif (own and name in _FREE_TEXT_MEMBERS) or name in theirs:
            data[name] = ERASED
        elif own and entry.event is Event.CLAIMED and name == "assignee":
            data[name] = ERASED_USER.user_id
        else:
            data[name] = person.redact(value)
    actor = entry.actor
    if actor.name is not None:
        actor = actor.model_copy(update={"name": ERASED if own else person.redact(actor.name)})
    return entry.model_copy(update={"actor": actor, "data": data})


def erase_from_evidence(evidence: Evidence, person: Person) -> Evidence:
    if not person.has_email(evidence.recipient):
        return evidence.model_copy(update={"name": person.redact(evidence.name)})
    nobody = {"name": ERASED, "recipient": ERASED_EMAIL, "address": None, "agent": None}
    return evidence.model_copy(update=nobody)


def _redacted_texts(order: Mapping[str, Any], person: Person, *, own: bool) -> dict[str, Any]:
    note = order["note"]
    return {
        "purchase_order_number": _redact_optional(person, order["purchase_order_number"]),
        "note": ERASED if own and note is not None else _redact_optional(person, note),
    }


def _erase_from_snapshot(snapshot: Snapshot | None, person: Person) -> Snapshot | None:
    """Return the snapshot without the person: a site's name or address may name a person, as that of a home office
    does, and so may a sole trader's account.

    The account itself keeps its name, which Customer Success can change; nobody can change what an order keeps.
    """
    if snapshot is None:
        return None
    sites = {
        site_id: OrderedSite(name=person.redact(site.name), address=_redact_optional(person, site.address))
        for site_id, site in snapshot.sites.items()
    }
    name = _redact_optional(person, snapshot.account_name)
    return snapshot.model_copy(update={"sites": sites, "account_name": name})


def erase_from_order(
    order: Order, person: Person, at: datetime, *, wrote_reason: bool, successor: Contact | None
) -> Change:
    """Return the order without the person; no change when there is no trace.

    `wrote_reason`: the person closed it. An open order goes on to `successor`, the account's present contact; without
    one it waits for Customer Success to name somebody.
    """
    own = person.has_email(order.placed_by.email)
    after: dict[str, Any] = {
        "placed_by": ERASED_USER if own else order.placed_by,
        "assignee": None if order.assignee and person.has_email(order.assignee.email) else order.assignee,
        "contact": ERASED_CONTACT if person.has_contact(order.contact) else order.contact,
        "snapshot": _erase_from_snapshot(order.snapshot, person),
        **_redacted_texts(vars(order), person, own=own),
    }
    if order.closed and order.closed.reason is not None:
        reason = ERASED if wrote_reason else person.redact(order.closed.reason)
        after["closed"] = order.closed.model_copy(update={"reason": reason})
    changes = {name: value for name, value in after.items() if value != getattr(order, name)}
    change = order.erased(changes, at)
    if successor is None or not change.order.contact.is_erased:
        return change
    return change.then(lambda order: order.sync_contact(successor, "operator", at))


def quotes_naming(person: Person, quotes: Iterable[Quote]) -> list[int]:
    """Return the revisions whose hashed texts name the person."""
    return [quote.revision for quote in quotes if person.is_named_in(quote.model_dump_json())]


def pdfs_naming(person: Person, order: Order) -> list[int]:
    """Return the revisions whose papers name the person as the account or in a site's name or address, as the order
    does.
    """
    snapshot, last = order.snapshot, order.quote.revision if order.quote else 0
    named = snapshot is not None and person.is_named_in(snapshot.model_dump_json(include={"sites", "account_name"}))
    return list(range(1, last + 1)) if named else []


def erase_from_response(response: str, person: Person) -> str:
    """Return the response of a repeated request, the JSON of an order, without the person."""
    body = json.loads(response)
    own = person.has_email(body["placed_by"]["email"])
    changes = _redacted_texts(body, person, own=own)
    if own:
        changes["placed_by"] = ERASED_USER.model_dump()
    if person.has_email(body["contact"]["email"]):
        changes["contact"] = ERASED_CONTACT.model_dump()
    changes["items"] = [_erase_from_item(item, person) for item in body["items"]]
    after = {**body, **changes}
    return response if after == body else json.dumps(after, ensure_ascii=False, separators=(",", ":"))


def _erase_from_item(item: dict[str, Any], person: Person) -> dict[str, Any]:
    site = item.get("site")
    if site is None:
        return item
    return {**item, "site": {"name": person.redact(site["name"]), "address": _redact_optional(person, site["address"])}}


def _sites_without(account: Account, person: Person) -> tuple[Site, ...]:
    return tuple(
        site.model_copy(update={"name": person.redact(site.name), "address": _redact_optional(person, site.address)})
        for site in account.sites
    )


def erase_from_account(account: Account, person: Person) -> Account:
    """Return the account without the person; without a contact person it places no orders."""
    enrollment = account.enrollment
    if enrollment:
        contact = None if person.has_contact(enrollment.contact) else enrollment.contact
        deputies = tuple(each for each in enrollment.deputies if not person.has_email(each.email))
        enrollment = enrollment.model_copy(update={"contact": contact, "deputies": deputies})
    return account.model_copy(update={"sites": _sites_without(account, person), "enrollment": enrollment})


def erase_from_version(account: Account, person: Person) -> Account:
    """Return an earlier version of an account without the person; that there was somebody stays, and for which days."""
    enrollment = account.enrollment
    if enrollment:
        nobody = ERASED_CONTACT.model_dump()
        deputies = tuple(
            each.model_copy(update=nobody) if person.has_email(each.email) else each for each in enrollment.deputies
        )
        contact = ERASED_CONTACT if person.has_contact(enrollment.contact) else enrollment.contact
        enrollment = enrollment.model_copy(update={"contact": contact, "deputies": deputies})
    return account.model_copy(update={"sites": _sites_without(account, person), "enrollment": enrollment})
