"""Placing an order: what is taken, what is answered, and that it is placed once."""

import json
import re
from datetime import date

import pytest

from online_orders.aws import order_queries
from online_orders.domain.order_numbers import number_of
from tests.contract.in_process import InProcess
from tests.contract.orders import Order, enroll, fresh, item, place, place_for, place_response
from tests.contract.site import Json, Site, User

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def all_kinds(site: Site, user: User) -> list[Json]:
    """One sound item of each kind, for the sites that a seeded account has."""
    account = site.account_of(user)
    today = site.today(account).isoformat()
    licensed = [each for each in account["sites"] if each["license"]]
    begun = next(each for each in licensed if each["license"]["starts_on"] <= today)
    waiting = next(each for each in licensed if each["license"]["starts_on"] > site.day(30))
    home = next(each for each in account["sites"] if each["address"])
    steps = site.get("/api/catalog", user).ok()["bandwidth_steps"]
    step = next(step for step in steps if step > begun["license"]["bandwidth_mbps"])
    day = site.day(20)
    return [
        {"kind": "site_bandwidth", "site_id": begun["site_id"], "bandwidth_mbps": step, "start_date": day},
        {"kind": "site_early_activation", "site_id": waiting["site_id"], "start_date": day},
        {"kind": "socket", "site_id": home["site_id"], "model": "X1700", "quantity": 2, "start_date": day},
        {"kind": "ip_addresses", "quantity": 4, "start_date": day},
        {"kind": "sdp_users", "region": "europe", "quantity": 120, "start_date": day},
        {
            "kind": "accessory",
            "site_id": home["site_id"],
            "accessory_type": "network_card",
            "quantity": 1,
            "start_date": day,
        },
    ]


def test_all_six_kinds_fit_in_one_order(site: Site) -> None:
    for user in (site.people.customer, site.people.german, site.people.other):
        items = all_kinds(site, user)
        order = place(site, user, items)
        stored = order.read()["items"]
        assert [one["item_id"] for one in stored] == ["1", "2", "3", "4", "5", "6"]
        assert [{name: one[name] for name in sent} for one, sent in zip(stored, items, strict=True)] == items


def test_the_answer_to_a_placed_order_is_the_order(site: Site) -> None:
    customer = site.people.customer
    order = place(site, purchase_order_number="PO-7", note="By the back door, please.")
    body = order.created.ok(201)
    assert order.created.headers["location"].endswith(f"/orders/{order.order_id}")
    assert order.created.headers["etag"].strip('"') == "1"
    placed_by, placed_at = body.pop("placed_by"), body.pop("placed_at")
    assert set(placed_by) == {"user_id", "email"}
    assert placed_by["user_id"]
    assert placed_by["email"] == customer.email
    assert INSTANT.fullmatch(placed_at)
    assert body.pop("updated_at") == placed_at
    (stored,) = body.pop("items")
    estimate = stored.pop("estimated_start")
    assert date.fromisoformat(estimate["date"]) >= date.fromisoformat(site.day(45))
    assert isinstance(estimate["basis"], str)
    assert isinstance(estimate["orders"], int)
    assert stored == {
        "item_id": "1",
        **item(site),
        "status": "submitted",
        "confirmed_start_date": None,
    }
    assert body == {
        "order_id": order.order_id,
        "number": number_of(order.order_id),
        "account_id": customer.account_id,
        "source": "online",
        "status": "submitted",
        "version": 1,
        "assignee": None,
        "contact": site.account_of(customer)["enrollment"]["contact"],
        "purchase_order_number": "PO-7",
        "note": "By the back door, please.",
        "closed": None,
        "quote": None,
    }


@pytest.mark.each_catalog
def test_the_location_leads_to_the_order(site: Site) -> None:
    order = place(site)
    location = order.created.headers["location"].removeprefix(site.origin)
    assert site.get(location, order.user).ok()["order_id"] == order.order_id


