"""Who may order what: accounts by name, by group, and callers without an account."""

import copy
import json
from typing import Any

import pytest

from online_orders.domain.accounts import Account
from online_orders.domain.catalog import MAX_ITEMS, Catalog, catalog_body, item_errors, kinds_named, shipped
from online_orders.domain.catalog_document import parse_catalog
from online_orders.domain.prices import prices_in_force
from tests.domain.builders import TODAY, account_of

LIMITED: dict[str, dict[str, Any]] = {
    "ip_addresses": {"only_for": {"groups": ["partners"]}},
    "sdp_users": {"only_for": {"accounts": ["acme"], "groups": ["schools"]}},
    "accessory": {"retired": True},
}


def catalog() -> Catalog:
    document = copy.deepcopy(dict(shipped().document))
    document["kinds"] = [{**kind, **LIMITED.get(kind["kind"], {})} for kind in document["kinds"]]
    return Catalog.from_document(document, 7)


def account(account_id: str, *groups: str) -> Account:
    return account_of().model_copy(update={"account_id": account_id, "groups": groups})


@pytest.mark.parametrize(
    ("caller", "may_order"),
    [
        (None, set()),
        (account("bolt"), set()),
        (account("acme"), {"sdp_users"}),
        (account("bolt", "partners"), {"ip_addresses"}),
        (account("bolt", "others", "schools"), {"sdp_users"}),
        (account("acme", "partners"), {"ip_addresses", "sdp_users"}),
    ],
)
def test_what_is_for_some_is_ordered_by_them_alone_and_what_is_retired_by_nobody(
    caller: Account | None, may_order: set[str]
) -> None:
    offered = catalog().for_account(caller)
    assert offered.kinds.keys() & LIMITED.keys() == may_order
    assert offered.kinds.keys() - LIMITED.keys() == shipped().kinds.keys() - LIMITED.keys()
    assert offered.version == 7


def test_without_limits_everybody_may_order_all() -> None:
    assert shipped().for_account(None) is shipped().for_account(account("acme", "partners")) is shipped()


@pytest.mark.parametrize(
    ("raw_items", "named"),
    [
        (None, ()),
        ({"kind": "socket"}, ()),
        ([{"kind": "socket"}, {"kind": "seats"}, {"kind": "socket"}], ("socket", "seats")),
        ([7, {}, {"kind": 7}, {"kind": "No Kind"}, {"kind": "x" * 41}, {"kind": "socket\n"}], ()),
        ([{"kind": f"kind{number}"} for number in range(60)], tuple(f"kind{number}" for number in range(MAX_ITEMS))),
    ],
)
def test_the_kinds_that_a_body_names_are_found_whatever_the_body(raw_items: Any, named: tuple[str, ...]) -> None:
    assert kinds_named(raw_items) == named


# -- what is left of what only some may order ---------------------------------------------------------------------

SECRET = {"only_for": {"groups": ["partners"]}}
GOLD = {"setting": "tier", "value": "gold"}


def words(text: str) -> dict[str, str]:
    return {"en": text, "de": text}


def choice(name: str, *choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    labelled = [{"labels": words(each["value"]), **each} for each in choices]
    return {"name": name, "type": "choice", "labels": words(name), "choices": labelled, **more}


def kind(name: str, *settings: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"kind": name, "labels": words(name), "summary": words(name), "settings": list(settings), **more}


def need(kind: str, **more: Any) -> dict[str, Any]:
    return {"rule": "needs_other_item_or_equipment", "kind": kind, **more}


def offered(caller: Account | None, *kinds: dict[str, Any], **more: Any) -> Catalog:
    group = {"group": "partners", "labels": words("Partners")}
    document = parse_catalog({"groups": [group], "kinds": [kind("plain"), *kinds], **more}, before=shipped())
    return Catalog.from_document(document, 1).for_account(caller)


def test_no_rule_tells_of_a_choice_that_is_hidden() -> None:
    tier = choice("tier", {"value": "gold"}, {"value": "secret", **SECRET})
    rules = [{"rule": "lead_time", "days": 5, "setting": "tier", "value": value} for value in ("gold", "secret")]
    support = kind("support", tier, rules=[*rules, need("plain", setting="tier", value="secret")])
    assert "secret" not in json.dumps(catalog_body(offered(account("bolt"), support)))
    assert "secret" not in json.dumps(catalog_body(offered(None, support)))
    assert json.dumps(catalog_body(offered(account("bolt", "partners"), support))).count('"secret"') >= 4


@pytest.mark.parametrize("hidden", [SECRET, {"retired": True}])
def test_what_needs_a_kind_that_is_hidden_or_retired_is_hidden_too(hidden: dict[str, Any]) -> None:
    kinds = (
        kind("secret", **hidden),
        kind("second", rules=[need("secret")]),
        kind("third", rules=[need("second")]),
        kind("mutual", rules=[need("other")]),
        kind("other", rules=[need("mutual")]),
        kind("chosen", choice("tier", {"value": "gold"}, {"value": "silver"}), rules=[need("third", **GOLD)]),
        kind("single", choice("tier", {"value": "gold"}), rules=[need("third", **GOLD)]),
    )
    catalog = offered(account("bolt"), *kinds)
    assert list(catalog.kinds) == ["plain", "mutual", "other", "chosen"]
    assert list(catalog.kinds["chosen"].settings["tier"].choices) == ["silver"]
    shown = json.dumps(catalog_body(catalog))
    assert not any(name in shown for name in ("secret", "second", "third", "gold"))
    (error,) = item_errors([{"kind": "second"}], catalog, account("bolt"), TODAY)
    assert (error.code, error.detail) == ("not_allowed", "The kind is one of plain, mutual, other, chosen.")
    of_partners = offered(account("bolt", "partners"), *kinds)
    assert len(of_partners.kinds) == (8 if hidden is SECRET else 4)


def test_a_setting_without_choices_is_neither_asked_for_nor_priced_by() -> None:
    tier = choice("tier", {"value": "gold", **SECRET}, required=False)
    limit = {"name": "mbps", "type": "step", "labels": words("Mbps"), "required": False}
    steps = {**limit, "choices": [{"value": 5, "retired": True}]}
    site = {"name": "site_id", "type": "site", "labels": words("Site")}
    rules = [{"rule": "above_current_bandwidth", "setting": "mbps"}]
    support = kind("support", site, tier, steps, priced_by="tier", rules=rules)
    catalog = offered(account("bolt"), support, show_prices=True)
    body = catalog_body(catalog)["item_kinds"][1]
    assert [each["name"] for each in body["settings"]] == ["site_id"]
    assert "priced_by" not in body
    assert prices_in_force(catalog, [], TODAY) == []
    item = {"kind": "support", "site_id": "store", "start_date": "2027-01-05"}
    assert item_errors([item], catalog, account("bolt"), TODAY) == []
    assert offered(account("bolt", "partners"), support).kinds["support"].priced_by == "tier"
