"""Create the people, accounts and price lists that the sandbox begins with.

Accounts and price lists are stored through the product's own routes, as by Customer Success; users by Cognito's calls
for operators. With a catalog of one's own, that is published first, with its own price lists; the accounts then have
its equipment and are in its groups.
"""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import urllib3

from sandbox import SandboxError
from sandbox.own_catalog import OwnCatalog

PASSWORD = "Sandbox-Pass-1"
STORED = {200, 201}
CS_MAILBOX = "customer-success@vendor.example"
SENDER = "orders@vendor.example"

Account = dict[str, Any]


@dataclass(frozen=True)
class User:
    """A user; `role` as in sandbox.json. A reseller is a customer whose account has sub-accounts."""

    username: str
    email: str
    role: str
    account_id: str | None
    further_account_id: str | None = None
    """Another account, to which the user is invited with the same role."""

    @property
    def group(self) -> str:
        return "customers" if self.account_id else "customer-success"

    @property
    def people_path(self) -> str:
        """Return where the desk lists the people of the user's team."""
        return f"accounts/{self.account_id}/people" if self.account_id else "people"

    def as_json(self) -> dict[str, str | None]:
        return {
            "username": self.username,
            "password": PASSWORD,
            "email": self.email,
            "role": self.role,
            "account_id": self.account_id,
        }


USERS = (
    User("nadia", "nadia.haddad@vendor.example", "customer-success", None),
    User("tom", "tom.okafor@vendor.example", "customer-success", None),
    User("anna", "anna.behrens@nordlicht.example", "customer", "nordlicht"),
    User("jonas", "jonas.wulf@nordlicht.example", "customer", "nordlicht"),
    User("maria", "maria.lopez@harborpine.example", "customer", "harbor-pine"),
    User("kenji", "kenji.mori@aozora.example", "customer", "aozora"),
    User("lena", "lena.frost@larkspur.example", "customer", "larkspur"),
    User("rory", "rory.byrne@brightwater.example", "reseller", "brightwater"),
    User("cora", "cora.nolan@cloverdental.example", "customer", "clover-dental"),
    User("sam", "sam.teague@tidelinesurf.example", "customer", "tideline-surf"),
    User("vera", "vera.kurz@nordlicht.example", "viewer", "nordlicht"),
    User("bjarne", "bjarne.holt@nordlicht.example", "buyer", "nordlicht", "harbor-pine"),
    User("iris", "iris.vance@vendor.example", "auditor", None),
    User("amir", "amir.nasser@vendor.example", "agent", None),
)
GIVEN_ROLES = {"viewer", "buyer", "auditor", "agent"}
"""All others have the highest role of their side, like users of releases without roles."""


