"""The figures of the desk: how many orders were placed, won and lost, how long each step took, and what they are worth.

A pure fold: the facts of an order follow from its timeline entries, and what an order counts for follows from its
facts. The counters of a month are the sums over the orders that were placed in it, so a figure is read without reading
an order.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field

from online_orders.domain.events import EventDetail
from online_orders.domain.money import minor_digits
from online_orders.domain.quotes import Totals
from online_orders.domain.timeline import Event
from online_orders.domain.values import Entity, Instant

BUCKET_HOURS: tuple[float, ...] = (
    *(0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 36, 48, 72, 96, 120, 168),
    *(240, 336, 504, 720, 1080, 1440, 2160),
)
"""Upper ends of the buckets of a duration, in hours; the last one also counts what took longer."""
NOBODY = ""
"""The key of orders that no member of Customer Success has."""


class Dimension(StrEnum):
    """By what the counters of a month are told apart."""

    ALL = "all"
    PERSON = "person"
    KIND = "kind"
    GROUP = "group"


class Outcome(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


_OUTCOMES = {
    "contact": Outcome.LOST,
    "customer_success": Outcome.LOST,
    "expiry": Outcome.EXPIRED,
    "customer": Outcome.WITHDRAWN,
}
"""By who canceled the order."""
COUNTED_EVENTS = frozenset(
    {
        Event.SUBMITTED,
        Event.CLAIMED,
        Event.RELEASED,
        Event.QUOTED,
        Event.CHANGE_REQUESTED,
        Event.COMPLETED,
        Event.CANCELED,
    }
)
"""The events that change facts."""
STEPS = ("claim", "quote", "answer")


class Facts(Entity):
    """What the figures know of an order."""

    month: str
    """YYYY-MM, of placing, in the zone that the account had then."""
    kinds: tuple[str, ...]
    groups: tuple[str, ...]
    """Of the account, when the order was counted first."""
    placed_at: Instant
    person: str = NOBODY
    """The user id of the assignee: the present one or, once the order is closed, the last one."""
    claimed_at: Instant | None = None
    """For the first time, like the next."""
    quoted_at: Instant | None = None
    offered_at: Instant | None = None
    """When SES accepted the first mail of the revision that the contact answered or, before an answer, the newest."""
    answered_at: Instant | None = None
    """When the contact first decided after an offer: approved, canceled or asked for a change."""
    outcome: Outcome = Outcome.OPEN
    currency: str | None = None
    """Of the approved quote, like the totals; None for other orders."""
    totals: Totals | None = None


class Occurrence(NamedTuple):
    """What the fold reads of a timeline entry."""

    event: Event
    data: Mapping[str, Any]
    detail: EventDetail


def with_occurrences(facts: Facts, occurrences: Iterable[Occurrence]) -> Facts:
    """Return the facts after further entries, which are given in sequence."""
    for event, data, detail in occurrences:
        facts = facts.model_copy(update=_news(facts, event, data, detail))
    return facts


def _news(facts: Facts, event: Event, data: Mapping[str, Any], detail: EventDetail) -> dict[str, Any]:
    at = detail.at
    news: dict[str, Any] = {}
    if event is Event.CLAIMED:
        news = {"person": data["assignee"], "claimed_at": facts.claimed_at or at}
    elif event is Event.RELEASED:
        news = {"person": NOBODY}
    elif event is Event.QUOTED:
        news = {"quoted_at": facts.quoted_at or at, "offered_at": facts.offered_at if facts.answered_at else at}
    elif event is Event.CHANGE_REQUESTED:
        news = _answer(facts, at)
    elif event is Event.COMPLETED:
        won = {"outcome": Outcome.WON, "currency": detail.currency, "totals": detail.totals}
        news = {**_answer(facts, at), **won}
    elif event is Event.CANCELED:
        answer = _answer(facts, at) if data["by"] == "contact" else {}
        news = {**answer, "outcome": _OUTCOMES[data["by"]]}
    return news


def _answer(facts: Facts, at: datetime) -> dict[str, Any]:
    return {"answered_at": at} if facts.offered_at and not facts.answered_at else {}


# -- counting -----------------------------------------------------------------------------------------------------

Counts = Mapping[str, int]
Contribution = Mapping[str, Counts]
"""What an order counts for: by dimension and key, as `cell` writes them, the counters."""


def cell(dimension: Dimension, key: str = "") -> str:
    """Return how a dimension and a key of it are written together."""
    return f"{dimension}#{key}"


def cells(facts: Facts) -> list[str]:
    """Return the cells that an order counts in; one of two kinds counts in both, in whole."""
    return [
        cell(Dimension.ALL),
        cell(Dimension.PERSON, facts.person),
        *(cell(Dimension.KIND, kind) for kind in sorted(set(facts.kinds))),
        *(cell(Dimension.GROUP, group) for group in sorted(set(facts.groups))),
    ]


def contribution(facts: Facts) -> dict[str, dict[str, int]]:
    """Return what an order counts for."""
    counts = {"orders": 1, facts.outcome.value: 1}
    spans = (
        (facts.placed_at, facts.claimed_at),
        (facts.placed_at, facts.quoted_at),
        (facts.offered_at, facts.answered_at),
    )
    for step, (since, until) in zip(STEPS, spans, strict=True):
        if since and until:
            counts[f"{step}#{bucket_of((until - since).total_seconds() / 3600)}"] = 1
    if facts.totals and facts.currency:
        for recurrence, amount in facts.totals:
            if amount:
                counts[f"{facts.currency}#{recurrence}"] = int(amount.scaleb(minor_digits(facts.currency)))
    return {each: dict(counts) for each in cells(facts)}


def difference(before: Contribution, after: Contribution) -> dict[str, dict[str, int]]:
    """Return by cell what is to be added to its counters, so that an order counts as `after` and no longer as
    `before`.
    """
    found: dict[str, dict[str, int]] = {}
    for each in {**before, **after}:
        old, new = before.get(each, {}), after.get(each, {})
        deltas = {name: new.get(name, 0) - old.get(name, 0) for name in {**old, **new}}
        if changed := {name: delta for name, delta in deltas.items() if delta}:
            found[each] = changed
    return found


def bucket_of(hours: float) -> int:
    """Return the index of a duration's bucket."""
    return min(bisect_left(BUCKET_HOURS, hours), len(BUCKET_HOURS) - 1)


