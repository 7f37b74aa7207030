"""The values of mails about an order: for the placeholders of texts, with labels, and for parts of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from online_orders.domain.accounts import Contact
from online_orders.domain.installation import Installation
from online_orders.domain.mail_kinds import AT_DESK, Role
from online_orders.domain.order_numbers import number_of
from online_orders.domain.orders import Order
from online_orders.domain.timeline import Entry
from online_orders_rendering.i18n import (
    ItemTexts,
    Translator,
    closing_sentence,
    line_of,
    nonzero_final_totals,
    passed_starts,
)


def address_of(contact: Contact) -> str:
    return f"{line_of(contact.name)} <{contact.email}>"


@dataclass(frozen=True)
class OrderMailContext:
    """An entry of an order's timeline, for one role in one language.

    `account_name` and `site_names` are for orders without a snapshot.
    """

    role: Role
    order: Order
    entry: Entry
    installation: Installation
    account_name: str
    site_names: Mapping[str, str]
    translate: Translator

    @cached_property
    def values(self) -> dict[str, str]:
        """Return the values of the placeholders in texts."""
        order, translate = self.order, self.translate
        named = {
            "order_id": order.order_id,
            "number": number_of(order.order_id),
            "account": self.account,
            "contact": line_of(self.contact.name),
            "email": self.contact.email,
            "placed_by": order.placed_by.shown_name,
            "name": line_of(self.entry.actor.name or order.contact.name),
            "asked": line_of(self.asked.name),
            "asked_email": self.asked.email,
            "day": self._day(self.entry.at),
            "since": self._since(),
            "former": self._former,
            "passed": self.passed,
        }
        if order.quote:
            named["revision"] = str(order.quote.revision)
            named["valid_until"] = translate.day(order.quote.valid_until)
            named["totals"] = ", ".join(
                f"{translate(f'total.{name}')}: {translate.money(amount, order.quote.currency)}"
                for name, amount in nonzero_final_totals(order.quote)
            ) or translate("total.nothing")
        if order.closed:
            named["who"] = self._who_closed()
        if "percent" in self.entry.data:
            named["percent"] = f"{translate.number(Decimal(self.entry.data['percent']))} %"
            named["asker"] = line_of(self.entry.data.get("proposed_by_name", ""))
            named["thresholds"] = ", ".join(
                translate(f"discount.reason.{reason}") for reason in self.entry.data["reasons"]
            )
        if "open_until" in self.entry.data:
            named["last_day"] = translate.day(date.fromisoformat(self.entry.data["open_until"]))
        return named

    @property
    def facts(self) -> dict[str, str | None]:
        """Return what templates show with a label; None and an empty text get no row."""
        order, translate = self.order, self.translate
        return {
            "number": self.values["number"],
            "order_id": order.order_id,
            "account": self.account,
            "account_id": order.account_id,
            "placed_on": translate.day(order.placed_on),
            "placed_by": order.placed_by.shown_name,
            "contact": address_of(self.contact),
            "assignee": order.assignee.shown_name if order.assignee else None,
            "status": translate(f"status.{order.status}"),
            "purchase_order_number": line_of(order.purchase_order_number or ""),
            "revision": self.values.get("revision"),
            "valid_until": self.values.get("valid_until"),
            "thresholds": self.values.get("thresholds"),
        }

    @property
    def shown(self) -> dict[str, Any]:
        """Return further values for templates."""
        order = self.order
        return {
            "order": order,
            "entry": self.entry,
            "quote": order.quote,
            "charged": nonzero_final_totals(order.quote) if order.quote else [],
            "ordered": self.ordered,
            "passed": self.passed,
            "is_other_name": self._is_other_name,
            "who": self.values.get("who"),
            "screen": self._screen(),
            "colleague": address_of(self._colleague) if self._colleague else None,
            "is_handed_over": bool(self._former),
        }

    @cached_property
    def account(self) -> str:
        return line_of(self.order.account_name(self.account_name))

    @cached_property
    def contact(self) -> Contact:
        """Return whose mail, link or decision the entry is about; else the order's contact person, who may have
        changed.
        """
        data, contact = self.entry.data, self.order.contact
        email = data.get("recipient", data.get("asked_email", contact.email))
        if contact.has_mailbox(email):
            return contact
        # An earlier release stored no name beside the address.
        return Contact.model_construct(name=data.get("recipient_name", data.get("asked_name", email)), email=email)

    @cached_property
    def asked(self) -> Contact:
        """Return who had the link when a decision was taken by it; the order may have another contact person by now."""
        data, contact = self.entry.data, self.order.contact
        return Contact.model_construct(
            name=data.get("asked_name", contact.name), email=data.get("asked_email", contact.email)
        )

    @cached_property
    def ordered(self) -> tuple[ItemTexts, ...]:
        return self.translate.items(self.order, self.site_names, self.entry.at)

    @cached_property
    def passed(self) -> str:
        """Return the items whose start day was over when the entry was made; empty where there are none."""
        return passed_starts(self.ordered, self.translate)

    @property
    def _is_other_name(self) -> bool:
        """Return whether a decision by link is shown with both names, that of the recipient and the one that was given.

        A contact whom Customer Success chose for this order alone is shown with the address, because anybody could have
        been given that name.
        """
        is_other = not self.asked.has_name(self.entry.actor.name or self.asked.name)
        return is_other or (self.role is not Role.CONTACT and self.order.internals.has_own_contact)

    @property
    def _former(self) -> str:
        """Return who handed the decision over, by the entry or else by the order; empty where nobody did, or was
        erased.
        """
        if "former_recipient" in self.entry.data:
            return str(self.entry.data["former_recipient"])
        handed = self.order.requests.handed_over
        former = Contact.model_construct(name=handed.name, email=handed.email) if handed else None
        return "" if former is None or former.is_erased else address_of(former)

    @property
    def _colleague(self) -> Contact | None:
        """Return who is to decide by the hand-over that waits for Customer Success."""
        waiting = self.order.requests.hand_over
        return Contact.model_construct(name=waiting.name, email=waiting.email) if waiting else None

    def _since(self) -> str:
        order, asked_since = self.order, self.entry.data.get("asked_since")
        if asked_since:
            return self._day(datetime.fromisoformat(asked_since))
        return self._day(order.internals.since.get(order.status, order.updated_at))

    def _who_closed(self) -> str:
        """Return the sentence about who closed the order; Customer Success sees its own members by name."""
        actor, brand = self.entry.actor, self.installation.brand
        if self.role in AT_DESK and actor.kind == "customer_success" and actor.name:
            key = "closed.by.customer_success.desk"
            return self.translate(key, name=line_of(actor.name), day=self._day(self.entry.at))
        return closing_sentence(self.order, brand, self.translate, actor.name, self.asked)

    def _screen(self) -> dict[str, str] | None:
        """Return where a reader who can sign in sees the order; None for a contact and for a direct order."""
        site, order = self.installation.site_url, self.order
        if self.role in AT_DESK:
            return {"url": f"{site}/desk/orders/{order.order_id}", "button": "open_desk"}
        if self.role in {Role.PLACED_BY, Role.WATCHER} and order.source == "online":
            return {"url": f"{site}/orders/{order.order_id}", "button": "open_order"}
        return None

    def _day(self, instant: datetime) -> str:
        return self.translate.day_of(instant, self.order.internals.time_zone)
