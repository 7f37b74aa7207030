"""The steps of an order's life that the tests of the workflow take."""

from typing import Any

from tests.lab import Lab
from tests.lab.mail import Mail

Json = dict[str, Any]


def place(lab: Lab, **changes: Any) -> str:
    """The id of a new order of the account acme."""
    lab.account("acme")
    body = {"items": [{"kind": "ip_addresses", "quantity": 4, "start_date": "2027-03-05"}], **changes}
    response = lab.http("POST", "/api/orders", json=body, headers={"Idempotency-Key": "one"}, user=lab.users.customer)
    assert response.status == 201, response
    order_id: str = response.json()["order_id"]
    lab.settle()
    return order_id


def desk(lab: Lab, order_id: str, action: str, body: Json | None = None) -> None:
    response = lab.http("POST", f"/api/desk/orders/{order_id}/{action}", json=body or {}, user=lab.users.cs)
    assert response.status in {200, 202}, response
    lab.settle()


def quote(lab: Lab, order_id: str, valid_until: str = "2027-01-01") -> Mail:
    """Quotes a claimed order; answers the mail with the link."""
    line = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
    desk(lab, order_id, "quote", {"valid_until": valid_until, "lines": [line]})
    return lab.mails.about(order_id)[-1]


def decide(lab: Lab, mail: Mail, decision: str, code: str | None = None) -> int:
    """The status of the answer to a decision with the code of the mail, or another one."""
    assert mail.link
    assert mail.code
    form = {"decision": decision, "name": "Connie Contact", "code": code or mail.code, "reason": "Because"}
    status: int = lab.http("POST", mail.link, form=form).status
    lab.settle()
    return status


def order_of(lab: Lab, order_id: str) -> Json:
    order: Json = lab.http("GET", f"/api/desk/orders/{order_id}", user=lab.users.cs).json()
    return order


def timeline(lab: Lab, order_id: str) -> list[str]:
    """The names of all entries, whose numbers must have no gap."""
    path = f"/api/desk/orders/{order_id}/timeline?limit=100"
    entries = lab.http("GET", path, user=lab.users.cs).json()["items"]
    assert [entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1))
    return [entry["event"] for entry in entries]
