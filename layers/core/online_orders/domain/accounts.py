"""Accounts: who may order, who is asked to approve, and which sites there are."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from online_orders.domain.errors import FieldError, Forbidden
from online_orders.domain.field_errors import pointer, validate
from online_orders.domain.iso import COUNTRIES, MINOR_DIGITS
from online_orders.domain.languages import FALLBACK, Locale
from online_orders.domain.values import (
    FROM_REQUEST,
    MAX_TEXT_LENGTH,
    MAX_TIME_ZONE_LENGTH,
    BlankIsAbsent,
    Count,
    Email,
    Entity,
    Identifier,
    Length,
    Line,
    Name,
    RecentDay,
    Text,
    is_identifier,
    is_none,
    later_part,
)

if TYPE_CHECKING:
    from online_orders.domain.taxes import Tax
else:
    Tax = later_part("Tax", "taxes")

_NOT_TIME_ZONES = {"Factory", "localtime", "posixrules"}
"""Files of a system's time zone database that are not IANA zones."""
READ_ONLY = frozenset({"account_id"})


def _country(value: str) -> str:
    if value not in COUNTRIES:
        raise PydanticCustomError("unknown_country", "there is no such ISO 3166 country code")
    return value


def _currency(value: str) -> str:
    if value not in MINOR_DIGITS:
        raise PydanticCustomError("unknown_currency", "there is no such ISO 4217 currency code")
    return value


def is_time_zone(value: str) -> bool:
    """Return whether there is an IANA time zone of this name."""
    if value in _NOT_TIME_ZONES or value.startswith(("posix/", "right/")):
        return False
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _time_zone(value: str) -> str:
    if not is_time_zone(value):
        raise PydanticCustomError("unknown_time_zone", "there is no such IANA time zone")
    return value


Country = Annotated[str, AfterValidator(_country)]
Currency = Annotated[str, AfterValidator(_currency)]
TimeZone = Annotated[str, StringConstraints(max_length=MAX_TIME_ZONE_LENGTH), AfterValidator(_time_zone)]


MAX_ADDRESS_LENGTH = 500
Address = Annotated[Line, StringConstraints(max_length=MAX_ADDRESS_LENGTH)]

MAX_BILLING_ADDRESS_LENGTH = 500
MAX_TAX_NUMBER_LENGTH = 64

ERASED = "[erased]"
"""Replaces an erased person's name or free text; the address below replaces the e-mail address."""
ERASED_EMAIL = "erased@erased.invalid"


