"""An order under any sequence of actions, right or wrong, early or late, held to a small model of the contract."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from online_orders.domain import order_delivery, order_schedule
from online_orders.domain.accounts import Contact
from online_orders.domain.errors import Conflict
from online_orders.domain.order_parts import User
from online_orders.domain.order_schedule import Policy
from online_orders.domain.orders import Change, Order
from online_orders.domain.quotes import Quote
from online_orders.domain.timeline import Actor
from tests.domain.builders import (
    ANNA,
    CARLA,
    CLARA,
    CONNIE,
    CONRAD,
    DAY,
    HOUR,
    KEY_ID,
    NOW,
    account_of,
    assert_well_kept,
    item_of,
    line_of,
    place,
    quote_for,
)

POLICY = Policy(remind_after_days=3, remind_before_end_days=2, grace_days=5, unclaimed_hours=24, unquoted_hours=72)
OPEN = {"submitted", "in_process", "pending_confirmation"}
PENDING = {"pending_confirmation"}
ON_OFFER = {"offered", "undeliverable"}
UNDECIDED = ON_OFFER | {"sending"}

staff = st.sampled_from([CLARA, CONRAD])
contacts = st.sampled_from([CONNIE, CARLA])
ages = st.sampled_from([0, 0, 0, 0, 1, 2])
"""By how many links a mail is older than the newest."""


class OrderMachine(RuleBasedStateMachine):
    """The rules are the actions; each says which events and which state the contract expects of it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.events = ["order.submitted"]
        self.replaced: dict[int, Quote] = {}
        self.contents: dict[int, str] = {}
        self.closed: Order | None = None
        self.status, self.version, self.assignee = "submitted", 1, ""
        self.revision, self.state = 0, ""
        self.valid_until = self.offered_on = self.reminded_on = date.min
        self.order_link, self.quote_link, self.mailed_link = 1, 0, 0
        self.held_until: datetime | None = None
        self.delivered_link, self.bounced_link, self.complained_link = 0, 0, 0
        self.contact, self.has_own_contact, self.fresh_quote_asked = CONNIE, False, 0
        self.enrolled, self.is_parted = True, False
        self.since, self.told_stale_since = NOW, datetime.min.replace(tzinfo=UTC)

    @initialize(zone=st.sampled_from(["UTC", "Pacific/Kiritimati", "America/New_York"]))
    def place(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self.order = place(item_of("socket"), item_of("ip_addresses"), account=account_of(time_zone=zone)).order

    @property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    @property
    def mail_is_pending(self) -> bool:
        is_behind = self.quote_link > self.mailed_link and not self.is_parted
        return self.status in OPEN and self.state in UNDECIDED and is_behind

    def take(self, action: Callable[[Order], Change], *events: str, allowed: bool = True) -> bool:
        """Take the action and hold it to its events, or, when it is not allowed, to its refusal."""
        if not allowed:
            with pytest.raises(Conflict) as refusal:
                action(self.order)
            assert refusal.value.members() == {"status": self.status}
            return False
        change = action(self.order)
        assert_well_kept(self.order, change)
        assert [entry.event.value for entry in change.entries] == list(events)
        assert all(entry.at == self.now for entry in change.entries)
        self.events += events
        self.order = change.order
        if change.replaced:
            assert change.replaced.revision not in self.replaced
            self.replaced[change.replaced.revision] = change.replaced
        return True

    def move(self, status: str, state: str = "") -> None:
        if status != self.status:
            self.since = self.now
        self.status, self.version = status, self.version + 1
        if state and self.state in UNDECIDED:
            self.state = state

    @rule(hours=st.sampled_from([1, 5, 24, 24, 72]))
    def wait(self, hours: int) -> None:
        self.now += hours * HOUR

    # Customer Success.

    @rule(by=staff)
    def claim(self, by: User) -> None:
        events = [] if (self.status, self.assignee) == ("in_process", by.user_id) else ["order.claimed"]
        allowed = self.status in {"submitted", "in_process"}
        if self.take(lambda order: order.claim(by, self.now), *events, allowed=allowed) and events:
            self.move("in_process")
            self.assignee = by.user_id

    @rule(by=staff)
    def release(self, by: User) -> None:
        events = ["order.released"] if self.assignee else []
        if (
            self.take(lambda order: order.release(by, self.now), *events, allowed=self.status == "in_process")
            and events
        ):
            self.move(self.status)
            self.assignee = ""

    @rule(by=staff, validity=st.integers(0, 12), hold=st.sampled_from([0, 0, 1, 6]), options=st.integers(0, 2))
    def quote(self, by: User, validity: int, hold: int, options: int) -> None:
        end = self.today + validity * DAY
        lines = [line_of(str(number)) for number in range(1, len(self.order.items) + 1)]
        optional = line_of(None, optional=True, selected=True)
        revision = quote_for(self.order, self.now, valid_until=end.isoformat(), lines=[*lines, *[optional] * options])
        allowed = self.status in {"in_process", "pending_confirmation"}
        if self.take(lambda order: order.offer(revision, by, self.now, hold * HOUR), "quote.prepared", allowed=allowed):
            self.held_until = self.now + hold * HOUR if hold else None
            self.move(self.status)
            self.revision, self.state, self.valid_until = self.revision + 1, "sending", end
            self.quote_link, self.offered_on = self.quote_link + 1, date.min

    @property
    def is_held(self) -> bool:
        return self.mail_is_pending and self.state == "sending" and self.held_until is not None

    @rule(by=staff)
    def undo_quote(self, by: User) -> None:
        if self.take(lambda order: order.undo_quote(by, self.now), "quote.undone", allowed=self.is_held):
            self.move("in_process", "superseded")
            self.held_until = None

    @rule()
    def release_mail(self) -> None:
        goes = self.is_held and self.held_until is not None and self.held_until <= self.now
        self.take(lambda order: order_delivery.release_mail(order, self.now), *(["quote.mailing"] if goes else []))
        if goes:
            self.held_until = None

    @rule(by=staff)
    def decline(self, by: User) -> None:
        if self.take(
            lambda order: order.decline(by, "sold out", self.now), "order.canceled", allowed=self.status in OPEN
        ):
            self.move("canceled", "declined")

    @rule(by=staff, contact=st.none() | contacts)
    def resend(self, by: User, contact: Contact | None) -> None:
        is_unsent = self.is_parted and (self.status, self.state) == ("in_process", "sending")
        never_sent = is_unsent or (self.status, self.state) == ("in_process", "undeliverable")
        allowed = (never_sent or self.status in PENDING) and self.state in UNDECIDED
        allowed = allowed and self.today <= self.valid_until and not (self.is_parted and not contact)
        if self.take(lambda order: order.resend(by, contact, self.now), "quote.resent", allowed=allowed):
            self.move(self.status)
            self.quote_link, self.is_parted = self.quote_link + 1, False
            if self.offered_on != date.min:
                self.reminded_on = self.today
            if contact:
                self.order_link += 1
                self.contact, self.has_own_contact = contact, True

    @rule(contact=contacts | st.none())
    def sync_contact(self, contact: Contact | None) -> None:
        present = None if self.is_parted else self.contact
        follows = self.status in OPEN and not self.has_own_contact and contact != present
        events = [f"order.contact_{'changed' if contact else 'removed'}"] if follows else []
        self.take(lambda order: order.sync_contact(contact, CLARA.email, self.now), *events)
        if not follows:
            return
        if contact:
            if self.offered_on != date.min:
                self.reminded_on = self.today
            self.contact = contact
        self.is_parted = contact is None
        self.order_link += 1
        self.quote_link += self.revision > 0

    @rule(enrolled=st.booleans(), by=st.none() | st.just(CLARA.email))
    def sync_enrollment(self, enrolled: bool, by: str | None) -> None:
        events = []
        if self.status in OPEN and enrolled != self.enrolled:
            events, self.enrolled = ["enrollment.resumed" if enrolled else "enrollment.suspended"], enrolled
        self.take(lambda order: order.sync_enrollment(enrolled, by, self.now), *events)

    # The customer and the contact person.

    @rule()
    def withdraw(self) -> None:
        allowed = self.status == "submitted"
        if self.take(lambda order: order.withdraw(ANNA, None, self.now), "order.canceled", allowed=allowed):
            self.move("canceled")

    @rule(internal=st.booleans())
    def comment(self, internal: bool) -> None:
        actor = Actor(kind="customer_success", name=CLARA.email)
        self.take(
            lambda order: order.comment(actor, "Hm.", self.now, internal=internal),
            "order.commented",
            allowed=self.status in OPEN,
        )

    @rule(count=st.none() | st.integers(0, 2), number=st.sampled_from([None, "PO-1"]))
    def approve(self, count: int | None, number: str | None) -> None:
        allowed = self.status in PENDING and self.state in ON_OFFER and self.today <= self.valid_until
        offered = [*self.order.quote.options] if self.order.quote else []
        chosen = None if count is None else offered[:count]
        if self.take(
            lambda order: order.approve("Connie", self.now, chosen, number), "order.completed", allowed=allowed
        ):
            self.move("completed", "approved")
            assert self.order.quote
            accepted = self.order.quote.accepted
            assert (accepted is None) == (not offered and number is None)
            assert accepted is None or [*accepted.options] == (offered if chosen is None else chosen)

    @rule()
    def cancel(self) -> None:
        allowed = self.status in OPEN
        if self.take(lambda order: order.cancel("Connie", None, self.now), "order.canceled", allowed=allowed):
            self.move("canceled", "declined")

    @rule()
    def request_change(self) -> None:
        if self.take(
            lambda order: order.request_change("Connie", "less", self.now),
            "order.change_requested",
            allowed=self.status in PENDING,
        ):
            self.state = "sending"  # whatever it was, it is decided now
            self.move("in_process", "change_requested")

    @rule()
    def ask_for_fresh_quote(self) -> None:
        is_past = self.status in PENDING and self.today > self.valid_until
        allowed = is_past or (self.status in {"in_process", *PENDING} and self.state == "expired")
        events = [] if self.fresh_quote_asked == self.revision else ["quote.fresh_asked"]
        if self.take(lambda order: order.ask_for_fresh_quote(self.now), *events, allowed=allowed):
            self.fresh_quote_asked = self.revision

    @rule()
    def ask_for_fresh_mail_of_the_order(self) -> None:
        allowed = self.status in {"submitted", "in_process"}
        if self.take(lambda order: order.ask_for_fresh_mail("order", self.now), "link.fresh_asked", allowed=allowed):
            self.order_link += 1

    @rule()
    def ask_for_fresh_mail_of_the_quote(self) -> None:
        allowed = self.status in PENDING and self.today <= self.valid_until
        if self.take(lambda order: order.ask_for_fresh_mail("quote", self.now), "link.fresh_asked", allowed=allowed):
            self.quote_link += 1

    # The workflow, and what it hears of its mails.

    def expect_mailed(self, link: int) -> list[str]:
        """The events of SES having taken the mail with the link, which the model takes over."""
        was_given_up = (self.status, self.state) == ("in_process", "undeliverable")
        if self.status not in OPEN or not self.revision or link != self.quote_link:
            return []
        if not (self.mail_is_pending or was_given_up):
            return []
        self.mailed_link = link
        is_first = self.state == "sending" or was_given_up
        self.state = "offered"
        if not is_first:
            return ["quote.mailed"]
        self.move("pending_confirmation")
        self.offered_on = self.reminded_on = self.today
        return ["order.quoted"]

    @rule(age=ages)
    def mail(self, age: int) -> None:
        link = self.quote_link - age
        self.take(lambda order: order_delivery.quote_mailed(order, link, KEY_ID, self.now), *self.expect_mailed(link))

    @rule(age=ages)
    def hear_of_refusal(self, age: int) -> None:
        link = self.quote_link - age
        events = ["quote.undeliverable"] if self.mail_is_pending and not age else []
        self.take(lambda order: order_delivery.quote_refused(order, link, "no such mailbox", self.now), *events)
        if events:
            self.state, self.mailed_link = "undeliverable", link

    @rule(age=ages)
    def hear_of_bounce(self, age: int) -> None:
        link = self.quote_link - age
        events = self.expect_mailed(link)
        if self.status in OPEN and self.revision and not age and link > self.bounced_link:
            events.append("quote.undeliverable")
            self.bounced_link = link
            if self.state in UNDECIDED:
                self.state = "undeliverable"
        self.take(lambda order: order_delivery.quote_bounced(order, link, KEY_ID, "no such mailbox", self.now), *events)

    @rule(age=ages)
    def hear_of_delivery(self, age: int) -> None:
        link = self.quote_link - age
        events = self.expect_mailed(link)
        if self.status in OPEN and self.revision and not age and link > max(self.delivered_link, self.bounced_link):
            events.append("quote.delivered")
            self.delivered_link = link
            self.expect_arrived()
        self.take(lambda order: order_delivery.quote_delivered(order, link, KEY_ID, self.now), *events)

    def expect_arrived(self) -> None:
        if (self.status, self.state) == ("pending_confirmation", "undeliverable"):
            self.state = "offered"
            if self.offered_on == date.min:
                self.offered_on = self.reminded_on = self.today

    @rule(age=ages)
    def hear_of_complaint(self, age: int) -> None:
        link = self.quote_link - age
        events = ["quote.complained"] if self.status in OPEN and not age and link > self.complained_link else []
        if events and link > self.bounced_link:
            self.expect_arrived()
        self.take(lambda order: order_delivery.quote_complained(order, link, self.now), *events)
        if events:
            self.complained_link = link

    @rule()
    def come_to_send(self) -> None:
        """What the workflow does before it hands a mail to SES."""
        is_held = self.state == "sending" and self.held_until is not None and self.now < self.held_until
        is_over = self.mail_is_pending and self.today > self.valid_until and not is_held
        was_offered = self.offered_on != date.min
        self.take(
            lambda order: order_schedule.expire_unmailed(order, 14, self.now), *(["quote.expired"] if is_over else [])
        )
        if is_over:
            self.state = "expired"
            if not was_offered and self.status != "in_process":
                self.move("in_process")

    @rule()
    def tick(self) -> None:
        events = []
        if not self.mail_is_pending:
            events = self.expect_of_time() if self.status in PENDING else self.expect_at_desk()
        self.take(lambda order: order_schedule.tick(order, POLICY, self.now), *events)

    def expect_at_desk(self) -> list[str]:
        patience = {"submitted": 24 * HOUR, "in_process": 72 * HOUR}.get(self.status)
        if patience is None or self.now - self.since < patience or self.told_stale_since == self.since:
            return []
        self.told_stale_since = self.since
        return ["order.stale"]

    def expect_of_time(self) -> list[str]:
        if self.state == "expired" and self.today > self.valid_until + 5 * DAY:
            self.move("canceled")
            return ["order.canceled"]
        if self.state in ON_OFFER and self.today > self.valid_until:
            self.state = "expired"
            return ["quote.expired"]
        due = [self.offered_on + 3 * DAY, self.valid_until - 2 * DAY]
        if self.state == "offered" and not self.is_parted and any(self.reminded_on < day <= self.today for day in due):
            self.reminded_on = self.today
            return ["quote.reminded"]
        return []

    # What holds at any time.

    @invariant()
    def the_order_is_what_the_contract_says(self) -> None:
        order = self.order
        assert (order.status, order.version) == (self.status, self.version)
        assert (order.assignee.user_id if order.assignee else "") == self.assignee
        assert (order.quote.revision if order.quote else 0) == self.revision
        assert (order.quote.state.value if order.quote else "") == self.state
        assert order.contact == self.contact
        assert order.mail_is_pending == self.mail_is_pending
        assert order.is_contact_removed == self.is_parted
        assert order.undo_until == (self.held_until if self.is_held else None)

    @invariant()
    def one_link_of_each_purpose_is_live_and_none_comes_back(self) -> None:
        assert (self.order.internals.order_link, self.order.internals.quote_link) == (self.order_link, self.quote_link)

    @invariant()
    def the_sequence_counts_the_entries(self) -> None:
        assert self.order.internals.sequence == len(self.events)

    @invariant()
    def a_closed_order_never_changes(self) -> None:
        self.closed = self.closed or (None if self.order.is_open else self.order)
        assert self.closed in (None, self.order)
        assert (self.order.closed is None) == (self.status in OPEN)

    @invariant()
    def what_was_offered_never_changes(self) -> None:
        quotes = {**self.replaced, **({self.order.quote.revision: self.order.quote} if self.order.quote else {})}
        assert sorted(quotes) == list(range(1, self.revision + 1))
        for revision, quote in quotes.items():
            content = quote.model_dump_json(exclude={"state", "offered_at", "decided_at", "accepted"})
            assert quote.accepted is None or quote.state == "approved"
            assert self.contents.setdefault(revision, content) == content
            assert quote.content_hash(self.order.account_id, self.order.order_id) == quote.sha256

    @invariant()
    def at_most_the_newest_revision_is_on_offer(self) -> None:
        assert all(quote.state.value not in UNDECIDED for quote in self.replaced.values())

    @invariant()
    def what_is_stored_comes_back(self) -> None:
        assert Order.model_validate_json(self.order.model_dump_json()) == self.order

    @invariant()
    def the_order_knows_since_when_it_has_been_where_it_is(self) -> None:
        since = self.order.internals.since
        assert self.order.status in since
        assert max(since.values()) == since[self.order.status] <= self.now
        assert timedelta(0) <= self.order.updated_at - self.order.placed_at


TestAnyCourseOfAnOrder = OrderMachine.TestCase
TestAnyCourseOfAnOrder.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
