"""The catalog: what can be ordered, as a JSON document says it, and what is wrong with the items of an order.

The document that ships is `catalog.json`, version 0; one that an installation has published replaces it whole.
`catalog_document` says what a document may be. Here it is trusted, and read as far as an order needs it.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, ValidationError
from pydantic_core import CoreSchema, PydanticCustomError, SchemaValidator, core_schema

from online_orders.domain.accounts import Account
from online_orders.domain.catalog_rules import RULES, Fault, Judged, Parameters, date_in_past, multiple_of
from online_orders.domain.errors import FieldError
from online_orders.domain.field_errors import field_errors_of, pointer
from online_orders.domain.iso import MINOR_DIGITS
from online_orders.domain.languages import FALLBACK, LOCALES
from online_orders.domain.order_status import STATUS_LABELS
from online_orders.domain.values import IDENTIFIER, LINE, Day, Entity, day_of

SHIPPED = Path(__file__).parents[1] / "catalog.json"
MAX_ITEMS = 50
NAME = r"^[a-z][a-z0-9_]{0,39}$"
"""Of a kind, a setting or a group: lower case letters, digits and underscores."""
_NAME = re.compile(NAME)
SITE, QUANTITY, START = "site_id", "quantity", "start_date"
RESERVED = frozenset(
    {
        "kind", "item_id", "status", "start_date", "confirmed_start_date", "estimated_start", "start_passed", "site",
        "labels", "summary", "fulfilment",
    }
)  # fmt: skip
"""What an item of the API has besides its settings, and what its labels have."""

Words = Mapping[str, str]
"""A text by language."""


MAX_DOCUMENT_BYTES = 300 * 1024
"""Of a catalog's document as JSON."""


class Item(Entity):
    """An item as it was ordered. Its settings are those of its kind on the day, and lie flat in it."""

    model_config = ConfigDict(extra="allow")

    kind: str
    start_date: Day


def settings_of(item: Item) -> Mapping[str, Any]:
    """Return an item's settings by name, without kind and start date."""
    return item.model_extra or {}


def site_id_of(item: Item) -> str | None:
    """Return the id of the site that an item is for; None for what is for no site."""
    site_id: str | None = settings_of(item).get(SITE)
    return site_id


def quantity_of(item: Item) -> int:
    """Return how many are ordered; 1 of what has no quantity."""
    quantity: int = settings_of(item).get(QUANTITY, 1)
    return quantity


def text_in(words: Words, language: str) -> str:
    """Return a word in a language, or in English where the catalog does not have it in that."""
    return words.get(language) or words[FALLBACK]


