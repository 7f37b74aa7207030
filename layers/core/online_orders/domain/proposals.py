"""Quotes whose discount needs the approval of a lead before they are offered; see `discounts` for how they are judged.

Each function takes the order as it was and returns a Change, as the actions of `orders` do. While a proposal waits, the
revision that is on offer stays valid. Proposals are imported with the first order that has one (see
`values.later_part`).
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from online_orders.domain import money
from online_orders.domain.accounts import Currency
from online_orders.domain.decimals import PercentOrZero, decimal_text
from online_orders.domain.errors import FieldError
from online_orders.domain.field_errors import pointer, validate
from online_orders.domain.iso import MINOR_DIGITS
from online_orders.domain.order_parts import User
from online_orders.domain.quotes import Quote
from online_orders.domain.timeline import Event
from online_orders.domain.values import FROM_REQUEST, Entity, Instant, Request, is_none

if TYPE_CHECKING:
    from online_orders.domain.orders import Change, Order

Reason = Literal["percent", "amount", "margin"]
"""The threshold that a discount passes."""
_OF_REVISION = {"revision", "sha256", "letterhead_version", "buyer"}
"""What a revision says that is not what is approved: its number and hash, its paper, and whom it is billed to."""
_DRAFT_ONLY = {"unpriced", "price_sources"}


# -- the policy -------------------------------------------------------------------------------------------------


class DiscountPolicy(Request):
    """How much the desk's agents may take off without asking; what is null has no limit."""

    percent: Annotated[
        PercentOrZero | None,
        Field(description="The greatest discount, in percent of what is listed for the first year."),
    ] = None
    amounts: dict[Currency, Annotated[Decimal, BeforeValidator(decimal_text), Field(ge=0, lt=money.MAX_AMOUNT)]] = (
        Field(default_factory=dict, description="The greatest discount in money over the first year, by currency.")
    )
    margin_percent: Annotated[
        PercentOrZero | None,
        Field(
            description="The least margin, in percent of what is due for the first year, where each line has a cost."
        ),
    ] = None

    @property
    def is_off(self) -> bool:
        return self.percent is None and not self.amounts and self.margin_percent is None


def parse_policy(body: Any) -> dict[str, Any]:
    """Return the document of the policy; raise Invalid with every fault."""
    policy = validate(DiscountPolicy, body, extra_errors=_digit_faults(body))
    amounts = {code: str(money.quantize(amount, code)) for code, amount in sorted(policy.amounts.items())}
    return {**policy.model_dump(mode="json"), "amounts": amounts}


def _digit_faults(body: Any) -> Iterator[FieldError]:
    amounts = body.get("amounts") if isinstance(body, Mapping) else None
    for code, raw in amounts.items() if isinstance(amounts, Mapping) else ():
        if code in MINOR_DIGITS and isinstance(raw, (str, int, Decimal)) and not isinstance(raw, bool):
            try:
                fits = money.fits(Decimal(raw), code)
            except ArithmeticError:
                continue  # an error of the form
            if not fits:
                digits = money.minor_digits(code)
                detail = f"Amounts in {code} have {digits} decimals at most."
                yield FieldError(pointer("amounts", code), "too_many_decimals", detail)


# -- the proposal -----------------------------------------------------------------------------------------------


class DiscountFigures(Entity):
    """What a discount comes to over the first year: what is due once, twelve months, and a year.

    The totals count every optional line as chosen; the others are those of the choice with the greatest discount, or
    the least margin.
    """

    currency: str
    list_total: Annotated[Decimal, Field(description="Before all discounts.")]
    net_total: Annotated[Decimal, Field(description="After all discounts.")]
    discount: Annotated[Decimal, Field(description="The greatest that the contact person can choose.")]
    percent: Annotated[Decimal, Field(description="The greatest discount in percent of what is listed.")]
    cost_total: Annotated[
        Decimal | None,
        Field(exclude_if=is_none, description="Left out unless each line has a cost; likewise the margin."),
    ] = None
    margin_percent: Annotated[
        Decimal | None, Field(exclude_if=is_none, description="The least, in percent of what is due.")
    ] = None


