"""What the desk sets for itself: its teams, and its text modules with placeholders."""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from online_orders.domain.errors import FieldError
from online_orders.domain.field_errors import pointer, validate
from online_orders.domain.languages import FALLBACK, Locale
from online_orders.domain.values import (
    MAX_REASON_LENGTH,
    MAX_TEXT_LENGTH,
    Identifier,
    Length,
    Line,
    Name,
    Request,
    Text,
)

MAX_TEAMS = 50
MAX_MEMBERS = 100
MAX_TEXT_MODULES = 100
PLACEHOLDERS = (
    "number",
    "order_id",
    "contact",
    "account",
    "purchase_order_number",
    "valid_until",
    "assignee",
)
"""What a text module may name in braces; `filled` puts the order's own in place of it."""
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
Json = dict[str, Any]


# -- teams --------------------------------------------------------------------------------------------------------


class Team(Request):
    """Some of the staff, who share orders."""

    team: Identifier
    name: Name
    members: Annotated[tuple[Annotated[Line, StringConstraints(max_length=128)], ...], Length(0, MAX_MEMBERS)]


class TeamsRequest(Request):
    """All teams of the desk."""

    teams: Annotated[tuple[Team, ...], Length(0, MAX_TEAMS)]


def user_ids_of(body: Any) -> set[str]:
    """Return the ids of users that a body names as members, which may have any fault; no more than it may name."""
    named = (user for team in _objects(body, "teams") for user in _list(team, "members") if isinstance(user, str))
    return {user for _, user in zip(range(MAX_TEAMS * MAX_MEMBERS), named, strict=False)}


def parse_teams(body: Any, staff: Collection[str]) -> Json:
    """Return the document of all teams; raise Invalid with every fault.

    `staff` has the ids of users who may be members.
    """
    request = validate(TeamsRequest, body, extra_errors=_team_faults(body, staff))
    return request.model_dump(mode="json")


def _team_faults(body: Any, staff: Collection[str]) -> Iterator[FieldError]:
    yield from _repeated(body, "teams", "team")
    for index, team in enumerate(_list(body, "teams")):
        seen = set()
        for place, user in enumerate(_list(team, "members")):
            if not isinstance(user, str):
                continue
            where = pointer("teams", index, "members", place)
            if user in seen:
                yield FieldError(where, "duplicate_member", "The user is in this team already.")
            elif user not in staff:
                yield FieldError(where, "unknown_user", "The desk has no such user.")
            seen.add(user)


def without_member(document: Json, user_id: str) -> Json:
    """Return the document of teams without a user."""
    teams = [{**team, "members": [each for each in team["members"] if each != user_id]} for team in document["teams"]]
    return {**document, "teams": teams}


# -- text modules -------------------------------------------------------------------------------------------------


class TextModule(Request):
    """A text that the desk writes often, for one use, by language."""

    module: Identifier
    name: Name
    use: Literal["comment", "message", "decline", "answer"]
    texts: dict[Locale, Annotated[Text, StringConstraints(max_length=MAX_TEXT_LENGTH)]]


class TextModulesRequest(Request):
    """All text modules of the desk."""

    text_modules: Annotated[tuple[TextModule, ...], Length(0, MAX_TEXT_MODULES)]


def parse_text_modules(body: Any) -> Json:
    """Return the document of all text modules; raise Invalid with every fault."""
    request = validate(TextModulesRequest, body, extra_errors=_text_faults(body))
    return request.model_dump(mode="json")


def _text_faults(body: Any) -> Iterator[FieldError]:
    yield from _repeated(body, "text_modules", "module")
    for index, module in enumerate(_list(body, "text_modules")):
        texts = module.get("texts") if isinstance(module, Mapping) else None
        if not isinstance(texts, Mapping):
            continue
        if not texts:
            yield FieldError(pointer("text_modules", index, "texts"), "too_few", "A text module has one text at least.")
        for language, text in texts.items():
            if isinstance(text, str):
                where = pointer("text_modules", index, "texts", language)
                yield from _faults_of(where, text, is_reason=module.get("use") == "decline")


def _faults_of(where: str, text: str, *, is_reason: bool) -> Iterator[FieldError]:
    if is_reason and MAX_REASON_LENGTH < len(text.strip()) <= MAX_TEXT_LENGTH:
        yield FieldError(where, "too_long", f"The reason of declining has {MAX_REASON_LENGTH} characters at most.")
    if unknown := sorted({name for name in _PLACEHOLDER.findall(text) if name not in PLACEHOLDERS}):
        listed, known = ", ".join(f"{{{name}}}" for name in unknown), ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        yield FieldError(where, "unknown_text_placeholder", f"There is no {listed}; the placeholders are {known}.")


def filled(document: Json, locale: str, values: Mapping[str, str | None]) -> list[Json]:
    """Return each text module in one language, or else in the one that it has, with `values` for its placeholders.

    A placeholder without a value stays, so that whoever uses the text sees what is missing.
    """
    return [
        {name: module[name] for name in ("module", "name", "use")}
        | {"text": _PLACEHOLDER.sub(lambda found: values.get(found[1]) or found[0], _text_in(module["texts"], locale))}
        for module in document["text_modules"]
    ]


def _text_in(texts: Mapping[str, str], locale: str) -> str:
    return texts.get(locale) or texts.get(FALLBACK) or next(iter(texts.values()))


# -- both ---------------------------------------------------------------------------------------------------------


def _repeated(body: Any, member: str, name: str) -> Iterator[FieldError]:
    seen = set()
    for index, each in enumerate(_list(body, member)):
        value = each.get(name) if isinstance(each, Mapping) else None
        if not isinstance(value, str):
            continue
        if value in seen:
            yield FieldError(pointer(member, index, name), "duplicate_id", f"{value} stands here twice.")
        seen.add(value)


def _objects(parent: Any, member: str) -> list[Mapping[str, Any]]:
    return [each for each in _list(parent, member) if isinstance(each, Mapping)]


def _list(parent: Any, member: str) -> list[Any]:
    listed = parent.get(member) if isinstance(parent, Mapping) else None
    return listed if isinstance(listed, list) else []
