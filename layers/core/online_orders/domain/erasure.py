"""Erase a person and keep the order: replace every trace of the person in orders, entries, evidence and accounts.

Names and addresses are replaced, and so are texts that the person wrote, since any of them may tell who wrote it. What
was ordered and quoted stays, so that totals and hashes still verify: the texts of a quote are left alone, and the
operator gets a list of those that name the person. Of a setting that is a line of text, the person's name and address
are replaced and the rest stays.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from online_orders.domain.accounts import (
    ERASED,
    ERASED_EMAIL,
    MAX_ADDRESS_LENGTH,
    MAX_BILLING_ADDRESS_LENGTH,
    MAX_TAX_NUMBER_LENGTH,
    Account,
    Contact,
)
from online_orders.domain.audit import AuditChange, AuditEntry
from online_orders.domain.catalog import RESERVED, SITE, START, Item, settings_of, shipped_words
from online_orders.domain.evidence import Evidence
from online_orders.domain.languages import FALLBACK
from online_orders.domain.later_parts import ContactRequests, Handling
from online_orders.domain.order_parts import OrderedSite, Snapshot, User
from online_orders.domain.orders import Change, Order
from online_orders.domain.proposals import Proposal
from online_orders.domain.quotes import Quote
from online_orders.domain.service_users import ServiceUser
from online_orders.domain.timeline import Entry, Event
from online_orders.domain.values import MAX_NAME_LENGTH, MAX_TEXT_LENGTH, Email
from online_orders.domain.views import SavedView

ERASED_CONTACT = Contact(name=ERASED, email=ERASED_EMAIL)
ERASED_USER = User(user_id="erased", email=ERASED_EMAIL)
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)
_IN_ADDRESS = r"A-Za-z0-9.!#$%&'*+/=?^_`{|}~-"
_FREE_TEXT_MEMBERS = {"text", "reason", "note", "files"}
"""Members of an entry's data with free text by its actor; `files` are names of what was attached to a mail."""
_EMAIL_MEMBERS = {
    "asked_email": "asked_name",
    "recipient": "recipient_name",
    "assignee_email": "assignee",
    "proposed_by_email": "proposed_by",
    "former_recipient": "asked_by",
}
"""Members with the e-mail address of whoever was asked for a decision by link, got a mail, was assigned the order or
handed the decision over, and those with the name or the id."""


@dataclass(frozen=True)
class Person:
    """The person to erase, known by an e-mail address and by names."""

    email: str
    given_names: frozenset[str] = frozenset()
    """As the operator spells them."""
    stored_names: frozenset[str] = frozenset()
    """As stored beside the address. A name of a single word might be any word, so it is not searched for in texts."""

    @classmethod
    def from_email(cls, email: str, names: Iterable[str] = ()) -> Person:
        """Return the person; raise ValueError for an invalid address, and for the one that replaces erased
        addresses.
        """
        try:
            valid_email = _EMAIL.validate_python(email)
        except ValidationError:
            raise ValueError("This is no e-mail address.") from None
        if valid_email == ERASED_EMAIL:
            raise ValueError("This address stands for everybody who was erased.")
        return cls(valid_email, frozenset(name.strip() for name in names if name.strip()))

    def with_names(self, *names: str) -> Person:
        """Return the person, known by further names too."""
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

    def is_named_in_any(self, value: Any) -> bool:
        """Return whether a text of a JSON value names the person.

        Not by its JSON: there a line end is written by a letter, with which the first name of a line would be one word.
        """
        if isinstance(value, str):
            return self.is_named_in(value)
        if isinstance(value, Mapping):
            return any(map(self.is_named_in_any, value.values()))
        return isinstance(value, list | tuple) and any(map(self.is_named_in_any, value))

    def redact(self, text: str, most: int | None = None) -> str:
        """Return a text without the person's address and names.

        A name may be shorter than what replaces it. A text that could not be read again with more than `most`
        characters is cut there.
        """
        redacted = self._pattern.sub(ERASED, text)
        return redacted if most is None else redacted[:most].rstrip()


def _redact_optional(person: Person, text: str | None, most: int | None = None) -> str | None:
    return None if text is None else person.redact(text, most)


