"""What a catalog document may be: its models, every fault of one at once, and its JSON Schema.

`catalog` reads a document that was found valid here. Nothing of this is needed to place or to read an order, so only
the desk's routes and the tools import it.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import lcm
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeGuard

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from online_orders.domain.audit import AuditChange, changes_between
from online_orders.domain.catalog import MAX_DOCUMENT_BYTES, NAME, QUANTITY, RESERVED, SITE, Catalog, Item, settings_of
from online_orders.domain.catalog_rules import RULES
from online_orders.domain.errors import FieldError, Invalid
from online_orders.domain.field_errors import field_errors_of, pointer, turned_text_errors
from online_orders.domain.languages import LOCALES
from online_orders.domain.values import Identifier, Length, Line

MAX_KINDS = 50
MAX_SETTINGS = 12
MAX_CHOICES = 200
MAX_GROUPS = 50
MAX_EQUIPMENT = 50
MAX_RULES = 20
MAX_TEXT_SETTING = 200
MAX_QUANTITY = 1_000_000
MAX_DAYS = 3_650
MAX_YEARS = 10
READ_ONLY = frozenset({"version", "updated_at", "updated_by"})
"""Members of the document as the API shows it, which are ignored when it is sent back."""

Use: TypeAlias = tuple[str, str | None, str | int | None]
"""What an order uses of a catalog: a kind and, unless None, a value of a setting of it."""
Json: TypeAlias = Mapping[str, Any]

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


def _words(name: str, most: int, description: str) -> Any:
    """Return the model of a text in each language of the installation."""
    text = Annotated[Line, StringConstraints(max_length=most)]
    languages: dict[str, Any] = dict.fromkeys(LOCALES, (text, ...))
    return create_model(name, __base__=_Part, __doc__=description, **languages)


if TYPE_CHECKING:
    Labels: TypeAlias = _Part
    Help: TypeAlias = _Part
    Unit: TypeAlias = _Part
    Summary: TypeAlias = _Part
else:
    Labels = _words("Labels", 100, "What it is called, in every language.")
    Help = _words("Help", 500, "A sentence or two that explain it, in every language.")
    Unit = _words("Unit", 30, 'What is counted, as "seats", in every language.')
    Summary = _words("Summary", 200, "An item in a line, in every language; {site} and the settings stand in braces.")

Name = Annotated[str, StringConstraints(pattern=NAME)]
VALUE = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$"
Value = Annotated[str, StringConstraints(pattern=VALUE)]
Model = Annotated[str, StringConstraints(pattern=VALUE)]
Days = Annotated[int, Field(strict=True, ge=1, le=MAX_DAYS)]


class OnlyFor(_Part):
    """Who alone may order it: the accounts of these groups, and these accounts."""

    groups: Annotated[tuple[Name, ...], Length(0, MAX_GROUPS)] = ()
    accounts: Annotated[tuple[Identifier, ...], Length(0, 500)] = ()

    @model_validator(mode="after")
    def _names_somebody(self) -> "OnlyFor":
        if not self.groups and not self.accounts:
            raise PydanticCustomError("too_few", "it names a group or an account at least")
        return self


_ONLY_FOR = Annotated[
    OnlyFor | None, Field(title="Only for", description="Who alone may order it; without it, everybody.")
]
_RETIRED = Annotated[
    bool,
    Field(strict=True, title="Retired", description="Nobody can order it any more; orders that have it keep it."),
]


class TextChoice(_Part):
    """A value that can be chosen."""

    value: Annotated[Value, Field(title="Value", description="As orders and prices have it; it stays.")]
    labels: Labels
    only_for: _ONLY_FOR = None
    retired: _RETIRED = False


class StepChoice(_Part):
    """A number that can be chosen; without labels it is told with the unit."""

    value: Annotated[int, Field(strict=True, ge=0, le=10**9, title="Value")]
    labels: Labels | None = None
    only_for: _ONLY_FOR = None
    retired: _RETIRED = False


def _not_reserved(name: str) -> str:
    if name in RESERVED or name in (SITE, QUANTITY):
        raise PydanticCustomError("reserved_name", "an item has another member of this name")
    return name


class _Setting(_Part):
    labels: Labels
    help: Help | None = None
    required: Annotated[bool, Field(strict=True, title="Required")] = True


class _NamedSetting(_Setting):
    name: Annotated[
        Name, AfterValidator(_not_reserved), Field(title="Name", description="As orders have it; it stays.")
    ]


class SiteSetting(_Setting):
    """One of the account's sites."""

    type: Literal["site"]
    name: Literal["site_id"]


