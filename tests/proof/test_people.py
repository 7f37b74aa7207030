"""Anybody does anything, right or wrong, early or late, while the stream repeats and mixes: one model holds throughout.

Nothing moves between two actions until the rule `settle`, so that decisions come before the workflow has reached its
wait, before the mail is out, and several at once. Indexes lag behind the table all the while.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from emulation.ses_rules import EventType
from tests.lab import Lab, Response, User, accounts
from tests.lab.mail import Mail
from tests.proof.flows import CONTACT
from tests.proof.rebuilding import UNDECIDED, Told, stored, told_by
from tests.proof.records import disagreements, records_of

Json = dict[str, Any]

OTHER_CONTACT = "next@acme.example"
VALID_DAYS, GRACE_DAYS = 5, 3
HOLDS = (50, 0)
"""Seconds for undoing a quote; over within the minute that time may pass by."""
OPEN = {"submitted", "in_process", "pending_confirmation"}
WRONG_CODES = 5

colleagues = st.sampled_from(["cs", "cs2"])
OUTCOMES = {"approve": "completed", "cancel": "canceled", "request_change": "in_process"}


class People(RuleBasedStateMachine):
    ends: ClassVar[Counter[str]] = Counter()
    """How the orders stood when the people had done."""
    done: ClassVar[Counter[str]] = Counter()
    """How often something has happened, by the timelines."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.status, self.version, self.assignee = "submitted", 1, ""
        self.revision, self.state = 0, ""
        self.closed_by: str | None = None
        self.valid_until = date.min
        self.contact, self.order_link = CONTACT, 1
        self.quote_link, self.mailed_link, self.link_decided = 0, 0, ""
        self.bounced_link = 0
        self.mails: dict[int, Mail] = {}
        self.wrong_codes: dict[int, int] = {}
        self.held_until: datetime | None = None

    @initialize(seed=st.integers(0, 999), is_quoted=st.sampled_from([True, True, False]), hold=st.sampled_from(HOLDS))
    def place(self, seed: int, is_quoted: bool, hold: int) -> None:
        """Most orders begin with a quote: few would come as far by chance."""
        self.hold = hold
        self.lab = self.stack.enter_context(Lab.started(GraceDays=str(GRACE_DAYS), QuoteUndoSeconds=str(hold)))
        self.lab.account("acme")
        self.lab.account("bolt")
        self.lab.shuffle(seed)
        self.lab.lag(seed)
        body = {"items": [{"kind": "ip_addresses", "quantity": 4, "start_date": "2027-03-05"}]}
        key = {"Idempotency-Key": "one"}
        first, again = (
            self.lab.http("POST", "/api/orders", json=body, headers=key, user=self.lab.users.customer) for _ in range(2)
        )
        assert (first.status, again.status) == (201, 201)
        assert first.json() == again.json()
        self.order_id = first.json()["order_id"]
        self.lab.settle()
        self.order_mail, self.order_mail_link = self.newest_mail(quote=False), 1
        if is_quoted:
            self.claim("cs")
            self.quote("cs")
            self.settle(1)

    def newest_mail(self, *, quote: bool) -> Mail:
        """The contact person's newest mail with a link."""
        mails = [mail for mail in self.lab.mails if mail.link and bool(mail.attachments) is quote]
        assert mails[-1].recipients == (self.contact,)
        return mails[-1]

    # -- the model ----------------------------------------------------------------------------------------------------

    def take(self, answer: Response, *, allowed: bool, status: int = 200) -> bool:
        """Hold an answer to what the action table says; a refusal tells the status that the order has."""
        if allowed:
            assert answer.status == status, answer
            return True
        assert answer.status == 409, answer
        assert answer.json()["status"] == self.status
        return False

    def close(self, status: str, by: str, state: str) -> None:
        self.status, self.version, self.closed_by = status, self.version + 1, by
        if self.state in UNDECIDED:
            self.state = state

    def desk(self, who: str, action: str, body: Json | None = None) -> Response:
        user: User = getattr(self.lab.users, who)
        return self.lab.http("POST", f"/api/desk/orders/{self.order_id}/{action}", json=body or {}, user=user)

    # -- Customer Success ---------------------------------------------------------------------------------------------

    @rule(who=colleagues)
    def claim(self, who: str) -> None:
        user: User = getattr(self.lab.users, who)
        response = self.desk(who, "claim")
        if self.take(response, allowed=self.status in {"submitted", "in_process"}) and (self.status, self.assignee) != (
            "in_process",
            user.user_id,
        ):
            self.status, self.version, self.assignee = "in_process", self.version + 1, user.user_id

    @rule(who=colleagues)
    def release(self, who: str) -> None:
        if self.take(self.desk(who, "release"), allowed=self.status == "in_process") and self.assignee:
            self.version, self.assignee = self.version + 1, ""

    @rule(who=colleagues)
    def quote(self, who: str) -> None:
        line = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
        valid_until = self.today() + timedelta(days=VALID_DAYS)
        response = self.desk(who, "quote", {"valid_until": valid_until.isoformat(), "lines": [line]})
        if self.take(response, allowed=self.status in {"in_process", "pending_confirmation"}, status=202):
            self.version, self.revision, self.state = self.version + 1, self.revision + 1, "sending"
            self.valid_until = valid_until
            self.quote_link, self.link_decided = self.quote_link + 1, ""
            self.held_until = self.lab.clock.now() + timedelta(seconds=self.hold) if self.hold else None

    @rule(who=colleagues)
    def undo(self, who: str) -> None:
        allowed = self.status in OPEN and self.state == "sending" and self.held_until is not None
        if self.take(self.desk(who, "quote/undo"), allowed=allowed):
            self.status, self.version, self.state = "in_process", self.version + 1, "superseded"

    @rule(who=colleagues)
    def quote_and_undo(self, who: str) -> None:
        """A quote is taken back at once or hardly ever."""
        self.quote(who)
        self.undo(who)

    @rule(who=colleagues)
    def resend(self, who: str) -> None:
        allowed = self.status == "pending_confirmation" and self.state in UNDECIDED
        if self.take(self.desk(who, "resend"), allowed=allowed, status=202):
            self.version, self.quote_link = self.version + 1, self.quote_link + 1

    @rule(who=colleagues)
    def decline(self, who: str) -> None:
        if self.take(self.desk(who, "decline", {"reason": "Sold out"}), allowed=self.status in OPEN):
            self.close("canceled", "customer_success", "declined")

    # -- customers ----------------------------------------------------------------------------------------------------

    @rule(who=st.sampled_from(["customer", "colleague", "other_customer", "cs"]))
    def withdraw(self, who: str) -> None:
        user: User = getattr(self.lab.users, who)
        response = self.lab.http("POST", f"/api/orders/{self.order_id}/cancel", json={}, user=user)
        if who in {"other_customer", "cs"}:
            assert response.status == (404 if who == "other_customer" else 403), response
        elif self.take(response, allowed=self.status == "submitted"):
            self.close("canceled", "customer", "declined")

    @rule(who=st.sampled_from(["customer", "colleague"]))
    def comment(self, who: str) -> None:
        user: User = getattr(self.lab.users, who)
        path = f"/api/orders/{self.order_id}/comment"
        self.take(self.lab.http("POST", path, json={"text": "Hm."}, user=user), allowed=self.status in OPEN)

    # -- the contact person -------------------------------------------------------------------------------------------

    def send_form(self, mail: Mail, decision: str, *, right: bool) -> int:
        assert mail.link
        assert mail.code
        assert self.lab.http("GET", mail.link).status in {200, 410}
        code = mail.code if right else f"{(int(mail.code) + 1) % 1_000_000:06}"
        form = {"decision": decision, "name": "Connie", "code": code, "reason": "Less"}
        return self.lab.http("POST", mail.link, form=form).status

    def judge_code(self, number: int, *, right: bool) -> int:
        """What a well-formed form on an open link is answered, wrong codes counted; 0 is the order of the link."""
        if not right:
            self.wrong_codes[number] = self.wrong_codes.get(number, 0) + 1
            return 423 if self.wrong_codes[number] >= WRONG_CODES else 403
        return 200

    @rule(right=st.booleans())
    def cancel_by_the_first_mail(self, right: bool) -> None:
        if self.status == "pending_confirmation" or self.order_mail_link != self.order_link:
            expected = 410
        elif self.wrong_codes.get(0, 0) >= WRONG_CODES:
            expected = 423
        elif self.status not in OPEN:
            by_contact = self.status == "canceled" and self.closed_by == "contact"
            expected = 200 if by_contact else 409
        else:
            expected = self.judge_code(0, right=right)
        is_decided = self.status not in OPEN
        status = self.send_form(self.order_mail, "cancel", right=right)
        if is_decided and expected == 200 and not right:
            assert status in {200, 403}
            return
        assert status == expected
        if expected == 200 and not is_decided:
            self.close("canceled", "contact", "declined")

    @rule(decision=st.sampled_from(sorted(OUTCOMES)), right=st.sampled_from([True, True, False]), age=st.integers(0, 2))
    def decide(self, decision: str, right: bool, age: int) -> None:
        number = sorted(self.mails)[-1 - age] if age < len(self.mails) else 0
        if not number:
            return
        decided = self.link_decided
        if number != self.quote_link or (self.state == "expired" and self.status in OPEN):
            expected = 410
        elif self.wrong_codes.get(number, 0) >= WRONG_CODES:
            expected = 423
        elif decided:
            expected = 200 if decision == decided else 409
        elif self.status not in OPEN:
            expected = 409
        else:
            expected = self.judge_code(number, right=right)
        status = self.send_form(self.mails[number], decision, right=right)
        if decided and expected == 200 and not right:
            assert status in {200, 403}
            return
        assert status == expected, (decision, right, number, self.quote_link, decided, self.status)
        if expected == 200 and not decided:
            self.link_decided = decision
            if decision == "request_change":
                self.status, self.version, self.state = "in_process", self.version + 1, "change_requested"
            elif decision == "approve":
                self.close("completed", "contact", "approved")
            else:
                self.close("canceled", "contact", "declined")

    @rule()
    def approve_the_newest(self) -> None:
        """What people mostly do; few come as far by chance."""
        self.settle(1)
        self.decide("approve", right=True, age=0)

    @rule()
    def lock_the_link_and_ask_for_a_fresh_mail(self) -> None:
        """Wrong codes until no more are taken, and then the form of the page that says so."""
        self.settle(1)
        is_open = self.status == "pending_confirmation" and self.state in UNDECIDED
        if not is_open or self.mailed_link != self.quote_link:
            return
        while self.wrong_codes.get(self.quote_link, 0) < WRONG_CODES:
            self.decide("approve", right=False, age=0)
        locked = self.mails[self.quote_link]
        assert locked.link
        self.lab.advance(hours=1)
        response = self.lab.http("POST", locked.link, form={"decision": "request_mail"})
        assert response.status in {200, 429}, response
        if response.status == 200:
            self.quote_link += 1
        self.settle(0)

    # -- what comes from outside --------------------------------------------------------------------------------------

    @rule(kind=st.sampled_from(["Bounce", "Bounce", "Delivery", "Complaint"]), age=st.integers(0, 1))
    def ses_tells_of_a_mail(self, kind: EventType, age: int) -> None:
        self.settle(0)
        if age >= len(self.mails):
            return
        number = sorted(self.mails)[-1 - age]
        self.lab.ses_event(kind, self.mails[number])
        self.lab.settle()
        is_news = self.status in OPEN and number == self.quote_link and number > self.bounced_link
        if kind == "Bounce" and is_news and self.status == "pending_confirmation" and self.state in UNDECIDED:
            self.bounced_link, self.state = number, "undeliverable"

    @rule()
    def the_account_gets_another_contact(self) -> None:
        self.settle(0)
        self.contact = OTHER_CONTACT if self.contact == CONTACT else CONTACT
        enrollment = accounts.body("acme")["enrollment"]
        self.lab.account("acme", enrollment={**enrollment, "contact": {"name": "Next", "email": self.contact}})
        self.lab.settle()
        if self.status not in OPEN:
            return
        self.order_link += 1
        if self.status in {"submitted", "in_process"}:
            self.order_mail, self.order_mail_link = self.newest_mail(quote=False), self.order_link
            self.wrong_codes[0] = 0
        if self.revision:
            self.quote_link += 1
        self.settle(0)

    @rule()
    def the_account_has_no_contact_for_a_while(self) -> None:
        """Whoever was removed decides nothing from that moment on, nor by the old links once named again."""
        self.settle(0)
        enrollment = accounts.body("acme")["enrollment"]
        self.lab.account("acme", enrollment={**enrollment, "contact": None})
        for _ in range(2):
            for mail in (self.order_mail, *([self.mails[max(self.mails)]] if self.mails else [])):
                if self.status in OPEN:
                    assert self.send_form(mail, "cancel", right=True) == 410
            self.lab.settle()
        self.lab.account("acme", enrollment={**enrollment, "contact": {"name": "Next", "email": self.contact}})
        self.lab.settle()
        if self.status not in OPEN:
            return
        self.order_link += 2
        if self.status in {"submitted", "in_process"}:
            self.order_mail, self.order_mail_link = self.newest_mail(quote=False), self.order_link
            self.wrong_codes[0] = 0
        if self.revision:
            self.quote_link += 2
        self.settle(0)

    # -- what follows -------------------------------------------------------------------------------------------------

    def today(self) -> date:
        """Of the account."""
        return self.lab.clock.now().astimezone(ZoneInfo("America/New_York")).date()

    @rule(minutes=st.sampled_from([0, 0, 1, 5]))
    def settle(self, minutes: int) -> None:
        self.lab.advance(minutes=minutes)
        if self.held_until and self.held_until <= self.lab.clock.now():
            self.held_until = None
        is_held = self.state == "sending" and self.held_until is not None
        is_outstanding = self.status in OPEN and self.state in UNDECIDED and self.quote_link > self.mailed_link
        if is_outstanding and not is_held:
            self.mailed_link = self.quote_link
            self.mails[self.quote_link] = self.newest_mail(quote=True)
            if self.state == "sending":
                self.status, self.version = "pending_confirmation", self.version + 1
            self.state = "offered"

    @rule(days=st.sampled_from([1, 7, 10]))
    def let_days_pass(self, days: int) -> None:
        """Until an evening, so that the workflow's ticks have seen the last day."""
        self.settle(1)
        self.lab.advance_to((self.lab.clock.now() + timedelta(days=days)).replace(hour=22, minute=0))
        if self.status != "pending_confirmation":
            return
        if self.state in UNDECIDED and self.today() > self.valid_until:
            self.state = "expired"
        if self.state == "expired" and self.today() > self.valid_until + timedelta(days=GRACE_DAYS):
            self.close("canceled", "expiry", "expired")

    @rule(last=st.sampled_from([1, 5, None]))
    def the_stream_repeats_itself(self, last: int | None) -> None:
        """The newest records, or all there ever were."""
        self.lab.stream.replay(last)

    @invariant()
    def the_order_is_as_the_model_and_the_timeline_say(self) -> None:
        user = self.lab.users.cs
        path = f"/api/desk/orders/{self.order_id}"
        order = self.lab.http("GET", path, user=user).json()
        entries = self.lab.http("GET", f"{path}/timeline?limit=100", user=user).json()["items"]
        assert [entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1))
        is_told = stored(order, len(entries))
        assert told_by(entries) == is_told
        quote = (self.revision, self.state) if self.revision else None
        closed = order["closed"] and (self.closed_by or "", order["closed"]["reason"])
        assert is_told == Told(self.status, self.version, len(entries), self.assignee or None, quote, closed)

    def teardown(self) -> None:
        with self.stack:
            if hasattr(self, "order_id"):
                self.end()

    def end(self) -> None:
        self.ends[self.status] += 1
        if self.status in OPEN:
            assert self.desk("cs", "decline", {"reason": "The end"}).status == 200
        self.lab.schedules.start()
        for _ in range(3):
            self.lab.advance(timedelta(hours=7))
        assert [item["sk"] for item in self.lab.items if "outstanding" in item] == []
        assert [*self.lab.messages("StreamDeadLetters"), *self.lab.messages("MailDeadLetters")] == []
        records = records_of(self.lab, self.order_id)
        events = {detail["sequence"]: (name, detail) for name, detail in records.events}  # the stream repeats itself
        assert list(disagreements(replace(records, events=[events[number] for number in sorted(events)]))) == []
        self.done.update(entry["event"] for entry in records.entries)


@pytest.mark.timeout(3600)
def test_people_who_do_anything_find_the_order_as_the_action_table_says(
    long: bool, report: Callable[[str], None]
) -> None:
    People.ends.clear()
    People.done.clear()
    run_state_machine_as_test(
        People,
        settings=settings(
            max_examples=300 if long else 5,
            stateful_step_count=40 if long else 25,
            deadline=None,
            derandomize=not long,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    report(
        f"people at random: {People.ends.total()} lives of an order, left at {dict(People.ends)};"
        f" on their timelines {dict(sorted(People.done.items()))}"
    )
