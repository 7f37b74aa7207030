"""The bodies of the API: requests as the code reads them, responses derived from the entities that they show."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, Union

from pydantic import BaseModel, ConfigDict, Field, create_model

from online_orders.domain.accounts import READ_ONLY, Account, Contact, ContactReport, Currency, Enrollment
from online_orders.domain.approval_links import CODE
from online_orders.domain.attachments import MAX_ATTACHMENT_BYTES, Attachment
from online_orders.domain.audit import AuditChange, AuditEntry
from online_orders.domain.catalog import MAX_ITEMS
from online_orders.domain.catalog_document import READ_ONLY as READ_ONLY_OF_CATALOGS
from online_orders.domain.catalog_document import Document
from online_orders.domain.desk_settings import Team, TeamsRequest, TextModule, TextModulesRequest
from online_orders.domain.duplicates import Code
from online_orders.domain.evidence import Evidence
from online_orders.domain.figures import Figures
from online_orders.domain.handling import Assignment, HandlingRequest
from online_orders.domain.languages import Locale
from online_orders.domain.later_parts import Handling, HandOver
from online_orders.domain.letterheads import Letterhead as StoredLetterhead
from online_orders.domain.mail_preferences import NotificationsRequest
from online_orders.domain.messages import AcceptedMessage, Message
from online_orders.domain.order_numbers import ORDER_NUMBER
from online_orders.domain.order_parts import Delivery, OrderedSite, User
from online_orders.domain.order_requests import NewComment, NewOrder, Reason
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Order
from online_orders.domain.people import READ_ONLY as READ_ONLY_OF_PEOPLE
from online_orders.domain.people import (
    AccountInvitationRequest,
    InvitationRequest,
    PersonState,
    StaffInvitationRequest,
)
from online_orders.domain.people import PersonRequest as NewPersonRequest
from online_orders.domain.people import StaffPersonRequest as NewStaffPersonRequest
from online_orders.domain.prices import MAX_PRICES, IndicativePrice, ListPrice, NewListPrice, NewPriceList, QuoteDraft
from online_orders.domain.prices import READ_ONLY as READ_ONLY_OF_PRICES
from online_orders.domain.prices import PriceList as StoredPriceList
from online_orders.domain.proposals import DiscountPolicy, Proposal
from online_orders.domain.proposals import Reason as DiscountReason
from online_orders.domain.quote_parts import Accepted, TaxAmount
from online_orders.domain.quote_requests import NewQuote
from online_orders.domain.quotes import Quote, Totals
from online_orders.domain.representations import Flag
from online_orders.domain.roles import Permission, Role
from online_orders.domain.sent_mails import SentMail, SentMailState
from online_orders.domain.service_users import READ_ONLY as READ_ONLY_OF_SERVICE_USERS
from online_orders.domain.service_users import NewDeskServiceUser, NewServiceUser, ServiceUser
from online_orders.domain.service_users import ServiceUserRequest as NewServiceUserRequest
from online_orders.domain.staff_requests import (
    HandOverDecision,
    NeededReason,
    NewAnswer,
    NewDeskComment,
    NewDirectOrder,
    Resending,
)
from online_orders.domain.terms import TermsRequest
from online_orders.domain.timeline import Entry
from online_orders.domain.values import (
    MAX_EMAIL_LENGTH,
    MAX_NAME_LENGTH,
    MAX_REASON_LENGTH,
    Day,
    Entity,
    Identifier,
    Instant,
    Length,
    is_none,
)
from online_orders.domain.views import NewView, SavedView
from online_orders.http.app import Nothing
from online_orders.routes.desk_catalog import CatalogPreviewRequest as NewCatalogPreview
from tools.openapi.items import KINDS, Item, KindName


def _derived(
    name: str, description: str, source: type[BaseModel], leave_out: Collection[str] = (), /, **more: Any
) -> type[BaseModel]:
    """Return a model with the fields of another, without those of `leave_out` and with those of `more`."""
    fields: dict[str, Any] = {
        field: (info.annotation, info) for field, info in source.model_fields.items() if field not in leave_out
    }
    return create_model(name, __base__=Entity, __doc__=description, **{**fields, **more})


# -- requests -----------------------------------------------------------------------------------------------------

_OTHER_KINDS = (
    "Of the kinds of the catalog that ships. An installation that has published a catalog of its own has other kinds: "
    "`GET /api/catalog` has the schema of each, and an item has at least `kind` and `start_date`."
)
Items = Annotated[list[Item], Field(min_length=1, max_length=MAX_ITEMS, description=_OTHER_KINDS)]


class OrderRequest(NewOrder):
    """What a customer orders."""

    items: Items


class DirectOrderRequest(NewDirectOrder):
    """An order that reached Customer Success directly."""

    items: Items


_IGNORED = Annotated[Any, Field(default=None, json_schema_extra={"readOnly": True}, description="Ignored.")]
AccountRequest = _derived(
    "AccountRequest",
    "A whole account; what is read-only may be sent along and is ignored.",
    Account,
    (),
    **dict.fromkeys(sorted(READ_ONLY), _IGNORED),
)


PriceListRequest = _derived(
    "PriceListRequest",
    "A whole price list; what is read-only may be sent along and is ignored.",
    NewPriceList,
    (),
    **dict.fromkeys(sorted(READ_ONLY_OF_PRICES), _IGNORED),
    prices=Annotated[
        tuple[_derived("NewListPrice", "", NewListPrice, kind=KindName), ...], Length(0, MAX_PRICES)  # type: ignore[misc]
    ],
)


CatalogRequest = _derived(
    "CatalogRequest",
    "A whole catalog; what is read-only may be sent along and is ignored.",
    Document,
    (),
    **dict.fromkeys(sorted(READ_ONLY_OF_CATALOGS), _IGNORED),
)


class CatalogDraftRequest(BaseModel):
    """The draft of a catalog: any object, with whatever faults."""

    model_config = ConfigDict(extra="allow")


CatalogPreviewRequest = _derived(
    "CatalogPreviewRequest",
    "A catalog, and the account that it is to be seen as.",
    NewCatalogPreview,
    (),
    catalog=CatalogRequest,
)


_IGNORED_OF_PEOPLE: dict[str, Any] = dict.fromkeys(sorted(READ_ONLY_OF_PEOPLE), _IGNORED)
_STATE = Annotated[
    PersonState | None,
    Field(
        description="`active` or `deactivated`; whoever is let in again and has never signed in is `invited`. "
        "`invited` itself is for sending back what reading has answered."
    ),
]
PersonRequest = _derived(
    "PersonRequest",
    "A change of a user of an account; what is left out stays, what is read-only is ignored.",
    NewPersonRequest,
    (),
    **_IGNORED_OF_PEOPLE,
    state=(_STATE, None),
)
StaffPersonRequest = _derived(
    "StaffPersonRequest",
    "A change of a member of staff; what is left out stays, what is read-only is ignored.",
    NewStaffPersonRequest,
    (),
    **_IGNORED_OF_PEOPLE,
    state=(_STATE, None),
)


ServiceUserRequest = _derived(
    "ServiceUserRequest",
    "A change of a service user; what is left out stays, what is read-only is ignored.",
    NewServiceUserRequest,
    (),
    **dict.fromkeys(sorted(READ_ONLY_OF_SERVICE_USERS), _IGNORED),
)


class TokenForm(BaseModel):
    """A request for a token; id and secret stand here or in the Authorization header (Basic)."""

    grant_type: Literal["client_credentials"]
    client_id: Annotated[str, Field(default_factory=str)]
    client_secret: Annotated[str, Field(default_factory=str)]
    scope: Annotated[
        str,
        Field(default_factory=str, description="Scopes with blanks between; one that the client lacks is refused."),
    ]


class ConfirmationForm(BaseModel):
    """What the page behind a link sends; fields that it does not know are ignored."""

    decision: Annotated[
        Literal[
            "approve", "cancel", "request_change", "ask", "hand_over", "recalculate", "request_quote", "request_mail"
        ],
        Field(
            description=(
                "`recalculate` shows the page with the options that the form has chosen, and changes nothing; "
                "`ask` asks a question about a quote, which stays on offer; `hand_over` lets a colleague decide in "
                "place of the contact person, at once or once Customer Success agrees, as the account's policy has it; "
                "`request_quote` asks for a fresh quote after this one has expired, "
                "`request_mail` for a fresh mail after wrong codes have locked the link."
            )
        ),
    ]
    name: Annotated[
        str,
        Field(
            max_length=MAX_NAME_LENGTH,
            default_factory=str,
            description="Who decides; needed for everything but `recalculate`, `request_quote` and `request_mail`.",
        ),
    ]
    code: Annotated[
        str,
        Field(
            pattern=f"^{CODE.pattern}$",
            default_factory=str,
            description=(
                "From the mail, blanks as typed being passed over; needed for everything but `recalculate` and "
                "`request_mail`. Given with the latter, the fresh link has a count of wrong codes for this browser "
                "alone, which a cookie tells."
            ),
        ),
    ]
    reason: Annotated[
        str,
        Field(
            max_length=MAX_REASON_LENGTH,
            default_factory=str,
            description="Needed to request a change, and to ask: the question.",
        ),
    ]
    new_name: Annotated[
        str,
        Field(max_length=MAX_NAME_LENGTH, default_factory=str, description="Of the colleague; needed to hand over."),
    ]
    new_email: Annotated[
        str,
        Field(
            max_length=MAX_EMAIL_LENGTH,
            default_factory=str,
            description="Of the colleague; needed to hand over. Another one than that of whoever is asked now.",
        ),
    ]
    options: Annotated[
        str,
        Field(
            default_factory=str,
            description=(
                "`shown` where the form has the options of the quote: of an approval, those are chosen whose field "
                "`option.{line}` is `yes`, and of each group the line whose id the field `group.{group}` has. A form "
                "without this chooses what is offered as chosen."
            ),
        ),
    ]
    purchase_order_number: Annotated[
        str,
        Field(
            max_length=64,
            default_factory=str,
            description="Of an approval, where the order has none; needed if the account's `purchase_order` says so.",
        ),
    ]
    signed_order: Annotated[
        str,
        Field(
            default_factory=str,
            json_schema_extra={"format": "binary", "contentMediaType": "application/pdf"},
            description=(
                f"Of an approval, in `multipart/form-data` alone: the signed order, a PDF without a password, of "
                f"{MAX_ATTACHMENT_BYTES // 1024 // 1024} MB at most. The account's `signed_order` says whether it may "
                "come, must, or cannot."
            ),
        ),
    ]


# -- answers ------------------------------------------------------------------------------------------------------


def _left_out(annotation: Any, default: Any, description: str) -> Any:
    """Return a field of a response that is omitted when it has nothing to say."""
    return Annotated[annotation, Field(exclude_if=lambda value: value == default, description=description)], default


EstimatedStartAnswer = create_model(
    "EstimatedStart",
    __base__=Entity,
    __doc__="When the item will probably start.",
    date=Day,
    basis=Annotated[str, Field(description="Where the date comes from; in English.")],
    orders=Annotated[int, Field(ge=0, description="How many earlier orders it rests on.")],
)
ORDERED_ITEMS = tuple(
    _derived(
        f"Ordered{model.__name__}",
        model.__doc__ or "",
        model,
        item_id=Annotated[str, Field(description='Its place in the order, from "1".')],
        status=Annotated[Status, Field(description="The order's.")],
        site=_left_out(
            Optional[OrderedSite],  # noqa: UP045
            None,
            "As it was when ordered; left out where the item is for no site, and in orders from before this was kept.",
        ),
        labels=_left_out(
            dict[str, dict[str, str]],
            {},
            "The words for kind and settings as they were when ordered, by language and setting; left out while the "
            "catalog has the same. `summary` is how the item is told in a line, with settings in braces, and "
            "`quantity` the unit.",
        ),
        confirmed_start_date=Annotated[Day | None, Field(description="What Customer Success has confirmed.")],
        start_passed=_left_out(
            bool,
            False,
            "True when the confirmed or, without one, the asked start date is over by the account's calendar; of a "
            "completed order: was over when it was approved. Else left out.",
        ),
        estimated_start=EstimatedStartAnswer,
    )
    for model in KINDS
)
_ORDERED_ITEM: Any = Union[ORDERED_ITEMS]  # noqa: UP007 - of a tuple
QuoteAnswer = _derived(
    "Quote",
    "One revision; its content never changes.",
    Quote,
    terms=Annotated[str, Field(description="Those of the quote or, where it had none, the installation's.")],
    sha256=Annotated[
        str,
        Field(
            pattern="^[0-9a-f]{64}$",
            description=(
                "Over the canonical JSON (RFC 8785) of `order_id`, `account_id` and all members of the revision but "
                "`state`, `sha256`, `offered_at`, `decided_at` and `accepted`."
            ),
        ),
    ],
    confirmed_start_dates=Annotated[dict[str, Day], Field(description="By `item_id`.")],
)


class MailPreview(Entity):
    """A mail as it would be sent."""

    subject: str
    text: str
    html: str


class QuotePreview(Entity):
    """What the contact person would get of a quote."""

    mail: MailPreview
    quote: Annotated[
        QuoteAnswer,  # type: ignore[valid-type]
        Field(description="The revision, not stored and not sent."),
    ]


EntryAnswer = _derived(
    "Entry",
    "One line of the timeline.",
    Entry,
    sequence=Annotated[int, Field(ge=1, description="From 1, gapless per order.")],
    data=Annotated[
        dict[str, Any],
        Field(
            description=(
                "What belongs to the event: `text` of a comment, a question or an answer, `revision` of a quote, "
                "`delivery` and `recipient` of its mail, `reason` of a change, `by` and `reason` of a cancellation, "
                "`item_kinds` of a new order, `attachment` (its SHA-256) of an approval that came with a file. A "
                "reason of the system's own is English and has a `code` beside it."
            )
        ),
    ],
)
EvidenceAnswer = _derived(
    "Evidence",
    "What a decision by link rests on.",
    Evidence,
    sequence=Annotated[int, Field(ge=1, description="Of the timeline entry that tells of the decision.")],
    name=Annotated[str, Field(description="As it was typed.")],
    recipient=Annotated[str, Field(description="The address that link and code were sent to.")],
    address=Annotated[str | None, Field(description="The caller's IP address.")],
    agent=Annotated[str | None, Field(description="What the caller's browser calls itself.")],
    revision=Annotated[int | None, Field(description="Null for an order that had not been quoted.")],
    sha256=Annotated[str | None, Field(description="Of the revision that was decided on.")],
)
MailAnswer = _derived(
    "Mail",
    "A mail about an order.",
    SentMail,
    kind=Annotated[
        str, Field(description="As in the table of mails, such as `order_received`. A later version may have more.")
    ],
    recipient=Annotated[str | None, Field(description="Null for a mail that an earlier release sent.")],
    sent_at=Annotated[
        Instant | None, Field(description="When the mail system had accepted it; null while it has not, or never did.")
    ],
    state=Annotated[
        SentMailState,
        Field(
            description=(
                "`claimed`: about to be sent; `sent`: the mail system has taken it; `delayed`: it goes on trying; "
                "`rejected`: the mail system refused it."
            )
        ),
    ],
    state_at=Annotated[Instant | None, Field(description="Since when the state is known.")],
    sequence=Annotated[
        int,
        Field(
            ge=1,
            description=(
                "Of the timeline entry that caused the mail; of a quote's mail, of the newest entry when it was sent."
            ),
        ),
    ],
)


class OrderWarning(Entity):
    """Another order of the account that asks for the same; nothing is refused for it."""

    pointer: Annotated[str, Field(description="A JSON Pointer to the item.", examples=["/items/0"])]
    code: Annotated[
        Code,
        Field(
            description=(
                "`already_ordered`: the other order is open; `recently_completed`: it was approved within 30 days, and "
                "the site's license does not show it yet."
            )
        ),
    ]
    detail: str
    order_id: Annotated[
        str | None, Field(description="The other order; null to customers where it reached Customer Success directly.")
    ]
    placed_at: Annotated[Instant, Field(description="When the other order was placed.")]


class PreviewWarning(OrderWarning):
    """As on the order, of every kind of item, with what helps to recognize the other order."""

    purchase_order_number: Annotated[str | None, Field(description="The other order's.")]


class OrderPreview(Entity):
    """What is to be known of an order before it is placed."""

    warnings: tuple[PreviewWarning, ...]


class QuestionAnswer(Entity):
    """What Customer Success has answered."""

    at: Instant
    text: str
    by: Annotated[str | None, Field(description="The e-mail address of who answered, or a service user's name.")]


class ContactQuestion(Entity):
    """A question of the contact person about the quote, which stays on offer."""

    sequence: Annotated[int, Field(ge=1, description="Of the timeline entry.")]
    at: Instant
    name: Annotated[str | None, Field(description="As it was typed.")]
    text: str
    answer: Annotated[QuestionAnswer | None, Field(description="Null while it waits for one.")]


_ORDER: dict[str, Any] = {
    "number": Annotated[
        str,
        Field(
            pattern=ORDER_NUMBER,
            description="For people: short, without characters that look or sound alike. Good wherever the id is.",
        ),
    ],
    "source": Annotated[
        Literal["online", "direct"], Field(description="Placed on the screen, or brought to Customer Success.")
    ],
    "version": Annotated[
        int, Field(ge=1, description="Rises with every decision and every move of the status; the ETag.")
    ],
    "assignee": Annotated[User | None, Field(description="Who has claimed it at Customer Success.")],
    "contact": Annotated[Contact, Field(description="Who is asked to confirm.")],
    "items": Annotated[
        tuple[Annotated[_ORDERED_ITEM, Field(discriminator="kind")], ...], Field(description=_OTHER_KINDS)
    ],
    "quote": Annotated[Optional[QuoteAnswer], Field(description="The newest revision.")],  # noqa: UP045
    "actions": _left_out(
        tuple[str, ...],
        None,
        "What the caller may do with the order now; whatever is not named would be a 409. Customer Success: `claim`, "
        "`release`, `quote`, `undo_quote`, `decline`, `resend`, `comment`, `answer`, `hand_over`, `assign`, "
        "`handling`, and for leads, while a discount waits for approval, `approve_discount`, `refuse_discount`; "
        "customers: `withdraw`, `comment`. A later version may name more. Left out of the answer to "
        "placing, which a repetition of the request gets as well.",
    ),
    "questions": _left_out(
        tuple[ContactQuestion, ...],
        (),
        "Of the contact person about the current revision, oldest first; of a single order, and left out where there "
        "are none.",
    ),
    "warnings": _left_out(
        tuple[OrderWarning, ...],
        (),
        "Of its upgrades (site bandwidth, early activation), as they were found when it was placed, and when it was "
        "first claimed; left out where there are none.",
    ),
}
_NOT_SHOWN = {"internals", "snapshot", "duplicates", "handling"}
ProposalAnswer = _derived(
    "Proposal",
    "A quote whose discount waits for approval.",
    Proposal,
    {"request"},
    quote=Annotated[
        QuoteAnswer,
        Field(description="As it would be offered; its number and its hash are made anew with the approval."),
    ],
    reasons=Annotated[
        tuple[DiscountReason, ...],
        Field(
            description=(
                "The thresholds of the desk's policy that it passes: `percent` and `amount` are of the discount. A "
                "later version may name more."
            )
        ),
    ],
)
OrderAnswer = _derived("Order", "An order as it is now.", Order, _NOT_SHOWN, **_ORDER)
DeskOrderAnswer = _derived(
    "DeskOrder",
    "An order as the desk sees it.",
    Order,
    _NOT_SHOWN,
    **_ORDER,
    account_name=_left_out(
        str, "", "As the account was called when the order was placed; left out in orders from before this was kept."
    ),
    age_seconds=Annotated[int, Field(ge=0, description="Since it was placed.")],
    late_after=Annotated[
        Instant | None,
        Field(
            description=(
                "From when on it has waited too long to be claimed or quoted, or its contact person for an answer or a "
                "hand-over, as the installation has it; null while it waits for nobody at the desk."
            )
        ),
    ],
    delivery=Annotated[
        Delivery | None,
        Field(description="What became of the newest mail with the quote; null before it has gone out."),
    ],
    flags=Annotated[
        tuple[Flag, ...],
        Field(
            description=(
                "What to know of an open order: `enrollment_suspended` (the account may not order any more), "
                "`contact_complained` (the contact marked the quote's mail as spam), `fresh_quote_asked` (in place of "
                "an expired one), `question_open` (the contact person waits for an answer), `hand_over_asked` (a "
                "hand-over to a colleague waits for Customer Success), `follow_up_due` (the day has come to look at "
                "it again), `discount_asked` (a quote in `proposal` waits for approval). A later version may name more."
            )
        ),
    ],
    waits_for_contact=Annotated[
        bool,
        Field(
            description=(
                "The order is open and nobody is asked: its contact was removed or erased. It goes on once the account "
                "names a contact person, or a resend does."
            )
        ),
    ],
    hand_over=_left_out(
        Optional[HandOver],  # noqa: UP045
        None,
        "The colleague to whom the contact person wants to hand the decision over, while that waits for Customer "
        "Success; left out where nothing waits.",
    ),
    proposal=_left_out(
        Optional[ProposalAnswer],  # noqa: UP045
        None,
        "The quote whose discount waits for approval, while the revision on offer, if any, stays valid. A new quote "
        "request takes its place. Left out where none waits.",
    ),
    undo_until=Annotated[
        Instant | None,
        Field(description="How long at least the quote can be undone; null when its mail is not held, or no longer."),
    ],
    handling=_derived(
        "Handling",
        "How the desk handles an order.",
        Handling,
        team=Annotated[str | None, Field(description="The id of one of the desk's teams, or of one that is gone.")],
        follow_up_on=Annotated[
            Day | None, Field(description="On which day of the account's calendar somebody is to look at it again.")
        ],
        note=Annotated[str | None, Field(description="For the desk alone.")],
    ),
)


_DeskTeam = _derived("DeskTeam", Team.__doc__ or "", Team)
Teams = create_model("Teams", __base__=Entity, __doc__="The teams of the desk.", teams=tuple[_DeskTeam, ...])  # type: ignore[valid-type]
_StoredTextModule = _derived("StoredTextModule", TextModule.__doc__ or "", TextModule)
TextModules = create_model(
    "TextModules",
    __base__=Entity,
    __doc__="The text modules of the desk.",
    text_modules=tuple[_StoredTextModule, ...],  # type: ignore[valid-type]
)


class StandardTermsEntry(Entity):
    """The terms of a language or, in that, of a group of accounts."""

    locale: Locale
    group: Annotated[Identifier | None, Field(description="Null for those of the language.")]
    version: Annotated[int, Field(ge=0, description="From 1; 0 where there never were any.")]
    text: Annotated[str | None, Field(description="Null where they were removed.")]
    updated_at: Instant | None


class StandardTermsList(Entity):
    """All standard terms."""

    terms: Annotated[
        tuple[StandardTermsEntry, ...],
        Field(description="Of the languages, then of groups; no removed ones."),
    ]
    defaults: Annotated[dict[str, str], Field(description="By language: what holds where there are none.")]


DiscountPolicyAnswer = _derived(
    "DiscountPolicyAnswer",
    "How much the desk's agents may take off.",
    DiscountPolicy,
    amounts=Annotated[
        dict[str, Decimal], Field(description="The greatest discount in money over the first year, by currency.")
    ],
)


class FilledTextModule(Entity):
    """A text module in one language, with the order's own in place of placeholders."""

    module: str
    name: str
    use: Literal["comment", "message", "decline", "answer"]
    text: Annotated[str, Field(description="A placeholder for what the order does not have is still there.")]