class QuantitySetting(_Setting):
    """How many are ordered."""

    type: Literal["quantity"]
    name: Literal["quantity"]
    unit: Unit | None = None
    minimum: Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY, title="Least")] = 1
    maximum: Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY, title="Most")]
    step: Annotated[int, Field(strict=True, ge=1, le=MAX_QUANTITY, title="Multiple of")] = 1
    default: Annotated[int | None, Field(strict=True, title="Begins with")] = None


class ChoiceSetting(_NamedSetting):
    """One of several values."""

    type: Literal["choice"]
    choices: Annotated[tuple[TextChoice, ...], Length(1, MAX_CHOICES)]


class StepSetting(_NamedSetting):
    """One of several numbers."""

    type: Literal["step"]
    unit: Unit | None = None
    choices: Annotated[tuple[StepChoice, ...], Length(1, MAX_CHOICES)]


class TextSetting(_NamedSetting):
    """A line of text."""

    type: Literal["text"]
    max_length: Annotated[int, Field(strict=True, ge=1, le=MAX_TEXT_SETTING, title="Most characters")]


Setting = Annotated[
    SiteSetting | QuantitySetting | ChoiceSetting | StepSetting | TextSetting, Field(discriminator="type")
]


class _Rule(_Part):
    pass


def _value(value: Any) -> Any:
    """Return a value that a choice or a step could have; of anything else, pydantic's union would report each type."""
    is_text = isinstance(value, str) and re.fullmatch(VALUE, value)
    if not (value is None or is_text or (isinstance(value, int) and not isinstance(value, bool))):
        raise PydanticCustomError("wrong_type", "it is the value of a choice or a step")
    return value


_OF_SETTING = Field(title="Setting", description="The name of a setting of the kind.")
_OnlyWith = Annotated[
    Value | int | None,
    BeforeValidator(_value),
    Field(title="Value", description="The rule is about items with this value of the setting alone."),
]


class NeedsSite(_Rule):
    """The account has the site; so it is for every kind with a site."""

    rule: Literal["needs_site"]


class SiteHasLicense(_Rule):
    """The site has a license."""

    rule: Literal["site_has_license"]


class LicenseStartsLater(_Rule):
    """The site has a license that begins later, and the item starts before it does."""

    rule: Literal["license_starts_later"]


class AboveCurrentBandwidth(_Rule):
    """The step is above the bandwidth of the site's license."""

    rule: Literal["above_current_bandwidth"]
    setting: Annotated[Name, _OF_SETTING]


class SiteHasAddress(_Rule):
    """The site has an address, and the item is delivered there."""

    rule: Literal["site_has_address"]


class NeedsOtherItemOrEquipment(_Rule):
    """The site has equipment of a model or the order brings it there, or the order has an item of another kind."""

    rule: Literal["needs_other_item_or_equipment"]
    model: Annotated[Model | None, Field(title="Model", description="Of the equipment; or name a kind.")] = None
    kind: Annotated[Name | None, Field(title="Kind", description="Of the other item; or name a model.")] = None
    setting: Annotated[Name | None, _OF_SETTING] = None
    value: _OnlyWith = None


class StartDateWindow(_Rule):
    """The start date is neither too early nor too late."""

    rule: Literal["start_date_window"]
    earliest_days: Annotated[Days | None, Field(title="Days ahead at least")] = None
    latest_years: Annotated[int | None, Field(strict=True, ge=1, le=MAX_YEARS, title="Years ahead at most")] = None
    latest_days: Annotated[Days | None, Field(title="Days ahead at most")] = None


class LeadTime(_Rule):
    """The start date leaves time to prepare the item."""

    rule: Literal["lead_time"]
    days: Annotated[Days, Field(title="Days")]
    setting: Annotated[Name | None, _OF_SETTING] = None
    value: _OnlyWith = None


class QuantityStep(_Rule):
    """The quantity is a multiple."""

    rule: Literal["quantity_step"]
    step: Annotated[int, Field(strict=True, ge=2, le=MAX_QUANTITY, title="Multiple of")]


