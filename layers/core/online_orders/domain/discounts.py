"""Which discounts the desk's agents may give: the policy, and what a quote's discount and margin come to.

Everything counts for the first year: what is charged once, twelve months, and a year. A contact person may choose among
optional lines, so each threshold is judged by the choice that comes nearest to it: an expensive option at its full
price hides no discount on the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import partial
from math import floor
from typing import Any, NamedTuple

from online_orders.domain import money
from online_orders.domain.later_parts import QuoteCosts
from online_orders.domain.proposals import DiscountFigures, DiscountPolicy, Reason
from online_orders.domain.quote_amounts import charged, periods, price
from online_orders.domain.quotes import Quote, QuoteLine, Recurrence

_TIMES = {Recurrence.ONCE: 1, Recurrence.MONTHLY: 12, Recurrence.YEARLY: 1}
"""How often each recurrence is charged in the first year."""


class Judged(NamedTuple):
    """What a quote's discount comes to, and the thresholds that it passes."""

    figures: DiscountFigures
    reasons: tuple[Reason, ...]


class _Part(NamedTuple):
    """A line over the first year."""

    line: QuoteLine
    listed: Fraction
    net: Fraction
    """After every discount, that on the whole quote, if it is a percentage, included."""
    cost: Fraction


_Choice = tuple[_Part, ...]


def costs_of(body: Any) -> tuple[Decimal | None, ...]:
    """Return what one of each line costs the seller, as a sound quote request says."""
    return tuple(None if line.get("unit_cost") is None else Decimal(str(line["unit_cost"])) for line in body["lines"])


def kept_costs(body: Any, currency: str) -> QuoteCosts | None:
    """Return the costs of a sound quote request in the currency's digits, as they are kept; None where it has none."""
    by_line = tuple(None if cost is None else money.quantize(cost, currency) for cost in costs_of(body))
    return QuoteCosts(by_line=by_line) if any(cost is not None for cost in by_line) else None


def judge(quote: Quote, costs: Sequence[Decimal | None], policy: DiscountPolicy) -> Judged:
    """Return the figures of a quote, and which thresholds of the policy they pass.

    `costs` has what one of each line costs. There is a margin only where each line has a cost; one with a negative
    price, which is a discount, needs none.
    """
    parts = tuple(map(_part, quote.lines, costs, (_kept_share(quote),) * len(quote.lines)))
    has_costs = all(cost is not None or line.unit_price < 0 for line, cost in zip(quote.lines, costs, strict=True))
    fixed_off = _fixed_off(quote)
    by_percent = _worst(parts, fixed_off, lambda part: part.listed - part.net, lambda part: part.listed)
    by_amount = _chosen(parts, lambda part: part.listed - part.net)
    listed, off = _listed(by_percent), _listed(by_percent) - _net(quote, by_percent)
    percent = 100 * off / listed if listed else Fraction(0)
    most_off = max(off, _listed(by_amount) - _net(quote, by_amount))
    margin, has_no_margin = _margin(quote, parts, fixed_off) if has_costs else (None, False)
    figures = DiscountFigures(
        currency=quote.currency,
        list_total=_money(_listed(parts), quote),
        net_total=_money(_net(quote, parts), quote),
        discount=_money(most_off, quote),
        percent=_percent(percent),
        cost_total=_money(_cost(parts), quote) if has_costs else None,
        margin_percent=None if margin is None else _percent(margin),
    )
    return Judged(
        figures,
        tuple(
            _passed(
                policy,
                is_percent_over=policy.percent is not None
                and off - listed * Fraction(policy.percent) / 100 > _slack(quote, by_percent),
                most_off=most_off,
                currency=quote.currency,
                margin=margin,
                has_no_margin=has_no_margin,
            )
        ),
    )


def _passed(
    policy: DiscountPolicy,
    *,
    is_percent_over: bool,
    most_off: Fraction,
    currency: str,
    margin: Fraction | None,
    has_no_margin: bool,
) -> Iterator[Reason]:
    if is_percent_over:
        yield "percent"
    most = policy.amounts.get(currency)
    if most is not None and most_off > Fraction(most):
        yield "amount"
    least = policy.margin_percent
    if least is not None and (has_no_margin or (margin is not None and margin < Fraction(least))):
        yield "margin"


# -- choices ------------------------------------------------------------------------------------------------------


def _chosen(parts: Iterable[_Part], gain: Callable[[_Part], Fraction]) -> _Choice:
    """Return the fixed lines and each optional one with a gain; of each group, the one that has the greatest."""
    kept: list[_Part] = []
    groups: dict[str, _Part] = {}
    for part in parts:
        group = part.line.option_group
        if not part.line.optional:
            kept.append(part)
        elif gain(part) <= 0:
            continue
        elif group is None:
            kept.append(part)
        elif group not in groups or gain(part) > gain(groups[group]):
            groups[group] = part
    return (*kept, *groups.values())


