"""The preview of a quote: what quoting would refuse is refused, and nothing is stored or signed."""

import json
from typing import Any

import pytest

import preview_quote
from online_orders.aws import account_store, letterhead_store, order_store, terms_store
from online_orders.aws.letterhead_store import StoredLetterhead
from online_orders.domain.approval_links import ConfirmLink
from online_orders.domain.letterheads import parse_letterhead
from online_orders.domain.order_parts import User
from online_orders.domain.terms import AppliedTerms
from online_orders.http import auth
from online_orders_rendering.mails.compose import Mail
from tests.aws.desk import Desk
from tests.domain.builders import HOUR, NOW, ORDER_ID, account_of, claimed, offered, place, quote_body
from tests.domain.test_letterheads import LEAST
from tests.functions.invocation import Context
from tests.http.test_app import event_of

Json = dict[str, Any]

SITE = ("Brand", "https://orders.example")
STAFF = User(user_id="u-1", email="u@vendor.example")


@pytest.fixture
def rendered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What mails and papers are made of."""
    given: list[Any] = []
    desk.now = NOW + HOUR

    def render_pdf(*values: Any) -> bytes:
        given.append(values)
        return b"paper"

    def render_mail(*values: Any) -> Mail:
        given.append(values)
        return Mail("subject", "text", "html")

    monkeypatch.setattr(preview_quote, "render_quote_pdf", render_pdf)
    monkeypatch.setattr(preview_quote, "render_quote_mail", render_mail)
    monkeypatch.setattr(auth, "check_rate_limit", lambda kind, name: None)
    monkeypatch.setattr(order_store, "get_any_order", {ORDER_ID: claimed()}.__getitem__)
    monkeypatch.setattr(letterhead_store, "current_letterhead", lambda: None)
    monkeypatch.setattr(account_store, "get_account", {"acme": account_of(currency="CHF", locale="de")}.__getitem__)
    monkeypatch.setattr(terms_store, "terms_for", lambda account: AppliedTerms({"de": "Netto."}[account.locale]))
    settings = {"ORIGIN_SECRET": "", "STAFF_SECOND_FACTOR": "optional", "IDENTITY_CLAIMS": ""}
    settings |= {"BRAND_NAME": SITE[0], "SITE_URL": SITE[1]}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return given


def ask(body: Json, **headers: str) -> Json:
    sent = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    path = f"/api/desk/orders/{ORDER_ID}/quote/preview"
    event = event_of("POST", path, headers=sent, body=json.dumps(body), group="customer-success")
    event["requestContext"]["authorizer"]["jwt"]["claims"]["email"] = STAFF.email
    event["requestContext"]["requestId"] = "request"
    return preview_quote.handler(event, Context())


def test_the_mail_is_shown_as_it_would_go_but_for_link_and_code(desk: Desk, rendered: list[Any]) -> None:
    response = ask(quote_body())
    assert (response["statusCode"], json.loads(response["body"])) == (
        200,
        {"mail": {"subject": "subject", "text": "text", "html": "html"}},
    )
    ((order, account, link, site, at),) = rendered
    assert (account.locale, site, at) == ("de", SITE, desk.now)
    assert link == ConfirmLink("https://orders.example/confirm/preview", "······")
    assert (order.quote.revision, order.quote.currency, order.quote.terms) == (1, "CHF", "Netto.")
    assert order == claimed().offer(order.quote, STAFF, desk.now).order
    assert desk.table.calls == []


def test_the_paper_is_shown_to_who_prefers_it(rendered: list[Any]) -> None:
    response = ask(quote_body(), accept="application/pdf")
    assert (response["statusCode"], response["body"]) == (200, "cGFwZXI=")
    assert response["headers"]["Content-Type"] == "application/pdf"
    assert response["headers"]["Cache-Control"] == "no-store"
    ((order, quote, account, site, letterhead),) = rendered
    assert (quote, account.locale, site, letterhead) == (order.quote, "de", SITE, None)
    assert quote.letterhead_version is None


def test_the_paper_is_shown_with_the_letterhead_in_force(rendered: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    stored = StoredLetterhead(parse_letterhead(LEAST), 3, "2026-11-22T10:00:00.000Z", STAFF.email)
    monkeypatch.setattr(letterhead_store, "current_letterhead", lambda: stored)
    assert ask(quote_body(), accept="application/pdf")["statusCode"] == 200
    ((order, quote, *_, letterhead),) = rendered
    assert (quote, letterhead, quote.letterhead_version) == (order.quote, stored.letterhead, 3)
    assert quote.sha256 == quote.content_hash("acme", ORDER_ID)


def test_what_quoting_would_refuse_is_refused(rendered: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(quote_body(), if_match='"77"')["statusCode"] == 412
    assert ask(quote_body(), if_match=f'"{claimed().version}"')["statusCode"] == 200
    assert ask({})["statusCode"] == 422
    rendered.clear()
    monkeypatch.setattr(order_store, "get_any_order", {ORDER_ID: place().order}.__getitem__)
    assert ask({})["statusCode"] == 409
    assert rendered == []


def test_the_next_revision_is_shown_and_a_day_is_judged_as_it_is_now(
    desk: Desk, rendered: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_store, "get_any_order", {ORDER_ID: offered()}.__getitem__)
    body = quote_body(valid_until="2026-11-24")
    assert ask(body)["statusCode"] == 200
    assert rendered[0][0].quote.revision == 2
    desk.now = NOW + 72 * HOUR
    assert ask(body)["statusCode"] == 422
