"""The contact person's page behind a link: looking leaves no trace, and only the code from the mail decides."""

import gc

gc.disable()  # a cold start makes objects that stay: until the end of this file nobody looks through them

from collections.abc import Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast
from urllib.parse import parse_qs

from aws_lambda_powertools.event_handler import Request
from aws_lambda_powertools.event_handler.openapi.params import Path

from online_orders import clock, http
from online_orders.accounts import Account
from online_orders.api import PDF, SCHEMAS, Api, answers, takes
from online_orders.approval_links import (
    CODE,
    TOKEN,
    WRONG_CODES_ALLOWED,
    Link,
    code_of,
    fingerprint,
    matches,
    proof_of,
    token_of,
)
from online_orders.aws import documents, evidence, links, orders
from online_orders.aws.dynamodb import Raced, pause
from online_orders.aws.environment import environment
from online_orders.aws.keys import Item, OrderKey
from online_orders.aws.signing_keys import signing_key
from online_orders.errors import Conflict, MethodNotAllowed, NotFound, OnlineOrdersError, TooManyRequests
from online_orders.evidence import LinkDecision, evidence_of
from online_orders.http import Response
from online_orders.installation import Installation
from online_orders.languages import FALLBACK, LOCALES
from online_orders.orders import OPEN, Change, Order, Status
from online_orders.quotes import DECIDABLE, QuoteState
from online_orders.telemetry import MetricUnit, correlation_paths, discreet, logger, metrics
from online_orders_rendering.pages import (
    CONTENT_SECURITY_POLICY,
    FormFault,
    FormState,
    Outcome,
    decision_page,
    outcome_page,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_NAME_LENGTH, MAX_REASON_LENGTH = 200, 1_000
_A_DAY_SECONDS = 86_400
_PROOF, _PROOF_SECONDS = "asked-", 90 * _A_DAY_SECONDS
"""How the name of a cookie begins, the only one of these pages, and how long it is kept; nobody needs it who is not
locked out."""
DECISIONS = ("approve", "cancel", "request_change")
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
}
_OUTCOMES = {
    "approve": Outcome.APPROVED,
    "cancel": Outcome.CANCELED,
    "request_change": Outcome.CHANGE_REQUESTED,
}
_OF_DECISIONS = {*_OUTCOMES.values(), Outcome.ALREADY_DECIDED, Outcome.CLOSED}
_REFUSED: dict[type[OnlineOrdersError], Outcome] = {
    NotFound: Outcome.UNKNOWN_LINK,
    TooManyRequests: Outcome.TOO_MANY_REQUESTS,
}


class Opened(NamedTuple):
    """A link that was presented, its order and account as they stand, and the code that belongs to it."""

    token: str
    proofs: frozenset[str]
    """What the browser keeps of fresh mails that were asked for in it, see `proof_of`."""
    link: Link
    order: Order
    account: Account
    code: str
    is_live: bool
    """False once a newer link, a newer revision or another contact has taken its place, or the contact was removed."""
    is_of_contact: bool
    """Whether it was sent to whoever is asked now."""


class State(NamedTuple):
    """What a page says when it does not show the form, and with which status a POST is answered."""

    outcome: Outcome
    status: HTTPStatus


class Form(NamedTuple):
    """A sound form."""

    decision: str
    name: str
    code: str
    reason: str | None
    sender: http.Viewer


class Unsound(Exception):
    """A form with an unknown decision or a missing or malformed field."""

    def __init__(self, state: FormState) -> None:
        super().__init__("the form is not sound")
        self.state = state


# -- the link -----------------------------------------------------------------------------------------------------


def _open(token: str, proofs: frozenset[str]) -> Opened:
    """The link's order; NotFound for a token that is not, or no longer, anybody's."""
    if not TOKEN.fullmatch(token):
        raise NotFound("There is no such link.")
    link = links.find_link(token)
    logger.append_keys(order_id=link.order_id)
    order, account = orders.get_order_and_account(OrderKey(link.account_id, link.order_id, link.source))
    return _opened(token, proofs, link, order, account)


def _open_again(opened: Opened) -> Opened:
    return _open(opened.token, opened.proofs)


