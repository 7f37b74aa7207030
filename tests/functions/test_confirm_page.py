"""The pages behind a link, request by request: what is loaded, which page is shown, and with which headers."""

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import pytest

import confirm_page
from online_orders.aws import pdf_store
from online_orders.domain.approval_links import LinkContext, fingerprint
from online_orders.domain.confirmation import FormState, LinkResult, Outcome, parse_form
from online_orders.domain.errors import NotFound, TooManyRequests, Unavailable
from online_orders.domain.installation import Installation
from online_orders.http import rate_limit
from online_orders_rendering.pages.approval import CONTENT_SECURITY_POLICY
from tests.aws.desk import Desk
from tests.domain.builders import CLARA, NOW, ORDER_ID, account_of, expired, offered, place, sending
from tests.domain.test_link_states import link_of, presented
from tests.functions.invocation import Context

Json = dict[str, Any]

OFFERED = offered()
OPEN = presented(OFFERED)
OF_ORDER = presented(place().order, link_of(place().order, "order"))
TOKEN = OPEN.token
BRAND = Installation(brand="Brand", site_url="")
GUARDS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
}


class Site:
    """What is behind a link, and what the pages are made of."""

    def __init__(self) -> None:
        self.context: LinkContext | Exception = OPEN
        self.result = LinkResult(OPEN, None, HTTPStatus.OK)
        self.asked: list[Any] = []
        self.pages: list[Any] = []
        self.limited: list[Any] = []
        self.pdf: bytes | None = b"paper"

    def load_link(self, token: str, proofs: frozenset[str]) -> LinkContext:
        self.asked.append((token, proofs))
        if isinstance(self.context, Exception):
            raise self.context
        return self.context

    def handle(self, *given: Any) -> LinkResult:
        self.asked.append(given)
        return self.result

    def page(self, name: str) -> Callable[..., str]:
        def rendered(*given: Any, **more: Any) -> str:
            self.pages.append((name, given, more))
            return name

        return rendered