class FilledTextModules(Entity):
    """The text modules for an order."""

    text_modules: tuple[FilledTextModule, ...]


class PresentPerson(Entity):
    """Somebody of the desk who has an order open."""

    user_id: str
    email: str
    since: Annotated[Instant, Field(description="From when on it has been open without a break.")]


class Presence(Entity):
    """Who else has an order open."""

    people: tuple[PresentPerson, ...]


def _page(name: str, description: str, row: Any) -> type[BaseModel]:
    cursor = Annotated[str | None, Field(description="Where the next page begins; null on the last one.")]
    return create_model(name, __base__=Entity, __doc__=description, items=tuple[row, ...], next_cursor=cursor)


OrderPage = _page("OrderPage", "Orders, newest first; a page may be short.", OrderAnswer)
DeskOrderPage = _page("DeskOrderPage", "Orders, oldest first; a page may be short.", DeskOrderAnswer)


PriceList = _derived(
    "PriceList",
    StoredPriceList.__doc__ or "",
    StoredPriceList,
    prices=tuple[_derived("ListPrice", ListPrice.__doc__ or "", ListPrice, kind=KindName), ...],  # type: ignore[misc]
)


class PriceListSummary(Entity):
    """A price list, without its prices."""

    currency: Currency
    account_id: Annotated[Identifier | None, Field(exclude_if=is_none, description="Of the list of an account.")] = None
    group: Annotated[Identifier | None, Field(exclude_if=is_none, description="Of the list of a group.")] = None
    version: Annotated[int, Field(ge=1)]
    updated_at: Instant
    prices: Annotated[int, Field(ge=0, description="How many it has.")]


