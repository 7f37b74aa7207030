"""One order from the customer to the contact's yes, against the local run; needs nothing but Python.

Run `make run`, then in another terminal `python3 docs/first_order.py`. All it knows it reads from
.sandbox/sandbox.json and from the mailbox, as a person would.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen
from uuid import uuid4

FOLDER = Path(os.environ.get("SANDBOX_DIR") or Path(__file__).parent.parent / ".sandbox")
WHERE: dict[str, Any] = json.loads((FOLDER / "sandbox.json").read_text("utf-8"))


def opened(url: str, data: bytes | None = None, headers: Mapping[str, str] = {}, method: str | None = None) -> Any:
    """The answer, to be read and closed; with data a POST, if nothing else is said. HTTPError for a refusal."""
    # urlopen reads files, too; all that is opened here is from sandbox.json, or a link in a mail of the local run.
    return urlopen(Request(url, data, dict(headers), method=method))  # noqa: S310


def call(method: str, url: str, body: Any = None, **headers: str) -> Any:
    """The JSON answer; HTTPError for a refusal."""
    data = json.dumps(body).encode() if body is not None else None
    with opened(url, data, {"Accept": "application/json", **headers}, method) as response:
        return json.load(response)


def sign_in(role: str) -> dict[str, str]:
    """The header of the first seeded user of a role."""
    user = next(user for user in WHERE["users"] if user["role"] == role)
    response = call(
        "POST",
        WHERE["aws"]["endpoint"],
        {
            "AuthFlow": "USER_PASSWORD_AUTH",
            "ClientId": WHERE["cognito"]["client_id"],
            "AuthParameters": {"USERNAME": user["username"], "PASSWORD": user["password"]},
        },
        **{
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
        },
    )
    return {"Authorization": "Bearer " + response["AuthenticationResult"]["IdToken"]}


def mail_with_link(to: str, order_id: str, attachments: int) -> tuple[str, str]:
    """Link and code of the newest mail to somebody about an order; waits for it for a minute."""
    for _ in range(120):
        for mail in reversed(call("GET", WHERE["mailbox"])["messages"]):
            if to in mail["to"] and order_id in mail["text"] and len(mail["attachments"]) == attachments:
                print(f"  mail to {to}: {mail['subject']}")
                link, code = re.search(r"\S+/confirm/\S+", mail["text"]), re.search(r"Code: (\d{6})", mail["text"])
                if link and code:
                    return link[0], code[1]
        time.sleep(0.5)
    sys.exit(f"no mail to {to} about {order_id}")


def main() -> None:
    api, customer, staff = WHERE["api"], sign_in("customer"), sign_in("customer-success")
    start = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    items = [
        {"kind": "ip_addresses", "quantity": 4, "start_date": start},
        {"kind": "sdp_users", "region": "europe", "quantity": 25, "start_date": start},
    ]
    order = call("POST", f"{api}/orders", {"items": items}, **customer, **{"Idempotency-Key": str(uuid4())})
    order_id, contact = order["order_id"], order["contact"]["email"]
    print(f"{order_id}: {order['status']}")

    desk = f"{api}/desk/orders/{order_id}"
    print(f"{order_id}: {call('POST', f'{desk}/claim', {}, **staff)['status']}")
    lines = [
        {"item_id": "1", "description": "Public IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"},
        {"item_id": "2", "description": "SDP user", "quantity": 25, "unit_price": "4.5", "recurrence": "monthly"},
    ]
    call("POST", f"{desk}/quote", {"valid_until": start, "lines": lines}, **staff)
    link, code = mail_with_link(contact, order_id, attachments=1)

    form = urlencode({"decision": "approve", "name": "The contact person", "code": code}).encode()
    with opened(link, form) as page:
        print(f"  approved: {page.status}")
    order = call("GET", f"{api}/orders/{order_id}", **customer)
    print(f"{order_id}: {order['status']}, {order['quote']['totals']['monthly']} {order['quote']['currency']} a month")


if __name__ == "__main__":
    main()