def _normalized_name(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


class Contact(Entity):
    """The person named in the enrollment letter: gets the quotes and decides."""

    name: Name
    email: Email

    @property
    def is_erased(self) -> bool:
        return self.email == ERASED_EMAIL

    def has_mailbox(self, email: str) -> bool:
        """Return whether a mail to `email` reaches the same mailbox, whatever the case of its letters."""
        return self.email.casefold() == email.casefold()

    def has_name(self, name: str) -> bool:
        """Return whether a name as typed is this one, whatever the case of its letters and its white space."""
        return _normalized_name(self.name) == _normalized_name(name)


class Deputy(Entity):
    """Stands in for the contact person from the first through the last of these days, which are the account's."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: Name
    email: Email
    first_day: Annotated[RecentDay, Field(alias="from")]
    last_day: Annotated[RecentDay, Field(alias="until")]

    @field_validator("last_day")
    @classmethod
    def _comes_after(cls, last_day: date, others: ValidationInfo) -> date:
        if last_day < others.data.get("first_day", last_day):
            raise PydanticCustomError("until_before_from", "the last day is before the first")
        return last_day

    @property
    def contact(self) -> Contact:
        return Contact(name=self.name, email=self.email)

    def is_active_on(self, day: date) -> bool:
        return self.first_day <= day <= self.last_day


class EnrollmentState(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"


class Enrollment(Entity):
    """The signed Electronic Order Program letter."""

    letter_received_on: RecentDay
    contact: Contact | None = None
    state: EnrollmentState = EnrollmentState.ACTIVE
    deputies: Annotated[tuple[Deputy, ...], Length(0, 5), Field(exclude_if=lambda deputies: not deputies)] = ()
    """Omitted from bodies and stored items when empty."""

    @property
    def acting_deputies(self) -> tuple[Deputy, ...]:
        """Return the deputies who may act; none without a contact person."""
        return self.deputies if self.contact else ()

    def contact_on(self, day: date) -> Contact | None:
        """Return who is asked on a day of the account: the first deputy of that day, else the contact person."""
        deputy = next((each for each in self.acting_deputies if each.is_active_on(day)), None)
        return deputy.contact if deputy else self.contact

    def names(self, contact: Contact) -> bool:
        """Return whether a contact has the mailbox of the contact person or of a deputy, on any day."""
        return self.names_mailbox(contact.email)

    def names_mailbox(self, email: str) -> bool:
        """Return whether an address is that of the contact person or of a deputy, on any day."""
        named = (self.contact, *(deputy.contact for deputy in self.acting_deputies))
        return any(each.has_mailbox(email) for each in named if each)


class HandOverPolicy(StrEnum):
    """To whom the contact person of an order may hand the decision over."""

    DESK = "desk"
    """To whom Customer Success agrees."""
    SAME_DOMAIN = "same_domain"
    """Without asking, to addresses of the mail domain of the account's contact person."""
    DEPUTIES = "deputies"
    """Without asking, to the account's contact person and deputies, on any day."""
    NEVER = "never"


class License(Entity):
    bandwidth_mbps: Count
    starts_on: RecentDay


def _equipment_model(value: Any) -> Any:
    if not isinstance(value, str):
        raise PydanticCustomError("not_allowed", "a model is a text, one of the catalog's equipment")
    return value


class SocketStock(Entity):
    model: Annotated[
        str,
        BeforeValidator(_equipment_model),
        Field(description="One of the catalog's equipment, or one that the site has already."),
    ]
    quantity: Count


class Site(Entity):
    site_id: Identifier
    name: Name
    country: Country
    address: Annotated[Address | None, BlankIsAbsent] = None
    license: License | None = None
    sockets: Annotated[tuple[SocketStock, ...], Length(0, 20)] = ()

    def has_socket(self, model: str) -> bool:
        return any(stock.model == model for stock in self.sockets)


class Account(Entity):
    account_id: Identifier
    name: Name
    locale: Locale = FALLBACK
    currency: Currency
    time_zone: TimeZone
    parent_account_id: Identifier | None = None
    enrollment: Enrollment | None = None
    sites: Annotated[tuple[Site, ...], Length(0, 500)] = ()
    groups: Annotated[tuple[Identifier, ...], Length(0, 20), Field(exclude_if=lambda groups: not groups)] = ()
    hand_over: Annotated[
        HandOverPolicy,
        Field(
            exclude_if=lambda policy: policy is HandOverPolicy.DESK,
            description=(
                "To whom the contact person of an order may hand the decision over: `desk`, to whom Customer Success "
                "agrees; `same_domain`, also at once to addresses of the mail domain of the account's contact person; "
                "`deputies`, also at once to the account's deputies; `never`. Left out for `desk`."
            ),
        ),
    ] = HandOverPolicy.DESK
    billing_address: Annotated[
        Annotated[Text, StringConstraints(max_length=MAX_BILLING_ADDRESS_LENGTH)] | None,
        BlankIsAbsent,
        Field(exclude_if=is_none, description="Where invoices go, in several lines; quotes name it."),
    ] = None
    tax_number: Annotated[
        Annotated[Line, StringConstraints(max_length=MAX_TAX_NUMBER_LENGTH)] | None,
        BlankIsAbsent,
        Field(exclude_if=is_none, description="The account's own; quotes name it."),
    ] = None
    tax: Annotated[
        Tax | None, Field(exclude_if=is_none, description="What its quotes are taxed by; left out for no tax.")
    ] = None
    purchase_order: Annotated[
        Literal["optional", "required"],
        Field(
            exclude_if=lambda policy: policy == "optional",
            description=(
                "Whether a quote is approved without a purchase order number, of the order or given with the approval. "
                "Left out for `optional`."
            ),
        ),
    ] = "optional"
    signed_order: Annotated[
        Literal["optional", "required", "never"],
        Field(
            exclude_if=lambda policy: policy == "optional",
            description=(
                "Whether the contact person may attach the signed order to an approval, must, or cannot. Left out for "
                "`optional`."
            ),
        ),
    ] = "optional"

    @cached_property
    def sites_by_id(self) -> Mapping[str, Site]:
        return {site.site_id: site for site in self.sites}

    @property
    def site_names(self) -> dict[str, str]:
        return {site.site_id: site.name for site in self.sites}

    @property
    def is_enrolled(self) -> bool:
        return self.enrollment is not None and self.enrollment.state is EnrollmentState.ACTIVE

    @property
    def contact(self) -> Contact | None:
        """Return the enrollment's contact person, whether or not a deputy acts now."""
        return self.enrollment.contact if self.enrollment else None

    @property
    def acting_deputies(self) -> tuple[Deputy, ...]:
        return self.enrollment.acting_deputies if self.enrollment else ()

    def names_mailbox(self, email: str) -> bool:
        """Return whether an address is that of the contact person or of a deputy, on any day."""
        return self.enrollment is not None and self.enrollment.names_mailbox(email)

    def contact_on(self, day: date) -> Contact | None:
        """Return who is asked about orders on a day of the account; None for nobody."""
        return self.enrollment.contact_on(day) if self.enrollment else None

    def contact_for_orders(self, today: date) -> Contact:
        """Return who is asked about a new order; raise Forbidden `not_enrolled` when the account may not order."""
        enrollment = self.enrollment
        if enrollment is None:
            raise Forbidden("not_enrolled", "The account has no Electronic Order Program enrollment.")
        if enrollment.state is not EnrollmentState.ACTIVE:
            raise Forbidden("not_enrolled", "The account's Electronic Order Program enrollment is suspended.")
        if enrollment.contact is None:
            raise Forbidden("not_enrolled", "The account's enrollment names no contact person.")
        return enrollment.contact_on(today) or enrollment.contact


def changed_members(before: Account, after: Account) -> tuple[str, ...]:
    """Return JSON Pointers to the members that differ in `after`: those of the account, and those of its enrollment."""
    found: list[str] = []
    for name in Account.model_fields:
        old, new = getattr(before, name), getattr(after, name)
        if isinstance(old, Enrollment) and isinstance(new, Enrollment):
            members = Enrollment.model_fields
            found += [f"/{name}/{each}" for each in members if getattr(old, each) != getattr(new, each)]
        elif old != new:
            found.append(f"/{name}")
    return tuple(found)


def parse_account(account_id: str, body: Any, extra_errors: Iterable[FieldError] = ()) -> Account:
    """Return the account that Customer Success sent, ignoring its read-only members.

    Raises Invalid with every error of the body and with `extra_errors`.
    """
    if not isinstance(body, Mapping):
        return validate(Account, body, context=FROM_REQUEST)
    sent = {**{key: value for key, value in body.items() if key not in READ_ONLY}, "account_id": account_id}
    found = [*_duplicate_sites(body.get("sites")), *extra_errors]
    if body.get("parent_account_id") == account_id:
        found.append(FieldError("/parent_account_id", "own_parent", "An account is not its own parent."))
    return validate(Account, sent, context=FROM_REQUEST, extra_errors=found)


def _duplicate_sites(raw_sites: Any) -> list[FieldError]:
    found: list[FieldError] = []
    seen: set[str] = set()
    for index, raw in enumerate(raw_sites if isinstance(raw_sites, list) else ()):
        site_id = raw.get("site_id") if isinstance(raw, Mapping) else None
        if isinstance(site_id, str) and site_id in seen:
            where = pointer("sites", index, "site_id")
            found.append(FieldError(where, "duplicate_site", "Another site has the same site_id."))
        elif isinstance(site_id, str):
            seen.add(site_id)
    return found


def catalog_faults(
    body: Any, *, equipment: Collection[str], groups: Collection[str], before: Account | None = None
) -> list[FieldError]:
    """Return the errors of models and groups that the catalog does not have.

    A site may keep the models, and an account the groups, that it has already: what is no longer sold is still in use.
    """
    if not isinstance(body, Mapping):
        return []
    return [*_unknown_models(body.get("sites"), equipment, before), *_group_faults(body.get("groups"), groups, before)]


def _unknown_models(raw_sites: Any, equipment: Collection[str], before: Account | None) -> Iterable[FieldError]:
    known = before.sites_by_id if before else {}
    for index, raw in enumerate(raw_sites if isinstance(raw_sites, list) else ()):
        sockets = raw.get("sockets") if isinstance(raw, Mapping) else None
        site = known.get(raw["site_id"]) if sockets and isinstance(raw.get("site_id"), str) else None
        for position, stock in enumerate(sockets if isinstance(sockets, list) else ()):
            model = stock.get("model") if isinstance(stock, Mapping) else None
            if isinstance(model, str) and model not in equipment and not (site and site.has_socket(model)):
                where = pointer("sites", index, "sockets", position, "model")
                detail = f"The catalog has no such equipment. It has: {', '.join(equipment) or 'none'}."
                yield FieldError(where, "not_allowed", detail)


def _group_faults(raw_groups: Any, groups: Collection[str], before: Account | None) -> Iterable[FieldError]:
    seen: set[str] = set()
    for index, group in enumerate(raw_groups if isinstance(raw_groups, list) else ()):
        if not isinstance(group, str) or not is_identifier(group):
            continue  # which the schema refuses
        if group in seen:
            yield FieldError(pointer("groups", index), "duplicate_group", "The account is in this group already.")
        elif group not in groups and not (before and group in before.groups):
            detail = f"The catalog has no such group. It has: {', '.join(groups) or 'none'}."
            yield FieldError(pointer("groups", index), "not_allowed", detail)
        seen.add(group)


class ContactReport(Entity):
    """A user's word that a contact person is out of date: the own account's, or that of the one that is named."""

    account_id: Identifier | None = None
    text: Annotated[Text, StringConstraints(max_length=MAX_TEXT_LENGTH)]


def has_begun(license_: License, today: date) -> bool:
    return license_.starts_on <= today