def _presented(request: Request, token: str) -> Opened:
    """The link of a request, which takes of the link's share."""
    if TOKEN.fullmatch(token):
        http.take_share("LINK", fingerprint(token))
    # API Gateway has them in a list of their own, other servers of this event in the header.
    cookies = ";".join([*(request.resolved_event.get("cookies") or ()), request.headers.get("cookie", "")])
    pairs = (cookie.strip().partition("=") for cookie in cookies.split(";"))
    return _open(token, frozenset(value for name, _, value in pairs if name.startswith(_PROOF)))


def _proof_cookie(opened: Opened) -> str:
    """For the browser that has asked, with the code of this link, for the mail of the next one."""
    link = opened.link.model_copy(update={"number": opened.link.number + 1})
    # By the key that the fresh link will be made with.
    proof = proof_of(signing_key("links").key, link, opened.order.contact.email)
    about = f"Path=/confirm; Max-Age={_PROOF_SECONDS}; Secure; HttpOnly; SameSite=Lax"
    return f"{_PROOF}{link.purpose}-{link.order_id}={proof}; {about}"


def _opened(token: str, proofs: frozenset[str], link: Link, order: Order, account: Account) -> Opened:
    key = signing_key("links", link.key_id).key
    recipient = order.contact.email
    if link.purpose == "quote":
        revision = order.quote.revision if order.quote else 0
        is_newest = (link.revision, link.number) == (revision, order.marks.quote_link)
    else:
        is_newest = link.number == order.marks.order_link and order.status is not Status.PENDING_CONFIRMATION
    # The order follows its account by a queue; who is no longer asked does not decide until then.
    is_of_contact = matches(token_of(key, link, recipient), token) and not order.outlives_contact(account)
    is_asked = is_of_contact and not order.contact_is_removed
    code = code_of(key, link, recipient)
    if any(matches(proof_of(key, link, recipient), proof) for proof in proofs):
        link = link.of_asker()
    return Opened(token, proofs, link, order, account, code, is_newest and is_of_contact, is_asked)


def _decided_by_link(opened: Opened) -> str | None:
    """The decision that was taken by this very link, in the form's words."""
    order, quote = opened.order, opened.order.quote
    by_contact = order.closed is not None and order.closed.by == "contact"
    if opened.link.purpose == "order":
        return "cancel" if by_contact and order.status is Status.CANCELED else None
    if quote and quote.state is QuoteState.APPROVED:
        return "approve"
    if by_contact and order.status is Status.CANCELED:
        return "cancel"
    if quote and quote.state is QuoteState.CHANGE_REQUESTED and order.status in OPEN:
        return "request_change"
    return None


def _dead(opened: Opened) -> Outcome:
    """What is said of a link that is not live: its reader is no longer asked, there is a newer mail, or there will be
    one once a quote is sent."""
    order, link = opened.order, opened.link
    if not opened.is_of_contact:
        return Outcome.PARTED
    is_overtaken = link.purpose == "order" and link.number != order.marks.order_link
    if not is_overtaken and order.quote and order.quote.offered_at is None:
        return Outcome.IN_PREPARATION if order.is_open else Outcome.CLOSED
    return Outcome.REPLACED


def _is_expired(opened: Opened, at: datetime) -> bool:
    order, quote = opened.order, opened.order.quote
    if opened.link.purpose == "order" or quote is None or not order.is_open:
        return False
    return quote.state is QuoteState.EXPIRED or (quote.state in DECIDABLE and order.is_quote_past(at))


# -- answers ------------------------------------------------------------------------------------------------------


def _installation() -> Installation:
    """Pages link within their own site, so they need not know its name."""
    return Installation(brand=environment("BRAND_NAME"), site_url="")


def _html(page: str, status: HTTPStatus, headers: dict[str, str] | None = None) -> Response:
    return Response(int(status), "text/html; charset=utf-8", page, headers={**_HEADERS, **(headers or {})})


