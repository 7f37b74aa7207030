"""One of each: the mails and the pages that there are, in a locale, and a quote with more of everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any, NamedTuple, get_args

from online_orders.domain import handling, order_delivery, order_schedule, proposals, questions, roles
from online_orders.domain.account_notifications import notices
from online_orders.domain.accounts import Account, Contact, HandOverPolicy
from online_orders.domain.approval_links import ConfirmLink
from online_orders.domain.attachments import Upload
from online_orders.domain.certificates import Certificate, Signature, certificate_document
from online_orders.domain.confirmation import FormError, FormNotice, FormState, Outcome
from online_orders.domain.discounts import judge
from online_orders.domain.evidence import LinkDecision, evidence_of
from online_orders.domain.hand_over import approve_hand_over, hand_over, refuse_hand_over
from online_orders.domain.installation import Installation
from online_orders.domain.languages import texts
from online_orders.domain.letterheads import parse_letterhead
from online_orders.domain.mail_kinds import MAILS, MailKind, Role
from online_orders.domain.order_schedule import Policy
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Change, Order
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.proposals import DiscountPolicy, Reason
from online_orders.domain.quote_parts import TermsVersion
from online_orders.domain.quote_requests import frame_of
from online_orders.domain.quotes import Quote
from online_orders.domain.roles import DESK
from online_orders.domain.system_reasons import SystemReason
from online_orders.domain.timeline import SYSTEM, Actor, Entry, Event
from online_orders_rendering.certificate_pdf import render_certificate_pdf
from online_orders_rendering.confirmation_pdf import render_confirmation_pdf
from online_orders_rendering.i18n import item_labels, translator
from online_orders_rendering.mails.compose import (
    Mail,
    render_contact_report,
    render_invitation,
    render_mail,
    render_notice,
)
from online_orders_rendering.pages.approval import decision_page, outcome_page
from online_orders_rendering.quote_pdf import render_pdf, render_quote_pdf
from online_orders_rendering.sample_quote import render_sample_pdf
from tests.domain.builders import (
    ANNA,
    CARLA,
    CLARA,
    CONNIE,
    CONRAD,
    DAY,
    KEY_ID,
    KINDS,
    NOW,
    TODAY,
    Json,
    account_body,
    account_of,
    claimed,
    item_of,
    judge_quote,
    line_of,
    place,
    quote_body,
)
from tests.shipped_catalog import ACCESSORY_TYPES, REGIONS

INSTALLATION = Installation(brand="Northwind Networks", site_url="https://orders.example.com")
TOKEN = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v"
LINK = ConfirmLink(f"{INSTALLATION.site_url}/confirm/{TOKEN}", "042917")

SITE_NAMES = {"office": "Berlin HQ", "branch": "Wien", "store": "Lager Süd", "lab": "Lab 2"}
OTHER_NAMES = dict.fromkeys(SITE_NAMES, "Renamed since")
"""What the account calls its sites by the time that something is said of them."""
ACCOUNT_NAME = "Acme Logistics Ltd"
OTHER_ACCOUNT_NAME = "Acme that was renamed"
"""What the account is called by the time that something is said of its orders."""

LETTERHEAD: Json = {
    "legal_name": "Northwind Networks GmbH",
    "address": "Ringstraße 1\n10115 Berlin",
    "register_entry": "Amtsgericht Charlottenburg HRB 123456",
    "tax_numbers": ["USt-IdNr. DE123456789", "St.-Nr. 27/123/45678"],
    "bank": "Musterbank\nIBAN DE02 1203 0000 0000 2020 51\nBIC BYLADEM1001",
    "email": "desk@vendor.example",
    "phone": "+49 30 1234567",
    "website": "vendor.example",
    "colors": {"accent": "#b3261e"},
    "texts": {
        "de": {"footer": "Geschäftsführerin: Dana Vendor"},
        "en": {"footer": "Managing director: Dana Vendor", "address": "Ringstraße 1\n10115 Berlin\nGermany"},
    },
}
QUOTED: tuple[Json, ...] = (
    line_of("1", "420", description="Bandwidth 200 Mbps", quantity=1),
    line_of("2", "0", description="Early activation", quantity=1, recurrence="once"),
    line_of("3", "1250", description="Socket X1500", quantity=2, recurrence="once"),
    line_of("4", "10", description="Public IPv4"),
    line_of("5", "36.50", description="SDP user license", quantity=1500, recurrence="yearly"),
    line_of("6", "480", description="Network card for the X1700", quantity=1, recurrence="once"),
    line_of(None, "-150", description="Volume discount", quantity=1, recurrence="once"),
)


VAT: Json = {"treatment": "rate", "label": "VAT", "rate": "19"}
REVERSE_CHARGE: Json = {
    "treatment": "reverse_charge",
    "label": "Reverse charge",
    "sentence": "The buyer owes the tax (Article 196 of Directive 2006/112/EC).",
}
RICH: tuple[Json, ...] = (
    line_of("1", "420", description="Bandwidth 200 Mbps", quantity=1, starts_on="2027-01-05", term_months=12),
    line_of("2", "0", description="Early activation", quantity=1, recurrence="once", starts_on="2027-01-05"),
    line_of("3", "1250", description="Socket X1500", quantity=2, recurrence="once", discount={"percent": "12.5"}),
    line_of("4", description="Public IPv4", starts_on="2027-01-05", prorate=True, message="Until your contract ends."),
    line_of(
        "5",
        "36.50",
        description="SDP user license",
        quantity=1500,
        recurrence="yearly",
        starts_on="2027-01-01",
        ends_on="2027-09-30",
        prorate=True,
        discount={"amount": "1000"},
        tax=REVERSE_CHARGE,
    ),
    line_of("6", "480", description="Network card for the X1700", quantity=1, recurrence="once"),
    line_of(None, "90", description="Support on weekdays", quantity=1, optional=True, option_group="support"),
    line_of(
        None,
        "210",
        description="Support around the clock",
        quantity=1,
        optional=True,
        option_group="support",
        selected=True,
        message="With a named engineer.",
    ),
    line_of(None, "800", description="Setup on site", quantity=1, recurrence="once", optional=True),
)
"""Lines with terms, parts of periods, discounts, options and taxes."""
RICH_OPTIONS = ("7", "9")
"""Another choice than the one that is offered."""


class Case(NamedTuple):
    """A mail that there is: from a change, to a reader."""

    kind: MailKind
    role: Role
    change: Change
    entry: Entry
    link: ConfirmLink | None

    @property
    def order(self) -> Order:
        return self.change.order

    def mail(self, **changes: Any) -> Mail:
        requested: dict[str, Any] = {
            "installation": INSTALLATION,
            "account_name": OTHER_ACCOUNT_NAME,
            "link": self.link,
            "site_names": OTHER_NAMES,
        }
        return render_mail(self.kind, self.role, self.order, self.entry, **requested | changes)


def account_named(**changes: Any) -> Account:
    """The account whose sites have these names."""
    sites = [{**site, "name": SITE_NAMES.get(site["site_id"], site["name"])} for site in account_body()["sites"]]
    return account_of(**{"name": ACCOUNT_NAME, "sites": sites, **changes})


def placed(locale: str = "en", **body: Any) -> Change:
    """An order of every kind of item."""
    members = {"purchase_order_number": "PO-7781", "note": "Please deliver to the loading dock."} | body
    return place(*(item_of(kind) for kind in KINDS), account=account_named(locale=locale), body=members)


def quote_of(**changes: Any) -> Quote:
    members = {
        "message": "Dear Connie,\nas discussed with a volume discount.",
        "confirmed_start_dates": {"1": "2027-01-07"},
    }
    return judge_quote(quote_body(*QUOTED, **members | changes), items=len(KINDS))


def rich_quote(**changes: Any) -> Quote:
    """With whatever a quote can have."""
    buyer = {"billing_address": "Acme Logistics Ltd\nAccounts payable\n1 Main St", "tax_number": "DE 123456789"}
    frame = frame_of(account_of(tax=VAT, **buyer))
    body = quote_body(*RICH, **{"common_end_on": "2027-03-14", "discount": {"percent": "2"}} | changes)
    return judge_quote(body, items=len(KINDS), frame=frame)


def sending(locale: str = "en") -> Change:
    """With a quote whose mail is about to go out."""
    return claimed(placed(locale).order).offer(quote_of(), CLARA, NOW)


def pending(locale: str = "en", *, quote: Quote | None = None, **body: Any) -> Change:
    """Quoted, and the mail gone out."""
    order = claimed(placed(locale, **body).order)
    return order_delivery.quote_mailed(order.offer(quote or quote_of(), CLARA, NOW).order, 1, KEY_ID, NOW)


def _stale(order: Order) -> Change:
    return order_schedule.tick(order, Policy(), NOW + timedelta(days=30))


def _followed_up(order: Order) -> Change:
    body = {"follow_up_on": "2026-11-24", "note": "Ask about the\ndelivery."}
    return order_schedule.tick(
        handling.change_handling(order, body, (), CONRAD, NOW).order, Policy(), NOW + timedelta(days=1, hours=20)
    )


def _expired(order: Order) -> Change:
    return order_schedule.tick(order, Policy(), NOW + timedelta(days=60))


def _asked(order: Order, name: str = "Connie") -> Change:
    return questions.ask(order, name, "How soon can it be there?\nWe move in May.", (), NOW)


def _answered(order: Order) -> Change:
    """Answered, with the question's text beside the answer as the mailer puts it."""
    change = questions.answer(_asked(order).order, CLARA, "Within two weeks,\nif you decide by Friday.", NOW)
    (entry,) = change.entries
    data = {**entry.data, "question_text": "How soon can it be there?\nWe move in May."}
    return Change(change.order, (entry.model_copy(update={"data": data}),))


