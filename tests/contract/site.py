"""The product as it is seen from outside: requests, mails and executions, wherever it runs."""

import json as json_of
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from online_orders.domain.catalog import Catalog

Json = dict[str, Any]
Seen = TypeVar("Seen")

LINK = re.compile(r"https?://\S*/confirm/\S+")
CODE = re.compile(r"^Code: (\d{6})$", re.MULTILINE)


@dataclass(frozen=True)
class User:
    """`role`: `customer`, `reseller` or `customer-success`, or the role of a person."""

    username: str
    email: str
    role: str
    account_id: str | None
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json_of.loads(self.body)

    def __str__(self) -> str:
        return f"{self.status} {self.body[:2000].decode(errors='replace')}"

    def ok(self, status: int = 200) -> Any:
        """The JSON of an answer that must have this status."""
        assert self.status == status, str(self)
        assert self.headers["content-type"].startswith("application/json"), self.headers
        return self.json

    def refused(self, status: int, code: str) -> Json:
        """The problem document (RFC 9457) of a refusal that must have this status and code."""
        assert self.status == status, str(self)
        assert self.headers["content-type"].startswith("application/problem+json"), self.headers
        problem: Json = self.json
        assert problem["code"] == code, problem
        return problem

    def faults(self) -> dict[str, str]:
        """What a 422 `invalid` objects to: the codes by JSON Pointer."""
        errors = self.refused(422, "invalid")["errors"]
        assert all(set(error) >= {"pointer", "code", "detail"} for error in errors), errors
        return {error["pointer"]: error["code"] for error in errors}

    def page(self, status: int = 200) -> str:
        """The HTML of an answer that must have this status."""
        assert self.status == status, str(self)
        assert self.headers["content-type"].startswith("text/html"), self.headers
        return self.text


@dataclass(frozen=True)
class Attachment:
    name: str
    content_type: str
    read: Callable[[], bytes] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Mail:
    id: str
    to: tuple[str, ...]
    sender: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    attachments: tuple[Attachment, ...] = field(repr=False)
    sender_name: str = ""
    reply_to: tuple[str, ...] = ()

    @property
    def has_link(self) -> bool:
        return "/confirm/" in self.text

    @property
    def link(self) -> str:
        """The one link; the contract allows no second in a text part."""
        (link,) = LINK.findall(self.text)
        return str(link)

    @property
    def code(self) -> str:
        (code,) = CODE.findall(self.text)
        return str(code)


@dataclass(frozen=True)
class Execution:
    name: str
    status: str
    input: str


@dataclass(frozen=True)
class People:
    """Who is seeded, by what they are to each other."""

    customer: User
    """Of an account that reads English and whose currency has two decimals; not the colleague's."""
    german: User
    colleague: User
    """A second user of the German account."""
    other: User
    """A customer of an account that has to do with none of the others."""
    suspended: User
    reseller: User
    subs: tuple[User, User]
    """Of the reseller's sub-accounts."""
    cs: User
    cs2: User

    @classmethod
    def among(cls, users: Sequence[User], accounts: Mapping[str, Json]) -> "People":
        """Finds them by role and account."""
        cs, cs2 = [user for user in users if user.role == "customer-success"][:2]
        (reseller,) = (user for user in users if user.role == "reseller")
        customers = [(user, accounts[user.account_id]) for user in users if user.account_id and user.role == "customer"]
        subs = [user for user, account in customers if account["parent_account_id"] == reseller.account_id]
        free = [(user, account) for user, account in customers if account["parent_account_id"] is None]
        (suspended,) = (user for user, account in free if account["enrollment"]["state"] == "suspended")
        enrolled = [(user, account) for user, account in free if account["enrollment"]["state"] == "active"]
        german, colleague = [user for user, account in enrolled if account["locale"] == "de"][:2]
        english = [(user, account) for user, account in enrolled if account["locale"] == "en"]
        customer = next(user for user, account in english if account["currency"] != "JPY")
        other = next(user for user, _ in english if user.account_id != customer.account_id)
        return cls(customer, german, colleague, other, suspended, reseller, (subs[0], subs[1]), cs, cs2)


class Site(ABC):
    origin: str
    """Scheme, host and port that the links in mails begin with."""
    cs_mailbox: str
    brand: str
    users: Sequence[User]
    catalog: Catalog
    """What can be ordered here."""

    @abstractmethod
    def request(
        self,
        method: str,
        path: str,
        *,
        user: User | None = None,
        access_token: bool = False,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """One request; `path` is below the origin, or a whole link. No redirect is followed."""

    @abstractmethod
    def mails(self, *, to: str | None = None, about: str | None = None) -> list[Mail]:
        """Oldest first; to an address, and with a text (an order id) in their own text."""

    @abstractmethod
    def eventually(self, look: Callable[[], Seen]) -> Seen:
        """What `look` sees once it is true, when all that follows from the requests so far has happened."""

    @abstractmethod
    def executions(self, order_id: str) -> list[Execution]:
        """Those that are named after the order."""

    @abstractmethod
    def now(self) -> datetime: ...

    @abstractmethod
    def logs(self) -> str:
        """All that the functions have logged."""

    @cached_property
    def accounts(self) -> dict[str, Json]:
        """As seeded, by id."""
        cs = next(user for user in self.users if user.role == "customer-success")
        listed = self.get("/api/desk/accounts?limit=100", cs).ok()["items"]
        return {account["account_id"]: account for account in listed}

    @cached_property
    def people(self) -> People:
        return People.among(self.users, self.accounts)

    def account_of(self, user: User) -> Json:
        assert user.account_id
        return self.accounts[user.account_id]

    def contact_of(self, user: User) -> str:
        """The contact person's address of a customer's account."""
        return str(self.account_of(user)["enrollment"]["contact"]["email"])

    def get(self, path: str, user: User | None = None, **headers: str) -> Response:
        return self.request("GET", path, user=user, headers=_spelled(headers))

    def post(self, path: str, user: User | None, body: Any = None, **headers: str) -> Response:
        return self.request("POST", path, user=user, json={} if body is None else body, headers=_spelled(headers))

    def put(self, path: str, user: User | None, body: Any, **headers: str) -> Response:
        return self.request("PUT", path, user=user, json=body, headers=_spelled(headers))

    def decide(self, mail: Mail, decision: str, **fields: str) -> Response:
        """Sends the form behind a mail's link with the mail's code; a field given empty is left out."""
        form = {"decision": decision, "name": "Connie Contact", "code": mail.code, **fields}
        return self.request("POST", mail.link, form={name: value for name, value in form.items() if value})

    def today(self, account: Json) -> date:
        """The account's calendar day."""
        return self.now().astimezone(ZoneInfo(account["time_zone"])).date()

    def day(self, days: int) -> str:
        """A date, some days from today in UTC; two days are beyond the doubt of any time zone."""
        return (self.now().date() + timedelta(days=days)).isoformat()


def _spelled(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
