"""What follows from a changed account, call by call: which orders are synced, who is told, which message is next."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

import account_changes
from online_orders.aws import account_store, mail, mail_pause, order_queries, order_store
from online_orders.aws.account_store import StoredAccount
from online_orders.aws.mail import OutgoingMail
from online_orders.aws.order_queries import OrderFilter, OrderPage
from online_orders.domain.account_notifications import Notice
from online_orders.domain.mail_kinds import MailKind, Role
from online_orders.domain.order_status import OPEN_STATUSES
from online_orders.telemetry import logger
from tests.aws.desk import Desk
from tests.domain.builders import CARLA, CLARA, CONNIE, LATER, TODAY, account_of, claimed, offered
from tests.functions.invocation import Context

Json = dict[str, Any]

SITE = ("Brand", "https://orders.example")
ENROLLMENT = account_of().model_dump(mode="json")["enrollment"]
OLD, NEW = account_of(), account_of(enrollment={**ENROLLMENT, "contact": CARLA.model_dump()})
CHANGE: Json = {"kind": "contact", "account_id": "acme", "version": 2, "by": CLARA.email}


class Work:
    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.rendered: list[Any] = []
        self.messages: list[Any] = []
        self.paused = False

    def send_once(
        self, owner: str, sequence: int, name: str, compose: Callable[[], OutgoingMail], tags: Mapping[str, str]
    ) -> None:
        self.sent.append((owner, sequence, name, compose(), tags))

    def send_message(self, **message: Any) -> None:
        self.messages.append((json.loads(message["MessageBody"]), message["DelaySeconds"], message["QueueUrl"]))

    def render(self, *given: Any) -> tuple[str, str, str]:
        self.rendered.append(given)
        return "subject", "text", "html"


@pytest.fixture
def work(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Work:
    work, versions = Work(), {("acme", 1): OLD, ("acme", 2): NEW}
    desk.now = LATER
    monkeypatch.setattr(mail, "send_once", work.send_once)
    monkeypatch.setattr(mail_pause, "current_pause", lambda: work.paused)
    monkeypatch.setattr(account_changes, "render_notice", work.render)
    monkeypatch.setattr(account_changes, "client", {"sqs": work}.__getitem__)
    monkeypatch.setattr(account_store, "get_account_version", lambda *asked: versions[asked])
    settings = {"BRAND_NAME": SITE[0], "SITE_URL": SITE[1], "ACCOUNT_CHANGES_URL": "url"}
    for name, value in {**settings, "PAUSED_MAIL_RETRY_SECONDS": "300"}.items():
        monkeypatch.setenv(name, value)
    return work


def process(message: Json) -> None:
    account_changes._process(SQSRecord({"body": json.dumps(message)}))


# -- telling people -----------------------------------------------------------------------------------------------


def test_both_contacts_are_told_of_a_change_once_each(desk: Desk, work: Work) -> None:
    process({**CHANGE, "kind": "notices"})
    tags = {"kind": MailKind.CONTACT_CHANGED}
    assert sorted(work.sent) == [
        ("acme", 2, "contact_changed#former", OutgoingMail(CONNIE.email, "subject", "text", "html"), tags),
        ("acme", 2, "contact_changed#new", OutgoingMail(CARLA.email, "subject", "text", "html"), tags),
    ]
    assert [given[1:3] for given in work.rendered] == [(OLD, NEW)] * 2
    assert {given[0].to.email for given in work.rendered} == {CONNIE.email, CARLA.email}
    assert [given[3:] for given in work.rendered] == [({}, SITE)] * 2
    assert work.messages == []


def test_a_mail_names_the_resellers_of_before_and_after(
    desk: Desk, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = account_of(name="Relay").model_copy(update={"account_id": "relay"})
    stored = {"relay": StoredAccount(relay, 1, "clara"), "gone": None}
    monkeypatch.setattr(account_store, "find_account", stored.__getitem__)
    before, after = (OLD.model_copy(update={"parent_account_id": parent}) for parent in ("relay", "gone"))
    assert account_changes._reseller_names(before, after) == {"relay": "Relay"}
    for old, new in ((before, after), (after, before)):
        work.sent.clear()
        account_changes._send_notices("acme", 3, old, new)
        assert work.rendered[-1][1:4] == (old, new, {"relay": "Relay"})
        assert [name for _, _, name, _, _ in work.sent] == ["account_changed#contact#0"]


def test_mails_of_other_changes_are_told_apart_by_reader_and_number() -> None:
    notice = Notice(MailKind.ACCOUNT_CHANGED, Role.DEPUTY, CARLA)
    assert account_changes._mail_name(notice, 3) == "account_changed#deputy#3"


def test_while_mail_is_paused_the_message_waits(desk: Desk, work: Work) -> None:
    work.paused = True
    message = {**CHANGE, "kind": "notices"}
    process(message)
    assert (work.sent, work.messages) == ([], [(message, 300, "url")])


@pytest.mark.parametrize("message", [{"kind": "notices"}, {"tell_alone": True}])
def test_a_message_of_an_earlier_release_has_the_contacts_itself(
    desk: Desk, work: Work, monkeypatch: pytest.MonkeyPatch, message: Json
) -> None:
    monkeypatch.setattr(account_store, "get_account", {"acme": account_of(enrollment=None)}.__getitem__)
    process({**CHANGE, **message, "old": None, "new": CARLA.model_dump()})
    assert [(name, outgoing.to) for _, _, name, outgoing, _ in work.sent] == [("contact_changed#new", CARLA.email)]
    ((_, old, new, *_),) = work.rendered
    assert (old.contact, new.contact) == (None, CARLA)
    assert new.enrollment.letter_received_on == TODAY
    monkeypatch.setattr(account_store, "get_account", {"acme": OLD}.__getitem__)
    process({**CHANGE, **message, "old": CONNIE.model_dump(), "new": CARLA.model_dump()})
    (*_, (_, old, new, *_)) = work.rendered
    assert (old, new) == (OLD, NEW)


# -- syncing orders -----------------------------------------------------------------------------------------------


class Pages:
    """Pages of orders, by the id after which they begin."""

    def __init__(self, *pages: OrderPage) -> None:
        self._pages = list(pages)
        self.asked: list[Any] = []

    def __call__(self, *asked: Any) -> OrderPage:
        self.asked.append(asked)
        return self._pages.pop(0)


def test_open_orders_are_synced_page_by_page_and_once_more_later(
    desk: Desk, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = Pages(OrderPage([offered()], "one"), OrderPage([], None), OrderPage([], None))
    monkeypatch.setattr(order_queries, "list_desk_orders", pages)
    monkeypatch.setattr(account_store, "get_account", {"acme": NEW}.__getitem__)
    desk.store(offered(), NEW)
    process(CHANGE)
    (entry,) = desk.entries()
    assert (entry.event, entry.at, entry.actor.name) == ("order.contact_changed", LATER, CLARA.email)
    second = {**CHANGE, "after": "one"}
    assert work.messages == [(second, 0, "url")]
    process(second)
    again = {**CHANGE, "after": None, "again": True}
    assert work.messages[1:] == [(again, 30, "url")]
    process(again)
    assert len(work.messages) == 2
    wanted = OrderFilter(statuses=OPEN_STATUSES, account_id="acme")
    assert pages.asked == [(wanted, 25, None), (wanted, 25, "one"), (wanted, 25, None)]
    assert work.sent == []


def test_all_orders_get_the_pointers_of_a_new_reseller(desk: Desk, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    pages, added = Pages(OrderPage([claimed()], "one")), []
    monkeypatch.setattr(order_queries, "list_account_orders", pages)
    monkeypatch.setattr(order_store, "add_reseller_pointers", lambda *pointers: added.append(pointers))
    account = OLD.model_copy(update={"parent_account_id": "relay"})
    monkeypatch.setattr(account_store, "get_account", {"acme": account}.__getitem__)
    message = {**CHANGE, "kind": "parent", "after": "nought", "again": True}
    process(message)
    assert pages.asked == [("acme", OrderFilter(), 25, "nought")]
    assert added == [("relay", "acme", [claimed().order_id])]
    assert work.messages == [({**message, "after": "one"}, 0, "url")]


def test_an_account_without_a_reseller_has_no_pointers(desk: Desk, work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_store, "get_account", {"acme": OLD}.__getitem__)
    process({**CHANGE, "kind": "parent"})
    assert [(message["again"], delay) for message, delay, _ in work.messages] == [(True, 30)]


@pytest.mark.parametrize(
    ("more", "told"), [({}, True), ({"after": "one"}, False), ({"again": True}, False)], ids=["first", "page", "again"]
)
def test_a_message_of_an_earlier_release_is_told_with_its_first_page(
    desk: Desk, work: Work, monkeypatch: pytest.MonkeyPatch, more: Json, told: bool
) -> None:
    monkeypatch.setattr(order_queries, "list_desk_orders", Pages(OrderPage([], None)))
    monkeypatch.setattr(account_store, "get_account", {"acme": NEW}.__getitem__)
    message = {**CHANGE, "old": None, "new": CARLA.model_dump(), **more}
    process(message)
    telling = [each for each in work.messages if each[0].get("tell_alone")]
    assert telling == ([({**message, "tell_alone": True}, 0, "url")] if told else [])


def test_the_log_names_the_account_and_failed_messages_come_again(
    desk: Desk, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Any] = []

    def process_queue(*given: Any) -> str:
        calls.append(given)
        return "failed ones"

    monkeypatch.setattr(account_changes, "process_queue", process_queue)
    event: Json = {"Records": []}
    context = Context()
    assert account_changes.handler(event, context) == "failed ones"
    assert calls == [(event, account_changes._process, context, "ACCOUNT_CHANGES_URL")]
    process({**CHANGE, "kind": "notices"})
    assert logger.get_current_keys()["account_id"] == "acme"