_BY = Annotated[
    str,
    Field(description="The e-mail address of who stored it; a service user's name; `operator` for the command line."),
]
_STORED_AT = Annotated[
    Instant | None, Field(description="Null for one that was stored before the history was kept; likewise `changed`.")
]
_CHANGED = Annotated[
    tuple[str, ...] | None,
    Field(description="JSON Pointers to what it changed of the version before.", examples=[["/enrollment/contact"]]),
]


class AccountVersionSummary(Entity):
    """A version of an account, without its sites."""

    version: Annotated[int, Field(ge=1)]
    at: _STORED_AT
    by: _BY
    changed: _CHANGED
    enrollment: Annotated[Enrollment | None, Field(description="As it was.")]


class AccountVersion(Entity):
    """A version of an account, as it was."""

    version: Annotated[int, Field(ge=1)]
    at: _STORED_AT
    by: _BY
    changed: _CHANGED
    account: Account


class PriceListVersionSummary(Entity):
    """A version of a price list, without its prices."""

    version: Annotated[int, Field(ge=1)]
    at: _STORED_AT
    by: _BY
    changed: _CHANGED
    prices: Annotated[int, Field(ge=0, description="How many it had.")]


class PriceListVersion(Entity):
    """A version of a price list, as it was."""

    version: Annotated[int, Field(ge=1)]
    at: _STORED_AT
    by: _BY
    changed: _CHANGED
    price_list: PriceList  # type: ignore[valid-type]


