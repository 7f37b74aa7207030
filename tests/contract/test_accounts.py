"""Accounts: what their users see of them, and how Customer Success keeps them."""

from typing import Any

import pytest

from tests.contract.in_process import InProcess
from tests.contract.orders import enroll, fresh, item, offer, place_for, place_response, quote, rows
from tests.contract.site import Json, Site


def put(site: Site, account: Json, **changes: Any) -> Json:
    stored: Json = site.put(f"/api/desk/accounts/{account['account_id']}", site.people.cs, {**account, **changes}).ok()
    return stored


def test_a_customer_sees_the_own_account_whole(site: Site) -> None:
    account = site.get("/api/account", site.people.customer).ok()
    assert account["account_id"] == site.people.customer.account_id
    assert set(account) >= {
        "account_id",
        "name",
        "locale",
        "currency",
        "time_zone",
        "parent_account_id",
        "enrollment",
        "sites",
    }
    assert set(account["enrollment"]) >= {"letter_received_on", "contact", "state"}
    assert set(account["enrollment"]["contact"]) >= {"name", "email"}
    for each in account["sites"]:
        assert set(each) >= {"site_id", "name", "country", "address", "license", "sockets"}
        assert each["license"] is None or set(each["license"]) >= {"bandwidth_mbps", "starts_on"}
        assert all(set(stock) >= {"model", "quantity"} for stock in each["sockets"])


def test_a_reseller_sees_exactly_its_sub_accounts(site: Site) -> None:
    reseller = site.people.reseller
    listed = {account["account_id"]: account for account in rows(site, "/api/accounts", reseller)}
    assert {sub.account_id for sub in site.people.subs} <= set(listed)
    assert {account["parent_account_id"] for account in listed.values()} == {reseller.account_id}
    for sub in site.people.subs:
        assert sub.account_id
        assert site.get(f"/api/account?account_id={sub.account_id}", reseller).ok() == listed[sub.account_id]


def test_others_have_no_sub_accounts(site: Site) -> None:
    for user in (site.people.customer, site.people.subs[0], site.people.suspended):
        assert rows(site, "/api/accounts", user) == []


def test_a_foreign_account_is_not_found(site: Site) -> None:
    people = site.people
    for user, account_id in (
        (people.customer, people.other.account_id),
        (people.customer, people.subs[0].account_id),
        (people.subs[0], people.subs[1].account_id),
        (people.subs[0], people.reseller.account_id),
        (people.reseller, people.customer.account_id),
        (people.customer, "nobody"),
        (people.customer, "%20"),
        (people.customer, ""),
    ):
        site.get(f"/api/account?account_id={account_id}", user).refused(404, "not_found")


def test_ones_own_account_may_be_named(site: Site) -> None:
    account_id = site.people.customer.account_id
    assert site.get(f"/api/account?account_id={account_id}", site.people.customer).ok()["account_id"] == account_id


def test_customer_success_is_told_that_a_contact_is_out_of_date(site: Site) -> None:
    text = f"Our contact has left the company: {fresh('report')}.\nAsk for Joan <b>instead</b>."
    response = site.post("/api/account/contact-report", site.people.customer, {"text": text})
    assert response.status == 202, str(response)
    (mail,) = site.eventually(lambda: site.mails(to=site.cs_mailbox, about=text.splitlines()[0]))
    assert site.account_of(site.people.customer)["name"] in mail.text
    assert "<b>instead</b>" not in mail.html


def test_a_resellers_report_names_the_account_that_it_is_about(site: Site) -> None:
    reseller, sub = site.people.reseller, site.people.subs[0]
    text = f"The contact has left: {fresh('report')}."
    response = site.post("/api/account/contact-report", reseller, {"text": text, "account_id": sub.account_id})
    assert response.ok(202)["account_id"] == sub.account_id
    (mail,) = site.eventually(lambda: site.mails(to=site.cs_mailbox, about=text))
    about, own = site.account_of(sub), site.account_of(reseller)
    assert about["name"] in mail.subject
    assert f"Account ID: {sub.account_id}" in mail.text
    assert about["enrollment"]["contact"]["email"] in mail.text
    assert reseller.email in mail.text
    assert own["enrollment"]["contact"]["email"] not in mail.text


