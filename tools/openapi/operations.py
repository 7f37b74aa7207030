"""What the document says of each route, beside what follows from its method and path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from online_orders.accounts import Account, ContactReport
from online_orders.http import Nothing
from online_orders.orders import NeededReason, NewComment, NewDeskComment, Reason, Resending
from online_orders.prices import PriceList, QuoteDraft
from online_orders.quotes import NewQuote
from tools.openapi import examples, refusals
from tools.openapi.answers import (
    AccountPage,
    AccountRequest,
    AccountVersion,
    AccountVersionPage,
    Catalog,
    ConfirmationForm,
    DeskOrderAnswer,
    DeskOrderPage,
    DirectOrderRequest,
    EvidencePage,
    OrderAnswer,
    OrderPage,
    OrderPreview,
    OrderRequest,
    PriceListPage,
    PriceListRequest,
    PriceListVersion,
    PriceListVersionPage,
    QuoteAnswer,
    QuotePreview,
    Timeline,
)
from tools.openapi.operation import CSV, GATEWAY, HTML, PDF, PRICES_CSV, PROBLEM, Answer, Body, Operation

TAGS = {
    "Catalog": "What can be ordered. For everybody who is signed in.",
    "Accounts": "The caller's account and, for a reseller, its sub-accounts. For the group `customers`.",
    "Orders": "Orders of the caller's account and of its sub-accounts. For the group `customers`.",
    "Desk": "The queue, from the order to the quote. For the group `customer-success`.",
    "Desk accounts": "Accounts, their sites and their enrollments. For the group `customer-success`.",
    "Price lists": "What items cost by default, a list a currency. For the group `customer-success`.",
    "Confirmation": "The contact person's page behind the link in a mail. The link is the key; there is no login.",
    "Description": "This document.",
}


PAGED = ("limit", "cursor")


def _order(step: str, status: int = 200, description: str = "The order as it is then.") -> dict[int, Answer]:
    return {status: Answer(description, OrderAnswer, {step: examples.order_after(step)}, ("ETag",))}


def _desk_order(step: str, status: int = 200, description: str = "The order as it is then.") -> dict[int, Answer]:
    return {status: Answer(description, DeskOrderAnswer, {step: examples.desk_order_after(step)}, ("ETag",))}


def _placed(description: str) -> dict[int, Answer]:
    return {201: Answer(description, OrderAnswer, {"placed": examples.order_after("placed")}, ("ETag", "Location"))}


def _quote() -> dict[int, Answer]:
    revision = examples.quote_after("offered")
    return {200: Answer("The revision, or its paper.", QuoteAnswer, {"offered": revision}, other=PDF)}


def _timeline(*, internal: bool) -> dict[int, Answer]:
    page = examples.page(*examples.timeline(internal=internal))
    return {200: Answer("Entries, oldest first.", Timeline, {"approved": page})}


def _pages(model: type[BaseModel], row: dict[str, Any], description: str) -> dict[int, Answer]:
    return {200: Answer(description, model, {"last_page": examples.page(row)})}


PRICE_LIST = {"two_prices": examples.price_list().model_dump(mode="json")}
PREVIEW = {
    200: Answer("What to know.", OrderPreview, {"one_warning": examples.ORDER_PREVIEW, "none": {"warnings": []}})
}
PLACING = (refusals.NO_KEY, refusals.UNSOUND_KEY, refusals.NOT_ENROLLED, refusals.NOT_FOUND, refusals.IN_PROGRESS)

CUSTOMERS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/api/openapi.json"): Operation(
        "describe_api",
        "Description",
        "Describe this API",
        "This document.",
        {200: Answer("OpenAPI 3.1.", other={"application/json": {"type": "object"}})},
        is_public=True,
    ),
    ("GET", "/api/catalog"): Operation(
        "show_catalog",
        "Catalog",
        "Show what can be ordered",
        "The kinds of item with their schemas, the choices that they offer, and the labels of the statuses.",
        {200: Answer("The catalog.", Catalog)},
        refusals=(refusals.INVALID_QUERY,),
        is_for_every_group=True,
    ),
    ("GET", "/api/account"): Operation(
        "show_account",
        "Accounts",
        "Show the account",
        "The caller's own account or, with `account_id`, a sub-account of it.",
        {200: Answer("The account.", Account, {"enrolled": examples.account_body()})},
        parameters=("account_id",),
    ),
    ("GET", "/api/accounts"): Operation(
        "list_subaccounts",
        "Accounts",
        "List sub-accounts",
        "A reseller's sub-accounts; empty for everybody else.",
        _pages(AccountPage, examples.account_body(), "A page of accounts."),
        parameters=PAGED,
    ),
    ("POST", "/api/account/contact-report"): Operation(
        "report_contact",
        "Accounts",
        "Report an outdated contact",
        "Tells Customer Success that the contact person of the enrollment is out of date: of the own account, or "
        "of the sub-account that is named.",
        {202: Answer("Customer Success is told.", Account, {"enrolled": examples.account_body()})},
        Body(ContactReport, {"outdated": examples.CONTACT_REPORT}),
        refusals=(refusals.NOT_FOUND,),
    ),
    ("POST", "/api/orders"): Operation(
        "place_order",
        "Orders",
        "Place an order",
        "A repetition with the same Idempotency-Key and body is answered like the first request. A request that was "
        "refused uses no key.",
        _placed("The order as it was placed."),
        Body(OrderRequest, {"one_item": examples.ADDRESSES, "every_kind": examples.EVERY_KIND}),
        ("Idempotency-Key",),
        (*PLACING, refusals.KEY_REUSED),
    ),
    ("POST", "/api/orders/preview"): Operation(
        "preview_order",
        "Orders",
        "See what is to be known of an order before it is placed",
        "Refuses what placing refuses, and changes nothing. Warns of other orders of the account that ask for the "
        "same: of upgrades (site bandwidth, early activation) of the same site, and of open orders with an item that "
        "is the same but for its date. The newest 400 orders are looked at.",
        PREVIEW,
        Body(OrderRequest, {"one_item": examples.ADDRESSES}),
        refusals=(refusals.NOT_ENROLLED, refusals.NOT_FOUND),
    ),
    ("GET", "/api/orders"): Operation(
        "list_orders",
        "Orders",
        "List orders",
        "Orders of the account and its sub-accounts, newest first. With `Accept: text/csv` the same page comes as a "
        "table, and `Link` leads to the next one.",
        {
            200: Answer(
                "A page of orders.",
                OrderPage,
                {"last_page": examples.page(examples.order_after("offered"))},
                ("Link",),
                CSV,
            )
        },
        parameters=(
            "account_id",
            "status",
            "open",
            "from",
            "to",
            "time_zone",
            "purchase_order_number",
            "spreadsheet",
            *PAGED,
        ),
    ),
    ("GET", "/api/orders/<order_id>"): Operation(
        "show_order",
        "Orders",
        "Show an order",
        "The order with its newest quote.",
        _order("offered", description="The order."),
    ),
    ("GET", "/api/orders/<order_id>/timeline"): Operation(
        "show_timeline",
        "Orders",
        "Show what happened to an order",
        "The public entries of the timeline. Sequence numbers that are left out belong to internal ones.",
        _timeline(internal=False),
        parameters=PAGED,
    ),
    ("GET", "/api/orders/<order_id>/quotes/<revision>"): Operation(
        "show_quote",
        "Orders",
        "Show a quote",
        "A revision, the newest or one that was replaced. With `Accept: application/pdf` its paper comes, the same "
        "bytes every time; it is there once the quote was mailed.",
        _quote(),
    ),
    ("POST", "/api/orders/<order_id>/cancel"): Operation(
        "withdraw_order",
        "Orders",
        "Withdraw an order",
        "Possible while the order is `submitted`.",
        _order("withdrawn"),
        Body(Reason, {"with_reason": examples.WITHDRAWAL, "without": {}}, required=False),
        ("If-Match",),
        (refusals.CONFLICT, refusals.IN_PROGRESS),
    ),
    ("POST", "/api/orders/<order_id>/comment"): Operation(
        "comment_on_order",
        "Orders",
        "Comment on an order",
        "Adds a public entry to the timeline of an open order.",
        _order("commented"),
        Body(NewComment, {"question": examples.COMMENT}),
        ("If-Match",),
        (refusals.CONFLICT, refusals.IN_PROGRESS),
    ),
}

DESK: Mapping[tuple[str, str], Operation] = {
    ("GET", "/api/desk/orders"): Operation(
        "list_desk_orders",
        "Desk",
        "List orders of every account",
        "The work queue, oldest first.",
        _pages(DeskOrderPage, examples.desk_order_after("claimed"), "A page of orders."),
        parameters=("status", "open", "assignee", "account_id", *PAGED),
    ),
    ("POST", "/api/desk/orders"): Operation(
        "place_direct_order",
        "Desk",
        "Enter an order that came directly",
        "Follows the same rules and takes the same way as an order of the screen, but the customer's screen does not "
        "show it.",
        _placed("The order as it was placed."),
        Body(DirectOrderRequest, {"one_item": examples.DIRECT_ORDER}),
        ("Idempotency-Key",),
        (*PLACING, refusals.KEY_REUSED),
    ),
    ("POST", "/api/desk/orders/preview"): Operation(
        "preview_direct_order",
        "Desk",
        "See what is to be known of a direct order before it is entered",
        "As for customers, and of orders that reached Customer Success directly, too.",
        PREVIEW,
        Body(DirectOrderRequest, {"one_item": examples.DIRECT_ORDER}),
        refusals=(refusals.NOT_ENROLLED, refusals.NOT_FOUND),
    ),
    ("GET", "/api/desk/orders/<order_id>"): Operation(
        "show_desk_order",
        "Desk",
        "Show any order",
        "The order with its newest quote.",
        _desk_order("offered", description="The order."),
    ),
    ("GET", "/api/desk/orders/<order_id>/timeline"): Operation(
        "show_desk_timeline",
        "Desk",
        "Show all that happened to an order",
        "Public and internal entries.",
        _timeline(internal=True),
        parameters=PAGED,
    ),
    ("GET", "/api/desk/orders/<order_id>/evidence"): Operation(
        "show_evidence",
        "Desk",
        "Show what decisions by link rest on",
        "Who approved, canceled or asked for a change by link: the name typed, the time, the caller's address and "
        "browser, and the hash of the revision. Once a person was erased, the place of each says so.",
        _pages(EvidencePage, examples.evidence(), "A page of evidence."),
        parameters=PAGED,
    ),
    ("GET", "/api/desk/orders/<order_id>/quotes/<revision>"): Operation(
        "show_desk_quote",
        "Desk",
        "Show a quote of any order",
        "A revision, the newest or one that was replaced. With `Accept: application/pdf` its paper comes.",
        _quote(),
    ),
    ("POST", "/api/desk/orders/<order_id>/claim"): Operation(
        "claim_order",
        "Desk",
        "Claim an order",
        "Makes the caller its assignee, also in place of somebody else. Claiming one's own again changes nothing.",
        _desk_order("claimed"),
        Body(Nothing, {"nothing": {}}, required=False),
        ("If-Match",),
        (refusals.CONFLICT, refusals.IN_PROGRESS),
    ),
    ("POST", "/api/desk/orders/<order_id>/release"): Operation(
        "release_order",
        "Desk",
        "Release an order",
        "Leaves it in process without an assignee, for anyone to claim.",
        _desk_order("released"),
        Body(Nothing, {"nothing": {}}, required=False),
        ("If-Match",),
        (refusals.CONFLICT, refusals.IN_PROGRESS),
    ),
    ("GET", "/api/desk/orders/<order_id>/quote-draft"): Operation(
        "draft_quote",
        "Desk",
        "Draft a quote",
        "A body for the next quote, to be looked over and sent: the present revision or, where there is none, what the "
        "price list of the account's currency makes of the order. An item that has no price is in `unpriced` and needs "
        "a line of its own. With `currency` the price list in that currency is used, also where there is a revision.",
        {200: Answer("The draft.", QuoteDraft, {"priced": examples.quote_draft().model_dump(mode="json")}, ("ETag",))},
        parameters=("currency",),
        refusals=(refusals.CONFLICT,),
    ),
    ("POST", "/api/desk/orders/<order_id>/quote"): Operation(
        "quote_order",
        "Desk",
        "Quote an order",
        "Makes a new revision, which is `sending` until its mail to the contact person was accepted. The revision "
        "before it is superseded at once. Every item needs a line; only a line without an item may have a negative "
        "price, and no total may be below zero.",
        _desk_order("quoted", 202, "The order with the revision that is being sent."),
        Body(NewQuote, {"monthly": examples.QUOTE}),
        ("If-Match",),
        (refusals.CONFLICT, refusals.IN_PROGRESS),
    ),
    ("POST", "/api/desk/orders/<order_id>/quote/preview"): Operation(
        "preview_quote",
        "Desk",
        "See a quote as the contact person will",
        "Refuses what quoting refuses, and changes nothing. The mail stands as it would be sent, without a link and a "
        "code that work. With `Accept: application/pdf` the paper comes.",
        {200: Answer("The mail, or the paper.", QuotePreview, {"monthly": examples.QUOTE_PREVIEW}, other=PDF)},
        Body(NewQuote, {"monthly": examples.QUOTE}),
        ("If-Match",),
        (refusals.CONFLICT,),
    ),
    ("POST", "/api/desk/orders/<order_id>/quote/undo"): Operation(
        "undo_quote",
        "Desk",
        "Undo a quote",
        "Takes the newest revision back while its mail is held, which is for the installation's time for undoing "
        "(`undo_until`): no mail goes, the revision is `superseded`, and the order is `in_process`. A revision that it "
        "had replaced stays `superseded` too.",
        _desk_order("undone"),
        Body(Nothing, {"nothing": {}}, required=False),
        ("If-Match",),
        (refusals.CONFLICT, refusals.IN_PROGRESS),
    ),
    ("POST", "/api/desk/orders/<order_id>/decline"): Operation(
        "decline_order",
        "Desk",
        "Decline an order",
        "Cancels an open order; customer and contact person are told why.",
        _desk_order("declined"),
        Body(NeededReason, {"outside": examples.DECLINING}),
        ("If-Match",),
        (refusals.CONFLICT, refusals.IN_PROGRESS),
    ),
    ("POST", "/api/desk/orders/<order_id>/resend"): Operation(
        "resend_quote",
        "Desk",
        "Send a quote again",
        "Mails a fresh link to the same revision, to the contact given, who then is this order's contact, or to the "
        "present one. Older links are dead. Also of a first revision that could not be sent (`undeliverable`), whose "
        "order is still `in_process`. The contact before and the account's contact person are told of another one. An "
        "order whose contact was removed needs one to be given.",
        _desk_order("resent", 202, "The order whose quote is being sent again."),
        Body(Resending, {"same_contact": {}, "other_contact": examples.RESENDING}, required=False),
        ("If-Match",),
        (refusals.CONFLICT, refusals.IN_PROGRESS),
    ),
    ("POST", "/api/desk/orders/<order_id>/comment"): Operation(
        "comment_on_desk_order",
        "Desk",
        "Comment on an order as Customer Success",
        "Adds an entry to the timeline of an open order; an internal one is not shown to the customer.",
        _desk_order("commented"),
        Body(NewDeskComment, {"internal": examples.DESK_COMMENT}),
        ("If-Match",),
        (refusals.CONFLICT, refusals.IN_PROGRESS),
    ),
    ("GET", "/api/desk/accounts"): Operation(
        "list_accounts",
        "Desk accounts",
        "List accounts",
        "Every account, by id.",
        _pages(AccountPage, examples.account_body(), "A page of accounts."),
        parameters=PAGED,
    ),
    ("GET", "/api/desk/accounts/<account_id>"): Operation(
        "show_desk_account",
        "Desk accounts",
        "Show any account",
        "The account as it is now.",
        {200: Answer("The account.", Account, {"enrolled": examples.account_body()}, ("ETag",))},
    ),
    ("PUT", "/api/desk/accounts/<account_id>"): Operation(
        "put_account",
        "Desk accounts",
        "Create or replace an account",
        "The body is the whole account, as reading it answers it. A changed contact kills the open links of the "
        "account's orders, and fresh ones are mailed; a removed one kills them too, and the orders wait for another. "
        "Contact persons and deputies who are named or dropped are told by mail, and of all that concerns its orders "
        "the account's contact person. Send `If-None-Match: *` to create an account, and `If-Match` "
        "with the ETag that you have read to change one: then nobody's work is replaced unseen.",
        {200: Answer("The account as it is then.", Account, {"enrolled": examples.account_body()}, ("ETag",))},
        Body(AccountRequest, {"enrolled": examples.NEW_ACCOUNT}),
        ("If-Match", "If-None-Match"),
        (refusals.IN_PROGRESS,),
    ),
    ("GET", "/api/desk/accounts/<account_id>/versions"): Operation(
        "list_account_versions",
        "Desk accounts",
        "List what has become of an account",
        "Every version that is kept, newest first: who stored it and when, what was changed, and whom the enrollment "
        "named. Once a person was erased, the place of each says so.",
        _pages(AccountVersionPage, examples.account_version_row(), "A page of versions."),
        parameters=PAGED,
    ),
    ("GET", "/api/desk/accounts/<account_id>/versions/<version>"): Operation(
        "show_account_version",
        "Desk accounts",
        "Show an account as it was",
        "The whole account at a version.",
        {200: Answer("The version.", AccountVersion, {"newest": examples.account_version()})},
    ),
    ("GET", "/api/desk/price-lists"): Operation(
        "list_price_lists",
        "Price lists",
        "List price lists",
        "Every list by its currency, without its prices.",
        _pages(PriceListPage, examples.price_list_row(), "A page of price lists."),
        parameters=PAGED,
    ),
    ("GET", "/api/desk/price-lists/<currency>"): Operation(
        "show_price_list",
        "Price lists",
        "Show a price list",
        "With `Accept: text/csv` it comes as a table, which may be sent back.",
        {200: Answer("The list.", PriceList, PRICE_LIST, ("ETag",), PRICES_CSV)},
        parameters=("spreadsheet",),
    ),
    ("PUT", "/api/desk/price-lists/<currency>"): Operation(
        "put_price_list",
        "Price lists",
        "Create or replace a price list",
        "The body is the whole list, as reading it answers it, or a table (`Content-Type: text/csv`) whose first row "
        "names the columns, parted by comma, semicolon or tab, in UTF-8; a table without prices is refused. A comma "
        "may stand before the decimals. `variant` tells prices of one kind apart: a socket's model, an accessory's "
        "type, a region, a bandwidth step. A price without one is for all of its kind that have none of their own. "
        "Of a table's faults, `detail` says the row. `If-None-Match: *` begins a list, `If-Match` changes the one that "
        "you have read.",
        {200: Answer("The list as it is then.", PriceList, PRICE_LIST, ("ETag",))},
        Body(
            PriceListRequest,
            {"two_prices": examples.PRICES},
            other={"text/csv": {"schema": PRICES_CSV["text/csv"], "example": examples.price_table()}},
        ),
        ("If-Match", "If-None-Match"),
        (refusals.IN_PROGRESS, refusals.INVALID_CSV),
    ),
    ("GET", "/api/desk/price-lists/<currency>/versions"): Operation(
        "list_price_list_versions",
        "Price lists",
        "List what has become of a price list",
        "Every version that is kept, newest first: who stored it and when.",
        _pages(PriceListVersionPage, examples.price_list_version_row(), "A page of versions."),
        parameters=PAGED,
    ),
    ("GET", "/api/desk/price-lists/<currency>/versions/<version>"): Operation(
        "show_price_list_version",
        "Price lists",
        "Show a price list as it was",
        "The whole list at a version.",
        {200: Answer("The version.", PriceListVersion, {"newest": examples.price_list_version()})},
    ),
}


def _html(description: str, other: Mapping[str, Any] | None = None, headers: tuple[str, ...] = ()) -> Answer:
    return Answer(description, other={**HTML, **(other or {})}, headers=headers)


FAULTS = {
    500: _html("A fault of ours.", GATEWAY),
    503: _html("The service is busy; nothing was done.", GATEWAY),
}
SLOWED = _html("Too much was asked by this link at once; nothing was done.", GATEWAY, ("Retry-After",))
LOOKING = {
    200: _html("The order, the quote and the form; or, once there is nothing to decide, what happened."),
    404: _html("There is no such link.", PROBLEM),
    410: _html("The link was replaced, its reader is no longer asked, or the quote has expired."),
    429: SLOWED,
    **FAULTS,
}

CONFIRMATION: Mapping[tuple[str, str], Operation] = {
    ("GET", "/confirm/<token>"): Operation(
        "show_confirmation",
        "Confirmation",
        "Show what is to be decided",
        "A page that works without scripts. Looking leaves no trace on the order.",
        LOOKING,
        is_public=True,
    ),
    ("HEAD", "/confirm/<token>"): Operation(
        "probe_confirmation",
        "Confirmation",
        "Ask for the page's headers",
        "Answers like GET, without a body.",
        {**{status: Answer(answer.description) for status, answer in LOOKING.items()}, 429: SLOWED},
        is_public=True,
    ),
    ("POST", "/confirm/<token>"): Operation(
        "decide",
        "Confirmation",
        "Decide",
        "Judged in this order: the link, the form, replaced or expired, locked, decided, the code. The same decision "
        "again is answered as the first was.",
        {
            200: _html("Decided, or asked for."),
            400: _html("The decision is unknown, or a field is missing or malformed. No code is counted."),
            403: _html("The code is wrong, or the request did not come by the site's own address.", PROBLEM),
            404: _html("There is no such link.", PROBLEM),
            409: _html("Another decision has won, or the order is closed."),
            410: _html("The link was replaced, its reader is no longer asked, or the quote has expired."),
            413: _html("The form is too large.", GATEWAY),
            423: _html("Wrong codes have locked the link; a fresh mail can be asked for."),
            429: _html("Fresh mails were asked for too often, or too much at once.", GATEWAY, ("Retry-After",)),
            **FAULTS,
        },
        Body(
            ConfirmationForm,
            {"approval": {"decision": "approve", "name": "Dana Contact", "code": "123456"}},
            "application/x-www-form-urlencoded",
        ),
        is_public=True,
    ),
    ("GET", "/confirm/<token>/quote.pdf"): Operation(
        "show_confirmation_paper",
        "Confirmation",
        "Show the quote's paper",
        "The PDF of the revision that the link belongs to.",
        {
            200: Answer("The paper.", other=PDF),
            404: _html("There is no such link, or it leads to no paper.", PROBLEM),
            410: _html("The link was replaced, or its reader is no longer asked about the order."),
            429: SLOWED,
            **FAULTS,
        },
        is_public=True,
    ),
}

OPERATIONS: Mapping[tuple[str, str], Operation] = {**CUSTOMERS, **DESK, **CONFIRMATION}
