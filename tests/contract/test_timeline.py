"""Reading an order: what happened to it, in gapless sequence, and what Customer Success keeps to itself."""

from datetime import datetime

import pytest

from tests.contract.in_process import InProcess
from tests.contract.orders import claimed, offered, place, rows
from tests.contract.site import Site


def test_a_timeline_begins_with_the_order_and_says_who_did_what(site: Site) -> None:
    order = place(site)
    (entry,) = order.timeline()
    assert set(entry) >= {"sequence", "at", "actor", "event", "data", "internal"}
    assert (entry["sequence"], entry["event"], entry["internal"]) == (1, "order.submitted", False)
    assert entry["actor"]["kind"] == "customer"
    assert entry["at"] == order.created.json["placed_at"]


@pytest.mark.each_catalog
def test_the_customers_timeline_is_public_and_the_desks_complete(site: Site) -> None:
    order, mail = offered(site)
    order.desk("comment", {"text": "Ask finance first.", "internal": True}).ok()
    order.desk("comment", {"text": "We are on it.", "internal": False}).ok()
    order.ask("comment", {"text": "Thank you."}).ok()
    site.decide(mail, "approve").page()
    public, whole = order.timeline(), order.desk_timeline()
    assert [entry["sequence"] for entry in whole] == list(range(1, len(whole) + 1))
    assert public == [entry for entry in whole if not entry["internal"]]
    assert [entry["event"] for entry in order.happened()] == [
        "order.submitted",
        "order.claimed",
        "order.quoted",
        "order.commented",
        "order.commented",
        "order.completed",
    ]
    instants = [datetime.fromisoformat(entry["at"]) for entry in whole]
    assert instants == sorted(instants)
    actors = {entry["event"]: entry["actor"]["kind"] for entry in public}
    assert actors["order.submitted"] == "customer"
    assert actors["order.claimed"] == "customer_success"
    assert actors["order.completed"] == "contact"


def test_a_decision_that_a_comment_overtakes_is_later_than_the_comment(in_process: InProcess) -> None:
    order, mail = offered(in_process)

    def comment() -> None:
        order.desk("comment", {"text": "Wait for me."}).ok()

    in_process.lab.wire.meanwhile(comment, service="dynamodb", operation="TransactWriteItems")
    in_process.decide(mail, "approve").page()
    entries = order.timeline()
    assert [entry["event"] for entry in entries[-2:]] == ["order.commented", "order.completed"]
    instants = [datetime.fromisoformat(entry["at"]) for entry in entries]
    assert instants == sorted(instants)


def test_comments_stand_in_the_timeline(site: Site) -> None:
    order = claimed(site)
    text = "First line\nsecond <b>line</b>"
    order.ask("comment", {"text": text}).ok()
    order.desk("comment", {"text": "For us alone.", "internal": True}).ok()
    assert order.timeline()[-1]["data"]["text"] == text
    assert order.timeline()[-1]["actor"]["kind"] == "customer"
    last = order.desk_timeline()[-1]
    assert (last["event"], last["data"]["text"], last["internal"]) == ("order.commented", "For us alone.", True)
    assert last["actor"]["kind"] == "customer_success"
    assert "For us alone." not in site.get(order.path, order.user).text
    assert "For us alone." not in site.get(f"{order.path}/timeline", order.user).text


def test_a_comment_needs_a_text(site: Site) -> None:
    order = place(site)
    for body in ({}, {"text": ""}, {"text": None}, {"text": "x" * 100_000}, {"text": ["x"]}):
        assert set(order.ask("comment", body).faults()) == {"/text"}
        assert set(order.desk("comment", {**body, "internal": False}).faults()) == {"/text"}
    assert set(order.desk("comment", {"text": "x", "internal": "perhaps"}).faults()) == {"/internal"}
    assert len(order.timeline()) == 1


def test_a_timeline_goes_on_page_by_page(site: Site) -> None:
    order = claimed(site)
    for number in range(3):
        order.desk("comment", {"text": str(number), "internal": number == 1}).ok()
    assert rows(site, f"{order.path}/timeline?limit=1", order.user) == order.timeline()
    assert rows(site, f"{order.desk_path}/timeline?limit=2", site.people.cs) == order.desk_timeline()
    cursor = site.get(f"{order.path}/timeline?limit=1", order.user).ok()["next_cursor"]
    other = place(site)
    site.get(f"{other.path}/timeline?limit=1&cursor={cursor}", order.user).refused(400, "invalid_cursor")
    assert site.get(f"{order.path}/timeline?limit=0", order.user).status == 400


def test_looking_changes_nothing(site: Site) -> None:
    order, _ = offered(site)
    before, entries = order.read(), order.happened()
    for path in ("", "/timeline", "/quotes/1"):
        site.get(f"{order.path}{path}", order.user).ok()
        site.get(f"{order.desk_path}{path}", site.people.cs).ok()
    site.get(f"{order.path}/quotes/1", order.user, Accept="application/pdf")
    assert order.read() == before
    assert order.happened() == entries


def test_the_order_carries_its_version_as_etag(site: Site) -> None:
    order = claimed(site)
    for path, user in ((order.path, order.user), (order.desk_path, site.people.cs)):
        response = site.get(path, user)
        assert response.headers["etag"].strip('"') == str(response.ok()["version"]) == "2"


def test_an_estimate_is_the_confirmed_date_or_says_too_few_orders(site: Site) -> None:
    order = place(site)
    (item,) = order.read()["items"]
    estimate = item["estimated_start"]
    assert set(estimate) >= {"date", "basis", "orders"}
    assert estimate["date"] >= item["start_date"]
    assert (estimate["orders"] >= 10) != ("too few orders" in estimate["basis"])
    confirmed = site.day(70)
    order.desk("claim").ok()
    line = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
    body = {"valid_until": site.day(40), "lines": [line], "confirmed_start_dates": {"1": confirmed}}
    (item,) = order.desk("quote", body).ok(202)["items"]
    assert item["confirmed_start_date"] == item["estimated_start"]["date"] == confirmed
    assert item["estimated_start"]["basis"] == "confirmed by Customer Success"
    assert item["start_date"] == site.day(45)