def _to_be_handed_over(order: Order) -> Change:
    return hand_over(order, account_of(), CARLA, "Connie", "I am on leave.", NOW)


def _handed_over(order: Order) -> Change:
    return hand_over(order, account_of(hand_over="same_domain"), CARLA, "Connie", "I am on leave.", NOW)


def _discount_asked(order: Order) -> Change:
    """Of a discount that passes every threshold there is."""
    quote = quote_of()
    figures, _ = judge(quote, [None] * len(quote.lines), DiscountPolicy())
    return proposals.propose(order, quote, quote_body(*QUOTED), get_args(Reason), figures, CLARA, NOW)


def _discount_approved(order: Order) -> Change:
    """Approved; the mail is about the first of its two entries."""
    change = proposals.approve(order, quote_of(), CONRAD, NOW)
    return Change(change.order, change.entries[:1])


STEPS: Mapping[MailKind, Callable[[str], Change]] = {
    MailKind.ORDER_RECEIVED: placed,
    MailKind.NEW_ORDER: placed,
    MailKind.QUOTE_TO_CONFIRM: sending,
    MailKind.REMINDER: pending,
    MailKind.QUOTED: pending,
    MailKind.EXPIRES_SOON: pending,
    MailKind.APPROVED: lambda locale: pending(locale).order.approve("Connie", NOW),
    MailKind.CANCELED: lambda locale: pending(locale).order.cancel("Connie", "Another vendor.\nSorry!", NOW),
    MailKind.CHANGE_REQUESTED: lambda locale: pending(locale).order.request_change("Connie", "One socket only.", NOW),
    MailKind.QUOTE_UNDELIVERABLE: lambda locale: order_delivery.quote_bounced(
        pending(locale).order, 1, KEY_ID, "550 5.1.1 user unknown", NOW
    ),
    MailKind.LINK_LOCKED: lambda locale: pending(locale).order.link_locked("quote", NOW),
    MailKind.EXPIRED: lambda locale: _expired(pending(locale).order),
    MailKind.FRESH_QUOTE_ASKED: lambda locale: _expired(pending(locale).order).order.ask_for_fresh_quote(NOW),
    MailKind.STALE_ORDER: lambda locale: _stale(placed(locale).order),
    MailKind.ASSIGNED: lambda locale: handling.assign(placed(locale).order, CLARA, CONRAD, NOW),
    MailKind.FOLLOW_UP: lambda locale: _followed_up(placed(locale).order),
    MailKind.DISCOUNT_ASKED: lambda locale: _discount_asked(claimed(placed(locale).order)),
    MailKind.DISCOUNT_APPROVED: lambda locale: _discount_approved(_discount_asked(claimed(placed(locale).order)).order),
    MailKind.DISCOUNT_REFUSED: lambda locale: proposals.refuse(
        _discount_asked(claimed(placed(locale).order)).order, "Not below our costs.\nAsk for a year.", CONRAD, NOW
    ),
    MailKind.COMMENT: lambda locale: placed(locale).order.comment(
        Actor(kind="customer", name=ANNA.email), "When will it come?\nWe move in May.", NOW
    ),
    MailKind.CONTACT_REMOVED: lambda locale: pending(locale).order.sync_contact(None, CLARA.email, NOW),
    MailKind.CONTACT_REPLACED: lambda locale: pending(locale).order.resend(CLARA, CARLA, NOW),
    MailKind.QUESTION: lambda locale: _asked(pending(locale).order),
    MailKind.ANSWER: lambda locale: _answered(pending(locale).order),
    MailKind.HAND_OVER_ASKED: lambda locale: _to_be_handed_over(pending(locale).order),
    MailKind.HAND_OVER_REFUSED: lambda locale: refuse_hand_over(
        _to_be_handed_over(pending(locale).order).order, CLARA, "Please ask procurement.", NOW
    ),
    MailKind.HANDED_OVER: lambda locale: _handed_over(pending(locale).order),
}


