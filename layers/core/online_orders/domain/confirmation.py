"""Decide what the sender of a form behind a link gets: errors, or the outcome of the link's state.

Nothing here reads a clock, a table or a secret. The code is checked only after `judge` has returned None.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Literal, NamedTuple

from online_orders.domain import order_delivery
from online_orders.domain.accounts import ERASED_EMAIL, Contact, HandOverPolicy
from online_orders.domain.approval_links import CODE, Link, LinkContext, LinkState
from online_orders.domain.attachments import Upload
from online_orders.domain.orders import Change, Order
from online_orders.domain.quotes import Quote
from online_orders.domain.values import MAX_NAME_LENGTH, MAX_REASON_LENGTH, is_email

DECISIONS = ("approve", "cancel", "request_change")
ASK, HAND_OVER = "ask", "hand_over"
"""A question about a quote, and handing the decision on it over to a colleague: beside the decisions, by the same link
and code."""
RECALCULATE = "recalculate"
"""A look at the page with other options chosen; it needs no code."""
OPTIONS, OPTION, GROUP = "options", "option.", "group."
"""The field that says that the form has the options, and the prefixes of the fields that choose among them."""
PRICED = "priced"
"""The field with the ids of the options whose totals the page has shown, joined by commas."""
MAX_PURCHASE_ORDER_LENGTH = 64
SignedOrderPolicy = Literal["optional", "required", "never"]
"""Whether a file may come with an approval, must, or cannot, as the account says."""
REQUEST_QUOTE, REQUEST_MAIL = "request_quote", "request_mail"
"""Requests for a fresh quote in place of an expired one, and for a fresh mail in place of a locked link."""


# -- the form -----------------------------------------------------------------------------------------------------


class FormError(StrEnum):
    """An error of a form; the name begins with the field."""

    DECISION_MISSING = "decision_missing"
    NAME_MISSING = "name_missing"
    NAME_TOO_LONG = "name_too_long"
    REASON_MISSING = "reason_missing"
    QUESTION_MISSING = "reason_question_missing"
    REASON_TOO_LONG = "reason_too_long"
    CODE_MISSING = "code_missing"
    CODE_MALFORMED = "code_malformed"
    CODE_WRONG = "code_wrong"
    NEW_NAME_MISSING = "new_name_missing"
    NEW_NAME_TOO_LONG = "new_name_too_long"
    NEW_EMAIL_MISSING = "new_email_missing"
    NEW_EMAIL_MALFORMED = "new_email_malformed"
    NEW_EMAIL_OWN = "new_email_own"
    """The address of whoever is asked now."""
    EXTRA_FILLED = "extra_filled"
    """The hidden field, which only robots fill in."""
    OPTION_UNKNOWN = "option_unknown"
    """A line was chosen that the quote does not have, or that is not optional."""
    OPTIONS_EXCLUDE = "options_exclude"
    """Two lines of one group were chosen."""
    PURCHASE_ORDER_MISSING = "purchase_order_missing"
    PURCHASE_ORDER_TOO_LONG = "purchase_order_too_long"
    ATTACHMENT_MISSING = "attachment_missing"
    ATTACHMENT_NOT_TAKEN = "attachment_not_taken"
    """The account takes no signed orders; its page does not ask for any."""
    ATTACHMENT_TOO_LARGE = "attachment_too_large"
    ATTACHMENT_NOT_PDF = "attachment_not_pdf"
    ATTACHMENT_ENCRYPTED = "attachment_encrypted"

    @property
    def field(self) -> str:
        first, second, *_ = self.split("_")
        return f"{first}_{second}" if first == "new" else _FIELDS.get(first, first)


_FIELDS = {"option": OPTIONS, "purchase": "purchase_order_number", "attachment": "signed_order"}
"""Names of fields that are not the beginning of their errors."""


class FormNotice(StrEnum):
    """What the page with the form to decide says above it; its texts are under `notice.{notice}`."""

    QUESTION_SENT = "question_sent"
    TOO_MANY_QUESTIONS = "too_many_questions"
    HAND_OVER_ASKED = "hand_over_asked"
    TOO_MANY_HAND_OVERS = "too_many_hand_overs"
    RECALCULATED = "recalculated"
    """The page shows what the quote comes to with the options chosen."""
    TOTALS_CHANGED = "totals_changed"
    """The same, of an approval with other options than the page before had shown the totals of."""


@dataclass(frozen=True)
class FormState:
    """What was typed and its errors, to be shown again, and what the form says and offers besides; the code is never
    shown again.
    """

    decision: str = ""
    name: str = ""
    reason: str = ""
    errors: tuple[FormError, ...] = ()
    tries_left: int | None = None
    """How many codes may still be tried, after a wrong one."""
    new_name: str = ""
    new_email: str = ""
    notice: FormNotice | None = None
    may_hand_over: bool = True
    """Whether the account's policy lets the contact person hand the decision over."""
    options: tuple[str, ...] | None = None
    """The ids of the optional lines that were chosen; None for those that are offered as chosen."""
    purchase_order_number: str = ""
    had_upload: bool = False
    """Whether a file came with the form; a page cannot give it back, so it is to be chosen again."""
    signed_order: SignedOrderPolicy = "optional"
    """The account's policy for a file with an approval."""
    needs_purchase_order: bool = False
    """Whether an approval has to name the purchase order."""

    def has_error(self, field: str) -> bool:
        return any(error.field == field for error in self.errors)


