"""Replies to mails over HTTP, as SES would receive them: proved ones are comments, others wait at the desk."""

from email.message import EmailMessage
from email.utils import format_datetime, localtime

import pytest

from tests.contract.live import Live
from tests.contract.orders import fresh, offered
from tests.contract.site import Json

pytestmark = pytest.mark.live


def reply_of(sender: str, to: str, text: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, "Re: your quote"
    mail["Date"] = format_datetime(localtime())
    mail.set_content(f"{text}\n\nOn Monday, Vendor wrote:\n> Please decide.\n")
    return mail.as_bytes()


def receive(live: Live, raw: bytes, query: str = "") -> None:
    response = live._http.post(f"{live.origin}/inbound{query}", content=raw)
    assert response.status_code == 202, response.text


def reply_address_of(live: Live, recipient: str, about: str) -> str:
    mails = live._http.get(f"{live.origin}/mailbox", headers={"Accept": "application/json"}).json()["messages"]
    found: list[str] = next(
        mail["reply_to"] for mail in reversed(mails) if recipient in mail["to"] and about in mail["subject"]
    )
    return found[0]


def test_a_reply_becomes_a_comment_and_a_forged_one_waits_at_the_desk(live: Live) -> None:
    order, _ = offered(live)
    body = order.read()
    contact, number = body["contact"], body["number"]
    address = reply_address_of(live, contact["email"], number)
    mine, forged = fresh("Mine"), fresh("Forged")
    receive(live, reply_of(contact["email"], address, mine))
    receive(live, reply_of(contact["email"], address, forged), "?dmarc=FAIL")

    def comments() -> list[Json]:
        return [entry for entry in order.timeline() if entry["event"] == "order.commented"]

    (comment,) = live.eventually(comments)
    assert comment["actor"] == {"kind": "contact", "name": contact["name"]}
    assert comment["data"]["text"] == mine

    def waiting() -> list[Json]:
        items = live.get("/api/desk/messages", live.people.cs).ok()["items"]
        return [each for each in items if each["text"] == forged]

    (message,) = live.eventually(waiting)
    assert (message["number"], message["reasons"], message["judgment"]) == (number, ["sender_not_proved"], None)
    accepted = {"internal": False}
    live.post(f"/api/desk/messages/{message['message_id']}/accept", live.people.cs, accepted).ok()
    assert [entry["data"]["text"] for entry in comments()] == [mine, forged]


def test_a_mail_of_a_stranger_waits_without_an_order(live: Live) -> None:
    order, _ = offered(live)
    address = reply_address_of(live, order.read()["contact"]["email"], order.read()["number"])
    text = fresh("Stranger")
    receive(live, reply_of("eve@elsewhere.example", f"info@{address.partition('@')[2]}", text), "?spf=FAIL")

    def waiting() -> list[Json]:
        items = live.get("/api/desk/messages", live.people.cs).ok()["items"]
        return [each for each in items if each["text"] == text]

    (message,) = live.eventually(waiting)
    assert (message["order_id"], message["sender"]) == (None, "eve@elsewhere.example")
    live.post(f"/api/desk/messages/{message['message_id']}/dismiss", live.people.cs, {}).ok()
