"""Decisions by link, call by call: what is stored, what is said, and what another request in between changes."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Literal

import pytest

from online_orders.aws import link_decisions, link_store, order_store, signing_keys
from online_orders.aws.keys import evidence_key, link_key
from online_orders.domain.approval_links import LinkContext, fingerprint, proof_of
from online_orders.domain.confirmation import DecisionForm, FormError, FormState, LinkResult, Outcome, parse_form
from online_orders.domain.evidence import Evidence
from online_orders.domain.orders import Change, Order, staff_actor
from online_orders.telemetry import MetricUnit
from tests.aws.desk import Desk, in_place_of_aws, text_of
from tests.domain.builders import (
    CLARA,
    CONNIE,
    DAY,
    HOUR,
    NOW,
    ORDER_ID,
    account_of,
    expired,
    offered,
    place,
    quote_for,
    sending,
)

Json = dict[str, Any]
Purpose = Literal["order", "quote"]

SENDER = ("192.0.2.1", "Browser")
AT = NOW + 3 * HOUR
SECOND = timedelta(seconds=1)
OFFERED = offered()
EXPIRED = expired()


class LinkDesk(Desk):
    """Presents the order's links; notes what was waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.now = AT
        self.pauses: list[int] = []
        """The attempts that were waited before."""

    def present(self, purpose: Purpose = "quote", *proofs: str, codes: int = 0, of_asker: int = 0) -> LinkContext:
        """Return the context of the order's newest link, after so many wrong codes."""
        _, confirm = link_store.issue_link(self.order, purpose)
        token = confirm.url.rpartition("/")[2]
        self.count(token, wrong_codes=codes, wrong_codes_of_asker=of_asker)
        return link_store.load_link(token, frozenset(proofs))

    def present_to_asker(self, purpose: Purpose = "quote", *, codes: int = 5, of_asker: int = 0) -> LinkContext:
        """Return the context of a link that others have locked, to the browser that has asked for its mail."""
        link = self.present(purpose).link
        proof = proof_of(signing_keys.signing_key("links").key, link, CONNIE.email)
        return self.present(purpose, proof, codes=codes, of_asker=of_asker)

    def count(self, token: str, **counts: int) -> None:
        self.table.items[text_of(link_key(fingerprint(token)))] |= {
            name: {"N": str(count)} for name, count in counts.items()
        }

    def counts(self, context: LinkContext) -> tuple[int, int]:
        """Return the wrong codes that are stored of a link: of all, and of whoever has asked for its mail."""
        item = self.table.items[text_of(link_key(fingerprint(context.token)))]
        return int(item["wrong_codes"]["N"]), int(item["wrong_codes_of_asker"]["N"])

    @property
    def evidence(self) -> Evidence | None:
        item = self.table.items.get(text_of(evidence_key(ORDER_ID, self.order.internals.sequence)))
        return Evidence.model_validate_json(item["document"]["S"]) if item else None


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[LinkDesk]:
    desk = LinkDesk()
    monkeypatch.setattr(link_decisions, "back_off", desk.pauses.append)
    settings = {"FRESH_MAIL_INTERVAL_SECONDS": "60", "FRESH_MAILS_PER_DAY": "3", "SITE_URL": "https://orders.example"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with in_place_of_aws(desk, monkeypatch):
        desk.store(OFFERED, account_of())
        yield desk


def form_of(context: LinkContext, decision: str = "approve", **changes: str) -> DecisionForm:
    """Return a form with the right code, unless it has another."""
    typed = {"decision": decision, "name": "Connie C.", "reason": "Less", "code": context.code, **changes}
    return parse_form(typed, context.link)


def send(context: LinkContext, decision: str = "approve", at: datetime = AT, **changes: str) -> LinkResult:
    return link_decisions.handle_decision(context, form_of(context, decision, **changes), SENDER, at)


def send_wrong(context: LinkContext, decision: str = "approve") -> LinkResult:
    return send(context, decision, code=f"{(int(context.code) + 1) % 1_000_000:06d}")


def said(result: LinkResult) -> tuple[Outcome | None, HTTPStatus]:
    return result.outcome, result.status


def commented(order: Order) -> Change:
    return order.comment(staff_actor(CLARA), "Hello", NOW + HOUR)


def declined(order: Order) -> Change:
    return order.decline(CLARA, "Over.", NOW + HOUR)


def canceled(order: Order) -> Change:
    return order.cancel("Connie", None, NOW + HOUR)


def quoted_anew(order: Order) -> Change:
    return order.offer(quote_for(order, AT), CLARA, AT)


# -- deciding -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decision", "outcome", "event"),
    [
        ("approve", Outcome.APPROVED, "order.completed"),
        ("cancel", Outcome.CANCELED, "order.canceled"),
        ("request_change", Outcome.CHANGE_REQUESTED, "order.change_requested"),
    ],
)
def test_a_decision_is_stored_with_its_evidence(desk: LinkDesk, decision: Any, outcome: Outcome, event: str) -> None:
    desk.store(OFFERED)
    context = desk.present()
    result = send(context, decision)
    assert said(result) == (outcome, HTTPStatus.OK)
    assert (result.decided_by, result.form, result.proof) == ("Connie C.", FormState(), None)
    assert result.context == context._replace(order=desk.order)
    assert desk.events == [event]
    assert OFFERED.quote
    assert desk.evidence == Evidence(
        sequence=OFFERED.internals.sequence + 1,
        at=AT,
        decision=decision,
        name="Connie C.",
        recipient=CONNIE.email,
        address=SENDER[0],
        agent=SENDER[1],
        revision=1,
        sha256=OFFERED.quote.sha256,
    )
    hours = ("DecisionHours", MetricUnit.NoUnit, 3.0)
    assert desk.told == [(f"Decided_{decision}", MetricUnit.Count, 1), hours]
    assert desk.counts(context) == (0, 0)


