"""The mails: who gets which, and what stands in them, as text and HTML from the same blocks.

A text part names the order, is not wrapped, and holds the address of a confirmation page and a line `Code: 123456`
exactly if the mail has a link. What people wrote cannot add a header, a code line or such an address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import ClassVar, NamedTuple

from online_orders.account_notices import Notice
from online_orders.accounts import Account, Contact, Deputy
from online_orders.orders import Order
from online_orders.quotes import Quote, QuoteState
from online_orders.timeline import Entry, Event
from online_orders_rendering.formats import ItemWords, Wording, line_of, text_of, wording
from online_orders_rendering.templating import template

DESK_LOCALE = "en"


class MailKind(StrEnum):
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
    """About an account: see render_contact_report."""
    CONTACT_CHANGED = "contact_changed"
    """About an account: see render_contact_changed."""
    ACCOUNT_CHANGED = "account_changed"
    """About an account: see render_account_changed."""


class Role(StrEnum):
    """As whom somebody gets a mail."""

    CONTACT = "contact"
    PLACED_BY = "placed_by"
    CUSTOMER_SUCCESS = "customer_success"
    ACCOUNT_CONTACT = "account_contact"
    """The account's contact person, where another one is the order's."""
    FORMER_CONTACT = "former_contact"
    """Whoever was the order's before."""


_CUSTOMERS = frozenset({Role.CONTACT, Role.PLACED_BY, Role.ACCOUNT_CONTACT})
_EVERYBODY = _CUSTOMERS | {Role.CUSTOMER_SUCCESS}
_DESK = frozenset({Role.CUSTOMER_SUCCESS})
_CONTACT = frozenset({Role.CONTACT})

AUDIENCE: Mapping[MailKind, frozenset[Role]] = {
    MailKind.ORDER_RECEIVED: _CUSTOMERS,
    MailKind.NEW_ORDER: _DESK,
    MailKind.QUOTE_TO_CONFIRM: _CONTACT,
    MailKind.REMINDER: _CONTACT,
    MailKind.APPROVED: _EVERYBODY,
    MailKind.CANCELED: _EVERYBODY,
    MailKind.CHANGE_REQUESTED: _DESK,
    MailKind.QUOTE_UNDELIVERABLE: _DESK,
    MailKind.LINK_LOCKED: _DESK,
    MailKind.EXPIRED: frozenset({Role.CONTACT, Role.CUSTOMER_SUCCESS}),
    MailKind.FRESH_QUOTE_ASKED: _DESK,
    MailKind.STALE_ORDER: _DESK,
    MailKind.COMMENT: frozenset({Role.PLACED_BY, Role.CUSTOMER_SUCCESS}),
    MailKind.CONTACT_REMOVED: _DESK,
    MailKind.CONTACT_REPLACED: frozenset({Role.FORMER_CONTACT, Role.ACCOUNT_CONTACT}),
    MailKind.CONTACT_REPORT: _DESK,
    MailKind.CONTACT_CHANGED: _CONTACT,
    MailKind.ACCOUNT_CHANGED: _CONTACT,
}
"""Who gets which mail."""

NEEDS_LINK = frozenset({MailKind.QUOTE_TO_CONFIRM, MailKind.REMINDER})
TAKES_LINK = NEEDS_LINK | {MailKind.ORDER_RECEIVED, MailKind.EXPIRED}
"""In the contact's mail only."""


class ConfirmLink(NamedTuple):
    url: str
    code: str


class Installation(NamedTuple):
    brand: str
    site_url: str
    """Without a slash at its end."""


class Mail(NamedTuple):
    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Paragraph:
    kind: ClassVar[str] = "paragraph"
    text: str


@dataclass(frozen=True)
class Facts:
    kind: ClassVar[str] = "facts"
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Said:
    """What somebody wrote; in text every line of it is marked as a quotation."""

    kind: ClassVar[str] = "said"
    heading: str
    text: str


@dataclass(frozen=True)
class Items:
    kind: ClassVar[str] = "items"
    items: tuple[ItemWords, ...]


@dataclass(frozen=True)
class Lines:
    kind: ClassVar[str] = "lines"
    quote: Quote
    items: Mapping[str, ItemWords]


@dataclass(frozen=True)
class Totals:
    kind: ClassVar[str] = "totals"
    quote: Quote


@dataclass(frozen=True)
class Decide:
    """The link and the code."""

    kind: ClassVar[str] = "decide"
    link: ConfirmLink
    button: str
    check: str


