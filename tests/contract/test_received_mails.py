"""Received mails at the desk: listed, accepted as comments of an order, dismissed, and erased with their sender."""

import pytest

from online_orders.aws.erasure_job import erase_person
from online_orders.domain.order_numbers import number_of
from tests.contract.in_process import InProcess
from tests.contract.orders import place
from tests.contract.received import wait

MESSAGES = "/api/desk/messages"


def test_open_messages_come_first_and_the_newest_of_them(in_process: InProcess) -> None:
    site, cs = in_process, in_process.people.cs
    received = []
    for _ in range(3):
        received.append(wait(site.lab))
        site.lab.advance(minutes=1)  # those of one millisecond are in no order
    oldest, second, newest = received
    site.post(f"{MESSAGES}/{newest}/dismiss", cs, {}).ok()
    rows, cursor = [], ""
    while True:
        page = site.get(f"{MESSAGES}?limit=2{cursor}", cs).ok()
        rows += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [row["message_id"] for row in rows] == [second, oldest, newest]
    assert [row["judgment"] is None for row in rows] == [True, True, False]
    assert site.get(f"{MESSAGES}/{oldest}", cs).ok() == rows[1]
    site.get(f"{MESSAGES}/nowhere", cs).refused(404, "not_found")


def test_an_accepted_message_is_an_internal_comment_unless_said_otherwise(in_process: InProcess) -> None:
    site, cs = in_process, in_process.people.cs
    order = place(site)
    for body, internal in (({}, True), ({"internal": False}, False)):
        message = wait(site.lab, order_id=order.order_id, number=number_of(order.order_id), files=("plan.pdf",))
        judged = site.post(f"{MESSAGES}/{message}/accept", cs, body).ok()
        assert judged["judgment"]["decision"] == "accepted"
        assert judged["judgment"]["by"]["email"] == cs.email
        entry = order.desk_timeline()[-1]
        assert (entry["event"], entry["internal"]) == ("order.commented", internal)
        assert entry["actor"] == {"kind": "customer", "name": "eve@elsewhere.example"}
        assert entry["data"] == {
            "text": "<b>Next week</b>, please.",
            "by_mail": True,
            "accepted_by": cs.email,
            "files": "plan.pdf",
        }


def test_a_message_of_the_contact_person_is_a_comment_of_that_person(in_process: InProcess) -> None:
    site, cs = in_process, in_process.people.cs
    order = place(site)
    contact = order.read()["contact"]
    message = wait(site.lab, sender=contact["email"].upper())
    site.post(f"{MESSAGES}/{message}/accept", cs, {"order": order.read()["number"].lower()}).ok()
    assert order.desk_timeline()[-1]["actor"] == {"kind": "contact", "name": contact["name"]}


def test_a_message_is_judged_once(in_process: InProcess) -> None:
    site, cs = in_process, in_process.people.cs
    order = place(site)
    message = wait(site.lab, order_id=order.order_id)
    site.post(f"{MESSAGES}/{message}/accept", cs, {}).ok()
    entries = order.desk_timeline()
    for act in ("accept", "dismiss"):
        site.post(f"{MESSAGES}/{message}/{act}", in_process.people.cs2, {}).refused(409, "already_judged")
    assert order.desk_timeline() == entries


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/order", "required"),
        ({"order": "XXX-XXX-XXX"}, "/order", "unknown_order"),
        ({"order": ""}, "/order", "too_short"),
        ({"internal": "no"}, "/internal", "wrong_type"),
        ({"public": True}, "/public", "unknown_field"),
    ],
)
def test_what_is_said_of_it_has_to_be_sound(
    body: dict[str, object], pointer: str, code: str, in_process: InProcess
) -> None:
    message = wait(in_process.lab)
    assert in_process.post(f"{MESSAGES}/{message}/accept", in_process.people.cs, body).faults() == {pointer: code}


def test_neither_a_closed_order_nor_an_empty_mail_makes_a_comment(in_process: InProcess) -> None:
    site, cs = in_process, in_process.people.cs
    order = place(site)
    empty = wait(site.lab, order_id=order.order_id, text="")
    site.post(f"{MESSAGES}/{empty}/accept", cs, {}).refused(409, "no_text")
    site.post(f"/api/desk/orders/{order.order_id}/decline", cs, {"reason": "No."}).ok()
    message = wait(site.lab, order_id=order.order_id)
    site.post(f"{MESSAGES}/{message}/accept", cs, {}).refused(409, "conflict")
    assert site.get(f"{MESSAGES}/{message}", cs).ok()["judgment"] is None


def test_a_public_comment_by_mail_is_mailed_to_the_desk_as_a_customers(in_process: InProcess) -> None:
    site, cs = in_process, in_process.people.cs
    order = place(site)
    message = wait(site.lab, order_id=order.order_id)
    site.post(f"{MESSAGES}/{message}/accept", cs, {"internal": False}).ok()
    site.settle()
    assert any("Next week" in mail.text for mail in site.mails(to=site.cs_mailbox))


def test_messages_are_erased_with_their_sender(in_process: InProcess) -> None:
    site, cs = in_process, in_process.people.cs
    open_one, judged, other = (
        wait(site.lab),
        wait(site.lab),
        wait(site.lab, sender="ann@elsewhere.example", sender_name="Ann", text="Hello"),
    )
    site.post(f"{MESSAGES}/{judged}/dismiss", cs, {}).ok()
    with site.lab.as_operator():
        erased = sum((step.erased["messages"] for step in erase_person("EVE@elsewhere.example")), 0)
    assert erased == 2
    assert [row["message_id"] for row in site.get(MESSAGES, cs).ok()["items"]] == [other]
    site.get(f"{MESSAGES}/{open_one}", cs).refused(404, "not_found")
