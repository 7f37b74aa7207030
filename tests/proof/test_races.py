"""What one process decides while another is about to: the wire lets the other go first, at the worst moment."""

from tests.lab import Lab
from tests.workflow.walking import desk, order_of, place, quote, timeline


def test_a_fifth_wrong_code_locks_no_link_of_an_order_that_was_closed_meanwhile(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    assert mail.link
    assert mail.code
    form = {"decision": "approve", "name": "Connie", "code": f"{(int(mail.code) + 1) % 1_000_000:06}"}
    for _ in range(4):
        assert lab.http("POST", mail.link, form=form).status == 403

    def decline() -> None:
        path = f"/api/desk/orders/{order_id}/decline"
        assert lab.http("POST", path, json={"reason": "Sold out"}, user=lab.users.cs).status == 200

    lab.wire.meanwhile(decline, service="dynamodb", operation="TransactWriteItems")
    assert lab.http("POST", mail.link, form=form).status == 409
    lab.settle()
    assert timeline(lab, order_id)[-1] == "order.canceled"
    assert order_of(lab, order_id)["status"] == "canceled"