def cases(locale: str) -> list[Case]:
    """Every mail about an order that somebody gets."""
    found = []
    for kind, step in STEPS.items():
        change = step(locale)
        for role in sorted(MAILS[kind].readers):
            link = LINK if role is Role.CONTACT and MAILS[kind].link else None
            found.append(Case(kind, role, change, change.entries[-1], link))
    return found


def changed_account(locale: str = "en") -> Account:
    """With a deputy, a reseller, and a suspended enrollment."""
    dora = {"name": "Dora", "email": "dora@acme.example", "from": "2026-12-01", "until": "2026-12-10"}
    enrollment = {"letter_received_on": "2026-01-15", "contact": CONNIE.model_dump(), "deputies": [dora]}
    return account_of(locale=locale, parent_account_id="relay", enrollment={**enrollment, "state": "suspended"})


def account_mails(locale: str) -> dict[str, Mail]:
    """The mails about an account, by name."""
    account, changed, lapsed = account_of(locale=locale), changed_account(locale), account_of(enrollment=None)
    policies = [account_of(locale=locale, hand_over=policy) for policy in HandOverPolicy]
    steps = ((account, changed), (changed, account), (lapsed, changed), *pairwise(policies))
    result = {
        f"account_changed-{index}-{notice.reader}": render_notice(notice, old, new, {}, INSTALLATION)
        for index, (old, new) in enumerate(steps)
        for notice in notices(old, new)
        if notice.kind is MailKind.ACCOUNT_CHANGED
    }
    (gone,), (named,) = told_of_contact(CONNIE, None, locale), told_of_contact(None, CARLA, locale)
    former, new_contact = told_of_contact(CONNIE, CARLA, locale)
    return {
        **result,
        "contact_changed-gone": gone,
        "contact_changed-named": named,
        "contact_report": render_contact_report(account, "Connie has left.\nAsk Anna.", ANNA.email, INSTALLATION),
        "contact_changed-old": former,
        "contact_changed-new": new_contact,
        **{
            name: mail
            for name, mail in invitations(locale).items()
            if name.partition("-")[2] in roles.ROLES["customers"]
        },
    }


