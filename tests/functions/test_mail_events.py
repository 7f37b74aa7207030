"""Events of SES about quote mails, one by one: what each does to the order, and which are ignored."""

import json
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

import mail_events
from online_orders.aws import mail
from online_orders.aws.keys import mail_key
from online_orders.aws.sent_mail_store import list_mails, record_quote_mail
from online_orders.domain.approval_links import Link
from online_orders.domain.mail_delivery import MailEvent
from online_orders.domain.sent_mails import SentMail, quote_mail_name
from online_orders.telemetry import MetricUnit, logger
from tests.aws.desk import Desk, text_of
from tests.domain.builders import CARLA, CLARA, CONNIE, HOUR, NOW, ORDER_ID, offered, place
from tests.functions.invocation import Context

Json = dict[str, Any]

OFFERED = offered()
SAID_AT = NOW + HOUR - timedelta(minutes=1)
LINK = Link(
    purpose="quote", account_id="acme", order_id=ORDER_ID, source="online", revision=1, number=1, key_id="key-2"
)
PARTICULARS: dict[str, Json] = {
    "Delivery": {"delivery": {"timestamp": "2026-11-22T10:59:00.000Z"}},
    "Complaint": {"complaint": {"timestamp": "2026-11-22T10:59:00.000Z"}},
    "Reject": {"reject": {"reason": "Bad content"}},
}


