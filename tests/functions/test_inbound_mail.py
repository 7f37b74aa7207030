"""Received mails, one by one: which become comments and of whom, which wait at the desk and why, which are dropped."""

import io
import json
from datetime import timedelta
from email import message_from_bytes
from email.utils import format_datetime
from typing import Any

import pytest

import inbound_mail
from online_orders.aws import inbound_store, message_store, people_store, queues
from online_orders.aws.keys import watcher_key
from online_orders.aws.signing_keys import signing_key
from online_orders.domain.messages import Message
from online_orders.domain.order_numbers import number_of
from online_orders.domain.orders import Order
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.reply_addresses import reply_address
from online_orders.domain.roles import DESK, Role
from online_orders.domain.timeline import Entry
from online_orders.telemetry import MetricUnit
from tests.aws.desk import Desk, text_of
from tests.aws.service import error_of
from tests.domain.builders import ANNA, CLARA, DAY, HOUR, NOW, ORDER_ID, account_of, claimed, offered, place, standing
from tests.functions.invocation import Context

Json = dict[str, Any]

DOMAIN = "reply.vendor.example"
PASSED = dict.fromkeys(("spam", "virus", "spf", "dkim", "dmarc"), "PASS")
MAIL_ID = "o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1"


class Bucket:
    """The bucket of received mails."""

    def __init__(self) -> None:
        self.mails: dict[str, bytes] = {}

    def get_object(self, **asked: str) -> Json:
        assert asked["Bucket"] == "Inbound"
        raw = self.mails.get(asked["Key"])
        if raw is None:
            raise error_of("NoSuchKey")
        return {"Body": io.BytesIO(raw), "ContentLength": len(raw)}