def test_a_user_sees_the_own_order_in_the_list_at_once(site: Site) -> None:
    for _ in range(3):
        order = place(site)
        newest = site.get("/api/orders?limit=1", order.user).ok()["items"]
        assert [row["order_id"] for row in newest] == [order.order_id]


def test_an_order_without_a_key_is_refused(site: Site) -> None:
    body = {"items": [item(site)]}
    site.post("/api/orders", site.people.customer, body).refused(400, "idempotency_key_required")
    site.post("/api/orders", site.people.customer, body, Idempotency_Key="").refused(400, "idempotency_key_required")


def test_a_key_has_1_to_255_visible_characters(site: Site) -> None:
    body = {"items": [item(site)]}
    customer = site.people.customer
    longest = fresh("k").ljust(255, "!")
    place_response(site, customer, body, longest).ok(201)
    for key in (longest + "!", "two words", "tab\tbed"):
        assert place_response(site, customer, body, key).status == 400, key


@pytest.mark.each_catalog
def test_the_same_key_and_body_give_the_same_response(site: Site) -> None:
    customer, key = site.people.customer, fresh("key")
    body = {"items": [item(site)], "note": "Once."}
    first = place_response(site, customer, body, key)
    order = Order(site, customer, first)
    order.desk("claim").ok()
    order.desk("decline", {"reason": "Twice is too much."}).ok()
    again = place_response(site, customer, body, key)
    assert again.ok(201) == first.ok(201)
    for name in ("location", "etag"):
        assert again.headers[name] == first.headers[name]
    same = site.request(
        "POST",
        "/api/orders",
        user=customer,
        content=json.dumps(dict(reversed(body.items())), indent=3),
        headers={"Idempotency-Key": key, "Content-Type": "application/json"},
    )
    assert same.ok(201) == first.ok(201)


def test_the_same_key_with_another_body_is_refused(site: Site) -> None:
    key = fresh("key")
    place_response(site, site.people.customer, {"items": [item(site)]}, key).ok(201)
    other = {"items": [item(site, quantity=5)]}
    place_response(site, site.people.customer, other, key).refused(422, "idempotency_key_reused")


def test_a_key_belongs_to_the_account(site: Site) -> None:
    people, key = site.people, fresh("key")
    body = {"items": [item(site)]}
    by_german = place_response(site, people.german, body, key).ok(201)
    by_customer = place_response(site, people.customer, body, key).ok(201)
    by_colleague = place_response(site, people.colleague, body, key).ok(201)
    assert by_colleague == by_german
    assert by_customer["order_id"] != by_german["order_id"]
    own = place_response(site, people.reseller, body, key).ok(201)
    subs = [
        place_response(site, people.reseller, {**body, "account_id": sub.account_id}, key).ok(201)
        for sub in people.subs
    ]
    assert len({order["order_id"] for order in (own, *subs)}) == 3
    assert (
        place_response(site, people.subs[0], {**body, "account_id": people.subs[0].account_id}, key).ok(201) == subs[0]
    )


def test_a_refusal_uses_no_key(site: Site) -> None:
    customer, key = site.people.customer, fresh("key")
    place_response(site, customer, {"items": [item(site, quantity=0)]}, key).faults()
    place_response(site, customer, {"items": [item(site)], "account_id": "nobody"}, key).refused(404, "not_found")
    place_response(site, customer, {"items": [item(site)]}, key).ok(201)


def test_an_account_without_an_active_enrollment_places_no_orders(site: Site) -> None:
    response = place_response(site, site.people.suspended, {"items": [item(site)]})
    response.refused(403, "not_enrolled")


