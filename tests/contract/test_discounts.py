"""Discounts that agents may not give alone: the policy, what waits, who decides, and what nobody gets past it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from online_orders.aws import erasure_job, people_store
from online_orders.aws.table import transact
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.roles import DESK, Role
from tests.contract.in_process import InProcess
from tests.contract.orders import Order, claimed, line, offered, place, quote, rows
from tests.contract.site import Json, Response, User
from tests.contract.test_roles import token_of
from tests.contract.test_service_users import DESK as DESK_SERVICE_USERS
from tests.contract.test_service_users import act, created
from tests.lab import User as LabUser

POLICY = "/api/desk/discount-policy"
OFF: Json = {"percent": None, "amounts": {}, "margin_percent": None}
FIFTH: Json = {**OFF, "percent": "20"}
SECRET = "Below our costs, for your eyes only"
HALF = {"percent": "50"}


@pytest.fixture
def site(in_process: InProcess) -> InProcess:
    in_process.put(POLICY, in_process.people.cs, FIFTH).ok()
    return in_process


@pytest.fixture
def agent(site: InProcess) -> User:
    return stored(site, next(user for user in site.users if user.role == "agent"), Role.AGENT)


def stored(site: InProcess, user: User, role: Role) -> User:
    """Somebody of the desk as the first sign-in stores them."""
    membership = Membership(role=role, state=PersonState.ACTIVE, last_seen_on=site.now().date())
    person = Person(
        user_id=LabUser(user.username, None).user_id,
        email=user.email,
        name=user.username.title(),
        group="customer-success",
        memberships={DESK: membership},
    )
    with site.lab.as_operator():
        before = people_store.find_person(person.user_id)
        if before:
            person = before.person.model_copy(update={"memberships": person.memberships})
        transact(people_store.write_actions(before, person))
    return user


def cheap(order: Order, by: User, discount: Json | None = None, **changes: Any) -> Response:
    """A request with half off, and with texts and costs that no customer is to see."""
    found = line(discount=discount or HALF, description=SECRET, unit_cost="7.77")
    return order.desk("quote", quote(order.site, **{"lines": [found], "message": SECRET, **changes}), user=by)


def at_desk(order: Order, user: User | None = None) -> Json:
    found: Json = order.site.get(order.desk_path, user or order.site.people.cs).ok()
    return found


def events(order: Order) -> list[str]:
    return [entry["event"] for entry in order.desk_timeline()]


# -- the policy ---------------------------------------------------------------------------------------------------


def test_it_is_off_until_a_lead_sets_it_and_the_audit_trail_says_who(in_process: InProcess) -> None:
    site, lead = in_process, in_process.people.cs
    response = site.get(POLICY, lead)
    assert (response.ok(), response.headers["etag"]) == (OFF, '"0"')
    body = {"percent": "20", "amounts": {"EUR": "500"}, "margin_percent": "10.5"}
    set_to = {**body, "amounts": {"EUR": "500.00"}}
    response = site.put(POLICY, lead, body, If_Match='"0"')
    assert (response.ok(), response.headers["etag"]) == (set_to, '"1"')
    assert site.put(POLICY, lead, set_to).headers["etag"] == '"1"'
    site.put(POLICY, lead, OFF, If_Match='"0"').refused(412, "version_mismatch")
    entry = rows(site, "/api/desk/audit?subject=discount_policy", lead)[0]
    assert (entry["subject_id"], entry["action"], entry["by"]["email"]) == ("discount_policy", "changed", lead.email)
    assert {change["pointer"]: change["is"] for change in entry["changes"]} == {
        "/percent": "20",
        "/amounts/EUR": "500.00",
        "/margin_percent": "10.5",
    }
    faults = site.put(POLICY, lead, {"percent": "200", "amounts": {"EUR": "0.001"}, "who": 1}).faults()
    assert faults.keys() == {"/percent", "/amounts/EUR", "/who"}


def test_agents_read_the_policy_and_leads_alone_change_it(site: InProcess, agent: User) -> None:
    assert site.get(POLICY, agent).ok() == FIFTH
    site.put(POLICY, agent, OFF).refused(403, "forbidden")
    site.get(POLICY, site.people.customer).refused(403, "forbidden")
    assert site.get(POLICY, site.people.cs).ok() == FIFTH


def test_without_a_policy_agents_quote_as_ever(in_process: InProcess) -> None:
    site = in_process
    order = claimed(site)
    answer = cheap(order, next(user for user in site.users if user.role == "agent")).ok(202)
    assert answer["quote"]["state"] == "sending"
    assert "proposal" not in answer


# -- asking -------------------------------------------------------------------------------------------------------


def test_a_quote_beyond_the_policy_waits_and_the_offer_stays_valid(site: InProcess, agent: User) -> None:
    order, mail = offered(site)
    before = order.read()
    response = cheap(order, agent)
    answer = response.ok(202)
    assert answer["quote"] == before["quote"]
    assert answer["version"] == before["version"] + 1
    assert response.headers["etag"] == f'"{answer["version"]}"'
    waiting = answer["proposal"]
    assert waiting["asked_by"]["email"] == agent.email
    assert waiting["reasons"] == ["percent"]
    assert (waiting["figures"]["percent"], waiting["figures"]["list_total"]) == ("50.00", "480.00")
    assert waiting["quote"]["totals"]["monthly"] == "20.00"
    assert "request" not in waiting
    assert answer["flags"] == ["discount_asked"]
    assert not {"approve_discount", "refuse_discount"} & {*answer["actions"]}
    assert {"approve_discount", "refuse_discount"} <= {*at_desk(order)["actions"]}
    (row,) = (row for row in rows(site, "/api/desk/orders", agent) if row["order_id"] == order.order_id)
    assert row["proposal"] == waiting
    site.decide(mail, "approve").page()
    done = at_desk(order)
    assert (done["status"], done["quote"]["revision"], done["quote"]["state"]) == ("completed", 1, "approved")
    assert "proposal" not in done
    assert done["flags"] == []


def test_what_the_policy_allows_goes_at_once_and_takes_the_place_of_what_waits(site: InProcess, agent: User) -> None:
    order = claimed(site)
    cheap(order, agent).ok(202)
    answer = cheap(order, agent, {"percent": "20"}).ok(202)
    assert (answer["quote"]["revision"], "proposal" in answer) == (1, False)
    order.desk("proposal/approve", {}).refused(409, "conflict")


def test_a_leads_own_discount_goes_at_once_and_the_timeline_says_so(site: InProcess) -> None:
    order = claimed(site)
    answer = cheap(order, site.people.cs).ok(202)
    assert answer["quote"]["state"] == "sending"
    (entry,) = (each for each in order.desk_timeline() if each["event"] == "quote.prepared")
    assert entry["internal"]
    assert entry["data"] == {"revision": 1, "reasons": ["percent"], "percent": "50.00"}
    assert "quote.prepared" not in [each["event"] for each in order.timeline()]


def test_margin_and_amount_are_thresholds_too(site: InProcess, agent: User) -> None:
    currency = site.account_of(site.people.customer)["currency"]
    site.put(POLICY, site.people.cs, {"amounts": {currency: "100"}, "margin_percent": "30"}).ok()
    order = claimed(site)
    answer = cheap(order, agent, {"percent": "1"}).ok(202)
    assert answer["proposal"]["reasons"] == ["margin"]
    answer = cheap(order, agent).ok(202)
    assert answer["proposal"]["reasons"] == ["amount", "margin"]


def test_a_request_with_faults_is_refused_and_what_waits_stays(site: InProcess, agent: User) -> None:
    order = claimed(site)
    waiting = cheap(order, agent).ok(202)["proposal"]
    assert cheap(order, agent, {"percent": "101"}).status == 422
    assert at_desk(order)["proposal"] == waiting


# -- deciding -----------------------------------------------------------------------------------------------------


def test_an_approved_discount_is_offered_like_any_quote(site: InProcess, agent: User) -> None:
    order, first = offered(site)
    cheap(order, agent).ok(202)
    tag = site.get(order.desk_path, site.people.cs).headers["etag"]
    answer = order.desk("proposal/approve", {}, If_Match=tag).ok(202)
    assert (answer["quote"]["revision"], answer["quote"]["totals"]["monthly"]) == (2, "20.00")
    assert "proposal" not in answer
    assert events(order)[-2:] == ["quote.proposal_approved", "quote.prepared"]
    mail = order.quote_mail(revision=2)
    assert site.request("GET", first.link).status == 410
    site.decide(mail, "approve").page()
    assert order.read()["quote"]["state"] == "approved"
    assert order.read()["quote"]["sha256"] != ""


def test_a_refused_discount_is_told_to_the_asker_and_to_nobody_outside(site: InProcess, agent: User) -> None:
    order, _ = offered(site)
    cheap(order, agent).ok(202)
    site.settle()
    before = len(site.mails(about=order.order_id))
    assert order.desk("proposal/refuse", {"reason": " "}).faults().keys() == {"/reason"}
    answer = order.desk("proposal/refuse", {"reason": "Not this quarter."}).ok()
    assert "proposal" not in answer
    site.settle()
    news = site.mails(about=order.order_id)[before:]
    assert [[*mail.to] for mail in news] == [[agent.email]]
    assert "Not this quarter." in news[0].text
    assert "50" in news[0].text
    entry = order.desk_timeline()[-1]
    assert (entry["event"], entry["internal"]) == ("quote.proposal_refused", True)
    assert entry["data"]["proposed_by_email"] == agent.email


def test_the_desk_is_asked_and_the_asker_hears_of_the_approval(site: InProcess, agent: User) -> None:
    order = claimed(site)
    cheap(order, agent).ok(202)
    site.settle()
    asked = [mail for mail in order.mails_to(site.cs_mailbox) if "Discount to approve" in mail.subject]
    assert len(asked) == 1
    assert "50 %" in asked[0].text
    order.desk("proposal/approve", {}).ok(202)
    site.settle()
    (told,) = [mail for mail in order.mails_to(agent.email) if "Discount approved" in mail.subject]
    assert site.people.cs.email in told.text


@pytest.mark.parametrize("decision", ["approve", "refuse"])
def test_a_stale_page_decides_nothing(site: InProcess, agent: User, decision: str) -> None:
    order = claimed(site)
    tag = cheap(order, agent).headers["etag"]
    cheap(order, agent, {"percent": "99"}).ok(202)
    body = {"reason": "No."} if decision == "refuse" else {}
    order.desk(f"proposal/{decision}", body, If_Match=tag).refused(412, "version_mismatch")
    assert at_desk(order)["proposal"]["figures"]["percent"] == "99.00"


def test_terms_that_changed_meanwhile_need_a_quote_anew(site: InProcess, agent: User) -> None:
    order = claimed(site)
    cheap(order, agent).ok(202)
    account = site.account_of(order.user)
    other = {"treatment": "rate", "label": "VAT", "rate": "19"}
    site.put(f"/api/desk/accounts/{account['account_id']}", site.people.cs, {**account, "tax": other}).ok()
    order.desk("proposal/approve", {}).refused(409, "conflict")
    assert at_desk(order)["proposal"]


def test_a_proposal_whose_last_day_is_over_is_quoted_anew(site: InProcess, agent: User) -> None:
    order = claimed(site)
    cheap(order, agent, valid_until=site.day(2)).ok(202)
    site.lab.advance(timedelta(days=5))
    order.desk("proposal/approve", {}).refused(409, "conflict")
    order.desk("proposal/refuse", {"reason": "Too late."}).ok()


# -- attackers ----------------------------------------------------------------------------------------------------


def test_an_agent_approves_nothing_by_any_path(site: InProcess, agent: User) -> None:
    order, _ = offered(site)
    cheap(order, agent).ok(202)
    revision = order.read()["quote"]["revision"]
    for decision, body in (("approve", {}), ("refuse", {"reason": "Mine."})):
        order.desk(f"proposal/{decision}", body, user=agent).refused(403, "forbidden")
        auditor = next(user for user in site.users if user.role == "auditor")
        order.desk(f"proposal/{decision}", body, user=auditor).refused(403, "forbidden")
        order.desk(f"proposal/{decision}", body, user=order.user).refused(403, "forbidden")
    order.desk("resend", {}, user=agent).ok(202)
    order.desk("claim", {}, user=agent)
    order.desk("quote/undo", {}, user=agent).refused(409, "conflict")
    site.put(POLICY, agent, OFF).refused(403, "forbidden")
    site.settle()
    assert order.read()["quote"]["revision"] == revision
    assert at_desk(order)["proposal"]


def test_a_service_user_neither_decides_nor_passes_the_policy(site: InProcess) -> None:
    lead = site.people.cs
    body = {"name": "CRM", "scopes": ["desk:read", "desk:orders", "desk:discounts"]}
    assert site.post(DESK_SERVICE_USERS, lead, body).status == 422
    scopes = ["desk:read", "desk:orders", "desk:accounts", "desk:prices", "desk:catalog"]
    made = created(site, lead, DESK_SERVICE_USERS, name="CRM", scopes=scopes)
    order = claimed(site)
    sent = quote(site, lines=[line(discount=HALF)])
    answer = act(site, "POST", f"{order.desk_path}/quote", made, json=sent).ok(202)
    assert answer["proposal"]["asked_by"]["name"] == "CRM"
    act(site, "POST", f"{order.desk_path}/proposal/approve", made, json={}).refused(403, "forbidden")
    order.desk("proposal/refuse", {"reason": "No."}).ok()
    site.settle()
    assert not [mail for mail in site.mails() if any("service-users.invalid" in each for each in mail.to)]


def test_whose_role_was_taken_passes_the_policy_no_more_by_a_token_from_before(site: InProcess) -> None:
    stored(site, site.people.cs, Role.LEAD)  # somebody else has to be one
    former = stored(site, site.people.cs2, Role.LEAD)
    held = token_of(site.lab, LabUser(former.username, "customer-success").claiming(email=former.email))
    sent = quote(site, lines=[line(discount=HALF)])

    def ask(order: Order, action: str, body: Json) -> Any:
        return site.lab.http("POST", f"{order.desk_path}/{action}", json=body, headers=held)

    assert "proposal" not in ask(claimed(site), "quote", sent).json()
    stored(site, former, Role.AGENT)
    order = claimed(site)
    answer = ask(order, "quote", sent)
    assert (answer.status, answer.json()["proposal"]["reasons"]) == (202, ["percent"])
    refused = ask(order, "proposal/approve", {})
    assert (refused.status, refused.json()["code"]) == (403, "forbidden")


def test_a_discount_is_approved_once_and_never_after_the_order_was_decided(site: InProcess, agent: User) -> None:
    order = claimed(site)
    cheap(order, agent).ok(202)
    order.desk("proposal/approve", {}).ok(202)
    order.desk("proposal/approve", {}).refused(409, "conflict")
    order.desk("proposal/refuse", {"reason": "No."}).refused(409, "conflict")
    site.decide(order.quote_mail(), "approve").page()
    cheap(order, agent).refused(409, "conflict")
    declined = claimed(site)
    cheap(declined, agent).ok(202)
    declined.desk("decline", {"reason": "Sold out."}).ok()
    for closed in (order, declined):
        closed.desk("proposal/approve", {}).refused(409, "conflict")
        assert "proposal" not in at_desk(closed)


def test_an_undone_approval_is_not_sent_again_without_another(agent: User, site: InProcess) -> None:
    order = claimed(site)
    cheap(order, agent).ok(202)
    answer = order.desk("proposal/approve", {}).ok(202)
    if "undo_quote" in answer["actions"]:
        order.desk("quote/undo", {}, user=agent).ok()
        order.desk("resend", {}, user=agent).refused(409, "conflict")
        draft = site.get(f"{order.desk_path}/quote-draft", agent).ok()
        assert "proposal" in order.desk("quote", draft, user=agent).ok(202)


def test_the_draft_of_an_approved_discount_needs_approval_again(agent: User, site: InProcess) -> None:
    order = claimed(site)
    cheap(order, agent).ok(202)
    order.desk("proposal/approve", {}).ok(202)
    site.decide(order.quote_mail(), "request_change", reason="Less.").page()
    draft = site.get(f"{order.desk_path}/quote-draft", agent).ok()
    assert "proposal" in order.desk("quote", draft, user=agent).ok(202)


def test_the_draft_is_what_waits_and_keeps_the_costs_of_the_last_request(site: InProcess, agent: User) -> None:
    site.put(POLICY, site.people.cs, {"margin_percent": "30"}).ok()
    order, _ = offered(site)
    lines = [line(unit_price="10", unit_cost="9", quantity=4)]
    first = order.desk("quote", quote(site, lines=lines, message=SECRET), user=agent).ok(202)
    assert first["proposal"]["reasons"] == ["margin"]
    path = f"{order.desk_path}/quote-draft"
    draft = site.get(path, agent).ok()
    assert (draft["message"], draft["lines"][0]["unit_price"], draft["lines"][0]["unit_cost"]) == (
        SECRET,
        "10.00",
        "9",
    )
    again = order.desk("quote", draft, user=agent).ok(202)["proposal"]
    assert (again["figures"], again["quote"]["lines"]) == (
        first["proposal"]["figures"],
        first["proposal"]["quote"]["lines"],
    )
    order.desk("proposal/approve", {}).ok(202)
    draft = site.get(path, agent).ok()
    assert draft["lines"][0]["unit_cost"] == "9.00"
    lower = {**draft, "lines": [{**draft["lines"][0], "unit_price": "5"}]}
    assert order.desk("quote", lower, user=agent).ok(202)["proposal"]["reasons"] == ["margin"]
    order.desk("quote", {**draft, "lines": [{**draft["lines"][0], "unit_cost": "3.5"}]}, user=agent).ok(202)
    assert site.get(path, agent).ok()["lines"][0]["unit_cost"] == "3.50"
    order.desk("quote", {**draft, "lines": [line()]}, user=agent).ok(202)
    assert "unit_cost" not in site.get(path, agent).ok()["lines"][0]


def test_costs_of_drafts_are_for_those_who_may_quote(in_process: InProcess) -> None:
    site = in_process
    order = claimed(site)
    order.desk("quote", quote(site, lines=[line(unit_cost="7.77")])).ok(202)
    auditor = next(user for user in site.users if user.role == "auditor")
    assert "unit_cost" in site.get(f"{order.desk_path}/quote-draft", site.people.cs).text
    assert "unit_cost" not in site.get(f"{order.desk_path}/quote-draft", auditor).text
    for shown in (order.read(), site.get(f"{order.path}/quotes/1", order.user).ok(), at_desk(order)):
        assert not {"7.77", "quote_costs", "unit_cost"} & {*str(shown).replace("'", " ").split()}


def test_customers_contacts_events_and_tables_show_no_trace(site: InProcess, agent: User) -> None:
    order, mail = offered(site)
    cheap(order, agent, terms=SECRET).ok(202)
    site.settle()
    customer, desk = order.user, order.desk_path
    shown = [
        site.get(order.path, customer).text,
        site.get("/api/orders", customer).text,
        site.get("/api/orders?search=Below", customer).text,
        site.get("/api/orders", customer, Accept="text/csv").text,
        site.get(f"{order.path}/timeline", customer).text,
        site.get(f"{order.path}/quotes/1", customer).text,
        site.request("GET", mail.link).text,
        site.get("/api/desk/figures", site.people.cs).text,
        *(str(event.detail) for event in site.lab.events),
        *(each.text + each.html for each in site.mails(about=order.order_id) if site.cs_mailbox not in each.to),
    ]
    site.get(f"{order.path}/quotes/2", customer).refused(404, "not_found")
    site.decide(mail, "approve").page()
    site.settle()
    shown += [site.get(f"{desk}/certificate", site.people.cs).text, site.get(order.path, customer).text]
    for text in shown:
        for secret in (SECRET, "proposal", "7.77", "discount_asked", "margin_percent"):
            assert secret not in text
    assert "7.77" not in site.get(desk, site.people.cs).text


def test_an_erased_asker_is_named_no_more(site: InProcess, agent: User) -> None:
    waiting, refused = claimed(site), claimed(site)
    for order in (waiting, refused):
        cheap(order, agent, message=f"Yours, {agent.email}").ok(202)
    refused.desk("proposal/refuse", {"reason": f"No, {agent.email}."}).ok()
    site.settle()
    with site.lab.as_operator():
        list(erasure_job.erase_person(agent.email))
    assert at_desk(waiting)["proposal"]["asked_by"]["user_id"] == "erased"
    for order in (waiting, refused):
        assert agent.email not in str(order.desk_timeline())
        assert agent.email not in str(at_desk(order))
    assert not [
        item for item in site.lab.items if agent.email in str(item) and str(item["sk"]).startswith(("ORDER#", "ENTRY#"))
    ]
    waiting.desk("proposal/approve", {}).ok(202)


def test_an_order_that_is_not_claimed_has_nothing_to_decide(site: InProcess, agent: User) -> None:
    order = place(site)
    cheap(order, agent).refused(409, "conflict")
    order.desk("proposal/approve", {}).refused(409, "conflict")
