"""The types of values in bodies, stricter than pydantic's own where the contract requires it."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

if TYPE_CHECKING:  # costs a quarter of a cold start, and is never needed at run time
    from pydantic.json_schema import JsonSchemaValue

DAY = r"^\d{4}-\d{2}-\d{2}$"
_DAY = re.compile(DAY)
_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029"

IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
_IDENTIFIER = re.compile(IDENTIFIER)
LINE = f"^[^{_CONTROL}]*$"
_TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
_EMAIL = (
    r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}$"
)
COLOR = r"^#[0-9A-Fa-f]{6}$"
PATTERN_TEXTS = {
    IDENTIFIER: "An id has 1 to 64 letters, digits, dots, hyphens and underscores, and begins with a letter or a digit",
    LINE: "A line has no line ends and no control characters",
    _TEXT: "A text has no control characters but tabs and line ends",
    _EMAIL: "An e-mail address is written name@example.com",
    COLOR: "A color is written #rrggbb",
}
"""The messages that replace a pattern when a text does not match it."""

TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of the text after them: embeddings, overrides and isolates. The marks U+200E and
U+200F are none: they only help to place what stands beside them, and occur in names in Arabic and Hebrew."""
TURNING_TEXT = "A text has no characters that turn its direction (U+202A to U+202E, U+2066 to U+2069)."

MAX_NAME_LENGTH = 200
MAX_EMAIL_LENGTH = 254
MAX_REASON_LENGTH = 1_000
MAX_TEXT_LENGTH = 2_000
"""Of a note, a comment, a quote's message and a report, in characters."""
MAX_TIME_ZONE_LENGTH = 64
MAX_LIMIT = 100
"""Rows of one page of a list."""
MIN_YEAR = 2000
FROM_REQUEST = object()
"""The validation context of a request; stored values are validated without it, since they may be older than a rule."""


class Entity(BaseModel):
    """A frozen model; a change makes a new one."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


class _LaterPart(NamedTuple):
    """Stands for a model of a module that is imported with the first value."""

    model: str
    module: str

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._validated)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        model = self._model()
        model.model_rebuild()  # which is put off
        built: dict[str, Any] = {**model.__pydantic_core_schema__}
        if built["type"] == "model":  # else it is among definitions already
            built["ref"] = f"{model.__module__}.{model.__qualname__}:{id(model)}"
        # Only what is within something else gets a definition of its own.
        items: JsonSchemaValue = handler(core_schema.list_schema(cast("CoreSchema", built)))["items"]
        return items

    def _validated(self, value: Any, info: ValidationInfo) -> Any:
        return self._model().model_validate(value, context=info.context)

    def _model(self) -> type[BaseModel]:
        return _later_model(self.model, self.module)


@cache
def _later_model(name: str, module: str) -> type[BaseModel]:
    """Return the model; it is looked up once, not with each value."""
    model: type[BaseModel] = getattr(import_module(f"online_orders.domain.{module}"), name)
    return model


def later_part(model: str, module: str = "later_parts") -> Any:
    """Return the type that stands for a model of another module in a member that most entities lack.

    The model is imported and built with the first value. A type checker is told the model itself.
    """
    return Annotated[Any, _LaterPart(model, module)]


class Request(BaseModel):
    """A body, or a part of one, from outside."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


def day_of(value: Any) -> Any:
    """Return what is written as a day, or is one, for a validator of dates; raise an error for anything else."""
    if isinstance(value, datetime):
        raise PydanticCustomError("invalid_date", "a date is written YYYY-MM-DD")
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise PydanticCustomError("invalid_date", "a date is written YYYY-MM-DD")


def instant_text(value: datetime) -> str:
    """Return an instant in RFC 3339, in UTC with a Z, to the millisecond."""
    return _instant_text(value, value.utcoffset())


@lru_cache(maxsize=1)
def _instant_text(value: datetime, _offset: timedelta | None) -> str:
    """Keep the latest text: most of what is written at once is of one instant. It is told apart by its offset, too."""
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Length(NamedTuple):
    """How many elements a list has, counted as it was sent, with invalid ones."""

    min_items: int
    max_items: int

    def _validate(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)) and len(value) < self.min_items:
            raise PydanticCustomError("too_few", "the list has {least} at least", {"least": self.min_items})
        if isinstance(value, (list, tuple)) and len(value) > self.max_items:
            raise PydanticCustomError("too_many", "the list has {most} at most", {"most": self.max_items})
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._validate, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "minItems": self.min_items, "maxItems": self.max_items}


def _with_whole_year(day: date, info: ValidationInfo) -> date:
    if info.context is FROM_REQUEST and day.year < MIN_YEAR:
        raise PydanticCustomError("date_too_early", "the date is before the year {year}", {"year": MIN_YEAR})
    return day


Day = Annotated[date, BeforeValidator(day_of, json_schema_input_type=date)]
RecentDay = Annotated[Day, AfterValidator(_with_whole_year)]
"""A day that no other rule limits; year 0026 is refused, since 2026 was meant."""
Instant = Annotated[datetime, PlainSerializer(instant_text, return_type=str, when_used="json")]
Count = Annotated[int, Field(strict=True, ge=1)]
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=LINE)]
"""One line of text: no control characters, so that it can stand in a mail's subject or a CSV cell."""
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=_TEXT)]
"""Text of several lines: tabs and line ends are its only control characters."""
Name = Annotated[Line, StringConstraints(max_length=MAX_NAME_LENGTH)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_EMAIL_LENGTH, pattern=_EMAIL)]


def is_email(text: str) -> bool:
    """Return whether a text is an `Email`."""
    return len(text) <= MAX_EMAIL_LENGTH and re.fullmatch(_EMAIL, text) is not None


def is_identifier(text: str) -> bool:
    """Return whether a text is an `Identifier`: an account's id, or a site's."""
    return _IDENTIFIER.fullmatch(text) is not None


def is_none(value: object) -> bool:
    """Return whether a member is None: of a field that is left out then."""
    return value is None


def is_false(value: object) -> bool:
    """Return whether a member is false: of a field that is left out then."""
    return value is False


def absent_when_blank(value: Any) -> Any:
    """Return None for an optional text that was sent as white space, else the value."""
    return None if isinstance(value, str) and not value.strip() else value


BlankIsAbsent = BeforeValidator(absent_when_blank)
