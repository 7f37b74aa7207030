"""The rules that a catalog can name, beside those of the catalog that ships: each at and beside its boundary."""

from __future__ import annotations

from copy import deepcopy
from datetime import date, timedelta
from typing import Any

import pytest

from online_orders.domain.accounts import Account
from online_orders.domain.catalog import Catalog, Item, catalog_body, item_errors, schema_of, settings_of, words_of
from online_orders.domain.catalog_document import parse_catalog
from online_orders.domain.catalog_rules import RULES
from online_orders.domain.order_requests import parse_order
from online_orders.domain.representations import order_body
from tests.domain.builders import ANNA, NOW, ORDER_ID, TODAY, Json, account_of, item_of
from tests.shipped_catalog import CATALOG

ACME = account_of()


def both(text: str) -> Json:
    return {"en": text, "de": f"{text} (de)"}


SITE: Json = {"name": "site_id", "type": "site", "labels": both("Site")}
SEATS: Json = {
    "name": "quantity",
    "type": "quantity",
    "labels": both("Seats"),
    "unit": both("seats"),
    "minimum": 10,
    "maximum": 100,
    "step": 5,
    "default": 20,
}
TERM: Json = {
    "name": "term_months",
    "type": "step",
    "labels": both("Term"),
    "unit": both("months"),
    "choices": [{"value": 12}, {"value": 36, "labels": both("Three years")}],
}
TIER: Json = {
    "name": "tier",
    "type": "choice",
    "labels": both("Tier"),
    "choices": [{"value": "gold", "labels": both("Gold")}, {"value": "silver", "labels": both("Silver")}],
}
HOST: Json = {"name": "host", "type": "text", "labels": both("Host"), "max_length": 20, "required": False}


def kind_of(name: str = "support", *settings: Json, rules: list[Json] | None = None, **more: Any) -> Json:
    return {
        "kind": name,
        "labels": both(name.title()),
        "summary": both("An item"),
        "settings": list(settings),
        "rules": rules or [],
    } | more


def catalog_of(*kinds: Json, **more: Any) -> Catalog:
    """A catalog with these kinds beside those that ship."""
    document = {**deepcopy(dict(CATALOG.document)), **more}
    document["kinds"] = [*document["kinds"], *kinds]
    return Catalog.from_document(parse_catalog(document, before=CATALOG), 1)


def item(**settings: Any) -> Json:
    return {"kind": "support", "start_date": "2027-01-05", **settings}


def found(catalog: Catalog, *items: Json, account: Account = ACME, today: date = TODAY) -> list[tuple[str, str]]:
    return [(error.pointer, error.code) for error in item_errors(list(items), catalog, account, today)]


