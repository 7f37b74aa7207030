"""The rules that a catalog can name: what each checks of an item, and what it tells a client's form of that.

A rule yields faults of members of the item, in the words of the API. Of a member the first fault counts, in the order
of the document. `docs/catalog.md` describes every rule with its parameters and codes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from online_orders.domain.accounts import Site, has_begun

if TYPE_CHECKING:
    from online_orders.domain.catalog import Catalog

Parameters = Mapping[str, Any]
"""A rule as the document has it, `rule` included."""
Hints = dict[str, dict[str, Any]]
"""By member of the item, what is added to its JSON Schema, under the product's own names (`x-…`)."""
_YEARS = {1: "one year", 2: "two years"}


class Fault(NamedTuple):
    """What a rule finds: the member at fault, a stable code, and a sentence for people."""

    member: str
    code: str
    detail: str


class Judged(NamedTuple):
    """An item that is judged, and what it is judged by."""

    values: Mapping[str, Any]
    """Its members, as far as the schema of its kind accepts them; the start date is a date."""
    site: Site | None
    """The account's site that it names, whether or not a rule finds a fault in that."""
    today: date
    """The account's."""
    order: Sequence[Mapping[str, Any]]
    """Every item of the order as it was sent, valid or not."""
    catalog: "Catalog"


class Rule(NamedTuple):
    check: Callable[[Judged, Parameters], Iterator[Fault]]
    hints: Callable[[Parameters], Hints]


def years_after(day: date, years: int) -> date:
    """Return the same day `years` later; 1 March for 29 February where that year has none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def _no_hints(_: Parameters) -> Hints:
    return {}


def _no_faults(_item: Judged, _: Parameters) -> Iterator[Fault]:
    return iter(())


def _applies(item: Judged, rule: Parameters) -> bool:
    """Return whether the item has the value that a rule is limited to."""
    return "setting" not in rule or item.values.get(rule["setting"]) == rule["value"]


def _needs_site(item: Judged, _: Parameters) -> Iterator[Fault]:
    if "site_id" in item.values and item.site is None:
        yield Fault("site_id", "unknown_site", "The account has no such site.")


def _site_has_license(item: Judged, _: Parameters) -> Iterator[Fault]:
    if item.site and item.site.license is None:
        yield Fault("site_id", "site_without_license", "The site has no license.")


def _license_starts_later(item: Judged, rule: Parameters) -> Iterator[Fault]:
    yield from _site_has_license(item, rule)
    license_ = item.site.license if item.site else None
    if license_ is None:
        return
    if has_begun(license_, item.today):
        yield Fault("site_id", "license_already_begun", "The site's license has already begun.")
    elif (start := item.values.get("start_date")) and start >= license_.starts_on:
        yield Fault("start_date", "not_before_license", "The start date is not before the one on the license.")


def _above_current_bandwidth(item: Judged, rule: Parameters) -> Iterator[Fault]:
    value = item.values.get(rule["setting"])
    if value is not None and item.site and item.site.license and value <= item.site.license.bandwidth_mbps:
        mbps = item.site.license.bandwidth_mbps
        yield Fault(rule["setting"], "not_above_license", f"The site's license already has {mbps} Mbps.")


def _site_has_address(item: Judged, _: Parameters) -> Iterator[Fault]:
    if item.site and item.site.address is None:
        yield Fault("site_id", "site_without_address", "The site has no address to deliver to.")


def _needs_other_item_or_equipment(item: Judged, rule: Parameters) -> Iterator[Fault]:
    if not _applies(item, rule):
        return
    if kind := rule.get("kind"):
        if all(other.get("kind") != kind for other in item.order):
            needed = item.catalog.kinds.get(kind)
            detail = f"The order has no item of the kind {needed.label() if needed else kind}, which this one needs."
            yield Fault(rule.get("setting", "kind"), f"needs_{kind}", detail)
        return
    model = rule["model"]
    if item.site and not item.site.has_socket(model) and not _is_brought(item, model):
        code, detail = f"no_{model.lower()}_at_site", f"The site has no {model} and this order brings none."
        yield Fault(rule.get("setting", "site_id"), code, detail)


def _is_brought(item: Judged, model: str) -> bool:
    """Return whether an item of the order, valid or not, brings equipment of this model to the item's site."""
    return any(
        other.get("model") == model
        and item.site is not None
        and other.get("site_id") == item.site.site_id
        and (kind := item.catalog.kind_of(other)) is not None
        and "model" in kind.settings
        for other in item.order
    )