@pytest.fixture
def ignored(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Why events were ignored, by the log."""
    found: list[str] = []
    monkeypatch.setattr(logger, "warning", lambda text, extra: found.append(extra["why"]))
    return found


@pytest.fixture(autouse=True)
def later(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.now = NOW + HOUR
    monkeypatch.setenv("SENDER_ADDRESS", "Orders@vendor.example")


def event(kind: str, particulars: Json | None = None, link: Link = LINK, **changes: Any) -> Json:
    """An event of SES about the mail with a link."""
    tags = {tag["Name"]: [tag["Value"]] for tag in mail._email_tags(mail.tags_of(link, 1))}
    about = {"source": "Brand <orders@vendor.example>", "destination": ["Connie <CONNIE@acme.example>"], "tags": tags}
    detail = {"eventType": kind, "mail": {**about, **changes}, **(particulars or PARTICULARS.get(kind, {}))}
    return {"detail": detail}


def bounce(kind: str, *recipients: Json) -> Json:
    return {"bounce": {"bounceType": kind, "bouncedRecipients": [*recipients], "timestamp": "2026-11-22T10:59:00.000Z"}}


def handle(happened: Json) -> None:
    assert mail_events.handler(happened, Context()) is None


def counted(kind: str, *more: str) -> list[Any]:
    return [(name, MetricUnit.Count, 1) for name in (f"Mail{kind}", *more)]


def known(desk: Desk) -> Any:
    return desk.order.internals.quote_mail


def test_a_mail_that_arrived_is_recorded_with_its_time(desk: Desk) -> None:
    desk.store(OFFERED)
    handle(event("Delivery"))
    (entry,) = desk.entries()
    assert (entry.event, entry.at) == ("quote.delivered", desk.now)
    assert (known(desk).state, known(desk).said_at, known(desk).link) == ("delivered", SAID_AT, 1)
    assert desk.told == counted("Delivery")


@pytest.mark.parametrize(
    ("particulars", "code"),
    [
        (bounce("Permanent"), "address_does_not_work"),
        ({"bounce": {"bounceType": "Permanent"}}, "address_does_not_work"),
        (bounce("Transient"), "mailbox_did_not_take_it"),
        (bounce("Transient", {"status": "5.1.1"}, {"status": "4.2.2"}), "address_does_not_work"),
        (bounce("Transient", {"status": "4.4.7"}), "mailbox_did_not_take_it"),
        (bounce("Undetermined", {"diagnosticCode": "smtp; 550 no such user"}), "address_does_not_work"),
    ],
)
def test_a_mail_that_came_back_says_why(desk: Desk, particulars: Json, code: str) -> None:
    desk.store(OFFERED)
    handle(event("Bounce", particulars))
    (entry,) = desk.entries()
    assert (entry.event, entry.data["code"], entry.at) == ("quote.undeliverable", code, desk.now)
    assert known(desk).said_at == (SAID_AT if "timestamp" in particulars["bounce"] else None)


def test_a_mail_that_ses_rejected_is_undeliverable_since_now(desk: Desk) -> None:
    desk.store(OFFERED)
    handle(event("Reject"))
    (entry,) = desk.entries()
    assert (entry.event, entry.data["code"], entry.at) == ("quote.undeliverable", "mail_rejected", desk.now)
    assert known(desk).event is MailEvent.REJECTED


def test_a_mail_that_was_marked_as_spam_is_flagged(desk: Desk) -> None:
    desk.store(OFFERED)
    handle(event("Complaint"))
    (entry,) = desk.entries()
    assert (entry.event, entry.at, desk.order.internals.complained_link) == ("quote.complained", desk.now, 1)
    assert known(desk).said_at == SAID_AT


def test_an_event_without_a_time_of_its_own_has_the_present_one(desk: Desk) -> None:
    desk.store(OFFERED)
    handle(event("Delivery", {"delivery": {}}))
    assert (known(desk).at, known(desk).said_at) == (desk.now, None)


@pytest.mark.parametrize("kind", ["Delivery", "Bounce", "Reject"])
def test_news_of_a_mail_prove_that_it_went_out_with_the_key_of_its_link(desk: Desk, kind: str) -> None:
    desk.store(OFFERED.resend(CLARA, None, NOW).order)
    particulars = bounce("Permanent") if kind == "Bounce" else None
    handle(event(kind, particulars, LINK.model_copy(update={"number": 2})))
    assert desk.order.internals.quote_link_key_id == "key-2"


@pytest.mark.parametrize("kind", ["Send", "Open", "DeliveryDelay"])
def test_other_events_are_counted_and_change_nothing(desk: Desk, kind: str) -> None:
    desk.store(OFFERED)
    handle(event(kind, {"delivery": {"timestamp": "2026-11-22T10:59:00.000Z"}}))
    assert (desk.order, desk.told) == (OFFERED, counted(kind))


def test_events_of_other_mails_are_only_counted(desk: Desk) -> None:
    handle(event("Delivery", tags={"kind": ["approved"], "order_id": [ORDER_ID]}))
    handle(event("Bounce", tags={}))
    assert (desk.table.calls, desk.told) == ([], [*counted("Delivery"), *counted("Bounce")])


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"source": "orders@other.example"}, "sender"),
        ({"source": ""}, "sender"),
        ({"destination": [CARLA.email]}, "recipient"),
        ({"destination": [CONNIE.email, CARLA.email]}, "recipient"),
        ({"destination": []}, "recipient"),
    ],
    ids=["another sender", "no sender", "another recipient", "a further recipient", "no recipient"],
)
def test_events_of_what_was_not_sent_to_the_contact_by_us_are_ignored(
    desk: Desk, ignored: list[str], changes: Json, why: str
) -> None:
    desk.store(OFFERED)
    handle(event("Bounce", bounce("Permanent"), **changes))
    assert (desk.order, desk.told) == (OFFERED, counted("Bounce", "MailEventsIgnored"))
    assert ignored == [why]


@pytest.mark.parametrize("member", ["source", "destination"])
def test_an_event_that_does_not_say_who_wrote_to_whom_is_ignored(desk: Desk, member: str) -> None:
    desk.store(OFFERED)
    happened = event("Delivery")
    del happened["detail"]["mail"][member]
    handle(happened)
    assert (desk.order, desk.told) == (OFFERED, counted("Delivery", "MailEventsIgnored"))


def test_events_of_a_dead_link_change_nothing_and_are_not_suspect(desk: Desk) -> None:
    order = OFFERED.resend(CLARA, CARLA, NOW).order
    desk.store(order)
    handle(event("Delivery"))
    assert (desk.order, desk.told) == (order, counted("Delivery"))


def test_an_event_of_an_order_that_does_not_exist_is_ignored(desk: Desk, ignored: list[str]) -> None:
    handle(event("Delivery"))
    assert ignored == ["order"]
    assert desk.told == counted("Delivery", "MailEventsIgnored")


def test_a_mail_of_a_direct_order_is_found_too(desk: Desk) -> None:
    direct = offered(place(source="direct", by=CLARA).order.claim(CLARA, NOW).order)
    desk.store(direct)
    handle(event("Delivery", link=LINK.model_copy(update={"source": "direct"})))
    assert desk.events == ["quote.delivered"]


def test_the_log_names_the_order_and_the_request(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[Any] = []
    monkeypatch.setattr(logger, "info", lambda text, extra: lines.append((extra, dict(logger.get_current_keys()))))
    tags = {"kind": ["approved"], "order_id": [ORDER_ID], "correlation": [b"request".hex()]}
    handle(event("Delivery", tags=tags))
    handle(event("Delivery", tags={}))
    (named, keys), (_, bare) = lines
    assert named == {"kind": "approved", "event_type": "Delivery"}
    assert (keys["order_id"], keys["correlation_id"]) == (ORDER_ID, "request")
    assert not {"order_id", "correlation_id"} & bare.keys()


def test_events_come_through_a_queue_or_one_by_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.store(OFFERED)
    calls: list[Any] = []

    def process(*given: Any) -> str:
        calls.append(given)
        return "failed ones"

    monkeypatch.setattr(mail_events, "process_queue", process)
    records: Json = {"Records": []}
    context = Context()
    assert mail_events.handler(records, context) == "failed ones"
    assert calls == [(records, mail_events._handle_record, context, "MAIL_NEWS_URL")]
    mail_events._handle_record(SQSRecord({"body": json.dumps(event("Delivery"))}))
    assert desk.events == ["quote.delivered"]


# -- the list of mails --------------------------------------------------------------------------------------------

NAME = "approved#placed_by"
PUT_OFF = {"deliveryDelay": {"timestamp": "2026-11-22T10:58:00.000Z", "delayType": "MailboxFull"}}


def keep(desk: Desk, recipient: str = CARLA.email) -> None:
    """Keep a mail of which nothing is known but that it went out."""
    item = {**mail_key(ORDER_ID, 7, NAME), "state": {"S": "sent"}, "kind": {"S": "approved"}}
    desk.table.items[text_of(mail_key(ORDER_ID, 7, NAME))] = {**item, "recipient": {"S": recipient}}


def notice(kind: str, particulars: Json | None = None, **changes: Any) -> Json:
    """An event of SES about the mail that `keep` keeps."""
    tags = {"kind": ["approved"], "order_id": [ORDER_ID], "sequence": ["7"], "name_hex": [NAME.encode().hex()]}
    return event(kind, particulars, **{"destination": [CARLA.email], "tags": tags, **changes})


def listed() -> list[tuple[str, str | None, Any]]:
    return [(each.state, each.recipient, each.state_at) for each in list_mails(ORDER_ID, 10, None).mails]


@pytest.mark.parametrize(
    ("happened", "state"),
    [
        (notice("Delivery"), "delivered"),
        (notice("Complaint"), "complained"),
        (notice("Bounce", bounce("Permanent")), "bounced"),
        (notice("Bounce", bounce("Transient")), "bounced"),
        (notice("DeliveryDelay", PUT_OFF), "delayed"),
        (notice("Reject"), "rejected"),
    ],
)
def test_what_became_of_a_mail_is_kept_without_touching_the_order(desk: Desk, happened: Json, state: str) -> None:
    desk.store(OFFERED)
    keep(desk)
    handle(happened)
    ((found, recipient, _),) = listed()
    assert (found, recipient, desk.order) == (state, CARLA.email, OFFERED)


@pytest.mark.parametrize("order", permutations(range(4)))
def test_events_of_a_mail_in_any_order_and_again_come_to_the_same(desk: Desk, order: tuple[int, ...]) -> None:
    keep(desk)
    late = {"complaint": {"timestamp": "2026-11-22T11:10:00.000Z"}}
    events = [
        notice("DeliveryDelay", PUT_OFF),
        notice("Bounce", bounce("Transient")),
        notice("Delivery"),
        notice("Complaint", late),
    ]
    for number in (*order, order[0]):
        handle(events[number])
    assert listed() == [("complained", CARLA.email, NOW + timedelta(minutes=70))]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"source": "orders@other.example"}, ["sender"]),
        ({"destination": [CONNIE.email]}, ["recipient"]),
        ({"tags": {"kind": ["approved"], "order_id": [ORDER_ID], "sequence": ["8"], "name": ["n"]}}, []),
        ({"tags": {"kind": ["approved"], "order_id": [ORDER_ID], "sequence": ["7"]}}, []),
    ],
    ids=["another sender", "another recipient", "no such mail", "no name"],
)
def test_events_of_mails_that_are_not_listed_change_nothing(
    desk: Desk, ignored: list[str], changes: Json, why: list[str]
) -> None:
    keep(desk)
    handle(notice("Bounce", bounce("Permanent"), **changes))
    assert (listed(), ignored) == ([("sent", CARLA.email, None)], why)


def test_an_event_of_a_quotes_mail_completes_the_list_though_the_step_did_not_write_it(desk: Desk) -> None:
    desk.store(OFFERED)
    handle(event("Send"))
    assert listed() == []
    handle(event("Delivery", timestamp="2026-11-22T10:00:00.000Z"))
    (found,) = list_mails(ORDER_ID, 10, None).mails
    assert found == SentMail(
        kind="quote_to_confirm", recipient=CONNIE.email, sent_at=NOW, state="delivered", state_at=SAID_AT, sequence=1
    )
    handle(event("DeliveryDelay", PUT_OFF, timestamp="2026-11-22T10:30:00.000Z"))
    assert list_mails(ORDER_ID, 10, None).mails == [found]


def test_an_event_of_a_former_contacts_mail_is_kept_by_whom_the_list_names(desk: Desk) -> None:
    desk.store(OFFERED.resend(CLARA, CARLA, NOW).order)
    name = quote_mail_name(1)
    record_quote_mail(ORDER_ID, 1, name, CONNIE.email, NOW)
    handle(event("Delivery"))
    assert listed() == [("delivered", CONNIE.email, SAID_AT)]
