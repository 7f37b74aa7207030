"""Render the mails, each as text and as HTML from one template, `mails/{kind}.jinja`.

`online_orders.domain.mail_kinds` lists them. A text part names the order and is not wrapped. It contains the address of
a confirmation page and a line `Code: 123456` exactly if the mail has a link. What people wrote cannot add a header, a
code line or such an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from online_orders.domain.account_notifications import Notice
from online_orders.domain.accounts import Account, Deputy
from online_orders.domain.approval_links import ConfirmLink
from online_orders.domain.installation import Installation
from online_orders.domain.mail_kinds import ACCOUNT, AT_DESK, MAILS, MailKind, Role
from online_orders.domain.mail_preferences import AS
from online_orders.domain.orders import Order
from online_orders.domain.people import PASSWORD_DAYS, Membership, Person
from online_orders.domain.timeline import SYSTEM, Entry, Event
from online_orders_rendering.i18n import Translator, line_of, translator
from online_orders_rendering.mails.order_news import OrderMailContext, address_of
from online_orders_rendering.templates import template

DESK_LOCALE = "en"
_LIKE = {
    Role.WATCHER: Role.PLACED_BY,
    Role.DESK_WATCHER: Role.CUSTOMER_SUCCESS,
    Role.ASSIGNEE: Role.CUSTOMER_SUCCESS,
    Role.ASKER: Role.CUSTOMER_SUCCESS,
}
_BLANK_LINES = {"mails/mail.txt": re.compile("\n(?=\n\n)"), "mails/mail.html": re.compile("\n(?=\n)")}
"""Empty lines that a template leaves for parts that a mail does not have; the text keeps one between two parts."""


class Mail(NamedTuple):
    subject: str
    text: str
    html: str


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
    """Return the mail about `entry`, in the order's locale, or in English for the desk.

    `account_name` and `site_names`, by site id, are for orders without a snapshot; a site that is not in it is shown by
    its id. Raises ValueError when this role gets no such mail, when a mail that needs a link has none, and when
    somebody else than the contact person would get a code.
    """
    row = MAILS[kind]
    if row.event == ACCOUNT or role not in row.readers:
        raise ValueError(f"There is no mail {kind} about an order for {role}.")
    if row.needs_link and link is None:
        raise ValueError(f"A mail {kind} needs a link.")
    if link and (row.link is None or role is not Role.CONTACT):
        raise ValueError(f"A mail {kind} for {role} takes no link.")
    translate = translator(DESK_LOCALE if role in AT_DESK else order.internals.locale)
    context = OrderMailContext(role, order, entry, installation, account_name, site_names or {}, translate)
    reader = line_of(order.contact.name) if role is Role.CONTACT else None
    return _render(
        kind,
        role,
        translate,
        installation,
        context.values,
        context.facts,
        reader=reader,
        link=link,
        **context.shown,
    )


def render_quote_mail(
    order: Order, account: Account, link: ConfirmLink, installation: Installation, at: datetime
) -> Mail:
    """Return the mail that offers the order's quote, as it is at `at`."""
    entry = Entry(sequence=order.internals.sequence, at=at, actor=SYSTEM, event=Event.QUOTE_PREPARED)
    kind, role = MailKind.QUOTE_TO_CONFIRM, Role.CONTACT
    return render_mail(kind, role, order, entry, installation, account.name, link, account.site_names)


def render_contact_report(account: Account, text: str, reported_by: str, installation: Installation) -> Mail:
    """Return the mail to Customer Success about an outdated contact person; `reported_by` is the user's
    e-mail address.
    """
    translate = translator(DESK_LOCALE)
    values = {"account": line_of(account.name), "reported_by": line_of(reported_by)}
    facts = {
        "account": values["account"],
        "account_id": account.account_id,
        "present_contact": address_of(account.contact) if account.contact else translate("mail.contact_report.nobody"),
    }
    return _render(MailKind.CONTACT_REPORT, Role.CUSTOMER_SUCCESS, translate, installation, values, facts, report=text)


def render_notice(
    notice: Notice, old: Account, new: Account, reseller_names: Mapping[str, str], installation: Installation
) -> Mail:
    """Return the mail to somebody whom a change of an account concerns; `new` is the account now.

    `reseller_names`, by account id; a reseller without a name in it is shown by its id.
    """
    translate = translator(new.locale)
    values = {"account": line_of(new.name)}
    facts = {
        "account": values["account"],
        "contact_was": address_of(old.contact) if old.contact else translate("mail.nobody"),
        "contact_is": address_of(new.contact) if new.contact else translate("mail.nobody"),
    }
    changes = [
        (translate(f"label.{name}"), value) for name, value in _changes(notice, old, new, reseller_names, translate)
    ]
    reader = line_of(notice.to.name)
    return _render(notice.kind, notice.reader, translate, installation, values, facts, reader=reader, changes=changes)


