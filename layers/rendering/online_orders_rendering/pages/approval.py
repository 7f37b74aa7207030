"""Render the pages behind the links in mails: plain HTML in the account's language, without scripts or files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from online_orders.domain.confirmation import (
    ASK,
    EMPTY_FORM,
    HAND_OVER,
    REQUEST_MAIL,
    REQUEST_QUOTE,
    FormError,
    FormState,
    Outcome,
)
from online_orders.domain.installation import Installation
from online_orders.domain.order_numbers import number_of
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Order
from online_orders.domain.quotes import Quote, QuoteState
from online_orders_rendering.i18n import (
    Translator,
    closing_sentence,
    line_of,
    passed_starts,
    translator,
)
from online_orders_rendering.quote_texts import LineTexts, QuoteTexts, TotalRow, accepted_totals, quote_texts
from online_orders_rendering.templates import FOLDER, template

STYLESHEET = (FOLDER / "pages" / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLESHEET.encode()).digest()).decode()

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


ASKS_FOR = {Outcome.EXPIRED: REQUEST_QUOTE, Outcome.LOCKED: REQUEST_MAIL}
"""The decision that the form on the page sends, by outcome."""


def decision_page(
    order: Order,
    quote: Quote | None,
    installation: Installation,
    *,
    account_name: str,
    pdf_path: str | None,
    form: FormState = EMPTY_FORM,
    site_names: Mapping[str, str] | None = None,
    at: datetime | None = None,
) -> str:
    """Return the page with what is ordered and offered, and the form to decide; without a quote the form only cancels.

    `at` is when it is read: start days that are over by then are shown so. `account_name` and `site_names` are for
    orders without a snapshot.
    """
    translate = translator(order.internals.locale)
    items = translate.items(order if quote else order.model_copy(update={"quote": None}), site_names, at)
    # What cannot be chosen together has no total; the page says so, and shows what is offered as chosen.
    chosen = None if form.has_error("options") else form.options
    told = quote_texts(quote, translate, chosen) if quote else None
    choices = list(_choices(told)) if told else []
    return template("pages/decision.html").render(
        translate=translate,
        installation=installation,
        stylesheet=STYLESHEET,
        order=order,
        number=number_of(order.order_id),
        quote=quote,
        told=told,
        choices=choices,
        priced=",".join(each.number for choice in choices for each in choice.options if each.is_chosen),
        needs_multipart=quote is not None and form.signed_order != "never",
        asks_purchase_order=not order.purchase_order_number or form.has_error("purchase_order_number"),
        unlinked=_unlinked(form, has_options=bool(choices)),
        items=items,
        passed=passed_starts(items, translate),
        account=line_of(order.account_name(account_name)),
        pdf_path=pdf_path,
        form=form,
        more=(ASK, HAND_OVER) if form.may_hand_over else (ASK,),
        is_more_open=form.decision in (ASK, HAND_OVER),
    )


class Choice(NamedTuple):
    """An option that is chosen by itself, or the options of a group, of which one may be chosen."""

    group: str | None
    options: tuple[LineTexts, ...]


def _choices(told: QuoteTexts) -> Iterator[Choice]:
    """Yield what there is to choose, in the order of the lines; a group where its first line is."""
    options = [line for line in told.lines if line.line.optional]
    groups = {each.line.option_group for each in options}
    for each in options:
        group = each.line.option_group
        if group is None:
            yield Choice(None, (each,))
        elif group in groups:
            groups.remove(group)
            yield Choice(group, tuple(other for other in options if other.line.option_group == group))


def _unlinked(form: FormState, *, has_options: bool) -> set[str]:
    """Return the fields that errors are told of without a link: they are not on the page, or are not to be seen."""
    return {
        "extra",
        *(() if has_options else ("options",)),
        *(("signed_order",) if form.signed_order == "never" else ()),
    }


def outcome_page(
    outcome: Outcome,
    order: Order | None,
    installation: Installation,
    locale: str,
    *,
    account_name: str | None = None,
    decided_by: str | None = None,
    form: FormState = EMPTY_FORM,
    confirmation_path: str | None = None,
) -> str:
    """Return the page of an outcome, in plain language; it has no form to decide.

    `order` is None where the link is unknown or nothing could be loaded; `decided_by` is the name given with the
    decision by link that was first, if known. `confirmation_path` is where the confirmation of the order is.
    """
    translate = translator(locale)
    return template("pages/outcome.html").render(
        translate=translate,
        installation=installation,
        stylesheet=STYLESHEET,
        outcome=outcome,
        order=order,
        number=number_of(order.order_id) if order else None,
        account=line_of(order.account_name(account_name or "") if order else ""),
        title=translate(f"outcome.{outcome}.title"),
        paragraphs=_paragraphs(outcome, order, translate, installation.brand, decided_by),
        reason=_reason(outcome, order),
        accepted=_accepted(outcome, order, translate),
        unlinked={"extra"},
        asks_for=ASKS_FOR.get(outcome),
        confirmation_path=confirmation_path,
        form=replace(form, errors=_errors_here(outcome, form)),
    )


_FIELDS = {Outcome.EXPIRED: ("code", "extra"), Outcome.LOCKED: ("code", "extra")}


def _errors_here(outcome: Outcome, form: FormState) -> tuple[FormError, ...]:
    """Return the errors in fields that this page's form has; another page's form may have been sent."""
    fields = _FIELDS.get(outcome, ())
    return tuple(error for error in form.errors if error.field in fields)


class AcceptedTexts(NamedTuple):
    """What was accepted of a quote that left a choice, or under a purchase order number."""

    options: tuple[str, ...]
    totals: tuple[TotalRow, ...]
    currency: str
    purchase_order_number: str | None


def _accepted(outcome: Outcome, order: Order | None, translate: Translator) -> AcceptedTexts | None:
    quote = order.quote if order else None
    if outcome is not Outcome.APPROVED or quote is None or quote.accepted is None:
        return None
    options = tuple(line_of(quote.options[each].description) for each in quote.accepted.options)
    number = quote.accepted.purchase_order_number
    return AcceptedTexts(options, tuple(accepted_totals(quote, translate)), quote.currency, number and line_of(number))


_SHOWS_DECISION = frozenset({Outcome.ALREADY_DECIDED, Outcome.CLOSED})


def _reason(outcome: Outcome, order: Order | None) -> str | None:
    return order.closed.reason if outcome in _SHOWS_DECISION and order and order.closed else None


def _paragraphs(
    outcome: Outcome, order: Order | None, translate: Translator, brand: str, decided_by: str | None
) -> list[str]:
    quote = order.quote if order else None
    text = translate(
        f"outcome.{outcome}.text",
        brand=brand,
        revision=quote.revision if quote else "",
        contact=line_of(order.contact.name) if order else "",
        valid_until=translate.day(quote.valid_until) if quote else "",
    )
    if order is None:
        return [text]
    happened = _what_happened(order, translate, brand, decided_by) if outcome in _SHOWS_DECISION else None
    is_decider_named = happened is not None and order.status is Status.CANCELED
    other_name = None if is_decider_named else _under_other_name(order, translate, decided_by)
    passed = (
        passed_starts(translate.items(order, at=order.updated_at), translate) if outcome is Outcome.APPROVED else ""
    )
    start_passed = translate("outcome.approved.start_passed", passed=passed) if passed else None
    return [each for each in (happened, other_name, text, start_passed) if each]


def _under_other_name(order: Order, translate: Translator, decided_by: str | None) -> str | None:
    """Return a sentence with the recipient and the name that was given, where they differ; else None."""
    if not decided_by or order.contact.has_name(decided_by):
        return None
    return translate("outcome.other_name", name=line_of(decided_by), asked=line_of(order.contact.name))


def _what_happened(order: Order, translate: Translator, brand: str, decided_by: str | None) -> str | None:
    if order.status is Status.COMPLETED and order.closed:
        key = "outcome.already_decided.completed"
        day = translate.day_of(order.closed.at, order.internals.time_zone)
        return translate(f"{key}.named" if decided_by else key, name=line_of(decided_by or ""), day=day)
    if order.closed:
        return closing_sentence(
            order, brand, translate, decided_by if order.closed.by == "contact" else None, order.contact
        )
    if order.quote and order.quote.state is QuoteState.CHANGE_REQUESTED:
        return translate("outcome.already_decided.change_requested")
    return None