def _told(opened: Opened, outcome: Outcome, status: HTTPStatus, form: FormState | None = None) -> Response:
    order = opened.order
    page = outcome_page(
        outcome,
        order,
        _installation(),
        order.marks.locale,
        account_name=opened.account.name,
        decided_by=_name_given(order) if outcome in _OF_DECISIONS else None,
        form=form or FormState(),
    )
    return _html(page, status)


def _name_given(order: Order) -> str | None:
    """The name given with the newest decision by link; None where somebody else has closed the order since."""
    if order.closed is not None and order.closed.by != "contact":
        return None
    entry = orders.get_entry(order.order_id, order.marks.decision_sequence or order.marks.sequence)
    return entry.actor.name if entry.actor.kind == "contact" else None


def _form_page(opened: Opened, status: HTTPStatus, form: FormState | None = None) -> Response:
    order = opened.order
    account = opened.account
    quote = order.quote if opened.link.purpose == "quote" else None
    page = decision_page(
        order,
        quote,
        _installation(),
        account_name=account.name,
        pdf_path=f"/confirm/{opened.token}/quote.pdf" if quote else None,
        form=form or FormState(),
        site_names=account.site_names,
        at=clock.now(),
    )
    return _html(page, status)


def _state(opened: Opened, at: datetime) -> State | None:
    """What there is to say instead of the form, in the order in which it is judged; None: the form."""
    decided = _decided_by_link(opened)
    judged = (
        (not opened.is_live, State(_dead(opened), HTTPStatus.GONE)),
        (_is_expired(opened, at), State(Outcome.EXPIRED, HTTPStatus.GONE)),
        (opened.link.locked, State(Outcome.LOCKED, HTTPStatus.LOCKED)),
        (decided is not None, State(_OUTCOMES.get(decided or "", Outcome.ALREADY_DECIDED), HTTPStatus.OK)),
        (not opened.order.is_open, State(Outcome.CLOSED, HTTPStatus.CONFLICT)),
    )
    return next((state for applies, state in judged if applies), None)


# -- refusals -----------------------------------------------------------------------------------------------------


def _language_of_browser(event: "APIGatewayProxyEventV2") -> str:
    """For pages that know no account: the first of the reader's languages that they are written in."""
    asked = (part.strip()[:2].lower() for part in event.headers.get("accept-language", "").split(","))
    return next((language for language in asked if language in LOCALES), FALLBACK)


def _refused(error: OnlineOrdersError, event: "APIGatewayProxyEventV2") -> Response:
    if isinstance(error, MethodNotAllowed):
        told = http.problem(error)
        told.headers.update(_HEADERS)
        return told
    outcome = _REFUSED.get(type(error), Outcome.FAULT)
    page = outcome_page(outcome, None, _installation(), _language_of_browser(event))
    return _html(page, error.status, error.headers())


app = Api(_refused)


# -- what the document says of the routes ------------------------------------------------------------------------

Token = Annotated[str, Path(description="Out of the link.", json_schema_extra={"pattern": f"^{TOKEN.pattern}$"})]
_HTML = {"text/html": {"type": "string"}}
_GATEWAY = {"application/json": {"$ref": SCHEMAS + "GatewayMessage"}}
_PROBLEM = {"application/problem+json": {"$ref": SCHEMAS + "Problem"}}


def _pages(
    status: HTTPStatus, description: str, beside: Mapping[str, Any] | None = None, headers: tuple[str, ...] = ()
) -> dict[int, Any]:
    return answers(None, description, status, headers=headers, other={**_HTML, **(beside or {})})


_FAULTS = {
    **_pages(HTTPStatus.INTERNAL_SERVER_ERROR, "A fault of ours.", _GATEWAY),
    **_pages(HTTPStatus.SERVICE_UNAVAILABLE, "The service is busy; nothing was done.", _GATEWAY),
}
_SLOWED = _pages(
    HTTPStatus.TOO_MANY_REQUESTS,
    "Too much was asked by this link at once; nothing was done.",
    _GATEWAY,
    ("Retry-After",),
)
_LOOKING = {
    **_pages(HTTPStatus.OK, "The order, the quote and the form; or, once there is nothing to decide, what happened."),
    **_pages(HTTPStatus.NOT_FOUND, "There is no such link.", _PROBLEM),
    **_pages(HTTPStatus.GONE, "The link was replaced, its reader is no longer asked, or the quote has expired."),
    **_SLOWED,
    **_FAULTS,
}


