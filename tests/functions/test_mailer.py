"""The mailer, call by call: who gets which mail, with which link and paper, and what is not sent any more."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

import mailer
from online_orders.aws import (
    contact_report_store,
    letterhead_store,
    link_store,
    mail,
    mail_choice_store,
    mail_pause,
    pdf_store,
    watcher_store,
)
from online_orders.aws.contact_report_store import StoredReport
from online_orders.aws.letterhead_store import StoredLetterhead
from online_orders.aws.mail import Attachment, OutgoingMail
from online_orders.domain import handling, order_delivery
from online_orders.domain.accounts import Account, Contact
from online_orders.domain.approval_links import ConfirmLink
from online_orders.domain.followers import mail_name
from online_orders.domain.letterheads import parse_letterhead
from online_orders.domain.mail_kinds import MailKind, Role
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Change, Order, staff_actor
from online_orders.domain.timeline import Actor, Event
from online_orders.telemetry import MetricUnit, logger
from tests.aws.desk import Desk
from tests.aws.test_watcher_store import store_agent, store_person
from tests.domain.builders import (
    ANNA,
    CARLA,
    CLARA,
    CONNIE,
    CONRAD,
    KEY_ID,
    LATER,
    NOW,
    ORDER_ID,
    account_of,
    offered,
    place,
    sending,
)
from tests.domain.test_letterheads import LEAST
from tests.functions.invocation import Context

Json = dict[str, Any]

OFFERED = offered()
SITE = ("Brand", "https://orders.example")
URL = ConfirmLink("url", "code")
DESK = "desk@vendor.example"
PAPER = (Attachment(f"quote-{ORDER_ID}-1.pdf", b"paper"),)


class Post:
    """What is sent, and what the mails are made of."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.rendered: list[Any] = []
        self.links: list[Any] = []

    def send_once(
        self,
        owner: str,
        sequence: int,
        name: str,
        compose: Callable[[], OutgoingMail],
        tags: Mapping[str, str],
        recipient: str | None = None,
    ) -> None:
        outgoing = compose()
        assert recipient == (outgoing.to if "order_id" in tags else None)
        self.sent.append((owner, sequence, name, outgoing, tags))


LETTERHEAD = StoredLetterhead(parse_letterhead(LEAST), 3, "2026-11-22T10:00:00.000Z", CLARA.email)