def percentile_hours(counts: Sequence[int], percent: int) -> float | None:
    """Return within how many hours so many of a hundred orders were done, to a tenth; None without any.

    Within a bucket it is interpolated. What took longer than the last bucket's end counts as that.
    """
    needed = sum(counts) * percent / 100
    lower = 0.0
    for upper, count, so_far in zip(BUCKET_HOURS, counts, accumulate(counts), strict=True):
        if count and so_far >= needed:
            return round(lower + (upper - lower) * (needed - (so_far - count)) / count, 1)
        lower = upper
    return None


# -- what is answered ---------------------------------------------------------------------------------------------


class Hours(Entity):
    """How long a step took, in hours of the clock."""

    median: Annotated[float | None, Field(description="Null without orders, like the next.")]
    p90: Annotated[float | None, Field(description="Within which 90 of 100 took the step.")]
    count: Annotated[int, Field(description="Of how many orders.")]


class Value(Entity):
    """What the approved quotes of a currency come to."""

    currency: str
    once: Decimal
    monthly: Decimal
    yearly: Decimal


class FiguresRow(Entity):
    """The figures of the orders that were placed in a month."""

    month: str
    key: Annotated[str, Field(description="A user id, a kind or a group; empty for all, and for orders of nobody.")]
    label: Annotated[str | None, Field(description="What the key is called; null where nobody knows.")]
    orders: int
    won: Annotated[int, Field(description="Approved by the contact.")]
    lost: Annotated[int, Field(description="Canceled by the contact, or declined.")]
    expired: Annotated[int, Field(description="Canceled because the quote ran out.")]
    open: Annotated[int, Field(description="Neither; what is left was withdrawn by the customer.")]
    hours_to_claim: Annotated[Hours, Field(description="From placing to the first claim.")]
    hours_to_quote: Annotated[Hours, Field(description="From placing to the first quote that was sent.")]
    hours_to_answer: Annotated[Hours, Field(description="From a quote to the contact's first decision.")]
    value: Annotated[tuple[Value, ...], Field(description="Of the orders won, by currency.")]