EMPTY_FORM = FormState()


class DecisionForm(NamedTuple):
    """A form as it was sent; valid when it has no errors."""

    decision: str
    name: str
    reason: str
    code: str
    errors: tuple[FormError, ...]
    new_name: str = ""
    """Of the colleague who is to decide; likewise the address."""
    new_email: str = ""
    options: tuple[str, ...] | None = None
    """The ids of the optional lines that were chosen; None for those that are offered as chosen."""
    purchase_order_number: str = ""
    upload: Upload | None = None
    """The file that came with an approval."""
    had_upload: bool = False
    is_unpriced: bool = False
    """Whether it approves other options than those whose totals its page has shown."""

    def shown_with(self, *errors: FormError, tries_left: int | None = None) -> FormState:
        """Return what a page shows of the form again, with these errors."""
        return FormState(
            self.decision,
            self.name,
            self.reason,
            errors,
            tries_left,
            self.new_name,
            self.new_email,
            options=self.options,
            purchase_order_number=self.purchase_order_number,
            had_upload=self.had_upload,
        )


def form_of(
    context: LinkContext, fields: Mapping[str, str], at: datetime, upload: Upload | None = None
) -> DecisionForm:
    """Return the form that was sent to a link, with all its errors, as `parse_form`.

    What is offered, and what the account wants besides, is of importance only while there is something to decide. A
    purchase order number is read where the page asks for one: the order has none yet.
    """
    contact = context.order.contact if context.is_of_contact else None  # others are not told who is asked now
    link, account, order = context.link, context.account, context.order
    is_open = link.purpose == "quote" and context.state(at) is LinkState.OPEN
    needs_number = is_open and needs_purchase_order(context)
    if order.purchase_order_number:
        fields = {name: value for name, value in fields.items() if name != "purchase_order_number"}
    return parse_form(
        fields,
        link,
        contact,
        account.hand_over,
        quote=order.quote if is_open else None,
        needs_purchase_order=needs_number,
        upload=upload,
        signed_order=account.signed_order if is_open else "optional",
    )


def needs_purchase_order(context: LinkContext) -> bool:
    """Return whether an approval by a link has to name the purchase order: the account wants one, and the order has
    none.
    """
    return context.account.purchase_order == "required" and not context.order.purchase_order_number


