"""The mails about an order at the desk: each with its recipient and what became of it."""

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, offered
from tests.contract.site import Json, Site


def mails_of(order: Order) -> list[Json]:
    page = order.site.get(f"{order.desk_path}/mails", order.site.people.cs).ok()
    assert page["next_cursor"] is None
    rows: list[Json] = page["items"]
    return rows


def named(rows: list[Json]) -> set[tuple[str, str]]:
    return {(row["kind"], row["recipient"]) for row in rows}


def test_the_desk_sees_every_mail_about_an_order_and_that_it_arrived(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    in_process.decide(mail, "approve").page()
    in_process.settle()
    rows = mails_of(order)
    sent = [each for each in in_process.lab.mails if order.order_id in each.text or order.order_id in each.subject]
    assert len(rows) >= len(sent) > 4
    assert named(rows) >= {
        ("order_received", order.contact),
        ("quote_to_confirm", order.contact),
        ("approved", order.contact),
    }
    assert {row["state"] for row in rows} == {"delivered"}
    assert all(row["sent_at"] <= row["state_at"] for row in rows)
    sequences = [row["sequence"] for row in rows]
    assert sequences == sorted(sequences, reverse=True)
    events = {each["sequence"]: each["event"] for each in order.desk_timeline()}
    caused = {(row["kind"], events[row["sequence"]]) for row in rows}
    assert {("order_received", "order.submitted"), ("approved", "order.completed")} <= caused


def test_the_list_of_mails_is_paged(site: Site) -> None:
    order, _ = offered(site)
    # What becomes of them goes on by itself: the mail to the contact, who placed it, the desk, and the quote's.
    site.eventually(lambda: [row["state"] for row in mails_of(order)] == ["delivered"] * 4)
    rows, found, cursor = mails_of(order), [], ""
    while True:
        page = site.get(f"{order.desk_path}/mails?limit=2{cursor}", site.people.cs).ok()
        assert len(page["items"]) <= 2
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == rows
    site.get(f"{order.desk_path}/mails?cursor=forged", site.people.cs).refused(400, "invalid_cursor")


def test_nobody_but_the_desk_sees_to_whom_mails_went(site: Site) -> None:
    order, _ = offered(site)
    for user in (order.user, site.people.reseller):
        site.get(f"{order.desk_path}/mails", user).refused(403, "forbidden")
    site.get(f"/api/orders/{order.order_id}/mails", order.user).refused(404, "not_found")


def test_a_mail_of_an_earlier_release_is_shown_without_what_is_not_known(in_process: InProcess) -> None:
    order, _ = offered(in_process)
    client, table = in_process.lab.client("dynamodb"), in_process.lab.outputs["TableName"]
    for sequence, state in ((900, "sent"), (901, "claimed")):
        key = {"pk": {"S": f"ORDER#{order.order_id}"}, "sk": {"S": f"MAIL#{sequence:06}#comment#placed_by"}}
        client.put_item(TableName=table, Item={**key, "state": {"S": state}, "until": {"N": "0"}})
    unknown = {"kind": "comment", "recipient": None, "sent_at": None, "state_at": None}
    assert mails_of(order)[:2] == [
        {**unknown, "state": "claimed", "sequence": 901},
        {**unknown, "state": "sent", "sequence": 900},
    ]
