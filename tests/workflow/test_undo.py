"""A quote whose mail is held for a minute, so that Customer Success can undo it."""

from collections.abc import Iterator
from typing import Any

import pytest

from online_orders.aws import mail_pause
from tests.lab import Lab
from tests.lab.http import Response
from tests.workflow.walking import Json, decide, desk, order_of, place, timeline

LINE = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
QUOTE = {"valid_until": "2027-01-01", "lines": [LINE]}


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab.started(QuoteUndoSeconds="60") as started:
        yield started
        assert not started.errors, f"functions failed: {started.errors}"


def quote(lab: Lab, order_id: str, **changes: Any) -> Json:
    """The order as the 202 answers it."""
    path = f"/api/desk/orders/{order_id}/quote"
    response = lab.http("POST", path, json={**QUOTE, **changes}, user=lab.users.cs)
    assert response.status == 202, response
    lab.settle()
    order: Json = response.json()
    return order


def undo(lab: Lab, order_id: str, **headers: str) -> Response:
    return lab.http("POST", f"/api/desk/orders/{order_id}/quote/undo", json={}, user=lab.users.cs, headers=headers)


def claimed(lab: Lab) -> str:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    return order_id


def quote_mails(lab: Lab, order_id: str) -> list[Any]:
    return [mail for mail in lab.mails.about(order_id) if mail.attachments]


def test_the_mail_of_a_quote_waits_for_the_time_of_undoing_and_then_goes(lab: Lab) -> None:
    order_id = claimed(lab)
    assert quote(lab, order_id)["undo_until"] == order_of(lab, order_id)["undo_until"] is not None
    lab.advance(seconds=59)
    assert quote_mails(lab, order_id) == []
    assert order_of(lab, order_id)["quote"]["state"] == "sending"
    lab.advance(seconds=1)
    (mail,) = quote_mails(lab, order_id)
    after = order_of(lab, order_id)
    assert (after["status"], after["undo_until"]) == ("pending_confirmation", None)
    assert decide(lab, mail, "approve") == 200


def test_an_order_takes_at_most_eight_transitions_with_held_quotes(lab: Lab) -> None:
    order_id = claimed(lab)
    quote(lab, order_id)
    lab.advance(seconds=60)
    assert decide(lab, quote_mails(lab, order_id)[0], "approve") == 200
    (execution,) = lab.executions
    assert execution.status == "SUCCEEDED"
    assert execution.states == [
        "Await review",
        "Next step",
        "Mail is held",
        "Send quote",
        "Next step",
        "Await contact",
        "Next step",
        "Done",
    ]


def test_without_a_time_for_undoing_no_transition_is_added() -> None:
    with Lab.started() as lab:
        order_id = claimed(lab)
        assert quote(lab, order_id)["undo_until"] is None
        assert undo(lab, order_id).status == 409
        assert decide(lab, quote_mails(lab, order_id)[0], "approve") == 200
        (execution,) = lab.executions
        assert len(execution.states) == 7
        assert "Mail is held" not in execution.states
        assert "quote.mailing" not in timeline(lab, order_id)


def test_an_undone_quote_is_never_mailed_and_its_order_is_quoted_anew(lab: Lab) -> None:
    order_id = claimed(lab)
    version = quote(lab, order_id, lines=[{**LINE, "unit_price": "1000"}])["version"]
    lab.advance(seconds=30)
    assert undo(lab, order_id, If_Match='"1"').status == 200
    after = order_of(lab, order_id)
    assert (after["status"], after["quote"]["state"], after["version"]) == ("in_process", "superseded", version + 1)
    lab.advance(hours=1)
    assert quote_mails(lab, order_id) == []
    assert [event.detail_type for event in lab.events] == ["order.submitted", "order.claimed"]
    assert quote(lab, order_id)["quote"]["revision"] == 2
    lab.advance(seconds=60)
    (mail,) = quote_mails(lab, order_id)
    assert decide(lab, mail, "approve") == 200
    first = lab.http("GET", f"/api/orders/{order_id}/quotes/1", user=lab.users.customer)
    assert (first.json()["state"], first.json()["lines"][0]["unit_price"]) == ("superseded", "1000.00")
    pdf = {"Accept": "application/pdf"}
    assert lab.http("GET", f"/api/orders/{order_id}/quotes/1", user=lab.users.customer, headers=pdf).status == 404
    assert timeline(lab, order_id) == [
        "order.submitted",
        "order.claimed",
        "quote.prepared",
        "quote.undone",
        "quote.prepared",
        "quote.mailing",
        "order.quoted",
        "order.completed",
    ]
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED"]


def test_the_customer_s_timeline_does_not_tell_of_an_undone_quote(lab: Lab) -> None:
    order_id = claimed(lab)
    quote(lab, order_id)
    undo(lab, order_id)
    entries = lab.http("GET", f"/api/orders/{order_id}/timeline", user=lab.users.customer).json()["items"]
    assert [entry["event"] for entry in entries] == ["order.submitted", "order.claimed"]


def test_undoing_a_revision_does_not_bring_back_the_one_before(lab: Lab) -> None:
    order_id = claimed(lab)
    quote(lab, order_id)
    lab.advance(seconds=60)
    (first,) = quote_mails(lab, order_id)
    assert quote(lab, order_id)["status"] == "pending_confirmation"
    assert undo(lab, order_id).json()["status"] == "in_process"
    lab.advance(hours=1)
    assert decide(lab, first, "approve") == 410
    assert len(quote_mails(lab, order_id)) == 1
    quote(lab, order_id)
    lab.advance(seconds=60)
    assert decide(lab, first, "approve") == 410
    assert decide(lab, quote_mails(lab, order_id)[-1], "approve") == 200
    assert order_of(lab, order_id)["quote"]["revision"] == 3