def parse_form(
    fields: Mapping[str, str],
    link: Link,
    contact: Contact | None = None,
    policy: HandOverPolicy = HandOverPolicy.DESK,
    *,
    quote: Quote | None = None,
    needs_purchase_order: bool = False,
    upload: Upload | None = None,
    signed_order: SignedOrderPolicy = "optional",
) -> DecisionForm:
    """Return the form that was sent to a link, with all its errors.

    `contact` is who is asked now, and `policy` the account's for handing over. `quote` is what is on offer, and
    `needs_purchase_order` says that an approval has to name the purchase order. `upload` is the file that came with the
    form, and `signed_order` the account's policy for it; only an approval takes one. The colleague's name and address
    are read only of a form that hands over. Of a form that asks for a fresh mail only the code is read, and any text is
    valid as one.
    """
    code = "".join(fields.get("code", "").split())
    # The error says nothing about the code then, which is not counted.
    is_by_robot = bool(fields.get("extra", "").strip())
    if fields.get("decision") == REQUEST_MAIL:
        return DecisionForm(REQUEST_MAIL, "", "", code, (FormError.EXTRA_FILLED,) if is_by_robot else ())
    decision = fields.get("decision", "").strip()
    name = _printable_line(fields.get("name", ""))
    is_hand_over = decision == HAND_OVER
    new_name = _printable_line(fields.get("new_name", "")) if is_hand_over else ""
    new_email = _printable(fields.get("new_email", "")).strip() if is_hand_over else ""
    reason = _printable(fields.get("reason", "")).strip()
    options = _options_of(fields) if quote else None
    number = _printable_line(fields.get("purchase_order_number", ""))
    chosen = None if options is None else tuple(sorted({option for option, _ in options}, key=_numerically))
    is_approval = decision == "approve"
    form = DecisionForm(decision, name, reason, code, (), new_name, new_email, chosen, number)
    form = form._replace(
        upload=upload if is_approval else None,
        had_upload=upload is not None,
        is_unpriced=is_approval and chosen is not None and {*chosen} != _priced_of(fields),
    )
    is_unknown, is_double = _option_faults(options, quote)
    if decision == RECALCULATE and link.purpose == "quote":
        return form._replace(
            errors=_errors({FormError.OPTION_UNKNOWN: is_unknown, FormError.OPTIONS_EXCLUDE: is_double})
        )
    fault = upload.fault if is_approval and upload and signed_order != "never" else None
    more = (ASK,) if policy is HandOverPolicy.NEVER else (ASK, HAND_OVER)
    allowed = ("cancel",) if link.purpose == "order" else (*DECISIONS, *more, REQUEST_QUOTE)
    is_own = contact is not None and contact.has_mailbox(new_email)
    applies = {
        FormError.EXTRA_FILLED: is_by_robot,
        FormError.DECISION_MISSING: decision not in allowed,
        FormError.NAME_MISSING: decision != REQUEST_QUOTE and not name,
        FormError.NAME_TOO_LONG: len(name) > MAX_NAME_LENGTH,
        FormError.REASON_MISSING: decision == "request_change" and not reason,
        FormError.QUESTION_MISSING: decision == ASK and not reason,
        FormError.REASON_TOO_LONG: len(reason) > MAX_REASON_LENGTH,
        FormError.CODE_MISSING: not code,
        FormError.CODE_MALFORMED: bool(code) and not CODE.fullmatch(code),
        FormError.NEW_NAME_MISSING: is_hand_over and not new_name,
        FormError.NEW_NAME_TOO_LONG: len(new_name) > MAX_NAME_LENGTH,
        FormError.NEW_EMAIL_MISSING: is_hand_over and not new_email,
        FormError.NEW_EMAIL_MALFORMED: bool(new_email) and not _may_be_asked(new_email),
        FormError.NEW_EMAIL_OWN: is_hand_over and is_own,
        FormError.OPTION_UNKNOWN: is_approval and is_unknown,
        FormError.OPTIONS_EXCLUDE: is_approval and is_double,
        FormError.PURCHASE_ORDER_MISSING: is_approval and needs_purchase_order and not number,
        FormError.PURCHASE_ORDER_TOO_LONG: is_approval and len(number) > MAX_PURCHASE_ORDER_LENGTH,
        FormError.ATTACHMENT_MISSING: is_approval and signed_order == "required" and not upload,
        FormError.ATTACHMENT_NOT_TAKEN: is_approval and signed_order == "never" and upload is not None,
        **{each: fault == each for each in _ATTACHMENT_FAULTS},
    }
    return form._replace(errors=_errors(applies))