def start_in(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def test_every_rule_is_tested_here_or_by_the_catalog_that_ships() -> None:
    shipped = {rule["rule"] for kind in CATALOG.kinds.values() for rule in kind.rules}
    assert set(RULES) - shipped == {"needs_site", "lead_time", "quantity_step"}


def test_a_kind_with_a_site_needs_one_that_the_account_has() -> None:
    for rules in ([], [{"rule": "needs_site"}]):
        catalog = catalog_of(kind_of("support", SITE, rules=rules))
        assert found(catalog, item(site_id="office")) == []
        assert found(catalog, item(site_id="nowhere")) == [("/items/0/site_id", "unknown_site")]


def test_no_item_starts_in_the_past_and_without_a_window_any_later_day_will_do() -> None:
    catalog = catalog_of(kind_of())
    assert found(catalog, item(start_date="9999-12-31")) == []
    assert found(catalog, item(start_date="2026-11-21")) == [("/items/0/start_date", "date_in_past")]


@pytest.mark.parametrize(
    ("window", "day", "code"),
    [
        ({"earliest_days": 3}, 2, "date_too_early"),
        ({"earliest_days": 3}, 3, None),
        ({"latest_days": 10}, 10, None),
        ({"latest_days": 10}, 11, "date_too_late"),
        ({"latest_years": 1}, 365, None),
        ({"latest_years": 1}, 366, "date_too_late"),
        ({"earliest_days": 3}, -1, "date_in_past"),
    ],
)
def test_a_window_limits_the_start(window: Json, day: int, code: str | None) -> None:
    catalog = catalog_of(kind_of(rules=[{"rule": "start_date_window", **window}]))
    assert found(catalog, item(start_date=start_in(day))) == ([("/items/0/start_date", code)] if code else [])


@pytest.mark.parametrize(
    ("window", "detail"),
    [
        ({"latest_years": 1}, "The start date is more than one year ahead."),
        ({"latest_years": 3}, "The start date is more than 3 years ahead."),
        ({"latest_days": 10}, "The start date is more than 10 days ahead."),
        ({"earliest_days": 9999 // 3}, "The start date is less than 3333 days ahead."),
    ],
)
def test_a_fault_of_a_window_tells_its_limit(window: Json, detail: str) -> None:
    catalog = catalog_of(kind_of(rules=[{"rule": "start_date_window", **window}]))
    day = "2027-01-05" if "earliest_days" in window else "2100-01-01"
    assert [error.detail for error in item_errors([item(start_date=day)], catalog, ACME, TODAY)] == [detail]


def test_a_lead_time_is_of_the_kind_or_of_one_choice() -> None:
    of_kind = catalog_of(kind_of(rules=[{"rule": "lead_time", "days": 7}]))
    assert found(of_kind, item(start_date=start_in(7))) == []
    assert found(of_kind, item(start_date=start_in(6))) == [("/items/0/start_date", "date_too_early")]
    of_gold = catalog_of(
        kind_of("support", TIER, rules=[{"rule": "lead_time", "days": 7, "setting": "tier", "value": "gold"}])
    )
    assert found(of_gold, item(tier="silver", start_date=start_in(0))) == []
    assert found(of_gold, item(tier="gold", start_date=start_in(6))) == [("/items/0/start_date", "date_too_early")]
    (error,) = item_errors([item(start_date=start_in(6))], of_kind, ACME, TODAY)
    assert error.detail == "The start date is less than 7 days ahead."


@pytest.mark.parametrize(("quantity", "code"), [(10, None), (15, "not_a_multiple"), (20, None), (12, "not_a_multiple")])
def test_a_quantity_is_a_multiple_of_the_step_of_a_rule(quantity: int, code: str | None) -> None:
    catalog = catalog_of(kind_of("support", SEATS, rules=[{"rule": "quantity_step", "step": 10}]))
    expected = [("/items/0/quantity", code)] if code else []
    assert found(catalog, item(quantity=quantity)) == expected


@pytest.mark.parametrize(
    ("quantity", "code"),
    [(9, "too_small"), (10, None), (12, "not_a_multiple"), (100, None), (105, "too_large"), (101, "too_large")],
)
def test_a_quantity_lies_between_its_limits_by_its_step(quantity: int, code: str | None) -> None:
    expected = [("/items/0/quantity", code)] if code else []
    assert found(catalog_of(kind_of("support", SEATS)), item(quantity=quantity)) == expected


@pytest.mark.parametrize(("term", "code"), [(12, None), (36, None), (24, "not_a_step"), ("12", "wrong_type")])
def test_a_step_is_one_of_the_catalog_s(term: Any, code: str | None) -> None:
    expected = [("/items/0/term_months", code)] if code else []
    assert found(catalog_of(kind_of("support", TERM)), item(term_months=term)) == expected
    (error,) = item_errors([item(term_months=1)], catalog_of(kind_of("support", TERM)), ACME, TODAY)
    assert error.detail == "The catalog has no such term step."


@pytest.mark.parametrize(
    ("host", "code"),
    [("db-1", None), (" db-1 ", None), ("", None), ("x" * 21, "too_long"), ("a\nb", "malformed"), (7, "wrong_type")],
)
def test_a_text_is_a_line_that_may_be_missing(host: Any, code: str | None) -> None:
    catalog = catalog_of(kind_of("support", HOST))
    assert found(catalog, item()) == []
    assert found(catalog, item(host=host)) == ([("/items/0/host", code)] if code else [])


@pytest.mark.parametrize("host", ["", "  ", "\u3000"])
def test_a_needed_text_is_not_blank(host: str) -> None:
    catalog = catalog_of(kind_of("support", {**HOST, "required": True}))
    assert found(catalog, item(host=host)) == [("/items/0/host", "too_short")]
    assert found(catalog, item()) == [("/items/0/host", "required")]


def needs(**what: Any) -> Json:
    return {"rule": "needs_other_item_or_equipment", **what}


def test_a_kind_can_need_another_in_the_same_order() -> None:
    catalog = catalog_of(kind_of("support", TIER, rules=[needs(kind="sdp_users", setting="tier", value="gold")]))
    assert found(catalog, item(tier="silver")) == []
    assert found(catalog, item(tier="gold"), item_of("sdp_users")) == []
    assert found(catalog, item(tier="gold"), item_of("ip_addresses")) == [("/items/0/tier", "needs_sdp_users")]
    always = catalog_of(kind_of(rules=[needs(kind="sdp_users")]))
    (error,) = item_errors([item()], always, ACME, TODAY)
    assert (error.pointer, error.code) == ("/items/0/kind", "needs_sdp_users")
    assert error.detail == "The order has no item of the kind SDP Users, which this one needs."


def test_equipment_is_at_the_site_or_comes_with_any_item_that_has_a_model() -> None:
    appliance = kind_of("appliance", SITE, {**TIER, "name": "model"})
    catalog = catalog_of(kind_of("support", SITE, rules=[needs(model="gold")]), appliance)
    brought = {"kind": "appliance", "site_id": "office", "model": "gold", "start_date": "2027-01-05"}
    assert found(catalog, item(site_id="office"), brought) == []
    assert found(catalog, item(site_id="lab"), brought) == [("/items/0/site_id", "no_gold_at_site")]
    assert found(catalog, item(site_id="office"), brought | {"kind": "ip_addresses"})[0] == (
        "/items/0/site_id",
        "no_gold_at_site",
    )
    at_lab = catalog_of(kind_of("support", SITE, rules=[needs(model="X1700")]))
    assert found(at_lab, item(site_id="lab")) == []


def test_faults_come_in_the_order_of_the_members_and_one_a_member() -> None:
    catalog = catalog_of(
        kind_of("support", TIER, SEATS, SITE, rules=[{"rule": "site_has_address"}, {"rule": "site_has_license"}])
    )
    broken = item(site_id="shell", quantity=101, tier="bronze", start_date="2020-01-01", color="red")
    assert found(catalog, broken) == [
        ("/items/0/tier", "not_allowed"),
        ("/items/0/quantity", "too_large"),
        ("/items/0/site_id", "site_without_address"),
        ("/items/0/start_date", "date_in_past"),
        ("/items/0/color", "unknown_field"),
    ]


def test_rules_tell_forms_what_they_are_about() -> None:
    rules = [
        {"rule": "site_has_license"},
        {"rule": "site_has_address"},
        needs(kind="sdp_users"),
        needs(model="X1900"),
        needs(model="X1700", setting="tier", value="gold"),
        needs(model="X1500", setting="tier", value="silver"),
        {"rule": "start_date_window", "earliest_days": 3, "latest_days": 90},
        {"rule": "lead_time", "days": 5},
        {"rule": "lead_time", "days": 9, "setting": "term_months", "value": 36},
        {"rule": "quantity_step", "step": 10},
        {"rule": "one_per_site"},
    ]
    settings = (SITE, TIER, TERM, SEATS, HOST)
    schema = schema_of(catalog_of(kind_of("support", *settings, rules=rules)).kinds["support"])
    hints = {
        f"{name}.{keyword}": value
        for name, property_ in schema["properties"].items()
        for keyword, value in property_.items()
        if keyword.startswith("x-") or keyword in ("multipleOf", "default", "maxLength")
    }
    assert hints == {
        "site_id.x-needs": ["address", "license"],
        "site_id.x-needs-socket": "X1900",
        "kind.x-needs-kind": "sdp_users",
        "tier.x-needs-socket": {"gold": "X1700", "silver": "X1500"},
        "start_date.x-earliest-days": 3,
        "start_date.x-days-ahead": 90,
        "start_date.x-lead-days": 5,
        "term_months.x-lead-days": {"36": 9},
        "quantity.multipleOf": 10,
        "quantity.default": 20,
        "host.maxLength": 20,
    }
    assert schema["required"] == ["kind", "site_id", "tier", "term_months", "quantity", "start_date"]
    later = [{"rule": "license_starts_later"}, {"rule": "site_has_license"}]
    site = schema_of(catalog_of(kind_of("support", SITE, rules=later)).kinds["support"])["properties"]["site_id"]
    assert site["x-needs"] == "license_to_begin"


# Who may order what.


def test_what_is_retired_cannot_be_ordered_and_keeps_its_words() -> None:
    retired_choice = {**TIER, "choices": [{**TIER["choices"][0], "retired": True}, TIER["choices"][1]]}
    retired_step = {**TERM, "choices": [{"value": 12}, {"value": 24, "retired": True}]}
    catalog = catalog_of(
        kind_of("support", retired_choice, retired_step),
        kind_of("training", TIER, retired=True, summary=both("{tier}")),
    )
    assert found(catalog, item(tier="gold", term_months=24)) == [
        ("/items/0/tier", "not_allowed"),
        ("/items/0/term_months", "not_a_step"),
    ]
    assert found(catalog, item(tier="silver", term_months=12)) == []
    (error,) = item_errors([item(tier="gold") | {"kind": "training"}], catalog, ACME, TODAY)
    assert (error.pointer, error.code) == ("/items/0/kind", "not_allowed")
    assert error.detail == (
        "The kind is one of site_bandwidth, site_early_activation, socket, ip_addresses, sdp_users, accessory, support."
    )
    assert item_errors([item(tier="gold") | {"kind": "training"}], catalog)[0].code == "not_allowed"
    ordered = Item.model_validate(item(tier="gold") | {"kind": "training"})
    assert words_of([ordered], catalog)["en"] == {
        "kind.training": "Training",
        "summary.training": "{tier}",
        "training.tier.gold": "Gold",
    }


GROUPS = [{"group": "partners", "labels": both("Partners")}, {"group": "press", "labels": both("Press")}]


def in_groups(*groups: str, account_id: str = "acme") -> Account:
    return ACME.model_copy(update={"groups": groups, "account_id": account_id})


@pytest.mark.parametrize(
    ("account", "kinds", "tiers"),
    [
        (in_groups(), ["support"], ["silver"]),
        (in_groups("press"), ["support"], ["silver"]),
        (in_groups("partners"), ["support", "training"], ["silver"]),
        (in_groups("press", "partners"), ["support", "training"], ["silver"]),
        (in_groups(account_id="northwind"), ["support", "training"], ["gold", "silver"]),
    ],
)
def test_what_is_for_others_alone_is_not_there(account: Account, kinds: list[str], tiers: list[str]) -> None:
    gold = {**TIER["choices"][0], "only_for": {"accounts": ["northwind"]}}
    tier = {**TIER, "choices": [gold, TIER["choices"][1]]}
    hidden = {"groups": ["partners"], "accounts": ["northwind"]}
    catalog = catalog_of(kind_of("support", tier), kind_of("training", only_for=hidden), groups=GROUPS)
    seen = catalog.for_account(account)
    assert [kind for kind in seen.kinds if kind not in CATALOG.kinds] == kinds
    assert list(seen.kinds["support"].settings["tier"].choices) == tiers
    assert seen is catalog.for_account(account)
    assert seen.for_account(account) is seen
    assert seen.orderable is seen
    assert seen.version == catalog.version
    for value in ("gold", "silver"):
        expected = [] if value in tiers else [("/items/0/tier", "not_allowed")]
        assert found(catalog, item(tier=value), account=account) == expected
        assert found(seen, item(tier=value), account=account) == expected
    training = {"kind": "training", "start_date": "2027-01-05"}
    assert found(catalog, training, account=account) == (
        [] if "training" in kinds else [("/items/0/kind", "not_allowed")]
    )
    assert "northwind" not in str(catalog_body(seen))


def test_what_is_not_retired_may_still_be_for_others_alone() -> None:
    catalog = catalog_of(
        kind_of("support", retired=True), kind_of("training", only_for={"groups": ["partners"]}), groups=GROUPS
    )
    assert set(catalog.orderable.kinds) - set(CATALOG.kinds) == {"training"}
    assert "training" not in catalog.orderable.for_account(ACME).kinds
    assert "training" in catalog.orderable.for_account(in_groups("partners")).kinds


def test_a_process_keeps_the_catalogs_of_some_accounts_alone() -> None:
    names = [f"account-{number}" for number in range(130)]
    catalog = catalog_of(kind_of("support", only_for={"accounts": names}))
    seen = [catalog.for_account(in_groups(account_id=name)) for name in names]
    assert all("support" in each.kinds for each in seen)
    assert catalog.for_account(in_groups(account_id=names[-1])) is seen[-1]
    assert catalog.for_account(in_groups(account_id=names[0])) is not seen[0]


def test_a_catalog_without_limits_is_the_same_for_everybody() -> None:
    assert CATALOG.for_account(ACME) is CATALOG
    assert CATALOG.orderable is CATALOG


def test_a_kind_of_which_no_needed_choice_is_left_is_not_there_and_an_optional_setting_is_left_out() -> None:
    gone = {**TIER, "choices": [{**choice, "retired": True} for choice in TIER["choices"]]}
    catalog = catalog_of(kind_of("support", gone), kind_of("training", {**gone, "required": False}, SEATS))
    seen = catalog.for_account(ACME)
    assert "support" not in seen.kinds
    assert list(seen.kinds["training"].settings) == ["quantity"]


# A seventh kind, from the order to its body.


def test_an_item_of_a_seventh_kind_is_ordered_kept_and_shown() -> None:
    kind = kind_of(
        "support",
        SITE,
        TIER,
        TERM,
        SEATS,
        HOST,
        rules=[{"rule": "site_has_address"}],
        summary=both("{quantity}, {tier} for {site}"),
    )
    catalog = catalog_of(kind)
    asked = item(site_id="store", tier="gold", term_months=36, quantity=20, host="  db-1 ")
    asked_too = item(site_id="store", tier="silver", term_months=12, quantity=10, host=" ")
    body = {"items": [asked, asked_too, item_of("ip_addresses")]}
    order = parse_order(body, order_id=ORDER_ID, account=ACME, catalog=catalog, source="online", by=ANNA, at=NOW).order
    assert settings_of(order.items[0]) == {
        "site_id": "store",
        "tier": "gold",
        "term_months": 36,
        "quantity": 20,
        "host": "db-1",
    }
    assert "host" not in settings_of(order.items[1])
    assert order.snapshot
    assert (order.snapshot.catalog_version, order.snapshot.delivered) == (1, ("support",))
    assert order.snapshot.words["de"] == {
        "ip_addresses.quantity.unit": "öffentliche IPv4",
        "kind.ip_addresses": "IP-Adressen",
        "kind.support": "Support (de)",
        "summary.ip_addresses": "{quantity}",
        "summary.support": "{quantity}, {tier} for {site} (de)",
        "support.quantity.unit": "seats (de)",
        "support.term_months.12": "12 months (de)",
        "support.term_months.36": "Three years (de)",
        "support.tier.gold": "Gold (de)",
        "support.tier.silver": "Silver (de)",
    }
    again = type(order).model_validate_json(order.model_dump_json())
    assert again == order
    first, second, third = order_body(again, {}, NOW)["items"]
    assert list(first)[:9] == [
        "item_id", "kind", "site_id", "tier", "term_months", "quantity", "host", "start_date", "status",
    ]  # fmt: skip
    assert first["labels"]["en"] == {
        "kind": "Support",
        "summary": "{quantity}, {tier} for {site}",
        "tier": "Gold",
        "term_months": "Three years",
        "quantity": "seats",
    }
    assert second["labels"]["de"]["term_months"] == "12 months (de)"
    assert "labels" not in third
    assert again.is_delivered(again.items[0])
    assert not again.is_delivered(again.items[2])


def test_the_catalog_shows_the_settings_of_a_seventh_kind() -> None:
    kind = kind_of("support", TIER, TERM, SEATS, HOST, icon="life-buoy", help=both("Help"), priced_by="tier")
    body = catalog_body(catalog_of(kind))
    shown = body["item_kinds"][-1]
    assert body["version"] == 1
    assert body["limits"]["support"] == 100
    assert {name: shown[name] for name in ("kind", "label", "labels", "help", "icon", "summary")} == {
        "kind": "support",
        "label": "Support",
        "labels": both("Support"),
        "help": both("Help"),
        "icon": "life-buoy",
        "summary": both("An item"),
    }
    tier, term, seats, host = shown["settings"]
    assert tier["choices"] == [
        {"value": "gold", "labels": both("Gold")},
        {"value": "silver", "labels": both("Silver")},
    ]
    assert term["choices"] == [
        {"value": 12, "labels": {"en": "12 months", "de": "12 months (de)"}},
        {"value": 36, "labels": both("Three years")},
    ]
    assert seats["unit"] == both("seats")
    assert host == {"name": "host", "type": "text", "labels": both("Host")}