class Proposal(Entity):
    """A quote that is not offered yet."""

    quote: Annotated[
        Quote, Field(description="As it would be offered; its number and its hash are made anew with the approval.")
    ]
    request: dict[str, Any]
    """What it was made of, costs included; it is made anew of this."""
    asked_by: User
    asked_at: Instant
    reasons: tuple[Reason, ...]
    figures: DiscountFigures

    def is_offered_by(self, quote: Quote) -> bool:
        """Return whether a quote that is made of the same request now offers the same."""
        return quote.model_dump(exclude=_OF_REVISION) == self.quote.model_dump(exclude=_OF_REVISION)


def reasons_data(reasons: tuple[Reason, ...], figures: DiscountFigures) -> dict[str, Any]:
    """Return what an entry says of a discount."""
    return {"reasons": list(reasons), "percent": str(figures.percent)}


def propose(
    order: "Order",
    quote: Quote,
    body: Any,
    reasons: tuple[Reason, ...],
    figures: DiscountFigures,
    by: User,
    at: datetime,
) -> "Change":
    """Keep a quote for a lead to decide on, in place of any other that waits; the revision on offer stays as it is."""
    from online_orders.domain.orders import staff_actor  # `orders` has this module's models among its parts

    order.require_allowed("quote")
    proposal = Proposal(
        quote=quote,
        request=_kept_request(body),
        asked_by=by,
        asked_at=max(at, order.internals.last_entry_at or order.updated_at),  # as its entry
        reasons=reasons,
        figures=figures,
    )
    change = order.with_entry(
        at,
        staff_actor(by),
        Event.QUOTE_PROPOSED,
        reasons_data(reasons, figures),
        internal=True,
        internals={"proposal": proposal},
    )
    change.order.check_size()
    return change


def approve(order: "Order", quote: Quote, by: User, at: datetime, undo_window: timedelta = timedelta(0)) -> "Change":
    """Offer the quote that waits; `quote` is the same, made anew. Raise Conflict where none waits."""
    from online_orders.domain.discounts import kept_costs  # which has this module's models
    from online_orders.domain.orders import staff_actor

    proposal = order.require_proposal()
    costs = kept_costs(proposal.request, quote.currency)
    approved = order.with_entry(
        at,
        staff_actor(by),
        Event.QUOTE_PROPOSAL_APPROVED,
        _decided_data(proposal),  # without the revision, by which certificates would name it
        internal=True,
        decision=False,  # the offer is one
        internals={"proposal": None},
    )
    return approved.then(lambda order: order.offer(quote, by, at, undo_window, costs=costs))


def refuse(order: "Order", reason: str, by: User, at: datetime) -> "Change":
    """Drop the quote that waits, and say why; raise Conflict where none does."""
    from online_orders.domain.orders import staff_actor

    proposal = order.require_proposal()
    return order.with_entry(
        at,
        staff_actor(by),
        Event.QUOTE_PROPOSAL_REFUSED,
        {"reason": reason, **_decided_data(proposal)},
        internal=True,
        internals={"proposal": None},
    )


def _decided_data(proposal: Proposal) -> dict[str, Any]:
    """Return what an entry says of the proposal that it decides on, and of whoever asked."""
    asker = proposal.asked_by
    return {
        "proposed_by": asker.user_id,
        "proposed_by_name": asker.shown_name,
        **({"proposed_by_email": asker.mailbox} if asker.mailbox else {}),
        **reasons_data(proposal.reasons, proposal.figures),
    }


def _kept_request(body: Any) -> dict[str, Any]:
    """Return a sound quote request as it is stored."""
    from online_orders.domain.quote_requests import NewQuote

    request = NewQuote.model_validate(body, context=FROM_REQUEST)
    kept: dict[str, Any] = _plain(request.model_dump(exclude_defaults=True, exclude=_DRAFT_ONLY))
    return kept


def _plain(value: Any) -> Any:
    """Return a value as it is written in JSON; decimals in digits, as requests have them."""
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value
