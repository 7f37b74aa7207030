"""Whole lives of an order, by people who do not know what goes wrong and go on as people and programs do.

A program that placed an order and got no answer asks again under the same key. A person whose request failed looks
first, and asks again only if it was not done. In an outage both come back until it is over, and who needs a mail waits
for it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from online_orders.domain.order_numbers import number_of
from tests.lab import Lab, Response, User
from tests.lab.mail import Mail
from tests.proof.records import CONTACT as CONTACT_ROLE
from tests.proof.records import DESK as DESK_ROLE
from tests.proof.records import ExpectedMail

Json = dict[str, Any]

CONTACT = "contact@acme.example"
COLLEAGUE = "colleague@acme.example"
PATIENCE = 5
"""How often somebody asks who gets no answer."""
SETTLED_WITHIN = timedelta(minutes=30)
"""After a fault: the pause of a parked order, the schedule of the reconciler, and the retries of queue and workflow."""
SETTLED_AFTER_OUTAGE = timedelta(minutes=90)
"""The longest pause of a parked order, the schedule of the reconciler, and the longest pauses of queue and workflow."""
STEP = timedelta(minutes=10)
HURRY = timedelta(minutes=1)
"""Between two acts of people in a hurry: less than an entry may be old before it is the reconciler's."""


@dataclass
class Walk:
    """One order of the account acme, and those who handle it."""

    lab: Lab
    order_id: str = ""
    most_running: int = 0
    """Executions at the same time, at any moment when nobody did anything."""
    is_hurried: bool = False
    """Whether people act as soon as they can."""
    outage_until: datetime | None = None
    """How long people come back in vain; None: they need not."""
    undone_too_late: bool = False
    """Whether somebody wanted to take a quote back, and an outage kept him from it until its mail was let go."""
    untold: Counter[ExpectedMail] = field(default_factory=Counter)
    """Mails that may not go any more, since what they ask for was over before they went."""
    _rests_in_full: int | None = None
    """How many more times resting takes its full time; None: always."""

    # -- how people ask ---------------------------------------------------------------------------------------------

    def ask(self, method: str, target: str, **request: Any) -> Response:
        """Until there is an answer that is one."""
        response = self.lab.http(method, target, **request)
        tries = 1
        while response.status >= 500 and (tries < PATIENCE or self._comes_back()):
            response = self.lab.http(method, target, **request)
            tries += 1
        return response

    def _comes_back(self) -> bool:
        """Lets some of an outage pass; False when there is none."""
        left = self.outage_until - self.lab.clock.now() if self.outage_until else timedelta(0)
        if left <= timedelta(0):
            return False
        self.sleep(min(STEP, left))
        return True

    def act(self, is_done: Callable[[Json], bool], method: str, target: str, **request: Any) -> None:
        """Ask for a change; when the answer fails, look, and ask again only if it was not made."""
        tries = 0
        while tries < PATIENCE or self._comes_back():
            response = self.lab.http(method, target, **request)
            tries += 1
            if response.status < 400:
                return
            assert response.status >= 500, response
            if is_done(self.order()):
                return
        raise AssertionError(f"{method} {target} was never done")

    def desk(
        self, action: str, is_done: Callable[[Json], bool], body: Json | None = None, user: User | None = None
    ) -> None:
        path = f"/api/desk/orders/{self.order_id}/{action}"
        self.act(is_done, "POST", path, json=body or {}, user=user or self.lab.users.cs)
        self.rest()

    def rest(self, time: timedelta = SETTLED_WITHIN) -> None:
        """Time passes with nobody doing anything."""
        self._look()
        if self.is_hurried:
            self.sleep(HURRY)
            return
        for _ in range(time // STEP if self._rests_in_full != 0 else 1):
            self.lab.advance(STEP)
            self._look()
        if self._rests_in_full:
            self._rests_in_full -= 1

    def goes_wrong(self) -> None:
        """From now on: what follows within two rests must be mended by then, and those after it are pauses."""
        self._rests_in_full = 2

    def stays_wrong(self, until: datetime | None = None) -> None:
        """From now on: whatever happens has to be mended each time, and what people need is out of order `until`."""
        self._rests_in_full, self.outage_until = None, until

    def hurries(self, *, is_hurried: bool = True) -> None:
        """From now on: people act as soon as they can, whatever is still to be mended, and wait only for mails."""
        self.is_hurried = is_hurried

    def sleep(self, time: timedelta) -> None:
        self.lab.advance(time)
        self._look()

    def _look(self) -> None:
        self.lab.settle()
        running = sum(execution.status == "RUNNING" for execution in self.lab.executions)
        self.most_running = max(self.most_running, running)

    # -- what they see ----------------------------------------------------------------------------------------------

    def order(self) -> Json:
        order: Json = self.ask("GET", f"/api/desk/orders/{self.order_id}", user=self.lab.users.cs).json()
        return order

    def timeline(self) -> list[Json]:
        path = f"/api/desk/orders/{self.order_id}/timeline?limit=100"
        entries: list[Json] = self.ask("GET", path, user=self.lab.users.cs).json()["items"]
        return entries

    def mail(self, *, quote: bool = False, revision: int = 1, at_least: int = 1) -> Mail:
        """The contact's newest mail with a link; `quote`: the newest with a quote (`revision`: of this one, from 2 on).

        `at_least`: so many with different links must have come; in an outage or a hurry the contact waits for them.
        """
        revision, deadline = revision if quote else 0, self._mailed_by()
        while len({mail.link for mail in self._mails(revision)}) < at_least:
            assert self.lab.clock.now() < deadline, "the mail has not come"
            self.sleep(STEP)
        return self._mails(revision)[-1]

    def _mails(self, revision: int) -> list[Mail]:
        """0: with any link; 1: with a quote; from 2 on: with this revision of it."""
        mails = [mail for mail in self.lab.mails.to(CONTACT) if mail.link and (mail.attachments or not revision)]
        return [mail for mail in mails if revision < 2 or f", revision {revision}: " in mail.subject]

    def _mailed_by(self) -> datetime:
        """When a mail must have come that is due now."""
        now = self.lab.clock.now()
        if self.outage_until:
            return max(now, self.outage_until + SETTLED_AFTER_OUTAGE)
        return now + SETTLED_WITHIN if self.is_hurried else now

    # -- what they do -----------------------------------------------------------------------------------------------

    def place(self) -> None:
        body = {"items": [{"kind": "ip_addresses", "quantity": 4, "start_date": "2027-03-05"}]}
        key = {"Idempotency-Key": "one"}
        response = self.ask("POST", "/api/orders", json=body, headers=key, user=self.lab.users.customer)
        assert response.status == 201, response
        self.order_id = response.json()["order_id"]
        self.rest()

    def claim(self) -> None:
        self.desk("claim", lambda order: order["assignee"] is not None)

    def quote(self, revision: int = 1, valid_days: int = 30) -> None:
        body = self.quote_body(valid_days)
        self.desk("quote", lambda order: (order["quote"] or {}).get("revision") == revision, body)

    def quote_body(self, valid_days: int) -> Json:
        line = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
        valid_until = (self.lab.clock.now() + timedelta(days=valid_days)).date().isoformat()
        return {"valid_until": valid_until, "lines": [line]}

    def limit_discounts(self) -> None:
        response = self.ask("PUT", "/api/desk/discount-policy", json={"percent": "20"}, user=self.lab.users.cs)
        assert response.status == 200, response

    def propose(self, percent: str = "50") -> None:
        """A discount that an agent may not give alone."""

        def is_done(order: Json) -> bool:
            return "proposal" in order and order["proposal"]["figures"]["percent"] == f"{percent}.00"

        self.desk("quote", is_done, self.discounted(percent), self.lab.users.agent)

    def decide_on_discount(self, decision: str, body: Json | None = None) -> None:
        """Whether or not the desk's mail about it has come; it comes no more then."""
        self.desk(f"proposal/{decision}", lambda order: "proposal" not in order, body)
        asked = sum(entry["event"] == "quote.proposed" for entry in self.timeline())
        told = sum(mail.subject.startswith("Discount to approve") for mail in self.lab.mails)
        self.untold["discount to approve", DESK_ROLE] = max(asked - told, 0)

    def discounted(self, percent: str) -> Json:
        body = self.quote_body(60)
        return {**body, "discount": {"percent": percent}}

    def undo(self) -> None:
        """A quote that is taken back at once."""
        path = f"/api/desk/orders/{self.order_id}/quote"
        body, staff = self.quote_body(30), self.lab.users.cs

        def is_over(order: Json) -> bool:
            """Undone; or nobody can any more, since an outage kept this person off for as long as it could be."""
            is_undone: bool = order["quote"]["state"] == "superseded"
            self.undone_too_late = not is_undone and order["undo_until"] is None
            return is_undone or self.undone_too_late

        self.act(lambda order: order["quote"] is not None, "POST", path, json=body, user=staff)
        if not (self.outage_until and is_over(self.order())):
            self.act(is_over, "POST", f"{path}/undo", json={}, user=staff)
        assert self.outage_until or not self.undone_too_late
        self.rest()
        if self.undone_too_late:
            self.mail(quote=True)

    def resend(self) -> None:
        """Of a quote whose mail went."""
        self.mail(quote=True)
        version = self.order()["version"]
        self.desk("resend", lambda order: order["version"] > version)

    def decline(self) -> None:
        path = f"/api/desk/orders/{self.order_id}/decline"
        body, staff = {"reason": "Sold out"}, self.lab.users.cs
        self.act(lambda order: order["status"] == "canceled", "POST", path, json=body, user=staff)
        self._is_closed()
        self.rest()

    def withdraw(self) -> None:
        path = f"/api/orders/{self.order_id}/cancel"
        self.act(lambda order: order["status"] == "canceled", "POST", path, json={}, user=self.lab.users.customer)
        self._is_closed()
        self.rest()

    def _is_closed(self) -> None:
        """A contact who has no mail about the order by now gets none any more with a link to cancel it."""
        if all(mail.attachments for mail in self._mails(0)):
            assert self.outage_until or self.is_hurried, "the mail has not come"
            self.untold["received", CONTACT_ROLE] += 1

    def mail_to_colleague(self) -> Mail:
        """The mail that asks whom the contact has handed over to."""
        deadline = self._mailed_by()
        while not (mails := [mail for mail in self.lab.mails.to(COLLEAGUE) if mail.attachments]):
            assert self.lab.clock.now() < deadline, "the mail has not come"
            self.sleep(STEP)
        return mails[0]

    def request(self, decision: str, mail: Mail, is_done: Callable[[Json], bool]) -> None:
        """The contact sends the page's form for something else than a decision."""
        assert mail.link
        assert mail.code
        form = {"decision": decision, "name": "Connie", "code": mail.code, "reason": "How soon?"}
        colleague = {"new_name": "Colleague", "new_email": COLLEAGUE}
        self.act(is_done, "POST", mail.link, form={**form, **colleague})
        self.rest()

    def decide(self, decision: str, mail: Mail) -> None:
        """The contact reads the page and sends its form."""
        assert mail.link
        assert mail.code
        assert self.ask("GET", mail.link).status == 200
        status = {"approve": "completed", "cancel": "canceled", "request_change": "in_process"}[decision]
        form = {"decision": decision, "name": "Connie", "code": mail.code, "reason": "Less, please"}
        self.act(lambda order: order["status"] == status, "POST", mail.link, form=form)
        if decision != "request_change":
            self._is_closed()
        self.rest()


def approve(walk: Walk) -> None:
    walk.place()
    walk.claim()
    walk.quote()
    walk.decide("approve", walk.mail(quote=True))


def cancel_before_the_quote(walk: Walk) -> None:
    walk.place()
    walk.claim()
    walk.decide("cancel", walk.mail())


def decline(walk: Walk) -> None:
    """Once the mail of the quote went."""
    walk.place()
    walk.claim()
    walk.quote()
    walk.mail(quote=True)
    walk.decline()


def withdraw(walk: Walk) -> None:
    walk.place()
    walk.withdraw()


def change_and_quote_anew(walk: Walk) -> None:
    walk.place()
    walk.claim()
    walk.quote()
    walk.decide("request_change", walk.mail(quote=True))
    walk.quote(revision=2)
    walk.decide("approve", walk.mail(quote=True, revision=2))


def resend(walk: Walk) -> None:
    walk.place()
    walk.claim()
    walk.quote()
    walk.resend()
    walk.decide("approve", walk.mail(quote=True, at_least=2))


def ask_and_hand_over(walk: Walk) -> None:
    """A question that is answered, and a hand-over that the desk agrees to."""
    walk.place()
    walk.claim()
    walk.quote()
    mail = walk.mail(quote=True)
    walk.request("ask", mail, lambda order: bool(order.get("questions")))
    walk.desk("answer", lambda order: order["questions"][0]["answer"] is not None, {"text": "Soon."})
    walk.request("hand_over", mail, lambda order: "hand_over" in order)
    walk.desk("hand-over", lambda order: order["contact"]["email"] == COLLEAGUE, {"decision": "approve"})
    walk.decide("approve", walk.mail_to_colleague())


def ask_for_a_discount(walk: Walk) -> None:
    """One that a lead refuses, and then one that is approved."""
    walk.limit_discounts()
    walk.place()
    walk.claim()
    walk.propose("60")
    walk.decide_on_discount("refuse", {"reason": "Less."})
    walk.propose()
    walk.decide_on_discount("approve")
    walk.decide("approve", walk.mail(quote=True))


def expire(walk: Walk) -> None:
    walk.place()
    walk.claim()
    walk.quote(valid_days=1)
    walk.sleep(timedelta(days=3))
    walk.sleep(timedelta(days=5))


def quote_twice(walk: Walk) -> None:
    """As `undo`, by somebody who comes too late for it."""
    walk.place()
    walk.claim()
    walk.quote()
    walk.quote(revision=2)
    walk.decide("approve", walk.mail(quote=True, revision=2))


def undo(walk: Walk) -> None:
    """In an installation that holds the mail of a quote for a minute."""
    walk.place()
    walk.claim()
    walk.undo()
    walk.quote(revision=2)
    walk.decide("approve", walk.mail(quote=True, revision=2))


UNDO_SECONDS = {"undo": "60", "quote_twice": "60"}
"""Where a flow needs a time for undoing; the lab's own is 0."""
FLOWS: dict[str, Callable[[Walk], None]] = {
    one.__name__: one
    for one in (
        *(approve, cancel_before_the_quote, decline, withdraw, change_and_quote_anew, resend, ask_and_hand_over),
        *(ask_for_a_discount, expire, undo),
    )
}


@dataclass(frozen=True)
class End:
    """How an order ended, as far as it must be the same whatever went wrong on the way."""

    status: str
    version: int
    quote: tuple[int, str] | None
    closed_by: str | None
    timeline: tuple[str, ...]
    events: frozenset[tuple[str, int]]
    """Names and sequence numbers."""
    mails: frozenset[tuple[tuple[str, str], int]]
    """Recipient and subject, and how often."""

    @property
    def mail_counts(self) -> Counter[tuple[str, str]]:
        return Counter(dict(self.mails))


def end_of(walk: Walk) -> End:
    order, lab = walk.order(), walk.lab
    mails = Counter((mail.recipients[0], mail.subject.replace(number_of(walk.order_id), "…")) for mail in lab.mails)
    return End(
        status=order["status"],
        version=order["version"],
        quote=order["quote"] and (order["quote"]["revision"], order["quote"]["state"]),
        closed_by=order["closed"] and order["closed"]["by"],
        timeline=tuple(entry["event"] for entry in walk.timeline()),
        events=frozenset((event.detail_type, event.detail["sequence"]) for event in lab.events),
        mails=frozenset(mails.items()),
    )


def left_undone(walk: Walk, *, batches_given_up: int = 0) -> Iterator[str]:
    """What must not be once an order is closed and nothing moves any more.

    Of each batch that the stream's poller has given up in an outage there is a dead letter.
    """
    lab = walk.lab
    sequence = [entry["sequence"] for entry in walk.timeline()]
    if sequence != list(range(1, len(sequence) + 1)):
        yield f"the timeline has gaps: {sequence}"
    decisions = [entry["event"] for entry in walk.timeline() if entry["event"] in {"order.completed", "order.canceled"}]
    if len(decisions) != 1:
        yield f"not one decision: {decisions}"
    if [execution.status for execution in lab.executions] != ["SUCCEEDED"]:
        yield f"executions: {[(one.name, one.status, one.error, one.cause) for one in lab.executions]}"
    if walk.most_running > 1:
        yield f"{walk.most_running} executions ran at once"
    order_ids = [item["order_id"] for item in lab.items if item["sk"].startswith(("ORDER#", "DIRECT#"))]
    if order_ids != [walk.order_id]:
        yield f"orders: {order_ids}"
    yield from (f"marked: {item['pk']} {item['sk']}" for item in lab.items if "outstanding" in item)
    yield from (
        f"on {queue}: {message}" for queue in ("MailDeadLetters", "MailQueue") for message in lab.messages(queue)
    )
    letters = lab.messages("StreamDeadLetters")
    if len(letters) != batches_given_up:
        yield f"on StreamDeadLetters, for {batches_given_up} batches: {letters}"