class TermsVersionRow(Entity):
    """A version of standard terms."""

    version: Annotated[int, Field(ge=1)]
    at: Instant
    by: _BY
    text: Annotated[str | None, Field(description="Null where they were removed.")]


TermsVersionPage = _page("TermsVersionPage", "Versions, newest first; a page may be short.", TermsVersionRow)
AccountVersionPage = _page("AccountVersionPage", "Versions, newest first; a page may be short.", AccountVersionSummary)
PriceListVersionPage = _page(
    "PriceListVersionPage", "Versions, newest first; a page may be short.", PriceListVersionSummary
)
PriceListPage = _page("PriceListPage", "Price lists by currency.", PriceListSummary)
AccountPage = _page("AccountPage", "Accounts by id.", Account)


class PersonAnswer(Entity):
    """A person, as a member of an account or of the desk."""

    user_id: Annotated[str, Field(description="The `sub` of the person's tokens.")]
    email: str
    name: str
    role: Role
    state: PersonState
    last_seen_on: Annotated[
        date | None, Field(description="The day (UTC) on which a token was last issued; null before the first.")
    ]


PersonPage = _page("PersonPage", "People by id, deactivated ones included; a page may be short.", PersonAnswer)


_SHOWN_OF_SERVICE_USERS = {
    "user_id": Annotated[str, Field(description="The `sub` of its tokens, and its client id.")],
    "account_id": Annotated[str | None, Field(description="Null at the desk.")],
    "last_used_on": Annotated[
        date | None, Field(description="The day (UTC) on which a token was last issued; null before the first.")
    ],
}
_NOT_SHOWN_OF_SERVICE_USERS = {"username", "secret_sha256"}
ServiceUserAnswer = _derived(
    "ServiceUser",
    "A program that acts for an account or for the desk.",
    ServiceUser,
    _NOT_SHOWN_OF_SERVICE_USERS,
    **_SHOWN_OF_SERVICE_USERS,
)
ServiceUserWithSecret = _derived(
    "ServiceUserWithSecret",
    "A service user with its new secret, which is shown this once.",
    ServiceUser,
    _NOT_SHOWN_OF_SERVICE_USERS,
    **_SHOWN_OF_SERVICE_USERS,
    client_id=str,
    client_secret=str,
)
ServiceUserPage = _page("ServiceUserPage", "Service users by id; a page may be short.", ServiceUserAnswer)


