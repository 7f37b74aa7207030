"""The quote as a contract: what a revision said once it says for ever, and comments of both sides on the way."""

import hashlib
import io

import rfc8785
from pypdf import PdfReader

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, claimed, enroll, line, offered, place, place_for, quote
from tests.contract.site import Json, Site

HASHED = ("revision", "currency", "lines", "totals", "valid_until", "message", "terms", "confirmed_start_dates")
CHANGING = ("state", "offered_at", "decided_at")


def revision(order: Order, number: int) -> Json:
    """A revision as its customer reads it."""
    found: Json = order.site.get(f"{order.path}/quotes/{number}", order.user).ok()
    return found


def content(order: Order, number: int) -> Json:
    return {name: value for name, value in revision(order, number).items() if name not in CHANGING}


def paper_of(order: Order, number: int) -> bytes:
    response = order.site.get(f"{order.path}/quotes/{number}", order.user, Accept="application/pdf")
    assert (response.status, response.headers["content-type"]) == (200, "application/pdf")
    return response.body


def hash_of(order: Order, found: Json) -> str:
    ids = {"order_id": order.order_id, "account_id": order.created.json["account_id"]}
    return hashlib.sha256(rfc8785.dumps({**{name: found[name] for name in HASHED}, **ids})).hexdigest()


def with_three_revisions(order: Order) -> list[tuple[Json, bytes]]:
    """Claims and quotes an order three times; content and paper of each as they were when it was mailed."""
    order.desk("claim").ok()
    seen = []
    for number, price in enumerate(("10", "9", "8"), start=1):
        lines = [line(unit_price=price)]
        order.desk("quote", quote(order.site, lines=lines, message=f"Offer {number}.")).ok(202)
        order.quote_mail(revision=number)
        seen.append((content(order, number), paper_of(order, number)))
    return seen


def test_revisions_are_numbered_and_each_has_the_hash_of_its_own_content(site: Site) -> None:
    order = place(site)
    seen = with_three_revisions(order)
    assert [found["revision"] for found, _ in seen] == [1, 2, 3]
    assert [found["sha256"] for found, _ in seen] == [hash_of(order, found) for found, _ in seen]
    assert len({found["sha256"] for found, _ in seen}) == len({pdf for _, pdf in seen}) == 3
    for found, pdf in seen:
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
        assert found["sha256"][:16] in text.replace(" ", "")


def test_every_revision_and_its_paper_stay_as_they_were_byte_for_byte(site: Site) -> None:
    account = enroll(site)
    order = place_for(site, account)
    seen = with_three_revisions(order)
    other = {"name": "Somebody Else", "email": f"else@{account['account_id']}.example"}
    changed = {
        **account,
        "name": "Renamed",
        "locale": "de",
        "currency": "CHF",
        "enrollment": {**account["enrollment"], "contact": other},
        "sites": [],
    }
    site.put(f"/api/desk/accounts/{account['account_id']}", site.people.cs, changed).ok()
    mail = order.mail_to(other["email"])
    assert mail.attachments[0].read() == seen[2][1]
    site.decide(mail, "approve").page()
    for number, (found, pdf) in enumerate(seen, start=1):
        assert content(order, number) == found
        assert paper_of(order, number) == pdf
        at_the_desk = site.get(f"{order.desk_path}/quotes/{number}", site.people.cs)
        assert {name: value for name, value in at_the_desk.ok().items() if name not in CHANGING} == found
    assert [revision(order, number)["state"] for number in (1, 2, 3)] == ["superseded", "superseded", "approved"]


def test_papers_that_were_sent_are_not_made_anew_when_their_template_changes(
    in_process: InProcess,
) -> None:
    site = in_process
    order, _ = offered(site)
    before = paper_of(order, 1)
    for function in site.lab.functions:
        function.environment["BRAND_NAME"] = "Another Vendor"
    order.desk("resend").ok(202)
    again = order.mail_to(order.contact, 3)
    assert "Another Vendor" in again.text
    assert again.attachments[0].read() == paper_of(order, 1) == before
    site.decide(again, "approve").page()
    approved = order.mail_to(order.user.email, 2)
    assert approved.attachments[0].read() == before