def test_nobody_reports_on_a_foreign_account(site: Site) -> None:
    people = site.people
    for user, account_id in ((people.customer, people.other.account_id), (people.subs[0], people.reseller.account_id)):
        body = {"text": "Gone.", "account_id": account_id}
        site.post("/api/account/contact-report", user, body).refused(404, "not_found")
    body = {"text": "Gone.", "account_id": people.customer.account_id}
    site.post("/api/account/contact-report", people.customer, body).ok(202)
    faults = site.post("/api/account/contact-report", people.customer, {**body, "account_id": "a b"}).faults()
    assert set(faults) == {"/account_id"}


def test_a_contact_report_needs_a_text(site: Site) -> None:
    for body in ({}, {"text": ""}, {"text": "  "}, {"text": 5}, {"text": None}):
        faults = site.post("/api/account/contact-report", site.people.customer, body).faults()
        assert set(faults) == {"/text"}


def test_the_desk_lists_and_reads_all_accounts(site: Site) -> None:
    listed = {account["account_id"]: account for account in rows(site, "/api/desk/accounts?limit=3", site.people.cs)}
    assert set(site.accounts) <= set(listed)
    for user in (site.people.customer, site.people.suspended, site.people.subs[0]):
        assert user.account_id
        read = site.get(f"/api/desk/accounts/{user.account_id}", site.people.cs).ok()
        assert read == listed[user.account_id]
    site.get("/api/desk/accounts/nobody", site.people.cs).refused(404, "not_found")


def test_what_the_desk_reads_it_can_put_back_unchanged(site: Site) -> None:
    for account in (enroll(site), site.account_of(site.people.customer)):
        path = f"/api/desk/accounts/{account['account_id']}"
        read = site.get(path, site.people.cs).ok()
        assert site.put(path, site.people.cs, read).ok() == read
        assert site.get(path, site.people.cs).ok() == read


def test_read_only_members_of_an_account_are_ignored(site: Site) -> None:
    account = enroll(site)
    path = f"/api/desk/accounts/{account['account_id']}"
    assert site.put(path, site.people.cs, {**account, "account_id": "another"}).ok() == account
    site.get("/api/desk/accounts/another", site.people.cs).refused(404, "not_found")


def test_an_account_is_replaced_as_a_whole(site: Site) -> None:
    account = enroll(site)
    fewer = account["sites"][:1]
    put(site, account, name="Renamed", sites=fewer, currency="KWD", time_zone="Asia/Kuwait", locale="de")
    read = site.get(f"/api/account?account_id={account['account_id']}", site.people.reseller).ok()
    assert (read["name"], read["sites"], read["currency"], read["locale"]) == ("Renamed", fewer, "KWD", "de")


def test_creating_never_replaces_and_changing_is_on_the_version_that_was_read(site: Site) -> None:
    account = enroll(site)
    path, staff = f"/api/desk/accounts/{account['account_id']}", site.people.cs
    read = site.get(path, staff)
    other = {**account, "name": "Somebody else's", "enrollment": None, "sites": []}
    for body in (other, account):
        site.put(path, staff, body, If_None_Match="*").refused(412, "version_mismatch")
    site.put(path, staff, other, If_None_Match='"1"').refused(400, "invalid_if_none_match")
    assert site.get(path, staff).ok() == account
    changed = site.put(path, staff, {**account, "name": "Changed"}, If_Match=read.headers["etag"])
    assert changed.ok()["name"] == "Changed"
    site.put(path, staff, other, If_Match=read.headers["etag"]).refused(412, "version_mismatch")
    assert site.get(path, staff).ok()["name"] == "Changed"

    nobody = f"/api/desk/accounts/{fresh('new')}"
    for expected in ("*", '"1"'):
        site.put(nobody, staff, other, If_Match=expected).refused(412, "version_mismatch")
    site.get(nobody, staff).refused(404, "not_found")
    assert site.put(nobody, staff, other, If_None_Match="*").headers["etag"] == '"1"'


