"""The catalog: the six kinds of item, their settings, and the rules for sites and dates."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, get_args

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from online_orders.domain.accounts import Account, Site, has_begun
from online_orders.domain.errors import FieldError
from online_orders.domain.field_errors import field_errors_of, pointer
from online_orders.domain.languages import FALLBACK, LOCALES, texts
from online_orders.domain.values import Count, Day, Identifier, Request

if TYPE_CHECKING:
    from pydantic.json_schema import JsonSchemaValue

ItemKind = Literal["site_bandwidth", "site_early_activation", "socket", "ip_addresses", "sdp_users", "accessory"]
UPGRADES: frozenset[str] = frozenset({"site_bandwidth", "site_early_activation"})
"""Kinds that change a site's license, so an order can have only one of each for a site."""
_LABEL_PREFIXES = ("kind.", "region.", "accessory_type.")
LABELS_BY_LOCALE: Mapping[str, Mapping[str, str]] = {
    locale: {key: label for key, label in texts(locale).items() if key.startswith(_LABEL_PREFIXES)}
    for locale in LOCALES
}
"""The catalog's labels by language, under `{setting}.{value}`. An order keeps those of its items."""
KIND_LABELS = {kind: LABELS_BY_LOCALE[FALLBACK][f"kind.{kind}"] for kind in get_args(ItemKind)}
BANDWIDTH_STEPS = (10, 25, 50, 100, 150, 200, 250, 300, 400, 500, 750, 1_000, 2_000, 3_000, 5_000, 10_000)
REGIONS = {
    key.partition(".")[2]: label for key, label in LABELS_BY_LOCALE[FALLBACK].items() if key.startswith("region.")
}
SOCKET_MODELS = ("X1500", "X1700")
ACCESSORY_TYPES = ("rack_mount_kit", "network_card")
SOCKET_NEEDED_BY = {"network_card": "X1700"}
"""Accessories that need a Socket of a model, at the site or in the same order."""
LIMITS = {"socket": 50, "ip_addresses": 256, "sdp_users": 50_000, "accessory": 50}
MAX_LEAD_YEARS = 2
MAX_ITEMS = 50


class ValidationContext(NamedTuple):
    """What the items of one order are validated against: the account's sites, its day, and the order's own Sockets."""

    account: Account
    today: date
    sites_with_new_x1700: frozenset[str]
    site_id: Any = None
    """As the current item names it, valid or not, so that one site's errors do not hide another's."""

    @classmethod
    def from_items(cls, raw_items: Sequence[Any], account: Account, today: date) -> "ValidationContext":
        brings = (
            item["site_id"]
            for item in raw_items
            if isinstance(item, Mapping)
            and item.get("kind") == "socket"
            and item.get("model") == "X1700"
            and isinstance(item.get("site_id"), str)
        )
        return cls(account, today, frozenset(brings))


def _context(info: ValidationInfo) -> ValidationContext | None:
    """Return the context, or None for an item from the table: it was validated when it was placed."""
    placement: ValidationContext | None = info.context
    return placement


def _site(info: ValidationInfo) -> Site | None:
    """Return the site that the item names, or None where the account has no such site."""
    placement = _context(info)
    if placement is None or not isinstance(placement.site_id, str):
        return None
    return placement.account.sites_by_id.get(placement.site_id)


def _known_site(site_id: str, info: ValidationInfo) -> str:
    if (placement := _context(info)) and site_id not in placement.account.sites_by_id:
        raise PydanticCustomError("unknown_site", "the account has no such site")
    return site_id


def _licensed_site(site_id: str, info: ValidationInfo) -> str:
    if (placement := _context(info)) and placement.account.sites_by_id[site_id].license is None:
        raise PydanticCustomError("site_without_license", "the site has no license")
    return site_id


def _site_to_be_activated(site_id: str, info: ValidationInfo) -> str:
    if placement := _context(info):
        license_ = placement.account.sites_by_id[site_id].license
        if license_ and has_begun(license_, placement.today):
            raise PydanticCustomError("license_already_begun", "the site's license has already begun")
    return site_id


def _site_with_address(site_id: str, info: ValidationInfo) -> str:
    if (placement := _context(info)) and placement.account.sites_by_id[site_id].address is None:
        raise PydanticCustomError("site_without_address", "the site has no address to deliver to")
    return site_id


