"""Rate limits and quotas: one account, user or link that asks for too much waits, and nobody else does."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from emulation.template import read
from tests.lab import Lab, User
from tests.lab.http import Response
from tests.local_run import PROJECT
from tests.workflow.walking import desk, order_of, place, quote

ORDER = {"items": [{"kind": "ip_addresses", "quantity": 4, "start_date": "2027-03-05"}]}


@pytest.fixture
def slow() -> Iterator[Lab]:
    """With five requests at once and one more each second, of an account and of a link; three orders an hour, two
    reports a day, two comments an hour."""
    with Lab.started(
        AccountRequestsAtOnce="5",
        AccountRequestsPerSecond="1",
        LinkRequestsAtOnce="5",
        LinkRequestsPerSecond="1",
        OrdersPerHour="3",
        ContactReportsPerDay="2",
        CommentsPerHour="2",
    ) as lab:
        yield lab
        assert not lab.errors


def ask(lab: Lab, user: User, path: str = "/api/orders") -> Response:
    return lab.http("GET", path, user=user)


def order(lab: Lab, user: User, key: str, **more: Any) -> Response:
    return lab.http("POST", "/api/orders", json={**ORDER, **more}, headers={"Idempotency-Key": key}, user=user)


def wait(lab: Lab, answer: Response) -> None:
    """As long as the refusal says."""
    assert answer.status == 429, answer
    lab.advance(seconds=int(answer.headers["retry-after"]))


def use_up(lab: Lab, user: User) -> Response:
    """Ask until refused; answers the refusal."""
    for _ in range(10):
        response = ask(lab, user)
        if response.status != 200:
            return response
    raise AssertionError("nothing was refused")


def test_an_account_that_floods_is_told_to_wait_and_others_go_on(slow: Lab) -> None:
    for account_id in ("acme", "bolt"):
        slow.account(account_id)
    slow.advance(seconds=10)
    refusal = use_up(slow, slow.users.customer)
    assert refusal.status == 429
    assert refusal.headers["content-type"] == "application/problem+json"
    assert refusal.headers["retry-after"] == "1"
    assert refusal.headers["cache-control"] == "no-store"
    assert refusal.json()["code"] == "too_many_requests"
    assert ask(slow, slow.users.colleague).status == 429  # of the same account
    assert ask(slow, slow.users.other_customer).status == 200
    assert ask(slow, slow.users.cs, "/api/desk/orders").status == 200


def test_a_refused_request_reads_and_writes_nothing(slow: Lab) -> None:
    slow.account("acme")
    use_up(slow, slow.users.customer)
    before = slow.wire.count()
    assert {ask(slow, slow.users.customer).status for _ in range(20)} == {429}
    assert order(slow, slow.users.customer, "one").status == 429
    assert slow.wire.count() == before


def test_who_waits_as_long_as_told_is_served_again(slow: Lab) -> None:
    slow.account("acme")
    wait(slow, use_up(slow, slow.users.customer))
    assert ask(slow, slow.users.customer).status == 200


def test_a_user_of_the_desk_has_a_share_of_his_own(slow: Lab) -> None:
    for _ in range(5):
        assert ask(slow, slow.users.cs, "/api/desk/orders").status == 200
    assert ask(slow, slow.users.cs, "/api/desk/orders").status == 429
    assert ask(slow, slow.users.cs2, "/api/desk/orders").status == 200


UNLIMITED = {"/api/openapi.json", "/api/certificate-keys"}
"""What needs no login, and is the same for everybody."""


def test_looking_at_what_needs_no_login_takes_no_share(slow: Lab) -> None:
    assert {slow.http("GET", path).status for _ in range(20) for path in UNLIMITED} == {200}


def test_a_link_that_is_flooded_waits_and_another_does_not(slow: Lab) -> None:
    first = place(slow)
    slow.advance(seconds=20)
    desk(slow, first, "claim")
    flooded = quote(slow, first).link
    other = slow.mails.about(first)[0].link
    assert flooded
    assert other
    assert flooded != other
    methods = ["GET", "POST", "GET", "POST", "GET", "POST", "GET", "GET"]
    statuses = [slow.http(method, flooded).status for method in methods]
    assert statuses == [200, 400, 200, 400, 200, 429, 429, 429]
    before = slow.wire.count()
    refusal = slow.http("POST", flooded, form={"decision": "approve", "name": "C", "code": "123456"})
    assert slow.wire.count() == before
    assert (refusal.status, refusal.headers["retry-after"]) == (429, "1")
    assert "Too many requests" in refusal.text
    assert "content-security-policy" in refusal.headers
    assert slow.http("GET", other).status != 429
    wait(slow, refusal)
    assert slow.http("GET", flooded).status == 200
    assert order_of(slow, first)["status"] == "pending_confirmation"


def test_an_account_that_has_placed_its_orders_of_an_hour_waits_for_the_next(slow: Lab) -> None:
    for account_id in ("acme", "bolt"):
        slow.account(account_id)
    for number in range(3):
        assert order(slow, slow.users.customer, f"key {number}".replace(" ", "-")).status == 201
        slow.advance(seconds=5)
    refusal = order(slow, slow.users.customer, "key-3")
    assert refusal.json()["code"] == "too_many_requests"
    assert 0 < int(refusal.headers["retry-after"]) <= 3600
    assert ask(slow, slow.users.customer).status == 200
    assert order(slow, slow.users.customer, "key-2").status == 201, "what was placed is answered again"
    assert order(slow, slow.users.other_customer, "key-0").status == 201
    wait(slow, refusal)
    assert order(slow, slow.users.customer, "key-3").status == 201, "a refusal uses no key"


def test_an_account_over_its_daily_reports_mails_staff_no_more(slow: Lab) -> None:
    for account_id in ("acme", "bolt"):
        slow.account(account_id)

    def report(user: User) -> Response:
        slow.advance(seconds=5)
        return slow.http("POST", "/api/account/contact-report", json={"text": "She has left."}, user=user)

    assert [report(slow.users.customer).status for _ in range(2)] == [202, 202]
    refusal = report(slow.users.colleague)
    assert refusal.json()["code"] == "too_many_requests"
    assert 0 < int(refusal.headers["retry-after"]) <= 86_400
    assert report(slow.users.other_customer).status == 202
    slow.settle()
    assert len(slow.mails) == 3
    wait(slow, refusal)
    assert report(slow.users.customer).status == 202


def test_an_order_takes_so_many_comments_of_the_customer_an_hour(slow: Lab) -> None:
    first = place(slow)
    other = order(slow, slow.users.customer, "another").json()["order_id"]

    def comment(order_id: str, user: User = slow.users.customer, where: str = "/api/orders") -> Response:
        slow.advance(seconds=5)
        text = {"text": "Hello?"} if user is slow.users.customer else {"text": "Yes.", "internal": False}
        return slow.http("POST", f"{where}/{order_id}/comment", json=text, user=user)

    assert [comment(first).status for _ in range(2)] == [200, 200]
    refusal = comment(first)
    assert refusal.json()["code"] == "too_many_requests"
    assert 0 < int(refusal.headers["retry-after"]) <= 3600
    assert comment(other).status == 200
    assert comment(first, slow.users.cs, "/api/desk/orders").status == 200
    wait(slow, refusal)
    assert [comment(first).status for _ in range(3)] == [200, 200, 429]


def test_orders_that_customer_success_enters_are_not_counted(slow: Lab) -> None:
    slow.account("acme")
    for number in range(5):
        slow.advance(seconds=5)
        body, headers = {**ORDER, "account_id": "acme"}, {"Idempotency-Key": f"direct-{number}"}
        assert slow.http("POST", "/api/desk/orders", json=body, headers=headers, user=slow.users.cs).status == 201
    slow.advance(seconds=5)
    assert order(slow, slow.users.customer, "one").status == 201


def test_an_order_whose_entry_comes_twice_is_counted_once(slow: Lab) -> None:
    slow.stream.duplicate = True
    place(slow)
    slow.stream.replay()
    slow.settle()
    (counted,) = (item for item in slow.items if item["sk"].startswith("PLACED#"))
    assert counted["placed"] == 1


def test_the_count_of_an_hour_goes_with_it(slow: Lab) -> None:
    place(slow)
    slow.advance(timedelta(hours=3))
    slow.expire_items()
    assert not [item for item in slow.items if item["sk"].startswith("PLACED#")]


def test_the_sandbox_is_slowed_by_no_limit() -> None:
    limits = ("_PER_SECOND", "_AT_ONCE", "_PER_HOUR", "_REPORTS_PER_DAY")
    for name, resource in read(PROJECT / "template.yaml")["Resources"].items():
        for variable, value in resource.get("Properties", {}).get("Environment", {}).get("Variables", {}).items():
            if variable.endswith(limits):
                assert value["Fn::If"][:2] == ["IsSandbox", "1000000"], (name, variable)


def test_every_operation_that_may_be_slowed_says_so() -> None:
    document = json.loads((PROJECT / "layers/core/online_orders/generated/openapi.json").read_text("utf-8"))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            result = operation["responses"]["429"]
            result = (
                document["components"]["responses"][result["$ref"].rpartition("/")[2]] if "$ref" in result else result
            )
            assert ("Retry-After" in result.get("headers", {})) == (path not in UNLIMITED), (method, path)