def accounts(today: date) -> list[Account]:
    """Return the accounts in an order in which they can be stored: a reseller comes before its sub-accounts."""

    def days(number: int) -> str:
        return (today + timedelta(days=number)).isoformat()

    def account(
        account_id: str,
        name: str,
        where: tuple[str, str, str],
        contact: tuple[str, str],
        sites: list[dict[str, Any]],
        parent: str | None = None,
        state: str = "active",
    ) -> Account:
        locale, currency, time_zone = where
        return {
            "account_id": account_id,
            "name": name,
            "locale": locale,
            "currency": currency,
            "time_zone": time_zone,
            "parent_account_id": parent,
            "enrollment": {
                "letter_received_on": days(-200),
                "state": state,
                "contact": {"name": contact[0], "email": contact[1]},
            },
            "sites": sites,
        }

    def site(
        site_id: str,
        name: str,
        country: str,
        address: str | None = None,
        licensed: tuple[int, int] | None = None,
        sockets: dict[str, int] | None = None,
    ) -> dict[str, Any]:
        """Return a site; `licensed` is (Mbps, days from today to the start)."""
        return {
            "site_id": site_id,
            "name": name,
            "country": country,
            "address": address,
            "license": None if licensed is None else {"bandwidth_mbps": licensed[0], "starts_on": days(licensed[1])},
            "sockets": [{"model": model, "quantity": quantity} for model, quantity in (sockets or {}).items()],
        }

    return [
        account(
            "nordlicht",
            "Nordlicht Logistik GmbH",
            ("de", "EUR", "Europe/Berlin"),
            ("Petra Vogel", "petra.vogel@nordlicht.example"),
            [
                site("hamburg", "Zentrale Hamburg", "DE", "Am Sandtorkai 12, 20457 Hamburg", (100, -400), {"X1700": 1}),
                site("rostock", "Lager Rostock", "DE", "Am Seehafen 3, 18147 Rostock", (50, 60)),
                site("kiel", "Büro Kiel", "DE"),
            ],
        ),
        account(
            "harbor-pine",
            "Harbor & Pine Coffee Roasters",
            ("en", "USD", "America/New_York"),
            ("Dana Whitfield", "dana.whitfield@harborpine.example"),
            [
                site(
                    "portland",
                    "Roastery Portland",
                    "US",
                    "48 Commercial Street, Portland, ME 04101",
                    (50, -250),
                    {"X1500": 1},
                ),
                site("boston", "Café Boston", "US", "210 Newbury Street, Boston, MA 02116", (25, 45)),
                site("providence", "Warehouse Providence", "US", "7 Terminal Road, Providence, RI 02905"),
            ],
        ),
        account(
            "aozora",
            "Aozora Design",
            ("en", "JPY", "Asia/Tokyo"),
            ("Yuki Tanaka", "yuki.tanaka@aozora.example"),
            [
                site(
                    "tokyo",
                    "Studio Tokyo",
                    "JP",
                    "2-11-3 Meguro, Meguro-ku, Tokyo 153-0063",
                    (200, -90),
                    {"X1700": 1, "X1500": 1},
                ),
                site("osaka", "Studio Osaka", "JP", None, (100, 90)),
            ],
        ),
        account(
            "larkspur",
            "Larkspur Publishing",
            ("en", "GBP", "Europe/London"),
            ("Oliver Crane", "oliver.crane@larkspur.example"),
            [site("london", "Office London", "GB", "31 Doughty Street, London WC1N 2LX", (50, -500), {"X1500": 1})],
            state="suspended",
        ),
        account(
            "brightwater",
            "Brightwater Networks",
            ("en", "EUR", "Europe/Dublin"),
            ("Aoife Kelly", "aoife.kelly@brightwater.example"),
            [
                site(
                    "dublin", "Office Dublin", "IE", "5 Grand Canal Quay, Dublin 2, D02 X525", (100, -300), {"X1700": 1}
                )
            ],
        ),
        account(
            "clover-dental",
            "Clover Dental Group",
            ("en", "EUR", "Europe/Dublin"),
            ("Niamh Farrell", "niamh.farrell@cloverdental.example"),
            [
                site("cork", "Practice Cork", "IE", "14 Patrick Street, Cork, T12 W8P4", (25, -120), {"X1500": 1}),
                site("galway", "Practice Galway", "IE", "9 Shop Street, Galway, H91 F9YT", (25, 75)),
            ],
            parent="brightwater",
        ),
        account(
            "tideline-surf",
            "Tideline Surf School",
            ("en", "EUR", "Europe/Dublin"),
            ("Jude Penrose", "jude.penrose@tidelinesurf.example"),
            [site("lahinch", "Beach House Lahinch", "IE", "The Promenade, Lahinch, V95 A2W3", (25, -30), {"X1500": 1})],
            parent="brightwater",
        ),
    ]


MODELS = ("X1500", "X1700")
MAX_GROUPS = 20
"""Of an account, as in the product."""
IN_GROUPS = ("brightwater", "nordlicht", "harbor-pine", "aozora")
"""Who is in the groups of a catalog of one's own, one account in each, the reseller in the first."""


def fitted(account: Account, document: dict[str, Any]) -> Account:
    """Return an account with equipment and groups of a catalog in place of the models of the one that ships."""
    equipment = document["equipment"]
    instead = {model: equipment[min(place, len(equipment) - 1)] for place, model in enumerate(MODELS) if equipment}

    def sockets(site: dict[str, Any]) -> list[dict[str, Any]]:
        found: dict[str, int] = {}
        for stock in site["sockets"] if equipment else ():
            model = instead[stock["model"]]
            found[model] = found.get(model, 0) + stock["quantity"]
        return [{"model": model, "quantity": quantity} for model, quantity in found.items()]

    groups = [
        group["group"]
        for place, group in enumerate(document["groups"])
        if IN_GROUPS[place % len(IN_GROUPS)] == account["account_id"]
    ]
    sites = [{**site, "sockets": sockets(site)} for site in account["sites"]]
    return {**account, "sites": sites, **({"groups": groups[:MAX_GROUPS]} if groups else {})}


PRICES = (
    ("site_bandwidth", "50", "Bandwidth up to 50 Mbps", "monthly", 95),
    ("site_bandwidth", "100", "Bandwidth up to 100 Mbps", "monthly", 160),
    ("site_bandwidth", "250", "Bandwidth up to 250 Mbps", "monthly", 310),
    ("site_bandwidth", "500", "Bandwidth up to 500 Mbps", "monthly", 520),
    ("site_early_activation", None, "Early activation", "once", 75),
    ("socket", "X1500", "Socket X1500", "once", 420),
    ("socket", "X1500", "Socket X1500, care", "monthly", 18),
    ("socket", "X1700", "Socket X1700", "once", 1_450),
    ("socket", "X1700", "Socket X1700, care", "monthly", 52),
    ("ip_addresses", None, "Public IPv4 address", "monthly", 9),
    ("sdp_users", None, "SDP user", "monthly", 6),
    ("sdp_users", "china", "SDP user, China", "monthly", 11),
    ("accessory", "rack_mount_kit", "Rack-mount kit", "once", 60),
    ("accessory", "network_card", "Network card for X1700", "once", 280),
)
"""Kind, variant, description, recurrence, euros. Bandwidth above 500 Mbps is quoted by hand."""
UNITS_PER_EURO = {"EUR": 1, "USD": 1, "GBP": 1, "JPY": 160}
"""Round figures: the sandbox's prices follow no market."""