def _step_above_the_license(bandwidth: int, info: ValidationInfo) -> int:
    if _context(info) is None:
        return bandwidth
    if bandwidth not in BANDWIDTH_STEPS:
        raise PydanticCustomError("not_a_step", "the catalog has no such bandwidth step")
    site = _site(info)
    if site and site.license and bandwidth <= site.license.bandwidth_mbps:
        raise PydanticCustomError(
            "not_above_license",
            "the site's license already has {mbps} Mbps",
            {"mbps": site.license.bandwidth_mbps},
        )
    return bandwidth


def years_after(day: date, years: int) -> date:
    """Return the same day `years` later; 1 March for 29 February where that year has none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _within_lead_time(start: date, info: ValidationInfo) -> date:
    if placement := _context(info):
        if start < placement.today:
            raise PydanticCustomError("date_in_past", "the start date is in the past")
        if start > years_after(placement.today, MAX_LEAD_YEARS):
            raise PydanticCustomError("date_too_late", "the start date is more than two years ahead")
    return start


def _before_the_license(start: date, info: ValidationInfo) -> date:
    site, placement = _site(info), _context(info)
    if not (placement and site and site.license) or has_begun(site.license, placement.today):
        return start
    if start >= site.license.starts_on:
        raise PydanticCustomError("not_before_license", "the start date is not before the one on the license")
    return start


def _card_has_socket(accessory_type: str, info: ValidationInfo) -> str:
    placement, site = _context(info), _site(info)
    if (
        (needed := SOCKET_NEEDED_BY.get(accessory_type))
        and placement
        and site
        and not site.has_socket(needed)
        and site.site_id not in placement.sites_with_new_x1700
    ):
        raise PydanticCustomError("no_x1700_at_site", "the site has no X1700 and this order brings none")
    return accessory_type


def _schema_hint(**rules: Any) -> Any:
    """Return an annotation that adds a rule to the JSON Schema, under the product's own names (`x-…`), for clients."""
    return Field(json_schema_extra={f"x-{name.replace('_', '-')}": value for name, value in rules.items()})


SiteId = Annotated[Identifier, AfterValidator(_known_site)]
StartDate = Annotated[Day, AfterValidator(_within_lead_time), _schema_hint(years_ahead=MAX_LEAD_YEARS)]


class MaxQuantity(NamedTuple):
    """The largest quantity of a kind in one item; checked when an order is placed, not when it is loaded."""

    kind: str

    def _validate(self, quantity: int, info: ValidationInfo) -> int:
        limit = LIMITS[self.kind]
        if _context(info) and quantity > limit:
            raise PydanticCustomError("too_large", "one item has {most} at most", {"most": limit})
        return quantity

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._validate, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> "JsonSchemaValue":
        return {**handler(schema), "maximum": LIMITS[self.kind]}


class SiteBandwidth(Request):
    """Update a site license and order additional bandwidth for a site."""

    kind: Literal["site_bandwidth"]
    site_id: Annotated[SiteId, AfterValidator(_licensed_site), _schema_hint(needs="license")]
    bandwidth_mbps: Annotated[
        int,
        Field(strict=True, json_schema_extra={"enum": list(BANDWIDTH_STEPS), "x-above-license": True}),
        AfterValidator(_step_above_the_license),
    ]
    start_date: StartDate


class SiteEarlyActivation(Request):
    """Activate a site earlier than the original date on the license."""

    kind: Literal["site_early_activation"]
    site_id: Annotated[
        SiteId,
        AfterValidator(_licensed_site),
        AfterValidator(_site_to_be_activated),
        _schema_hint(needs="license_to_begin"),
    ]
    start_date: Annotated[StartDate, AfterValidator(_before_the_license), _schema_hint(before_license=True)]


class Socket(Request):
    """X1700 or X1500 Sockets that are delivered to the physical office for a site."""

    kind: Literal["socket"]
    site_id: Annotated[SiteId, AfterValidator(_site_with_address), _schema_hint(needs="address")]
    model: Literal["X1500", "X1700"]
    quantity: Annotated[Count, MaxQuantity("socket")]
    start_date: StartDate


class IpAddresses(Request):
    """Additional public IPv4 addresses for the account."""

    kind: Literal["ip_addresses"]
    quantity: Annotated[Count, MaxQuantity("ip_addresses")]
    start_date: StartDate