class OnePerSite(_Rule):
    """An order has one such item for a site; another open order for it causes a warning."""

    rule: Literal["one_per_site"]


Rule = Annotated[
    NeedsSite
    | SiteHasLicense
    | LicenseStartsLater
    | AboveCurrentBandwidth
    | SiteHasAddress
    | NeedsOtherItemOrEquipment
    | StartDateWindow
    | LeadTime
    | QuantityStep
    | OnePerSite,
    Field(discriminator="rule"),
]


class DocumentKind(_Part):
    """A kind of item. A start date belongs to every kind."""

    kind: Annotated[Name, Field(title="Kind", description="As orders and prices have it; it stays.")]
    labels: Labels
    help: Help | None = None
    icon: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")] | None,
        Field(title="Icon", description="The name of a picture of the screens."),
    ] = None
    summary: Summary
    settings: Annotated[tuple[Setting, ...], Length(0, MAX_SETTINGS), Field(title="Settings")]
    rules: Annotated[tuple[Rule, ...], Length(0, MAX_RULES), Field(title="Rules")] = ()
    priced_by: Annotated[
        Name | None, Field(title="Priced by", description="The choice or step that distinguishes prices of the kind.")
    ] = None
    only_for: _ONLY_FOR = None
    retired: _RETIRED = False


class Group(_Part):
    """A group of accounts, which kinds, choices and price lists can be for."""

    group: Annotated[Name, Field(title="Group", description="As accounts have it; it stays.")]
    labels: Labels


class Document(_Part):
    """A catalog: what can be ordered, by whom, and by which rules."""

    equipment: Annotated[
        tuple[Model, ...],
        Length(0, MAX_EQUIPMENT),
        Field(title="Equipment", description="The models that a site can have."),
    ] = ()
    groups: Annotated[tuple[Group, ...], Length(0, MAX_GROUPS), Field(title="Groups of accounts")] = ()
    show_prices: Annotated[
        bool, Field(strict=True, title="Show prices", description="Whether the catalog shows customers their prices.")
    ] = False
    kinds: Annotated[tuple[DocumentKind, ...], Length(1, MAX_KINDS), Field(title="Kinds of item")]


# -- reading a document -------------------------------------------------------------------------------------------


def parse_catalog(
    body: Any, *, before: Catalog, in_use: Collection[Use] = (), groups_in_use: Collection[str] = ()
) -> dict[str, Any]:
    """Return the document that was sent without its read-only members and without defaults; raise Invalid with every
    fault.

    `before` is the catalog that it replaces. `in_use` is what open orders use of that, and `groups_in_use` are the
    groups that accounts are in. Neither can be removed.
    """
    if isinstance(body, Mapping):
        body = {name: value for name, value in body.items() if name not in READ_ONLY}
    document: Document | None = None
    found = [*turned_text_errors(body)]
    try:
        document = Document.model_validate(body)
    except ValidationError as error:
        found += _schema_errors(error)
    if isinstance(body, Mapping):
        found += _faults(body)
        found += _in_use(body, before, in_use, groups_in_use)
        if len(json.dumps(body, ensure_ascii=True, default=str)) > MAX_DOCUMENT_BYTES:
            found.append(FieldError("", "too_large", f"The document has {MAX_DOCUMENT_BYTES // 1024} KB at most."))
    if found or document is None:
        raise Invalid(dict.fromkeys(found))
    written = document.model_dump(mode="json", exclude_defaults=True)
    return {"equipment": [], "groups": [], "show_prices": False, **written}


def uses_of(items: Iterable[Item]) -> set[Use]:
    """Return what items use of a catalog: their kinds, and the values of their settings."""
    found: set[Use] = set()
    for item in items:
        found.add((item.kind, None, None))
        for name, value in settings_of(item).items():
            if name not in (SITE, QUANTITY) and isinstance(value, (str, int)):
                found.add((item.kind, name, value))
    return found


def document_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a document, with titles and descriptions, as a form can be made of it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Document.model_json_schema()}


def changes(before: Json, after: Json) -> list[AuditChange]:
    """Return what differs between two documents, as the audit trail tells it."""
    return list(changes_between(before, after))


_TAGGED = {"settings": "type", "rules": "rule"}
"""Lists whose elements are told apart by a member, which pydantic puts into the place of an error."""