def test_a_reseller_orders_for_its_sub_account_whose_own_contact_is_asked(site: Site) -> None:
    reseller, sub = site.people.reseller, site.people.subs[0]
    order = place(site, reseller, account_id=sub.account_id)
    body = order.created.json
    assert body["account_id"] == sub.account_id
    assert body["placed_by"]["email"] == reseller.email
    assert body["contact"] == site.account_of(sub)["enrollment"]["contact"]
    assert site.get(f"/api/orders/{order.order_id}", sub).ok()["order_id"] == order.order_id


def test_a_reseller_orders_for_itself(site: Site) -> None:
    reseller = site.people.reseller
    for order in (place(site, reseller), place(site, reseller, account_id=reseller.account_id)):
        assert order.created.json["account_id"] == reseller.account_id


def test_nobody_orders_for_a_foreign_account(site: Site) -> None:
    people = site.people
    for user, account_id in (
        (people.customer, people.other.account_id),
        (people.subs[0], people.subs[1].account_id),
        (people.subs[0], people.reseller.account_id),
        (people.reseller, people.customer.account_id),
        (people.customer, "nobody"),
    ):
        body = {"items": [item(site)], "account_id": account_id}
        place_response(site, user, body).refused(404, "not_found")


def test_a_foreign_site_is_a_fault_of_the_item(site: Site) -> None:
    foreign = next(each for each in site.account_of(site.people.german)["sites"] if each["address"])
    socket = item(site, kind="socket", site_id=foreign["site_id"], model="X1500", quantity=1)
    faults = place_response(site, site.people.customer, {"items": [item(site), socket]}).faults()
    assert set(faults) == {"/items/1/site_id"}


def test_an_order_has_1_to_50_items(site: Site) -> None:
    customer = site.people.customer
    assert set(place_response(site, customer, {"items": []}).faults()) == {"/items"}
    assert set(place_response(site, customer, {}).faults()) == {"/items"}
    assert set(place_response(site, customer, {"items": [item(site)] * 51}).faults()) == {"/items"}
    assert len(place(site, items=[item(site)] * 50).read()["items"]) == 50


def test_note_and_purchase_order_number_have_their_lengths(site: Site) -> None:
    note, number = "ü" * 2_000, fresh("PO").ljust(64, "7")
    order = place(site, note=note, purchase_order_number=number).read()
    assert (order["note"], order["purchase_order_number"]) == (note, number)
    body = {"items": [item(site)], "note": note + "!", "purchase_order_number": number + "7"}
    assert set(place_response(site, site.people.customer, body).faults()) == {"/note", "/purchase_order_number"}


def test_what_an_order_need_not_say_may_be_null(site: Site) -> None:
    order = place(site, note=None, purchase_order_number=None, account_id=None).created.json
    assert (order["note"], order["purchase_order_number"]) == (None, None)


def test_quantities_end_at_the_catalogs_limit(site: Site) -> None:
    limits = site.get("/api/catalog", site.people.customer).ok()["limits"]
    home = next(each for each in site.account_of(site.people.customer)["sites"] if each["address"])["site_id"]
    items = [
        item(site, kind="ip_addresses", quantity=limits["ip_addresses"]),
        item(site, kind="sdp_users", region="europe", quantity=limits["sdp_users"]),
        item(site, kind="socket", site_id=home, model="X1500", quantity=limits["socket"]),
        item(site, kind="accessory", site_id=home, accessory_type="rack_mount_kit", quantity=limits["accessory"]),
    ]
    place(site, items=items)
    for change in (lambda most: most + 1, lambda _: 0, lambda _: -1):
        wrong = [{**one, "quantity": change(limits[one["kind"]])} for one in items]
        faults = place_response(site, site.people.customer, {"items": wrong}).faults()
        assert set(faults) == {f"/items/{index}/quantity" for index in range(4)}