@dataclass(frozen=True)
class Open:
    """A link for somebody who signs in."""

    kind: ClassVar[str] = "open"
    url: str
    button: str


Block = Paragraph | Facts | Said | Items | Lines | Totals | Decide | Open


@dataclass(frozen=True)
class Letter:
    """What the words of one mail are made of."""

    kind: MailKind
    role: Role
    order: Order
    entry: Entry
    installation: Installation
    account: str
    link: ConfirmLink | None
    site_names: Mapping[str, str]
    words: Wording

    @property
    def quote(self) -> Quote:
        if self.order.quote is None:
            raise ValueError(f"A mail {self.kind} is about a quote, and the order has none.")
        return self.order.quote

    @cached_property
    def values(self) -> dict[str, str]:
        """What the texts of this mail may name."""
        order, words = self.order, self.words
        named = {
            "order_id": order.order_id,
            "account": self.account,
            "brand": self.installation.brand,
            "site_url": self.installation.site_url,
            "contact": line_of(self.contact.name),
            "email": self.contact.email,
            "placed_by": order.placed_by.email,
            "name": line_of(self.entry.actor.name or order.contact.name),
            "asked": line_of(self.asked.name),
            "asked_email": self.asked.email,
            "day": self.day(self.entry.at),
            "since": self.day(order.marks.since.get(order.status, order.updated_at)),
        }
        if order.quote:
            named["revision"] = str(order.quote.revision)
            named["valid_until"] = words.day(order.quote.valid_until)
            named["totals"] = ", ".join(
                f"{words(f'total.{name}')}: {words.money(amount, order.quote.currency)}"
                for name, amount in charged(order.quote)
            ) or words("total.nothing")
        if order.closed:
            named["who"] = self._who_closed()
        if "open_until" in self.entry.data:
            named["last_day"] = words.day(date.fromisoformat(self.entry.data["open_until"]))
        return named

    @cached_property
    def contact(self) -> Contact:
        """Whose mail, link or decision the entry is about; else the order's contact person, who may have changed."""
        data, contact = self.entry.data, self.order.contact
        email = data.get("recipient", data.get("asked_email", contact.email))
        if contact.has_mailbox(email):
            return contact
        # An earlier release kept no name beside the address.
        return Contact.model_construct(name=data.get("recipient_name", data.get("asked_name", email)), email=email)

    @cached_property
    def asked(self) -> Contact:
        """Who had the link when a decision was taken by it; the order may have another contact person by now."""
        data, contact = self.entry.data, self.order.contact
        return Contact.model_construct(
            name=data.get("asked_name", contact.name), email=data.get("asked_email", contact.email)
        )

    def decided(self, part: str) -> Paragraph:
        """What is said of a decision by link: by whom, or, under another name than the recipient's, both names.

        Whom Customer Success chose for this order alone is told with the address, which says more than a name that
        anybody can be given.
        """
        is_other = not self.asked.goes_by(self.entry.actor.name or self.asked.name)
        is_chosen = self.role is not Role.CONTACT and self.order.marks.has_own_contact
        return self.paragraph(f"other_name.{part}" if is_other or is_chosen else part)

    def _who_closed(self) -> str:
        """Colleagues go by name among themselves only."""
        actor, brand = self.entry.actor, self.installation.brand
        if self.role is Role.CUSTOMER_SUCCESS and actor.kind == "customer_success" and actor.name:
            key = "closed.by.customer_success.desk"
            return self.words(key, name=line_of(actor.name), day=self.day(self.entry.at))
        return who_closed(self.order, brand, self.words, actor.name, self.asked)

    def day(self, instant: datetime) -> str:
        return self.words.day_of(instant, self.order.marks.time_zone)

    def says(self, part: str) -> str:
        """The text for a part of this mail, the one for this role if there is one."""
        return self.words(self._key(part), **self.values)

    def _key(self, part: str) -> str:
        of_role = f"mail.{self.kind}.{self.role}.{part}"
        return of_role if self.words.has(of_role) else f"mail.{self.kind}.{part}"

    def paragraph(self, part: str) -> Paragraph:
        return Paragraph(self.says(part))

    def label(self, name: str) -> str:
        return self.words(f"label.{name}", brand=self.installation.brand)

    def items(self) -> Items:
        return Items(self.words.items(self.order, self.site_names, self.entry.at))

    def start_passed(self) -> Iterator[Paragraph]:
        """Said where a start day was over when the entry was made."""
        if passed := passed_starts(self.items().items, self.words):
            yield Paragraph(self.words(self._key("start_passed"), **self.values, passed=passed))

    def lines(self) -> Lines:
        return Lines(self.quote, {item.item_id: item for item in self.items().items})

    def said(self, label: str, text: str | None) -> Iterator[Said]:
        if text and (clean := text_of(text)):
            yield Said(self.label(label), clean)

    def decide(self) -> Iterator[Decide]:
        if self.link:
            yield Decide(self.link, self.says("button"), self.words("mail.code_check", **self.values))

    def subject(self) -> str:
        """A later revision says in its subject that it is one, so that its mail is not taken for the one before."""
        is_later = self.kind is MailKind.QUOTE_TO_CONFIRM and self.quote.revision > 1
        return self.says("later.subject" if is_later else "subject")

    def fresh(self) -> Iterator[Paragraph]:
        """Said of a link that takes the place of an older one; the first of a quote goes out while it is `sending`."""
        quote = self.order.quote if self.kind is MailKind.QUOTE_TO_CONFIRM else None
        if self.entry.event is Event.FRESH_MAIL_ASKED or (quote and quote.state is not QuoteState.SENDING):
            yield Paragraph(self.words("mail.fresh_link"))
        elif quote and quote.revision > 1:
            yield self.paragraph("later")

    def unexpected(self) -> Paragraph:
        """What to do for a reader who is told of something that he has no part in."""
        return Paragraph(self.words("mail.contact_changed.check", **self.values))

    def open(self) -> Iterator[Open]:
        """Where a reader who can sign in sees the order; a contact cannot, and a direct order is on no screen."""
        site = self.installation.site_url
        if self.role is Role.CUSTOMER_SUCCESS:
            yield Open(f"{site}/desk/orders/{self.order.order_id}", self.words("mail.open_desk"))
        elif self.role is Role.PLACED_BY and self.order.source == "online":
            yield Open(f"{site}/orders/{self.order.order_id}", self.words("mail.open_order"))

    def facts(self, *names: str) -> Facts:
        order, words = self.order, self.words
        known: Mapping[str, Callable[[], str | None]] = {
            "order_id": lambda: order.order_id,
            "account": lambda: self.account,
            "account_id": lambda: order.account_id,
            "placed_on": lambda: words.day(order.placed_on),
            "placed_by": lambda: order.placed_by.email,
            "contact": lambda: _address(self.contact),
            "assignee": lambda: order.assignee.email if order.assignee else None,
            "status": lambda: words(f"status.{order.status}"),
            "purchase_order_number": lambda: line_of(order.purchase_order_number or ""),
            "revision": lambda: str(self.quote.revision),
            "valid_until": lambda: words.day(self.quote.valid_until),
        }
        return Facts(tuple((self.label(name), value) for name in names if (value := known[name]())))