class Choice:
    """A value that a setting can have."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.value: str | int = raw["value"]
        self.labels: Words = raw.get("labels", {})
        self.only_for: Mapping[str, Any] | None = raw.get("only_for")
        self.retired: bool = raw.get("retired", False)


class Setting:
    """What is to be said of an item of a kind: a site, a quantity, a choice, a step, or a line of text."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.name: str = raw["name"]
        self.type: str = raw["type"]
        self.labels: Words = raw["labels"]
        self.help: Words = raw.get("help", {})
        self.unit: Words = raw.get("unit", {})
        self.required: bool = raw.get("required", True)
        self.minimum: int = raw.get("minimum", 1)
        self.maximum: int | None = raw.get("maximum")
        self.step: int = raw.get("step", 1)
        self.default: int | None = raw.get("default")
        self.max_length: int | None = raw.get("max_length")
        self._choices: Sequence[Mapping[str, Any]] = raw.get("choices", ())

    @cached_property
    def choices(self) -> Mapping[str | int, Choice]:
        return {raw["value"]: Choice(raw) for raw in self._choices}

    def label_of(self, value: Any, language: str) -> str | None:
        """Return what a value is called, as "1 Gbps"; None where the value says it itself, as a text does.

        Of a quantity this is the unit.
        """
        if self.type == QUANTITY:
            return text_in(self.unit, language) if self.unit else None
        choice = self.choices.get(value) if isinstance(value, (str, int)) else None
        if choice is None:
            return None
        if choice.labels:
            return text_in(choice.labels, language)
        return f"{value} {text_in(self.unit, language)}" if self.unit else str(value)

    def labels_in(self, language: str) -> dict[Any, str]:
        """Return what the values are called, as far as they are called something; the unit of a quantity under None."""
        values = (None,) if self.type == QUANTITY else self.choices
        return {value: label for value in values if (label := self.label_of(value, language))}

    def core_schema(self) -> CoreSchema:
        """Return what is judged of the setting whoever orders; the rest is in `faults`."""
        match self.type:
            case "site":
                return core_schema.str_schema(pattern=IDENTIFIER)
            case "quantity":
                return core_schema.int_schema(strict=True, ge=self.minimum)
            case "step":
                return core_schema.int_schema(strict=True)
            case "choice":
                return core_schema.literal_schema(list(self.choices))
        line = core_schema.str_schema(pattern=LINE, max_length=self.max_length)
        return core_schema.no_info_after_validator_function(self._not_blank, line) if self.required else line

    @staticmethod
    def _not_blank(text: str) -> str:
        if not text.strip():
            raise PydanticCustomError("too_short", "the text is empty")
        return text

    def faults(self, item: Judged) -> Iterator[Fault]:
        """Yield what is wrong with a value that the schema accepts."""
        value = item.values.get(self.name)
        if value is None:
            return
        if self.type == "step" and value not in self.choices:
            yield Fault(self.name, "not_a_step", f"The catalog has no such {self._noun} step.")
        if self.maximum is not None and value > self.maximum:
            yield Fault(self.name, "too_large", f"One item has {self.maximum} at most.")
        if self.step > 1:
            yield from multiple_of(item, self.step)

    @property
    def _noun(self) -> str:
        return text_in(self.labels, FALLBACK).lower()

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the setting, without what the rules of its kind add."""
        title = self.name.replace("_", " ").title()
        match self.type:
            case "site":
                return {"pattern": IDENTIFIER, "title": title, "type": "string"}
            case "quantity":
                limits = {"maximum": self.maximum} if self.maximum is not None else {}
                steps = {"multipleOf": self.step} if self.step > 1 else {}
                default = {"default": self.default} if self.default is not None else {}
                return {**limits, "minimum": self.minimum, **steps, **default, "title": title, "type": "integer"}
            case "text":
                least = {"minLength": 1} if self.required else {}
                return {"maxLength": self.max_length, **least, "pattern": LINE, "title": title, "type": "string"}
        kind = "integer" if self.type == "step" else "string"
        return {"enum": list(self.choices), "title": title, "type": kind}

    def body(self) -> dict[str, Any]:
        """Return the setting as `GET /api/catalog` shows it."""
        shown: dict[str, Any] = {"name": self.name, "type": self.type, "labels": self.labels}
        shown |= {"help": self.help} if self.help else {}
        shown |= {"unit": self.unit} if self.unit else {}
        if self._choices:
            labels = {value: {each: self.label_of(value, each) for each in LOCALES} for value in self.choices}
            shown["choices"] = [{"value": value, "labels": each} for value, each in labels.items()]
        return shown


class Kind:
    """A kind of item: its settings, what it is called, and the rules that it follows."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        self.kind: str = raw["kind"]
        self.labels: Words = raw["labels"]
        self.help: Words = raw.get("help", {})
        self.summary: Words = raw["summary"]
        self.icon: str | None = raw.get("icon")
        self.rules: Sequence[Parameters] = raw.get("rules", ())
        self.priced_by: str | None = raw.get("priced_by")
        self.only_for: Mapping[str, Any] | None = raw.get("only_for")
        self.retired: bool = raw.get("retired", False)
        self._settings: Sequence[Mapping[str, Any]] = raw["settings"]
        self._words: dict[str, tuple[dict[str, str], dict[str, dict[Any, str]]]] = {}

    @cached_property
    def settings(self) -> Mapping[str, Setting]:
        return {raw["name"]: Setting(raw) for raw in self._settings}

    def label(self, language: str = FALLBACK) -> str:
        return text_in(self.labels, language)

    def has_rule(self, name: str) -> bool:
        return any(rule["rule"] == name for rule in self.rules)

    @property
    def is_upgrade(self) -> bool:
        """Return whether an item changes something of its site, so that an order can have only one for a site."""
        return self.has_rule("one_per_site")

    @property
    def is_delivered(self) -> bool:
        """Return whether an item goes to the site's address."""
        return self.has_rule("site_has_address")

    @cached_property
    def members(self) -> tuple[str, ...]:
        """Return the members of an item in the order in which they are shown and judged."""
        return ("kind", *self.settings, START)

    @cached_property
    def validator(self) -> SchemaValidator:
        fields = {
            "kind": core_schema.typed_dict_field(core_schema.literal_schema([self.kind])),
            **{
                name: core_schema.typed_dict_field(setting.core_schema(), required=setting.required)
                for name, setting in self.settings.items()
            },
            START: core_schema.typed_dict_field(_DAY),
        }
        return SchemaValidator(core_schema.typed_dict_schema(fields, extra_behavior="forbid"))

    def words(self, settings: Mapping[str, Any], language: str) -> dict[str, str]:
        """Return what an item is called: `kind`, `summary`, and each setting of which the value is no text itself."""
        if language not in self._words:
            own = {"kind": self.label(language), "summary": text_in(self.summary, language)}
            self._words[language] = own, {name: each.labels_in(language) for name, each in self.settings.items()}
        own, labels = self._words[language]
        found = dict(own)
        for name, value in settings.items():
            if (of_setting := labels.get(name)) and (label := of_setting.get(None if name == QUANTITY else value)):
                found[name] = label
        return found


