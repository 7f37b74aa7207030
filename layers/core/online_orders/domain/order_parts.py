"""What an order is made of besides items and quote: people, snapshot, end, and what it keeps for itself."""

from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from online_orders.domain.mail_delivery import MailState, MailStatus
from online_orders.domain.order_status import Status
from online_orders.domain.values import Entity, Instant, is_none, later_part

if TYPE_CHECKING:
    from online_orders.domain.later_parts import ContactRequests, QuoteCosts
    from online_orders.domain.proposals import Proposal
else:
    ContactRequests = later_part("ContactRequests")
    QuoteCosts = later_part("QuoteCosts")
    Proposal = later_part("Proposal", "proposals")


class User(Entity):
    """A person or a service user who acts, as the token says."""

    user_id: str
    email: str
    name: Annotated[str | None, Field(exclude_if=is_none)] = None
    """Of a service user, which has no mailbox; people are shown by their addresses. Omitted for them."""

    @property
    def shown_name(self) -> str:
        return self.name or self.email

    @property
    def mailbox(self) -> str | None:
        """Return the address where the user gets mail; None for a service user, and where the token had none."""
        return (self.email or None) if self.name is None else None


class Closed(Entity):
    """Why and when the order came to its end."""

    by: Literal["contact", "customer", "customer_success", "expiry"]
    reason: str | None
    at: Instant


class Delivery(Entity):
    """What became of the newest mail with the quote."""

    state: MailState
    """`sent`: SES has taken it; `rejected`: SES or the product gave it up."""
    recipient: str
    at: Instant


class HourlyComments(Entity):
    hour: Instant
    """Its beginning, by the clock in UTC."""
    count: int


class OrderedSite(Entity):
    """A site as it was when something was ordered for it."""

    name: str
    address: str | None
    """Where it is delivered to."""


class Snapshot(Entity):
    """What the order was about when it was placed, whatever the account and the catalog have come to since."""

    sites: dict[str, OrderedSite]
    """By site id; those of the items alone."""
    words: dict[str, dict[str, str]]
    """The catalog's, by language and by key as in `catalog.words_of`; those of the items alone."""
    account_name: Annotated[str | None, Field(exclude_if=is_none)] = None
    """None in an order that was placed before it was kept."""
    catalog_version: Annotated[int | None, Field(exclude_if=is_none)] = None
    """Of the published catalog that the order was placed by; None for the one that ships."""
    delivered: Annotated[tuple[str, ...] | None, Field(exclude_if=is_none)] = None
    """The kinds of its items that go to a site's address; None where the catalog that ships says so."""


Priority = Literal["high", "normal", "low"]
"""How urgent an order is, as the desk says."""


class OrderInternals(Entity):
    """What an order keeps for its own processing and shows to nobody."""

    sequence: int
    """Of the newest timeline entry: every change writes one, so this is also the lock of every write."""
    last_entry_at: Annotated[Instant | None, Field(exclude_if=is_none)] = None
    """Of the newest timeline entry; None in a new order, and in one that an earlier release stored last."""
    locale: str
    """The account's, which an open order takes over; likewise the time zone."""
    time_zone: str
    placed_time_zone: Annotated[str | None, Field(exclude_if=is_none)] = None
    """In which the order was placed; None while it is in the same still."""
    quote_time_zone: Annotated[str | None, Field(exclude_if=is_none)] = None
    """In which the current revision was offered, and its last day is judged; None while it is in the same still."""
    decision_sequence: Annotated[int | None, Field(exclude_if=is_none)] = None
    """Of the entry of the newest decision by link; None for none, and for one that an earlier release took."""
    order_link: int = 1
    """Number of the live link that cancels the order, from the mail "order received"."""
    quote_link: int = 0
    """Number of the newest link to the current revision; older ones are dead."""
    quote_link_mailed: int = 0
    """The newest quote link whose mail SES took or refused for good; the mail is outstanding while it is behind."""
    quote_link_key_id: str | None = None
    quote_mail_due_at: Annotated[Instant | None, Field(exclude_if=is_none)] = None
    """From when on the mail of the newest quote link was to go; None in orders that an earlier release stored last."""
    quote_held_until: Instant | None = None
    """Until when at least the mail of a revision waits, so that it can be undone; None once it may go."""
    delivered_link: int = 0
    """The newest quote link whose mail is known to have arrived; likewise the next two."""
    bounced_link: int = 0
    complained_link: int = 0
    quote_mail: MailStatus | None = None
    has_own_contact: bool = False
    """Whether Customer Success gave this order a contact of its own, which a change of the account's leaves alone."""
    contact_removed_since: Annotated[Instant | None, Field(exclude_if=is_none)] = None
    """Since when the account has named nobody in place of the order's contact; None while somebody can be asked."""
    suspended_since: Instant | None = None
    """Since when the account's enrollment does not allow orders any more; None while it does."""
    last_reminder_on: date | None = None
    follow_up_told: Annotated[date | None, Field(exclude_if=is_none)] = None
    """The day to follow up on of which the desk was told last."""
    stale_since: Instant | None = None
    """Since when the order has stood where it stood when Customer Success was last told that nobody moves it."""
    fresh_quote_asked: int = 0
    """The newest revision that the contact found expired and asked to have replaced."""
    fresh_mails_at: tuple[Instant, ...] = ()
    """Of the fresh mails in place of locked links, of a day; those below were asked for with the locked link's code."""
    coded_mails_at: Annotated[tuple[Instant, ...], Field(exclude_if=lambda past: not past)] = ()
    comments: Annotated[HourlyComments | None, Field(exclude_if=is_none)] = None
    """How many the customer has written in the hour of the newest; left out of what is stored until there is one."""
    requests: Annotated[ContactRequests | None, Field(exclude_if=is_none)] = None
    proposal: Annotated[Proposal | None, Field(exclude_if=is_none)] = None
    """The quote whose discount waits for approval; customers see no trace of it."""
    quote_costs: Annotated[QuoteCosts | None, Field(exclude_if=is_none)] = None
    """Of the current revision, where its request named any; for the draft of the next one."""
    since: dict[Status, Instant] = Field(default_factory=dict)