def _schema_errors(error: ValidationError) -> Iterator[FieldError]:
    """Yield the errors of the models: a missing language is a `missing_label`, and no rule is an `unknown_rule`."""
    details = error.errors(include_url=False, include_input=False)
    for each, told in zip(details, field_errors_of(error), strict=True):
        place = _place(each["loc"])
        if each["type"] in ("union_tag_invalid", "union_tag_not_found"):
            member = _TAGGED[str(place[-2])]
            is_missing = each["type"] == "union_tag_not_found"
            unknown = "unknown_rule" if member == "rule" else "not_allowed"
            names = ", ".join(RULES) if member == "rule" else "site, quantity, choice, step, text"
            code, detail = "required" if is_missing else unknown, f"The {member} is one of {names}."
            yield FieldError(pointer(*place, member), code, detail)
        elif told.code == "required" and place[-1] in LOCALES:
            yield FieldError(pointer(*place), "missing_label", f"The text in the language {place[-1]} is missing.")
        else:
            yield told._replace(pointer=pointer(*place))


def _place(location: tuple[str | int, ...]) -> list[str | int]:
    """Return where an error is in the document, without the tags of settings and rules."""
    place: list[str | int] = []
    is_tag = False
    for part in location:
        if not is_tag:
            place.append(part)
        is_tag = not is_tag and isinstance(part, int) and place[-2] in _TAGGED
    return place


# -- what the models do not see -----------------------------------------------------------------------------------


def _faults(body: Json) -> Iterator[FieldError]:
    """Yield what is wrong between the parts of a document, as far as its parts are what they should be."""
    groups = _names(body, "groups", "group")
    yield from _repeated((("groups", index, "group"), each.get("group")) for index, each in _each(body, "groups"))
    yield from _repeated((("kinds", index, "kind"), each.get("kind")) for index, each in _each(body, "kinds"))
    equipment = body.get("equipment")
    listed = equipment if isinstance(equipment, list) else []
    yield from _repeated((("equipment", index), each) for index, each in enumerate(listed))
    kinds = _names(body, "kinds", "kind")
    for index, raw in _each(body, "kinds"):
        for place, code, detail in _Kind(raw, groups, kinds).faults():
            yield FieldError(pointer("kinds", index, *place), code, detail)


_Place: TypeAlias = tuple[str | int, ...]
_Found: TypeAlias = tuple[_Place, str, str]


def _each(part: Json, name: str) -> Iterator[tuple[int, Json]]:
    """Yield the objects of a list with their places; nothing where there is no list."""
    elements = part.get(name)
    for index, each in enumerate(elements if isinstance(elements, list) else ()):
        if isinstance(each, Mapping):
            yield index, each


def _names(part: Json, name: str, member: str) -> set[str]:
    return {each[member] for _, each in _each(part, name) if isinstance(each.get(member), str)}


def _repeated(values: Iterable[tuple[_Place, Any]]) -> Iterator[FieldError]:
    """Yield a fault for each text or number that has come before in its list."""
    seen: set[tuple[type, Any]] = set()
    for place, value in values:
        if not isinstance(value, (str, int)):
            continue
        if (type(value), value) in seen:
            yield FieldError(pointer(*place), "duplicate_id", f"{value} stands here twice.")
        seen.add((type(value), value))


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