_DAY = core_schema.no_info_before_validator_function(day_of, core_schema.date_schema())


_MAX_NARROWED = 64
"""Catalogs of accounts that a process keeps, of one catalog."""


class Catalog:
    """What can be ordered, at a version; 0 is the one that ships."""

    def __init__(self, document: Mapping[str, Any], version: int) -> None:
        self.document = document
        self.version = version
        self._narrowed: dict[tuple[str | None, frozenset[str]], Catalog] = {}

    @classmethod
    def from_document(cls, document: Mapping[str, Any], version: int) -> "Catalog":
        """Return the catalog of a document that was found valid."""
        return cls(document, version)

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        return {raw["kind"]: Kind(raw) for raw in self.document["kinds"]}

    @cached_property
    def groups(self) -> Mapping[str, Words]:
        """Return the groups that accounts can be in, with their labels."""
        return {raw["group"]: raw["labels"] for raw in self.document.get("groups", ())}

    @property
    def equipment(self) -> tuple[str, ...]:
        """Return the models that a site can have."""
        return tuple(self.document.get("equipment", ()))

    @property
    def show_prices(self) -> bool:
        return bool(self.document.get("show_prices", False))

    @cached_property
    def upgrades(self) -> frozenset[str]:
        """Return the kinds of which an order can have only one for a site."""
        return frozenset(name for name, kind in self.kinds.items() if kind.is_upgrade)

    def kind_of(self, raw_item: Mapping[str, Any]) -> Kind | None:
        """Return the kind that an item as sent names; None where there is none."""
        kind = raw_item.get("kind")
        return self.kinds.get(kind) if isinstance(kind, str) else None

    @cached_property
    def orderable(self) -> "Catalog":
        """Return the catalog without what is retired."""
        return self._without(lambda _only_for: True)

    def for_account(self, account: Account | None) -> "Catalog":
        """Return what an account may order: what is neither retired nor for others alone.

        None stands for a caller without an account.
        """
        if not self._limits:
            return self
        if account is None:
            return self._for_everybody
        groups = {group for each in self._limits for group in each.get("groups", ())}.intersection(account.groups)
        is_named = any(account.account_id in each.get("accounts", ()) for each in self._limits)
        key = (account.account_id if is_named else None, frozenset(groups))

        def may_order(only_for: Mapping[str, Any]) -> bool:
            return account.account_id in only_for.get("accounts", ()) or not groups.isdisjoint(
                only_for.get("groups", ())
            )

        if key not in self._narrowed:
            if len(self._narrowed) == _MAX_NARROWED:
                self._narrowed.clear()
            narrowed = self._without(may_order)
            narrowed.__dict__["_limits"] = ()  # it is the account's, and is narrowed no further
            self._narrowed[key] = narrowed
        return self._narrowed[key]

    @cached_property
    def _for_everybody(self) -> "Catalog":
        return self._without(lambda _only_for: False)

    @cached_property
    def _limits(self) -> tuple[Mapping[str, Any], ...]:
        """Return every `only_for` of the document; an empty one for what is retired."""
        parts = [
            part
            for kind in self.document["kinds"]
            for part in (kind, *(choice for setting in kind["settings"] for choice in setting.get("choices", ())))
        ]
        return tuple(part.get("only_for", {}) for part in parts if "only_for" in part or part.get("retired"))

    def _without(self, may_order: Callable[[Mapping[str, Any]], bool]) -> "Catalog":
        """Return the catalog without what is retired, and what is limited to others than who `may_order` it."""
        if not self._limits:
            return self

        def is_offered(part: Mapping[str, Any]) -> bool:
            return not part.get("retired") and ("only_for" not in part or may_order(part["only_for"]))

        kinds = []
        for kind in filter(is_offered, self.document["kinds"]):
            settings = [
                {**setting, "choices": list(filter(is_offered, setting["choices"]))}
                if "choices" in setting
                else setting
                for setting in kind["settings"]
            ]
            kinds.append({**kind, "settings": settings})
        return Catalog({**self.document, "kinds": _possible(kinds)}, self.version)