@pytest.fixture
def post(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()

    def render(*given: Any) -> tuple[str, str, str]:
        post.rendered.append(given)
        return "subject", "text", "html"

    def issue_link(order: Order, purpose: str, key_id: str | None) -> tuple[None, ConfirmLink]:
        post.links.append((order, purpose, key_id))
        return None, URL

    def render_pdf(order: Order, quote: Any, account: Account, installation: Any, letterhead: Any) -> bytes:
        assert (order.order_id, quote, account, installation) == (ORDER_ID, order.quote, account_of(), SITE)
        assert letterhead == (LETTERHEAD.letterhead if quote.letterhead_version else None)
        return b"paper"

    def find_or_store(order_id: str, revision: int, make: Callable[[], bytes]) -> bytes:
        assert (order_id, revision) == (ORDER_ID, 1)
        return make()

    monkeypatch.setattr(mail, "send_once", post.send_once)
    monkeypatch.setattr(mailer, "render_mail", render)
    monkeypatch.setattr(mailer, "render_contact_report", render)
    monkeypatch.setattr(link_store, "issue_link", issue_link)
    monkeypatch.setattr(mailer, "render_quote_pdf", render_pdf)
    monkeypatch.setattr(pdf_store, "find_or_store", find_or_store)
    settings = {"CUSTOMER_SUCCESS_MAILBOX": DESK, "BRAND_NAME": SITE[0], "SITE_URL": SITE[1]}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return post


def happened(desk: Desk, change: Change, now: Order | None = None, account: Account | None = None) -> Json:
    """Store the order after a change with its entry; return the message of a mail about it, without its kind."""
    desk.store(now or change.order, account or account_of())
    entry = change.entries[-1]
    desk.put_entry(change.order, entry)
    return {"account_id": "acme", "order_id": ORDER_ID, "source": "online", "sequence": entry.sequence}


def send(message: Json, kind: MailKind, role: Role) -> None:
    mailer._process(record_of({**message, "kind": kind, "role": role}))


def record_of(message: Json) -> SQSRecord:
    return SQSRecord({"body": json.dumps(message)})


PLACED = place()


def test_the_contact_of_a_new_order_gets_a_link_to_cancel_it(desk: Desk, post: Post) -> None:
    send(happened(desk, PLACED), MailKind.ORDER_RECEIVED, Role.CONTACT)
    outgoing = OutgoingMail(CONNIE.email, "subject", "text", "html", ())
    tags = {"order_id": ORDER_ID, "kind": "order_received"}
    assert post.sent == [(ORDER_ID, 1, "order_received#contact", outgoing, tags)]
    names = account_of().site_names
    (entry,) = PLACED.entries
    assert post.rendered == [(MailKind.ORDER_RECEIVED, Role.CONTACT, PLACED.order, entry, SITE, "Acme Ltd", URL, names)]
    assert post.links == [(PLACED.order, "order", None)]


@pytest.mark.parametrize(
    ("kind", "role", "address"),
    [(MailKind.ORDER_RECEIVED, Role.PLACED_BY, ANNA.email), (MailKind.NEW_ORDER, Role.CUSTOMER_SUCCESS, DESK)],
)
def test_nobody_else_gets_a_link(desk: Desk, post: Post, kind: MailKind, role: Role, address: str) -> None:
    send(happened(desk, PLACED), kind, role)
    ((_, _, name, outgoing, _),) = post.sent
    assert (name, outgoing.to, post.links, post.rendered[0][6]) == (f"{kind}#{role}", address, [], None)


def test_a_mail_with_a_link_shows_the_present_order_and_any_other_that_of_its_entry(desk: Desk, post: Post) -> None:
    claimed = PLACED.order.claim(CLARA, LATER).order
    message = happened(desk, PLACED, now=claimed)
    send(message, MailKind.ORDER_RECEIVED, Role.CONTACT)
    send(message, MailKind.NEW_ORDER, Role.CUSTOMER_SUCCESS)
    linked, told = (given[2] for given in post.rendered)
    assert (linked, told) == (claimed, claimed.with_earlier_state(PLACED.order.status, None))


def test_a_reminder_has_the_link_that_went_out_and_an_outstanding_one_a_new_key(desk: Desk, post: Post) -> None:
    reminded = OFFERED.with_entry(LATER, staff_actor(CLARA), Event.REMINDED, {"revision": 1})
    for order, key in ((reminded.order, "key-1"), (reminded.order.resend(CLARA, None, LATER).order, None)):
        post.links.clear()
        send(happened(desk, reminded, now=order), MailKind.REMINDER, Role.CONTACT)
        assert post.links == [(order, "quote", key)]
        assert post.sent[-1][3].attachments == ()


def test_the_link_of_a_new_order_has_the_present_key_whatever_the_quotes_has(desk: Desk, post: Post) -> None:
    asked = PLACED.order.claim(CLARA, NOW).order.ask_for_fresh_mail("order", LATER)
    internals = asked.order.internals.model_copy(update={"quote_link_key_id": "key-1"})
    order = asked.order.model_copy(update={"internals": internals})
    send(happened(desk, asked, now=order), MailKind.ORDER_RECEIVED, Role.CONTACT)
    assert post.links == [(order, "order", None)]


@pytest.mark.parametrize("role", [Role.CONTACT, Role.CUSTOMER_SUCCESS])
def test_a_mail_of_an_approval_has_the_paper(desk: Desk, post: Post, role: Role) -> None:
    send(happened(desk, OFFERED.approve("Connie", LATER)), MailKind.APPROVED, role)
    assert post.sent[0][3].attachments == PAPER
    assert post.links == []


def test_a_paper_that_is_still_to_be_made_has_the_letterhead_that_the_quote_names(
    desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letterhead_store, "get_version", {3: LETTERHEAD}.__getitem__)
    quote = OFFERED.quote
    assert quote
    named = OFFERED.model_copy(update={"quote": quote.model_copy(update={"letterhead_version": 3})})
    send(happened(desk, named.approve("Connie", LATER)), MailKind.APPROVED, Role.CONTACT)
    assert post.sent[0][3].attachments == PAPER


def test_a_mail_of_a_cancellation_has_no_paper_and_neither_has_one_without_a_quote(desk: Desk, post: Post) -> None:
    send(happened(desk, OFFERED.cancel("Connie", None, LATER)), MailKind.CANCELED, Role.CONTACT)
    approved = PLACED.order.with_entry(LATER, staff_actor(CLARA), Event.COMPLETED, status=Status.COMPLETED)
    send(happened(desk, approved), MailKind.APPROVED, Role.CUSTOMER_SUCCESS)
    assert [outgoing.attachments for *_, outgoing, _ in post.sent] == [(), ()]


def test_what_is_no_longer_due_or_has_no_reader_is_not_sent(desk: Desk, post: Post) -> None:
    closed = PLACED.order.withdraw(ANNA, None, LATER).order
    send(happened(desk, PLACED, now=closed), MailKind.ORDER_RECEIVED, Role.CONTACT)
    parted = OFFERED.sync_contact(None, None, LATER).order.decline(CLARA, "Over.", LATER)
    send(happened(desk, parted), MailKind.CANCELED, Role.CONTACT)
    reminded = OFFERED.with_entry(LATER, staff_actor(CLARA), Event.REMINDED, {"revision": 1})
    desk.now = NOW.replace(year=2028)
    send(happened(desk, reminded), MailKind.REMINDER, Role.CONTACT)
    assert post.sent == []


def test_a_mail_to_somebody_whom_the_account_names_waits_until_the_order_is_synced(desk: Desk, post: Post) -> None:
    enrollment = account_of().model_dump(mode="json")["enrollment"]
    account = account_of(enrollment={**enrollment, "contact": CARLA.model_dump()})
    message = happened(desk, PLACED, account=account)
    with pytest.raises(mailer.OrderNotSynced, match=ORDER_ID):
        send(message, MailKind.ORDER_RECEIVED, Role.CONTACT)
    resent = OFFERED.resend(CLARA, CARLA, LATER)
    internals = resent.order.internals.model_copy(update={"has_own_contact": False})
    order = resent.order.model_copy(update={"internals": internals})
    dora = account_of(enrollment={**enrollment, "contact": {"name": "Dora", "email": "dora@acme.example"}})
    with pytest.raises(mailer.OrderNotSynced):
        send(happened(desk, resent, now=order, account=dora), MailKind.CONTACT_REPLACED, Role.ACCOUNT_CONTACT)
    assert post.sent == []
    send(happened(desk, PLACED, account=account), MailKind.ORDER_RECEIVED, Role.PLACED_BY)
    assert post.sent[0][3].to == ANNA.email


def follow(desk: Desk, monkeypatch: pytest.MonkeyPatch, *watchers: str, **chosen: Any) -> list[Json]:
    """Store the watchers, Clara and what each chose; return the list of messages that are queued."""
    queued: list[Json] = []
    for user_id in watchers:
        watcher_store.watch(ORDER_ID, user_id)
        store_person(desk, user_id)
    for user_id, choice in chosen.items():
        mail_choice_store.store_choices(user_id, {choice: False})
    monkeypatch.setattr(mailer, "enqueue", lambda url, messages: queued.extend(messages))
    return queued


COMMENTED = OFFERED.comment(Actor(kind="customer_success", name=CLARA.email), "Soon.", LATER)


def test_followers_get_a_message_each_and_a_mail_each(desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    queued = follow(desk, monkeypatch, "wanda", "wim", wim=("comment", "watcher"))
    message = happened(desk, COMMENTED)
    send(message, MailKind.COMMENT, Role.FOLLOWER)
    assert [(each["role"], each["user_id"]) for each in queued] == [("watcher", "wanda")]
    assert post.sent == []
    (one,) = queued
    mailer._process(record_of(one))
    ((_, sequence, name, outgoing, tags),) = post.sent
    assert (sequence, outgoing.to) == (message["sequence"], "wanda@acme.example")
    assert name == mail_name(MailKind.COMMENT, "wanda")
    assert tags == {"order_id": ORDER_ID, "kind": "comment"}
    watcher_store.unwatch(ORDER_ID, "wanda")
    mailer._process(record_of(one))
    assert len(post.sent) == 1


def test_whoever_placed_the_order_and_switched_a_mail_off_does_not_get_it(
    desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = follow(desk, monkeypatch, ANNA.user_id)
    message = happened(desk, COMMENTED)
    send(message, MailKind.COMMENT, Role.FOLLOWER)
    assert queued == []  # the mail as the one who placed it counts
    mail_choice_store.store_choices(ANNA.user_id, {("comment", "placed_by"): False})
    send(message, MailKind.COMMENT, Role.PLACED_BY)
    assert post.sent == []
    send(message, MailKind.COMMENT, Role.FOLLOWER)
    assert [(each["role"], each["user_id"]) for each in queued] == [("watcher", ANNA.user_id)]


def test_a_quote_that_expires_soon_is_told_by_the_days_of_the_installation(
    desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = follow(desk, monkeypatch, "wanda")
    reminded = OFFERED.with_entry(LATER, staff_actor(CLARA), Event.REMINDED, {"revision": 1})
    for days, number in (("2", 0), ("400", 1)):
        monkeypatch.setenv("REMIND_BEFORE_END_DAYS", days)
        send(happened(desk, reminded), MailKind.EXPIRES_SOON, Role.FOLLOWER)
        assert len(queued) == number


def test_a_report_of_a_contact_is_told_to_the_desk_once(
    desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = StoredReport(report_id="r1", account_id="acme", text="She left.", reported_by=ANNA, at=NOW)
    reports = {("acme", "r1"): report}
    monkeypatch.setattr(contact_report_store, "get_report", lambda *asked: reports[asked])
    desk.store(PLACED.order, account_of())
    mailer._process(record_of({"kind": "contact_report", "account_id": "acme", "report_id": "r1"}))
    outgoing = OutgoingMail(DESK, "subject", "text", "html")
    assert post.sent == [("acme", 0, "contact_report#r1", outgoing, {"kind": "contact_report"})]
    assert post.rendered == [(account_of(), "She left.", ANNA.email, SITE)]


def test_the_log_names_what_a_mail_is_about(desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[Json] = []
    monkeypatch.setattr(mailer, "_send_notification", lambda message: keys.append(dict(logger.get_current_keys())))
    for message in ({"order_id": ORDER_ID, "sequence": 7, "correlation_id": "request"}, {"correlation_id": None}):
        send(message, MailKind.APPROVED, Role.CONTACT)
    assert (keys[0]["order_id"], keys[0]["sequence"], keys[0]["correlation_id"]) == (ORDER_ID, 7, "request")
    assert not {"order_id", "sequence", "correlation_id"} & keys[1].keys()


@pytest.mark.parametrize(("paused", "handle"), [(None, mailer._process), ("pause", mailer._requeue)])
def test_while_mail_is_paused_mails_go_back_to_the_queue(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, paused: Any, handle: Any
) -> None:
    calls: list[Any] = []

    def process(*given: Any) -> str:
        calls.append(given)
        return "failed ones"

    monkeypatch.setattr(mail_pause, "current_pause", lambda: paused)
    monkeypatch.setattr(mailer, "process_queue", process)
    event: Json = {"Records": []}
    context = Context()
    assert mailer.handler(event, context) == "failed ones"
    assert calls == [(event, handle, context, "MAIL_QUEUE_URL")]


def test_a_mail_that_goes_back_is_a_new_message_after_a_pause(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    class Queue:
        def send_message(self, **message: Any) -> None:
            calls.append(message)

    monkeypatch.setattr(mailer, "client", {"sqs": Queue()}.__getitem__)
    monkeypatch.setenv("MAIL_QUEUE_URL", "url")
    monkeypatch.setenv("PAUSED_MAIL_RETRY_SECONDS", "300")
    mailer._requeue(record_of({"kind": "approved"}))
    assert calls == [{"QueueUrl": "url", "MessageBody": '{"kind": "approved"}', "DelaySeconds": 300}]
    assert desk.told == [("MailsRequeued", MetricUnit.Count, 1)]


ASSIGNED = handling.assign(PLACED.order, CONRAD, CLARA, LATER)


def test_a_colleague_gets_the_mail_of_an_assignment_unless_it_is_switched_off(
    desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = happened(desk, ASSIGNED)
    send(message, MailKind.ASSIGNED, Role.ASSIGNEE)
    assert post.sent == [], "nobody knows who that is"
    store_agent(desk, CONRAD)
    send(message, MailKind.ASSIGNED, Role.ASSIGNEE)
    assert [each[3].to for each in post.sent] == [CONRAD.email]
    mail_choice_store.store_choices(CONRAD.user_id, {("assigned", "assignee"): False})
    send(message, MailKind.ASSIGNED, Role.ASSIGNEE)
    assert len(post.sent) == 1


def test_a_contact_who_watches_gets_no_second_mail_of_a_quote_and_none_of_an_own_act(
    desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = follow(desk, monkeypatch, "wanda")
    contact = {"contact": Contact(name="Wanda", email="wanda@acme.example")}
    waiting = sending().model_copy(update=contact)
    quoted = order_delivery.quote_mailed(waiting, waiting.internals.quote_link, KEY_ID, LATER)
    send(happened(desk, quoted), MailKind.QUOTED, Role.FOLLOWER)
    changed = OFFERED.model_copy(update=contact).request_change("W.", "Cheaper", LATER)
    send(happened(desk, changed), MailKind.CHANGE_REQUESTED, Role.FOLLOWER)
    assert queued == []
    send(happened(desk, OFFERED.request_change("W.", "Cheaper", LATER)), MailKind.CHANGE_REQUESTED, Role.FOLLOWER)
    assert [each["user_id"] for each in queued] == ["wanda"]


def test_a_follower_whose_role_changed_while_the_mail_waited_gets_it(
    desk: Desk, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    queued = follow(desk, monkeypatch)
    watcher_store.watch(ORDER_ID, CONRAD.user_id)
    store_agent(desk, CONRAD)
    send(happened(desk, COMMENTED), MailKind.COMMENT, Role.FOLLOWER)
    assert [(each["role"], each["user_id"]) for each in queued] == [("desk_watcher", CONRAD.user_id)]
    desk.store(COMMENTED.order.model_copy(update={"assignee": CONRAD}), account_of())
    mailer._process(record_of(queued[0]))
    assert [each[3].to for each in post.sent] == [CONRAD.email]
