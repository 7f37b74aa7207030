"""Quotes with periods, discounts, options and taxes, from the request to what was accepted of them."""

import hashlib
import json

import rfc8785

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, enroll, line, place_for, quote, rows
from tests.contract.site import Json, Site
from tests.contract.test_certificates import certificate_of
from tests.contract.test_evidence import evidence_of

VAT = {"treatment": "rate", "label": "VAT", "rate": "19"}
REVERSE = {"treatment": "reverse_charge", "label": "VAT", "sentence": "The buyer owes the tax."}
NOT_HASHED = {"state", "sha256", "offered_at", "decided_at", "accepted"}


def full(site: Site) -> Json:
    """A quote with a part of a year, a line with a discount, a choice of two options, and a discount on the whole."""
    start = f"{site.now().year + 1}-02-10"
    return quote(
        site,
        lines=[
            line(quantity=1, unit_price="31", starts_on=start, prorate=True, message="Until the end of the year."),
            line(quantity=2, unit_price="50", discount={"percent": "10"}, term_months=12, unit_cost="20"),
            line(quantity=1, unit_price="5", optional=True, option_group="support", selected=True),
            line(quantity=1, unit_price="9", optional=True, option_group="support", tax=REVERSE),
        ],
        common_end_on=f"{site.now().year + 1}-12-31",
        discount={"percent": "5"},
        tax=VAT,
    )


def quoted(site: Site, account: Json | None = None, **changes: object) -> Order:
    order = place_for(site, account or enroll(site))
    order.desk("claim").ok()
    order.desk("quote", full(site) | changes).ok(202)
    return order


def test_a_quote_says_how_it_is_computed(site: Site) -> None:
    found = quoted(site).read()["quote"]
    first, second, third, fourth = found["lines"]
    assert (first["amount"], first["ends_on"]) == ("332.00", found["common_end_on"])
    assert first["proration"] == {"months": 10, "days": 22, "days_in_month": 31}
    assert (second["list_amount"], second["discount"], second["amount"]) == ("100.00", {"percent": "10"}, "90.00")
    assert not second.keys() & {"unit_cost", "prorate", "optional", "starts_on"}
    assert (third["optional"], third["option_group"], third["selected"]) == (True, "support", True)
    assert "selected" not in fourth
    assert [each["tax"] for each in found["lines"]] == [VAT, VAT, VAT, REVERSE]
    assert found["totals"] == {"once": "315.40", "monthly": "90.25", "yearly": "0.00"}
    assert found["discount_amounts"] == {"once": "16.60", "monthly": "4.75", "yearly": "0.00"}
    assert found["taxes"] == [
        {"label": "VAT", "rate": "19", "recurrence": "once", "net": "315.40", "amount": "59.93"},
        {"label": "VAT", "rate": "19", "recurrence": "monthly", "net": "90.25", "amount": "17.15"},
    ]
    assert found["gross_totals"] == {"once": "375.33", "monthly": "107.40", "yearly": "0.00"}
    assert found["tax_sentences"] == ["The buyer owes the tax."]


def test_the_hash_is_over_all_of_it(site: Site) -> None:
    order = quoted(site)
    found = order.read()["quote"]
    content = {name: value for name, value in found.items() if name not in NOT_HASHED}
    content |= {"order_id": order.order_id, "account_id": order.created.json["account_id"]}
    assert found["sha256"] == hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def test_what_the_seller_pays_is_told_to_nobody(site: Site) -> None:
    order = quoted(site)
    for text in (order.site.get(order.path, order.user).text, order.site.get(order.desk_path, site.people.cs).text):
        assert "unit_cost" not in text


def test_an_account_has_its_tax_and_its_particulars_on_its_quotes(site: Site) -> None:
    account = enroll(site, tax=VAT, tax_number="DE 811", billing_address="Acme Ltd\nAccounts\n1 Main St")
    found = quoted(site, account, tax=None).read()["quote"]
    assert found["lines"][0]["tax"] == VAT
    assert found["buyer"] == {"billing_address": "Acme Ltd\nAccounts\n1 Main St", "tax_number": "DE 811"}
    assert "buyer" not in quoted(site).read()["quote"]


def test_a_draft_makes_the_same_offer(site: Site) -> None:
    order = quoted(site)
    order.quote_mail()
    first = order.read()["quote"]
    draft = site.get(f"{order.desk_path}/quote-draft", site.people.cs).ok()
    second = order.desk("quote", draft).ok(202)["quote"]
    kept = {name: value for name, value in first.items() if name not in NOT_HASHED - {"accepted"} | {"revision"}}
    assert {name: second[name] for name in kept} == kept


def test_a_preview_refuses_what_quoting_refuses(site: Site) -> None:
    order = place_for(site, enroll(site))
    order.desk("claim").ok()
    body = full(site)
    unsound = {
        **body,
        "discount": {"amount": "1000", "recurrence": "once"},
        "lines": [*body["lines"], line(item_id=None, option_group="x"), line(prorate=True)],
    }
    faults = order.desk("quote/preview", unsound).faults()
    assert faults == order.desk("quote", unsound).faults()
    assert set(faults) == {"/lines/4/option_group", "/lines/5/starts_on"}
    order.desk("quote/preview", body).ok()


def choose(site: Site, order: Order, decision: str = "approve", **fields: str) -> str:
    return site.decide(order.quote_mail(), decision, **{"options": "shown", **fields}).page()