# -- looking ------------------------------------------------------------------------------------------------------


@app.get(
    "/confirm/<token>",
    tags=["Confirmation"],
    summary="Show what is to be decided",
    description="A page that works without scripts. Looking leaves no trace on the order.",
    responses=_LOOKING,
)
def show_confirmation(token: Token, request: Request) -> Response:
    opened = _presented(request, token)
    state = _state(opened, clock.now())
    if state is None:
        return _form_page(opened, HTTPStatus.OK)
    outcome, status = state
    if outcome is Outcome.EXPIRED and opened.order.is_fresh_quote_asked:
        outcome = Outcome.FRESH_QUOTE_ASKED
    return _told(opened, outcome, status if status is HTTPStatus.GONE else HTTPStatus.OK)


@app.head(
    "/confirm/<token>",
    tags=["Confirmation"],
    summary="Ask for the page's headers",
    description="Answers like GET, without a body.",
    responses={status: dict(answer, content={}) for status, answer in _LOOKING.items()} | _SLOWED,
)
def probe_confirmation(token: Token, request: Request) -> Response:
    page = show_confirmation(token, request)
    page.body = ""
    return page


@app.get(
    "/confirm/<token>/quote.pdf",
    tags=["Confirmation"],
    summary="Show the quote's paper",
    description="The PDF of the revision that the link belongs to.",
    responses={
        **answers(None, "The paper.", other=PDF),
        **_pages(HTTPStatus.NOT_FOUND, "There is no such link, or it leads to no paper.", _PROBLEM),
        **_pages(HTTPStatus.GONE, "The link was replaced, or its reader is no longer asked about the order."),
        **_SLOWED,
        **_FAULTS,
    },
)
def show_confirmation_paper(token: Token, request: Request) -> Response:
    opened = _presented(request, token)
    if opened.link.purpose != "quote":
        raise NotFound("This link leads to no paper.")
    if not opened.is_live:
        if _dead(opened) is Outcome.PARTED:
            return _told(opened, Outcome.PARTED, HTTPStatus.GONE)
        raise NotFound("This link leads to no paper any more.")
    paper = documents.find_quote_paper(opened.order.order_id, opened.link.revision)
    if paper is None:
        raise NotFound("The paper is still being made.")
    name = f"quote-{opened.order.order_id}-{opened.link.revision}.pdf"
    headers = {**_HEADERS, "Content-Disposition": f'inline; filename="{name}"'}
    return Response(int(HTTPStatus.OK), "application/pdf", paper, headers=headers)


# -- deciding -----------------------------------------------------------------------------------------------------


def _fields(request: Request) -> dict[str, str]:
    """The form's fields, the first of each name; what is not a form has none."""
    try:
        text = http.raw_body(request).decode("utf-8")
        fields = parse_qs(text, max_num_fields=50, keep_blank_values=True, errors="strict")
    except (ValueError, UnicodeError):
        return {}
    return {name: values[0] for name, values in fields.items()}


def _readable(text: str) -> str:
    """What was typed, without control characters other than line ends and tabs."""
    return "".join(character for character in text if character in "\n\t" or character.isprintable())


def _is_by_robot(fields: dict[str, str]) -> bool:
    """Whether the field is filled that nobody sees: it says nothing of the code then, and is not counted."""
    return bool(fields.get("extra", "").strip())


def _code(fields: dict[str, str]) -> str:
    return "".join(fields.get("code", "").split())