def test_an_older_link_says_that_it_was_replaced(site: Site) -> None:
    order, first = offered(site)
    order.desk("quote", quote(site, lines=[line(unit_price="9")])).ok(202)
    newer = order.quote_mail(revision=2)
    assert site.request("GET", f"{newer.link}/quote.pdf").status == 200
    assert site.request("GET", f"{first.link}/quote.pdf").status == 404
    assert "revision 2" in newer.subject
    for response in (site.request("GET", first.link), site.decide(first, "approve"), site.decide(first, "cancel")):
        assert "There is a newer mail" in response.page(410)
    assert order.status == "pending_confirmation"


def test_what_was_approved_cannot_change(site: Site) -> None:
    order, mail = offered(site)
    site.decide(mail, "approve").page()
    approved, kept = revision(order, 1), paper_of(order, 1)
    assert (approved["state"], approved["sha256"]) == ("approved", hash_of(order, approved))
    order.desk("quote", quote(site)).refused(409, "conflict")
    order.desk("quote/undo").refused(409, "conflict")
    order.desk("resend").refused(409, "conflict")
    order.desk("decline", {"reason": "Too late."}).refused(409, "conflict")
    order.desk("claim").refused(409, "conflict")
    order.ask("cancel").refused(409, "conflict")
    for decision in ("cancel", "request_change"):
        site.decide(mail, decision, reason="Too late.").page(409)
    assert revision(order, 1) == approved == order.read()["quote"]
    assert paper_of(order, 1) == kept


def test_nobody_writes_a_revision_but_by_quoting_anew(site: Site) -> None:
    order, _ = offered(site)
    before = revision(order, 1)
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        for path, user in ((order.path, order.user), (order.desk_path, site.people.cs)):
            response = site.request(method, f"{path}/quotes/1", user=user, json=before)
            response.refused(405, "method_not_allowed")
    assert revision(order, 1) == before


def test_comments_of_the_desk_are_read_by_the_customer_unless_they_are_internal(site: Site) -> None:
    order = claimed(site)
    order.ask("comment", {"text": "From the customer."}).ok()
    order.desk("comment", {"text": "For all to read."}).ok()
    order.desk("comment", {"text": "Margin is thin.", "internal": True}).ok()
    texts = [entry["data"].get("text") for entry in order.timeline()]
    assert texts[-2:] == ["From the customer.", "For all to read."]
    assert [entry["data"].get("text") for entry in order.desk_timeline()][-1] == "Margin is thin."
    for path in ("", "/timeline"):
        assert "Margin is thin." not in site.get(f"{order.path}{path}", order.user).text


def test_the_bus_hears_of_a_comment_but_of_no_internal_one(in_process: InProcess) -> None:
    order = claimed(in_process)
    order.desk("comment", {"text": "Margin is thin.", "internal": True}).ok()
    order.desk("comment", {"text": "For all to read."}).ok()
    in_process.settle()
    commented = [event.detail for event in in_process.lab.events if event.detail_type == "order.commented"]
    assert [detail["sequence"] for detail in commented] == [order.desk_timeline()[-1]["sequence"]]


def test_a_closed_order_takes_no_comment_from_either_side(site: Site) -> None:
    withdrawn = place(site)
    withdrawn.ask("cancel").ok()
    approved, mail = offered(site)
    site.decide(mail, "approve").page()
    for order, status in ((withdrawn, "canceled"), (approved, "completed")):
        before = order.desk_timeline()
        responses = (
            order.ask("comment", {"text": "One more thing."}),
            order.desk("comment", {"text": "One more thing."}),
            order.desk("comment", {"text": "One more thing.", "internal": True}),
        )
        for response in responses:
            assert response.refused(409, "conflict")["status"] == status
        happened = [entry for entry in before if entry["event"] != "quote.delivered"]
        assert [entry for entry in order.desk_timeline() if entry["event"] != "quote.delivered"] == happened
