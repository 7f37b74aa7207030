"""What orders take over from their accounts: contact person and deputies, enrollment, reseller."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from tests.lab import Lab, accounts
from tests.workflow.walking import decide, desk, order_of, quote

Json = dict[str, Any]

SUSPENDED = accounts.body("acme")["enrollment"] | {"state": "suspended"}
RIGHT_AFTER = timedelta(seconds=31)
PRICE = {
    "kind": "ip_addresses",
    "variant": None,
    "description": "Public IPv4",
    "unit_price": "10.00",
    "recurrence": "monthly",
}


def place(lab: Lab, key: str, user: Any = None, path: str = "/api/orders", **members: Any) -> str:
    body = {"items": [{"kind": "ip_addresses", "quantity": 1, "start_date": "2027-03-05"}], **members}
    headers = {"Idempotency-Key": key}
    response = lab.http("POST", path, json=body, headers=headers, user=user or lab.users.customer)
    assert response.status == 201, response
    lab.settle()
    order_id: str = response.json()["order_id"]
    return order_id


def place_while(lab: Lab, **changes: Any) -> str:
    """An order that is stored when the account was read, then changed, and all that follows was done."""

    def change() -> None:
        with patch.object(lab.wire, "running", []):  # what happens is not that function's doing
            lab.account("acme", **changes)
            lab.settle()

    lab.wire.meanwhile(change, function="OrdersApiFunction", operation="TransactWriteItems")
    return place(lab, "meanwhile")


def ids(lab: Lab, user: Any, query: str = "") -> list[str]:
    found, cursor = [], ""
    while True:
        page = lab.http("GET", f"/api/orders?limit=100{query}{cursor}", user=user).json()
        found += [order["order_id"] for order in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def flags(lab: Lab, order_id: str) -> list[str]:
    """As the queue and the order itself show them, which is the same."""
    rows = lab.http("GET", "/api/desk/orders?account_id=acme&limit=100", user=lab.users.cs).json()["items"]
    (row,) = (row for row in rows if row["order_id"] == order_id)
    shown: list[str] = row["flags"]
    assert shown == order_of(lab, order_id)["flags"]
    return shown


def entries(lab: Lab, order_id: str, user: Any, path: str) -> list[Json]:
    found: list[Json] = lab.http("GET", f"{path}/{order_id}/timeline?limit=100", user=user).json()["items"]
    return found


@pytest.mark.parametrize(
    ("path", "mine", "theirs"),
    [
        ("/api/desk/accounts/fresh", accounts.body("fresh", name="Mine"), accounts.body("fresh", name="Theirs")),
        ("/api/desk/price-lists/EUR", {"prices": []}, {"prices": [PRICE]}),
    ],
    ids=["account", "price list"],
)
def test_of_two_who_create_the_same_at_once_the_second_is_refused_by_the_store(
    lab: Lab, path: str, mine: Json, theirs: Json
) -> None:
    """The other one comes in after this request has looked and before it writes."""

    def create(body: Json) -> Any:
        return lab.http("PUT", path, json=body, headers={"If-None-Match": "*"}, user=lab.users.cs)

    def be_faster() -> None:
        with patch.object(lab.wire, "running", []):
            assert create(theirs).status == 200

    lab.wire.meanwhile(be_faster, function="DeskApiFunction", operation="TransactWriteItems")
    response = create(mine)
    assert (response.status, response.json()["code"]) == (412, "version_mismatch")
    existing = lab.http("GET", path, user=lab.users.cs).json()
    assert {name: existing[name] for name in theirs} == theirs


# The enrollment.


def test_open_orders_of_a_suspended_account_are_flagged_until_active(lab: Lab) -> None:
    lab.account("acme")
    submitted, quoted, closed = (place(lab, key) for key in ("one", "two", "three"))
    direct = place(lab, "four", lab.users.cs, "/api/desk/orders", account_id="acme")
    desk(lab, closed, "decline", {"reason": "No"})
    desk(lab, quoted, "claim")
    mail = quote(lab, quoted)
    versions = {order_id: order_of(lab, order_id)["version"] for order_id in (submitted, quoted)}

    lab.account("acme", enrollment=SUSPENDED)
    lab.settle()
    for order_id in (submitted, quoted, direct):
        assert flags(lab, order_id) == ["enrollment_suspended"]
        entry = entries(lab, order_id, lab.users.cs, "/api/desk/orders")[-1]
        assert (entry["event"], entry["internal"]) == ("enrollment.suspended", True)
        assert entry["actor"] == {"kind": "customer_success", "name": lab.users.cs.email}
    assert flags(lab, closed) == []
    assert {order_id: order_of(lab, order_id)["version"] for order_id in versions} == versions
    assert "flags" not in lab.http("GET", f"/api/orders/{submitted}", user=lab.users.customer).json()
    public = entries(lab, submitted, lab.users.customer, "/api/orders")
    assert [entry["event"] for entry in public] == ["order.submitted"]

    lab.account("acme")
    lab.settle()
    assert [flags(lab, order_id) for order_id in (submitted, quoted, direct)] == [[], [], []]
    assert entries(lab, submitted, lab.users.cs, "/api/desk/orders")[-1]["event"] == "enrollment.resumed"
    assert decide(lab, mail, "approve") == 200


def test_an_order_placed_while_its_account_is_suspended_is_flagged(lab: Lab) -> None:
    lab.account("acme")

    order_id = place_while(lab, enrollment=SUSPENDED)
    assert flags(lab, order_id) == ["enrollment_suspended"]


def test_orders_find_a_lost_account_change_at_their_next_tick(lab: Lab) -> None:
    lab.account("acme")
    order_id = place(lab, "one")
    lab.stream.paused = True
    new = {"name": "Nora New", "email": "nora@acme.example"}
    lab.account("acme", enrollment={**SUSPENDED, "contact": new})
    for mapping in lab.stream.mappings:
        mapping.position = len(lab.dynamodb.records(mapping.table))
    lab.stream.paused = False
    lab.advance(hours=7)
    assert flags(lab, order_id) == ["enrollment_suspended"]
    assert order_of(lab, order_id)["contact"] == new
    changed, suspended = entries(lab, order_id, lab.users.cs, "/api/desk/orders")[-2:]
    assert (changed["event"], suspended["event"]) == ("order.contact_changed", "enrollment.suspended")
    assert changed["actor"] == suspended["actor"] == {"kind": "system", "name": None}


def test_all_open_orders_follow_however_many_there_are(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    import account_changes

    monkeypatch.setattr(account_changes, "_BATCH_SIZE", 2)
    lab.account("acme")
    placed = [place(lab, str(number)) for number in range(5)]
    lab.account("acme", enrollment=SUSPENDED)
    lab.settle()
    lab.advance(RIGHT_AFTER)
    assert [flags(lab, order_id) for order_id in placed] == [["enrollment_suspended"]] * 5
    texts = [entry["event"] for entry in entries(lab, placed[0], lab.users.cs, "/api/desk/orders")]
    assert texts.count("enrollment.suspended") == 1


def test_contacts_that_change_faster_than_orders_follow_end_with_the_last(lab: Lab) -> None:
    lab.account("acme")
    order_id = place(lab, "one")
    lab.queue.paused = True
    for name in ("second", "third"):
        enrollment = accounts.body("acme")["enrollment"]
        lab.account("acme", enrollment={**enrollment, "contact": {"name": name, "email": f"{name}@acme.example"}})
        lab.settle()
    first, second = [message for message in lab.messages("AccountChanges") if message["kind"] == "enrollment"]
    lab.queue.paused = False
    url = lab.stack.attribute("AccountChanges", "Arn")
    lab.settle()
    lab.queue.send(url, {**second, "again": True})
    lab.queue.send(url, {**first, "again": True})
    lab.settle()
    assert order_of(lab, order_id)["contact"]["email"] == "third@acme.example"
    assert {mail.recipients[0] for mail in lab.mails if "contact person" in mail.subject} == {
        "contact@acme.example",
        "second@acme.example",
        "third@acme.example",
    }


# Deputies.


def deputies(*days: tuple[str, str, str]) -> Json:
    """An enrollment with deputies, each as (name, from, until)."""
    listed = [
        {"name": name.title(), "email": f"{name}@acme.example", "from": first, "until": last}
        for name, first, last in days
    ]
    enrollment: Json = accounts.body("acme")["enrollment"] | {"deputies": listed}
    return enrollment


def test_a_deputy_is_asked_on_the_deputys_days_only(lab: Lab) -> None:
    lab.account("acme", enrollment=deputies(("dora", "2026-11-25", "2026-11-28")))
    order_id = place(lab, "one")
    desk(lab, order_id, "claim")
    own = quote(lab, order_id)
    assert own.recipients == ("contact@acme.example",)
    # The account's days begin at 05:00 UTC; the clock stands at 09:00 on the 23rd.
    lab.advance(days=1)
    assert order_of(lab, order_id)["contact"]["email"] == "contact@acme.example"
    lab.advance(days=1)
    (deputys,) = lab.mails.to("dora@acme.example")
    assert deputys.attachments[0].content == own.attachments[0].content
    assert decide(lab, own, "approve") == 410
    lab.advance(days=3)
    assert order_of(lab, order_id)["contact"]["email"] == "dora@acme.example"
    lab.advance(days=1)
    again = lab.mails.to("contact@acme.example")[-1]
    assert decide(lab, deputys, "approve") == 410
    assert decide(lab, again, "approve") == 200
    changes = [
        entry["actor"]
        for entry in entries(lab, order_id, lab.users.customer, "/api/orders")
        if entry["event"] == "order.contact_changed"
    ]
    assert changes == [{"kind": "system", "name": None}] * 2


def test_orders_of_a_deputys_days_are_decided_by_the_deputy(lab: Lab) -> None:
    lab.account("acme", enrollment=deputies(("dora", "2026-11-01", "2026-12-28")))
    order_id = place(lab, "one")
    assert lab.mails.to("contact@acme.example") == []
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    assert mail.recipients == ("dora@acme.example",)
    form = {"decision": "approve", "name": "Dora Deputy", "code": mail.code or ""}
    assert lab.http("POST", mail.link or "", form=form).status == 200
    lab.settle()
    order = order_of(lab, order_id)
    assert order["contact"] == {"name": "Dora", "email": "dora@acme.example"}
    completed = entries(lab, order_id, lab.users.customer, "/api/orders")[-1]
    assert completed["actor"] == {"kind": "contact", "name": "Dora Deputy"}
    (evidence,) = lab.http("GET", f"/api/desk/orders/{order_id}/evidence", user=lab.users.cs).json()["items"]
    assert (evidence["name"], evidence["recipient"]) == ("Dora Deputy", "dora@acme.example")


def test_naming_a_deputy_for_today_moves_open_orders_at_once(lab: Lab) -> None:
    lab.account("acme")
    order_id = place(lab, "one")
    lab.account("acme", enrollment=deputies(("dora", "2026-11-23", "2026-11-23")))
    lab.settle()
    assert order_of(lab, order_id)["contact"]["email"] == "dora@acme.example"
    entry = entries(lab, order_id, lab.users.customer, "/api/orders")[-1]
    assert (entry["event"], entry["actor"]["name"]) == ("order.contact_changed", lab.users.cs.email)


def mailed_to(lab: Lab, order_id: str) -> list[str]:
    """Whoever has got a mail with the quote."""
    return [recipient for mail in lab.mails.about(order_id) if mail.attachments for recipient in mail.recipients]


def test_a_quote_is_never_mailed_to_a_contact_whose_deputy_took_over(lab: Lab) -> None:
    lab.account("acme", enrollment=deputies(("dora", "2026-11-24", "2026-11-28")))
    order_id = place(lab, "one")
    lab.clock.move_to(lab.clock.now() + timedelta(hours=21))
    desk(lab, order_id, "claim")
    quote(lab, order_id)
    assert mailed_to(lab, order_id) == ["dora@acme.example"]


def test_a_quote_goes_to_the_new_contact_though_nothing_has_told_the_order(lab: Lab) -> None:
    """Neither the stream, which has lost the change, nor a tick, for which no time passes."""
    lab.account("acme")
    order_id = place(lab, "one")
    desk(lab, order_id, "claim")
    lab.stream.paused = True
    new = {"name": "Nora New", "email": "nora@acme.example"}
    lab.account("acme", enrollment=accounts.body("acme")["enrollment"] | {"contact": new})
    for mapping in lab.stream.mappings:
        mapping.position = len(lab.dynamodb.records(mapping.table))
    lab.stream.paused = False
    assert order_of(lab, order_id)["contact"]["email"] == "contact@acme.example"
    mail = quote(lab, order_id)
    assert mailed_to(lab, order_id) == ["nora@acme.example"], "not to the former one first"
    assert decide(lab, mail, "approve") == 200


# The reseller.


def test_an_account_moves_its_earlier_orders_to_its_new_reseller(lab: Lab) -> None:
    lab.account("relay")
    lab.account("bolt")
    lab.account("acme")
    early = [place(lab, str(number)) for number in range(2)]
    place(lab, "direct", lab.users.cs, "/api/desk/orders", account_id="acme")
    own = place(lab, "own", lab.users.reseller)
    assert ids(lab, lab.users.reseller) == [own]

    lab.account("acme", parent_account_id="relay")
    lab.settle()
    late = place(lab, "late")
    assert ids(lab, lab.users.reseller) == [late, own, *reversed(early)]
    assert ids(lab, lab.users.reseller, "&status=submitted&account_id=acme") == [late, *reversed(early)]

    lab.account("acme", parent_account_id="bolt")
    lab.settle()
    assert ids(lab, lab.users.reseller) == [own]
    assert ids(lab, lab.users.other_customer) == [late, *reversed(early)]

    lab.account("acme")
    lab.settle()
    assert ids(lab, lab.users.other_customer) == []
    assert ids(lab, lab.users.customer) == [late, *reversed(early)]


def test_an_order_placed_during_a_reseller_change_reaches_the_new_one(lab: Lab) -> None:
    lab.account("relay")
    lab.account("bolt")
    lab.account("acme", parent_account_id="bolt")
    lab.settle()
    lab.advance(RIGHT_AFTER)

    order_id = place_while(lab, parent_account_id="relay")
    assert ids(lab, lab.users.other_customer) == []
    lab.advance(RIGHT_AFTER)
    assert ids(lab, lab.users.reseller) == [order_id]


def test_an_account_changed_during_the_sync_ends_with_the_last_reseller(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    import account_changes

    monkeypatch.setattr(account_changes, "_BATCH_SIZE", 1)
    for account_id in ("relay", "bolt", "acme"):
        lab.account(account_id)
    placed = [place(lab, str(number)) for number in range(3)]
    lab.account("acme", parent_account_id="relay")
    lab.wire.meanwhile(
        lambda: lab.account("acme", parent_account_id="bolt"),
        2,
        function="AccountChangesFunction",
        operation="PutItem",
    )
    lab.settle()
    lab.advance(RIGHT_AFTER)
    assert sorted(ids(lab, lab.users.other_customer)) == sorted(placed)
    assert ids(lab, lab.users.reseller) == []