def charged(quote: Quote) -> list[tuple[str, Decimal]]:
    """The totals that are not zero, by recurrence."""
    return [(name, amount) for name, amount in quote.totals if amount]


def passed_starts(items: Iterable[ItemWords], words: Wording) -> str:
    """The items whose start day is over, as "Item 2 (5 January 2027)"; empty where there are none."""
    return ", ".join(
        f"{words('label.item_number', number=item.item_id)} ({item.confirmed or item.asked})"
        for item in items
        if item.has_passed
    )


def who_closed(order: Order, brand: str, words: Wording, name: str | None, asked: Contact) -> str:
    """A sentence about how the order came to its end; `name` is the actor's, if known, `asked` who had the link."""
    if order.closed is None:
        raise ValueError("The order is open.")
    key = f"closed.by.{order.closed.by}"
    day = words.day_of(order.closed.at, order.marks.time_zone)
    if name and order.closed.by == "contact" and not asked.goes_by(name):
        return words(f"{key}.other_name", name=line_of(name), asked=line_of(asked.name), day=day)
    if name and words.has(f"{key}.named"):
        return words(f"{key}.named", name=line_of(name), day=day)
    return words(key, brand=brand, day=day)


def _order_received(letter: Letter) -> Iterator[Block]:
    yield letter.paragraph("intro")
    if letter.role is Role.CONTACT:
        yield from letter.fresh()
        if letter.link:
            yield letter.paragraph("cancel")
        yield from letter.decide()
    yield from letter.open()
    yield letter.facts("order_id", "account", "placed_on", "placed_by", "purchase_order_number")
    yield letter.items()
    yield from letter.said("note", letter.order.note)
    if letter.role is Role.ACCOUNT_CONTACT:
        yield letter.unexpected()


