"""The user pool's part before it issues an id token: it calls the trigger, and writes the claims that come back.

Cognito fails closed: an error of the trigger, or an answer that it does not understand, means that there is no token.
"""

from dataclasses import replace
from typing import Any

from tests.lab.bridge import Functions
from tests.lab.users import User

Json = dict[str, Any]

PROTECTED = frozenset(
    (
        *("acr", "amr", "at_hash", "aud", "auth_time", "azp", "cognito:username", "exp", "iat", "identities"),
        *("iss", "jti", "nbf", "nonce", "origin_jti", "sub", "token_use"),
    )
)
"""What no trigger may write (Cognito's developer guide, "Pre token generation Lambda trigger")."""


def event_of(
    user: User, source: str = "TokenGeneration_Authentication", *, pool: str = "eu-central-1_Lab000001"
) -> Json:
    """What the trigger gets, version 1."""
    attributes = {
        "sub": user.user_id,
        "cognito:user_status": "CONFIRMED",
        "email_verified": "true",
        "email": user.email,
    }
    if user.account_id:
        attributes["custom:account_id"] = user.account_id
    return {
        "version": "1",
        "triggerSource": source,
        "region": "eu-central-1",
        "userPoolId": pool,
        "userName": user.user_id,
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": "0labclient0000000000000000"},
        "request": {
            "userAttributes": attributes,
            "groupConfiguration": {
                "groupsToOverride": [user.group] if user.group else [],
                "iamRolesToOverride": [],
                "preferredRole": None,
            },
        },
        "response": {"claimsOverrideDetails": None},
    }


def issued(user: User, functions: Functions, trigger: str, pool: str) -> User | None:
    """The user with the claims of a fresh token; None where the trigger fails. An access token is left as it is."""
    if user.token_use != "id":
        return user
    invocation = functions.invoke(trigger, event_of(user, pool=pool))
    if invocation.failure:
        return None
    details = invocation.payload["response"]["claimsOverrideDetails"]
    if details is None:
        return user
    added, suppressed = details.get("claimsToAddOrOverride", {}), details.get("claimsToSuppress", [])
    assert not PROTECTED.intersection([*added, *suppressed]), "Cognito would write no such claim"
    assert all(isinstance(value, str) for value in added.values()), "in version 1 a claim is a text"
    groups = details.get("groupOverrideDetails", {}).get("groupsToOverride")
    claims = {**dict.fromkeys(suppressed), **added, **({} if groups is None else {"cognito:groups": groups})}
    # What a test has made up of the token stands, as a forged token would have it.
    return replace(user, overrides=(*claims.items(), *user.overrides))