def invitations(locale: str) -> dict[str, Mail]:
    """The mails to people who are invited, by name: to an account and to the desk, with a first password or without."""
    account, first = account_of(locale=locale, name=ACCOUNT_NAME), "Kq4xT-Bw7pn-Zh2mR-Dd9ye"
    found = {}
    for role in roles.Role:
        team = account if roles.side_of(role) == "customers" else None
        membership = Membership(role=role, state=PersonState.INVITED, invited_at=NOW)
        person = Person(
            user_id="ada",
            email="ada@acme.example",
            name="Ada Lovelace",
            group=roles.side_of(role),
            memberships={team.account_id if team else DESK: membership},
        )
        for kind, password in ((MailKind.INVITATION, first), (MailKind.MEMBERSHIP, None)):
            found[f"{kind}-{role}"] = render_invitation(person, membership, team, password, INSTALLATION)
    return found


def told_of_contact(old: Contact | None, new: Contact | None, locale: str = "en") -> list[Mail]:
    """The mails that tell of another contact person of an account: to the old one and to the new one, as there are."""

    def account(contact: Contact | None) -> Account:
        body = {"letter_received_on": "2026-01-15", "contact": contact and contact.model_dump()}
        return account_of(locale=locale, enrollment=body)

    return [
        render_notice(notice, account(old), account(new), {}, INSTALLATION)
        for notice in notices(account(old), account(new))
    ]