def _new_order(letter: Letter) -> Iterator[Block]:
    yield letter.paragraph("intro")
    if letter.order.source == "direct":
        yield Paragraph(letter.words("source.direct"))
    yield from letter.open()
    yield letter.facts(
        "order_id", "account", "account_id", "placed_on", "placed_by", "contact", "purchase_order_number"
    )
    yield letter.items()
    yield from letter.said("note", letter.order.note)


def _quote_to_confirm(letter: Letter) -> Iterator[Block]:
    yield letter.paragraph("intro")
    yield from letter.fresh()
    yield letter.paragraph("do")
    yield from letter.decide()
    yield letter.facts("order_id", "account", "revision", "valid_until", "purchase_order_number")
    yield from letter.said("message", letter.quote.message)
    yield letter.lines()
    yield Totals(letter.quote)
    if letter.kind is MailKind.QUOTE_TO_CONFIRM:
        yield Paragraph(letter.words("mail.pdf_attached"))
    yield from letter.said("terms", letter.quote.terms)


def _approved(letter: Letter) -> Iterator[Block]:
    yield letter.decided("intro")
    yield from letter.start_passed()
    yield from letter.open()
    yield letter.facts("order_id", "account", "revision", "purchase_order_number")
    yield letter.lines()
    yield Totals(letter.quote)
    yield Paragraph(letter.words("mail.pdf_attached"))
    if letter.role is Role.ACCOUNT_CONTACT:
        yield letter.unexpected()


def _canceled(letter: Letter) -> Iterator[Block]:
    yield Paragraph(letter.values["who"])
    closed = letter.order.closed
    if closed and closed.reason:
        yield from letter.said("reason", closed.reason)
    elif closed and closed.by != "expiry":
        yield Paragraph(letter.words("mail.no_reason"))
    yield letter.paragraph("no_charge")
    yield from letter.open()
    yield letter.facts("order_id", "account", "placed_on", "purchase_order_number")
    yield letter.items()


def _change_requested(letter: Letter) -> Iterator[Block]:
    yield letter.decided("intro")
    yield from letter.said("reason", letter.entry.data.get("reason"))
    yield from letter.open()
    yield letter.facts("order_id", "account", "contact", "assignee", "revision")
    yield letter.lines()
    yield Totals(letter.quote)


def _undeliverable(letter: Letter) -> Iterator[Block]:
    yield letter.paragraph("intro")
    yield from letter.said("reason", letter.words.reason(letter.entry.data))
    yield letter.paragraph("do")
    yield from letter.open()
    yield letter.facts("order_id", "account", "contact", "assignee", "revision", "valid_until")


def _link_locked(letter: Letter) -> Iterator[Block]:
    yield letter.paragraph("intro")
    yield letter.paragraph("do")
    yield from letter.open()
    yield letter.facts("order_id", "account", "contact", "assignee", "status")


def _expired(letter: Letter) -> Iterator[Block]:
    if letter.entry.event is not Event.EXPIRED:
        yield letter.paragraph("again")
    else:
        yield letter.paragraph("intro" if "open_until" in letter.entry.data else "unmailed.intro")
    if letter.role is Role.CONTACT:
        yield letter.paragraph("do" if letter.link else "how")
        yield from letter.decide()
    yield from letter.open()
    yield letter.facts("order_id", "account", "revision", "valid_until", "purchase_order_number")
    yield letter.lines()
    yield Totals(letter.quote)


def _fresh_quote_asked(letter: Letter) -> Iterator[Block]:
    yield letter.paragraph("intro")
    yield from letter.open()
    yield letter.facts("order_id", "account", "contact", "assignee", "revision", "valid_until")
    yield letter.lines()
    yield Totals(letter.quote)


def _stale_order(letter: Letter) -> Iterator[Block]:
    intro = f"{letter.order.status}.intro"
    yield letter.paragraph(intro if letter.words.has(f"mail.{letter.kind}.{intro}") else "other.intro")
    yield from letter.open()
    yield letter.facts("order_id", "account", "status", "assignee", "placed_on", "placed_by")
    yield letter.items()


def _comment(letter: Letter) -> Iterator[Block]:
    yield letter.paragraph("intro")
    yield from letter.said("what", letter.entry.data.get("text"))
    yield letter.paragraph("do")
    yield from letter.open()
    colleague = ("assignee",) if letter.role is Role.CUSTOMER_SUCCESS else ()
    yield letter.facts("order_id", "account", "status", "placed_on", "purchase_order_number", *colleague)