def test_a_start_date_is_today_or_later_and_two_years_ahead_at_most(site: Site) -> None:
    for user in (site.people.customer, site.people.other):
        today = site.today(site.account_of(user))
        last = today.replace(year=today.year + 2)
        place(site, user, [item(site, start_date=today.isoformat()), item(site, start_date=last.isoformat())])
        wrong = [date.fromordinal(today.toordinal() - 1), date.fromordinal(last.toordinal() + 1)]
        items = [item(site, start_date=day.isoformat()) for day in wrong]
        faults = place_response(site, user, {"items": items}).faults()
        assert set(faults) == {"/items/0/start_date", "/items/1/start_date"}


def sites_of_every_sort(site: Site) -> Json:
    """A new account, with a site for each rule."""

    def a_site(site_id: str, starts: int | None, address: str | None, *models: str) -> Json:
        return {
            "site_id": site_id,
            "name": site_id.title(),
            "country": "IE",
            "address": address,
            "license": None if starts is None else {"bandwidth_mbps": 100, "starts_on": site.day(starts)},
            "sockets": [{"model": model, "quantity": 1} for model in models],
        }

    return enroll(
        site,
        sites=[
            a_site("begun", -100, None),
            a_site("waiting", 60, None),
            a_site("bare", None, None),
            a_site("home", None, "1 Main Street", "X1500"),
            a_site("rack", None, "2 Main Street", "X1700"),
        ],
    )


SOUND: list[Json] = [
    {"kind": "site_bandwidth", "site_id": "begun", "bandwidth_mbps": 150},
    {"kind": "site_bandwidth", "site_id": "waiting", "bandwidth_mbps": 150},
    {"kind": "site_early_activation", "site_id": "waiting"},
    {"kind": "socket", "site_id": "home", "model": "X1500", "quantity": 1},
    {"kind": "accessory", "site_id": "home", "accessory_type": "rack_mount_kit", "quantity": 1},
    {"kind": "accessory", "site_id": "rack", "accessory_type": "network_card", "quantity": 1},
]
UNSOUND: list[Json] = [
    {"kind": "site_bandwidth", "site_id": "bare", "bandwidth_mbps": 150},
    {"kind": "site_bandwidth", "site_id": "begun", "bandwidth_mbps": 100},
    {"kind": "site_bandwidth", "site_id": "begun", "bandwidth_mbps": 50},
    {"kind": "site_bandwidth", "site_id": "begun", "bandwidth_mbps": 101},
    {"kind": "site_bandwidth", "site_id": "waiting", "bandwidth_mbps": 100},
    {"kind": "site_early_activation", "site_id": "begun"},
    {"kind": "site_early_activation", "site_id": "bare"},
    {"kind": "socket", "site_id": "begun", "model": "X1500", "quantity": 1},
    {"kind": "socket", "site_id": "home", "model": "X1600", "quantity": 1},
    {"kind": "accessory", "site_id": "begun", "accessory_type": "rack_mount_kit", "quantity": 1},
    {"kind": "accessory", "site_id": "home", "accessory_type": "network_card", "quantity": 1},
    {"kind": "accessory", "site_id": "home", "accessory_type": "cable", "quantity": 1},
    {"kind": "sdp_users", "region": "atlantis", "quantity": 1},
    {"kind": "toaster"},
    {},
]


def on(day: str, items: list[Json]) -> list[Json]:
    return [{**one, "start_date": day} for one in items]


def test_every_rule_of_a_site_is_kept(site: Site) -> None:
    account = sites_of_every_sort(site)
    order = place_for(site, account, items=on(site.day(10), SOUND))
    assert len(order.read()["items"]) == len(SOUND)


def test_every_fault_is_found_at_once_and_a_sound_item_has_none(site: Site) -> None:
    account = sites_of_every_sort(site)
    items = on(site.day(10), UNSOUND + SOUND)
    body = {"account_id": account["account_id"], "items": items, "note": 7, "purchase_order_number": "7" * 65}
    faults = place_response(site, site.people.reseller, body).faults()
    found = {int(pointer.split("/")[2]) for pointer in faults if pointer.startswith("/items/")}
    assert found == set(range(len(UNSOUND)))
    assert {pointer for pointer in faults if not pointer.startswith("/items/")} == {"/note", "/purchase_order_number"}
    assert all(re.fullmatch(r"[a-z0-9_]+", code) for code in faults.values())