@pytest.fixture
def site(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Site:
    site = Site()
    monkeypatch.setattr(confirm_page, "load_link", site.load_link)
    monkeypatch.setattr(confirm_page, "handle_view", site.handle)
    monkeypatch.setattr(confirm_page, "handle_decision", site.handle)
    monkeypatch.setattr(confirm_page, "decision_page", site.page("decision"))
    monkeypatch.setattr(confirm_page, "outcome_page", site.page("outcome"))
    monkeypatch.setattr(rate_limit, "check_rate_limit", lambda *limited: site.limited.append(limited))
    monkeypatch.setattr(pdf_store, "find_quote_pdf", lambda *wanted: {(ORDER_ID, 1): site.pdf}[wanted])
    for name, value in {"BRAND_NAME": "Brand", "ORIGIN_SECRET": ""}.items():
        monkeypatch.setenv(name, value)
    return site


def ask(method: str = "GET", token: str = TOKEN, /, suffix: str = "", body: Any = None, **headers: str) -> Any:
    """Return status, headers and body of the response."""
    path = f"/confirm/{token}{suffix}"
    seen = {"path": path, "method": method, "sourceIp": "192.0.2.1"}
    event = {
        "rawPath": path,
        "rawQueryString": "",
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {"http": seen, "stage": "$default", "requestId": "one"},
        "body": urlencode(body) if body else None,
    }
    response = confirm_page.handler(event, Context())
    return response["statusCode"], response["headers"], response["body"]


def test_an_open_link_shows_the_form_to_decide(desk: Desk, site: Site) -> None:
    status, headers, body = ask()
    assert (status, body, headers["Content-Type"]) == (200, "decision", "text/html; charset=utf-8")
    assert headers.items() >= GUARDS.items()
    assert site.limited == [("LINK", fingerprint(TOKEN))]
    assert site.asked == [(TOKEN, frozenset()), (OPEN, NOW)]
    assert site.pages == [
        (
            "decision",
            (OFFERED, OFFERED.quote, BRAND),
            {
                "account_name": "Acme Ltd",
                "pdf_path": f"/confirm/{TOKEN}/quote.pdf",
                "form": FormState(),
                "site_names": account_of().site_names,
                "at": NOW,
            },
        )
    ]


def test_the_link_of_an_order_shows_no_quote(desk: Desk, site: Site) -> None:
    order = sending()
    context = presented(order, link_of(order, "order"))
    site.result = LinkResult(context, None, HTTPStatus.OK, FormState(name="Connie"))
    ask()
    ((_, given, more),) = site.pages
    assert (given, more["pdf_path"], more["form"]) == ((order, None, BRAND), None, FormState(name="Connie"))


def test_what_happened_instead_has_its_own_page(desk: Desk, site: Site) -> None:
    form = FormState(name="Connie")
    context = OPEN._replace(account=account_of(name="Acme Group"))
    site.result = LinkResult(context, Outcome.ALREADY_DECIDED, HTTPStatus.CONFLICT, form, decided_by="Carla")
    status, headers, body = ask()
    assert (status, body, {"Retry-After", "Set-Cookie"} & headers.keys()) == (409, "outcome", set())
    given = (Outcome.ALREADY_DECIDED, OFFERED, BRAND, "en")
    more = {"account_name": "Acme Group", "decided_by": "Carla", "form": form, "confirmation_path": None}
    assert site.pages == [("outcome", given, more)]


def test_a_page_is_in_the_orders_language(desk: Desk, site: Site) -> None:
    german = OFFERED.sync_settings("de", "UTC", None, NOW).order
    site.result = LinkResult(OPEN._replace(order=german), Outcome.REPLACED, HTTPStatus.GONE)
    ask()
    assert site.pages[0][1][3] == "de"


def test_a_refusal_says_when_to_come_again_and_a_proof_is_kept_as_a_cookie(desk: Desk, site: Site) -> None:
    site.result = LinkResult(OPEN, Outcome.TOO_MANY_MAILS, HTTPStatus.TOO_MANY_REQUESTS, retry_after_seconds=60)
    status, headers, _ = ask()
    assert (status, headers["Retry-After"], "Set-Cookie" in headers) == (429, "60", False)
    site.result = LinkResult(OPEN, Outcome.FRESH_MAIL_FOR_ASKER, HTTPStatus.OK, proof="proof")
    _, headers, _ = ask()
    assert headers["Set-Cookie"] == (
        f"asked-quote-{ORDER_ID}=proof; Path=/confirm; Max-Age=7776000; Secure; HttpOnly; SameSite=Lax"
    )
    assert "Retry-After" not in headers


def test_a_browser_shows_the_proofs_that_it_has_kept_and_no_other_cookie(desk: Desk, site: Site) -> None:
    ask(cookie="asked-quote-1=one; other=two; asked-order-2=three")
    assert site.asked[0] == (TOKEN, frozenset({"one", "three"}))


def test_who_only_probes_gets_the_page_without_its_body(desk: Desk, site: Site) -> None:
    status, headers, body = ask("HEAD")
    assert (status, body, len(site.pages)) == (200, "", 1)
    assert headers.items() >= GUARDS.items()


def test_a_form_is_decided_on_with_its_sender(desk: Desk, site: Site) -> None:
    typed = {"decision": "approve", "name": "Connie", "code": "123456"}
    site.result = LinkResult(OPEN, Outcome.APPROVED, HTTPStatus.OK)
    status, _, body = ask("POST", body=typed, user_agent="Browser")
    assert (status, body) == (200, "outcome")
    assert site.asked == [(TOKEN, frozenset()), (OPEN, parse_form(typed, OPEN.link), ("192.0.2.1", "Browser"), NOW)]


# -- the paper ----------------------------------------------------------------------------------------------------


def test_the_paper_is_shown_under_its_name(desk: Desk, site: Site) -> None:
    status, headers, body = ask(suffix="/quote.pdf")
    assert (status, headers["Content-Type"]) == (200, "application/pdf")
    assert headers["Content-Disposition"] == f'inline; filename="quote-{ORDER_ID}-1.pdf"'
    assert headers.items() >= GUARDS.items()
    assert body
    assert site.limited == [("LINK", fingerprint(TOKEN))]


@pytest.mark.parametrize(
    ("context", "pdf"),
    [
        (OF_ORDER, b"paper"),
        (presented(OFFERED.resend(CLARA, None, NOW).order, link_of(OFFERED)), b"paper"),
        (OPEN, None),
    ],
    ids=["the link of an order", "a replaced link", "a paper that is still being made"],
)
def test_there_is_no_other_paper(desk: Desk, site: Site, context: LinkContext, pdf: bytes | None) -> None:
    site.context, site.pdf = context, pdf
    assert ask(suffix="/quote.pdf")[0] == 404
    assert site.pages[0][1][0] is Outcome.UNKNOWN_LINK


def test_who_is_no_longer_asked_reads_so_instead_of_the_paper(desk: Desk, site: Site) -> None:
    site.context = presented(OFFERED.sync_contact(None, None, NOW).order, link_of(OFFERED))
    status, _, body = ask(suffix="/quote.pdf")
    assert (status, body, site.pages[0][1][0]) == (410, "outcome", Outcome.PARTED)


def test_an_expired_quote_still_has_its_paper(desk: Desk, site: Site) -> None:
    site.context = presented(expired())
    assert ask(suffix="/quote.pdf")[0] == 200


# -- errors -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "outcome", "status"),
    [
        (NotFound("There is no such link."), Outcome.UNKNOWN_LINK, 404),
        (Unavailable("The table is busy."), Outcome.FAULT, 503),
    ],
)
def test_an_error_has_a_page_in_the_readers_language(
    desk: Desk, site: Site, error: Exception, outcome: Outcome, status: int
) -> None:
    site.context = error
    for accepted, language in (("de-DE,de;q=0.9", "de"), ("xx", "en"), (None, "en")):
        site.pages.clear()
        answered, headers, body = ask(**({"accept_language": accepted} if accepted else {}))
        assert (answered, body) == (status, "outcome")
        assert headers.items() >= GUARDS.items()
        assert site.pages == [("outcome", (outcome, None, BRAND, language), {})]


def test_too_many_requests_have_a_page_that_says_when_to_come_again(
    desk: Desk, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(kind: str, name: str) -> None:
        raise TooManyRequests("Too many.", 7)

    monkeypatch.setattr(rate_limit, "check_rate_limit", refuse)
    status, headers, _ = ask()
    assert (status, headers["Retry-After"], site.pages[0][1][0]) == (429, "7", Outcome.TOO_MANY_REQUESTS)
    assert site.asked == []


def test_what_can_be_no_token_takes_no_share_of_any_link(desk: Desk, site: Site) -> None:
    site.context = NotFound("There is no such link.")
    assert ask("GET", "short")[0] == 404
    assert site.limited == []


def test_another_method_is_refused_as_by_an_api(desk: Desk, site: Site) -> None:
    status, headers, body = ask("DELETE")
    assert (status, json.loads(body)["code"]) == (405, "method_not_allowed")
    assert headers.items() >= GUARDS.items()
