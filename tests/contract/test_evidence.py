"""The evidence of decisions by link: for Customer Success only, apart from the order, and nowhere else."""

import json
from itertools import pairwise

import pytest

from tests.contract.in_process import InProcess
from tests.contract.orders import Order, offered, place, quote
from tests.contract.site import Json, Mail, Site
from tests.lab.lab import VIEWER

AGENT = "Mozilla/5.0 (evidence)"


def evidence_of(order: Order) -> list[Json]:
    page = order.site.get(f"{order.desk_path}/evidence", order.site.people.cs).ok()
    assert page["next_cursor"] is None
    rows: list[Json] = page["items"]
    return rows


def decide(site: Site, mail: Mail, decision: str, **headers: str) -> None:
    form = {"decision": decision, "name": "Connie Contact", "code": mail.code, "reason": "So."}
    site.request("POST", mail.link, form=form, headers={"User-Agent": AGENT, **headers}).page()


@pytest.mark.each_catalog
def test_an_approval_leaves_evidence_for_customer_success(site: Site) -> None:
    order, mail = offered(site)
    assert evidence_of(order) == []
    decide(site, mail, "approve")
    (found,) = evidence_of(order)
    after = order.read()
    assert found.pop("address")
    assert found == {
        "sequence": next(each["sequence"] for each in order.timeline() if each["event"] == "order.completed"),
        "at": after["closed"]["at"],
        "decision": "approve",
        "name": "Connie Contact",
        "recipient": order.contact,
        "agent": AGENT,
        "revision": 1,
        "sha256": after["quote"]["sha256"],
    }


def test_a_change_request_and_what_follows_leave_evidence_of_their_own(site: Site) -> None:
    order, mail = offered(site)
    decide(site, mail, "request_change")
    decide(site, mail, "request_change")
    order.desk("quote", quote(site)).ok(202)
    decide(site, order.quote_mail(revision=2), "cancel")
    rows = evidence_of(order)
    assert [(row["decision"], row["revision"]) for row in rows] == [("request_change", 1), ("cancel", 2)]
    assert all(one["sequence"] < other["sequence"] for one, other in pairwise(rows))
    page = site.get(f"{order.desk_path}/evidence?limit=1", site.people.cs).ok()
    following = site.get(f"{order.desk_path}/evidence?limit=1&cursor={page['next_cursor']}", site.people.cs).ok()
    assert [*page["items"], *following["items"]] == rows


def test_an_unquoted_order_is_canceled_with_evidence_without_revision(site: Site) -> None:
    order = place(site)
    decide(site, order.mail_to(order.contact), "cancel")
    (found,) = evidence_of(order)
    assert (found["decision"], found["revision"], found["sha256"]) == ("cancel", None, None)


def test_nobody_but_customer_success_sees_evidence(site: Site) -> None:
    order, mail = offered(site)
    decide(site, mail, "approve")
    for user in (order.user, site.people.reseller):
        site.get(f"{order.desk_path}/evidence", user).refused(403, "forbidden")
    site.get(f"/api/orders/{order.order_id}/evidence", order.user).refused(404, "not_found")
    for path in ("", "/timeline", "/quotes/1"):
        assert AGENT not in site.get(f"{order.path}{path}", order.user).text


def test_looking_wrong_codes_and_lost_races_leave_no_evidence(site: Site) -> None:
    order, mail = offered(site)
    site.request("GET", mail.link, headers={"User-Agent": AGENT}).page()
    site.decide(mail, "approve", code="000000" if mail.code != "000000" else "000001").page(403)
    order.desk("decline", {"reason": "Over."}).ok()
    site.decide(mail, "approve").page(409)
    assert evidence_of(order) == []


def test_the_address_is_the_one_that_cloudfront_tells_and_no_other(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    lies = {
        "X-Forwarded-For": "192.0.2.66",
        "X-Viewer-Address": "192.0.2.67",
        "CloudFront-Viewer-Address": "192.0.2.68:1",
    }
    decide(in_process, mail, "approve", **lies)
    (found,) = evidence_of(order)
    assert found["address"] == VIEWER


def test_past_cloudfront_nobody_decides_so_nobody_invents_an_address(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    form = {"decision": "approve", "name": "Connie", "code": mail.code}
    lies = {"X-Viewer-Address": "192.0.2.67"}
    path = mail.link.removeprefix(in_process.origin)
    assert in_process.lab.http("POST", path, form=form, headers=lies, direct=True).status == 403
    assert order.status == "pending_confirmation"


@pytest.mark.parametrize("agent", ["", "x" * 5_000, "a\x00b\x1b[31mc\u202ed"])
def test_whatever_a_browser_calls_itself_is_cut_to_size_and_readable(in_process: InProcess, agent: str) -> None:
    order, mail = offered(in_process)
    decide(in_process, mail, "approve", **{"User-Agent": agent})
    (found,) = evidence_of(order)
    assert found["agent"] in {None, "x" * 400, "ab[31mcd"}


def test_evidence_is_in_no_log_event_execution_or_other_item(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    decide(in_process, mail, "approve")
    in_process.settle()
    lab = in_process.lab
    emitted = [in_process.logs(), *(json.dumps(event.detail) for event in lab.events)]
    emitted += [str(execution.input) for execution in lab.executions]
    holding = [item for item in lab.items if AGENT in str(item) or VIEWER in str(item)]
    assert [item["sk"].partition("#")[0] for item in holding] == ["EVIDENCE"]
    for text in emitted:
        assert AGENT not in text
        assert VIEWER not in text
    assert order.status == "completed"


def test_evidence_is_written_with_the_decision_or_not_at_all(in_process: InProcess) -> None:
    order, mail = offered(in_process)
    fault = in_process.lab.wire.fail(1, operation="TransactWriteItems", how="before", error="InternalServerError")
    response = in_process.decide(mail, "approve")
    assert (fault.fired, response.status) == (True, 503)
    assert (order.status, evidence_of(order)) == ("pending_confirmation", [])
    in_process.lab.errors.take()
    in_process.decide(mail, "approve").page()
    assert len(evidence_of(order)) == 1


def test_a_resend_to_another_contact_is_in_timeline_and_evidence(in_process: InProcess) -> None:
    site = in_process
    order, _ = offered(site)
    cs = site.people.cs
    order.desk("resend", {"contact": {"name": "Connie Contact", "email": cs.email}}).ok(202)
    site.settle()
    site.decide(next(mail for mail in order.mails_to(cs.email) if mail.has_link), "approve").page()
    resent = next(each for each in order.timeline() if each["event"] == "quote.resent")
    assert resent["actor"] == {"kind": "customer_success", "name": cs.email}
    assert resent["data"]["contact_changed"] is True
    (found,) = evidence_of(order)
    assert found["recipient"] == cs.email