def _contact_removed(letter: Letter) -> Iterator[Block]:
    yield letter.paragraph("intro")
    yield letter.paragraph("do")
    yield from letter.open()
    yield letter.facts("order_id", "account", "account_id", "status", "assignee", "placed_on")


def _contact_replaced(letter: Letter) -> Iterator[Block]:
    yield letter.paragraph("intro")
    yield letter.facts("order_id", "account", "contact", "placed_on", "placed_by", "purchase_order_number")
    yield letter.items()
    yield letter.unexpected()


CONTENTS: Mapping[MailKind, Callable[[Letter], Iterator[Block]]] = {
    MailKind.ORDER_RECEIVED: _order_received,
    MailKind.NEW_ORDER: _new_order,
    MailKind.QUOTE_TO_CONFIRM: _quote_to_confirm,
    MailKind.REMINDER: _quote_to_confirm,
    MailKind.APPROVED: _approved,
    MailKind.CANCELED: _canceled,
    MailKind.CHANGE_REQUESTED: _change_requested,
    MailKind.QUOTE_UNDELIVERABLE: _undeliverable,
    MailKind.LINK_LOCKED: _link_locked,
    MailKind.EXPIRED: _expired,
    MailKind.FRESH_QUOTE_ASKED: _fresh_quote_asked,
    MailKind.STALE_ORDER: _stale_order,
    MailKind.COMMENT: _comment,
    MailKind.CONTACT_REMOVED: _contact_removed,
    MailKind.CONTACT_REPLACED: _contact_replaced,
}


def render_mail(
    kind: MailKind,
    role: Role,
    order: Order,
    entry: Entry,
    installation: Installation,
    account_name: str,
    link: ConfirmLink | None = None,
    site_names: Mapping[str, str] | None = None,
) -> Mail:
    """The mail about `entry`, in the order's locale, or in English for Customer Success.

    `account_name` and `site_names`, by site id, are for orders that keep none themselves; a site that is not among them
    goes by its id. ValueError when nobody of this role gets such a mail,
    when a mail that needs a link has none, and when a code would go to somebody whom it is not for.
    """
    if kind not in CONTENTS or role not in AUDIENCE[kind]:
        raise ValueError(f"There is no mail {kind} about an order for {role}.")
    if kind in NEEDS_LINK and link is None:
        raise ValueError(f"A mail {kind} needs a link.")
    if link and (kind not in TAKES_LINK or role is not Role.CONTACT):
        raise ValueError(f"A mail {kind} for {role} takes no link.")
    desk = role is Role.CUSTOMER_SUCCESS
    words = wording(DESK_LOCALE if desk else order.marks.locale)
    account = line_of(order.account_name(account_name))
    letter = Letter(kind, role, order, entry, installation, account, link, site_names or {}, words)
    if desk:
        hello = words("mail.hello_desk")
    elif role is Role.CONTACT:
        hello = words("mail.hello", name=line_of(order.contact.name))
    else:
        hello = words("mail.hello_unnamed")
    return _mail(
        subject=letter.subject(),
        preview=letter.says("preview"),
        title=letter.says("title"),
        hello=hello,
        blocks=tuple(CONTENTS[kind](letter)),
        why=words(f"mail.why.{role}", account=letter.account, brand=installation.brand),
        installation=installation,
        words=words,
    )


def render_contact_report(account: Account, text: str, reported_by: str, installation: Installation) -> Mail:
    """To Customer Success: a user, given by the e-mail address, says that the contact person is out of date."""
    words = wording(DESK_LOCALE)
    name = line_of(account.name)
    contact = account.enrollment.contact if account.enrollment else None
    present = _address(contact) if contact else words("mail.contact_report.nobody")
    values = {"account": name, "reported_by": line_of(reported_by)}
    return _mail(
        subject=words("mail.contact_report.subject", **values),
        preview=words("mail.contact_report.preview", **values),
        title=words("mail.contact_report.title"),
        hello=words("mail.hello_desk"),
        blocks=(
            Paragraph(words("mail.contact_report.intro", **values)),
            Said(words("label.what"), text_of(text)),
            Facts(
                (
                    (words("label.account"), name),
                    (words("label.account_id"), account.account_id),
                    (words("mail.contact_report.present"), present),
                )
            ),
        ),
        why=words("mail.why.customer_success", brand=installation.brand),
        installation=installation,
        words=words,
    )