def _possible(kinds: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return kinds without what nobody could order: a kind of which a needed choice has come to nothing, and a kind or
    a choice that needs a kind that is gone. What only tells of something that is gone, goes along.
    """
    while True:
        names = {kind["kind"] for kind in kinds}
        possible = [found for kind in kinds if (found := _possible_kind(kind, names))]
        if len(possible) == len(kinds):
            return possible
        kinds = possible


def _possible_kind(kind: Mapping[str, Any], names: Collection[str]) -> Mapping[str, Any] | None:
    """Return a kind without what cannot be ordered beside the kinds of these `names`; None where it cannot itself."""
    needs = [rule for rule in kind.get("rules", ()) if rule.get("kind", kind["kind"]) not in names]
    if any("setting" not in rule for rule in needs):
        return None
    gone = {(rule["setting"], rule["value"]) for rule in needs}
    settings = [
        {**setting, "choices": [each for each in setting["choices"] if (setting["name"], each["value"]) not in gone]}
        if "choices" in setting
        else setting
        for setting in kind["settings"]
    ]
    # Of a choice that has come to nothing, an optional one is not asked for, and a needed one cannot be made.
    empty = [setting for setting in settings if "choices" in setting and not setting["choices"]]
    if any(setting.get("required", True) for setting in empty):
        return None
    settings = [setting for setting in settings if setting not in empty]
    offered = {(setting["name"], each["value"]) for setting in settings for each in setting.get("choices", ())}
    present = {setting["name"] for setting in settings}
    rules = [
        rule
        for rule in kind.get("rules", ())
        if "setting" not in rule
        or ((rule["setting"], rule["value"]) in offered if "value" in rule else rule["setting"] in present)
    ]
    found = {**kind, "settings": settings, "rules": rules}
    if kind.get("priced_by") not in present:
        found.pop("priced_by", None)
    return found


@cache
def shipped() -> Catalog:
    """Return the catalog that ships with the product, version 0."""
    return Catalog(json.loads(SHIPPED.read_text("utf-8")), 0)


# -- the items of an order ----------------------------------------------------------------------------------------


def item_errors(
    raw_items: Any, catalog: Catalog, account: Account | None = None, today: date | None = None
) -> list[FieldError]:
    """Return every error of every item, each pointing to or below `/items/N`; a valid item has none.

    Without an account, only the schema is checked.
    """
    if not isinstance(raw_items, list):
        return []
    catalog = catalog.for_account(account) if account else catalog.orderable
    order = [raw for raw in raw_items[:MAX_ITEMS] if isinstance(raw, Mapping)]
    found: list[FieldError] = []
    upgraded: dict[tuple[str, str], int] = {}
    for index, raw in enumerate(raw_items[:MAX_ITEMS]):
        if not isinstance(raw, Mapping):
            found.append(FieldError(pointer("items", index), "wrong_type", "An item is an object."))
            continue
        kind = catalog.kind_of(raw)
        if kind is None:
            code = "not_allowed" if "kind" in raw else "required"
            detail = f"The kind is one of {', '.join(catalog.kinds)}."
            found.append(FieldError(pointer("items", index, "kind"), code, detail))
            continue
        errors: list[FieldError] = []
        values: Mapping[str, Any]
        invalid: set[str] = set()
        try:
            values = kind.validator.validate_python(raw)
        except ValidationError as error:
            errors = field_errors_of(error, "items", index)
            places = [each["loc"] for each in error.errors(include_url=False, include_input=False)]
            if () in places:  # a member whose name is no text: nothing else of the item can be told
                found.extend(errors)
                continue
            invalid = {str(place[0]) for place in places}
            values = _valid_values(kind, raw, invalid)
        if account and today:
            raw_site = raw.get(SITE)
            site = account.sites_by_id.get(raw_site) if isinstance(raw_site, str) else None
            rule_errors = _rule_errors(kind, Judged(values, site, today, order, catalog), invalid, index)
            errors = _in_order_of_members([*errors, *rule_errors], kind)
        found.extend(errors or _duplicate_upgrade(raw, kind, index, upgraded))
    return found


def _valid_values(kind: Kind, raw: Mapping[str, Any], invalid: set[str]) -> dict[str, Any]:
    """Return the members of an item that the schema accepts, though it refuses others."""
    values = {name: raw[name] for name in kind.members if name in raw and name not in invalid}
    if START in values:
        values[START] = date.fromisoformat(values[START])
    return values


def _rule_errors(kind: Kind, item: Judged, invalid: Iterable[str], index: int) -> Iterator[FieldError]:
    """Yield the first fault of each valid member, by the settings and then by the rules of the kind."""
    seen = set(invalid)
    for fault in _faults(kind, item):
        if fault.member not in seen:
            seen.add(fault.member)
            yield FieldError(pointer("items", index, fault.member), fault.code, fault.detail)


def _faults(kind: Kind, item: Judged) -> Iterator[Fault]:
    if SITE in kind.settings:
        yield from RULES["needs_site"].check(item, {})
    for setting in kind.settings.values():
        yield from setting.faults(item)
    yield from date_in_past(item)
    for rule in kind.rules:
        yield from RULES[rule["rule"]].check(item, rule)


def _in_order_of_members(errors: list[FieldError], kind: Kind) -> list[FieldError]:
    """Return the errors in the order of the kind's members, then those of members that it does not have."""
    places = {name: place for place, name in enumerate(kind.members)}
    return sorted(errors, key=lambda error: places.get(error.pointer.rpartition("/")[2], len(places)))


def _duplicate_upgrade(
    valid_item: Mapping[str, Any], kind: Kind, index: int, upgraded: dict[tuple[str, str], int]
) -> Iterator[FieldError]:
    """Yield an error where an earlier valid item upgrades the same site in the same way, whatever its other settings.

    An invalid item is no reason to refuse another.
    """
    site_id = valid_item.get(SITE)
    if not kind.is_upgrade or site_id is None:
        return
    earlier = upgraded.setdefault((kind.kind, site_id), index)
    if earlier != index:
        detail = f"Item {earlier + 1} of this order asks for the same site's {kind.label()} already."
        yield FieldError(pointer("items", index, SITE), "duplicate_upgrade", detail)


def kinds_named(raw_items: Any) -> tuple[str, ...]:
    """Return what the items of a body name as their kinds, each once, whether or not there are such kinds."""
    items = raw_items[:MAX_ITEMS] if isinstance(raw_items, list) else ()
    names = (raw.get("kind") for raw in items if isinstance(raw, Mapping))
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str) and _NAME.fullmatch(name)))