class TokenAnswer(Entity):
    """A token, as RFC 6749 has it."""

    access_token: Annotated[str, Field(description="Send it as bearer token.")]
    token_type: Literal["Bearer"]
    expires_in: Annotated[int, Field(ge=1, description="Seconds for which it is good.")]
    scope: Annotated[
        str,
        Field(
            exclude_if=lambda value: not value,
            description="The scopes of the token, where they are not exactly those that were asked for. Else left out.",
        ),
    ] = ""


class TokenRefusal(Entity):
    """A refusal, as RFC 6749 has it."""

    error: Literal["invalid_request", "invalid_client", "invalid_scope", "unsupported_grant_type"]
    error_description: Annotated[str, Field(description="For people.")]


class Belonging(Entity):
    """An account of the caller."""

    account_id: str
    name: str
    role: Role


class Me(Entity):
    """The caller, and what it may do for the account that it acts for, or at the desk."""

    user_id: str
    email: str
    name: Annotated[str | None, Field(description="Null where it is not known.")]
    role: Annotated[Role | None, Field(description="Null for service users, and for users without a group.")]
    account_id: Annotated[str | None, Field(description="Null for staff.")]
    accounts: Annotated[tuple[Belonging, ...], Field(description="Among which `Account-Id` chooses, by name.")]
    permissions: tuple[Permission, ...]