@pytest.mark.parametrize("order", [place().order, sending()], ids=["without a quote", "with one that is to go"])
def test_of_an_order_without_an_offer_no_hours_are_counted(desk: LinkDesk, order: Order) -> None:
    desk.store(order)
    assert said(send(desk.present("order"), "cancel")) == (Outcome.CANCELED, HTTPStatus.OK)
    assert desk.told == [("Decided_cancel", MetricUnit.Count, 1)]


@pytest.mark.parametrize("method", ["get_item", "transact_write_items"], ids=["before it is read", "after it was read"])
def test_a_decision_is_taken_on_the_order_as_it_is_by_then(desk: LinkDesk, method: str) -> None:
    desk.store(OFFERED)
    context = desk.present()
    desk.before_next(method, lambda: desk.follow(commented))
    assert said(send(context)) == (Outcome.APPROVED, HTTPStatus.OK)
    assert desk.events == ["order.commented", "order.completed"]
    assert desk.evidence
    assert desk.evidence.sequence == OFFERED.internals.sequence + 2


@pytest.mark.parametrize(
    ("first", "outcome", "status", "decider"),
    [
        (lambda order: order.approve("Carla", AT), Outcome.APPROVED, HTTPStatus.OK, "Carla"),
        (lambda order: order.cancel("Carla", None, AT), Outcome.ALREADY_DECIDED, HTTPStatus.CONFLICT, "Carla"),
        (declined, Outcome.CLOSED, HTTPStatus.CONFLICT, None),
        (lambda order: order.resend(CLARA, None, AT), Outcome.REPLACED, HTTPStatus.GONE, None),
    ],
    ids=["the same decision", "another decision", "an end by the desk", "another link"],
)
def test_what_was_first_counts(
    desk: LinkDesk, first: Callable[[Order], Change], outcome: Outcome, status: HTTPStatus, decider: str | None
) -> None:
    desk.store(OFFERED)
    context = desk.present()
    desk.before_next("transact_write_items", lambda: desk.follow(first))
    result = send(context)
    assert said(result) == (outcome, status)
    assert (result.decided_by, result.context.order) == (decider, desk.order)
    assert (len(desk.events), desk.evidence, desk.told) == (1, None, [])


