"""The letterhead of papers: who the vendor is, with logo, colors and what stands at the foot, in each language."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import Field, StringConstraints

from online_orders.domain import logos
from online_orders.domain.errors import FieldError
from online_orders.domain.field_errors import validate
from online_orders.domain.languages import FALLBACK, LOCALES, Locale
from online_orders.domain.values import COLOR, BlankIsAbsent, Email, Length, Line, Name, Request, Text, is_none

MIN_CONTRAST = 3
"""Of the accent to white, as WCAG 2.2 asks of graphics."""
Json = dict[str, Any]

_Long = Annotated[Text, StringConstraints(max_length=500)]
_Short = Annotated[Line, StringConstraints(max_length=64)]
_Bank = Annotated[Text, StringConstraints(max_length=300)]
_Color = Annotated[str, StringConstraints(pattern=COLOR, to_lower=True)]
_ABSENT = Field(exclude_if=is_none)


class Colors(Request):
    accent: _Color


class Logo(Request):
    """A picture; `data` is base64."""

    media_type: logos.MediaType
    data: str


class LetterheadTexts(Request):
    """What differs in one language."""

    footer: Annotated[_Long | None, BlankIsAbsent, _ABSENT] = None
    address: Annotated[_Long | None, BlankIsAbsent, _ABSENT] = None
    register_entry: Annotated[Name | None, BlankIsAbsent, _ABSENT] = None
    bank: Annotated[_Bank | None, BlankIsAbsent, _ABSENT] = None


class Letterhead(Request):
    """What papers say of the vendor; members that are absent say nothing."""

    legal_name: Name
    address: _Long
    register_entry: Annotated[Name | None, BlankIsAbsent, _ABSENT] = None
    tax_numbers: Annotated[tuple[_Short, ...], Length(0, 5), Field(exclude_if=lambda numbers: not numbers)] = ()
    bank: Annotated[_Bank | None, BlankIsAbsent, _ABSENT] = None
    email: Annotated[Email | None, BlankIsAbsent, _ABSENT] = None
    phone: Annotated[_Short | None, BlankIsAbsent, _ABSENT] = None
    website: Annotated[Name | None, BlankIsAbsent, _ABSENT] = None
    colors: Annotated[Colors | None, _ABSENT] = None
    logo: Annotated[Logo | None, _ABSENT] = None
    texts: Annotated[dict[Locale, LetterheadTexts], Field(default_factory=dict, exclude_if=lambda texts: not texts)]

    @classmethod
    def from_stored(cls, document: Json) -> "Letterhead":
        """Return what was stored, maybe with texts in languages that are gone."""
        texts = {locale: each for locale, each in document.get("texts", {}).items() if locale in LOCALES}
        return cls.model_validate({**document, "texts": texts})

    @property
    def document(self) -> Json:
        return self.model_dump(mode="json")

    def in_language(self, locale: str) -> "LocalLetterhead":
        """Return what stands on a paper in a language, of which the fallback's texts stand in for what it lacks."""
        own, other = (self.texts.get(each) or LetterheadTexts() for each in (locale, FALLBACK))
        return LocalLetterhead(
            address=own.address or self.address,
            register_entry=own.register_entry or self.register_entry,
            bank=own.bank or self.bank,
            footer=own.footer or other.footer,
        )


class LocalLetterhead(NamedTuple):
    """What may differ by the language, in one of them."""

    address: str
    register_entry: str | None
    bank: str | None
    footer: str | None


def parse_letterhead(body: Any) -> Letterhead:
    """Return the letterhead of a body; raise Invalid with every fault."""
    return validate(Letterhead, body, extra_errors=tuple(_faults(body)))


def _faults(body: Any) -> Iterator[FieldError]:
    if not isinstance(body, Mapping):
        return
    logo, colors = body.get("logo"), body.get("colors")
    if isinstance(logo, Mapping):
        media_type, data = logo.get("media_type"), logo.get("data")
        if isinstance(data, str) and media_type in _MEDIA_TYPES and (fault := logos.fault_of(str(media_type), data)):
            yield FieldError("/logo/data", *fault)
    if isinstance(colors, Mapping) and isinstance(accent := colors.get("accent"), str):
        found = contrast_to_white(accent)
        if found is not None and found < MIN_CONTRAST:
            yield FieldError(
                "/colors/accent",
                "contrast_too_low",
                f"The contrast to white is {found:.2f}:1, and {MIN_CONTRAST}:1 at least is needed.",
            )


_MEDIA_TYPES = ("image/png", "image/svg+xml")
_DIGITS = 6
_LINEAR_TO = 0.04045


def contrast_to_white(color: str) -> float | None:
    """Return the contrast of a color to white by WCAG, from 1 to 21; None for what is no color."""
    digits = color.removeprefix("#")
    try:
        if len(digits) != _DIGITS:
            return None
        parts = [value / 255 for value in bytes.fromhex(digits)]
    except ValueError:
        return None
    red, green, blue = (each / 12.92 if each <= _LINEAR_TO else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def without_picture(document: Json | None) -> Json | None:
    """Return a document with the SHA-256 of its logo in place of the picture, for the audit trail."""
    if document is None or "logo" not in document:
        return document
    logo = document["logo"]
    content = logos.decode(logo["data"]) or b""
    return {**document, "logo": {"media_type": logo["media_type"], "sha256": hashlib.sha256(content).hexdigest()}}