@pytest.mark.parametrize(
    ("member", "value", "pointer"),
    [
        ("locale", "fr", "/locale"),
        ("currency", "EURO", "/currency"),
        ("currency", "ZZZ", "/currency"),
        ("time_zone", "Mars/Olympus", "/time_zone"),
        ("time_zone", "../../etc/passwd", "/time_zone"),
        ("name", "", "/name"),
        ("name", None, "/name"),
        ("parent_account_id", "nobody", "/parent_account_id"),
        ("enrollment", {"state": "active"}, "/enrollment/letter_received_on"),
        ("sites", "none", "/sites"),
    ],
)
def test_an_account_with_a_fault_is_refused(site: Site, member: str, value: Any, pointer: str) -> None:
    account = site.account_of(site.people.subs[0])
    path = f"/api/desk/accounts/{fresh('faulty')}"
    assert set(site.put(path, site.people.cs, {**account, member: value}).faults()) == {pointer}
    site.get(path, site.people.cs).refused(404, "not_found")


def test_all_faults_of_an_account_come_at_once(site: Site) -> None:
    account = site.account_of(site.people.subs[0])
    contact = {"name": "Noor", "email": "nowhere"}
    first = account["sites"][0]
    faulty = {
        **account,
        "currency": "euro",
        "enrollment": {**account["enrollment"], "state": "maybe", "contact": contact},
        "sites": [
            first,
            {**first, "site_id": "second", "country": "ZZ", "sockets": [{"model": "X1600", "quantity": 0}]},
        ],
    }
    faults = site.put(f"/api/desk/accounts/{fresh('faulty')}", site.people.cs, faulty).faults()
    assert set(faults) == {
        "/currency",
        "/enrollment/state",
        "/enrollment/contact/email",
        "/sites/1/country",
        "/sites/1/sockets/0/model",
        "/sites/1/sockets/0/quantity",
    }


# -- billing and policies -----------------------------------------------------------------------------------------

BILLING: Json = {
    "billing_address": "Acme Ltd.\n1 Main St",
    "tax_number": "DE123456789",
    "purchase_order": "required",
    "signed_order": "never",
}
TAX: Json = {"treatment": "rate", "label": "VAT", "rate": "19"}


def test_the_desk_keeps_how_an_account_is_billed(site: Site) -> None:
    account = enroll(site)
    assert {*BILLING, "tax"}.isdisjoint(account)
    path = f"/api/desk/accounts/{account['account_id']}"
    stored = put(site, account, **BILLING, tax={**TAX, "rate": "19.0"})
    assert {name: stored[name] for name in (*BILLING, "tax")} == {**BILLING, "tax": TAX}
    assert site.get(path, site.people.cs).ok() == stored
    newest = site.get(f"{path}/versions?limit=1", site.people.cs).ok()["items"][0]
    assert newest["changed"] == ["/billing_address", "/tax_number", "/tax", "/purchase_order", "/signed_order"]
    (entry,) = site.get(f"/api/desk/audit?account_id={account['account_id']}&limit=1", site.people.cs).ok()["items"]
    assert {"pointer": "/billing_address", "was": None, "is": BILLING["billing_address"]} in entry["changes"]
    assert put(site, account) == account, "what is left out is as it was before"


def test_customers_see_how_they_are_billed_and_not_how_they_are_taxed(site: Site) -> None:
    account = enroll(site)
    put(site, account, **BILLING, tax=TAX)
    shown = site.get(f"/api/account?account_id={account['account_id']}", site.people.reseller).ok()
    assert {name: shown[name] for name in BILLING} == BILLING
    assert "tax" not in shown
    listed = {each["account_id"]: each for each in rows(site, "/api/accounts", site.people.reseller)}
    assert listed[account["account_id"]] == shown


def test_the_faults_of_a_tax_point_into_it(site: Site) -> None:
    account = enroll(site)
    faulty = {**account, "tax": {"treatment": "exempt", "label": "", "rate": "200", "more": 1}, "signed_order": "maybe"}
    assert site.put(f"/api/desk/accounts/{account['account_id']}", site.people.cs, faulty).faults() == {
        "/tax/label": "too_short",
        "/tax/rate": "tax_rate_out_of_range",
        "/tax/more": "unknown_field",
        "/signed_order": "not_allowed",
    }