class _Kind:
    """A kind as it was sent, judged by what it says of itself and by the names of the others."""

    def __init__(self, raw: Json, groups: Collection[str], kinds: Collection[str]) -> None:
        self._raw = raw
        self._groups = groups
        self._kinds = kinds
        self._settings = {each["name"]: each for _, each in _each(raw, "settings") if isinstance(each.get("name"), str)}
        # Those beyond the limit are refused anyway; each costs time with every choice and every other rule.
        self._rules = [(index, rule) for index, rule in _each(raw, "rules") if index < MAX_RULES]
        quantity = self._settings.get(QUANTITY, {})

        def number(name: str, default: int) -> int:
            value = quantity.get(name, default)
            return value if _is_count(value) else default

        self._least, self._most = number("minimum", 1), number("maximum", MAX_QUANTITY)
        self._step = number("step", 1)

    def faults(self) -> Iterator[_Found]:
        yield from self._visibility((), self._raw)
        yield from self._summary_faults()
        yield from self._settings_faults()
        for index, rule in self._rules:
            for place, code, detail in self._rule_faults(rule):
                yield ("rules", index, *place), code, detail
        priced_by = self._raw.get("priced_by")
        if isinstance(priced_by, str):
            yield from self._setting_faults("priced_by", priced_by, ("choice", "step"))

    def _visibility(self, place: _Place, part: Json) -> Iterator[_Found]:
        only_for = part.get("only_for")
        groups = only_for.get("groups") if isinstance(only_for, Mapping) else None
        for index, group in enumerate(groups if isinstance(groups, list) else ()):
            if isinstance(group, str) and group not in self._groups:
                where = (*place, "only_for", "groups", index)
                yield where, "unknown_group", f"The catalog has no group {group}."

    def _summary_faults(self) -> Iterator[_Found]:
        summary = self._raw.get("summary")
        known = {"site" if name == SITE else name for name in self._settings}
        texts = summary if isinstance(summary, Mapping) else {}
        for language, text in ((language, texts.get(language)) for language in LOCALES):
            if not isinstance(text, str):
                continue
            unknown = [name for name in _PLACEHOLDER.findall(text) if name not in known]
            if unknown or "{" in (rest := _PLACEHOLDER.sub("", text)) or "}" in rest:
                listed = ", ".join(f"{{{name}}}" for name in sorted(known)) or "none"
                yield ("summary", language), "unknown_placeholder", f"The placeholders of this kind are {listed}."

    def _settings_faults(self) -> Iterator[_Found]:
        places = [(("settings", index, "name"), each.get("name")) for index, each in _each(self._raw, "settings")]
        for fault in _repeated(places):
            yield tuple(fault.pointer.split("/")[1:]), fault.code, fault.detail
        for index, setting in _each(self._raw, "settings"):
            place: _Place = ("settings", index)
            values = [((*place, "choices", at, "value"), each.get("value")) for at, each in _each(setting, "choices")]
            for fault in _repeated(values):
                yield tuple(fault.pointer.split("/")[1:]), fault.code, fault.detail
            for at, choice in _each(setting, "choices"):
                yield from self._visibility((*place, "choices", at), choice)
            if setting.get("type") == QUANTITY:
                for member, code, detail in self._quantity_faults(setting.get("default")):
                    yield (*place, member), code, detail

    def _quantity_faults(self, default: Any) -> Iterator[tuple[str, str, str]]:
        if self._least > self._most:
            yield "minimum", "contradiction", "The least quantity is above the greatest."
        elif not self._has_multiple(self._step):
            yield "step", "contradiction", "No multiple lies between the least quantity and the greatest."
        is_within = _is_count(default) and self._least <= default <= self._most and default % self._step == 0
        if _is_count(default) and not is_within:
            yield "default", "default_outside", "The quantity to begin with is none that can be ordered."

    def _has_multiple(self, step: int) -> bool:
        return step < 1 or -(-self._least // step) * step <= self._most

    def _setting_faults(self, member: str, name: str, types: Sequence[str]) -> Iterator[_Found]:
        setting = self._settings.get(name)
        if setting is None:
            yield (member,), "unknown_setting", f"The kind has no setting {name}."
        elif setting.get("type") not in types:
            yield (member,), "wrong_setting_type", f"The setting is of the type {' or '.join(types)}."

    def _rule_faults(self, rule: Json) -> Iterator[_Found]:
        name = rule.get("rule")
        if not isinstance(name, str):
            return
        if name in _NEED_SITE and SITE not in self._settings:
            yield ("rule",), "unknown_setting", f"The rule is about a site, and the kind has no setting {SITE}."
        setting = rule.get("setting")
        if name == "above_current_bandwidth" and isinstance(setting, str):
            yield from self._setting_faults("setting", setting, ("step",))
        if name in ("needs_other_item_or_equipment", "lead_time"):
            yield from self._condition_faults(rule)
        if name == "needs_other_item_or_equipment":
            yield from self._need_faults(rule)
        if name in ("start_date_window", "lead_time"):
            yield from self._day_faults(rule)
        if name == "quantity_step":
            yield from self._step_faults(rule.get("step"))

    def _condition_faults(self, rule: Json) -> Iterator[_Found]:
        """Yield what is wrong with the value of a setting that a rule is limited to."""
        setting, value = rule.get("setting"), rule.get("value")
        if (setting is None) is not (value is None):
            missing = "value" if value is None else "setting"
            yield (missing,), "required", "Setting and value come together."
        elif isinstance(setting, str):
            faults = list(self._setting_faults("setting", setting, ("choice", "step")))
            yield from faults
            choices = [each.get("value") for _, each in _each(self._settings.get(setting, {}), "choices")]
            if not faults and value not in choices:
                yield ("value",), "unknown_value", f"The setting has no choice {value}."

    def _need_faults(self, rule: Json) -> Iterator[_Found]:
        model, kind = rule.get("model"), rule.get("kind")
        if model is None and kind is None:
            yield ("model",), "required", "The rule names a model or a kind."
        elif model is not None and kind is not None:
            yield ("kind",), "contradiction", "The rule names a model or a kind, not both."
        elif model is not None and SITE not in self._settings:
            yield ("model",), "unknown_setting", f"Equipment is at a site, and the kind has no setting {SITE}."
        elif isinstance(kind, str) and kind not in self._kinds:
            yield ("kind",), "unknown_kind", f"The catalog has no kind {kind}."
        elif isinstance(kind, str) and kind == self._raw.get("kind"):
            yield ("kind",), "contradiction", "The rule names another kind."

    def _day_faults(self, rule: Json) -> Iterator[_Found]:
        years, latest = rule.get("latest_years"), rule.get("latest_days")
        if years is not None and latest is not None:
            yield ("latest_days",), "contradiction", "The latest start is in years or in days, not both."
        member = "days" if rule.get("rule") == "lead_time" else "earliest_days"
        earliest, last = rule.get(member), self._last_day()
        if _is_count(earliest) and last is not None and earliest > last:
            yield (member,), "contradiction", "The earliest start is after the latest."

    def _last_day(self) -> int | None:
        """Return how many days ahead the last start is that every rule allows; None without a limit."""
        limits = []
        for _, rule in self._rules:
            if rule.get("rule") == "start_date_window":
                years, days = rule.get("latest_years"), rule.get("latest_days")
                limits += [365 * years] if _is_count(years) else []
                limits += [days] if _is_count(days) else []
        return min(limits, default=None)

    def _step_faults(self, step: Any) -> Iterator[_Found]:
        if QUANTITY not in self._settings:
            yield ("rule",), "unknown_setting", "The rule is about a quantity, and the kind has none."
        elif _is_count(step) and step > 0 and self._step > 0 and not self._has_multiple(lcm(step, self._step)):
            yield ("step",), "contradiction", "No multiple lies between the least quantity and the greatest."


_NEED_SITE = {
    "needs_site",
    "site_has_license",
    "license_starts_later",
    "above_current_bandwidth",
    "site_has_address",
    "one_per_site",
}
"""Rules that are about the item's site."""


def _in_use(
    body: Json, before: Catalog, in_use: Collection[Use], groups_in_use: Collection[str]
) -> Iterator[FieldError]:
    """Yield a fault for what open orders or accounts have and the document has no more."""
    for group in sorted(set(groups_in_use) - _names(body, "groups", "group")):
        yield FieldError("/groups", "in_use", f"Accounts are in the group {group}.")
    kinds = {
        each.get("kind"): (index, each) for index, each in _each(body, "kinds") if isinstance(each.get("kind"), str)
    }
    for kind in sorted({kind for kind, _, _ in in_use} - kinds.keys()):
        yield FieldError("/kinds", "in_use", f"Open orders have items of the kind {kind}; retire it instead.")
    settings: dict[str, dict[str, tuple[int, Json]]] = {}
    for kind, name, value in sorted(in_use, key=str):
        if kind not in kinds or name is None or kind not in before.kinds:
            continue
        setting = before.kinds[kind].settings.get(name)
        if setting is None or value not in setting.choices:
            continue
        index, raw = kinds[kind]
        if kind not in settings:
            settings[kind] = {
                each["name"]: (at, each) for at, each in _each(raw, "settings") if isinstance(each.get("name"), str)
            }
        now = settings[kind]
        if name not in now:
            yield FieldError(pointer("kinds", index, "settings"), "in_use", f"Open orders have the setting {name}.")
            continue
        at, present = now[name]
        if value not in [each.get("value") for _, each in _each(present, "choices")]:
            where = pointer("kinds", index, "settings", at, "choices")
            yield FieldError(where, "in_use", f"Open orders have {value}; retire it instead.")