def _form(fields: dict[str, str], allowed: tuple[str, ...], sender: http.Viewer) -> Form:
    """The form when it is sound; raises Unsound with every fault of it."""
    decision = fields.get("decision", "").strip()
    name = " ".join(_readable(fields.get("name", "")).split())
    reason = _readable(fields.get("reason", "").replace("\r\n", "\n")).strip()
    code = _code(fields)
    needs_name = decision != "request_quote"
    faults = [
        fault
        for fault, is_wrong in (
            (FormFault.EXTRA_FILLED, _is_by_robot(fields)),
            (FormFault.DECISION_MISSING, decision not in allowed),
            (FormFault.NAME_MISSING, needs_name and not name),
            (FormFault.NAME_TOO_LONG, len(name) > MAX_NAME_LENGTH),
            (FormFault.REASON_MISSING, decision == "request_change" and not reason),
            (FormFault.REASON_TOO_LONG, len(reason) > MAX_REASON_LENGTH),
            (FormFault.CODE_MISSING, not code),
            (FormFault.CODE_MALFORMED, bool(code) and not CODE.fullmatch(code)),
        )
        if is_wrong
    ]
    if faults:
        raise Unsound(FormState(decision, name, reason, tuple(faults)))
    return Form(decision, name, code, reason or None, sender)


def _allowed(opened: Opened) -> tuple[str, ...]:
    """The decisions that a form of this link may name."""
    return ("cancel",) if opened.link.purpose == "order" else (*DECISIONS, "request_quote")