def test_a_right_code_counts_only_with_as_many_wrong_ones_as_it_was_checked_with(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    context = desk.present()
    desk.before_next("transact_write_items", lambda: desk.count(context.token, wrong_codes=5))
    assert said(send(context)) == (Outcome.LOCKED, HTTPStatus.LOCKED)
    assert (desk.events, desk.evidence, desk.order) == ([], None, OFFERED)
    context = desk.present()
    desk.before_next("transact_write_items", lambda: desk.count(context.token, wrong_codes=4))
    assert said(send(context)) == (Outcome.APPROVED, HTTPStatus.OK)


def test_who_asked_for_the_mail_decides_though_others_have_locked_the_link(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    assert said(send(desk.present_to_asker())) == (Outcome.APPROVED, HTTPStatus.OK)


def test_who_asked_for_the_mail_reads_what_was_first(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    context = desk.present_to_asker()
    desk.follow(declined)
    form = form_of(context)
    assert said(link_decisions.respond_to_lost_race(context, form)) == (Outcome.CLOSED, HTTPStatus.CONFLICT)


def test_of_a_form_with_errors_nothing_is_stored(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    result = send(desk.present(), name="")
    assert said(result) == (None, HTTPStatus.BAD_REQUEST)
    assert result.form == FormState("approve", "", "Less", (FormError.NAME_MISSING,))
    robot = send(desk.present(codes=5), "request_mail", extra="x")
    assert said(robot) == (Outcome.LOCKED, HTTPStatus.BAD_REQUEST)
    assert (desk.events, desk.order) == ([], OFFERED)


# -- whose decision it was ----------------------------------------------------------------------------------------


def test_a_page_names_who_decided(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    context = desk.present()
    send(context, "request_change")
    desk.follow(commented)
    result = link_decisions.handle_view(desk.present(), AT)
    assert (*said(result), result.decided_by) == (Outcome.CHANGE_REQUESTED, HTTPStatus.OK, "Connie C.")
    late = send(context._replace(order=desk.order))
    assert (*said(late), late.decided_by) == (Outcome.ALREADY_DECIDED, HTTPStatus.CONFLICT, "Connie C.")


def test_the_decision_of_an_earlier_release_is_the_newest_entry_if_it_is_the_contacts(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    send(desk.present(), "request_change")
    decided = desk.order
    desk.store(
        decided.model_copy(update={"internals": decided.internals.model_copy(update={"decision_sequence": None})})
    )
    assert link_decisions.handle_view(desk.present(), AT).decided_by == "Connie C."
    desk.follow(commented)
    assert link_decisions.handle_view(desk.present(), AT).decided_by is None


def test_nobody_is_named_and_looked_up_for_where_the_contact_has_not_decided(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    context = desk.present()
    looked = link_decisions.handle_view(context, AT)
    assert (*said(looked), looked.decided_by) == (None, HTTPStatus.OK, None)
    desk.follow(declined)
    context = desk.present()
    calls = len(desk.table.calls)
    closed = link_decisions.handle_view(context, AT)
    assert (*said(closed), closed.decided_by) == (Outcome.CLOSED, HTTPStatus.OK, None)
    assert len(desk.table.calls) == calls


# -- a fresh quote ------------------------------------------------------------------------------------------------


def test_whoever_has_the_code_may_ask_for_a_fresh_quote(desk: LinkDesk) -> None:
    desk.store(EXPIRED)
    context = desk.present()
    result = send(context, "request_quote", name="", reason="")
    assert said(result) == (Outcome.FRESH_QUOTE_ASKED, HTTPStatus.OK)
    assert result.context == context._replace(order=desk.order)
    assert (desk.events, desk.evidence) == (["quote.fresh_asked"], None)
    looked = link_decisions.handle_view(desk.present(), AT)
    assert looked.outcome is Outcome.FRESH_QUOTE_ASKED


def test_a_fresh_quote_is_asked_for_from_the_day_after_the_last(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    context = desk.present()
    desk.now = AT + 60 * DAY
    assert said(send(context, "request_quote", desk.now)) == (Outcome.FRESH_QUOTE_ASKED, HTTPStatus.OK)


@pytest.mark.parametrize(
    ("happens", "outcome", "status"),
    [
        (lambda desk, token: desk.follow(declined), Outcome.CLOSED, HTTPStatus.CONFLICT),
        (lambda desk, token: desk.follow(canceled), Outcome.ALREADY_DECIDED, HTTPStatus.CONFLICT),
        (lambda desk, token: desk.count(token, wrong_codes=5), Outcome.EXPIRED, HTTPStatus.GONE),
        (
            lambda desk, token: desk.follow(quoted_anew),
            Outcome.IN_PREPARATION,
            HTTPStatus.GONE,
        ),
    ],
    ids=["the order is declined", "the order is canceled", "the link is locked", "the next quote is made"],
)
def test_a_fresh_quote_is_asked_for_only_by_an_expired_link(
    desk: LinkDesk, happens: Callable[[LinkDesk, str], None], outcome: Outcome, status: HTTPStatus
) -> None:
    desk.store(EXPIRED)
    context = desk.present()
    desk.before_next("get_item", lambda: happens(desk, context.token))
    assert said(send(context, "request_quote", name="")) == (outcome, status)
    assert "quote.fresh_asked" not in desk.events


# -- wrong codes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("codes", range(4))
def test_a_wrong_code_is_counted_and_the_form_comes_back(desk: LinkDesk, codes: int) -> None:
    desk.store(OFFERED)
    context = desk.present(codes=codes)
    result = send_wrong(context)
    assert said(result) == (None, HTTPStatus.FORBIDDEN)
    assert result.form == FormState("approve", "Connie C.", "Less", (FormError.CODE_WRONG,), 4 - codes)
    assert result.context.link.wrong_codes == codes + 1
    assert desk.counts(context) == (codes + 1, 0)
    assert (desk.events, desk.told, desk.pauses) == ([], [("WrongCodes", MetricUnit.Count, 1)], [])


@pytest.mark.parametrize("purpose", ["quote", "order"])
def test_the_fifth_wrong_code_locks_the_link_and_tells_the_desk(desk: LinkDesk, purpose: Purpose) -> None:
    desk.store(OFFERED if purpose == "quote" else place().order)
    context = desk.present(purpose, codes=4)
    sequence = desk.order.internals.sequence
    result = send_wrong(context, "cancel")
    assert (*said(result), result.form) == (Outcome.LOCKED, HTTPStatus.LOCKED, FormState())
    assert desk.counts(context) == (5, 0)
    entry = order_store.get_entry(ORDER_ID, sequence + 1)
    assert (entry.event, entry.at, entry.data["purpose"]) == ("link.locked", AT, purpose)
    assert desk.told == [("WrongCodes", MetricUnit.Count, 1)]


def test_with_a_wrong_code_an_expired_quote_stays_expired(desk: LinkDesk) -> None:
    desk.store(EXPIRED)
    result = send_wrong(desk.present(), "request_quote")
    assert said(result) == (Outcome.EXPIRED, HTTPStatus.FORBIDDEN)
    assert result.form.errors == (FormError.CODE_WRONG,)


def test_every_one_of_wrong_codes_at_the_same_time_is_counted(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    context = desk.present()
    desk.before_next(
        "update_item",
        lambda: desk.count(context.token, wrong_codes=1),
        lambda: desk.count(context.token, wrong_codes=2),
    )
    result = send_wrong(context)
    assert (result.form.tries_left, desk.counts(context), desk.pauses) == (2, (3, 0), [1, 2])
    assert desk.told == [("WrongCodes", MetricUnit.Count, 1)]


def test_a_fifth_wrong_code_that_loses_its_race_is_counted_after_all(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    context = desk.present(codes=4)
    desk.before_next("transact_write_items", lambda: desk.follow(commented))
    assert said(send_wrong(context)) == (Outcome.LOCKED, HTTPStatus.LOCKED)
    assert (desk.counts(context), desk.pauses) == ((5, 0), [1])
    assert desk.events == ["order.commented", "link.locked"]


def test_a_link_is_locked_once(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    context = desk.present()
    desk.before_next("update_item", lambda: desk.count(context.token, wrong_codes=5))
    assert said(send_wrong(context)) == (Outcome.LOCKED, HTTPStatus.LOCKED)
    assert (desk.counts(context), desk.events) == ((5, 0), [])


@pytest.mark.parametrize(
    ("first", "outcome"), [(declined, Outcome.CLOSED), (canceled, Outcome.ALREADY_DECIDED)], ids=["desk", "contact"]
)
def test_a_wrong_code_for_an_order_that_was_closed_meanwhile_is_not_counted(
    desk: LinkDesk, first: Callable[[Order], Change], outcome: Outcome
) -> None:
    desk.store(OFFERED)
    context = desk.present()

    def close() -> None:
        desk.count(context.token, wrong_codes=1)
        desk.follow(first)

    desk.before_next("update_item", close)
    assert said(send_wrong(context)) == (outcome, HTTPStatus.CONFLICT)
    assert (desk.counts(context), desk.told) == ((1, 0), [])


def test_the_wrong_codes_of_who_asked_for_the_mail_are_counted_apart(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    context = desk.present_to_asker(of_asker=1)
    desk.before_next("update_item", lambda: desk.count(context.token, wrong_codes_of_asker=2))
    result = send_wrong(context)
    assert (*said(result), result.form.tries_left) == (None, HTTPStatus.FORBIDDEN, 2)
    assert desk.counts(context) == (5, 3)
    locked = send_wrong(desk.present_to_asker(of_asker=4))
    assert (said(locked), desk.counts(context)) == ((Outcome.LOCKED, HTTPStatus.LOCKED), (5, 5))


# -- a fresh mail -------------------------------------------------------------------------------------------------


def ask(desk: LinkDesk, purpose: Purpose = "quote", after: timedelta = timedelta(0), **changes: str) -> LinkResult:
    """Ask for a mail in place of the newest link, locked by wrong codes, so long after AT."""
    desk.now = AT + after
    return send(desk.present(purpose, codes=5), "request_mail", desk.now, **{"code": "", **changes})


@pytest.mark.parametrize("purpose", ["quote", "order"])
def test_a_locked_link_is_replaced_by_a_fresh_one(desk: LinkDesk, purpose: Purpose) -> None:
    desk.store(OFFERED if purpose == "quote" else place().order)
    before = desk.order.internals
    result = ask(desk, purpose, code="no code")
    assert (*said(result), result.proof) == (Outcome.FRESH_MAIL_SENT, HTTPStatus.OK, None)
    assert result.context.order == desk.order
    after = desk.order.internals
    links = (after.quote_link - before.quote_link, after.order_link - before.order_link)
    assert links == ((1, 0) if purpose == "quote" else (0, 1))
    assert (after.fresh_mails_at, after.coded_mails_at) == ((AT,), ())
    assert desk.events == ["link.fresh_asked"]


def test_who_asks_with_the_code_has_a_proof_for_the_next_link(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    context = desk.present(codes=5)
    result = send(context, "request_mail")
    assert said(result) == (Outcome.FRESH_MAIL_FOR_ASKER, HTTPStatus.OK)
    after = desk.order.internals
    assert (after.fresh_mails_at, after.coded_mails_at) == ((), (AT,))
    assert result.context == context._replace(order=desk.order)
    assert result.proof
    assert desk.present("quote", result.proof, codes=5).link.is_askers


def test_only_a_locked_link_is_replaced(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    context = desk.present(codes=4)
    assert said(send(context, "request_mail")) == (None, HTTPStatus.BAD_REQUEST)
    desk.follow(lambda order: order.resend(CLARA, None, AT))
    replaced = link_store.load_link(context.token)
    assert said(send(replaced, "request_mail")) == (Outcome.REPLACED, HTTPStatus.GONE)
    desk.store(EXPIRED)
    assert said(send(desk.present(codes=4), "request_mail")) == (Outcome.EXPIRED, HTTPStatus.GONE)
    assert "link.fresh_asked" not in desk.events
    assert said(send(desk.present(codes=5), "request_mail")) == (Outcome.FRESH_MAIL_FOR_ASKER, HTTPStatus.OK)


def test_fresh_mails_have_a_pause_and_a_daily_limit(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    minute = 60 * SECOND
    said_at = {
        after: (result.outcome, result.status, result.retry_after_seconds)
        for after in (0 * SECOND, minute - SECOND, minute, 3 * minute, 6 * minute, DAY, DAY + minute)
        for result in [ask(desk, after=after)]
    }
    sent = (Outcome.FRESH_MAIL_SENT, HTTPStatus.OK, None)
    refused = (Outcome.TOO_MANY_MAILS, HTTPStatus.TOO_MANY_REQUESTS)
    assert said_at == {
        0 * SECOND: sent,
        minute - SECOND: (*refused, 60),
        minute: sent,
        3 * minute: sent,
        6 * minute: (*refused, 86_400),
        DAY: sent,
        DAY + minute: sent,
    }


def test_who_has_no_code_does_not_replace_the_link_of_who_has_given_one(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    ask(desk)
    context = desk.present(codes=5)
    assert send(context, "request_mail").outcome is Outcome.FRESH_MAIL_FOR_ASKER, "robots do not keep him waiting"
    refused = ask(desk, after=HOUR)
    assert (*said(refused), refused.retry_after_seconds) == (
        Outcome.TOO_MANY_MAILS,
        HTTPStatus.TOO_MANY_REQUESTS,
        86_400,
    )
    again = desk.present(codes=5)
    assert ask(desk, after=HOUR, code=again.code).outcome is Outcome.FRESH_MAIL_FOR_ASKER
    assert ask(desk, after=HOUR + DAY).outcome is Outcome.FRESH_MAIL_SENT


@pytest.mark.parametrize("purpose", ["quote", "order"])
def test_two_who_ask_at_the_same_time_get_one_mail(desk: LinkDesk, purpose: Purpose) -> None:
    desk.store(OFFERED if purpose == "quote" else place().order)
    context = desk.present(purpose, codes=5)
    desk.before_next("get_item", lambda: desk.follow(lambda order: order.ask_for_fresh_mail(purpose, AT)))
    result = send(context, "request_mail", code="")
    assert said(result) == (Outcome.FRESH_MAIL_SENT, HTTPStatus.OK)
    assert desk.events == ["link.fresh_asked"]
    assert result.context.order == desk.order


@pytest.mark.parametrize(
    ("first", "decider"),
    [(declined, None), (lambda order: order.approve("Carla", NOW + HOUR), "Carla")],
    ids=["by the desk", "by the contact"],
)
def test_for_an_order_that_was_closed_meanwhile_no_mail_goes(
    desk: LinkDesk, first: Callable[[Order], Change], decider: str | None
) -> None:
    desk.store(OFFERED)
    context = desk.present_to_asker(of_asker=5)
    desk.before_next("get_item", lambda: desk.follow(first))
    result = send(context, "request_mail")
    assert (*said(result), result.proof, result.decided_by) == (Outcome.CLOSED, HTTPStatus.CONFLICT, None, decider)
    assert result.context == context._replace(order=desk.order), "with who closed it, and why"
    assert "link.fresh_asked" not in desk.events


def test_a_quote_past_its_last_day_is_expired_before_the_workflow_says_so(desk: LinkDesk) -> None:
    desk.store(OFFERED)
    assert OFFERED.quote
    result = ask(desk, after=60 * DAY)
    assert OFFERED.is_quote_past(desk.now)
    assert said(result) == (Outcome.EXPIRED, HTTPStatus.GONE)
    assert desk.events == []