def date_in_past(item: Judged) -> Iterator[Fault]:
    """Yield a fault of a start date before today, which no kind of item can have."""
    if (start := item.values.get("start_date")) and start < item.today:
        yield Fault("start_date", "date_in_past", "The start date is in the past.")


def _start_date_window(item: Judged, rule: Parameters) -> Iterator[Fault]:
    start = item.values.get("start_date")
    if start is None:
        return
    earliest, years, days = rule.get("earliest_days", 0), rule.get("latest_years"), rule.get("latest_days")
    if (start - item.today).days < earliest:
        yield _too_early(earliest)
    if years is not None and start > years_after(item.today, years):
        ahead = _YEARS.get(years, f"{years} years")
        yield Fault("start_date", "date_too_late", f"The start date is more than {ahead} ahead.")
    if days is not None and start > item.today + timedelta(days=days):
        yield Fault("start_date", "date_too_late", f"The start date is more than {days} days ahead.")


def _too_early(days: int) -> Fault:
    return Fault("start_date", "date_too_early", f"The start date is less than {days} days ahead.")


def _lead_time(item: Judged, rule: Parameters) -> Iterator[Fault]:
    start = item.values.get("start_date")
    if start is not None and _applies(item, rule) and (start - item.today).days < rule["days"]:
        yield _too_early(rule["days"])


def multiple_of(item: Judged, step: int) -> Iterator[Fault]:
    """Yield a fault of a quantity that is no multiple of a step."""
    quantity = item.values.get("quantity")
    if quantity is not None and quantity % step:
        yield Fault("quantity", "not_a_multiple", f"The quantity is a multiple of {step}.")


def _quantity_step(item: Judged, rule: Parameters) -> Iterator[Fault]:
    return multiple_of(item, rule["step"])


def _hint(member: str, **hints: Any) -> Callable[[Parameters], Hints]:
    found = {member: {f"x-{name.replace('_', '-')}": value for name, value in hints.items()}}
    return lambda _: found


def _hints_of_need(rule: Parameters) -> Hints:
    name, needed = ("x-needs-kind", rule["kind"]) if "kind" in rule else ("x-needs-socket", rule["model"])
    if "setting" in rule:
        return {rule["setting"]: {name: {str(rule["value"]): needed}}}
    return {"kind" if "kind" in rule else "site_id": {name: needed}}


def _hints_of_window(rule: Parameters) -> Hints:
    names = {"latest_years": "x-years-ahead", "latest_days": "x-days-ahead", "earliest_days": "x-earliest-days"}
    return {"start_date": {hint: rule[name] for name, hint in names.items() if name in rule}}


def _hints_of_lead_time(rule: Parameters) -> Hints:
    if "setting" in rule:
        return {rule["setting"]: {"x-lead-days": {str(rule["value"]): rule["days"]}}}
    return {"start_date": {"x-lead-days": rule["days"]}}


RULES: Mapping[str, Rule] = {
    "needs_site": Rule(_needs_site, _no_hints),
    "site_has_license": Rule(_site_has_license, _hint("site_id", needs="license")),
    "license_starts_later": Rule(
        _license_starts_later,
        lambda _: {"site_id": {"x-needs": "license_to_begin"}, "start_date": {"x-before-license": True}},
    ),
    "above_current_bandwidth": Rule(
        _above_current_bandwidth, lambda rule: {rule["setting"]: {"x-above-license": True}}
    ),
    "site_has_address": Rule(_site_has_address, _hint("site_id", needs="address")),
    "needs_other_item_or_equipment": Rule(_needs_other_item_or_equipment, _hints_of_need),
    "start_date_window": Rule(_start_date_window, _hints_of_window),
    "lead_time": Rule(_lead_time, _hints_of_lead_time),
    "quantity_step": Rule(_quantity_step, lambda rule: {"quantity": {"multipleOf": rule["step"]}}),
    "one_per_site": Rule(_no_faults, _no_hints),
}
"""`one_per_site` is about the valid items of an order together, so `item_errors` checks it."""