@app.post(
    "/confirm/<token>",
    tags=["Confirmation"],
    summary="Decide",
    description=(
        "Judged in this order: the link, the form, replaced or expired, locked, decided, the code. The same "
        "decision again is answered as the first was."
    ),
    responses={
        **_pages(HTTPStatus.OK, "Decided, or asked for."),
        **_pages(
            HTTPStatus.BAD_REQUEST,
            "The decision is unknown, or a field is missing or malformed. No code is counted.",
        ),
        **_pages(
            HTTPStatus.FORBIDDEN,
            "The code is wrong, or the request did not come by the site's own address.",
            _PROBLEM,
        ),
        **_pages(HTTPStatus.NOT_FOUND, "There is no such link.", _PROBLEM),
        **_pages(HTTPStatus.CONFLICT, "Another decision has won, or the order is closed."),
        **_pages(HTTPStatus.GONE, "The link was replaced, its reader is no longer asked, or the quote has expired."),
        **_pages(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The form is too large.", _GATEWAY),
        **_pages(HTTPStatus.LOCKED, "Wrong codes have locked the link; a fresh mail can be asked for."),
        **_pages(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Fresh mails were asked for too often, or too much at once.",
            _GATEWAY,
            ("Retry-After",),
        ),
        **_FAULTS,
    },
    openapi_extensions=takes("ConfirmationForm", "application/x-www-form-urlencoded"),
)
def decide(token: Token, request: Request) -> Response:
    opened = _presented(request, token)
    at = clock.now()
    fields = _fields(request)
    if fields.get("decision") == "request_mail":
        if _is_by_robot(fields):
            return _refuse_form(opened, FormState(faults=(FormFault.EXTRA_FILLED,)), at)
        return _ask_for_fresh_mail(opened, _code(fields), at)
    try:
        form = _form(fields, _allowed(opened), http.viewer(request))
    except Unsound as unsound:
        return _refuse_form(opened, unsound.state, at)
    return _judge(opened, form, at)


def _refuse_form(opened: Opened, form: FormState, at: datetime) -> Response:
    state = _state(opened, at)
    if state:
        return _told(opened, state[0], HTTPStatus.BAD_REQUEST, form)
    return _form_page(opened, HTTPStatus.BAD_REQUEST, form)


def _judge(opened: Opened, form: Form, at: datetime) -> Response:
    """In this order: replaced or expired, locked, decided, the code, and then the decision itself."""
    state = _state(opened, at)
    if state:
        outcome, status = state
        if outcome is Outcome.EXPIRED and form.decision == "request_quote":
            return _ask_for_fresh_quote(opened, form)
        if status is HTTPStatus.OK and outcome is not _OUTCOMES.get(form.decision):
            return _told(opened, Outcome.ALREADY_DECIDED, HTTPStatus.CONFLICT)
        return _told(opened, outcome, status)
    if form.decision not in DECISIONS:
        faults = (FormFault.DECISION_MISSING,)
        return _form_page(opened, HTTPStatus.BAD_REQUEST, FormState("", form.name, form.reason or "", faults))
    if not matches(opened.code, form.code):
        return _count_wrong_code(opened, form)
    return _take(opened, form)


def _decided(order: Order, form: Form, at: datetime) -> Change:
    if form.decision == "approve":
        return order.approve(form.name, at)
    if form.decision == "cancel":
        return order.cancel(form.name, form.reason, at)
    return order.request_change(form.name, form.reason or "", at)


def _decide_by_link(
    opened: Opened, decision: Callable[[Opened], Change], beside: Callable[[Change], list[Item]] = lambda _: []
) -> Order:
    """Decide on the order as it and its link stand when it is loaded; Conflict as `orders.decide`.

    A right code takes its turn among the wrong ones that come at the same time: it counts only while the link's wrong
    codes are as many as when it was judged. Else as many could be tried as come at once.
    """
    found = opened

    def load() -> Order:
        nonlocal found
        found = _open_again(opened)
        return found.order

    return orders.decide(
        load,
        lambda _: decision(found),
        beside=lambda change: [links.unchanged_count(found.token, found.link), *beside(change)],
    )


def _evidence(opened: Opened, form: Form, change: Change) -> Item:
    decision = cast("LinkDecision", form.decision)  # one of DECISIONS by now
    said = evidence_of(change.order, decision, form.name, opened.order.contact.email, *form.sender)
    return evidence.evidence_action(change.order.order_id, said)


def _take(opened: Opened, form: Form) -> Response:
    """Take the decision, on the order as it stands when the link is still live then."""

    def take(found: Opened) -> Change:
        at = clock.now()  # after the order was read: no entry of its timeline is later
        if _state(found, at):
            raise Conflict("Another decision was faster.", found.order.status)
        if found.link.purpose == "order":
            return _decided(found.order, form, at)
        # Who has link and code has the mail, whether or not it was noted yet that SES took it.
        mailed = found.order.quote_mailed(found.link.number, found.link.key_id, at)
        return mailed.then(lambda order: _decided(order, form, at))

    try:
        order = _decide_by_link(opened, take, lambda change: [_evidence(opened, form, change)])
    except Conflict:
        return _judge_again(opened, form)
    metrics.add_metric(f"Decided_{form.decision}", MetricUnit.Count, 1)
    if order.quote and order.quote.offered_at:
        hours = (order.updated_at - order.quote.offered_at).total_seconds() / 3600
        metrics.add_metric("AnswerHours", MetricUnit.NoUnit, hours)
    return _told(opened._replace(order=order), _OUTCOMES[form.decision], HTTPStatus.OK)


def _judge_again(opened: Opened, form: Form) -> Response:
    """What to say to a decision that came second."""
    now_opened = _open_again(opened)
    state = _state(now_opened, clock.now()) or State(Outcome.NOT_READY, HTTPStatus.CONFLICT)
    outcome, status = state
    if status is HTTPStatus.OK and outcome is not _OUTCOMES.get(form.decision):
        return _told(now_opened, Outcome.ALREADY_DECIDED, HTTPStatus.CONFLICT)
    return _told(now_opened, outcome, status)


def _count_wrong_code(opened: Opened, form: Form) -> Response:
    """Count it; the fifth locks the link and tells Customer Success."""
    attempt = 0
    while not opened.link.locked:
        if _counted(opened):
            opened = opened._replace(link=opened.link.with_wrong_code())
            break
        attempt += 1
        pause(attempt)
        opened = _open_again(opened)
        if not opened.order.is_open:
            return _judge_again(opened, form)
    metrics.add_metric("WrongCodes", MetricUnit.Count, 1)
    if opened.link.locked:
        return _told(opened, Outcome.LOCKED, HTTPStatus.LOCKED)
    left = WRONG_CODES_ALLOWED - opened.link.tries
    state = FormState(form.decision, form.name, form.reason or "", (FormFault.CODE_WRONG,), left)
    if form.decision == "request_quote":
        return _told(opened, Outcome.EXPIRED, HTTPStatus.FORBIDDEN, state)
    return _form_page(opened, HTTPStatus.FORBIDDEN, state)


def _counted(opened: Opened) -> bool:
    """Whether this wrong code is counted now: False when another request was faster."""
    if opened.link.tries + 1 < WRONG_CODES_ALLOWED:
        return links.count_wrong_code(opened.token, opened.link)
    change = opened.order.link_locked(opened.link.purpose, clock.now())
    try:
        orders.save(opened.order, change, links.wrong_code_action(opened.token, opened.link))
    except Raced:
        return False
    return True


# -- asking -------------------------------------------------------------------------------------------------------


def _ask_for_fresh_quote(opened: Opened, form: Form) -> Response:
    if opened.link.locked:
        return _told(opened, Outcome.LOCKED, HTTPStatus.LOCKED)
    if not matches(opened.code, form.code):
        return _count_wrong_code(opened, form)

    def ask(found: Opened) -> Change:
        at = clock.now()
        state = _state(found, at)
        if state is None or state.outcome is not Outcome.EXPIRED or found.link.locked:
            raise Conflict("Another decision was faster.", found.order.status)
        return found.order.ask_for_fresh_quote(at)

    try:
        order = _decide_by_link(opened, ask)
    except Conflict:
        return _judge_again(opened, form)
    return _told(opened._replace(order=order), Outcome.FRESH_QUOTE_ASKED, HTTPStatus.OK)


def _is_expired_and_locked(opened: Opened, state: State) -> bool:
    """Whether wrong codes keep the contact person from asking for a fresh quote."""
    return state.outcome is Outcome.EXPIRED and opened.link.locked


def _ask_for_fresh_mail(opened: Opened, code: str, at: datetime) -> Response:
    """Only of a locked link, to the same address, and only so often.

    Anybody may ask. Whoever gives the locked link's code with it has the mail: that one asks apart from all others, and
    the wrong codes of others do not lock the fresh link for the same browser. Any other text in the code's place is as
    none. A guesser can find the code of a locked link so, which decides nothing; the fresh link goes to the mailbox
    alone.
    """
    state = _state(opened, at)
    is_locked = state is not None and (state.outcome is Outcome.LOCKED or _is_expired_and_locked(opened, state))
    if not is_locked:
        return _told(opened, *state) if state else _form_page(opened, HTTPStatus.BAD_REQUEST)
    with_code = matches(opened.code, code)
    if seconds := _seconds_until_fresh_mail(opened.order, at, with_code=with_code):
        told = _told(opened, Outcome.TOO_MANY_MAILS, HTTPStatus.TOO_MANY_REQUESTS)
        told.headers["Retry-After"] = str(seconds)
        return told
    purpose = opened.link.purpose

    def ask(order: Order) -> Change:
        number = order.marks.quote_link if purpose == "quote" else order.marks.order_link
        if number != opened.link.number:
            return Change(order, ())
        return order.ask_for_fresh_mail(purpose, clock.now(), with_code=with_code)

    try:
        order = orders.decide(lambda: orders.get_order(orders.key_of(opened.order)), ask)
    except Conflict:
        return _told(opened, Outcome.CLOSED, HTTPStatus.CONFLICT)
    if not with_code:
        return _told(opened._replace(order=order), Outcome.FRESH_MAIL_SENT, HTTPStatus.OK)
    told = _told(opened._replace(order=order), Outcome.FRESH_MAIL_FOR_ASKER, HTTPStatus.OK)
    told.headers["Set-Cookie"] = _proof_cookie(opened)
    return told


def _seconds_until_fresh_mail(order: Order, at: datetime, *, with_code: bool) -> int:
    """How long to wait for the next fresh mail; 0 when it may go now.

    Nobody replaces the link of one who has given a code by asking without.
    """
    sent = order.fresh_mails_of_day(at, with_code=with_code)
    pause_seconds = int(environment("FRESH_MAIL_PAUSE_SECONDS"))
    has_asker = not with_code and bool(order.fresh_mails_of_day(at, with_code=True))
    if has_asker or len(sent) >= int(environment("FRESH_MAILS_A_DAY")):
        return _A_DAY_SECONDS
    return pause_seconds if sent and (at - sent[-1]).total_seconds() < pause_seconds else 0


@discreet
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """A request whose path holds the token: neither event nor path is ever logged."""
    return app.resolve(event, context)


gc.freeze()
gc.enable()