def decision(order: Order, quote: Quote | None, form: FormState | None = None, **changes: Any) -> str:
    requested: dict[str, Any] = {
        "account_name": ACCOUNT_NAME,
        "pdf_path": f"/confirm/{TOKEN}/quote.pdf" if quote else None,
        "site_names": OTHER_NAMES,
    }
    return decision_page(order, quote, INSTALLATION, form=form or FormState(), **requested | changes)


def with_papers(quote: Quote) -> Quote:
    """The quote as it is where the installation has a letterhead and terms of its own."""
    terms = TermsVersion(locale="en", version=3)
    return quote.model_copy(update={"letterhead_version": 1, "terms_version": terms})


def approved_order(locale: str = "en", quote: Quote | None = None, number: str | None = "4500-123") -> Order:
    order = pending(locale, quote=with_papers(quote or rich_quote())).order
    return order.approve("Connie", NOW, RICH_OPTIONS if quote is None else None, number).order


def papers(locale: str) -> dict[str, bytes]:
    """The papers of a quote with whatever it can have, and of one that was always possible, by name."""
    letterhead, account = parse_letterhead(LETTERHEAD), account_named(locale=locale)
    offered, order = pending(locale, quote=with_papers(rich_quote())).order, approved_order(locale)
    plain = pending(locale).order.approve("Connie", NOW).order
    assert offered.quote
    return {
        "quote": render_quote_pdf(offered, offered.quote, account, INSTALLATION, letterhead),
        "confirmation": render_confirmation_pdf(order, account, INSTALLATION, letterhead),
        "confirmation-plain": render_confirmation_pdf(plain, account, INSTALLATION),
    }


def _rich_pages(locale: str) -> dict[str, str]:
    """The pages of a quote with options, taxes and terms, by name."""
    order = pending(locale, quote=rich_quote(), purchase_order_number=None).order
    options = replace(FormState(), options=RICH_OPTIONS)
    typed = replace(options, name="Connie", purchase_order_number="PO-9", reason="Now.", had_upload=True)
    every = tuple(error for error in FormError if error.field in ("options", "purchase_order_number", "signed_order"))
    rebate = pending(locale, quote=rich_quote(discount={"amount": "50", "recurrence": "monthly"})).order
    approved = order.approve("Connie", NOW, RICH_OPTIONS, "PO-9").order
    return {
        "rich": decision(order, order.quote),
        "rich-recalculated": decision(order, order.quote, replace(typed, notice=FormNotice.RECALCULATED)),
        "rich-changed": decision(order, order.quote, replace(typed, notice=FormNotice.TOTALS_CHANGED)),
        "rich-wrong": decision(order, order.quote, replace(typed, decision="approve", errors=every)),
        "rich-required": decision(
            order, order.quote, replace(options, needs_purchase_order=True, signed_order="required")
        ),
        "rich-never": decision(order, order.quote, replace(options, signed_order="never", options=())),
        "rich-amount_off": decision(rebate, rebate.quote),
        "rich-approved": outcome_page(
            Outcome.APPROVED,
            approved,
            INSTALLATION,
            locale,
            account_name=ACCOUNT_NAME,
            confirmation_path=f"/confirm/{TOKEN}/confirmation.pdf",
        ),
    }


