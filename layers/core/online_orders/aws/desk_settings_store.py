"""Store what the desk sets for itself, one document each: its teams, its text modules, its policy of discounts.

A change is one transaction: the document, on the condition of the version before, and the entry of the audit trail.
Nothing is stored before the first change; the document is then empty, and has version 0.
"""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from online_orders.aws import grant_check, people_store
from online_orders.aws.audit_store import audit_write
from online_orders.aws.keys import Item, Key, discount_policy_key, person_key, teams_key, text_modules_key
from online_orders.aws.table import (
    IF_NOT_EXISTS,
    Items,
    WriteConflict,
    attempts,
    get,
    get_all,
    if_version,
    number,
    text,
    transact,
)
from online_orders.clock import now
from online_orders.domain import audit
from online_orders.domain.callers import Caller
from online_orders.domain.desk_settings import parse_teams, parse_text_modules, user_ids_of, without_member
from online_orders.domain.erasure import Person as ErasedPerson
from online_orders.domain.errors import InProgress, TooLarge
from online_orders.domain.order_parts import User
from online_orders.domain.roles import DESK
from online_orders.domain.values import instant_text

if TYPE_CHECKING:
    from online_orders.domain.proposals import DiscountPolicy

Json = dict[str, Any]
Setting = Literal["teams", "text_modules", "discount_policy"]
CheckVersion = Callable[[int], None]
MAX_DOCUMENT_BYTES = 350 * 1024
_BATCH = 100


class StoredSetting(NamedTuple):
    """A document as it is stored; version 0: nothing was stored yet."""

    document: Json
    version: int


_KEYS: Mapping[Setting, Callable[[], Key]] = {
    "teams": teams_key,
    "text_modules": text_modules_key,
    "discount_policy": discount_policy_key,
}


def _key_of(setting: Setting) -> Key:
    return _KEYS[setting]()


def _empty(setting: Setting) -> Json:
    if setting == "discount_policy":
        return {"percent": None, "amounts": {}, "margin_percent": None}
    return {setting: []}


def _from_item(setting: Setting, item: Item | None) -> StoredSetting:
    if item is None:
        return StoredSetting(_empty(setting), 0)
    return StoredSetting(json.loads(item["document"]["S"]), int(item["version"]["N"]))


def get_setting(setting: Setting) -> StoredSetting:
    return _from_item(setting, get(_key_of(setting)))


def team_ids() -> set[str]:
    """Return the ids of the desk's teams."""
    return {team["team"] for team in get_setting("teams").document["teams"]}


def replace_teams(body: Any, by: Caller, check_version: CheckVersion) -> StoredSetting:
    """Replace all teams; return them as stored.

    A member is one of the staff, deactivated or not, or is in the teams already. `check_version` gets the present
    version. Raises Invalid with every fault, Forbidden for a caller who may no longer do this, and InProgress when
    others keep changing the teams.
    """
    named = user_ids_of(body)
    staff = _staff_among(named)

    def parse(before: Json) -> Json:
        kept = {user for team in before["teams"] for user in team["members"]}
        return parse_teams(body, staff | kept)

    return _replace("teams", parse, by, check_version)


def _staff_among(user_ids: Collection[str]) -> set[str]:
    found, ids = Items(), sorted(user_ids)
    for start in range(0, len(ids), _BATCH):
        keys = [person_key(user_id) for user_id in ids[start : start + _BATCH]]
        read = get_all(keys)
        for key in keys:
            if item := read.get(key):
                found.add(item)
    people = {user_id: people_store.person_of(found.get(person_key(user_id))) for user_id in ids}
    return {user_id for user_id, stored in people.items() if stored and stored.person.membership(DESK)}


def replace_text_modules(body: Any, by: Caller, check_version: CheckVersion) -> StoredSetting:
    """Replace all text modules; return them as stored. Raises as `replace_teams`, and TooLarge."""
    return _replace("text_modules", lambda _before: parse_text_modules(body), by, check_version)


def discount_policy() -> "DiscountPolicy":
    """Return how much the desk's agents may take off without asking."""
    from online_orders.domain.proposals import DiscountPolicy  # needed by few requests of the desk

    return DiscountPolicy.model_validate(get_setting("discount_policy").document)


def replace_discount_policy(body: Any, by: Caller, check_version: CheckVersion) -> StoredSetting:
    """Replace the policy of discounts; return it as stored. Raises as `replace_teams`."""
    from online_orders.domain.proposals import parse_policy

    return _replace("discount_policy", lambda _before: parse_policy(body), by, check_version)


def _replace(setting: Setting, parse: Callable[[Json], Json], by: Caller, check_version: CheckVersion) -> StoredSetting:
    key = _key_of(setting)
    for _ in attempts():
        found = get_all([key, *grant_check.keys_of(by)])
        grant_check.require_still_allowed(found, by)
        before = _from_item(setting, found.get(key))
        after = parse(before.document)
        check_version(before.version)
        if after == before.document:
            return before
        try:
            return _store(setting, before, after, by.user, now())
        except WriteConflict:
            continue
    raise InProgress("Others keep changing this; nothing was done.")


def _store(setting: Setting, before: StoredSetting, after: Json, by: User, at: datetime) -> StoredSetting:
    """Store a document in place of `before`; raise WriteConflict when that has changed."""
    written = json.dumps(after, ensure_ascii=False, separators=(",", ":"))
    if len(written.encode()) > MAX_DOCUMENT_BYTES:
        raise TooLarge(f"All of them together have {MAX_DOCUMENT_BYTES // 1024} KB at most.")
    item = {
        **_key_of(setting),
        "version": number(before.version + 1),
        "changed_by": text(by.shown_name),
        "changed_at": text(instant_text(at)),
        "document": text(written),
    }
    entry = audit.entry(at, by, setting, setting, "changed", was=before.document, now=after)
    condition = if_version(before.version) if before.version else IF_NOT_EXISTS
    transact([{"Put": {"Item": item, **condition}}, audit_write(entry)])
    return StoredSetting(after, before.version + 1)


# -- erasing ------------------------------------------------------------------------------------------------------


def remove_member(user_id: str) -> None:
    """Remove somebody who is erased from all teams; operators alone do this.

    Raises InProgress when others keep changing the teams.
    """
    for _ in attempts():
        before = get_setting("teams")
        after = without_member(before.document, user_id)
        if after == before.document:
            return
        try:
            _store("teams", before, after, audit.OPERATOR, now())
        except WriteConflict:
            continue
        return
    raise InProgress("Others keep changing the teams; run this again.")


def text_modules_naming(person: ErasedPerson) -> list[str]:
    """Return the ids of the text modules whose names or texts name a person."""
    modules = get_setting("text_modules").document["text_modules"]
    return [each["module"] for each in modules if person.is_named_in_any(each)]
