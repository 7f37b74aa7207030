"""Service users: programs that sign in by a client id and a secret, for one account or for the desk.

A service user has scopes in place of a role, and no second factor. Its secret is shown once. What is stored of it is a
SHA-256, which tells a wrong secret before the identity provider is asked.
"""

import hmac
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from online_orders.domain.errors import FieldError, StateConflict
from online_orders.domain.field_errors import pointer, validate
from online_orders.domain.grants import grants_text
from online_orders.domain.order_parts import User
from online_orders.domain.people import side_of_team
from online_orders.domain.roles import DESK, SCOPES, Permission
from online_orders.domain.values import (
    BlankIsAbsent,
    Entity,
    Identifier,
    Instant,
    Length,
    Name,
    Request,
    absent_when_blank,
    is_identifier,
)

MAX_OF_TEAM = 100
"""Service users of an account, or of the desk, deactivated ones included."""
READ_ONLY = frozenset({"user_id", "account_id", "last_used_on", "created_by", "created_at"})
ADDRESS_DOMAIN = "service-users.invalid"
"""Of the pool's user names, which are addresses; no mail is ever sent there."""


class ServiceUserState(StrEnum):
    ACTIVE = "active"
    DEACTIVATED = "deactivated"


class ServiceUser(Entity):
    """One identity of the pool; stored as one item, so that its version is the lock of every change."""

    user_id: str
    """The `sub` of its tokens, and its client id."""
    username: str
    """The pool's name for it, an address."""
    name: Name
    account_id: Identifier | None
    """None at the desk."""
    scopes: tuple[Permission, ...]
    state: ServiceUserState = ServiceUserState.ACTIVE
    last_used_on: date | None = None
    """The day (UTC) on which a token was last issued."""
    created_by: User
    created_at: Instant
    secret_sha256: str

    @property
    def team(self) -> str:
        return DESK if self.account_id is None else self.account_id

    @property
    def is_active(self) -> bool:
        return self.state is ServiceUserState.ACTIVE

    @property
    def grants(self) -> str:
        """Return what it may do now, as it is stored beside the document."""
        return grants_text({self.team: self.scopes} if self.is_active else {})

    def has_secret(self, secret: str) -> bool:
        """Return whether a secret is the newest one, by a comparison in constant time."""
        return hmac.compare_digest(self.secret_sha256.encode(), fingerprint(secret).encode())


class ServiceUserUpdate(NamedTuple):
    """A service user as changed."""

    user: ServiceUser
    action: str
    """The action of the audit entry."""


def service_user_row(user: ServiceUser) -> dict[str, Any]:
    """Return the service user as the API answers it."""
    return user.model_dump(mode="json", exclude={"username", "secret_sha256"})


# -- the secret ---------------------------------------------------------------------------------------------------


