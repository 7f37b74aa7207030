"""Whole lives of an order, by people who do not know what goes wrong and go on as people and programs do.

A program that placed an order and got no answer asks again under the same key. A person whose request failed looks
first, and asks again only if it was not done.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.lab import Lab, Response
from tests.lab.mail import Mail

Json = dict[str, Any]

CONTACT = "contact@acme.example"
PATIENCE = 5
"""How often somebody asks who gets no answer."""
SETTLED_WITHIN = timedelta(minutes=30)
"""After a fault: the pause of a parked order, the schedule of the reconciler, and the retries of queue and workflow."""


@dataclass
class Walk:
    """One order of the account acme, and those who handle it."""

    lab: Lab
    order_id: str = ""
    most_running: int = 0
    """Executions at the same time, at any moment when nobody did anything."""
    _rests_in_full: int | None = None
    """How many more times resting takes its full time; None: always."""

    # -- how people ask ---------------------------------------------------------------------------------------------

    def ask(self, method: str, target: str, **request: Any) -> Response:
        """Until there is an answer that is one."""
        answer = self.lab.http(method, target, **request)
        for _ in range(PATIENCE - 1):
            if answer.status < 500:
                break
            answer = self.lab.http(method, target, **request)
        return answer

    def act(self, is_done: Callable[[Json], bool], method: str, target: str, **request: Any) -> None:
        """Ask for a change; when the answer fails, look, and ask again only if it was not made."""
        for _ in range(PATIENCE):
            answer = self.lab.http(method, target, **request)
            if answer.status < 400:
                return
            assert answer.status >= 500, answer
            if is_done(self.order()):
                return
        raise AssertionError(f"{method} {target} was never done")

    def desk(self, action: str, is_done: Callable[[Json], bool], body: Json | None = None) -> None:
        path = f"/api/desk/orders/{self.order_id}/{action}"
        self.act(is_done, "POST", path, json=body or {}, user=self.lab.users.cs)
        self.rest()

    def rest(self, time: timedelta = SETTLED_WITHIN) -> None:
        """Time passes with nobody doing anything."""
        step = timedelta(minutes=10)
        self._look()
        for _ in range(time // step if self._rests_in_full != 0 else 1):
            self.lab.advance(step)
            self._look()
        if self._rests_in_full:
            self._rests_in_full -= 1

    def goes_wrong(self) -> None:
        """From now on: what follows within two rests must be mended by then, and those after it are pauses."""
        self._rests_in_full = 2

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

    def mail(self, *, quote: bool = False) -> Mail:
        """The contact's newest mail with a link; `quote`: the newest with a quote."""
        mails = [mail for mail in self.lab.mails.to(CONTACT) if mail.link and (mail.attachments or not quote)]
        return mails[-1]

    # -- what they do -----------------------------------------------------------------------------------------------

    def place(self) -> None:
        body = {"items": [{"kind": "ip_addresses", "quantity": 4, "start_date": "2027-03-05"}]}
        key = {"Idempotency-Key": "one"}
        answer = self.ask("POST", "/api/orders", json=body, headers=key, user=self.lab.users.customer)
        assert answer.status == 201, answer
        self.order_id = answer.json()["order_id"]
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

    def undo(self) -> None:
        """A quote that is taken back at once."""
        path = f"/api/desk/orders/{self.order_id}/quote"
        body, staff = self.quote_body(30), self.lab.users.cs
        self.act(lambda order: order["quote"] is not None, "POST", path, json=body, user=staff)
        self.act(lambda order: order["quote"]["state"] == "superseded", "POST", f"{path}/undo", json={}, user=staff)
        self.rest()

    def resend(self) -> None:
        version = self.order()["version"]
        self.desk("resend", lambda order: order["version"] > version)

    def decline(self) -> None:
        self.desk("decline", lambda order: order["status"] == "canceled", {"reason": "Sold out"})

    def withdraw(self) -> None:
        path = f"/api/orders/{self.order_id}/cancel"
        self.act(lambda order: order["status"] == "canceled", "POST", path, json={}, user=self.lab.users.customer)
        self.rest()

    def decide(self, decision: str, mail: Mail) -> None:
        """The contact reads the page and sends its form."""
        assert mail.link
        assert mail.code
        assert self.ask("GET", mail.link).status == 200
        status = {"approve": "completed", "cancel": "canceled", "request_change": "in_process"}[decision]
        form = {"decision": decision, "name": "Connie", "code": mail.code, "reason": "Less, please"}
        self.act(lambda order: order["status"] == status, "POST", mail.link, form=form)
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
    walk.place()
    walk.claim()
    walk.quote()
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
    walk.decide("approve", walk.mail(quote=True))


def resend(walk: Walk) -> None:
    walk.place()
    walk.claim()
    walk.quote()
    walk.resend()
    walk.decide("approve", walk.mail(quote=True))


def expire(walk: Walk) -> None:
    walk.place()
    walk.claim()
    walk.quote(valid_days=1)
    walk.sleep(timedelta(days=3))
    walk.sleep(timedelta(days=5))


def undo(walk: Walk) -> None:
    """In an installation that holds the mail of a quote for a minute."""
    walk.place()
    walk.claim()
    walk.undo()
    walk.quote(revision=2)
    walk.decide("approve", walk.mail(quote=True))


UNDO_SECONDS = {"undo": "60"}
"""Where a flow needs a time for undoing; the lab's own is 0."""
FLOWS: dict[str, Callable[[Walk], None]] = {
    one.__name__: one
    for one in (approve, cancel_before_the_quote, decline, withdraw, change_and_quote_anew, resend, expire, undo)
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
    mails = Counter((mail.recipients[0], mail.subject.replace(walk.order_id, "…")) for mail in lab.mails)
    return End(
        status=order["status"],
        version=order["version"],
        quote=order["quote"] and (order["quote"]["revision"], order["quote"]["state"]),
        closed_by=order["closed"] and order["closed"]["by"],
        timeline=tuple(entry["event"] for entry in walk.timeline()),
        events=frozenset((event.detail_type, event.detail["sequence"]) for event in lab.events),
        mails=frozenset(mails.items()),
    )


def left_undone(walk: Walk) -> Iterator[str]:
    """What must not be once an order is closed and nothing moves any more."""
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
        f"on {queue}: {message}"
        for queue in ("StreamDeadLetters", "MailDeadLetters", "MailQueue")
        for message in lab.messages(queue)
    )