_ATTACHMENT_FAULTS = (
    FormError.ATTACHMENT_TOO_LARGE,
    FormError.ATTACHMENT_NOT_PDF,
    FormError.ATTACHMENT_ENCRYPTED,
)


def _errors(applies: Mapping[FormError, bool]) -> tuple[FormError, ...]:
    return tuple(error for error, is_wrong in applies.items() if is_wrong)


def _options_of(fields: Mapping[str, str]) -> list[tuple[str, str | None]] | None:
    """Return the ids that a form has chosen, each with the group by whose field it was; None of a form without
    options.
    """
    if fields.get(OPTIONS) != "shown":
        return None
    return [*_chosen(fields)]


def _priced_of(fields: Mapping[str, str]) -> set[str] | None:
    """Return the ids of the options whose totals the page of a form has shown; None of a form that does not say so."""
    priced = fields.get(PRICED)
    return None if priced is None else {*filter(None, priced.split(","))}


def _chosen(fields: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    for name, value in fields.items():
        if name.startswith(OPTION) and value == "yes":
            yield name.removeprefix(OPTION), None
        elif name.startswith(GROUP) and value:
            yield value, name.removeprefix(GROUP)


def _option_faults(options: list[tuple[str, str | None]] | None, quote: Quote | None) -> tuple[bool, bool]:
    """Return whether a form has chosen what the quote does not offer, and whether it has chosen twice of one group."""
    if not options or quote is None:
        return False, False
    offered = quote.options
    known = {option for option, _ in options if option in offered}
    is_unknown = any(
        option not in offered or (group is not None and offered[option].option_group != group)
        for option, group in options
    )
    groups = [group for each in known if (group := offered[each].option_group) is not None]
    return is_unknown, len(set(groups)) < len(groups)


def _numerically(option: str) -> tuple[int, str]:
    return len(option), option


def _may_be_asked(email: str) -> bool:
    """Return whether a text is an address, and not the one that stands for everybody who was erased."""
    return is_email(email) and email.casefold() != ERASED_EMAIL


def _printable_line(text: str) -> str:
    return " ".join(_printable(text).split())


def _printable(text: str) -> str:
    """Return what was typed, without control characters other than line ends and tabs."""
    return "".join(character for character in text if character in "\n\t" or character.isprintable())


# -- the result ---------------------------------------------------------------------------------------------------


class Outcome(StrEnum):
    """What a page without the form to decide says; its texts are under `outcome.{outcome}`."""

    APPROVED = "approved"
    CANCELED = "canceled"
    CHANGE_REQUESTED = "change_requested"
    HANDED_OVER = "handed_over"
    ALREADY_DECIDED = "already_decided"
    """Another decision was first; the page shows it."""
    CLOSED = "closed"
    """The order was closed, but not by a link; the page shows who closed it and why."""
    REPLACED = "replaced"
    IN_PREPARATION = "in_preparation"
    """There is no newer mail yet: the next quote is still to be sent."""
    PARTED = "parted"
    """Another contact person is asked now, or nobody."""
    EXPIRED = "expired"
    """The page has the form that asks for a fresh quote, with the code."""
    LOCKED = "locked"
    """The page has the form that asks for a fresh mail."""
    FRESH_MAIL_SENT = "fresh_mail_sent"
    FRESH_MAIL_FOR_ASKER = "fresh_mail_for_asker"
    """The fresh link is to be opened in the browser that asked for it with the code."""
    FRESH_QUOTE_ASKED = "fresh_quote_asked"
    TOO_MANY_MAILS = "too_many_mails"
    TOO_MANY_REQUESTS = "too_many_requests"
    UNKNOWN_LINK = "unknown_link"
    NOT_READY = "not_ready"
    FAULT = "fault"


class LinkResult(NamedTuple):
    """The result of a request to a link."""

    context: LinkContext
    outcome: Outcome | None
    """None: show the form to decide."""
    status: HTTPStatus
    form: FormState = EMPTY_FORM
    decided_by: str | None = None
    """The name given with the decision by link that was first, if known."""
    retry_after_seconds: int | None = None
    proof: str | None = None
    """The value of a cookie for the browser to keep (see `approval_links.proof_of`)."""


_RESULTS: Mapping[LinkState, tuple[Outcome | None, HTTPStatus]] = {
    LinkState.PARTED: (Outcome.PARTED, HTTPStatus.GONE),
    LinkState.SUPERSEDED: (Outcome.REPLACED, HTTPStatus.GONE),
    LinkState.IN_PREPARATION: (Outcome.IN_PREPARATION, HTTPStatus.GONE),
    LinkState.NEVER_RENEWED: (Outcome.CLOSED, HTTPStatus.GONE),
    LinkState.EXPIRED: (Outcome.EXPIRED, HTTPStatus.GONE),
    LinkState.LOCKED: (Outcome.LOCKED, HTTPStatus.LOCKED),
    LinkState.APPROVED: (Outcome.APPROVED, HTTPStatus.OK),
    LinkState.CANCELED: (Outcome.CANCELED, HTTPStatus.OK),
    LinkState.CHANGE_REQUESTED: (Outcome.CHANGE_REQUESTED, HTTPStatus.OK),
    LinkState.CLOSED: (Outcome.CLOSED, HTTPStatus.CONFLICT),
    LinkState.OPEN: (None, HTTPStatus.OK),
}
"""The outcome and status for the sender of a form, by the link's state."""

DECIDED = {
    "approve": Outcome.APPROVED,
    "cancel": Outcome.CANCELED,
    "request_change": Outcome.CHANGE_REQUESTED,
}
NAMES_DECIDER = frozenset({*DECIDED.values(), Outcome.ALREADY_DECIDED, Outcome.CLOSED})


def result_of(context: LinkContext, at: datetime) -> LinkResult:
    """Return the result that follows from the state of the link alone, whatever was sent."""
    return LinkResult(context, *_RESULTS[context.state(at)])


def view(context: LinkContext, at: datetime) -> LinkResult:
    """Return what the page behind a link shows when no form was sent."""
    result = result_of(context, at)
    if result.outcome is Outcome.EXPIRED and context.order.is_fresh_quote_asked:
        result = result._replace(outcome=Outcome.FRESH_QUOTE_ASKED)
    if result.outcome is None and context.order.pending_hand_over:
        result = result._replace(form=FormState(notice=FormNotice.HAND_OVER_ASKED))
    return result if result.status is HTTPStatus.GONE else result._replace(status=HTTPStatus.OK)


def recalculate(context: LinkContext, form: DecisionForm, at: datetime) -> LinkResult:
    """Return the page with the options that a form has chosen, and with what was typed; it is a look, and needs no
    code.
    """
    result = view(context, at)
    if result.outcome is not None:
        return result
    notice = result.form.notice or (None if form.errors else FormNotice.RECALCULATED)
    shown = replace(form._replace(decision="").shown_with(*form.errors), notice=notice)
    return result._replace(status=HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK, form=shown)


def judge(context: LinkContext, form: DecisionForm, at: datetime) -> LinkResult | None:
    """Return the result that a form has whatever its code; None when the code decides.

    The order of the checks: the form, replaced or expired, locked, decided. Nobody approves an amount that no page has
    shown: with other options than those, the page comes with their totals, and the code is not looked at.
    """
    result = result_of(context, at)
    if form.errors:
        shown = FormState(errors=form.errors) if form.decision == REQUEST_MAIL else form.shown_with(*form.errors)
        return result._replace(status=HTTPStatus.BAD_REQUEST, form=shown)
    if result.outcome is None and form.is_unpriced:
        return result._replace(form=replace(form.shown_with(), notice=FormNotice.TOTALS_CHANGED))
    if result.outcome is None:
        return _without_decision(result, form) if form.decision == REQUEST_QUOTE else None
    if result.outcome is Outcome.EXPIRED and form.decision == REQUEST_QUOTE:
        return LinkResult(context, Outcome.LOCKED, HTTPStatus.LOCKED) if context.link.locked else None
    return _to_decision(result, form)


def _without_decision(result: LinkResult, form: DecisionForm) -> LinkResult:
    """Return the refusal of a request for a fresh quote when the present one has not expired."""
    shown = form._replace(decision="").shown_with(FormError.DECISION_MISSING)
    return result._replace(status=HTTPStatus.BAD_REQUEST, form=shown)


def _to_decision(result: LinkResult, form: DecisionForm) -> LinkResult:
    """Return the result of a decision: the same one again has the first one's result, and another one comes
    too late.
    """
    if result.status is HTTPStatus.OK and result.outcome is not DECIDED.get(form.decision):
        return LinkResult(result.context, Outcome.ALREADY_DECIDED, HTTPStatus.CONFLICT)
    return result


def result_of_lost_race(context: LinkContext, form: DecisionForm, at: datetime) -> LinkResult:
    """Return the result of a decision that came second; `context` is the link as it is now."""
    result = result_of(context, at)
    if result.outcome is None:
        return LinkResult(context, Outcome.NOT_READY, HTTPStatus.CONFLICT)
    return _to_decision(result, form)


# -- the decision -------------------------------------------------------------------------------------------------


def decide_by_link(context: LinkContext, form: DecisionForm, at: datetime) -> Change:
    """Return the change by the decision of a form whose code is right, by an open link."""
    order, link = context.order, context.link
    if link.purpose == "order":
        return _decide(order, form, at)
    # The sender has link and code, and so the mail, even if SES's acceptance is not recorded yet.
    mailed = order_delivery.quote_mailed(order, link.number, link.key_id, at)
    return mailed.then(lambda order: _decide(order, form, at))


def ask_by_link(context: LinkContext, form: DecisionForm, open_texts: Collection[str], at: datetime) -> Change:
    """Return the change by the question of a form whose code is right; `open_texts` are those of open questions."""
    from online_orders.domain import questions  # which no look and no decision needs; likewise below

    link = context.link
    mailed = order_delivery.quote_mailed(context.order, link.number, link.key_id, at)
    return mailed.then(lambda order: questions.ask(order, form.name, form.reason, open_texts, at))


def hand_over_by_link(context: LinkContext, form: DecisionForm, at: datetime) -> Change:
    """Return the change by the hand-over of a form whose code is right."""
    from online_orders.domain import hand_over

    link, new = context.link, Contact(name=form.new_name, email=form.new_email)
    mailed = order_delivery.quote_mailed(context.order, link.number, link.key_id, at)
    return mailed.then(
        lambda order: hand_over.hand_over(order, context.account, new, form.name, form.reason or None, at)
    )


def _decide(order: Order, form: DecisionForm, at: datetime) -> Change:
    if form.decision == "approve":
        sha256 = form.upload.sha256 if form.upload else None
        return order.approve(form.name, at, form.options, form.purchase_order_number or None, attachment=sha256)
    if form.decision == "cancel":
        return order.cancel(form.name, form.reason or None, at)
    return order.request_change(form.name, form.reason, at)