def is_done_by(entry: Entry, person: Person, contact: Contact, evidence: Evidence | None) -> bool:
    """Return whether the person is the actor of an entry, or its actor's name has been erased already.

    `contact` is the order's; it counts for a decision by link that has no `evidence`.
    """
    actor = entry.actor
    if actor.kind == "contact":
        asked = entry.data.get("asked_email", contact.email)
        did = person.has_email(evidence.recipient if evidence else str(asked))
    else:
        did = actor.name is not None and person.has_email(actor.name)
    return did or actor.name == ERASED


def is_claimed_by_actor(entry: Entry) -> bool:
    """Return whether the entry says that its actor took the order on; an assignment names the colleague's address."""
    return entry.event is Event.CLAIMED and "assignee_email" not in entry.data


def is_assigned_to(entry: Entry, person: Person) -> bool:
    """Return whether the entry says that a colleague gave the order to the person."""
    return entry.event is Event.CLAIMED and person.has_email(str(entry.data.get("assignee_email", "")))


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
        elif name == "assignee" and own and is_claimed_by_actor(entry):
            data[name] = ERASED_USER.user_id
        else:
            data[name] = person.redact(value)
    actor = entry.actor
    if actor.name is not None:
        actor = actor.model_copy(update={"name": ERASED if own else person.redact(actor.name)})
    return entry.model_copy(update={"actor": actor, "data": data})


def erase_from_evidence(evidence: Evidence, person: Person) -> Evidence:
    """Return the evidence without the person; hash and size of a file that came with the decision stay."""
    attachment = evidence.attachment
    if attachment:
        attachment = attachment.model_copy(update={"name": erased_file_name(attachment.name, evidence, person)})
    if not person.has_email(evidence.recipient):
        return evidence.model_copy(update={"name": person.redact(evidence.name), "attachment": attachment})
    nobody = {"name": ERASED, "recipient": ERASED_EMAIL, "address": None, "agent": None, "attachment": attachment}
    return evidence.model_copy(update=nobody)


def erased_file_name(name: str, evidence: Evidence, person: Person) -> str:
    """Return the name of a file that came with a decision without the person, who may have chosen it."""
    return ERASED if person.has_email(evidence.recipient) else person.redact(name)


def is_certified(certificate: Mapping[str, Any], person: Person) -> bool:
    """Return whether a certificate names the person: as whoever decided, or as the account, which a sole trader may be
    called.
    """
    decision = certificate["decision"]
    texts = (decision["name"], certificate["account_name"])
    return person.has_email(decision["recipient"]) or any(map(person.is_named_in, texts))


def _redacted_texts(order: Mapping[str, Any], person: Person, *, own: bool) -> dict[str, Any]:
    note = order["note"]
    return {
        "purchase_order_number": _redact_optional(person, order["purchase_order_number"]),
        "note": ERASED if own and note is not None else _redact_optional(person, note),
    }