def test_a_quote_names_the_account_as_it_is_billed(in_process: InProcess) -> None:
    site = in_process
    account = enroll(site)
    put(site, account, **BILLING, tax=TAX)
    order = place_for(site, account)
    order.desk("claim").ok()
    made = order.desk("quote", quote(site)).ok(202)["quote"]
    assert made["buyer"] == {name: BILLING[name] for name in ("billing_address", "tax_number")}
    assert {tax["label"] for tax in made["taxes"]} == {"VAT"}


def test_resellers_stand_one_above_their_sub_accounts_and_no_higher(in_process: InProcess) -> None:
    reseller, sub, other = in_process.people.reseller, in_process.people.subs[0], in_process.people.customer
    assert reseller.account_id
    assert sub.account_id
    for user, parent, code in (
        (other, "nobody-at-all", "unknown_account"),
        (other, sub.account_id, "not_a_reseller"),
        (reseller, other.account_id, "is_a_reseller"),
        (reseller, reseller.account_id, "own_parent"),
    ):
        account = in_process.account_of(user)
        path = f"/api/desk/accounts/{account['account_id']}"
        refused = in_process.put(path, in_process.people.cs, {**account, "parent_account_id": parent})
        faults = refused.refused(422, "invalid")["errors"]
        assert [(fault["pointer"], fault["code"]) for fault in faults] == [("/parent_account_id", code)]


def test_an_account_has_at_most_500_sites(site: Site) -> None:
    first = enroll(site)["sites"][0]
    sites = [{**first, "site_id": f"site-{number}", "name": f"Zweigstelle München {number}"} for number in range(501)]
    account = enroll(site, sites=sites[:500])
    assert len(account["sites"]) == 500
    faults = site.put(
        f"/api/desk/accounts/{account['account_id']}", site.people.cs, {**account, "sites": sites}
    ).faults()
    assert set(faults) == {"/sites"}


def test_500_sites_may_be_described_at_length(site: Site) -> None:
    first = enroll(site)["sites"][0]
    sites = [{**first, "site_id": f"site-{number}", "name": "ü" * 200, "address": "ü" * 500} for number in range(500)]
    account_id = fresh("wordy")
    account = {**site.account_of(site.people.subs[0]), "account_id": account_id, "sites": sites}
    response = site.put(f"/api/desk/accounts/{account_id}", site.people.cs, account)
    assert response.status in {200, 413, 422}, str(response)[:300]
    if response.status == 200:
        assert site.get(f"/api/desk/accounts/{account_id}", site.people.cs).ok()["sites"] == sites


def test_two_sites_do_not_share_an_id(site: Site) -> None:
    first = site.account_of(site.people.subs[0])["sites"][0]
    account = {**site.account_of(site.people.subs[0]), "sites": [first, first]}
    site.put(f"/api/desk/accounts/{fresh('twins')}", site.people.cs, account).faults()


def test_an_account_that_is_no_longer_enrolled_places_no_orders(site: Site) -> None:
    account = enroll(site)
    body = {"account_id": account["account_id"], "items": [item(site)]}
    enrollment = account["enrollment"]
    for lapsed in (None, {**enrollment, "state": "suspended"}, {**enrollment, "contact": None}):
        put(site, account, enrollment=lapsed)
        place_response(site, site.people.reseller, body).refused(403, "not_enrolled")
    put(site, account)
    assert place_for(site, account).created.json["contact"] == enrollment["contact"]


def test_a_suspended_customer_still_sees_account_and_orders(site: Site) -> None:
    suspended = site.people.suspended
    assert site.get("/api/account", suspended).ok()["enrollment"]["state"] == "suspended"
    assert rows(site, "/api/orders", suspended) == []