def _worst(
    parts: Sequence[_Part],
    start: Fraction,
    above: Callable[[_Part], Fraction],
    below: Callable[[_Part], Fraction],
    start_below: Fraction = Fraction(0),
) -> _Choice:
    """Return the choice for which the sum of `above` is the greatest part of the sum of `below`.

    Each step takes what raises the ratio reached so far, until nothing does (Dinkelbach); it ends, since there are
    finitely many choices and each is better than the one before.
    """
    choice = tuple(part for part in parts if not part.line.optional)
    ratio = _ratio(choice, start, above, below, start_below)
    while ratio is not None:
        better = _chosen(parts, partial(_gain, above, below, ratio))
        reached = _ratio(better, start, above, below, start_below)
        if reached is not None and reached <= ratio:
            break
        choice, ratio = better, reached
    return choice


def _gain(
    above: Callable[[_Part], Fraction], below: Callable[[_Part], Fraction], ratio: Fraction, part: _Part
) -> Fraction:
    return above(part) - ratio * below(part)


def _ratio(
    choice: _Choice,
    start: Fraction,
    above: Callable[[_Part], Fraction],
    below: Callable[[_Part], Fraction],
    start_below: Fraction,
) -> Fraction | None:
    """Return the ratio of a choice; None where it has no bound."""
    over, under = start + sum(map(above, choice)), start_below + sum(map(below, choice))
    if under > 0:
        return over / under
    return None if over > 0 else Fraction(0)


def _margin(quote: Quote, parts: Sequence[_Part], fixed_off: Fraction) -> tuple[Fraction | None, bool]:
    """Return the least margin that a choice leaves, in percent; where nothing is due, None and whether it costs."""
    choice = _worst(parts, Fraction(0), lambda part: part.cost, lambda part: part.net, -fixed_off)
    net, cost = _net(quote, choice), _cost(choice)
    if net <= 0:
        return None, cost > 0
    return 100 * (net - cost) / net, False


# -- sums ---------------------------------------------------------------------------------------------------------


def _part(line: QuoteLine, cost: Decimal | None, kept_share: Fraction) -> _Part:
    times = _TIMES[charged(line)]
    listed = line.amount if line.list_amount is None else line.list_amount
    due = line.quantity * periods(line.proration, line.recurrence)
    return _Part(
        line,
        times * max(Fraction(listed), Fraction(0)),
        times * Fraction(line.amount) * kept_share,
        times * due * Fraction(cost or 0),
    )


def _kept_share(quote: Quote) -> Fraction:
    """Return which part of each line a percentage off the whole quote leaves."""
    percent = quote.discount.percent if quote.discount else None
    return Fraction(1) if percent is None else 1 - Fraction(percent) / 100


def _fixed_off(quote: Quote) -> Fraction:
    """Return what an amount off the whole quote takes off the first year."""
    if quote.discount is None or quote.discount.amount is None:
        return Fraction(0)
    return _TIMES[quote.discount.recurrence or Recurrence.ONCE] * Fraction(quote.discount.amount)


def _listed(choice: Iterable[_Part]) -> Fraction:
    return sum((part.listed for part in choice), Fraction(0))


def _cost(choice: Iterable[_Part]) -> Fraction:
    return sum((part.cost for part in choice), Fraction(0))


def _net(quote: Quote, choice: Iterable[_Part]) -> Fraction:
    """Return what a choice comes to, rounded as the quote itself."""
    totals = price((part.line for part in choice), quote.discount, quote.currency, is_taxed=False).totals
    return sum((_TIMES[each] * Fraction(getattr(totals, each.value)) for each in Recurrence), Fraction(0))


def _slack(quote: Quote, choice: Iterable[_Part]) -> Fraction:
    """Return by how much rounding alone may have raised the discount: half a unit for each percentage.

    One off the whole quote is rounded for each recurrence in which something is charged.
    """
    lines = [part.line for part in choice]
    rounded = sum(_TIMES[charged(line)] for line in lines if line.discount and line.discount.percent is not None)
    if quote.discount and quote.discount.percent is not None:
        rounded += sum(_TIMES[each] for each in {charged(line) for line in lines})
    return Fraction(rounded, 2 * 10 ** money.minor_digits(quote.currency))


def _money(amount: Fraction, quote: Quote) -> Decimal:
    return _to_digits(amount, money.minor_digits(quote.currency))


def _percent(percent: Fraction) -> Decimal:
    return _to_digits(percent, 2)


def _to_digits(number: Fraction, digits: int) -> Decimal:
    """Return a number with so many decimals, rounded half up once; costs may be of any size beside what is due."""
    size = floor(abs(number) * 10**digits + Fraction(1, 2))
    return Decimal(((number < 0 < size), tuple(map(int, str(size))), -digits))
