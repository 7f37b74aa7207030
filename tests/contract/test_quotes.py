"""Quotes: what Customer Success may offer, how it is computed, and revision after revision."""

import hashlib
import io
import re
from typing import Any

import pytest
import rfc8785
from pypdf import PdfReader

from tests.contract.orders import claimed, enroll, item, line, offer, offered, place, place_for, quote
from tests.contract.site import Json, Site


def discount(**changes: Any) -> Json:
    return line(item_id=None, description="Loyalty", quantity=1, unit_price="-5", **changes)


def test_a_quote_is_being_sent_at_once_and_offered_once_its_mail_is_on_the_way(site: Site) -> None:
    order = place(site)
    order.desk("claim").ok()
    response = order.desk("quote", quote(site)).ok(202)
    assert response["status"] == "in_process"
    assert (response["quote"]["revision"], response["quote"]["state"]) == (1, "sending")
    assert response["quote"]["offered_at"] is None
    order.quote_mail()
    after = order.read()
    assert (after["status"], after["quote"]["state"]) == ("pending_confirmation", "offered")
    assert {one["status"] for one in after["items"]} == {"pending_confirmation"}


def test_an_offered_quote_looks_as_the_contract_shows_it(site: Site) -> None:
    order, _ = offered(site)
    found = order.read()["quote"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", found.pop("offered_at"))
    assert re.fullmatch(r"[0-9a-f]{64}", found.pop("sha256"))
    assert found.pop("terms")
    assert found.pop("confirmed_start_dates", {}) == {}
    assert found == {
        "revision": 1,
        "state": "offered",
        "currency": site.account_of(order.user)["currency"],
        "valid_until": site.day(40),
        "message": None,
        "lines": [line(unit_price="10.00", amount="40.00")],
        "totals": {"once": "0.00", "monthly": "40.00", "yearly": "0.00"},
        "decided_at": None,
    }


def test_any_customer_success_user_may_quote(site: Site) -> None:
    order = claimed(site)
    order.desk("quote", quote(site), user=site.people.cs2).ok(202)
    assert order.read()["assignee"]["email"] == site.people.cs.email


def test_amounts_have_the_minor_digits_of_the_currency(site: Site) -> None:
    for user, currency, price, amount in (
        (site.people.other, None, "1200", "4800"),
        (site.people.customer, None, "0.1", "0.40"),
        (site.people.customer, "KWD", "0.125", "0.500"),
        (site.people.customer, "JPY", "7", "28"),
    ):
        order = claimed(site, user)
        body = quote(site, lines=[line(unit_price=price)], **({"currency": currency} if currency else {}))
        found = order.desk("quote", body).ok(202)["quote"]
        assert found["currency"] == currency or site.account_of(user)["currency"]
        assert found["lines"][0]["amount"] == found["totals"]["monthly"] == amount


def test_totals_are_kept_apart_by_recurrence_and_lines_keep_their_order(site: Site) -> None:
    order = place(site, items=[item(site), item(site, quantity=2)])
    order.desk("claim").ok()
    lines = [
        line(item_id="2", description="Second", quantity=2, unit_price="3.50", recurrence="yearly"),
        line(item_id=None, description="Setup", quantity=1, unit_price="99.99", recurrence="once"),
        line(item_id="1", description="First", unit_price="10.00"),
        line(item_id="1", description="First, too", quantity=3, unit_price="0.01", recurrence="once"),
        discount(),
    ]
    found = order.desk("quote", quote(site, lines=lines)).ok(202)["quote"]
    assert [each["description"] for each in found["lines"]] == ["Second", "Setup", "First", "First, too", "Loyalty"]
    assert [each["amount"] for each in found["lines"]] == ["7.00", "99.99", "40.00", "0.03", "-5.00"]
    assert found["totals"] == {"once": "100.02", "monthly": "35.00", "yearly": "7.00"}


@pytest.mark.each_catalog
def test_a_quote_may_say_currency_message_terms_and_dates(site: Site) -> None:
    order = claimed(site)
    body = quote(
        site,
        currency="CHF",
        message="As we said.\nYours",
        terms="30 days net.",
        confirmed_start_dates={"1": site.day(50)},
    )
    after = order.desk("quote", body).ok(202)
    found = after["quote"]
    assert (found["currency"], found["message"], found["terms"]) == ("CHF", "As we said.\nYours", "30 days net.")
    assert after["items"][0]["confirmed_start_date"] == site.day(50)


def test_a_quote_is_valid_today_at_least(site: Site) -> None:
    order = claimed(site)
    today = site.today(site.account_of(order.user)).isoformat()
    assert set(order.desk("quote", quote(site, valid_until=site.day(-2))).faults()) == {"/valid_until"}
    order.desk("quote", quote(site, valid_until=today)).ok(202)


FAULTY: list[tuple[Json, set[str]]] = [
    ({"lines": []}, {"/lines"}),
    ({"lines": None}, {"/lines"}),
    ({"lines": [discount()]}, {"/lines"}),
    ({"lines": [line(), discount(recurrence="once")]}, {"/lines"}),
    ({"lines": [line(item_id="2")]}, {"/lines/0/item_id", "/lines"}),
    ({"lines": [line(), line(item_id="0")]}, {"/lines/1/item_id"}),
    ({"lines": [line(unit_price="10.001")]}, {"/lines/0/unit_price"}),
    ({"lines": [line(), line(unit_price="-1")]}, {"/lines/1/unit_price"}),
    ({"lines": [line(unit_price="ten")]}, {"/lines/0/unit_price"}),
    ({"lines": [line(unit_price="NaN")]}, {"/lines/0/unit_price"}),
    ({"lines": [line(unit_price="Infinity")]}, {"/lines/0/unit_price"}),
    ({"lines": [line(unit_price="1e3000")]}, {"/lines/0/unit_price"}),
    ({"lines": [line(unit_price="1" * 40)]}, {"/lines/0/unit_price"}),
    ({"lines": [line(unit_price="")]}, {"/lines/0/unit_price"}),
    ({"lines": [line(unit_price=None)]}, {"/lines/0/unit_price"}),
    ({"lines": [line(unit_price=True)]}, {"/lines/0/unit_price"}),
    ({"lines": [line(unit_price={"value": "1"})]}, {"/lines/0/unit_price"}),
    ({"lines": [line(amount="40.00")]}, {"/lines/0/amount"}),
    ({"lines": [line(quantity=0)]}, {"/lines/0/quantity"}),
    ({"lines": [line(quantity="4")]}, {"/lines/0/quantity"}),
    ({"lines": [line(quantity=10**30)]}, {"/lines/0/quantity"}),
    ({"lines": [line(recurrence="daily")]}, {"/lines/0/recurrence"}),
    ({"lines": [line(description="")]}, {"/lines/0/description"}),
    ({"lines": [line(item_id=1)]}, {"/lines/0/item_id"}),
    ({"lines": ["line"]}, {"/lines/0"}),
    ({"currency": "EURO"}, {"/currency"}),
    ({"currency": "XXX1"}, {"/currency"}),
    ({"valid_until": "tomorrow"}, {"/valid_until"}),
    ({"valid_until": None}, {"/valid_until"}),
    ({"confirmed_start_dates": {"2": "2999-01-01"}}, {"/confirmed_start_dates/2"}),
    ({"confirmed_start_dates": {"1": "soon"}}, {"/confirmed_start_dates/1"}),
    ({"confirmed_start_dates": []}, {"/confirmed_start_dates"}),
    ({"message": 5}, {"/message"}),
    ({"terms": ["none"]}, {"/terms"}),
]


def test_a_quote_with_a_fault_is_refused_and_changes_nothing(site: Site) -> None:
    order = claimed(site)
    before = order.read()
    for changes, pointers in FAULTY:
        faults = order.desk("quote", quote(site, **changes)).faults()
        assert set(faults) >= pointers, (changes, faults)
    assert order.read() == before


def test_all_faults_of_a_quote_come_at_once(site: Site) -> None:
    order = place(site, items=[item(site), item(site)])
    order.desk("claim").ok()
    lines = [
        line(unit_price="0.001"),
        line(item_id=None, quantity=0),
        line(item_id="9", recurrence="daily", amount="1.00"),
    ]
    body = {
        "valid_until": site.day(-5),
        "lines": lines,
        "currency": "EURO",
        "confirmed_start_dates": {"7": site.day(9)},
    }
    faults = order.desk("quote", body).faults()
    assert set(faults) >= {
        "/valid_until",
        "/currency",
        "/lines",
        "/lines/0/unit_price",
        "/lines/1/quantity",
        "/lines/2/item_id",
        "/lines/2/recurrence",
        "/lines/2/amount",
        "/confirmed_start_dates/7",
    }


def test_a_new_revision_supersedes_the_one_before_at_once(site: Site) -> None:
    order, mail = offered(site)
    pdf = f"{order.path}/quotes/1"
    before = site.get(pdf, order.user, Accept="application/pdf").body
    after = order.desk("quote", quote(site, lines=[line(unit_price="9")])).ok(202)
    assert (after["quote"]["revision"], after["quote"]["state"]) == (2, "sending")
    assert site.get(f"{order.path}/quotes/1", order.user).ok()["state"] == "superseded"
    assert site.get(pdf, order.user, Accept="application/pdf").body == before
    site.request("GET", mail.link).page(410)
    site.decide(mail, "approve").page(410)
    newer = order.quote_mail(revision=2)
    assert newer.link != mail.link
    site.decide(newer, "approve").page()
    assert order.read()["quote"]["totals"]["monthly"] == "36.00"


def test_quotes_in_quick_succession_leave_only_the_last_on_offer(site: Site) -> None:
    order = claimed(site)
    for price in ("10", "9", "8"):
        order.desk("quote", quote(site, lines=[line(unit_price=price)])).ok(202)
    mail = order.quote_mail(revision=3)
    states = [site.get(f"{order.path}/quotes/{number}", order.user).ok()["state"] for number in (1, 2, 3)]
    assert states == ["superseded", "superseded", "offered"]
    about_three = [one for one in order.mails_to(order.contact) if one.attachments and one.link == mail.link]
    assert len(about_three) == 1
    site.decide(mail, "approve").page()


def test_a_revision_is_read_by_its_number(site: Site) -> None:
    order, _ = offered(site)
    assert site.get(f"{order.path}/quotes/1", order.user).ok() == order.read()["quote"]
    assert site.get(f"{order.desk_path}/quotes/1", site.people.cs).ok() == order.read()["quote"]
    for number in ("0", "2", "-1", "01x", "last", "1.0", "99999999999999999999"):
        site.get(f"{order.path}/quotes/{number}", order.user).refused(404, "not_found")
        site.get(f"{order.desk_path}/quotes/{number}", site.people.cs).refused(404, "not_found")


def test_the_hash_is_over_what_was_offered_and_over_no_person(site: Site) -> None:
    order = claimed(site)
    order.desk("quote", quote(site, message="Dear all", confirmed_start_dates={"1": site.day(60)})).ok(202)
    found = order.read()["quote"]
    offered_parts = ("revision", "currency", "lines", "totals", "valid_until", "message", "terms")
    content = {
        **{name: found[name] for name in offered_parts},
        "order_id": order.order_id,
        "account_id": order.created.json["account_id"],
        "confirmed_start_dates": {"1": site.day(60)},
    }
    assert found["sha256"] == hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def test_the_paper_is_the_same_everywhere_and_every_time(site: Site) -> None:
    order, mail = offered(site)
    (attached,) = mail.attachments
    pdf = attached.read()
    assert pdf.startswith(b"%PDF-")
    assert attached.content_type == "application/pdf"
    assert attached.name.endswith(".pdf")
    pdfs = [
        site.get(f"{order.path}/quotes/1", order.user, Accept="application/pdf"),
        site.get(f"{order.desk_path}/quotes/1", site.people.cs, Accept="application/pdf"),
        site.request("GET", f"{mail.link}/quote.pdf"),
        site.get(f"{order.path}/quotes/1", order.user, Accept="application/pdf"),
    ]
    for response in pdfs:
        assert response.status == 200
        assert response.headers["content-type"].startswith("application/pdf")
        assert response.body == pdf
    site.decide(mail, "approve").page()
    again = site.get(f"{order.path}/quotes/1", order.user, Accept="application/pdf")
    assert again.body == pdf


@pytest.mark.each_catalog
@pytest.mark.parametrize("locale", ["en", "de"])
def test_the_paper_tells_of_the_order_and_names_no_person(site: Site, locale: str) -> None:
    order = place_for(site, enroll(site, locale=locale))
    mail = offer(order)
    pdf = PdfReader(io.BytesIO(mail.attachments[0].read()))
    text = " ".join("\n".join(page.extract_text() for page in pdf.pages).split())
    assert order.order_id in text
    assert order.read()["quote"]["sha256"][:16] in text.replace(" ", "")
    assert "Public IPv4" in text
    contact = order.created.json["contact"]
    for person in (contact["name"], contact["email"], order.user.email, site.people.cs.email):
        assert person not in text
        assert person not in str(pdf.metadata)