def test_an_early_activation_is_before_the_day_on_the_license(site: Site) -> None:
    account = sites_of_every_sort(site)
    waiting = {"kind": "site_early_activation", "site_id": "waiting"}
    place_for(site, account, items=on(site.day(59), [waiting]))
    for day in (60, 61):
        body = {"account_id": account["account_id"], "items": on(site.day(day), [waiting])}
        assert set(place_response(site, site.people.reseller, body).faults()) == {"/items/0/start_date"}


def test_several_faults_of_one_item_are_found_at_once(site: Site) -> None:
    unsound = {"kind": "sdp_users", "region": "atlantis", "quantity": 0, "start_date": site.day(-10)}
    faults = place_response(site, site.people.customer, {"items": [item(site), unsound]}).faults()
    assert set(faults) == {"/items/1/region", "/items/1/quantity", "/items/1/start_date"}


def test_a_network_card_fits_where_the_order_brings_the_socket_for_it(site: Site) -> None:
    account = sites_of_every_sort(site)
    card = {"kind": "accessory", "site_id": "home", "accessory_type": "network_card", "quantity": 1}
    socket = {"kind": "socket", "site_id": "home", "model": "X1700", "quantity": 1}
    elsewhere = {**socket, "site_id": "rack"}
    smaller = {**socket, "model": "X1500"}
    day = {"start_date": site.day(10)}
    for items in ([card, socket], [socket, card]):
        place_for(site, account, items=[{**one, **day} for one in items])
    for other in (elsewhere, smaller):
        body = {"account_id": account["account_id"], "items": [{**card, **day}, {**other, **day}]}
        faults = place_response(site, site.people.reseller, body).faults()
        assert set(faults) == {"/items/0/accessory_type"}


@pytest.mark.parametrize("missing", ["kind", "quantity", "start_date"])
def test_a_setting_that_is_missing_is_a_fault(site: Site, missing: str) -> None:
    part = {name: value for name, value in item(site).items() if name != missing}
    faults = place_response(site, site.people.customer, {"items": [part]}).faults()
    (pointer,) = faults
    assert pointer in {"/items/0", f"/items/0/{missing}"}


UPGRADE: Json = {"kind": "site_bandwidth", "site_id": "begun", "bandwidth_mbps": 150}
ACTIVATION: Json = {"kind": "site_early_activation", "site_id": "waiting"}


def test_contradictions_in_one_order_are_errors_at_the_later_item(site: Site) -> None:
    account = sites_of_every_sort(site)
    items = on(site.day(10), [UPGRADE, ACTIVATION, *SOUND[3:], UPGRADE, {**UPGRADE, "bandwidth_mbps": 500}, ACTIVATION])
    body = {"account_id": account["account_id"], "items": items}
    expected = dict.fromkeys(("/items/5/site_id", "/items/6/site_id", "/items/7/site_id"), "duplicate_upgrade")
    assert place_response(site, site.people.reseller, body).faults() == expected
    direct = site.post("/api/desk/orders", site.people.cs, body, Idempotency_Key=fresh("key"))
    assert direct.faults() == expected
    assert site.post("/api/orders/preview", site.people.reseller, body).faults() == expected