def fingerprint(secret: str) -> str:
    """Return what is stored of a secret; it has so many random bits that nobody can search for it."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


# -- what is asked for --------------------------------------------------------------------------------------------

_ALL_SCOPES = [*SCOPES["customers"], *SCOPES["customer-success"]]
Scopes = Annotated[
    tuple[Annotated[str, Field(json_schema_extra={"enum": [each.value for each in _ALL_SCOPES]})], ...],
    Length(1, len(_ALL_SCOPES)),
]
"""Which of them are allowed depends on the team."""


def _no_address(name: str) -> str:
    if "@" in name:
        raise PydanticCustomError("not_allowed", "the name has no @, so that nobody takes it for a person's address")
    return name


ServiceUserName = Annotated[Name, AfterValidator(_no_address)]


class NewServiceUser(Request):
    """A service user of the own account."""

    name: ServiceUserName
    scopes: Scopes


class NewDeskServiceUser(NewServiceUser):
    """A service user of an account or, without one, of the desk."""

    account_id: Annotated[Identifier | None, BlankIsAbsent] = None


class ServiceUserRequest(Request):
    """A change of a service user; what is left out stays."""

    name: ServiceUserName | None = None
    scopes: Scopes | None = None
    state: ServiceUserState | None = None


def parse_new(body: Any, team: str) -> NewServiceUser:
    """Return the service user that a team asks for; raise Invalid with every error."""
    return validate(NewServiceUser, body, extra_errors=_scope_errors(body, team))


def parse_new_of_any_team(body: Any, *, has_account: bool | None) -> NewDeskServiceUser:
    """Return the service user that the desk asks for, for itself or for an account; raise Invalid with every error.

    `has_account` says whether there is the account that the body names (see `named_account`); None: it names none.
    """
    asked = absent_when_blank(body.get("account_id")) if isinstance(body, Mapping) else None
    found = _scope_errors(body, DESK if asked is None else "any account")
    if has_account is False:
        found.append(FieldError("/account_id", "unknown_account", "There is no such account."))
    return validate(NewDeskServiceUser, body, extra_errors=found)


def named_account(body: Any) -> str | None:
    """Return the account that a body names; None for none, and for what cannot be one."""
    account_id = body.get("account_id") if isinstance(body, Mapping) else None
    return account_id if isinstance(account_id, str) and is_identifier(account_id) else None


def _scope_errors(body: Any, team: str) -> list[FieldError]:
    """Return the errors of scopes that a team's side does not have; other errors are the schema's."""
    scopes, known = body.get("scopes") if isinstance(body, Mapping) else None, SCOPES[side_of_team(team)]
    detail = f"A scope is one of this side: {', '.join(known)}."
    return [
        FieldError(pointer("scopes", index), "not_allowed", detail)
        for index, each in enumerate(scopes[: len(_ALL_SCOPES)] if isinstance(scopes, list) else ())
        if isinstance(each, str) and each not in known
    ]


def _in_order(team: str, scopes: Iterable[str]) -> tuple[Permission, ...]:
    """Return scopes in the product's order, each once."""
    asked = {*scopes}
    return tuple(each for each in SCOPES[side_of_team(team)] if each in asked)


def too_many() -> StateConflict:
    """Return the refusal of a further service user of a team that has as many as it may."""
    detail = f"There are {MAX_OF_TEAM} service users. Rename one that is not used, and renew its secret."
    return StateConflict("too_many_service_users", detail)


# -- the changes --------------------------------------------------------------------------------------------------


def create(
    request: NewServiceUser, team: str, *, user_id: str, username: str, secret: str, by: User, at: datetime
) -> ServiceUser:
    """Return a new service user of a team."""
    return ServiceUser(
        user_id=user_id,
        username=username,
        name=request.name,
        account_id=None if team == DESK else team,
        scopes=_in_order(team, request.scopes),
        created_by=by,
        created_at=at,
        secret_sha256=fingerprint(secret),
    )


def change(user: ServiceUser, body: Any) -> ServiceUserUpdate:
    """Return a service user as a body changes it, ignoring its read-only members; the same one where nothing changes.

    Raises Invalid with every error.
    """
    if isinstance(body, Mapping):
        body = {name: value for name, value in body.items() if name not in READ_ONLY}
    request = validate(ServiceUserRequest, body, extra_errors=_scope_errors(body, user.team))
    state = request.state or user.state
    after = user.model_copy(
        update={
            "name": request.name or user.name,
            "scopes": user.scopes if request.scopes is None else _in_order(user.team, request.scopes),
            "state": state,
        }
    )
    if state is user.state:
        return ServiceUserUpdate(after, "changed")
    return ServiceUserUpdate(after, "reactivated" if after.is_active else "deactivated")


def renew_secret(user: ServiceUser, secret: str) -> ServiceUserUpdate:
    """Return a service user with a new secret; the one before is refused from now on."""
    return ServiceUserUpdate(user.model_copy(update={"secret_sha256": fingerprint(secret)}), "secret_renewed")
