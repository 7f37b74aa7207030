"""Who calls the API, and the tokens that Cognito would have given them."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]

KEY = b"the gateway of the lab trusts this key alone"
LIFETIME = timedelta(minutes=15)


@dataclass(frozen=True)
class User:
    username: str
    group: str | None
    account_id: str | None = None
    role: str | None = None
    """None: the token names none, as for users whose role nobody has set."""
    token_use: str = "id"
    age: timedelta = timedelta(0)
    """How long ago the token was issued; it lives a quarter of an hour."""
    overrides: tuple[tuple[str, Any], ...] = ()
    sub: str | None = None
    """Of a user whom the pool has made; None: made of the name."""

    @property
    def user_id(self) -> str:
        """The claim `sub`."""
        if self.sub:
            return self.sub
        digest = hashlib.sha256(self.username.encode()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"

    @property
    def email(self) -> str:
        return self.username if "@" in self.username else f"{self.username}@example.com"

    @property
    def with_access_token(self) -> "User":
        return replace(self, token_use="access")

    @property
    def expired(self) -> "User":
        return replace(self, age=LIFETIME + timedelta(seconds=1))

    def claiming(self, **claims: Any) -> "User":
        """With other claims than Cognito's (None: without); `custom_account_id` is `custom:account_id`."""
        named = {
            name.replace("custom_", "custom:", 1).replace("cognito_", "cognito:", 1): value
            for name, value in claims.items()
        }
        return replace(self, overrides=(*self.overrides, *named.items()))

    def token(self, issuer: str, audience: str, now: datetime) -> str:
        issued = int((now - self.age).timestamp())
        claims: Json = {
            "sub": self.user_id,
            "iss": issuer,
            "token_use": self.token_use,
            "auth_time": issued,
            "iat": issued,
            "exp": issued + int(LIFETIME.total_seconds()),
            "jti": f"{self.user_id[:-4]}0001",
            "origin_jti": f"{self.user_id[:-4]}0002",
        }
        if self.group:
            claims["cognito:groups"] = [self.group]
        if self.token_use == "id":
            claims |= {"aud": audience, "cognito:username": self.username, "email": self.email, "email_verified": True}
            if self.account_id:
                claims["custom:account_id"] = self.account_id
            if self.role:
                claims["role"] = self.role
        else:
            claims |= {"client_id": audience, "username": self.username, "scope": "aws.cognito.signin.user.admin"}
        claims |= dict(self.overrides)
        return sign({name: value for name, value in claims.items() if value is not None})


@dataclass(frozen=True)
class Users:
    customer: User = User("anna", "customers", "acme")
    colleague: User = User("axel", "customers", "acme")
    """A second user of the customer's account."""
    viewer: User = User("viola", "customers", "acme", "viewer")
    buyer: User = User("boris", "customers", "acme", "buyer")
    """These two are of the customer's account, too."""
    other_customer: User = User("bruno", "customers", "bolt")
    """Of another account."""
    suspended: User = User("sven", "customers", "slate")
    reseller: User = User("rita", "customers", "relay")
    sub_customer: User = User("sara", "customers", "relay-north")
    other_sub_customer: User = User("stan", "customers", "relay-south")
    """These two are of sub-accounts of the reseller."""
    cs: User = User("clara", "customer-success")
    cs2: User = User("conrad", "customer-success")
    auditor: User = User("astrid", "customer-success", role="auditor")
    agent: User = User("arno", "customer-success", role="agent")
    stranger: User = User("otto", None)
    """Signed in, in no group and with no account."""


def sign(claims: Json) -> str:
    signed = ".".join(_encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    return f"{signed}.{_signature(signed)}"


def read(token: str) -> Json:
    """The claims of a token of the lab; ValueError if it is none."""
    signed, _, signature = token.rpartition(".")
    if signed.count(".") != 1 or not hmac.compare_digest(signature, _signature(signed)):
        raise ValueError("not signed by the lab")
    claims: Json = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    return claims


def _signature(signed: str) -> str:
    return _encode(hmac.digest(KEY, signed.encode(), "sha256"))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