def test_the_contact_person_chooses_and_what_was_chosen_is_kept(in_process: InProcess) -> None:
    order = quoted(in_process)
    choose(in_process, order, **{"group.support": "4", "priced": "4", "purchase_order_number": "PO-7"})
    after = order.read()
    assert (after["status"], after["quote"]["state"]) == ("completed", "approved")
    accepted = after["quote"]["accepted"]
    assert accepted["options"] == ["4"]
    assert accepted["totals"] == {"once": "315.40", "monthly": "94.05", "yearly": "0.00"}
    assert accepted["gross_totals"] == {"once": "375.33", "monthly": "110.30", "yearly": "0.00"}
    assert accepted["purchase_order_number"] == "PO-7"
    content = {name: value for name, value in accepted.items() if name != "sha256"} | {
        "order_id": order.order_id,
        "account_id": after["account_id"],
        "revision": 1,
        "quote_sha256": after["quote"]["sha256"],
    }
    assert accepted["sha256"] == hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    in_process.settle()
    (event,) = [each for each in in_process.lab.events if each.detail_type == "order.completed"]
    assert event.detail["totals"] == accepted["totals"]
    (evidence,) = evidence_of(order)
    assert (evidence["options"], evidence["accepted_sha256"]) == (["4"], accepted["sha256"])
    certificate = json.loads(certificate_of(order))["certificate"]
    assert certificate["quote"]["accepted"] == accepted
    assert certificate["quote"]["taxes"] == after["quote"]["taxes"]
    assert certificate["decision"]["options"] == ["4"]


def test_a_purchase_order_number_of_an_approval_is_found_by_the_search(in_process: InProcess) -> None:
    account = enroll(in_process)
    order = quoted(in_process, account)
    in_process.decide(order.quote_mail(), "approve", purchase_order_number="ZEBRAPO").page()
    in_process.settle()
    path = f"/api/orders?account_id={account['account_id']}&search=ZEBRAPO"
    assert [each["order_id"] for each in rows(in_process, path, in_process.people.reseller)] == [order.order_id]
    found = rows(in_process, "/api/desk/orders?search=ZEBRAPO", in_process.people.cs)
    assert [each["order_id"] for each in found] == [order.order_id]


def test_figures_count_what_was_accepted(in_process: InProcess) -> None:
    order = quoted(in_process, enroll(in_process, currency="CHF"))
    choose(in_process, order, priced=",")
    in_process.settle()
    rows = in_process.get("/api/desk/figures", in_process.people.cs).ok()["rows"]
    (amounts,) = [each for row in rows for each in row["value"] if each["currency"] == "CHF"]
    assert (amounts["once"], amounts["monthly"]) == ("315.40", "85.50")


def test_a_form_without_options_accepts_what_is_offered_as_chosen(site: Site) -> None:
    order = quoted(site)
    site.decide(order.quote_mail(), "approve").page()
    accepted = order.read()["quote"]["accepted"]
    assert accepted["options"] == ["3"]
    assert accepted["totals"] == order.read()["quote"]["totals"]


def test_what_cannot_be_chosen_is_a_fault_of_the_form(site: Site) -> None:
    order = quoted(site)
    mail = order.quote_mail()
    for fields in ({"option.1": "yes"}, {"option.9": "yes"}, {"option.3": "yes", "group.support": "4"}):
        site.decide(mail, "approve", options="shown", **fields).page(400)
    assert order.read()["quote"]["state"] == "offered"


def test_recalculating_needs_no_code_and_leaves_no_trace(site: Site) -> None:
    order = quoted(site)
    mail = order.quote_mail()
    site.eventually(lambda: "quote.delivered" in [entry["event"] for entry in order.desk_timeline()])
    before, entries = order.read(), order.desk_timeline()
    fields = {"options": "shown", "group.support": "4", "name": "", "code": "", "reason": "Because."}
    page = site.decide(mail, "recalculate", **fields).page()
    assert "Because." in page
    site.decide(mail, "recalculate", **{**fields, "group.support": "1"}).page(400)
    assert (order.read(), order.desk_timeline()) == (before, entries)


def test_what_no_page_has_shown_the_totals_of_is_not_approved(site: Site) -> None:
    order = quoted(site)
    mail = order.quote_mail()
    site.eventually(lambda: "quote.delivered" in [entry["event"] for entry in order.desk_timeline()])
    before, entries = order.read(), order.desk_timeline()
    shown = site.request("GET", mail.link).page()
    assert '<input type="hidden" name="priced" value="3">' in shown
    fields = {"options": "shown", "group.support": "4", "reason": "Because."}
    for more in ({"priced": "3"}, {}, *[{"priced": "3", "code": "000000"}] * 12):
        page = site.decide(mail, "approve", **fields, **more).page()
        assert "The totals have changed with your choice" in page
        assert "Because." in page
        assert '<input type="hidden" name="priced" value="4">' in page
    assert (order.read(), order.desk_timeline()) == (before, entries)
    site.decide(mail, "approve", **fields, priced="4").page()
    assert order.read()["quote"]["accepted"]["options"] == ["4"]


def test_an_account_may_want_a_purchase_order_with_each_approval(site: Site) -> None:
    order = quoted(site, enroll(site, purchase_order="required"))
    mail = order.quote_mail()
    site.decide(mail, "approve").page(400)
    site.decide(mail, "approve", purchase_order_number="PO-8").page()
    body = order.read()
    assert (body["purchase_order_number"], body["quote"]["accepted"]["purchase_order_number"]) == ("PO-8", "PO-8")
    path = f"/api/orders?account_id={body['account_id']}&purchase_order_number=PO-8"
    assert [each["order_id"] for each in rows(site, path, site.people.reseller)] == [order.order_id]
    numbered = place_for(site, enroll(site, purchase_order="required"), purchase_order_number="PO-9")
    numbered.desk("claim").ok()
    numbered.desk("quote", quote(site)).ok(202)
    site.decide(numbered.quote_mail(), "approve").page()
    assert "accepted" not in numbered.read()["quote"]