class NotificationChoiceAnswer(Entity):
    """A mail about orders that the caller may switch on or off."""

    event: Annotated[str, Field(description="The kind of mail. A later version may have more.")]
    as_: Annotated[str, Field(alias="as", description="`placed_by`, `assignee` or `watcher`.")]
    default: Annotated[bool, Field(description="Whether it comes without a choice.")]
    wanted: bool


class Notifications(Entity):
    """The mails about orders that the caller may switch on or off."""

    notifications: tuple[NotificationChoiceAnswer, ...]


class Watcher(Entity):
    """Somebody who watches an order."""

    user_id: str
    email: str
    side: Literal["account", "desk"]


class Watchers(Entity):
    """Who watches an order."""

    items: tuple[Watcher, ...]


class FileOfCertificate(Entity):
    """A signed order, without its name."""

    sha256: str
    size: Annotated[int, Field(description="Bytes.")]


class DecisionOfCertificate(Entity):
    """Who decided, as far as the page behind a link can know."""

    sequence: int
    at: Instant
    decision: Literal["approve", "cancel", "request_change"]
    name: Annotated[str, Field(description="As it was typed.")]
    recipient: Annotated[str, Field(description="Where link and code were sent to.")]
    address: str | None
    agent: Annotated[str | None, Field(description="The browser.")]
    accepted_sha256: Annotated[
        str | None, Field(exclude_if=is_none, description="Of what was accepted; left out without `quote.accepted`.")
    ] = None
    options: Annotated[
        tuple[str, ...],
        Field(exclude_if=lambda options: not options, description="The optional lines that were chosen, by id."),
    ] = ()
    attachment: Annotated[
        FileOfCertificate | None, Field(exclude_if=is_none, description="The file that came with an approval.")
    ] = None


class QuoteOfCertificate(Entity):
    """The revision that was decided on."""

    revision: int
    sha256: str
    currency: str
    totals: Annotated[Totals, Field(description="Net, as offered.")]
    valid_until: Day
    taxes: Annotated[tuple[TaxAmount, ...], Field(exclude_if=lambda taxes: not taxes)] = ()
    gross_totals: Annotated[Totals | None, Field(exclude_if=is_none)] = None
    accepted: Annotated[
        Accepted | None, Field(exclude_if=is_none, description="What was accepted, where that was recorded apart.")
    ] = None


class EventOfCertificate(Entity):
    """An entry of the timeline that led to the decision."""

    sequence: int
    at: Instant
    event: str


class CertificateDocument(Entity):
    """What is signed, in canonical JSON (RFC 8785)."""

    format: Literal["online-orders/1"]
    issued_at: Instant
    order_id: str
    number: str
    account_id: str
    account_name: str
    decision: DecisionOfCertificate
    quote: Annotated[QuoteOfCertificate | None, Field(description="Null for an order without a quote.")]
    timeline: tuple[EventOfCertificate, ...]


class CertificateSignature(Entity):
    """The signature over the bytes of `certificate`."""

    algorithm: Literal["ECDSA_SHA_256"]
    key_id: Annotated[str, Field(description="The `kid` of the key.")]
    sha256: Annotated[str, Field(description="Of the bytes of `certificate`.")]
    value: Annotated[str, Field(description="Base64 of the DER that OpenSSL reads.")]


class Certificate(Entity):
    """The certificate of a decision by link."""

    certificate: CertificateDocument
    signature: CertificateSignature


class CertificateKey(Entity):
    """A public key (RFC 7517)."""

    alg: Literal["ES256"]
    kid: str
    pem: Annotated[str, Field(description="The same key as OpenSSL reads it.")]
    use: Literal["sig"]
    crv: Literal["P-256"]
    kty: Literal["EC"]
    x: str
    y: str


class CertificateKeys(Entity):
    """The keys that sign certificates, or did."""

    keys: Annotated[tuple[CertificateKey, ...], Field(description="The present one first.")]


Timeline = _page("Timeline", "Entries, oldest first; a page may be short.", EntryAnswer)
AttachmentAnswer = _derived(
    "Attachment",
    "A file that came with a decision by link.",
    Attachment,
    sequence=Annotated[int, Field(ge=1, description="Of the timeline entry that tells of the decision.")],
)


class Attachments(Entity):
    """The files that came with the decisions on an order."""

    items: Annotated[tuple[AttachmentAnswer, ...], Field(description="Oldest first.")]  # type: ignore[valid-type]