@pytest.fixture
def bucket(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    found = Bucket()
    monkeypatch.setattr(inbound_store, "client", lambda name: found)
    for name, value in {
        "INBOUND_DOMAIN": DOMAIN,
        "INBOUND_BUCKET": "Inbound",
        "INBOUND_MESSAGES_PER_DAY": "3",
        "COMMENTS_PER_HOUR": "2",
        "SENDER_ADDRESS": "Orders@vendor.example",
        "INBOUND_MAIL_URL": "url",
        "MAX_RETRY_DELAY_SECONDS": "5",
    }.items():
        monkeypatch.setenv(name, value)
    desk.now = NOW + HOUR
    return found


def address(recipient: str, order_id: str = ORDER_ID) -> str:
    return reply_address(signing_key("replies").key, order_id, recipient, DOMAIN)


def mail_of(sender: str = "Connie <connie@acme.example>", text: str = "Next week, please.", **headers: str) -> bytes:
    written = {
        "From": sender,
        "Subject": "Re: Quote",
        "Date": format_datetime(NOW),
        "Content-Type": "text/plain; charset=utf-8",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return "".join(f"{name}: {value}\r\n" for name, value in written.items()).encode() + b"\r\n" + text.encode()


def receive(
    bucket: Bucket,
    raw: bytes | None = None,
    to: str | None = None,
    mail_id: str = MAIL_ID,
    source: str = "connie@acme.example",
    shown: Any = None,
    **verdicts: str,
) -> Json:
    """Let SES store a mail and tell of it; return the answer of the function."""
    recipients = [to or address("connie@acme.example")]
    if raw is not None:
        raw = raw if b"\nTo:" in raw else f"To: {recipients[0]}\r\n".encode() + raw
        bucket.mails[f"inbound/{mail_id}"] = raw
    receipt = {f"{name}Verdict": {"status": status} for name, status in {**PASSED, **verdicts}.items()}
    shown = message_from_bytes(bucket.mails.get(f"inbound/{mail_id}", b"")).get_all("From") if shown is None else shown
    told = {
        "notificationType": "Received",
        "mail": {"messageId": mail_id, "source": source, "destination": recipients, "commonHeaders": {"from": shown}},
        "receipt": {"recipients": recipients, **receipt},
    }
    return deliver(told)


def deliver(told: Any) -> Json:
    record = {"messageId": "1", "receiptHandle": "r", "body": json.dumps(told), "eventSource": "aws:sqs"}
    sent = {"SentTimestamp": "1795424400014"}
    return dict(inbound_mail.handler({"Records": [{**record, "attributes": sent}]}, Context()))


def messages() -> list[Message]:
    return message_store.list_messages(100, None).messages


def person(user_id: str, email: str, team: str, role: Role, group: Any = "customers") -> Person:
    return Person(
        user_id=user_id,
        email=email,
        name=user_id,
        group=group,
        memberships={team: Membership(role=role, state=PersonState.ACTIVE)},
    )


def know(desk: Desk, *people: Person) -> None:
    for each in people:
        item = people_store.person_item(each, 1)
        desk.table.items[text_of(item)] = item


def counted(desk: Desk) -> list[str]:
    assert all(unit is MetricUnit.Count and value == 1 for _, unit, value in desk.told)
    return [name for name, _, _ in desk.told]


def stored(desk: Desk, order: Order | None = None) -> None:
    desk.store(order or offered(), account_of())
    desk.put_entry(place().order, place().entries[0])


def comments(desk: Desk) -> list[Entry]:
    return [entry for entry in desk.entries() if entry.sequence > 1]


def test_a_reply_of_the_contact_person_becomes_a_comment(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    assert receive(bucket, mail_of()) == {"batchItemFailures": []}
    (entry,) = comments(desk)
    assert (entry.event, entry.actor.kind, entry.actor.name, entry.internal) == (
        "order.commented",
        "contact",
        "Connie",
        False,
    )
    asked = {"asked_name": "Connie", "asked_email": "connie@acme.example"}
    assert entry.data == {"text": "Next week, please.", "by_mail": True, **asked}
    assert (messages(), counted(desk)) == ([], ["InboundComments"])


def test_a_reply_of_a_customer_becomes_his_comment(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    know(desk, person("anna", ANNA.email, "acme", Role.BUYER))
    receive(bucket, mail_of("anna@acme.example"), address("Anna@Acme.Example"))
    (entry,) = comments(desk)
    assert (entry.actor.kind, entry.actor.name, entry.internal) == ("customer", "anna@acme.example", False)


def test_a_reply_of_staff_becomes_an_internal_comment(desk: Desk, bucket: Bucket) -> None:
    stored(desk, claimed())
    know(desk, person("clara", CLARA.email, DESK, Role.AGENT, "customer-success"))
    receive(bucket, mail_of(CLARA.email), address(CLARA.email))
    (entry,) = comments(desk)
    assert (entry.actor.kind, entry.internal) == ("customer_success", True)


def test_replies_of_staff_are_limited_too(desk: Desk, bucket: Bucket) -> None:
    stored(desk, claimed())
    know(desk, person("clara", CLARA.email, DESK, Role.AGENT, "customer-success"))
    for n in range(3):
        receive(bucket, mail_of(CLARA.email, f"Away {n}"), address(CLARA.email), f"mail{n}")
    assert len(comments(desk)) == 2
    assert [message.reasons for message in messages()] == [("too_many_comments",)]


def test_a_watcher_may_reply_too(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    know(desk, person("wanda", "wanda@acme.example", "acme", Role.BUYER))
    key = watcher_key(ORDER_ID, "wanda")
    desk.table.items[text_of(key)] = key
    receive(bucket, mail_of("wanda@acme.example"), address("wanda@acme.example"))
    assert [entry.actor.name for entry in comments(desk)] == ["wanda@acme.example"]


@pytest.mark.parametrize(
    "known",
    [
        [],
        [person("anna", ANNA.email, "acme", Role.VIEWER)],
        [person("anna", ANNA.email, "other", Role.ADMIN)],
        [person("anna", "new@acme.example", "acme", Role.ADMIN)],
    ],
)
def test_whoever_may_not_comment_now_is_judged(known: list[Person], desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    know(desk, *known)
    receive(bucket, mail_of("anna@acme.example"), address("anna@acme.example"))
    (message,) = messages()
    assert (message.reasons, message.order_id, message.number) == (("person_unknown",), ORDER_ID, number_of(ORDER_ID))
    assert comments(desk) == []


SIGNED = "amazonses.com; spf=pass smtp.mailfrom=x; dkim=pass header.i=@{}; dmarc=none header.from=acme.example;"


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"dmarc": "FAIL"}, ["sender_not_proved"]),
        ({"dmarc": "PROCESSING_FAILED"}, ["sender_not_proved"]),
        ({"dmarc": "GRAY"}, ["sender_not_proved"]),
        ({"spam": "FAIL"}, ["spam_or_virus"]),
        ({"spam": "GRAY"}, ["spam_or_virus"]),
        ({"virus": "FAIL", "dmarc": "FAIL"}, ["sender_not_proved", "spam_or_virus"]),
        ({"raw": mail_of(Date=format_datetime(NOW - 8 * DAY))}, ["too_old"]),
        ({"raw": mail_of(Date=format_datetime(NOW + 2 * DAY))}, ["too_old"]),
        ({"raw": mail_of(Date="yesterday")}, ["too_old"]),
        ({"raw": mail_of(text=" \r\n")}, ["no_text"]),
        ({"raw": mail_of(text="x" * 10_001)}, ["too_long"]),
        ({"raw": mail_of("connie@acme.example, eve@evil.example")}, ["sender_not_proved"]),
        ({"raw": mail_of("Eve <eve@evil.example>")}, ["sender_not_proved"]),
        ({"raw": mail_of('"connie@acme.example" <eve@evil.example>')}, ["sender_not_proved"]),
        ({"raw": b"From: eve@evil.example\r\n" + mail_of()}, ["sender_not_proved"]),
        ({"raw": mail_of() + b"\x00" * 2_100_000}, ["too_long"]),
        (
            {"raw": b"Content-Type: multipart/mixed; boundary=b\r\n" * 40 + mail_of()},
            ["sender_not_proved", "unreadable"],
        ),
        (
            {"dmarc": "GRAY", "raw": mail_of(Authentication_Results=SIGNED.format("evil.example"))},
            ["sender_not_proved"],
        ),
        (
            {"dmarc": "GRAY", "dkim": "FAIL", "raw": mail_of(Authentication_Results=SIGNED.format("acme.example"))},
            ["sender_not_proved"],
        ),
        (
            {
                "dmarc": "GRAY",
                "raw": mail_of(Authentication_Results=SIGNED.format("acme.example").replace("amazonses", "x")),
            },
            ["sender_not_proved"],
        ),
    ],
)
def test_what_is_not_proved_is_judged(changes: Json, reasons: list[str], desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    receive(bucket, **{"raw": mail_of(), **changes})
    (message,) = messages()
    assert (list(message.reasons), message.order_id) == (reasons, ORDER_ID)
    assert comments(desk) == []
    assert counted(desk) == ["InboundMessages"]


def test_without_a_dmarc_policy_the_signature_of_the_senders_domain_counts(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    receive(bucket, mail_of(Authentication_Results=SIGNED.format("acme.example")), dmarc="GRAY")
    assert counted(desk) == ["InboundComments"]


@pytest.mark.parametrize(
    "results",
    [
        "amazonses.com; dkim=pass header.i=acme.example@evil.example",
        "amazonses.com; dkim=pass header.i=a@acme.example@evil.example",
        "amazonses.com; dkim=pass header.i=header.d=acme.example@evil.example",
        "amazonses.com; dkim=pass header.i=@acme.example.evil.example",
        "amazonses.com; dkim=pass header.i=@evil.example x=header.d=acme.example",
        (
            "amazonses.com; spf=pass (a) client-ip=192.0.2.1;"
            " envelope-from=dkim=pass/header.d=acme.example@evil.example; helo=x; dkim=pass header.i=@evil.example"
        ),
        (
            'amazonses.com; spf=pass; envelope-from="; dkim=pass header.d=acme.example ;"@evil.example;'
            " dkim=pass header.i=@evil.example"
        ),
        "amazonses.com; spf=pass (x; dkim=pass header.d=acme.example ;) helo=x; dkim=pass header.i=@evil.example",
        "amazonses.com; spf=pass ((); dkim=pass header.d=acme.example ;) helo=x",
        "amazonses.com; spf=pass (; dkim=pass header.d=acme.example",
        "amazonses.com; dkim=fail header.i=@acme.example; dkim=pass header.i=@evil.example",
        "amazonses.com; envelope-from==?utf-8?q?=3B_dkim=3Dpass_header.d=3Dacme.example=3B?=@evil.example",
        "amazonses.com; dkim=passed header.d=acme.example",
        "amazonses.com; xdkim=pass header.d=acme.example",
        "=?utf-8?q?amazonses.com=3B_dkim=3Dpass_header.d=3Dacme.example?=",
        "amazonses.com; " + " " * 2_000 + "; dkim=pass header.d=acme.example",
    ],
)
def test_a_signer_is_no_domain_that_the_sender_only_names(results: str, desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    receive(bucket, mail_of(Authentication_Results=results), dmarc="GRAY")
    assert messages()[0].reasons == ("sender_not_proved",)


@pytest.mark.parametrize(
    "results",
    [
        (
            "amazonses.com;\r\n\tspf=pass (spfCheck: x (y) designates 192.0.2.1) client-ip=192.0.2.1;\r\n\t"
            "envelope-from=a@acme.example; helo=x;\r\n\tdkim=pass header.i=@ACME.example;\r\n\tdmarc=none"
        ),
        "AmazonSES.com; dkim=pass (2048-bit key; x) header.d=acme.example header.s=a; dkim=pass header.i=@evil.example",
        "amazonses.com; dkim=pass header.i=@evil.example; dkim=pass header.i=connie@acme.example",
    ],
)
def test_each_signer_counts(results: str, desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    receive(bucket, mail_of(Authentication_Results=results), dmarc="GRAY")
    assert counted(desk) == ["InboundComments"]


def test_a_header_that_the_sender_wrote_below_proves_nothing(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    ours = f"Authentication-Results: {SIGNED.format('evil.example')}\r\n".encode()
    receive(bucket, ours + mail_of(Authentication_Results=SIGNED.format("acme.example")), dmarc="GRAY")
    assert messages()[0].reasons == ("sender_not_proved",)


@pytest.mark.parametrize(
    "headers",
    ["To: bob@supplier.example", "To:", "To: {0}\r\nTo: bob@supplier.example", "To: bob@supplier.example\r\nCc: {0}"],
)
def test_a_mail_that_its_sender_wrote_to_others_is_judged(headers: str, desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    to = address("connie@acme.example")
    receive(bucket, b"X: y\r\n" + headers.format(to).encode() + b"\r\n" + mail_of(text="Yes, go ahead."), to)
    assert messages()[0].reasons == ("sender_not_proved",)
    assert comments(desk) == []


def test_others_may_be_written_to_as_well(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    to = address("connie@acme.example")
    receive(bucket, mail_of(To=f"Bob <bob@acme.example>,\r\n\t{to.upper()}", Cc="eve@evil.example"), to)
    assert counted(desk) == ["InboundComments"]


@pytest.mark.parametrize(
    "shown", [[], ["Eve <eve@evil.example>"], ["connie@acme.example <eve@evil.example>"], "connie@acme.example", {}]
)
def test_a_sender_whom_the_receiving_server_reads_otherwise_is_not_proved(
    shown: Any, desk: Desk, bucket: Bucket
) -> None:
    stored(desk)
    receive(bucket, mail_of(), shown=shown)
    assert messages()[0].reasons == ("sender_not_proved",)
    assert comments(desk) == []


@pytest.mark.parametrize(
    "to",
    [
        f"reply+{'a' * 58}@{DOMAIN}",
        f"anybody@{DOMAIN}",
        f"reply+../../secret@{DOMAIN}",
        reply_address(b"another key", ORDER_ID, "connie@acme.example", DOMAIN),
    ],
)
def test_an_address_that_proves_no_order_is_judged_without_one(to: str, desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    receive(bucket, mail_of(), to)
    (message,) = messages()
    assert (message.reasons, message.order_id) == (("thread_not_proved", "sender_not_proved"), None)


def test_the_address_of_another_order_is_of_no_use(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    mine = address("connie@acme.example", ORDER_ID[:-1] + "0")
    receive(bucket, mail_of(), f"reply+{ORDER_ID.lower()}{mine[32:]}")
    assert messages()[0].order_id is None


def test_the_case_of_an_address_does_not_matter(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    receive(bucket, mail_of("CONNIE@acme.example"), address("connie@acme.example").upper())
    assert counted(desk) == ["InboundComments"]


@pytest.mark.parametrize(("order", "reason"), [("completed", "order_closed"), ("canceled", "order_closed")])
def test_a_reply_about_a_closed_order_is_judged(order: str, reason: str, desk: Desk, bucket: Bucket) -> None:
    stored(desk, standing(order))
    receive(bucket, mail_of())
    assert messages()[0].reasons == (reason,)


def test_more_comments_than_an_order_takes_are_judged(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    for n in range(3):
        receive(bucket, mail_of(text=f"Mail {n}"), mail_id=f"mail{n}")
    assert len(comments(desk)) == 2
    assert [message.reasons for message in messages()] == [("too_many_comments",)]


def test_a_mail_that_is_told_of_twice_is_one_comment(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    receive(bucket, mail_of())
    receive(bucket)
    assert (len(comments(desk)), messages()) == (1, [])


def test_a_message_that_is_told_of_twice_is_one_message(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    receive(bucket, mail_of(), dmarc="FAIL")
    receive(bucket, dmarc="FAIL")
    assert len(messages()) == 1


def test_a_mail_that_somebody_sends_again_is_no_second_comment(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    receive(bucket, mail_of(Message_ID="<1@acme.example>"))
    receive(bucket, mail_of(Message_ID="<2@evil.example>"), mail_id="another")
    assert (len(comments(desk)), messages()) == (1, [])
    assert counted(desk) == ["InboundComments", "InboundRepeated"]


@pytest.mark.parametrize(
    "changes",
    [
        {"raw": mail_of(Auto_Submitted="auto-replied")},
        {"raw": mail_of(Auto_Submitted="auto-generated; x=y")},
        {"raw": mail_of(X_Auto_Response_Suppress="All")},
        {"raw": mail_of(Precedence="Bulk")},
        {"raw": mail_of(List_Id="<news.acme.example>")},
        {"raw": mail_of("MAILER-DAEMON@acme.example")},
        {"raw": b"Auto-Submitted: no\r\n" + mail_of(Auto_Submitted="auto-replied")},
        {"raw": b"Precedence: first-class\r\n" + mail_of(Precedence="bulk")},
        {"raw": b"Return-Path: <>\r\n" + mail_of()},
        {"raw": mail_of(), "source": ""},
        {"raw": mail_of(), "source": "<>"},
        {"raw": mail_of(), "source": "mailer-daemon@acme.example"},
        {"raw": mail_of("orders@vendor.example")},
        {"raw": mail_of(f"reply+{ORDER_ID.lower()}{'a' * 32}@{DOMAIN}")},
        {"raw": mail_of(Content_Type="multipart/report; boundary=x")},
    ],
)
def test_what_a_program_wrote_is_dropped(changes: Json, desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    receive(bucket, **changes)
    assert (comments(desk), messages(), counted(desk)) == ([], [], ["InboundAutomatic"])


def test_spam_of_strangers_is_dropped(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    receive(bucket, mail_of("eve@evil.example"), f"info@{DOMAIN}", spam="FAIL")
    assert (messages(), counted(desk)) == ([], ["InboundSpam"])


def test_strangers_cannot_flood_the_desk(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    for n in range(5):
        receive(bucket, mail_of("eve@evil.example"), f"info@{DOMAIN}", mail_id=f"mail{n}")
    assert len(messages()) == 3
    assert counted(desk) == ["InboundMessages"] * 3 + ["InboundMessagesBeyondLimit"] * 2
    receive(bucket, mail_of(), dmarc="FAIL")
    assert len(messages()) == 4, "who replies about an order is counted by himself"
    desk.now += timedelta(days=1)
    receive(bucket, mail_of("eve@evil.example"), f"info@{DOMAIN}", mail_id="next")
    assert len(messages()) == 5


def test_nor_can_whoever_has_an_address(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    for n in range(22):
        receive(bucket, mail_of("eve@evil.example"), mail_id=f"mail{n}")
    assert len(messages()) == message_store.MAX_PER_ORDER == 20


def test_a_mail_that_is_gone_is_nothing(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    receive(bucket)
    assert (comments(desk), messages(), counted(desk)) == ([], [], [])


@pytest.mark.parametrize("mail_id", ["../../secret", "a/b", "", None, 7, "x" * 129, "ä"])
def test_what_is_no_id_of_a_mail_becomes_no_key(mail_id: Any, desk: Desk, bucket: Bucket) -> None:
    deliver({"notificationType": "Received", "mail": {"messageId": mail_id}, "receipt": {}})
    deliver({"notificationType": "AmazonSnsSubscriptionSucceeded"})
    assert counted(desk) == ["InboundIgnored"] * 2


def test_names_of_files_are_kept_and_files_are_not(desk: Desk, bucket: Bucket) -> None:
    stored(desk)
    parts = (
        "--b\r\nContent-Type: text/plain\r\n\r\nSee the plan.\r\n"
        '--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="plan.pdf"\r\n\r\nx\r\n'
        "--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\n"
        "Content-Disposition: inline; filename=logo.png\r\n\r\nx\r\n"
        "--b--\r\n"
    )
    receive(bucket, mail_of(text=parts, Content_Type="multipart/mixed; boundary=b"))
    (entry,) = comments(desk)
    assert (entry.data["text"], entry.data["files"]) == ("See the plan.", "plan.pdf")


def test_an_error_lets_the_mail_come_again(desk: Desk, bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**asked: str) -> Json:
        raise error_of("SlowDown")

    class Queue:
        def change_message_visibility(self, **asked: Any) -> None: ...

    stored(desk)
    monkeypatch.setattr(bucket, "get_object", fail)
    monkeypatch.setattr(queues, "client", lambda name: Queue())
    with pytest.raises(Exception, match="BatchProcessingError"):
        receive(bucket)
