"""One order from end to end: through the gateway, the stream, the workflow, and the mails."""

from typing import Any

from tests.lab import Lab


def place(lab: Lab, **changes: Any) -> dict[str, Any]:
    order = {"items": [{"kind": "ip_addresses", "quantity": 4, "start_date": "2027-01-05"}], **changes}
    response = lab.http("POST", "/api/orders", json=order, headers={"Idempotency-Key": "one"}, user=lab.users.customer)
    assert response.status == 201, response
    placed: dict[str, Any] = response.json()
    return placed


def test_an_order_is_placed_claimed_quoted_and_approved_by_code(lab: Lab) -> None:
    lab.account("acme")
    order_id = place(lab)["order_id"]
    lab.settle()
    assert lab.mails.about(order_id).to("anna@example.com")

    desk = f"/api/desk/orders/{order_id}"
    assert lab.http("POST", f"{desk}/claim", json={}, user=lab.users.cs).json()["status"] == "in_process"
    line = {"item_id": "1", "description": "Public IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
    quote = {"valid_until": "2027-01-01", "lines": [line]}
    assert lab.http("POST", f"{desk}/quote", json=quote, user=lab.users.cs).status == 202
    lab.settle()
    (mail,) = (mail for mail in lab.mails.to("contact@acme.example") if mail.attachments)
    assert mail.attachments[0].content.startswith(b"%PDF")

    assert mail.link
    assert mail.code
    assert lab.http("GET", mail.link).status == 200
    decision = {"decision": "approve", "name": "Connie", "code": mail.code}
    assert lab.http("POST", mail.link, form=decision).status == 200
    lab.settle()
    order = lab.http("GET", f"/api/orders/{order_id}", user=lab.users.customer).json()
    assert (order["status"], order["quote"]["state"]) == ("completed", "approved")
    assert [event.detail_type for event in lab.events] == [
        "order.submitted",
        "order.claimed",
        "order.quoted",
        "order.completed",
    ]
    (execution,) = lab.executions
    assert (execution.name, execution.status) == (f"{order_id}-1", "SUCCEEDED")