EvidencePage = _page("EvidencePage", "Evidence, oldest first.", EvidenceAnswer)
MailPage = _page("MailPage", "Mails, by the entries that caused them, the newest first.", MailAnswer)


AuditEntryAnswer = _derived(
    "AuditEntry",
    "A change of an account, a price list, the standard terms, a person or a service user.",
    AuditEntry,
    by=Annotated[User, Field(description="Who changed it; `operator` for the command line, `erased` once erased.")],
    subject=Annotated[str, Field(description="What was changed. A later version may have more.")],
    subject_id=Annotated[str, Field(description="The account, the currency, the language or the user.")],
    account_id=Annotated[
        str | None, Field(description="The account that it concerns; null for the desk and for what all share.")
    ],
    action=Annotated[
        str, Field(description="`created`, `changed`, `removed`, `erased` and others. A later version may have more.")
    ],
    changes=Annotated[
        tuple[AuditChange, ...],
        Field(
            description=(
                "What differs. More than two hundred, or very large ones, are counted in the last one: its pointer is "
                'empty, and its `is` is {"more": number}.'
            )
        ),
    ],
)


class ViewList(Entity):
    """Saved views of the queue, by name."""

    items: tuple[SavedView, ...]


MessagePage = _page("MessagePage", "Received mails, open ones first; a page may be short.", Message)
AuditPage = _page("AuditPage", "Entries, newest first; a page may be short.", AuditEntryAnswer)


_Words = Annotated[dict[str, str], Field(description="By language.")]


class CatalogChoice(Entity):
    """A value that a setting can have, and what it is called."""

    value: str | int
    labels: _Words


_IF_ANY = "By language; left out where there is none."
CatalogSetting = create_model(
    "CatalogSetting",
    __base__=Entity,
    __doc__="A setting of a kind of item, as a form shows it.",
    name=str,
    type=Annotated[str, Field(description="`site`, `quantity`, `choice`, `step` or `text`.")],
    labels=_Words,
    help=_left_out(dict[str, str], {}, _IF_ANY),
    unit=_left_out(dict[str, str], {}, f"Of a quantity or of steps. {_IF_ANY}"),
    choices=_left_out(tuple[CatalogChoice, ...], (), "Of a choice or of steps; else left out."),
)
CatalogKind = create_model(
    "CatalogKind",
    __base__=Entity,
    __doc__="A kind of item; its schema is that of an item as a client sends it.",
    kind=str,
    label=str,
    item_schema=Annotated[dict[str, Any], Field(alias="schema")],
    labels=_Words,
    help=_left_out(dict[str, str], {}, _IF_ANY),
    icon=_left_out(str, None, "The name of a picture; left out where there is none."),
    summary=Annotated[
        dict[str, str], Field(description="How an item is told in a line, by language; settings stand in braces.")
    ],
    settings=tuple[CatalogSetting, ...],
    priced_by=_left_out(str, None, "The setting that distinguishes prices of the kind; left out where none does."),
)


class CatalogRegion(Entity):
    region: str
    label: str


class CatalogStatus(Entity):
    status: Status
    label: str


class CatalogCurrency(Entity):
    currency: str
    minor_digits: Annotated[int, Field(ge=0, le=4, description="How many decimals its amounts have.")]


class Catalog(Entity):
    """What can be ordered, and what the statuses are called."""

    version: Annotated[int, Field(ge=0, description="Of the catalog that is published; 0 for the one that ships.")]
    item_kinds: tuple[CatalogKind, ...]
    bandwidth_steps: tuple[int, ...]
    regions: tuple[CatalogRegion, ...]
    socket_models: tuple[str, ...]
    accessory_types: tuple[str, ...]
    limits: Annotated[dict[str, int], Field(description="The greatest quantity of each kind that has one.")]
    currencies: Annotated[tuple[CatalogCurrency, ...], Field(description="ISO 4217, as far as in use.")]
    statuses: tuple[CatalogStatus, ...]
    currency: Annotated[
        Currency | None, Field(exclude_if=is_none, description="Of `prices`; left out without them.")
    ] = None
    prices: Annotated[
        tuple[IndicativePrice, ...] | None,
        Field(
            exclude_if=is_none,
            description="What items cost the account today, not binding. Left out unless the catalog shows prices.",
        ),
    ] = None


_CATALOG_KINDS = Annotated[
    tuple[dict[str, Any], ...], Field(description="As `GET /api/desk/catalog/schema` describes them.")
]
_DOCUMENT: dict[str, Any] = {
    "equipment": tuple[str, ...],
    "groups": tuple[dict[str, Any], ...],
    "show_prices": bool,
    "kinds": _CATALOG_KINDS,
}
CatalogDocument = create_model(
    "CatalogDocument", __base__=Entity, __doc__="A catalog, as the vendor keeps it.", **_DOCUMENT
)
DeskCatalog = create_model(
    "DeskCatalog",
    __base__=Entity,
    __doc__="The catalog that is in force.",
    **_DOCUMENT,
    version=Annotated[int, Field(ge=0, description="Also the ETag; 0 for the one that ships.")],
    updated_at=Annotated[Instant | None, Field(description="When it was published; null for the one that ships.")],
    updated_by=Annotated[str | None, Field(description="Who published it; null for the one that ships.")],
)


class CatalogChange(Entity):
    """One value that differs; null stands for what was or is not there."""

    pointer: Annotated[str, Field(description="A JSON Pointer into the document.", examples=["/kinds/0/retired"])]
    was: Any
    is_now: Annotated[Any, Field(alias="is")]


_CHANGES = Annotated[
    tuple[CatalogChange, ...],
    Field(
        description=(
            "What differs. More than two hundred, or very large ones, are counted in the last one: its pointer is "
            'empty, and its `is` is {"more": number}.'
        )
    ),
]


class CatalogPreview(Entity):
    """What an account would order from."""

    catalog: Catalog
    changes: _CHANGES