def pages(locale: str) -> dict[str, str]:
    """Every page, by name."""
    order = pending(locale).order
    approved, canceled = order.approve("Connie", NOW).order, order.cancel("Connie", "Too dear.", NOW).order
    declined = order.decline(CLARA, "Not available in your region.", NOW).order
    withdrawn = placed(locale).order.withdraw(ANNA, None, NOW).order
    changed = order.request_change("Connie", "One socket only.", NOW).order
    lapsed = _expired(order).order
    closed_by_expiry = order_schedule.tick(lapsed, Policy(), NOW + timedelta(days=90)).order
    wrong = FormState("request_change", "Connie", "", (FormError.REASON_MISSING, FormError.CODE_WRONG), 3)
    empty = FormState(
        errors=(FormError.DECISION_MISSING, FormError.NAME_MISSING, FormError.CODE_MISSING),
    )
    colleague = FormState(
        "hand_over",
        "Connie",
        errors=(FormError.NEW_NAME_MISSING, FormError.NEW_EMAIL_MALFORMED, FormError.CODE_MISSING),
        new_email="carla@acme",
    )
    result: dict[str, tuple[Outcome, Order | None, FormState]] = {
        "approved": (Outcome.APPROVED, approved, FormState()),
        "canceled": (Outcome.CANCELED, canceled, FormState()),
        "change_requested": (Outcome.CHANGE_REQUESTED, changed, FormState()),
        "handed_over": (Outcome.HANDED_OVER, _handed_over(order).order, FormState()),
        "already_decided-approved": (Outcome.ALREADY_DECIDED, approved, FormState()),
        "already_decided-canceled": (Outcome.ALREADY_DECIDED, canceled, FormState()),
        "already_decided-changed": (Outcome.ALREADY_DECIDED, changed, FormState()),
        "closed-declined": (Outcome.CLOSED, declined, FormState()),
        "closed-withdrawn": (Outcome.CLOSED, withdrawn, FormState()),
        "closed-expiry": (Outcome.CLOSED, closed_by_expiry, FormState()),
        "closed-completed": (Outcome.CLOSED, approved, FormState()),
        "replaced": (Outcome.REPLACED, order, FormState()),
        "in_preparation": (Outcome.IN_PREPARATION, changed, FormState()),
        "parted": (Outcome.PARTED, order, FormState()),
        "expired": (Outcome.EXPIRED, lapsed, FormState()),
        "expired-wrong_code": (Outcome.EXPIRED, lapsed, FormState(errors=(FormError.CODE_WRONG,), tries_left=1)),
        "locked": (Outcome.LOCKED, order, FormState()),
        "fresh_mail_for_asker": (Outcome.FRESH_MAIL_FOR_ASKER, order, FormState()),
        "fresh_mail_sent": (Outcome.FRESH_MAIL_SENT, order, FormState()),
        "fresh_quote_asked": (Outcome.FRESH_QUOTE_ASKED, lapsed, FormState()),
        "too_many_mails": (Outcome.TOO_MANY_MAILS, order, FormState()),
        "unknown_link": (Outcome.UNKNOWN_LINK, None, FormState()),
        "not_ready": (Outcome.NOT_READY, order, FormState()),
        "too_many_requests": (Outcome.TOO_MANY_REQUESTS, None, FormState()),
        "fault": (Outcome.FAULT, None, FormState()),
    }
    return {
        "decision": decision(order, order.quote),
        "decision-wrong": decision(order, order.quote, wrong),
        "decision-empty": decision(order, order.quote, empty),
        **{f"decision-{notice}": decision(order, order.quote, FormState(notice=notice)) for notice in FormNotice},
        "decision-ask": decision(order, order.quote, FormState("ask", errors=(FormError.QUESTION_MISSING,))),
        "decision-hand_over": decision(order, order.quote, colleague),
        "decision-no_hand_over": decision(order, order.quote, FormState(may_hand_over=False)),
        **_rich_pages(locale),
        "order": decision(placed(locale).order, None),
        "order-empty": decision(placed(locale).order, None, empty),
        **{
            name: outcome_page(outcome, about, INSTALLATION, locale, account_name=ACCOUNT_NAME, form=form)
            for name, (outcome, about, form) in result.items()
        },
    }


def endings() -> list[Change]:
    """Every way in which an order is closed, by people known and unknown."""
    waiting, fresh = pending().order, placed().order
    named = [
        waiting.cancel("Connie", "Too dear.", NOW),
        fresh.withdraw(ANNA, "Ordered twice.", NOW),
        fresh.decline(CLARA, "Not in stock.", NOW),
        order_schedule.tick(_expired(waiting).order, Policy(), NOW + 90 * DAY),
    ]
    unnamed = [
        Change(change.order, (change.entries[0].model_copy(update={"actor": SYSTEM}),)) for change in (*named, named[1])
    ]
    return [*named, *unnamed, fresh.withdraw(ANNA, None, NOW)]