def price_list(currency: str) -> dict[str, Any]:
    return {
        "prices": [
            {
                "kind": kind,
                "variant": variant,
                "description": description,
                "unit_price": str(euros * UNITS_PER_EURO[currency]),
                "recurrence": recurrence,
            }
            for kind, variant, description, recurrence, euros in PRICES
        ]
    }


@dataclass(frozen=True)
class Cognito:
    client: Any
    user_pool_id: str
    client_id: str

    def create(self, user: User) -> None:
        attributes = {"email": user.email, "email_verified": "true", "custom:account_id": user.account_id}
        self.client.admin_create_user(
            UserPoolId=self.user_pool_id,
            Username=user.username,
            MessageAction="SUPPRESS",
            UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items() if value is not None],
        )
        self.client.admin_set_user_password(
            UserPoolId=self.user_pool_id, Username=user.username, Password=PASSWORD, Permanent=True
        )
        self.client.admin_add_user_to_group(UserPoolId=self.user_pool_id, Username=user.username, GroupName=user.group)

    def token(self, user: User) -> str:
        """Return the id token of a user who signs in."""
        response = self.client.initiate_auth(
            ClientId=self.client_id,
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user.username, "PASSWORD": PASSWORD},
        )
        return str(response["AuthenticationResult"]["IdToken"])

    def users(self) -> list[User]:
        """Return the users to create, under the names that the pool lets them sign in with."""
        pool = self.client.describe_user_pool(UserPoolId=self.user_pool_id)["UserPool"]
        by_email = "email" in pool.get("UsernameAttributes", [])
        return [replace(user, username=user.email) if by_email else user for user in USERS]


SERVICE_USERS: tuple[dict[str, Any], ...] = (
    {"name": "Warehouse system", "account_id": "harbor-pine", "scopes": ["orders:read", "orders:write"]},
    {"name": "Reporting", "account_id": None, "scopes": ["desk:read"]},
)


async def seed(
    cognito: Cognito, users: list[User], api: str, today: date, own: OwnCatalog | None = None
) -> list[dict[str, Any]]:
    """Store users, accounts and price lists through the running product; `api` is its address.

    A catalog of one's own is published before, and its price lists replace those of the sandbox.

    Return the service users that were made, with their secrets, as sandbox.json has them.
    """
    first, *others = users
    await asyncio.to_thread(cognito.create, first)
    token = await asyncio.to_thread(cognito.token, first)
    await asyncio.gather(
        asyncio.to_thread(_in_turn, [partial(cognito.create, user) for user in others]),
        asyncio.to_thread(
            _in_turn,
            [partial(_put, api, token, path, body) for path, body in _stored(today, own)],
        ),
    )
    await asyncio.to_thread(_in_turn, [partial(_meet, cognito, api, token, user) for user in others])
    return await asyncio.to_thread(lambda: [_service_user(api, token, asked) for asked in SERVICE_USERS])


def _stored(today: date, own: OwnCatalog | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is stored through the routes of the desk, in turn: the path and the body."""
    if own is None:
        yield from ((f"accounts/{body['account_id']}", body) for body in accounts(today))
        yield from ((f"price-lists/{each}", price_list(each)) for each in UNITS_PER_EURO)
        return
    yield "catalog", own.document
    yield from ((f"accounts/{body['account_id']}", fitted(body, own.document)) for body in accounts(today))
    for each in own.price_lists:
        whose = f"?group={each['group']}" if each["group"] else ""
        yield f"price-lists/{each['currency']}{whose}", {"prices": each["prices"]}


def _service_user(api: str, token: str, asked: dict[str, Any]) -> dict[str, Any]:
    made = _send(api, token, "POST", "service-users", asked)
    return {name: made[name] for name in ("client_id", "client_secret", "account_id", "scopes")}


def _meet(cognito: Cognito, api: str, token: str, user: User) -> None:
    """Let a user sign in, by which the table gets to know it; then give it the role and the further account."""
    user_id = _subject(cognito.token(user))
    if user.role in GIVEN_ROLES:
        _put(api, token, f"{user.people_path}/{user_id}", {"role": user.role})
    if user.further_account_id:
        body = {"email": user.email, "name": user.username.title(), "role": user.role}
        _send(api, token, "POST", f"accounts/{user.further_account_id}/people", body)


def _subject(token: str) -> str:
    """Return the `sub` of a token."""
    payload = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["sub"])


def _in_turn(steps: list[Callable[[], None]]) -> None:
    for step in steps:
        step()


def _put(api: str, token: str, path: str, body: dict[str, Any]) -> None:
    _send(api, token, "PUT", path, body)


def _send(api: str, token: str, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = urllib3.request(
        method,
        f"{api}/desk/{path}",
        body=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        retries=False,
        timeout=60,
    )
    if response.status not in STORED:
        text = response.data.decode(errors="replace")
        raise SandboxError(f"{path} is not stored: {response.status} {text}")
    stored: dict[str, Any] = json.loads(response.data)
    return stored
