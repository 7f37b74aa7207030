"""A quote as the contact person would get it, before it is sent."""

from typing import Any

import pytest

from tests.contract.orders import Order, claimed, line, offered, place, quote
from tests.contract.site import Json, Response, Site

PDF = {"Accept": "application/pdf"}


def preview(order: Order, body: Any, **headers: str) -> Response:
    return order.site.post(f"{order.desk_path}/quote/preview", order.site.people.cs, body, **headers)


@pytest.mark.each_catalog
def test_the_mail_and_the_paper_are_those_that_are_sent_but_for_link_and_code(site: Site) -> None:
    order = claimed(site, site.people.german, purchase_order_number="PO-11")
    body = quote(site, message="Wie besprochen.", confirmed_start_dates={"1": site.day(50)})
    seen = preview(order, body).ok()
    pdf = preview(order, body, **PDF)
    assert pdf.headers["content-type"] == "application/pdf"
    order.desk("quote", body).ok(202)
    sent = order.quote_mail()
    token = sent.link.rpartition("/")[2]
    shown = seen["mail"]
    assert shown["subject"] == sent.subject
    assert shown["text"].strip() == sent.text.replace(token, "preview").replace(sent.code, "······").strip()
    assert shown["html"].strip() == sent.html.replace(token, "preview").replace(sent.code, "······").strip()
    assert pdf.body == sent.attachments[0].read()
    assert seen["quote"]["state"] == "sending"
    assert without_progress(seen["quote"]) == without_progress(order.read()["quote"])


def without_progress(revision: Json) -> Json:
    """What of a revision never changes."""
    return {name: value for name, value in revision.items() if name not in {"state", "offered_at"}}


def test_looking_changes_nothing_and_tells_nobody(site: Site) -> None:
    order = claimed(site)
    before, entries = order.read(), order.desk_timeline()
    preview(order, quote(site)).ok()
    assert preview(order, quote(site), **PDF).status == 200
    assert (order.read(), order.desk_timeline()) == (before, entries)
    order.desk("quote", quote(site)).ok(202)
    order.quote_mail()
    assert len([mail for mail in order.mails_to(order.contact) if mail.attachments]) == 1


def test_the_next_revision_is_shown_while_the_one_before_goes_on(site: Site) -> None:
    order, mail = offered(site)
    seen = preview(order, quote(site, lines=[line(unit_price="9")])).ok()["mail"]
    assert "36.00" in seen["text"]
    assert order.read()["quote"]["state"] == "offered"
    site.decide(mail, "approve").page()


def test_it_refuses_what_quoting_refuses(site: Site) -> None:
    order = claimed(site)
    unsound: list[Json] = [
        {},
        quote(site, lines=[]),
        quote(site, valid_until=site.day(-3), currency="XXX"),
        quote(site, lines=[line(unit_price="1.005", amount="4.02"), line(item_id="9", quantity=0)]),
    ]
    for body in unsound:
        assert preview(order, body).faults() == order.desk("quote", body).faults()
    preview(order, quote(site), If_Match='"99"').refused(412, "version_mismatch")
    assert preview(place(site), quote(site)).refused(409, "conflict")["status"] == "submitted"
    order.desk("decline", {"reason": "No stock."}).ok()
    assert preview(order, quote(site)).refused(409, "conflict")["status"] == "canceled"
