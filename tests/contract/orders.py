"""An order as its people handle it, and the ways to bring one to where a test begins."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from online_orders.domain.catalog import SITE, Kind, Setting
from tests.contract.site import Json, Mail, Response, Site, User


def fresh(name: str) -> str:
    """An id that no other test has."""
    return f"{name}-{uuid4().hex[:12]}"


@dataclass(frozen=True)
class Order:
    """One that was placed by `user`; `created` is the answer to that."""

    site: Site
    user: User
    created: Response = field(repr=False)
    base: str = "/api/orders"
    """Where the placer sees it."""

    @property
    def order_id(self) -> str:
        return str(self.created.json["order_id"])

    @property
    def contact(self) -> str:
        return str(self.created.json["contact"]["email"])

    @property
    def path(self) -> str:
        return f"{self.base}/{self.order_id}"

    @property
    def desk_path(self) -> str:
        return f"/api/desk/orders/{self.order_id}"

    def read(self) -> Json:
        """As the placer sees it."""
        order: Json = self.site.get(self.path, self.user).ok()
        return order

    @property
    def status(self) -> str:
        return str(self.read()["status"])

    def ask(self, action: str, body: Any = None, *, user: User | None = None, **headers: str) -> Response:
        """An action of the customer's side: `cancel`, `comment`."""
        return self.site.post(f"/api/orders/{self.order_id}/{action}", user or self.user, body, **headers)

    def desk(self, action: str, body: Any = None, *, user: User | None = None, **headers: str) -> Response:
        """An action of Customer Success: `claim`, `quote` and so on."""
        return self.site.post(f"{self.desk_path}/{action}", user or self.site.people.cs, body, **headers)

    def timeline(self) -> list[Json]:
        """The public entries, all of them."""
        return rows(self.site, f"{self.path}/timeline", self.user)

    def happened(self) -> list[Json]:
        """The public entries without deliveries of mails, which come when they come."""
        return [entry for entry in self.timeline() if entry["event"] != "quote.delivered"]

    def desk_timeline(self) -> list[Json]:
        return rows(self.site, f"{self.desk_path}/timeline", self.site.people.cs)

    def mails_to(self, address: str) -> list[Mail]:
        return self.site.mails(to=address, about=self.order_id)

    def mail_to(self, address: str, number: int = 1) -> Mail:
        """The newest of the mails about this order to an address, once so many have come."""
        mails = self.site.eventually(lambda: len(found := self.mails_to(address)) >= number and found)
        assert mails
        assert len(mails) == number, [mail.subject for mail in mails]
        return mails[-1]

    def quote_mail(self, revision: int = 1) -> Mail:
        """The mail that offers a revision, once the order waits for the contact person."""
        offered = self.site.eventually(
            lambda: (found := self.read()["quote"]) and found["state"] != "sending" and found
        )
        assert (offered["revision"], offered["state"]) == (revision, "offered")
        return [mail for mail in self.mails_to(self.contact) if mail.attachments and mail.has_link][-1]


def item(site: Site, **changes: Any) -> Json:
    """A sound item of the catalog's first kind that everybody may order and that needs nothing else, or what the
    changes make of it.
    """
    kind = next(kind for kind in site.catalog.kinds.values() if _is_simple(kind))
    values = {setting.name: _value(setting) for setting in kind.settings.values() if setting.required}
    return {"kind": kind.kind, **values, "start_date": site.day(45), **changes}


def _is_simple(kind: Kind) -> bool:
    is_limited = kind.retired or kind.only_for is not None
    return not is_limited and SITE not in kind.settings and not kind.has_rule("needs_other_item_or_equipment")


def _value(setting: Setting) -> Any:
    if setting.type == "quantity":
        least = max(4, setting.minimum)
        return least + -least % setting.step
    return next(iter(setting.choices), "some text")


def line(**changes: Any) -> Json:
    return {
        "item_id": "1",
        "description": "Public IPv4",
        "quantity": 4,
        "unit_price": "10",
        "recurrence": "monthly",
        **changes,
    }


def quote(site: Site, **changes: Any) -> Json:
    """A sound quote for an order of one item."""
    return {"valid_until": site.day(40), "lines": [line()], **changes}


def place_response(site: Site, user: User, body: Any, key: str | None = None) -> Response:
    return site.post("/api/orders", user, body, Idempotency_Key=key or fresh("key"))


def place(site: Site, user: User | None = None, items: Sequence[Json] | None = None, **members: Any) -> Order:
    """An order of one item, under a key of its own."""
    user = user or site.people.customer
    response = place_response(site, user, {"items": items or [item(site)], **members})
    response.ok(201)
    return Order(site, user, response)


def place_direct(site: Site, account_id: str, **members: Any) -> Order:
    """An order that reached Customer Success directly."""
    body = {"account_id": account_id, "items": [item(site)], **members}
    response = site.post("/api/desk/orders", site.people.cs, body, Idempotency_Key=fresh("key"))
    response.ok(201)
    return Order(site, site.people.cs, response, "/api/desk/orders")


def claimed(site: Site, user: User | None = None, **members: Any) -> Order:
    order = place(site, user, **members)
    order.desk("claim").ok()
    return order


def offer(order: Order, **changes: Any) -> Mail:
    """Claims and quotes an order; returns the mail that asks the contact person."""
    order.desk("claim").ok()
    order.desk("quote", quote(order.site, **changes)).ok(202)
    return order.quote_mail()


def offered(site: Site, user: User | None = None, **members: Any) -> tuple[Order, Mail]:
    order = place(site, user, **members)
    return order, offer(order)


def enroll(site: Site, account_id: str | None = None, **changes: Any) -> Json:
    """A new sub-account of the reseller, whose own sites and users are nobody else's business."""
    account_id = account_id or fresh("sub")
    model = site.account_of(site.people.subs[0])
    contact = {"name": "Noor Contact", "email": f"contact@{account_id}.example"}
    enrollment = {"letter_received_on": site.day(-100), "contact": contact, "state": "active"}
    account = {**model, "account_id": account_id, "name": f"Account {account_id}", "enrollment": enrollment, **changes}
    stored: Json = site.put(f"/api/desk/accounts/{account_id}", site.people.cs, account).ok()
    return stored


def place_for(site: Site, account: Json, **members: Any) -> Order:
    """Placed by the reseller for one of its sub-accounts."""
    return place(site, site.people.reseller, account_id=account["account_id"], **members)


def rows(site: Site, path: str, user: User, most: int = 10_000) -> list[Json]:
    """The rows of a list, page by page."""
    found: list[Json] = []
    joint = "&" if "?" in path else "?"
    cursor = ""
    while len(found) < most:
        page = site.get(f"{path}{cursor}", user).ok()
        assert set(page) == {"items", "next_cursor"}, page
        found += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = f"{joint}cursor={page['next_cursor']}"
    return found[:most]
