"""What a catalog document may be: every fault of one, all at once, and what any sound one leads to."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from itertools import product
from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from online_orders.domain.catalog import (
    MAX_DOCUMENT_BYTES,
    MAX_ITEMS,
    Catalog,
    Item,
    catalog_body,
    item_errors,
    schema_of,
    shipped,
    words_of,
)
from online_orders.domain.catalog_document import changes, document_schema, parse_catalog, uses_of
from online_orders.domain.catalog_rules import RULES
from online_orders.domain.errors import FieldError, Invalid
from online_orders.domain.languages import LOCALES
from tests.domain.builders import TODAY, Json, account_of, item_of, property_of
from tests.domain.test_catalog_rules import GROUPS, HOST, SEATS, SITE, TERM, TIER, both, kind_of
from tests.shipped_catalog import CATALOG

ACME = account_of()


def document_of(*kinds: Json, **more: Any) -> Json:
    return {"kinds": list(kinds), **more}


def faults(body: Any, **more: Any) -> list[tuple[str, str]]:
    errors: tuple[FieldError, ...] = ()
    try:
        parse_catalog(body, before=CATALOG, **more)
    except Invalid as refusal:
        errors = refusal.errors
    assert all(error.detail.endswith(".") for error in errors)
    return [(error.pointer, error.code) for error in errors]


def needs(**what: Any) -> Json:
    return {"rule": "needs_other_item_or_equipment", **what}


FULL = kind_of("support", SITE, TIER, TERM, SEATS, HOST)


def full(*rules: Json, **more: Any) -> Json:
    return document_of({**deepcopy(FULL), "rules": list(rules), **more}, kind_of("other"))


def with_setting(setting: Json, **changes: Any) -> Json:
    return document_of(kind_of("support", {**setting, **changes}))


def with_choice(setting: Json, **changes: Any) -> Json:
    first, *rest = setting["choices"]
    return with_setting(setting, choices=[{**first, **changes}, *rest])


def test_the_document_that_ships_is_sound_and_written_without_defaults() -> None:
    assert parse_catalog(dict(CATALOG.document), before=CATALOG) == CATALOG.document
    assert set(CATALOG.document["kinds"][0]["labels"]) == set(LOCALES)
    assert shipped().version == 0


def test_what_is_read_only_is_ignored_and_defaults_are_left_out() -> None:
    sent = {**document_of(kind_of("support", {**SEATS, "step": 1, "required": True})), "version": 7, "updated_by": None}
    kept = parse_catalog({**sent, "updated_at": "now"}, before=CATALOG)
    assert set(kept) == {"equipment", "groups", "show_prices", "kinds"}
    assert "step" not in kept["kinds"][0]["settings"][0]
    assert "required" not in kept["kinds"][0]["settings"][0]
    assert parse_catalog(kept, before=CATALOG) == kept


SOUND: list[Json] = [
    full({"rule": "above_current_bandwidth", "setting": "term_months"}, priced_by="tier"),
    full({"rule": "needs_site"}, {"rule": "site_has_license"}, {"rule": "license_starts_later"}),
    full(needs(model="X1700"), needs(kind="other", setting="term_months", value=36)),
    full({"rule": "lead_time", "days": 10, "setting": "tier", "value": "gold"}, priced_by="term_months"),
    full({"rule": "start_date_window", "earliest_days": 5, "latest_days": 5}, {"rule": "quantity_step", "step": 50}),
    full(summary=both("{quantity} {tier} {term_months} {host} {site}")),
    document_of(
        kind_of("support", only_for={"groups": ["partners"]}), groups=GROUPS, show_prices=True, equipment=["A"]
    ),
]


@pytest.mark.parametrize("body", SOUND)
def test_a_sound_document_has_no_fault_and_fits_its_schema(body: Json) -> None:
    assert faults(body) == []
    Draft202012Validator(document_schema()).validate(body)
    Draft202012Validator(document_schema()).validate(parse_catalog(body, before=CATALOG))


@pytest.mark.parametrize("member", ["labels", "help", "summary"])
def test_no_word_turns_the_direction_of_its_text(member: str) -> None:
    body = full(**{member: {**both("One"), "de": "Eins\u202e"}})
    assert faults(body) == [(f"/kinds/0/{member}/de", "malformed")]


ODD: list[Any] = [[], {}, None, True, 7, 1.5, "", "x" * 99, [{}], {"a": []}]
MEMBERS = ("rule", "setting", "value", "kind", "model", "days", "step", "latest_days")


@pytest.mark.parametrize("rule", [*RULES, 0])
def test_a_rule_with_odd_members_is_refused_where_it_is_odd(rule: Any) -> None:
    for member, odd in product(MEMBERS, ODD):
        body = full({"rule": rule, "setting": "tier", "value": "gold", "days": 1, "step": 2, member: odd})
        pointers = {pointer for pointer, _ in faults(body)}
        assert pointers
        assert pointers <= {f"/kinds/0/rules/0/{each}" for each in MEMBERS}, (member, odd)


@pytest.mark.parametrize("member", ["labels", "summary", "rules", "only_for", "priced_by", "help", "icon", "retired"])
def test_a_kind_with_odd_members_is_refused_there(member: str) -> None:
    for odd in ODD:
        pointers = {pointer for pointer, _ in faults(document_of({**FULL, member: odd}, kind_of("other")))}
        assert all(pointer.startswith(f"/kinds/0/{member}") for pointer in pointers), odd


@pytest.mark.parametrize("odd", [True, 36.0, "no value", 1.5, [], {"a": 1}])
def test_a_rule_is_limited_to_a_text_or_a_whole_number(odd: Any) -> None:
    body = full({"rule": "lead_time", "days": 1, "setting": "term_months", "value": odd})
    assert ("/kinds/0/rules/0/value", "wrong_type") in faults(body)


def test_faults_of_hostile_documents_are_told_within_seconds() -> None:
    steps = {**TERM, "choices": [{"value": number} for number in range(6_000)]}
    rules = [{"rule": "lead_time", "setting": "term_months", "value": -1}] * 4_000
    texts = [{"name": f"s{number:>08}", "type": "text"} for number in range(3_000)]
    before = process_time()
    assert ("/kinds/0/rules", "too_many") in faults(document_of(kind_of("support", steps, rules=rules)))
    summary = {f"l{number}": "{x}" for number in range(9_000)}
    assert ("/kinds/0/summary/l0", "unknown_field") in faults(document_of(kind_of("s", *texts, summary=summary)))
    assert process_time() - before < 5


FAULTS: list[tuple[Any, list[tuple[str, str]]]] = [
    ([], [("", "wrong_type")]),
    ({}, [("/kinds", "required")]),
    (document_of(), [("/kinds", "too_few")]),
    (document_of(*(kind_of(f"k{number}") for number in range(51))), [("/kinds", "too_many")]),
    (document_of(kind_of(), color="red"), [("/color", "unknown_field")]),
    (document_of(kind_of("Bad")), [("/kinds/0/kind", "malformed")]),
    (document_of(kind_of("x" * 41)), [("/kinds/0/kind", "malformed")]),
    (document_of(kind_of(), kind_of()), [("/kinds/1/kind", "duplicate_id")]),
    (document_of(kind_of(labels={"en": "Support"})), [("/kinds/0/labels/de", "missing_label")]),
    (document_of(kind_of(labels={**both("x"), "xx": "x"})), [("/kinds/0/labels/xx", "unknown_field")]),
    (document_of(kind_of(labels=both(" "))), [("/kinds/0/labels/en", "too_short")]),
    (document_of(kind_of(labels=both("two\nlines"))), [(f"/kinds/0/labels/{each}", "malformed") for each in LOCALES]),
    (document_of(kind_of(help={"de": "x"})), [("/kinds/0/help/en", "missing_label")]),
    (document_of(kind_of(icon="no picture")), [("/kinds/0/icon", "malformed")]),
    (document_of(kind_of(summary={"en": "{tier}", "de": "x"})), [("/kinds/0/summary/en", "unknown_placeholder")]),
    (document_of(kind_of(summary={"en": "x", "de": "{site}"})), [("/kinds/0/summary/de", "unknown_placeholder")]),
    (full(summary={"en": "{site_id}", "de": "{"}), [
        ("/kinds/0/summary/en", "unknown_placeholder"), ("/kinds/0/summary/de", "unknown_placeholder"),
    ]),
    (document_of(kind_of("support", *[SITE] * 13)), [
        ("/kinds/0/settings", "too_many"),
        *((f"/kinds/0/settings/{number}/name", "duplicate_id") for number in range(1, 13)),
    ]),
    (document_of(kind_of("support", TIER, {**TERM, "name": "tier"})), [("/kinds/0/settings/1/name", "duplicate_id")]),
    *(
        (with_setting(TIER, name=name), [("/kinds/0/settings/0/name", "reserved_name")])
        for name in ("kind", "start_date", "status", "site_id", "quantity", "fulfilment", "labels", "summary")
    ),
    (with_setting(SITE, name="place"), [("/kinds/0/settings/0/name", "not_allowed")]),
    (with_setting(SEATS, name="seats"), [("/kinds/0/settings/0/name", "not_allowed")]),
    (with_setting(TIER, type="color"), [("/kinds/0/settings/0/type", "not_allowed")]),
    (document_of(kind_of("support", {"name": "x"})), [("/kinds/0/settings/0/type", "required")]),
    (with_setting(TIER, choices=[]), [("/kinds/0/settings/0/choices", "too_few")]),
    (with_setting(TERM, choices=[{"value": number} for number in range(201)]), [
        ("/kinds/0/settings/0/choices", "too_many")
    ]),
    (with_choice(TIER, value="a b"), [("/kinds/0/settings/0/choices/0/value", "malformed")]),
    (with_choice(TIER, value="silver"), [("/kinds/0/settings/0/choices/1/value", "duplicate_id")]),
    (with_choice(TIER, labels=None), [("/kinds/0/settings/0/choices/0/labels", "wrong_type")]),
    (with_choice(TIER, labels={"en": "Gold"}), [("/kinds/0/settings/0/choices/0/labels/de", "missing_label")]),
    (with_choice(TIER, retired="no"), [("/kinds/0/settings/0/choices/0/retired", "wrong_type")]),
    (with_choice(TIER, only_for={"groups": ["nobody"]}), [
        ("/kinds/0/settings/0/choices/0/only_for/groups/0", "unknown_group")
    ]),
    (with_choice(TERM, value="12"), [("/kinds/0/settings/0/choices/0/value", "wrong_type")]),
    (with_choice(TERM, value=36), [("/kinds/0/settings/0/choices/1/value", "duplicate_id")]),
    (with_setting(TERM, unit={"en": "x"}), [("/kinds/0/settings/0/unit/de", "missing_label")]),
    (with_setting(HOST, max_length=201), [("/kinds/0/settings/0/max_length", "too_large")]),
    (with_setting(SEATS, minimum=101), [
        ("/kinds/0/settings/0/minimum", "contradiction"), ("/kinds/0/settings/0/default", "default_outside"),
    ]),
    (with_setting(SEATS, minimum=11, maximum=14, default=None), [("/kinds/0/settings/0/step", "contradiction")]),
    *(
        (with_setting(SEATS, default=default), [("/kinds/0/settings/0/default", "default_outside")])
        for default in (5, 12, 105)
    ),
    (with_setting(SEATS, default="20"), [("/kinds/0/settings/0/default", "wrong_type")]),
    (document_of(kind_of(only_for={})), [("/kinds/0/only_for", "too_few")]),
    (document_of(kind_of(only_for={"groups": ["nobody"]})), [("/kinds/0/only_for/groups/0", "unknown_group")]),
    (document_of(kind_of(only_for={"accounts": ["a b"]})), [("/kinds/0/only_for/accounts/0", "malformed")]),
    (document_of(kind_of(), groups=[*GROUPS, GROUPS[0]]), [("/groups/2/group", "duplicate_id")]),
    (document_of(kind_of(), groups=[{"group": "x", "labels": {"de": "x"}}]), [
        ("/groups/0/labels/en", "missing_label")
    ]),
    (document_of(kind_of(), equipment=["X1", "X1"]), [("/equipment/1", "duplicate_id")]),
    (document_of(kind_of(), show_prices="yes"), [("/show_prices", "wrong_type")]),
    (full(priced_by="color"), [("/kinds/0/priced_by", "unknown_setting")]),
    (full(priced_by="host"), [("/kinds/0/priced_by", "wrong_setting_type")]),
    (full({"rule": "site_has_roof"}), [("/kinds/0/rules/0/rule", "unknown_rule")]),
    (full({}), [("/kinds/0/rules/0/rule", "required")]),
    (full({"rule": "needs_site", "site": "office"}), [("/kinds/0/rules/0/site", "unknown_field")]),
    *(
        (document_of(kind_of("support", rules=[{"rule": rule}])), [("/kinds/0/rules/0/rule", "unknown_setting")])
        for rule in ("needs_site", "site_has_license", "license_starts_later", "site_has_address", "one_per_site")
    ),
    (full({"rule": "above_current_bandwidth"}), [("/kinds/0/rules/0/setting", "required")]),
    (full({"rule": "above_current_bandwidth", "setting": "mbps"}), [("/kinds/0/rules/0/setting", "unknown_setting")]),
    (full({"rule": "above_current_bandwidth", "setting": "tier"}), [
        ("/kinds/0/rules/0/setting", "wrong_setting_type")
    ]),
    (full(needs()), [("/kinds/0/rules/0/model", "required")]),
    (full(needs(model="X1", kind="other")), [("/kinds/0/rules/0/kind", "contradiction")]),
    (full(needs(kind="support")), [("/kinds/0/rules/0/kind", "contradiction")]),
    (full(needs(kind="nothing")), [("/kinds/0/rules/0/kind", "unknown_kind")]),
    (document_of(kind_of(rules=[needs(model="X1")])), [("/kinds/0/rules/0/model", "unknown_setting")]),
    (full(needs(model="X1", setting="tier")), [("/kinds/0/rules/0/value", "required")]),
    (full(needs(model="X1", value="gold")), [("/kinds/0/rules/0/setting", "required")]),
    (full(needs(model="X1", setting="color", value="red")), [("/kinds/0/rules/0/setting", "unknown_setting")]),
    (full(needs(model="X1", setting="host", value="db")), [("/kinds/0/rules/0/setting", "wrong_setting_type")]),
    (full(needs(model="X1", setting="tier", value="bronze")), [("/kinds/0/rules/0/value", "unknown_value")]),
    (full({"rule": "lead_time"}), [("/kinds/0/rules/0/days", "required")]),
    (full({"rule": "lead_time", "days": 0}), [("/kinds/0/rules/0/days", "too_small")]),
    (full({"rule": "lead_time", "days": 9, "setting": "term_months", "value": 24}), [
        ("/kinds/0/rules/0/value", "unknown_value")
    ]),
    (full({"rule": "start_date_window", "latest_years": 1}, {"rule": "lead_time", "days": 366}), [
        ("/kinds/0/rules/1/days", "contradiction")
    ]),
    (full({"rule": "start_date_window", "latest_years": 1, "latest_days": 9}), [
        ("/kinds/0/rules/0/latest_days", "contradiction")
    ]),
    (full({"rule": "start_date_window", "latest_years": 11}), [("/kinds/0/rules/0/latest_years", "too_large")]),
    (full({"rule": "start_date_window", "earliest_days": 9, "latest_days": 8}), [
        ("/kinds/0/rules/0/earliest_days", "contradiction")
    ]),
    (full({"rule": "quantity_step", "step": 1}), [("/kinds/0/rules/0/step", "too_small")]),
    (full({"rule": "quantity_step", "step": 101}), [("/kinds/0/rules/0/step", "contradiction")]),
    (document_of(kind_of(rules=[{"rule": "quantity_step", "step": 2}])), [
        ("/kinds/0/rules/0/rule", "unknown_setting")
    ]),
    (document_of(kind_of(help=both("x" * 500)), equipment=["x"] * 30_000), [("/equipment", "too_many")]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), FAULTS)
def test_a_fault_of_a_document_is_told_at_its_place(body: Any, expected: list[tuple[str, str]]) -> None:
    found = faults(body)
    if len(expected) == 1 or not found:
        assert found[:1] == expected
    else:
        assert sorted(found) == sorted(expected)


def test_all_faults_of_a_document_are_told_at_once() -> None:
    body = document_of(
        kind_of("Bad", {**TIER, "choices": [{"value": "gold", "labels": {"en": "x"}}]}, summary=both("{color}")),
        kind_of("support", rules=[{"rule": "nothing"}, {"rule": "site_has_address"}], only_for={"groups": ["x"]}),
        equipment="none",
    )
    assert sorted(faults(body)) == [
        ("/equipment", "wrong_type"),
        ("/kinds/0/kind", "malformed"),
        ("/kinds/0/settings/0/choices/0/labels/de", "missing_label"),
        ("/kinds/0/summary/de", "unknown_placeholder"),
        ("/kinds/0/summary/en", "unknown_placeholder"),
        ("/kinds/1/only_for/groups/0", "unknown_group"),
        ("/kinds/1/rules/0/rule", "unknown_rule"),
        ("/kinds/1/rules/1/rule", "unknown_setting"),
    ]


def test_a_document_has_a_limit_as_a_whole() -> None:
    choices = [{"value": f"v{number}", "labels": both("x" * 90)} for number in range(200)]
    kinds = [kind_of(f"k{number}", {**TIER, "choices": choices}) for number in range(8)]
    assert len(json.dumps(kinds)) > MAX_DOCUMENT_BYTES
    assert faults(document_of(*kinds)) == [("", "too_large")]
    assert faults(document_of(*kinds[:5])) == []


# What is in use.


def test_what_open_orders_have_may_be_retired_and_not_removed() -> None:
    before = Catalog.from_document(parse_catalog(full(), before=CATALOG), 1)
    ordered = {"kind": "support", "site_id": "store", "tier": "gold", "term_months": 36, "quantity": 20, "host": "db-1"}
    uses = uses_of(
        [Item.model_validate({**ordered, "start_date": "2027-01-05"}), Item.model_validate(item_of("socket"))]
    )
    assert uses == {
        ("support", None, None),
        ("support", "tier", "gold"),
        ("support", "term_months", 36),
        ("support", "host", "db-1"),
        ("socket", None, None),
        ("socket", "model", "X1500"),
    }
    of_support = {use for use in uses if use[0] == "support"}

    def found(body: Json, used: Any = of_support) -> list[tuple[str, str]]:
        try:
            parse_catalog(body, before=before, in_use=used)
        except Invalid as refusal:
            return [(error.pointer, error.code) for error in refusal.errors]
        return []

    assert found(full()) == []
    assert found(full(), uses) == [("/kinds", "in_use")]
    assert found(document_of(kind_of("other"))) == [("/kinds", "in_use")]
    without_setting = document_of(kind_of("support", SITE, TIER, SEATS))
    assert found(without_setting) == [("/kinds/0/settings", "in_use")]
    without_gold = full()
    del without_gold["kinds"][0]["settings"][1]["choices"][0]
    assert found(without_gold) == [("/kinds/0/settings/1/choices", "in_use")]
    retired = full(retired=True)
    retired["kinds"][0]["settings"][1]["choices"][0]["retired"] = True
    assert found(retired) == []


def test_a_group_that_accounts_are_in_stays() -> None:
    body = document_of(kind_of(), groups=GROUPS)
    assert faults(body, groups_in_use={"partners"}) == []
    assert faults(document_of(kind_of()), groups_in_use={"partners"}) == [("/groups", "in_use")]


def test_what_changed_is_told_value_by_value() -> None:
    after = deepcopy(dict(CATALOG.document))
    after["kinds"][3]["settings"][0]["maximum"] = 512
    assert [each.model_dump() for each in changes(CATALOG.document, after)] == [
        {"pointer": "/kinds/3/settings/0/maximum", "was": 256, "is": 512}
    ]


def test_the_schema_of_a_document_describes_each_rule_and_setting() -> None:
    schema = document_schema()
    Draft202012Validator.check_schema(schema)
    rules = schema["$defs"]["DocumentKind"]["properties"]["rules"]["items"]["discriminator"]["mapping"]
    settings = schema["$defs"]["DocumentKind"]["properties"]["settings"]["items"]["discriminator"]["mapping"]
    for reference in (*rules.values(), *settings.values()):
        assert schema["$defs"][reference.rpartition("/")[2]]["description"]
    assert schema["$defs"]["Labels"]["required"] == list(LOCALES)


# Whatever a document says.

_names = st.sampled_from(["tier", "term_months", "host", "model", "region", "color"])
_choice: st.SearchStrategy[Json] = st.fixed_dictionaries(
    {"value": st.sampled_from(["gold", "silver", "X1700", "europe"]), "labels": st.just(both("x"))},
    optional={"retired": st.booleans()},
)
_choices = st.lists(
    _choice,
    min_size=1,
    max_size=4,
    unique_by=lambda choice: choice["value"],
)
_steps = st.lists(
    st.fixed_dictionaries({"value": st.integers(0, 50)}, optional={"retired": st.booleans()}),
    min_size=1,
    max_size=5,
    unique_by=lambda choice: choice["value"],
)
_optional = {"required": st.booleans()}


def _setting(type_: str, optional: dict[str, Any] | None = None, **members: Any) -> st.SearchStrategy[Json]:
    return st.fixed_dictionaries(
        {"type": st.just(type_), "labels": st.just(both("x")), **members}, optional={**_optional, **(optional or {})}
    )


_settings = st.lists(
    st.one_of(
        _setting("site", name=st.just("site_id")),
        _setting(
            "quantity",
            {"minimum": st.integers(1, 10), "step": st.integers(1, 6), "default": st.integers(1, 30)},
            name=st.just("quantity"),
            maximum=st.integers(5, 60),
        ),
        _setting("choice", name=_names, choices=_choices),
        _setting("step", {"unit": st.just(both("x"))}, name=_names, choices=_steps),
        _setting("text", name=_names, max_length=st.integers(1, 8)),
    ),
    max_size=5,
    unique_by=lambda setting: setting["name"],
)
_days = st.integers(1, 40)
_condition = {"setting": _names, "value": st.sampled_from(["gold", "X1700"]) | st.integers(0, 50)}
_rules = st.lists(
    st.one_of(
        st.sampled_from(
            ["needs_site", "site_has_license", "license_starts_later", "site_has_address", "one_per_site"]
        ).map(lambda rule: {"rule": rule}),
        st.fixed_dictionaries({"rule": st.just("above_current_bandwidth"), "setting": _names}),
        st.fixed_dictionaries(
            {"rule": st.just("needs_other_item_or_equipment")},
            optional={"model": st.just("X1700"), "kind": st.sampled_from(["support", "other"]), **_condition},
        ),
        st.fixed_dictionaries(
            {"rule": st.just("start_date_window")},
            optional={"earliest_days": _days, "latest_days": _days, "latest_years": st.integers(1, 2)},
        ),
        st.fixed_dictionaries({"rule": st.just("lead_time"), "days": _days}, optional=_condition),
        st.fixed_dictionaries({"rule": st.just("quantity_step"), "step": st.integers(2, 12)}),
    ),
    max_size=4,
)
_kinds = st.builds(
    lambda settings, rules, more: kind_of("support", *settings, rules=rules, **more),
    _settings,
    _rules,
    st.fixed_dictionaries({}, optional={"priced_by": _names, "retired": st.booleans()}),
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 60) | st.text(max_size=9) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)
_values = st.sampled_from(["office", "lab", "gold", "X1700", "2026-11-25", "2027-01-05"]) | _json
_items = st.dictionaries(
    st.sampled_from(["site_id", "quantity", "tier", "term_months", "host", "model", "region", "color", "start_date"]),
    _values,
    max_size=8,
).map(lambda settings: {"kind": "support", "start_date": "2026-12-01", **settings})


@st.composite
def _fitting(draw: st.DrawFn, kind: Json) -> Json:
    """An item of the kind that may well be sound."""
    found: Json = {"kind": "support", "start_date": draw(st.sampled_from(["2026-11-22", "2026-12-05", "2027-06-01"]))}
    values: dict[str, Callable[[Json], st.SearchStrategy[Any]]] = {
        "site": lambda _: st.sampled_from(["office", "branch", "store", "lab"]),
        "quantity": lambda setting: st.integers(1, setting["maximum"]),
        "choice": lambda setting: st.sampled_from([choice["value"] for choice in setting["choices"]]),
        "step": lambda setting: st.sampled_from([choice["value"] for choice in setting["choices"]]),
        "text": lambda setting: st.text("ab ", max_size=setting["max_length"]),
    }
    for setting in kind["settings"]:
        if setting.get("required", True) or draw(st.booleans()):
            found[setting["name"]] = draw(values[setting["type"]](setting))
    return found


def catalog_or_none(*kinds: Json) -> Catalog | None:
    try:
        return Catalog.from_document(parse_catalog(document_of(*kinds, kind_of("other")), before=CATALOG), 1)
    except Invalid:
        return None


@property_of
@given(st.data())
def test_the_schemas_of_any_sound_document_accept_what_is_found_sound(data: st.DataObject) -> None:
    kind = data.draw(_kinds)
    catalog = catalog_or_none(kind)
    if catalog is None:
        return
    seen = catalog.for_account(ACME)
    body = json.loads(json.dumps(catalog_body(catalog)))
    schemas = {each["kind"]: Draft202012Validator(each["schema"]) for each in body["item_kinds"]}
    assert list(schemas) == list(seen.kinds)
    for item in data.draw(st.lists(_fitting(kind) | _items, min_size=1, max_size=4)):
        found = item_errors([item], catalog, ACME, TODAY)
        assert all(error.pointer.startswith("/items/0") and error.detail.endswith(".") for error in found)
        if found:
            continue
        assert schemas["support"].is_valid(item), item
        assert item_errors([item], catalog) == []
        ordered = Item.model_validate(item)
        assert all("kind.support" in words for words in words_of([ordered], catalog).values())


@property_of
@given(_kinds, st.lists(_json | _items, max_size=MAX_ITEMS // 10) | _json)
def test_whatever_is_sent_is_judged_by_any_sound_document(kind: Json, items: Any) -> None:
    catalog = catalog_or_none(kind)
    if catalog is not None:
        for error in item_errors(items, catalog, ACME, TODAY):
            assert error.pointer.startswith("/items/")
        schema_of(catalog.kinds["support"])


@property_of
@given(
    st.recursive(
        _json | _kinds,
        lambda inner: st.dictionaries(
            st.sampled_from(["kinds", "kind", "groups", "settings", "rules", "rule", "type", "choices", "summary"]),
            inner | st.lists(inner, max_size=3),
            max_size=5,
        ),
        max_leaves=8,
    )
)
def test_whatever_comes_as_a_document_is_judged_and_never_breaks(body: Any) -> None:
    for pointer, code in faults(body):
        assert pointer == "" or pointer.startswith("/")
        assert code


GUIDE = (Path(__file__).parents[2] / "docs" / "catalog.md").read_text("utf-8")


def test_the_example_of_the_guide_is_sound() -> None:
    (example,) = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    assert faults(json.loads(example)) == []
