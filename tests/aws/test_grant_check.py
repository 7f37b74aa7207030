"""What a caller may still do, read along with what a change reads anyway: who is refused, and by which call."""

from collections.abc import Callable
from typing import Any

import pytest

from online_orders import clock
from online_orders.aws import (
    account_store,
    catalog_publishing,
    lead_time_statistics,
    order_store,
    price_store,
    quoting,
    service_user_store,
    terms_store,
)
from online_orders.aws.grant_check import keys_of, require_still_allowed, still_has
from online_orders.aws.keys import OrderKey, entry_key, order_key, person_key
from online_orders.aws.placing import place
from online_orders.aws.table import Items
from online_orders.domain.callers import Caller
from online_orders.domain.errors import Forbidden
from online_orders.domain.people import PersonState
from online_orders.domain.roles import Permission, Role
from online_orders.domain.service_users import NewServiceUser, create
from tests.aws.people import person_item_of
from tests.aws.service import Service
from tests.domain.builders import CALLER, NOW, ORDER_ID, STAFF_CALLER, account_body, claimed

Json = dict[str, Any]
AT = OrderKey("acme", ORDER_ID, "online")


def person(caller: Caller, *lacking: Permission, state: PersonState = PersonState.ACTIVE, **roles: Role) -> Json:
    return person_item_of(caller.user, *lacking, state=state, **roles)


def service_user(caller: Caller, *scopes: Permission) -> Json:
    asked = NewServiceUser(name="ERP", scopes=scopes)
    made = create(
        asked,
        caller.team,
        user_id=caller.user.user_id,
        username="erp@service-users.invalid",
        secret="shown once",
        by=STAFF_CALLER.user,
        at=NOW,
    )
    (written, _) = service_user_store._write_actions(None, made)
    item: Json = written["Put"]["Item"]
    return item


NEWER = (Permission.MANAGE_PAPERS, Permission.APPROVE_DISCOUNTS, Permission.MANAGE_CATALOG)


@pytest.mark.parametrize("permission", NEWER)
def test_a_role_has_what_it_did_not_have_yet_when_it_was_stored(service: Service, permission: Permission) -> None:
    lead = STAFF_CALLER._replace(required=permission, permissions=frozenset({permission}))
    stored = person(lead, *NEWER, desk=Role.LEAD)
    require_still_allowed(Items(stored), lead)
    service.answers = [{"Item": stored}]
    assert still_has(lead, permission)


@pytest.mark.parametrize(
    "stored",
    [
        person(STAFF_CALLER, *NEWER, desk=Role.AGENT),
        person(STAFF_CALLER, *NEWER, desk=Role.LEAD, state=PersonState.DEACTIVATED),
        person(STAFF_CALLER, *NEWER, acme=Role.ADMIN),
        service_user(STAFF_CALLER, Permission.READ_DESK, Permission.WORK_ON_ORDERS),
    ],
    ids=["agent", "deactivated", "customer", "service user"],
)
@pytest.mark.parametrize("permission", NEWER)
def test_nobody_else_has_it(service: Service, stored: Json, permission: Permission) -> None:
    caller = STAFF_CALLER._replace(required=permission, permissions=frozenset({permission}))
    with pytest.raises(Forbidden, match="no longer"):
        require_still_allowed(Items(stored), caller)
    service.answers = [{"Item": stored}]
    assert not still_has(caller, permission)


def test_a_service_user_has_its_scopes() -> None:
    require_still_allowed(Items(service_user(STAFF_CALLER, Permission.WORK_ON_ORDERS)), STAFF_CALLER)


