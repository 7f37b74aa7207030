"""What can be tried of a deployed stage from outside, with a token of a customer and one of Customer Success.

`make smoke SITE=https://... CUSTOMER_TOKEN=... DESK_TOKEN=...` runs it there; without SITE it tries the local run. It
leaves one withdrawn order of the customer's account, and the mails about it.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import online_orders
from tests.contract.live import PATIENCE_SECONDS, Live
from tests.contract.orders import fresh
from tests.contract.site import Json, Site, User

UNKNOWN_LINK = "/confirm/A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v"

pytestmark = pytest.mark.live


class Deployed(Live):
    """A site of which nothing is known but its address and the id tokens of its users."""

    def __init__(self, origin: str, id_tokens: Json, http: httpx.Client) -> None:
        super().__init__({"site": origin.rstrip("/"), "cs_mailbox": "", "users": []}, http)
        self._id_tokens = id_tokens

    def tokens(self, user: User) -> Json:
        return {"IdToken": self._id_tokens[user.role]}


@dataclass(frozen=True)
class Stage:
    site: Site
    customer: User
    staff: User


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    if origin := os.environ.get("SITE"):
        tokens = {"customer": os.environ["CUSTOMER_TOKEN"], "customer-success": os.environ["DESK_TOKEN"]}
        people = [User(role, "", role, None) for role in tokens]
        with httpx.Client(timeout=PATIENCE_SECONDS) as http:
            yield Stage(Deployed(origin, tokens, http), *people)
    else:
        live: Live = request.getfixturevalue("live")
        people = [live.people.customer, live.people.cs]
        tokens = {user.role: live.tokens(user)["IdToken"] for user in people}
        with httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False) as http:
            yield Stage(Deployed(live.origin, tokens, http), *people)


def test_it_is_this_version(stage: Stage) -> None:
    generated = Path(online_orders.__file__).parent / "generated" / "openapi.json"
    assert stage.site.get("/api/openapi.json").ok() == json.loads(generated.read_text("utf-8"))


def test_it_is_closed_without_a_token(stage: Stage) -> None:
    assert stage.site.get("/api/orders").status == 401
    assert stage.site.get("/api/desk/orders").status == 401


def test_each_side_is_closed_to_the_other(stage: Stage) -> None:
    stage.site.get("/api/desk/orders", stage.customer).refused(403, "forbidden")
    stage.site.get("/api/orders", stage.staff).refused(403, "forbidden")


def test_an_order_is_placed_once_and_read_by_both_sides_and_withdrawn(stage: Stage) -> None:
    site, customer = stage.site, stage.customer
    body = {
        "items": [{"kind": "ip_addresses", "quantity": 1, "start_date": site.day(20)}],
        "note": "A test; ignore it.",
    }
    key = fresh("smoke")
    created = site.post("/api/orders", customer, body, Idempotency_Key=key)
    order = created.ok(201)
    path = f"/api/orders/{order['order_id']}"
    try:
        assert created.headers["location"].endswith(path)
        assert site.post("/api/orders", customer, body, Idempotency_Key=key).ok(201) == order
        assert site.get(path, customer).ok()["status"] == "submitted"
        newest = site.get("/api/orders?limit=1", customer).ok()["items"]
        assert [each["order_id"] for each in newest] == [order["order_id"]]
        assert site.get(f"/api/desk/orders/{order['order_id']}", stage.staff).ok()["account_id"] == order["account_id"]
    finally:
        withdrawn = site.post(f"{path}/cancel", customer, {"reason": "A test."})
    assert withdrawn.ok()["status"] == "canceled"
    entries = site.get(f"{path}/timeline", customer).ok()["items"]
    assert [entry["event"] for entry in entries] == ["order.submitted", "order.canceled"]


def test_an_unknown_link_leads_to_a_page_that_says_so(stage: Stage) -> None:
    answer = stage.site.get(UNKNOWN_LINK)
    answer.page(404)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