def normalized_items(raw_items: Iterable[Mapping[str, Any]], catalog: Catalog) -> list[Mapping[str, Any]]:
    """Return valid items as they are kept: texts without white space around them, and no blank ones."""
    return [_normalized(raw, catalog) for raw in raw_items]


def _normalized(raw: Mapping[str, Any], catalog: Catalog) -> Mapping[str, Any]:
    kind = catalog.kind_of(raw)
    texts = [name for name, setting in kind.settings.items() if setting.type == "text"] if kind else ()
    stripped = {name: raw[name].strip() for name in texts if name in raw}
    if not stripped:
        return raw
    return {name: stripped.get(name, value) for name, value in raw.items() if stripped.get(name, value) != ""}


# -- the words of items -------------------------------------------------------------------------------------------


def words_of(items: Iterable[Item], catalog: Catalog) -> dict[str, dict[str, str]]:
    """Return what items are called at present, by language and by key: what an order keeps.

    Keys are `kind.{kind}`, `summary.{kind}`, `{kind}.{setting}.{value}` and `{kind}.quantity.unit`.
    """
    found: dict[str, dict[str, str]] = {language: {} for language in LOCALES}
    for item in items:
        kind = catalog.kinds.get(item.kind)
        if kind is None:
            continue
        keys = word_keys(item)
        for language, words in found.items():
            words.update({keys[name][0]: word for name, word in kind.words(settings_of(item), language).items()})
    return {language: dict(sorted(words.items())) for language, words in found.items()}