@pytest.mark.parametrize(
    ("caller", "roles", "is_allowed"),
    [
        (CALLER, {"acme": Role.ADMIN}, True),
        (CALLER, {"acme": Role.BUYER, "bolt": Role.VIEWER}, True),
        (CALLER, {"acme": Role.VIEWER, "bolt": Role.BUYER}, False),
        (CALLER, {"bolt": Role.ADMIN, "desk": Role.LEAD}, False),
        (CALLER, {}, False),
        (STAFF_CALLER, {"desk": Role.LEAD}, True),
        (STAFF_CALLER, {"desk": Role.AGENT}, True),
        (STAFF_CALLER, {"desk": Role.AUDITOR}, False),
        (STAFF_CALLER, {"acme": Role.ADMIN}, False),
        (STAFF_CALLER._replace(required=Permission.MANAGE_PRICES), {"desk": Role.AGENT}, False),
        (CALLER._replace(account_id="bolt"), {"acme": Role.ADMIN}, False),
        (CALLER._replace(required=None), {}, True),
    ],
)
def test_a_change_needs_what_the_route_requires_in_the_team_of_the_caller(
    caller: Caller, roles: dict[str, Role], is_allowed: bool
) -> None:
    assert keys_of(caller) == [person_key(caller.user.user_id)]
    found = Items(person(caller, **roles))  # type: ignore[arg-type]
    if is_allowed:
        require_still_allowed(found, caller)
        return
    with pytest.raises(Forbidden, match="no longer") as refusal:
        require_still_allowed(found, caller)
    assert refusal.value.code == "forbidden"


def test_the_token_holds_where_nothing_is_stored_and_the_product_needs_no_grant() -> None:
    require_still_allowed(Items(), CALLER)
    require_still_allowed(Items(person(STAFF_CALLER)), CALLER)
    assert keys_of(None) == []
    require_still_allowed(Items(person(CALLER)), None)


ACCOUNTS = STAFF_CALLER._replace(required=Permission.MANAGE_ACCOUNTS)
PRICES = STAFF_CALLER._replace(required=Permission.MANAGE_PRICES)
CATALOG = STAFF_CALLER._replace(required=Permission.MANAGE_CATALOG)
PAPERS = STAFF_CALLER._replace(required=Permission.MANAGE_PAPERS)
LOCATED = {"Item": {**entry_key(ORDER_ID, 1), "account_id": {"S": "acme"}, "source": {"S": "online"}}}


@pytest.mark.parametrize(
    ("caller", "change", "reads"),
    [
        (CALLER, lambda by: place("k", {}, by=by, account_id="acme", caller_account_id="acme", source="online"), []),
        (CALLER, lambda by: order_store.get_order_for_caller("acme", ORDER_ID, changed_by=by), []),
        (CALLER, lambda by: account_store.get_account_for_caller("acme", "acme", changed_by=by), []),
        (STAFF_CALLER, lambda by: order_store.get_order(AT, changed_by=by), []),
        (STAFF_CALLER, lambda by: quoting.offer_next_revision(ORDER_ID, {}, by, None), [LOCATED]),
        (ACCOUNTS, lambda by: account_store.replace_account("acme", account_body(), by, print), []),
        (PRICES, lambda by: price_store.replace_price_list("EUR", lambda catalog, kept: (), by, print), []),
        (PAPERS, lambda by: terms_store.replace_terms({}, by, print), []),
        (CATALOG, lambda by: catalog_publishing.publish_catalog({}, by, print), []),
        (CATALOG, lambda by: catalog_publishing.replace_draft({}, by, print), []),
        (CATALOG, lambda by: catalog_publishing.discard_draft(by, print), []),
    ],
    ids=[
        *("placing", "own order", "contact report", "any order", "quoting", "account", "price list"),
        *("terms", "catalog", "draft of the catalog", "end of a draft"),
    ],
)
def test_every_change_is_refused_by_the_read_that_it_makes_anyway(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    caller: Caller,
    change: Callable[[Caller], object],
    reads: list[Json],
) -> None:
    monkeypatch.setenv("HISTORY_CACHE_SECONDS", "300")
    monkeypatch.setattr(clock, "now", lambda: NOW)
    lead_time_statistics.reset()
    service.answers = [*reads, {"Responses": {"Table": [person(caller)]}}]
    with pytest.raises(Forbidden, match="no longer"):
        change(caller)
    assert [method for method, _ in service.asked] == [*["get_item"] * len(reads), "batch_get_item"]
    (_, asked) = service.asked[-1]
    assert person_key(caller.user.user_id) in asked["RequestItems"]["Table"]["Keys"]


def test_an_order_that_is_only_read_is_read_alone(service: Service) -> None:
    stored = {**order_key(AT), "document": {"S": claimed().model_dump_json()}}
    service.answers = [{"Item": stored}, {"Responses": {"Table": [stored]}}]
    assert order_store.get_order(AT) == claimed()
    assert order_store.get_order(AT, changed_by=STAFF_CALLER) == claimed()
    assert [method for method, _ in service.asked] == ["get_item", "batch_get_item"]