class SdpUsers(Request):
    """New licenses for SDP users."""

    kind: Literal["sdp_users"]
    region: Literal["north_america", "latin_america", "europe", "middle_east_africa", "asia_pacific", "china"]
    quantity: Annotated[Count, MaxQuantity("sdp_users")]
    start_date: StartDate


class Accessory(Request):
    """Additional items for Sockets, such as rack-mount kits or X1700 Socket network card add-ons."""

    kind: Literal["accessory"]
    site_id: Annotated[SiteId, AfterValidator(_site_with_address), _schema_hint(needs="address")]
    accessory_type: Annotated[
        Literal["rack_mount_kit", "network_card"],
        AfterValidator(_card_has_socket),
        _schema_hint(needs_socket=SOCKET_NEEDED_BY),
    ]
    quantity: Annotated[Count, MaxQuantity("accessory")]
    start_date: StartDate


Item = Annotated[
    SiteBandwidth | SiteEarlyActivation | Socket | IpAddresses | SdpUsers | Accessory, Field(discriminator="kind")
]
KINDS: Mapping[str, type[Request]] = {
    "site_bandwidth": SiteBandwidth,
    "site_early_activation": SiteEarlyActivation,
    "socket": Socket,
    "ip_addresses": IpAddresses,
    "sdp_users": SdpUsers,
    "accessory": Accessory,
}


class _ItemByKind:
    """Builds the model of a kind when the first item of it is read: few orders have all six."""

    @staticmethod
    def _read(value: Any) -> Request:
        if isinstance(value, Request):
            return value
        kind = value.get("kind") if isinstance(value, Mapping) else None
        model = KINDS.get(kind) if isinstance(kind, str) else None
        if model is None:
            raise PydanticCustomError("not_allowed", "the item has no known kind")
        return model.model_validate(value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._read)


PlacedItem = Annotated[Item, _ItemByKind()]


def item_errors(raw_items: Any, account: Account | None = None, today: date | None = None) -> list[FieldError]:
    """Return every error of every item, each pointing to or below `/items/N`; a valid item has none.

    Without an account, only the schema is checked.
    """
    if not isinstance(raw_items, list):
        return []
    placement = ValidationContext.from_items(raw_items, account, today) if account and today else None
    found: list[FieldError] = []
    upgraded: dict[tuple[str, str], int] = {}
    for index, raw in enumerate(raw_items[:MAX_ITEMS]):
        if not isinstance(raw, Mapping):
            found.append(FieldError(pointer("items", index), "wrong_type", "An item is an object."))
            continue
        kind = raw.get("kind")
        model = KINDS.get(kind) if isinstance(kind, str) else None
        if model is None:
            code = "not_allowed" if "kind" in raw else "required"
            found.append(FieldError(pointer("items", index, "kind"), code, f"The kind is one of {', '.join(KINDS)}."))
            continue
        try:
            model.model_validate(raw, context=placement and placement._replace(site_id=raw.get("site_id")))
        except ValidationError as error:
            found.extend(field_errors_of(error, "items", index))
        else:
            found.extend(_duplicate_upgrade(raw, index, upgraded))
    return found


def _duplicate_upgrade(
    valid_item: Mapping[str, Any], index: int, upgraded: dict[tuple[str, str], int]
) -> Iterator[FieldError]:
    """Yield an error where an earlier valid item upgrades the same site in the same way, whatever its other settings.

    An invalid item is no reason to refuse another.
    """
    if valid_item["kind"] not in UPGRADES:
        return
    earlier = upgraded.setdefault((valid_item["kind"], valid_item["site_id"]), index)
    if earlier != index:
        detail = f"Item {earlier + 1} of this order asks for the same site's {KIND_LABELS[valid_item['kind']]} already."
        yield FieldError(pointer("items", index, "site_id"), "duplicate_upgrade", detail)


def labels_of(items: Iterable[Item]) -> dict[str, dict[str, str]]:
    """Return the present labels of the kinds and settings of items, by language and by key as in `LABELS_BY_LOCALE`."""
    keys = {f"{name}.{value}" for item in items for name, value in vars(item).items()}
    return {
        language: {key: labels[key] for key in sorted(keys & labels.keys())}
        for language, labels in LABELS_BY_LOCALE.items()
    }


def schema_of(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of an item of this kind, as a client sends it."""
    return TypeAdapter(KINDS[kind]).json_schema()
