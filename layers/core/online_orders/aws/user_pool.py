"""Call the user pool, which knows who somebody is: identities, their passwords, and whether they may sign in.

What somebody may do stands in the table (`people_store`). An identity alone may do nothing, so making one is harmless
and is repeated freely. Of an address there is one identity; the pool does not tell capitals from small letters.

| call                   | by                 | for                                                              |
|------------------------|--------------------|------------------------------------------------------------------|
| AdminCreateUser        | the route          | the identity of an address; its password is known to nobody      |
| AdminSetUserPassword   | the route          | the secret of a service user                                     |
| AdminInitiateAuth      | the token route    | the token of a service user                                      |
| AdminGetUser           | the route, effects | the identity that exists; whether it has a password of its own   |
|                        | the trigger        | whether a member of staff has a second factor                    |
| AdminListGroupsForUser | the route          | the side of a user of an earlier release                         |
| AdminSetUserPassword   | effects            | the first password of an invitation                              |
| AdminDisableUser       | effects            | somebody who may act for no team any more                        |
| AdminEnableUser        | effects            | somebody who may act again                                       |
| AdminUserGlobalSignOut | effects            | somebody who lost a team: refresh tokens end, tokens run out     |
"""

from __future__ import annotations

from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from online_orders.aws.clients import client, error_code
from online_orders.domain.errors import FieldError, Invalid
from online_orders.domain.people import Identity, managed_elsewhere
from online_orders.domain.roles import Group
from online_orders.environment import environment

NEVER_SIGNED_IN = "FORCE_CHANGE_PASSWORD"
"""The status of a user who has not chosen a password yet."""

_REFUSALS = {
    "NotAuthorizedException",
    "PasswordResetRequiredException",
    "UserLambdaValidationException",
    "UserNotConfirmedException",
    "UserNotFoundException",
}
"""What the pool says to a sign-in that it, or the trigger, refuses."""


class PoolUser(NamedTuple):
    """A user as the pool has it."""

    user_id: str
    attributes: dict[str, str]
    status: str
    is_enabled: bool
    """Whether the user may sign in."""

    @property
    def has_signed_in(self) -> bool:
        return self.status != NEVER_SIGNED_IN

    @classmethod
    def from_response(cls, user: Any, attributes: str) -> PoolUser:
        named = {each["Name"]: each["Value"] for each in user[attributes]}
        return cls(named["sub"], named, user["UserStatus"], user["Enabled"])


def has_pool() -> bool:
    """Return whether the installation's users are those of the pool; False with an identity provider of its own."""
    return bool(environment("USER_POOL_ID"))


def require_pool() -> None:
    """Raise StateConflict where the installation's users are those of an identity provider of its own."""
    if not has_pool():
        raise managed_elsewhere()


def find_or_create(email: str, name: str) -> Identity:
    """Return the identity of an address; create it where there is none. `name` is for a new one.

    Raises Invalid for an address that the pool does not take: its own rules for addresses are narrower than ours.
    """
    try:
        user = _create(email, name, is_verified=True)
    except ClientError as error:
        if error_code(error) == "InvalidParameterException":
            detail = "The sign-in does not take this address."
            raise Invalid([FieldError("/email", "not_allowed", detail)]) from error
        if error_code(error) != "UsernameExistsException":
            raise
        existing = find(email)
        if existing is None:  # deleted since
            raise
        return _identity(existing)
    return Identity(user.user_id, user.attributes.get("email", email), name, has_signed_in=False)


def _identity(user: PoolUser) -> Identity:
    """Return an identity that existed; the group and the account are those of a user of an earlier release.

    A user whom an operator has disabled has neither any more: an invitation elsewhere enables the user, and must not
    give back what was taken.
    """
    identity = Identity(user.user_id, user.attributes["email"], user.attributes.get("name"), user.has_signed_in)
    if not user.is_enabled:
        return identity
    return identity._replace(group=_group(user.user_id), account_id=user.attributes.get("custom:account_id"))


def _group(user_id: str) -> Group | None:
    """Return the side by the pool's groups; whoever is in both is staff."""
    listed = {each["GroupName"] for each in _call("admin_list_groups_for_user", user_id)["Groups"]}
    if "customer-success" in listed:
        return "customer-success"
    return "customers" if "customers" in listed else None


def create_service_identity(username: str, name: str) -> str:
    """Create the identity of a service user, and return its id.

    Its address is not verified, so that nobody can have a code mailed there in place of the secret.
    """
    return _create(username, name, is_verified=False).user_id


def _create(address: str, name: str, *, is_verified: bool) -> PoolUser:
    """Create a user with a password that nobody knows, and without a mail of the pool's own."""
    attributes = {"email": address, "email_verified": "true" if is_verified else "false", "name": name}
    response = _call(
        "admin_create_user",
        address,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": key, "Value": value} for key, value in attributes.items()],
    )
    return PoolUser.from_response(response["User"], "Attributes")


def set_secret(user_id: str, secret: str) -> None:
    """Set the secret of a service user as its password, in place of the one before."""
    _call("admin_set_user_password", user_id, Password=secret, Permanent=True)


def issue_token(username: str, secret: str) -> str | None:
    """Return an id token for a service user; None where pool or trigger refuse, or ask for more.

    The refresh token that the pool issues beside it is given to nobody.
    """
    try:
        response = client("cognito-idp").admin_initiate_auth(
            UserPoolId=environment("USER_POOL_ID"),
            ClientId=environment("USER_POOL_CLIENT_ID"),
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": secret},
        )
    except ClientError as error:
        if error_code(error) not in _REFUSALS:
            raise
        return None
    # There is none where the pool asks for more, such as a code: a program answers no question.
    token: str | None = response.get("AuthenticationResult", {}).get("IdToken")
    return token


def find(username: str) -> PoolUser | None:
    """Return a user by id (`sub`) or address; None where there is none."""
    response = _find(environment("USER_POOL_ID"), username)
    return PoolUser.from_response(response, "UserAttributes") if response else None


def has_second_factor(user_pool_id: str, username: str) -> bool:
    """Return whether a user of a pool is asked for a second factor at every sign-in; False where there is none.

    The pool is named because the function that asks is called by it, so the template cannot tell that function.
    """
    response = _find(user_pool_id, username)
    return bool(response and response.get("UserMFASettingList"))


def _find(user_pool_id: str, username: str) -> Any:
    """Return the pool's response about a user; None where there is none."""
    try:
        return client("cognito-idp").admin_get_user(UserPoolId=user_pool_id, Username=username)
    except ClientError as error:
        if error_code(error) != "UserNotFoundException":
            raise
        return None


def set_first_password(user_id: str, password: str) -> None:
    """Set a password that the user must replace at the first sign-in."""
    _call("admin_set_user_password", user_id, Password=password, Permanent=False)


def allow_sign_in(user_id: str) -> None:
    _call("admin_enable_user", user_id)


def deny_sign_in(user_id: str) -> None:
    """Disable a user: no sign-in and no refresh. Tokens that are out run out by themselves."""
    _call("admin_disable_user", user_id)


def sign_out(user_id: str) -> None:
    """End all refresh tokens of a user."""
    _call("admin_user_global_sign_out", user_id)


def _call(method: str, username: str, **parameters: Any) -> Any:
    return getattr(client("cognito-idp"), method)(
        UserPoolId=environment("USER_POOL_ID"), Username=username, **parameters
    )