def under_another_name(locale: str = "en") -> list[Case]:
    """The mails about decisions that somebody else than the contact person has taken by the link."""
    order = pending(locale).order
    changes = {
        MailKind.APPROVED: order.approve("Max Finance", NOW),
        MailKind.CANCELED: order.cancel("Max Finance", "Too dear.", NOW),
        MailKind.CHANGE_REQUESTED: order.request_change("Max Finance", "Less.", NOW),
        MailKind.QUESTION: _asked(order, "Max Finance"),
    }
    return [
        Case(kind, role, change, change.entries[-1], None)
        for kind, change in changes.items()
        for role in sorted(MAILS[kind].readers)
    ]


def stalled() -> list[Order]:
    """Waiting for the desk, and in no place to wait in."""
    return [placed().order, claimed(placed().order), pending().order]


def _too_late() -> None:
    """What is said of a start day that is over when the quote is approved."""
    late = NOW + 50 * DAY
    order = pending(quote=quote_of(valid_until="2027-02-01")).order
    decision(order, order.quote, at=late)
    approved = order.approve("Connie", late)
    outcome_page(Outcome.APPROVED, approved.order, INSTALLATION, "en")
    for role in MAILS[MailKind.APPROVED].audience:
        render_mail(MailKind.APPROVED, role, approved.order, approved.entries[-1], INSTALLATION, ACCOUNT_NAME)


def _offers_again(order: Order) -> None:
    """The mails that are not the first with a quote."""
    kind, role = MailKind.QUOTE_TO_CONFIRM, Role.CONTACT
    later = order.offer(quote_of().model_copy(update={"revision": 2}), CLARA, NOW)
    for change in (order.resend(CLARA, None, NOW), later, _handed_over(order)):
        render_mail(kind, role, change.order, change.entries[0], INSTALLATION, ACCOUNT_NAME, LINK)


def _expiries(order: Order) -> None:
    """Of a quote that was not mailed in time, and told anew to the next contact person."""
    late = NOW + 60 * DAY
    unmailed, anew = (
        order_schedule.expire_unmailed(sending().order, 14, late),
        _expired(order).order.sync_contact(CARLA, None, late),
    )
    for change, role, link in ((unmailed, Role.CUSTOMER_SUCCESS, None), (anew, Role.CONTACT, LINK)):
        render_mail(MailKind.EXPIRED, role, change.order, change.entries[-1], INSTALLATION, ACCOUNT_NAME, link)
    for reason in SystemReason:
        translator("en").reason({"reason": reason.value, "code": reason.code})


def _replies_of_the_desk(order: Order) -> None:
    """The mails about a hand-over that the desk has agreed to, and about a contact person who waits for the desk."""
    agreed = approve_hand_over(_to_be_handed_over(order).order, CLARA, NOW)
    for role in MAILS[MailKind.HANDED_OVER].audience:
        render_mail(MailKind.HANDED_OVER, role, agreed.order, agreed.entries[-1], INSTALLATION, ACCOUNT_NAME)
    waiting = order_schedule.tick(_asked(order).order, Policy(), NOW + DAY)
    render_mail(
        MailKind.STALE_ORDER, Role.CUSTOMER_SUCCESS, waiting.order, waiting.entries[-1], INSTALLATION, ACCOUNT_NAME
    )


def _decisions(order: Order) -> None:
    """By the contact person and by somebody else."""
    for name in ("Connie", "Max Finance"):
        decided = order.approve(name, NOW).order
        outcome_page(Outcome.ALREADY_DECIDED, decided, INSTALLATION, "en", decided_by=name)
    for other in under_another_name():
        other.mail()


def certificates(locale: str) -> list[bytes]:
    """The paper of each decision, with every event that has words, and with what is not known."""
    order, made = pending().order, []
    words = [key.removeprefix("certificate.event.") for key in texts(locale) if key.startswith("certificate.event.")]
    events = [event for event in Event if event in words or event is Event.COMMENTED]
    for decision in (each for each in get_args(LinkDecision) if each != "hand_over"):
        evidence = evidence_of(order, decision, CONNIE.name, CONNIE.email, None, None)
        entries = [
            Entry(sequence=1, at=NOW, actor=SYSTEM, event=event, data={"revision": evidence.revision})
            for event in events
        ]
        document = certificate_document(order, ACCOUNT_NAME, evidence, order.quote, entries, NOW)
        certificate = Certificate(document, Signature("kid", bytes(71)))
        made.append(render_certificate_pdf(certificate, locale, INSTALLATION))
    return [*made, certificate_of_choice(locale), *_rich_certificates(locale)]