def word_keys(item: Item) -> dict[str, tuple[str, ...]]:
    """Return under which keys an order may have the words for kind, summary and settings, the present one first.

    Orders of earlier releases have those of settings under `{setting}.{value}`.
    """
    kind = item.kind
    return {
        "kind": (f"kind.{kind}",),
        "summary": (f"summary.{kind}",),
        **{
            name: (f"{kind}.quantity.unit",) if name == QUANTITY else (f"{kind}.{name}.{value}", f"{name}.{value}")
            for name, value in settings_of(item).items()
            if name != SITE
        },
    }


def words_among(kept: Words, keys: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return the words for an item among those that an order has in a language, with their names instead of keys."""
    found = {}
    for name, of_name in keys.items():
        for key in of_name:
            if key in kept:
                found[name] = kept[key]
                break
    return found


def shipped_words(item: Item, language: str) -> dict[str, str]:
    """Return what the document that ships calls an item and its settings; nothing for a kind that it lacks."""
    kind = shipped().kinds.get(item.kind)
    return kind.words(settings_of(item), language) if kind else {}


# -- what clients are told ----------------------------------------------------------------------------------------


def schema_of(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema of an item of this kind, as a client sends it."""
    properties: dict[str, dict[str, Any]] = {
        "kind": {"const": kind.kind, "title": "Kind", "type": "string"},
        **{name: setting.json_schema() for name, setting in kind.settings.items()},
        START: {"format": "date", "title": "Start Date", "type": "string"},
    }
    for rule in kind.rules:
        for member, hints in RULES[rule["rule"]].hints(rule).items():
            if member in properties:
                properties[member] = _with_hints(properties[member], hints)
    help_text = {"description": text_in(kind.help, FALLBACK)} if kind.help else {}
    optional = {name for name, setting in kind.settings.items() if not setting.required}
    return {
        "additionalProperties": False,
        **help_text,
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "title": "".join(part.capitalize() for part in re.split("_+", kind.kind)),
        "type": "object",
    }


def _with_hints(schema: dict[str, Any], hints: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with the hints of one more rule, beside those of the same name that it has."""
    merged = dict(schema)
    for name, hint in hints.items():
        present = merged.get(name)
        if isinstance(present, dict) and isinstance(hint, dict):
            merged[name] = {**present, **hint}
        elif name == "x-needs" and present is not None:
            needs = {*([present] if isinstance(present, str) else present), hint}
            needs -= {"license"} if "license_to_begin" in needs else set()
            merged[name] = sorted(needs) if len(needs) > 1 else next(iter(needs))
        else:
            merged[name] = hint
    return merged


def catalog_body(catalog: Catalog) -> dict[str, Any]:
    """Return the body of `GET /api/catalog`: what of this catalog can be ordered."""
    kinds = catalog.orderable.kinds.values()

    def choices_of(name: str) -> dict[Any, str]:
        """Return the values of the settings of this name with their English labels, each once."""
        settings = [kind.settings[name] for kind in kinds if name in kind.settings]
        return {value: setting.label_of(value, FALLBACK) or "" for setting in settings for value in setting.choices}

    steps = [value for value in choices_of("bandwidth_mbps") if isinstance(value, int)]
    return {
        "version": catalog.version,
        "item_kinds": [_kind_body(kind) for kind in kinds],
        "bandwidth_steps": sorted(steps),
        "regions": [{"region": region, "label": label} for region, label in choices_of("region").items()],
        "socket_models": list(choices_of("model")),
        "accessory_types": list(choices_of("accessory_type")),
        "limits": {
            kind.kind: kind.settings[QUANTITY].maximum
            for kind in kinds
            if QUANTITY in kind.settings and kind.settings[QUANTITY].maximum is not None
        },
        "currencies": [
            {"currency": currency, "minor_digits": digits} for currency, digits in sorted(MINOR_DIGITS.items())
        ],
        "statuses": [{"status": status.value, "label": label} for status, label in STATUS_LABELS.items()],
    }


def _kind_body(kind: Kind) -> dict[str, Any]:
    return {
        "kind": kind.kind,
        "label": kind.label(),
        "schema": schema_of(kind),
        "labels": kind.labels,
        **({"help": kind.help} if kind.help else {}),
        **({"icon": kind.icon} if kind.icon else {}),
        "summary": kind.summary,
        "settings": [setting.body() for setting in kind.settings.values()],
        **({"priced_by": kind.priced_by} if kind.priced_by else {}),
    }