class Figures(Entity):
    """The figures of some months."""

    months: Annotated[tuple[str, ...], Field(description="All that were asked for, also those without a row.")]
    by: Dimension
    rows: Annotated[tuple[FiguresRow, ...], Field(description="By month, and then by key.")]


def figures_row(month: str, key: str, label: str | None, counts: Counts) -> FiguresRow:
    """Return a row from the sums of its counters."""
    hours: dict[str, Any] = {f"hours_to_{step}": _hours(step, counts) for step in STEPS}
    outcomes: dict[str, Any] = {name.value: counts.get(name, 0) for name in Outcome if name is not Outcome.WITHDRAWN}
    currencies = sorted({name[:3] for name in counts if name[:3].isupper() and "#" in name})
    return FiguresRow(
        month=month,
        key=key,
        label=label,
        orders=counts.get("orders", 0),
        value=tuple(_value(currency, counts) for currency in currencies),
        **outcomes,
        **hours,
    )


def _hours(step: str, counts: Counts) -> Hours:
    buckets = [counts.get(f"{step}#{index}", 0) for index in range(len(BUCKET_HOURS))]
    return Hours(median=percentile_hours(buckets, 50), p90=percentile_hours(buckets, 90), count=sum(buckets))


def _value(currency: str, counts: Counts) -> Value:
    def amount(recurrence: Literal["once", "monthly", "yearly"]) -> Decimal:
        return Decimal(counts.get(f"{currency}#{recurrence}", 0)).scaleb(-minor_digits(currency))

    return Value(currency=currency, once=amount("once"), monthly=amount("monthly"), yearly=amount("yearly"))


def summed(counters: Iterable[Counts]) -> Counter[str]:
    """Return the sums of counters that were kept in several shards, without those that are zero."""
    total: Counter[str] = Counter()
    for each in counters:
        total.update(each)
    return Counter({name: count for name, count in total.items() if count})


def months_between(first: str, last: str) -> tuple[str, ...]:
    """Return the months from one to another, both included and written YYYY-MM; none where they are swapped."""
    begin, end = (int(month[:4]) * 12 + int(month[5:]) - 1 for month in (first, last))
    return tuple(f"{index // 12:04}-{index % 12 + 1:02}" for index in range(begin, end + 1))


# -- the table ----------------------------------------------------------------------------------------------------

COLUMNS = (
    *("month", "key", "label", "orders", "won", "lost", "expired", "open"),
    *(f"hours_to_{step}_{part}" for step in STEPS for part in ("median", "p90", "count")),
)
_RECURRENCES = ("once", "monthly", "yearly")


def figures_table(figures: Figures, decimal_mark: str = ".") -> tuple[list[str], list[list[Any]]]:
    """Return the header and the rows of a table; the value of each currency has three columns at the end."""
    currencies = sorted({value.currency for row in figures.rows for value in row.value})
    header = [*COLUMNS, *(f"value_{currency}_{each}" for currency in currencies for each in _RECURRENCES)]

    def cells_of(row: FiguresRow) -> list[Any]:
        hours = [getattr(row, f"hours_to_{step}") for step in STEPS]
        values = {value.currency: value for value in row.value}
        return [
            *(row.month, row.key, row.label, row.orders, row.won, row.lost, row.expired, row.open),
            *(_decimal(part, decimal_mark) for each in hours for part in (each.median, each.p90, each.count)),
            *(
                _decimal(getattr(values[currency], each) if currency in values else None, decimal_mark)
                for currency in currencies
                for each in _RECURRENCES
            ),
        ]

    return header, [cells_of(row) for row in figures.rows]


def _decimal(value: Decimal | float | None, mark: str) -> str | None:
    return None if value is None else str(value).replace(".", mark)
