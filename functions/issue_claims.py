"""Say in each id token what its user may do: Cognito calls this before it issues one, at sign-in and at each refresh.

The table decides, not the user pool: its item of the person has the roles, and that of a service user the scopes. A
user whom the table does not know is one of an earlier release, made with the command line of AWS. Whoever is in a group
of the pool is adopted into the table; anybody else gets a token that allows nothing.

Of those who sign in at the provider of staff (`StaffProvider`), the provider's groups give the role, and the table has
them as the provider describes them. Only Cognito makes such users, and only it writes their groups.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from online_orders.aws import sign_ins, user_pool
from online_orders.aws.keys import Item, person_key
from online_orders.aws.people_store import person_of
from online_orders.aws.service_user_store import StoredServiceUser, record_use
from online_orders.aws.table import get
from online_orders.clock import now
from online_orders.domain.errors import Forbidden
from online_orders.domain.grants import parse_grants
from online_orders.domain.people import Identity, Person, adopted, from_provider
from online_orders.domain.role_mapping import highest_role, parse_groups, parse_role_mapping
from online_orders.domain.roles import Group
from online_orders.environment import environment
from online_orders.http.claims import (
    ACCOUNT,
    SCOPES,
    SECOND_FACTOR,
    IssuedClaims,
    claims_of_person,
    claims_of_service_user,
)
from online_orders.telemetry import logger, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_SIDES: tuple[Group, ...] = ("customer-success", "customers")
"""Whoever is in both groups of the pool is staff."""
_PROVIDER_GROUPS = "profile"
"""The attribute to which the template maps the groups of the provider of staff."""
_WITHOUT_SECRET = {"TokenGeneration_RefreshTokens", "TokenGeneration_HostedAuth"}
"""What Cognito issues a token for: a refresh token, and a sign-in at its page, where only people sign in."""
_FEDERATED = "EXTERNAL_PROVIDER"
"""The status of a user whom Cognito has made from what a provider said."""


@redact_exceptions
@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Return the event with the claims to write, as Cognito's trigger before token generation takes it (version 1).

    Raises Forbidden for somebody who may act for nobody any more, and then there is no token.
    """
    attributes = event["request"]["userAttributes"]
    item = get(person_key(attributes["sub"]))
    if is_of_provider := _is_of_provider(attributes):
        issued: IssuedClaims | None = _of_provider(item, attributes)
    else:
        issued = _of_stored(item, event) if item else _of_pool(event["request"])
    if issued:
        if _needs_second_factor(issued) and (
            is_of_provider or user_pool.has_second_factor(event["userPoolId"], event["userName"])
        ):
            issued.added[SECOND_FACTOR] = "true"
        event["response"]["claimsOverrideDetails"] = {
            "claimsToAddOrOverride": issued.added,
            "claimsToSuppress": issued.suppressed,
            "groupOverrideDetails": {"groupsToOverride": [issued.group], "iamRolesToOverride": []},
        }
    return event


def _needs_second_factor(issued: IssuedClaims) -> bool:
    """Return whether the API asks for a second factor; a service user has none."""
    is_staff = issued.group == "customer-success" and SCOPES not in issued.added
    return is_staff and environment("STAFF_SECOND_FACTOR") == "required"


def _is_of_provider(attributes: dict[str, str]) -> bool:
    """Return whether Cognito has made the user from what the provider of staff said.

    No user can write what this is read from. A user of the pool who was linked to the provider by hand is none of it:
    the pool's own password would give the role of the provider's groups.
    """
    name = environment("STAFF_PROVIDER")
    if not name or attributes.get("cognito:user_status", _FEDERATED) != _FEDERATED:
        return False
    identities = json.loads(attributes.get("identities", "[]"))
    return any(each["providerName"] == name for each in identities)


def _of_provider(item: Item | None, attributes: dict[str, str]) -> IssuedClaims:
    groups = parse_groups(attributes.get(_PROVIDER_GROUPS))
    role = highest_role(groups, parse_role_mapping(environment("STAFF_ROLE_MAPPING")))
    if role is None:
        logger.warning("no group of the provider gives a role", extra={"groups": len(groups)})
        raise _ended()
    stored = person_of(item)
    if item and (stored is None or stored.person.group != "customer-success"):
        raise _ended()
    email = attributes["email"]
    person = sign_ins.store_described(
        stored,
        lambda known: from_provider(known, attributes["sub"], email, attributes.get("name") or email, role),
        now(),
    )
    issued = _of_person(person, attributes)
    return issued._replace(suppressed=[*issued.suppressed, _PROVIDER_GROUPS])


def _of_stored(item: Item, event: dict[str, Any]) -> IssuedClaims:
    attributes = event["request"]["userAttributes"]
    if stored := person_of(item):
        if stored.person.provider == "staff":  # the provider is there no more, or another one
            raise _ended()
        issued = _of_person(stored.person, attributes)
        sign_ins.record_sign_in(stored, now())
        return issued
    if event["triggerSource"] in _WITHOUT_SECRET:
        # A refresh token of a secret that is renewed since would be good for a day.
        raise Forbidden("forbidden", "A service user shows its secret for each token.")
    machine = StoredServiceUser.from_item(item)
    found = claims_of_service_user(parse_grants(item["grants"]["S"]), machine.user.name)
    if found is None:
        raise _ended()
    record_use(machine, now())
    return found


def _of_pool(request: dict[str, Any]) -> IssuedClaims | None:
    """Return the claims of a user whom the table does not know; None where the pool names no side and account."""
    attributes = request["userAttributes"]
    named = request["groupConfiguration"].get("groupsToOverride") or []
    try:
        person = adopted(
            Identity(
                user_id=attributes["sub"],
                email=attributes.get("email", ""),
                name=attributes.get("name"),
                has_signed_in=True,
                group=next((side for side in _SIDES if side in named), None),
                account_id=attributes.get(ACCOUNT) or None,
            )
        )
    except ValidationError:
        logger.exception("a user could not be adopted: the pool has no valid address and name")
        return None
    return _of_person(sign_ins.adopt(person, now()), attributes) if person else None


def _of_person(person: Person, attributes: dict[str, str]) -> IssuedClaims:
    issued = claims_of_person(person, attributes.get(ACCOUNT))
    if issued is None:
        raise _ended()
    return issued


def _ended() -> Forbidden:
    return Forbidden("forbidden", "Your access has ended.")
