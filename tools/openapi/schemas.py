"""Generate JSON Schemas from the models of the code, as strict as the code where pydantic's own are less strict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, get_args

from pydantic import AfterValidator, BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from online_orders.domain.accounts import Country, Currency, TimeZone
from online_orders.domain.decimals import MAX_PERCENT_DECIMALS, Percent
from online_orders.domain.iso import COUNTRIES, MINOR_DIGITS
from online_orders.domain.taxes import MAX_RATE_DECIMALS, Rate
from online_orders.domain.values import absent_when_blank, instant_text

COMPONENTS = "#/components/schemas/"
NOT_BLANK = "[^\\s\\u0085]"
References = Mapping[Any, dict[str, Any]]
"""By model and mode."""
_DECIMALS = max(MINOR_DIGITS.values())


def _checks_of(annotated: Any) -> list[Any]:
    """Return the functions that validate a value after pydantic."""
    return [each.func for each in get_args(annotated) if isinstance(each, AfterValidator)]


def _time_zones() -> list[str]:
    return sorted((files("tzdata") / "zones").read_text("utf-8").split())


_NAMED: Mapping[str, tuple[list[Any], JsonSchemaValue]] = {
    "Country": (_checks_of(Country), {"type": "string", "description": "ISO 3166-1.", "enum": sorted(COUNTRIES)}),
    "Currency": (_checks_of(Currency), {"type": "string", "description": "ISO 4217.", "enum": sorted(MINOR_DIGITS)}),
    "TimeZone": (_checks_of(TimeZone), {"type": "string", "description": "IANA.", "enum": _time_zones()}),
}
"""By validating function, which pydantic cannot look into, the schema that it amounts to."""
_PERCENTAGES = (
    (_checks_of(Percent), MAX_PERCENT_DECIMALS, "exclusiveMinimum"),
    (_checks_of(Rate), MAX_RATE_DECIMALS, "minimum"),
)
"""By validating function: how many decimals a percentage has, and how it is bounded below."""
_STANDS_FOR = "x-stands-for"


class Schemas(GenerateJsonSchema):
    """Knows the project's own validators and serializers; responses require every field."""

    _may_be_blank = False

    def field_is_required(self, field: Any, total: bool) -> bool:
        shown = self.mode == "serialization" and "serialization_exclude_if" not in field
        return shown or super().field_is_required(field, total)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Omit the default of a response's member."""
        return self.generate_inner(schema["schema"]) if self.mode == "serialization" else super().default_schema(schema)

    def field_title_should_be_set(self, _schema: Any) -> bool:
        return False

    def str_schema(self, schema: core_schema.StringSchema) -> JsonSchemaValue:
        """Return a pattern that requires more than white space, which is removed before the length is checked."""
        result = super().str_schema(schema)
        if self._may_be_blank:
            result.pop("minLength", None)
        elif schema.get("strip_whitespace") and schema.get("min_length"):
            result["allOf"] = [{"pattern": NOT_BLANK}]
        return result

    def decimal_schema(self, _schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        written: JsonSchemaValue = {"type": "string", "pattern": rf"^-?[0-9]+(\.[0-9]{{1,{_DECIMALS}}})?$"}
        return written if self.mode == "serialization" else {"anyOf": [written, {"type": "number"}]}

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        if schema["function"]["function"] is not absent_when_blank:
            return super().function_before_schema(schema)
        self._may_be_blank = True
        try:
            return super().function_before_schema(schema)
        finally:
            self._may_be_blank = False

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        for checks, decimals, bound in _PERCENTAGES:
            if schema["function"]["function"] in checks:
                return self._percentage(decimals, bound)
        text = super().function_after_schema(schema)
        for name, (checks, _) in _NAMED.items():
            if schema["function"]["function"] in checks:
                return {_STANDS_FOR: name}
        return text

    def _percentage(self, decimals: int, bound: str) -> JsonSchemaValue:
        written: JsonSchemaValue = {"type": "string", "pattern": rf"^[0-9]{{1,3}}(\.[0-9]{{1,{decimals}}})?$"}
        number = {"type": "number", bound: 0, "maximum": 100}
        return written if self.mode == "serialization" else {"anyOf": [written, number]}

    def ser_schema(self, schema: Any) -> JsonSchemaValue | None:
        if schema.get("function") is instant_text:
            return {"type": "string", "format": "date-time", "pattern": "Z$"}
        return super().ser_schema(schema)


def schemas_of(models: Sequence[tuple[type[BaseModel], JsonSchemaMode]]) -> tuple[References, dict[str, Any]]:
    """Return a reference for each model and mode, and the components that all of them need, by name."""
    references, definitions = models_json_schema(models, ref_template=COMPONENTS + "{model}", schema_generator=Schemas)
    components: dict[str, Any] = definitions["$defs"]
    for component in components.values():
        component.pop("title", None)
    for part in list(parts_of(components)):
        _bound_amount(part)
        if name := part.pop(_STANDS_FOR, None):
            part["$ref"] = COMPONENTS + name
            components[name] = _NAMED[name][1]
    return references, dict(sorted(components.items()))


def parts_of(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every object within a schema."""
    if isinstance(schema, dict):
        yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from parts_of(each)


def parameter_schema(text: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter: it may be omitted, and is never null."""
    schema = {name: value for name, value in text.items() if name != "title" and (name, value) != ("default", None)}
    for alternative in schema.pop("anyOf", ()):
        if alternative != {"type": "null"}:
            schema = {**alternative, **schema}
    if name := schema.pop(_STANDS_FOR, None):
        schema = {"$ref": COMPONENTS + name, "description": schema["description"]}
    # The resolver writes every bound as a number with a point.
    return {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in schema.items()
    }


def _bound_amount(schema: dict[str, Any]) -> None:
    """Apply the bounds of a decimal, which pydantic leaves beside its alternatives under names that JSON Schema does
    not know.
    """
    lower = next((name for name in _BOUNDS if name in schema), None)
    if "anyOf" not in schema or lower is None or "lt" not in schema:
        return
    above, below = int(schema.pop(lower)), int(schema.pop("lt"))
    written, number = schema["anyOf"]
    written["pattern"] = written["pattern"].replace("[0-9]+", f"[0-9]{{1,{len(str(below)) - 1}}}")
    if above == 0:
        written["pattern"] = written["pattern"].replace("-?", "")
    number |= {_BOUNDS[lower]: above, "exclusiveMaximum": below}


_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum"}
