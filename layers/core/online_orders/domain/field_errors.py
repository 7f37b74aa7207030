"""Convert pydantic's errors to the contract's: a JSON Pointer, a stable code, a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from online_orders.domain.errors import FieldError, Invalid
from online_orders.domain.values import PATTERN_TEXTS, TURNING, TURNING_TEXT

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)
_DECIMAL = re.compile(r"Decimal\('([^']*)'\)")

# By pydantic's names. What our validators raise, and wrong types, need no entry.
CODES = {
    "missing": "required",
    "extra_forbidden": "unknown_field",
    "string_too_long": "too_long",
    "string_too_short": "too_short",
    "string_pattern_mismatch": "malformed",
    "string_unicode": "malformed",
    "too_long": "too_many",
    "greater_than": "too_small",
    "greater_than_equal": "too_small",
    "less_than": "too_large",
    "less_than_equal": "too_large",
    "literal_error": "not_allowed",
    "enum": "not_allowed",
    "date_from_datetime_parsing": "invalid_date",
    "date_parsing": "invalid_date",
}


# Where pydantic's sentence names what JSON does not have: a class, a dictionary, a Decimal.
_TEXTS = {
    "model_type": "Input should be an object",
    "dict_type": "Input should be an object",
    "decimal_type": "An amount is a string of digits, with a point before its decimals",
    "string_too_short": "The text is empty",
    "string_too_long": "The text has {max_length} characters at most",
    "string_unicode": "The text holds half of a surrogate pair",
    "too_long": "There are {max_length} at most",
}


def pointer(*parts: str | int) -> str:
    """Return a JSON Pointer (RFC 6901): `pointer("items", 2, "quantity")` is `/items/2/quantity`.

    A lone surrogate, which JSON can express and UTF-8 cannot, becomes a question mark.
    """
    joined = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return joined.encode("utf-8", "replace").decode()


def field_errors_of(error: ValidationError, *base: str | int) -> list[FieldError]:
    """Return the errors of a failed validation, pointing below `base`."""
    found = []
    for each in error.errors(include_url=False, include_input=False):
        kind = each["type"]
        code = CODES.get(kind) or ("wrong_type" if kind.endswith("_type") else kind)
        message = message_of(each)
        where = each["loc"][:-1] if each["loc"][-1:] == ("[key]",) else each["loc"]  # pydantic's, of a member's name
        found.append(FieldError(pointer(*base, *where), code, message[:1].upper() + message[1:] + "."))
    return found


def message_of(error: ErrorDetails) -> str:
    """Return pydantic's sentence, or one of ours where pydantic's speaks of Python or shows a regular expression."""
    if error["type"] == "string_pattern_mismatch":
        return PATTERN_TEXTS.get(error["ctx"]["pattern"], "This is not written as it should be")
    if text := _TEXTS.get(error["type"]):
        return text.format_map(error.get("ctx", {}))
    return _DECIMAL.sub(r"\1", error["msg"])


def turned_text_errors(value: Any, *base: str | int) -> Iterator[FieldError]:
    """Yield an error for each text of a body with a character that turns the direction of what follows.

    Such a text looks like another one, also where it stands in a mail or a page with others. It is asked of requests
    alone: what is stored may be older than this rule.
    """
    if isinstance(value, str):
        if not value.isascii() and not TURNING.isdisjoint(value):
            yield FieldError(pointer(*base), "malformed", TURNING_TEXT)
    elif isinstance(value, Mapping):
        for name, member in value.items():
            yield from turned_text_errors(member, *base, str(name))
    elif isinstance(value, (list, tuple)):
        for index, each in enumerate(value):
            yield from turned_text_errors(each, *base, index)


def has_turned_text(body: Any) -> bool:
    """Return whether `turned_text_errors` finds anything in a body, which mostly it does not, in less time."""
    left = [body]
    while left:
        value = left.pop()
        if isinstance(value, str):
            if not value.isascii() and not TURNING.isdisjoint(value):
                return True
        elif isinstance(value, Mapping):
            left.extend(value.values())
        elif isinstance(value, (list, tuple)):
            left.extend(value)
    return False


def validate(model: type[Model], body: Any, *, context: Any = None, extra_errors: Iterable[FieldError] = ()) -> Model:
    """Return `body` as a `model`; raise Invalid with its errors and with `extra_errors`, which were found elsewhere."""
    found = [*(turned_text_errors(body) if has_turned_text(body) else ()), *extra_errors]
    try:
        value = model.model_validate(body, context=context)
    except ValidationError as error:
        raise Invalid([*field_errors_of(error), *found]) from None
    if found:
        raise Invalid(found)
    return value