def test_a_repeated_upgrade_is_accepted_with_a_warning(site: Site) -> None:
    account = sites_of_every_sort(site)
    first = place_for(site, account, items=on(site.day(10), [UPGRADE]), purchase_order_number="PO-1")
    again = on(site.day(12), [item(site), {**UPGRADE, "bandwidth_mbps": 500}])
    requested = {"account_id": account["account_id"], "items": again}
    preview = site.post("/api/orders/preview", site.people.reseller, requested)
    (known,) = preview.ok()["warnings"]
    assert (known["pointer"], known["code"], known["order_id"]) == ("/items/1", "already_ordered", first.order_id)
    assert known.pop("purchase_order_number") == "PO-1"
    assert "warnings" not in first.created.json

    key = fresh("key")
    second = place_response(site, site.people.reseller, requested, key)
    placed = second.ok(201)
    assert placed["warnings"] == [known]
    assert place_response(site, site.people.reseller, requested, key).ok(201) == placed
    path = f"/api/orders/{placed['order_id']}"
    assert site.get(path, site.people.reseller).ok()["warnings"] == [known]
    assert site.get(f"/api/desk/orders/{placed['order_id']}", site.people.cs).ok()["warnings"] == [known]


def test_a_repeated_item_of_another_kind_is_warned_of_before_ordering(site: Site) -> None:
    account = sites_of_every_sort(site)
    first = place_for(site, account, items=[item(site)])
    body = {"account_id": account["account_id"], "items": [item(site, start_date=site.day(50))]}
    (known,) = site.post("/api/orders/preview", site.people.reseller, body).ok()["warnings"]
    assert (known["code"], known["order_id"]) == ("already_ordered", first.order_id)
    assert "warnings" not in place_response(site, site.people.reseller, body).ok(201)


def test_an_order_that_came_directly_is_named_to_customer_success_alone(site: Site) -> None:
    account = sites_of_every_sort(site)
    body = {"account_id": account["account_id"], "items": on(site.day(10), [UPGRADE])}
    direct = site.post("/api/desk/orders", site.people.cs, body, Idempotency_Key=fresh("key")).ok(201)
    (result,) = place_response(site, site.people.reseller, body).ok(201)["warnings"]
    assert (result["code"], result["order_id"]) == ("already_ordered", None)
    (previewed,) = site.post("/api/orders/preview", site.people.reseller, body).ok()["warnings"]
    assert previewed["order_id"] is not None  # of the order on the screen, which is newer
    (desk,) = site.post("/api/desk/orders/preview", site.people.cs, body).ok()["warnings"]
    assert desk["order_id"] == previewed["order_id"] != direct["order_id"]


def test_a_preview_changes_nothing_and_refuses_what_placing_refuses(in_process: InProcess) -> None:
    site = in_process
    account = sites_of_every_sort(site)
    before = site.lab.items
    body = {"account_id": account["account_id"], "items": on(site.day(10), [UPGRADE])}
    assert site.post("/api/orders/preview", site.people.reseller, body).ok() == {"warnings": []}
    assert site.lab.items == before
    site.post("/api/orders/preview", site.people.customer, body).refused(404, "not_found")
    site.post("/api/orders/preview", site.people.suspended, {"items": [item(site)]}).refused(403, "not_enrolled")
    site.post("/api/desk/orders/preview", site.people.cs, {"items": []}).refused(422, "invalid")


def test_the_desk_is_warned_of_equal_orders_when_it_claims_them(
    in_process: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = in_process
    account = sites_of_every_sort(site)
    with monkeypatch.context() as at_once:
        # Each has looked before the other was stored.
        at_once.setattr(order_queries, "find_duplicate_candidates", lambda _: [])
        first, second = (place_for(site, account, items=on(site.day(10), [item(site), UPGRADE])) for _ in range(2))
    for order in (first, second):
        assert "warnings" not in site.get(order.desk_path, site.people.cs).ok()
    for order, other in ((first, second), (second, first)):
        (warned,) = order.desk("claim").ok()["warnings"]
        assert (warned["pointer"], warned["code"]) == ("/items/1", "already_ordered")
        assert warned["order_id"] == other.order_id
        assert site.get(order.desk_path, site.people.cs).ok()["warnings"] == [warned]
    assert first.desk_timeline()[-1]["event"] == "order.claimed"