def render_contact_changed(
    account: Account, old: Contact | None, new: Contact | None, to: Contact, installation: Installation
) -> Mail:
    """To the old and the new contact person of an account, as far as there are both, each a mail of its own.

    `to` is one of them.
    """
    words = wording(account.locale)
    name = line_of(account.name)
    values = {"account": name, "brand": installation.brand}
    kind = "mail.contact_changed" if new else "mail.contact_gone"
    nobody = words("mail.contact_changed.nobody")
    return _mail(
        subject=words(f"{kind}.subject", **values),
        preview=words(f"{kind}.preview", **values),
        title=words(f"{kind}.title"),
        hello=words("mail.hello", name=line_of(to.name)),
        blocks=(
            Paragraph(words(f"{kind}.{'new' if to == new else 'old'}.intro", **values)),
            Facts(
                (
                    (words("label.account"), name),
                    (words("mail.contact_changed.was"), _address(old) if old else nobody),
                    (words("mail.contact_changed.is"), _address(new) if new else nobody),
                )
            ),
            Paragraph(words("mail.contact_changed.check", **values)),
        ),
        why=words("mail.contact_changed.why", **values),
        installation=installation,
        words=words,
    )


def render_account_changed(
    old: Account, new: Account, notice: Notice, reseller_names: Mapping[str, str], installation: Installation
) -> Mail:
    """To the contact person of an account: what it goes by now; or to a deputy, who is one from now on or no longer.

    `reseller_names` by account id; those of which none is known go by their ids.
    """
    words = wording(new.locale)
    name = line_of(new.name)
    values = {"account": name, "brand": installation.brand}
    kind = f"mail.account_changed.{notice.reader}"
    rows: tuple[tuple[str, str], ...] = ((words("label.account"), name),)
    if notice.reader == "contact":
        rows += tuple(_changes(old, new, reseller_names, words))
    elif notice.reader == "deputy":
        mine = [each for each in new.acting_deputies if each.contact.has_mailbox(notice.to.email)]
        rows += tuple((words("mail.account_changed.days"), _days(each, words)) for each in mine)
    return _mail(
        subject=words(f"{kind}.subject", **values),
        preview=words("mail.account_changed.preview", **values),
        title=words(f"{kind}.title", **values),
        hello=words("mail.hello", name=line_of(notice.to.name)),
        blocks=(
            Paragraph(words(f"{kind}.intro", **values)),
            Facts(rows),
            Paragraph(words("mail.contact_changed.check", **values)),
        ),
        why=words("mail.account_changed.why", **values),
        installation=installation,
        words=words,
    )


def _changes(
    old: Account, new: Account, reseller_names: Mapping[str, str], words: Wording
) -> Iterator[tuple[str, str]]:
    """What is another now, before and after."""
    nobody = words("mail.contact_changed.nobody")

    def deputies(account: Account) -> str:
        named = (f"{_address(each.contact)}, {_days(each, words)}" for each in account.acting_deputies)
        return "; ".join(named) or nobody

    def reseller(account: Account) -> str:
        parent = account.parent_account_id
        return line_of(reseller_names.get(parent, parent)) if parent else nobody

    def state(account: Account) -> str:
        return words(f"mail.account_changed.{account.enrollment.state if account.enrollment else 'none'}")

    for what, told in (("deputies", deputies), ("reseller", reseller), ("enrollment", state)):
        if told(old) != told(new):
            yield words(f"mail.account_changed.{what}_were"), told(old)
            yield words(f"mail.account_changed.{what}_are"), told(new)


def _days(deputy: Deputy, words: Wording) -> str:
    first, last = words.day(deputy.first_day), words.day(deputy.last_day)
    return words("mail.account_changed.from_until", first=first, last=last)


def _address(contact: Contact) -> str:
    return f"{line_of(contact.name)} <{contact.email}>"


def _mail(
    *,
    subject: str,
    preview: str,
    title: str,
    hello: str,
    blocks: tuple[Block, ...],
    why: str,
    installation: Installation,
    words: Wording,
) -> Mail:
    shown = {
        "subject": line_of(subject),
        "preview": preview,
        "title": title,
        "hello": hello,
        "blocks": blocks,
        "why": why,
        "installation": installation,
        "words": words,
        "charged": charged,
    }
    return Mail(
        subject=line_of(subject),
        text=template("mail.txt").render(shown).strip() + "\n",
        html=template("mail.html").render(shown),
    )