def test_a_changed_contact_replaces_the_links_and_both_are_told(site: Site) -> None:
    account = enroll(site)
    quoted, submitted, closed = (place_for(site, account) for _ in range(3))
    closed.ask("cancel").ok()
    old_quote, old_cancel = offer(quoted), submitted.mail_to(submitted.contact)
    new = {"name": "New Contact", "email": f"new@{account['account_id']}.example"}
    put(site, account, enrollment={**account["enrollment"], "contact": new})

    fresh_quote = quoted.mail_to(new["email"])
    fresh_cancel = submitted.mail_to(new["email"])
    assert fresh_quote.attachments[0].read() == old_quote.attachments[0].read()
    for mail, decision in ((old_quote, "approve"), (old_cancel, "cancel")):
        site.decide(mail, decision).page(410)
    about_it = new["email"]
    assert site.eventually(lambda: site.mails(to=old_quote.to[0], about=about_it))
    assert site.eventually(lambda: site.mails(to=new["email"], about=about_it))
    assert closed.mails_to(new["email"]) == []
    assert [order.read()["contact"] == new for order in (quoted, submitted, closed)] == [True, True, False]
    site.decide(fresh_quote, "approve").page()
    site.decide(fresh_cancel, "cancel").page()
    assert (quoted.status, submitted.status) == ("completed", "canceled")


def test_a_removed_contact_decides_nothing_before_the_orders_are_synced(
    in_process: InProcess,
) -> None:
    site = in_process
    account = enroll(site)
    quoted, submitted = (place_for(site, account) for _ in range(2))
    old_quote, old_cancel = offer(quoted), submitted.mail_to(submitted.contact)
    own = place_for(site, account)
    offer(own)
    own.desk("resend", {"contact": {"name": "Own", "email": "own@elsewhere.example"}}).ok(202)
    of_its_own = own.mail_to("own@elsewhere.example")
    standing_in = {"from": site.day(30), "until": site.day(31), **account["enrollment"]["contact"]}
    new = {"name": "New Contact", "email": f"new@{account['account_id']}.example"}

    def becomes(**enrollment: Any) -> None:
        put(site, account, enrollment={**account["enrollment"], **enrollment})

    becomes(contact=new, deputies=[standing_in])
    site.request("GET", old_cancel.link).page()
    becomes(contact=new)
    for mail, decision in ((old_quote, "approve"), (old_cancel, "cancel")):
        site.request("GET", mail.link).page(410)
        site.decide(mail, decision).page(410)
    assert (quoted.status, submitted.status) == ("pending_confirmation", "submitted")
    site.decide(of_its_own, "approve").page()
    site.settle()
    site.decide(quoted.mail_to(new["email"]), "approve").page()


def test_an_account_can_be_put_on_the_version_that_was_read(site: Site) -> None:
    account = enroll(site)
    path = f"/api/desk/accounts/{account['account_id']}"
    version = site.get(path, site.people.cs).headers["etag"]
    site.put(path, site.people.cs, {**account, "name": "Once"}, If_Match=version).ok()
    site.put(path, site.people.cs, {**account, "name": "Twice"}, If_Match=version).refused(412, "version_mismatch")


def test_a_contact_only_spelled_differently_keeps_links_and_gets_no_mail(in_process: InProcess) -> None:
    account = enroll(in_process)
    order = place_for(in_process, account)
    order.desk("claim").ok()
    order.desk("quote", quote(in_process)).ok(202)
    mail = order.quote_mail()
    before = len(in_process.lab.mails)
    contact = account["enrollment"]["contact"]
    for name, email in ((contact["name"].upper(), contact["email"]), ("Noor B. Contact", contact["email"].upper())):
        account["enrollment"]["contact"] = {"name": name, "email": email}
        in_process.put(f"/api/desk/accounts/{account['account_id']}", in_process.people.cs, account).ok()
        assert in_process.request("GET", mail.link).status == 200, "before its orders follow"
        in_process.lab.settle()
        assert order.read()["contact"]["name"] == name, "the open order shows the name as it is written now"
    in_process.lab.advance(minutes=2)
    assert len(in_process.lab.mails) == before
    assert [entry["event"] for entry in order.desk_timeline()].count("order.contact_corrected") == 2
    in_process.decide(mail, "approve").page()
    assert order.status == "completed"
