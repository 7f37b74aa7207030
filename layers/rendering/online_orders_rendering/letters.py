"""From an order and what happened to it to a letter that SES can take: the link made known, the paper made and kept."""

from __future__ import annotations

from typing import Literal

from online_orders.account_notices import Notice
from online_orders.accounts import Account
from online_orders.announcements import Announcement
from online_orders.approval_links import ConfirmLink, Link, code_of, token_of
from online_orders.aws import documents, links
from online_orders.aws.accounts import find_account, get_account
from online_orders.aws.contact_reports import StoredReport
from online_orders.aws.environment import environment
from online_orders.aws.mail import Attachment, Letter
from online_orders.aws.signing_keys import signing_key_or_current
from online_orders.clock import now
from online_orders.installation import Installation
from online_orders.mail_kinds import MailKind, Role
from online_orders.orders import Order
from online_orders.quotes import Quote
from online_orders.timeline import SYSTEM, Entry, Event
from online_orders_rendering.formats import item_labels
from online_orders_rendering.mails import Mail, render_contact_report, render_mail, render_notice


def installation() -> Installation:
    return Installation(brand=environment("BRAND_NAME"), site_url=environment("SITE_URL"))


def _link(order: Order, purpose: Literal["order", "quote"], key_id: str | None = None) -> tuple[Link, ConfirmLink]:
    """The order's live link for a purpose, and what its mail says of it; the table knows it from here on.

    It is the one that went out before, by the key of that one. Where that key was retired since, nobody can open it any
    more, so it is another link with another code.
    """
    key = signing_key_or_current("links", key_id)
    link = Link(
        purpose=purpose,
        account_id=order.account_id,
        order_id=order.order_id,
        source=order.source,
        revision=order.quote.revision if purpose == "quote" and order.quote else 0,
        number=order.marks.quote_link if purpose == "quote" else order.marks.order_link,
        key_id=key.key_id,
    )
    token = token_of(key.key, link, order.contact.email)
    links.store_link(token, link)
    url = f"{environment('SITE_URL')}/confirm/{token}"
    return link, ConfirmLink(url, code_of(key.key, link, order.contact.email))


def _site_names(account: Account) -> dict[str, str]:
    return {site.site_id: site.name for site in account.sites}


def quote_paper(order: Order, quote: Quote, account: Account) -> bytes:
    """The PDF of a revision, made anew."""
    from online_orders_rendering.paper import quote_pdf

    return quote_pdf(
        quote,
        order_id=order.order_id,
        account_id=account.account_id,
        account_name=order.account_name(account.name),
        placed_on=order.placed_on,
        locale=order.marks.locale,
        installation=installation(),
        item_labels=item_labels(order, order.marks.locale, _site_names(account)),
    )


def _paper(order: Order, quote: Quote, account: Account) -> Attachment:
    """The PDF of a revision, made when it is first needed."""
    name = f"quote-{order.order_id}-{quote.revision}.pdf"
    kept = documents.find_quote_paper(order.order_id, quote.revision)
    if kept is None:
        kept = documents.keep_quote_paper(order.order_id, quote.revision, quote_paper(order, quote, account))
    return Attachment(name, kept)


def _letter(to: str, mail: Mail, *attachments: Attachment) -> Letter:
    return Letter(to, mail.subject, mail.text, mail.html, attachments)


def quote_letter(order: Order) -> tuple[Letter, Link]:
    """The quote to confirm: paper, link and code. ValueError for an order without a quote."""
    quote = order.quote
    if quote is None:
        raise ValueError(f"order {order.order_id} has no quote")
    account = get_account(order.account_id)
    paper = _paper(order, quote, account)
    link, confirm = _link(order, "quote")
    return _letter(order.contact.email, quote_mail(order, account, confirm), paper), link


def quote_mail(order: Order, account: Account, link: ConfirmLink) -> Mail:
    """The mail that offers the order's quote."""
    entry = Entry(sequence=order.marks.sequence, at=now(), actor=SYSTEM, event=Event.QUOTE_PREPARED)
    return render_mail(
        MailKind.QUOTE_TO_CONFIRM,
        Role.CONTACT,
        order,
        entry,
        installation(),
        account.name,
        link,
        _site_names(account),
    )


def placeholder() -> ConfirmLink:
    """What a mail shows in the place of link and code while nobody may decide by it."""
    return ConfirmLink(f"{environment('SITE_URL')}/confirm/preview", "······")


def announcement_letter(
    due: Announcement, to: str, order: Order, then: Order, account: Account, entry: Entry
) -> Letter:
    """The mail that tells of `entry`; ValueError when there is no such mail for such a reader.

    A mail may have waited for days: it tells of the order as the entry left it (`then`), save one with a link, which
    goes only while it asks for what can be done now.
    """
    kind, role = due
    confirm = None
    if role is Role.CONTACT and kind is MailKind.ORDER_RECEIVED:
        _, confirm = _link(order, "order")
    elif role is Role.CONTACT and kind in {MailKind.REMINDER, MailKind.EXPIRED}:
        _, confirm = _link(order, "quote", _key_of_quote_link(order))
    told = order if confirm else then
    mail = render_mail(kind, role, told, entry, installation(), account.name, confirm, _site_names(account))
    if kind is MailKind.APPROVED and told.quote:
        return _letter(to, mail, _paper(told, told.quote, account))
    return _letter(to, mail)


def _key_of_quote_link(order: Order) -> str | None:
    """The key of the newest quote link's mail; None, for the present one, where no such mail has gone out."""
    marks = order.marks
    return marks.quote_link_key_id if marks.quote_link == marks.quote_link_mailed else None


def account_letter(notice: Notice, old: Account, new: Account) -> Letter:
    """The mail of a notice: who is the contact person from now on, or what else has changed of the account."""
    mail = render_notice(notice, old, new, _reseller_names(old, new), installation())
    return _letter(notice.to.email, mail)


def _reseller_names(*accounts: Account) -> dict[str, str]:
    ids = {account.parent_account_id for account in accounts if account.parent_account_id}
    found = (find_account(account_id) for account_id in sorted(ids))
    return {stored.account.account_id: stored.account.name for stored in found if stored}


def contact_report_letter(report: StoredReport, to: str) -> Letter:
    account = get_account(report.account_id)
    return _letter(to, render_contact_report(account, report.text, report.reported_by.email, installation()))