def render_invitation(
    person: Person, membership: Membership, account: Account | None, password: str | None, installation: Installation
) -> Mail:
    """Return the mail to somebody who was invited to an account, or to the desk (None).

    `password` is the first one; None for somebody who has a password already.
    """
    translate = translator(account.locale if account else DESK_LOCALE)
    kind = MailKind.INVITATION if password else MailKind.MEMBERSHIP
    role = Role.MEMBER if account else Role.STAFF
    values = {"account": line_of(account.name) if account else ""}
    time_zone = account.time_zone if account else "UTC"
    expires = membership.invited_at and membership.invited_at + timedelta(days=PASSWORD_DAYS)
    facts = {
        "account": values["account"],
        "sign_in_at": installation.site_url,
        "user_name": person.email,
        "first_password": password,
        "password_until": translate.day_of(expires, time_zone) if expires else None,
        "role": translate(f"role.{membership.role}"),
    }
    screen = {"url": f"{installation.site_url}/", "button": "sign_in"}
    reader = line_of(person.name)
    return _render(kind, role, translate, installation, values, facts, reader=reader, screen=screen)


def _changes(
    notice: Notice, old: Account, new: Account, reseller_names: Mapping[str, str], translate: Translator
) -> Iterator[tuple[str, str]]:
    """Yield label and value of each change: what differs now, before and after, for the contact; the own days for a
    deputy.
    """

    def deputies(account: Account) -> str:
        named = (f"{address_of(each.contact)}, {_days(each, translate)}" for each in account.acting_deputies)
        return "; ".join(named) or translate("mail.nobody")

    def reseller(account: Account) -> str:
        parent = account.parent_account_id
        return line_of(reseller_names.get(parent, parent)) if parent else translate("mail.nobody")

    def state(account: Account) -> str:
        return translate(f"mail.account_changed.{account.enrollment.state if account.enrollment else 'none'}")

    def policy(account: Account) -> str:
        return translate(f"mail.account_changed.hand_over.{account.hand_over}")

    yield "account", line_of(new.name)
    if notice.reader is Role.CONTACT:
        for what, value in (
            ("deputies", deputies),
            ("reseller", reseller),
            ("enrollment", state),
            ("hand_over", policy),
        ):
            if value(old) != value(new):
                yield f"{what}_were", value(old)
                yield f"{what}_are", value(new)
    elif notice.reader is Role.DEPUTY:
        mine = (each for each in new.acting_deputies if each.contact.has_mailbox(notice.to.email))
        yield from (("days", _days(each, translate)) for each in mine)


def _days(deputy: Deputy, translate: Translator) -> str:
    first, last = translate.day(deputy.first_day), translate.day(deputy.last_day)
    return translate("mail.account_changed.from_until", first=first, last=last)


def _render(
    kind: MailKind,
    role: Role,
    translate: Translator,
    installation: Installation,
    values: Mapping[str, str],
    facts: Mapping[str, str | None],
    *,
    reader: str | None = None,
    **shown: Any,
) -> Mail:
    """Return the mail rendered from its template.

    `values` are for the placeholders of texts, `facts` are what a template shows with labels. Without a `reader`, the
    mail greets nobody by name.
    """
    filled = {**values, "reader": reader or "", "brand": installation.brand, "site_url": installation.site_url}

    def say(part: str) -> str:
        """Return the text for a part of this mail: for this kind and role, else for the kind, else for the role, else
        for all.

        Those who follow an order read what is written for the role that is like theirs, where nothing else is.
        """
        roles = (role, _LIKE[role]) if role in _LIKE else (role,)
        keys = [f"mail.{kind}.{each}.{part}" for each in roles] + [f"mail.{kind}.{part}"]
        keys += [f"mail.{each}.{part}" for each in roles] + [f"mail.{part}"]
        return translate(next(filter(translate.has, keys), keys[0]), **filled)

    def known(*names: str) -> list[tuple[str, str]]:
        return [
            (translate(f"label.{name}", brand=installation.brand), value) for name in names if (value := facts[name])
        ]

    is_later = kind is MailKind.QUOTE_TO_CONFIRM and shown["quote"].revision > 1
    subject = line_of(say("later.subject" if is_later else "subject"))
    shown |= {"kind": kind, "role": role, "translate": translate, "installation": installation, "subject": subject}
    shown |= {"say": say, "known": known, "reader": reader, "Event": Event}
    shown |= {"is_for_desk": role in AT_DESK, "may_choose": role in AS}
    text, html = (gaps.sub("", template(name).render(shown)) for name, gaps in _BLANK_LINES.items())
    return Mail(subject, text.strip() + "\n", html)