class CatalogVersionSummary(Entity):
    """A version of the catalog, without its document."""

    version: Annotated[int, Field(ge=0)]
    at: Annotated[Instant | None, Field(description="Null for the one that ships; likewise `by` and `changed`.")]
    by: str | None
    changed: _CHANGED
    kinds: Annotated[int, Field(ge=0, description="How many it has.")]


CatalogVersionPage = _page("CatalogVersionPage", "Versions, newest first; a page may be short.", CatalogVersionSummary)
CatalogVersion = create_model(
    "CatalogVersion",
    __base__=Entity,
    __doc__="A version of the catalog, as it was.",
    version=Annotated[int, Field(ge=0)],
    at=Annotated[Instant | None, Field(description="Null for the one that ships; likewise `by` and `changed`.")],
    by=str | None,
    changed=_CHANGED,
    catalog=CatalogDocument,
    changes=_left_out(_CHANGES | None, None, "What differs from the version that it is compared with."),
)


# -- papers -------------------------------------------------------------------------------------------------------

_LETTERHEAD = "Who the vendor is, as papers say it. Members without anything to say are left out."
LetterheadRequest = _derived("LetterheadRequest", _LETTERHEAD, StoredLetterhead)
Letterhead = _derived(
    "Letterhead",
    f"{_LETTERHEAD} Before the first was stored, that is all of them.",
    StoredLetterhead,
    legal_name=_left_out(str | None, None, "The vendor's name in law."),
    address=_left_out(str | None, None, "Of the vendor, in several lines."),
)
LetterheadVersion = create_model(
    "LetterheadVersion",
    __base__=Entity,
    __doc__="A version of the letterhead.",
    version=Annotated[int, Field(ge=1)],
    at=Instant,
    by=Annotated[str, Field(description="Who stored it: the e-mail address, or the name of a service user.")],
    letterhead=Letterhead,
)


# -- refusals -----------------------------------------------------------------------------------------------------


class BodyFault(Entity):
    """One fault of a body."""

    pointer: Annotated[
        str, Field(description="A JSON Pointer (RFC 6901) into the body.", examples=["/items/2/quantity"])
    ]
    code: str
    detail: str


class Problem(Entity):
    """A refusal, as RFC 9457 has it."""

    type: Literal["about:blank"]
    title: str
    status: int
    code: Annotated[str, Field(description="Stable; what a program goes by.")]
    detail: Annotated[str, Field(description="For people.")]


class InvalidProblem(Problem):
    """Every fault of a body, all at once."""

    code: Literal["invalid"]
    errors: Annotated[tuple[BodyFault, ...], Field(min_length=1)]


ConflictProblem = _derived(
    "ConflictProblem",
    "The order's status does not allow the action; `status` says which one it is in.",
    Problem,
    status=Status,
    code=Literal["conflict"],
)


class CatalogDraft(Entity):
    """The draft of the next catalog."""

    catalog: Annotated[dict[str, Any], Field(description="As it was sent, with whatever faults.")]
    errors: Annotated[tuple[BodyFault, ...], Field(description="What publishing it now would refuse.")]
    version: Annotated[int, Field(ge=1, description="Of the draft; also the ETag.")]
    updated_at: Instant
    updated_by: str


class GatewayMessage(BaseModel):
    """What the gateway itself says when it refuses."""

    model_config = ConfigDict(extra="allow")

    message: str | None


# -- by the names that routes have for them -----------------------------------------------------------------------


def _by_name(*models: type[BaseModel]) -> dict[str, type[BaseModel]]:
    return {model.__name__: model for model in models}


TAKEN = _by_name(
    AcceptedMessage,
    AccountInvitationRequest,
    AccountRequest,
    Assignment,
    CatalogDraftRequest,
    CatalogPreviewRequest,
    CatalogRequest,
    ConfirmationForm,
    ContactReport,
    DiscountPolicy,
    DirectOrderRequest,
    HandOverDecision,
    HandlingRequest,
    InvitationRequest,
    LetterheadRequest,
    NeededReason,
    NewAnswer,
    NewComment,
    NewDeskServiceUser,
    NewServiceUser,
    NotificationsRequest,
    NewDeskComment,
    NewQuote,
    NewView,
    Nothing,
    OrderRequest,
    PersonRequest,
    PriceListRequest,
    Reason,
    Resending,
    ServiceUserRequest,
    TokenForm,
    StaffInvitationRequest,
    StaffPersonRequest,
    TeamsRequest,
    TermsRequest,
    TextModulesRequest,
)
SHOWN = _by_name(
    Account,
    AccountPage,
    AccountVersion,
    AccountVersionPage,
    AuditPage,
    Catalog,
    CatalogDraft,
    CatalogPreview,
    CatalogVersion,
    CatalogVersionPage,
    Certificate,
    CertificateKeys,
    DeskCatalog,
    DeskOrderAnswer,
    DeskOrderPage,
    DiscountPolicyAnswer,
    EvidencePage,
    Attachments,
    FilledTextModules,
    Figures,
    Letterhead,
    LetterheadVersion,
    MailPage,
    Me,
    Message,
    MessagePage,
    Notifications,
    Watchers,
    OrderAnswer,
    OrderPage,
    OrderPreview,
    PersonAnswer,
    PersonPage,
    Presence,
    PriceList,
    PriceListPage,
    PriceListVersion,
    PriceListVersionPage,
    QuoteAnswer,
    QuoteDraft,
    QuotePreview,
    ServiceUserAnswer,
    ServiceUserPage,
    SavedView,
    ServiceUserWithSecret,
    StandardTermsEntry,
    StandardTermsList,
    Teams,
    TermsVersionPage,
    TextModules,
    TokenAnswer,
    TokenRefusal,
    Timeline,
    ViewList,
)
PROBLEMS = _by_name(Problem, InvalidProblem, ConflictProblem, GatewayMessage)