def test_a_revision_replacing_a_held_one_is_held_and_mailed_alone(lab: Lab) -> None:
    order_id = claimed(lab)
    quote(lab, order_id)
    lab.advance(seconds=40)
    quote(lab, order_id)
    lab.advance(seconds=40)
    assert quote_mails(lab, order_id) == []
    lab.advance(seconds=20)
    (mail,) = quote_mails(lab, order_id)
    assert decide(lab, mail, "approve") == 200
    assert order_of(lab, order_id)["quote"]["revision"] == 2


def test_the_contact_s_change_and_a_cancellation_do_not_wait_for_a_held_quote(lab: Lab) -> None:
    order_id = claimed(lab)
    quote(lab, order_id)
    first = next(mail for mail in lab.mails.about(order_id) if mail.link)
    assert decide(lab, first, "cancel") == 200
    assert undo(lab, order_id).status == 409
    lab.advance(seconds=60)
    assert quote_mails(lab, order_id) == []
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED"]


def test_once_it_is_mailed_there_is_nothing_to_undo(lab: Lab) -> None:
    order_id = claimed(lab)
    assert undo(lab, order_id).status == 409
    quote(lab, order_id)
    lab.advance(seconds=60)
    refused = undo(lab, order_id)
    assert (refused.status, refused.json()["code"], refused.json()["status"]) == (
        409,
        "conflict",
        "pending_confirmation",
    )
    assert len(quote_mails(lab, order_id)) == 1


def test_an_undo_that_comes_while_the_mail_is_let_go_wins_and_nothing_is_mailed(lab: Lab) -> None:
    order_id = claimed(lab)
    quote(lab, order_id)
    responses: list[Response] = []
    lab.wire.meanwhile(
        lambda: responses.append(undo(lab, order_id)), function="SendQuoteFunction", operation="TransactWriteItems"
    )
    lab.advance(hours=1)
    assert [response.status for response in responses] == [200]
    assert quote_mails(lab, order_id) == []
    assert order_of(lab, order_id)["quote"]["state"] == "superseded"


def test_an_undo_after_the_mails_release_is_refused_before_it_is_sent(lab: Lab) -> None:
    order_id = claimed(lab)
    quote(lab, order_id)
    responses: list[Response] = []
    lab.wire.meanwhile(
        lambda: responses.append(undo(lab, order_id)), function="SendQuoteFunction", operation="SendEmail"
    )
    lab.advance(hours=1)
    assert [response.status for response in responses] == [409]
    assert len(quote_mails(lab, order_id)) == 1
    assert order_of(lab, order_id)["status"] == "pending_confirmation"


def test_a_mail_released_during_an_undo_wins_and_the_undo_is_refused(lab: Lab) -> None:
    order_id = claimed(lab)
    quote(lab, order_id)
    lab.advance(seconds=58)
    lab.wire.meanwhile(lambda: lab.advance(seconds=2), function="DeskApiFunction", operation="TransactWriteItems")
    response = undo(lab, order_id)
    assert (response.status, response.json()["status"]) == (409, "pending_confirmation")
    assert len(quote_mails(lab, order_id)) == 1


def test_a_sender_that_dies_after_releasing_the_mail_sends_it_on_retry(lab: Lab) -> None:
    order_id = claimed(lab)
    quote(lab, order_id)
    lab.wire.fail(function="SendQuoteFunction", operation="TransactWriteItems", how="die-after")
    lab.advance(hours=1)
    lab.errors.take("SendQuoteFunction")
    assert len(quote_mails(lab, order_id)) == 1
    assert timeline(lab, order_id).count("quote.mailing") == 1


def test_a_quote_can_be_undone_for_as_long_as_the_operator_holds_all_mail(lab: Lab) -> None:
    with lab.as_operator():
        mail_pause.pause("SES has asked us to pause", lab.clock.now())
    order_id = claimed(lab)
    quote(lab, order_id)
    lab.advance(hours=2)
    assert undo(lab, order_id).status == 200
    with lab.as_operator():
        assert mail_pause.resume()
    lab.advance(hours=2)
    assert quote_mails(lab, order_id) == []


def test_the_link_of_a_revision_says_truly_what_its_reader_may_wait_for(lab: Lab) -> None:
    order_id = claimed(lab)
    quote(lab, order_id)
    lab.advance(seconds=60)
    (first,) = quote_mails(lab, order_id)

    def page(method: str = "GET") -> str:
        form = {"decision": "approve", "name": "Connie", "code": first.code or ""} if method == "POST" else None
        response = lab.http(method, first.link or "", form=form)
        assert response.status == 410
        return str(response.body)

    quote(lab, order_id)
    assert "A new quote is being prepared" in page(), "while the second can be undone"
    assert undo(lab, order_id).status == 200
    lab.settle()
    for method in ("GET", "POST"):
        assert "A new quote is being prepared" in page(method)
        assert "newer mail" not in page(method)
    quote(lab, order_id)
    lab.advance(minutes=3)
    assert len(quote_mails(lab, order_id)) == 2
    assert "There is a newer mail" in page()