def certificate_of_choice(locale: str) -> bytes:
    """The paper of an approval with options."""
    order = approved_order(locale)
    evidence = evidence_of(order, "approve", CONNIE.name, CONNIE.email, None, None)
    document = certificate_document(order, ACCOUNT_NAME, evidence, order.approved_quote, [], NOW)
    return render_certificate_pdf(Certificate(document, Signature("kid", bytes(71))), locale, INSTALLATION)


def _rich_certificates(locale: str) -> Iterator[bytes]:
    """Yield those of quotes with options, of which some or none were chosen, and of a signed order."""
    attached = Upload("Order.pdf", b"%PDF-1.7\n%%EOF\n").attached()
    for options in (RICH_OPTIONS, ()):
        order = pending(locale, quote=with_papers(rich_quote())).order.approve("Connie", NOW, options, "4500-123").order
        evidence = evidence_of(order, "approve", CONNIE.name, CONNIE.email, None, None, attached)
        document = certificate_document(order, ACCOUNT_NAME, evidence, order.quote, (), NOW)
        certificate = Certificate(document, Signature("kid", bytes(71)))
        yield render_certificate_pdf(certificate, locale, INSTALLATION, parse_letterhead(LETTERHEAD))


def everything() -> None:
    """Says whatever there is to say in English."""
    order, entry = pending().order, placed().entries[0]
    for case in cases("en"):
        case.mail()
        if not MAILS[case.kind].needs_link:
            case.mail(link=None)
    note = placed().order.comment(Actor(kind="customer_success", name=CLARA.email), "Call.", NOW, internal=True)
    Case(MailKind.COMMENT, Role.ASSIGNEE, note, note.entries[-1], None).mail()
    for ending in endings():
        for role in MAILS[MailKind.CANCELED].audience:
            render_mail(MailKind.CANCELED, role, ending.order, ending.entries[-1], INSTALLATION, ACCOUNT_NAME)
    for waiting in stalled():
        render_mail(MailKind.STALE_ORDER, Role.CUSTOMER_SUCCESS, waiting, entry, INSTALLATION, ACCOUNT_NAME)
    settings = [item_of("sdp_users", region=region) for region in REGIONS]
    settings += [item_of("accessory", accessory_type=name) for name in ACCESSORY_TYPES]
    direct = place(*settings, source="direct", by=CLARA)
    desk = (MailKind.NEW_ORDER, Role.CUSTOMER_SUCCESS)
    render_mail(*desk, direct.order, direct.entries[0], INSTALLATION, ACCOUNT_NAME)
    _offers_again(order)
    _too_late()
    account_mails("en")
    invitations("en")
    render_contact_report(account_of(enrollment=None), "Who?", ANNA.email, INSTALLATION)
    pages("en")
    certificates("en")
    papers("en")
    confirmed = pending(quote=with_papers(rich_quote())).order.approve("Connie", NOW, RICH_OPTIONS)
    Case(MailKind.APPROVED, Role.CONTACT, confirmed, confirmed.entries[-1], None).mail()
    for fault in FormError:
        for left in (1, 2):
            decision(order, order.quote, FormState(errors=(fault,), tries_left=left))
    for status in Status:
        outcome_page(Outcome.NOT_READY, order.model_copy(update={"status": status}), INSTALLATION, "en")
    _decisions(order)
    _replies_of_the_desk(order)
    _expiries(order)
    render_sample_pdf(parse_letterhead(LETTERHEAD), "en", INSTALLATION, TODAY)
    for quote in (quote_of(), judge_quote(quote_body(line_of(unit_price="0")))):
        render_pdf(
            quote,
            order_id=order.order_id,
            account_id=order.account_id,
            account_name=ACCOUNT_NAME,
            placed_on=TODAY,
            locale="en",
            installation=INSTALLATION,
            item_labels=item_labels(order, "en"),
        )