def _erase_from_snapshot(snapshot: Snapshot | None, person: Person) -> Snapshot | None:
    """Return the snapshot without the person.

    A site's name or address may name a person, for example of a home office, and so may a sole trader's account. The
    account itself keeps its name: Customer Success can change that, but nobody can change an order's snapshot.
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
    order: Order,
    person: Person,
    at: datetime,
    *,
    wrote_reason: bool,
    successor: Contact | None,
    wrote_note: bool = False,
) -> Change:
    """Return the change that erases the person from the order; without a trace of the person it changes nothing.

    `wrote_reason`: the person closed the order; `wrote_note`: and wrote the desk's note about it. An open order goes to
    `successor`, the account's present contact; without one it waits until Customer Success names somebody.
    """
    own = person.has_email(order.placed_by.email)
    after: dict[str, Any] = {
        "placed_by": ERASED_USER if own else order.placed_by,
        "assignee": None if order.assignee and person.has_email(order.assignee.email) else order.assignee,
        "contact": ERASED_CONTACT if person.has_contact(order.contact) else order.contact,
        "snapshot": _erase_from_snapshot(order.snapshot, person),
        "items": tuple(_erase_from_item(item, person, order) for item in order.items),
        "handling": _erase_from_handling(order.handling, person, own=wrote_note),
        **_redacted_texts(vars(order), person, own=own),
    }
    if order.closed and order.closed.reason is not None:
        reason = ERASED if wrote_reason else person.redact(order.closed.reason)
        after["closed"] = order.closed.model_copy(update={"reason": reason})
    changes = {name: value for name, value in after.items() if value != getattr(order, name)}
    kept = {"requests": _erase_from_requests(order, person), "proposal": _erase_from_proposal(order.proposal, person)}
    internals = {name: value for name, value in kept.items() if value != getattr(order.internals, name)}
    change = order.erased(changes, at, internals)
    if successor is None or not change.order.contact.is_erased:
        return change
    return change.then(lambda order: order.sync_contact(successor, "operator", at))


def _erase_from_requests(order: Order, person: Person) -> ContactRequests | None:
    """Return what contact persons have asked for without the person.

    A hand-over to or by the person waits no longer. Whoever the person vouched for decides no longer, once the account
    names neither.
    """
    requests = order.internals.requests
    if requests is None:
        return None
    waiting, handed = requests.hand_over, requests.handed_over
    if waiting:
        is_theirs = person.has_email(waiting.email) or person.has_contact(order.contact)
        texts = {"name": person.redact(waiting.name), "asked_by": person.redact(waiting.asked_by)}
        waiting = None if is_theirs else waiting.model_copy(update=texts)
    if handed:
        nobody = ERASED_CONTACT.model_dump() if person.has_email(handed.email) else {}
        is_voucher = handed.voucher is not None and person.has_email(handed.voucher)
        handed = handed.model_copy(update=nobody | ({"voucher": ERASED_EMAIL} if is_voucher else {}))
    return requests.model_copy(update={"hand_over": waiting, "handed_over": handed})


def _erase_from_proposal(proposal: Proposal | None, person: Person) -> Proposal | None:
    """Return a quote that waits for approval without the person.

    No customer has seen its texts yet, and its hash is made anew, so names go from them too.
    """
    if proposal is None:
        return None
    quote = proposal.quote.model_dump(mode="json")
    return proposal.model_copy(
        update={
            "quote": Quote.model_validate(_erase_from_quote(quote, person)),
            "request": _erase_from_quote(proposal.request, person),
            "asked_by": ERASED_USER if person.has_email(proposal.asked_by.email) else proposal.asked_by,
        }
    )


def _erase_from_quote(content: Mapping[str, Any], person: Person) -> dict[str, Any]:
    """Return a quote, or the request for one, without the person in its texts, which stay short enough to be read
    again. What is computed with is no text.
    """
    from online_orders.domain import quote_requests, taxes  # which nothing else that knows a person needs

    texts = {
        "description": quote_requests.MAX_DESCRIPTION_LENGTH,
        "message": MAX_TEXT_LENGTH,
        "terms": quote_requests.MAX_TERMS_LENGTH,
        "label": taxes.MAX_LABEL_LENGTH,
        "sentence": taxes.MAX_SENTENCE_LENGTH,
        "tax_sentences": taxes.MAX_SENTENCE_LENGTH,
        "billing_address": MAX_BILLING_ADDRESS_LENGTH,
        "tax_number": MAX_TAX_NUMBER_LENGTH,
    }
    of_lines = {**texts, "message": quote_requests.MAX_LINE_MESSAGE_LENGTH}
    lines = [_redact_members(line, person, of_lines) for line in content["lines"]]
    return {**_redact_members(content, person, texts), "lines": lines}


def _redact_members(part: Any, person: Person, texts: Mapping[str, int]) -> Any:
    """Return a part of a quote in which the members that `texts` names are redacted; it has their greatest lengths."""
    if isinstance(part, list):
        return [_redact_members(each, person, texts) for each in part]
    if not isinstance(part, Mapping):
        return part
    return {
        name: _redact_member(value, person, texts[name]) if name in texts else _redact_members(value, person, texts)
        for name, value in part.items()
    }


def _redact_member(value: Any, person: Person, most: int) -> Any:
    if isinstance(value, list):
        return [_redact_member(each, person, most) for each in value]
    return person.redact(value, most) if isinstance(value, str) else value


def _erase_from_handling(handling: Handling | None, person: Person, *, own: bool) -> Handling | None:
    if handling is None or handling.note is None:
        return handling
    return handling.model_copy(update={"note": ERASED if own else person.redact(handling.note)})


def _erase_from_item(item: Item, person: Person, order: Order) -> Item:
    redacted = _redacted_settings(item, person, order.words(item, FALLBACK))
    return Item.model_validate({**item.model_dump(), **redacted}) if redacted else item


def _redacted_settings(item: Item, person: Person, words: Collection[str]) -> dict[str, str]:
    """Return the settings of text that name the person, without the person.

    A setting that a catalog has a word for, as `words` names them, is a choice or a step.
    """
    return {
        name: person.redact(value)
        for name, value in settings_of(item).items()
        if isinstance(value, str) and name != SITE and name not in words and person.is_named_in(value)
    }


def quotes_naming(person: Person, quotes: Iterable[Quote]) -> list[int]:
    """Return the numbers of the revisions whose hashed texts name the person."""
    return [quote.revision for quote in quotes if person.is_named_in_any(quote.model_dump(mode="json"))]


def pdfs_naming(person: Person, order: Order) -> list[int]:
    """Return the numbers of the revisions whose PDFs name the person, by the order's snapshot of account name and
    sites.
    """
    snapshot, last = order.snapshot, order.quote.revision if order.quote else 0
    named = snapshot is not None and person.is_named_in_any(snapshot.model_dump(include={"sites", "account_name"}))
    named = named or any(_erase_from_item(item, person, order) != item for item in order.items)
    return list(range(1, last + 1)) if named else []


def is_confirmation_naming(person: Person, order: Order) -> bool:
    """Return whether the PDF that confirms an approved order names the person: as those of its revisions do, or by the
    purchase order number.
    """
    quote = order.approved_quote
    if quote is None:
        return False
    given = quote.accepted.purchase_order_number if quote.accepted else None
    numbers = "\n".join(filter(None, (order.purchase_order_number, given)))
    return bool(pdfs_naming(person, order)) or person.is_named_in(numbers)


def erase_from_response(response: str, person: Person) -> str:
    """Return the response of a repeated request, the JSON of an order, without the person."""
    body = json.loads(response)
    own = person.has_email(body["placed_by"]["email"])
    changes = _redacted_texts(body, person, own=own)
    if own:
        changes["placed_by"] = ERASED_USER.model_dump()
    if person.has_email(body["contact"]["email"]):
        changes["contact"] = ERASED_CONTACT.model_dump()
    changes["items"] = [_erase_from_shown_item(item, person) for item in body["items"]]
    after = {**body, **changes}
    return response if after == body else json.dumps(after, ensure_ascii=False, separators=(",", ":"))


def _erase_from_shown_item(item: dict[str, Any], person: Person) -> dict[str, Any]:
    order_item = Item.model_validate(
        {name: value for name, value in item.items() if name in ("kind", START) or name not in RESERVED}
    )
    words = {*shipped_words(order_item, FALLBACK), *item.get("labels", {}).get(FALLBACK, ())}
    item = {**item, **_redacted_settings(order_item, person, words)}
    site = item.get("site")
    if site is None:
        return item
    return {**item, "site": {"name": person.redact(site["name"]), "address": _redact_optional(person, site["address"])}}


def _texts_without(account: Account, person: Person) -> dict[str, Any]:
    """Return the members of an account with texts that may name a person, without the person: a home office, or a sole
    trader's invoices.
    """
    sites = tuple(
        site.model_copy(
            update={
                "name": person.redact(site.name, MAX_NAME_LENGTH),
                "address": _redact_optional(person, site.address, MAX_ADDRESS_LENGTH),
            }
        )
        for site in account.sites
    )
    return {
        "sites": sites,
        "billing_address": _redact_optional(person, account.billing_address, MAX_BILLING_ADDRESS_LENGTH),
        "tax_number": _redact_optional(person, account.tax_number, MAX_TAX_NUMBER_LENGTH),
    }


def erase_from_account(account: Account, person: Person) -> Account:
    """Return the account without the person; without a contact person it cannot place orders."""
    enrollment = account.enrollment
    if enrollment:
        contact = None if person.has_contact(enrollment.contact) else enrollment.contact
        deputies = tuple(each for each in enrollment.deputies if not person.has_email(each.email))
        enrollment = enrollment.model_copy(update={"contact": contact, "deputies": deputies})
    return account.model_copy(update={**_texts_without(account, person), "enrollment": enrollment})


def erase_from_view(view: SavedView, person: Person, user_ids: Collection[str] = ()) -> SavedView | None:
    """Return a saved view without the person; None for one that was the person's own.

    `user_ids` are the person's, by which a view of an earlier address is known, too.
    """
    is_owner = person.has_email(view.owner.email) or view.owner.user_id in user_ids
    if is_owner and not view.shared:
        return None
    query = {name: person.redact(value) for name, value in view.query.items()}
    owner = ERASED_USER if is_owner else view.owner
    return view.model_copy(update={"name": person.redact(view.name), "query": query, "owner": owner})


def erase_from_version(account: Account, person: Person) -> Account:
    """Return an earlier version of an account without the person; it still shows that there was somebody, and for which
    days.
    """
    enrollment = account.enrollment
    if enrollment:
        nobody = ERASED_CONTACT.model_dump()
        deputies = tuple(
            each.model_copy(update=nobody) if person.has_email(each.email) else each for each in enrollment.deputies
        )
        contact = ERASED_CONTACT if person.has_contact(enrollment.contact) else enrollment.contact
        enrollment = enrollment.model_copy(update={"contact": contact, "deputies": deputies})
    return account.model_copy(update={**_texts_without(account, person), "enrollment": enrollment})


def erase_from_service_user(user: ServiceUser, person: Person) -> ServiceUser:
    """Return a service user that the person may have created, or that is called like them, without the person."""
    created_by = ERASED_USER if person.has_email(user.created_by.email) else user.created_by
    return user.model_copy(update={"created_by": created_by, "name": person.redact(user.name, MAX_NAME_LENGTH)})


# -- the audit trail ----------------------------------------------------------------------------------------------


def user_ids_in(entry: AuditEntry, person: Person) -> set[str]:
    """Return the ids by which the entry shows the person: as its author, and as the person whose address it records."""
    found = {entry.by.user_id} if person.has_email(entry.by.email) else set()
    addresses = [value for each in entry.changes if each.pointer == "/email" for value in (each.was, each.is_now)]
    if entry.subject == "person" and any(person.has_email(each) for each in addresses if isinstance(each, str)):
        found.add(entry.subject_id)
    return found - {ERASED_USER.user_id}


def erase_from_audit_entry(entry: AuditEntry, person: Person, user_ids: Collection[str]) -> AuditEntry:
    """Return the entry without the person, whose ids `user_ids` are; what was done, when and to what stays."""
    is_own = person.has_email(entry.by.email) or entry.by.user_id in user_ids
    is_about = entry.subject == "person" and entry.subject_id in user_ids
    return entry.model_copy(
        update={
            "by": ERASED_USER if is_own else entry.by,
            "subject_id": ERASED_USER.user_id if is_about else entry.subject_id,
            "changes": tuple(_erase_from_change(each, person, is_about=is_about) for each in entry.changes),
        }
    )


def _erase_from_change(change: AuditChange, person: Person, *, is_about: bool) -> AuditChange:
    nobody = {"/email": ERASED_EMAIL, "/name": ERASED}.get(change.pointer) if is_about else None
    was, now = (
        nobody if nobody and value is not None else _erase_from_value(value, person)
        for value in (change.was, change.is_now)
    )
    return change.model_copy(update={"was": was, "is_now": now})


def _erase_from_value(value: Any, person: Person) -> Any:
    """Return a JSON value without the person: texts are redacted, and so are names and ids beside the address."""
    if isinstance(value, str):
        return ERASED_EMAIL if person.has_email(value) else person.redact(value)
    if isinstance(value, list):
        return [_erase_from_value(each, person) for each in value]
    if not isinstance(value, Mapping):
        return value
    address = value.get("email")
    is_theirs = isinstance(address, str) and person.has_email(address)
    beside = {"name": ERASED, "user_id": ERASED_USER.user_id} if is_theirs else {}
    return {name: beside.get(name) or _erase_from_value(each, person) for name, each in value.items()}
