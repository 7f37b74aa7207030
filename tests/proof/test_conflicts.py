"""Every write of a single item finds somebody else's transaction at its item once, and is made all the same.

The writes are those that the code has, read from its source: one that no life here makes fails the test.
"""

import ast
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from botocore import xform_name

from online_orders.aws import (
    attachment_store,
    erasure_job,
    mail_pause,
    message_store,
    search_rebuild,
    terms_store,
)
from online_orders.domain.attachments import Upload
from tests.contract.received import wait
from tests.contract.uploads import PDF, multipart
from tests.lab import Lab, User, accounts
from tests.lab.wire import SINGLE_WRITES, Call
from tests.local_run import PROJECT
from tests.proof.flows import FLOWS, SETTLED_WITHIN, UNDO_SECONDS, Walk, left_undone
from tests.proof.records import disagreements, records_of
from tests.workflow.walking import decide, desk, place, quote

Json = dict[str, Any]
SOURCES = {PROJECT / "layers" / "core": "online_orders/**/*.py", PROJECT / "functions": "*.py"}
INDEXES = {"desk", "assignee", "outstanding"}
"""All that may be read as it was before: who reads the table reads what stands there."""
TABLE = "online_orders.aws.table"
"""Whose `put`, `update` and `call` are the only ways to the table; see also test_dynamodb.py, of the errors."""

SINGLE_WRITE_METHODS = {xform_name(operation) for operation in SINGLE_WRITES}


# -- the writes that there are -----------------------------------------------------------------------------------


class _Writes(ast.NodeVisitor):
    """The functions and methods of a module in which a single item is written."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._names: list[str] = []
        self._imported: set[str] = set()

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module == TABLE:
            self._imported |= {one.name for one in node.names}

    def visit_ClassDef(self, node: ast.ClassDef | ast.FunctionDef) -> None:
        self._names.append(node.name)
        self.generic_visit(node)
        self._names.pop()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.visit_ClassDef(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        method = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        if name in self._imported and (name in {"put", "update"} or method in SINGLE_WRITE_METHODS):
            self.found.add(".".join(self._names))
        self.generic_visit(node)


def writes_in_the_code() -> set[str]:
    """As `online_orders.aws.link_store.store_link`."""
    found = set()
    for folder, pattern in SOURCES.items():
        for file in folder.glob(pattern):
            module = ".".join(file.relative_to(folder).with_suffix("").parts)
            writes = _Writes()
            writes.visit(ast.parse(file.read_text("utf-8")))
            found |= {f"{module}.{name}" for name in writes.found}
    return found


def writer() -> str:
    """Who of the product is writing at this moment, named in the same way."""
    frame = sys._getframe()
    while frame.f_back:
        frame = frame.f_back
        module = frame.f_globals["__name__"]
        is_product = any(Path(frame.f_code.co_filename).is_relative_to(folder) for folder in SOURCES)
        if is_product and module != TABLE:
            return f"{module}.{frame.f_code.co_qualname.replace('.<locals>', '')}"
    raise AssertionError("a write that nobody makes")


# -- refusing each of them ---------------------------------------------------------------------------------------


@dataclass
class Refusals:
    """Refuses each write of a single item at its first try."""

    lab: Lab
    refused: dict[str, int] = field(default_factory=dict)
    """How often, by who wrote."""
    given_up: list[str] = field(default_factory=list)
    """What was not tried again at once."""
    _open: tuple[str, Call] | None = None

    def meet(self, call: Call) -> None:
        before, self._open = self._open, None
        if before and before[1] == call:
            return
        if before:
            self.given_up.append(before[0])
        if call.operation in SINGLE_WRITES:
            who = writer()
            self.refused[who] = self.refused.get(who, 0) + 1
            self._open = who, call
            self.lab.wire.fail(how="conflict", attempts=1)


@contextmanager
def refusing(lab: Lab) -> Iterator[Refusals]:
    refusals = Refusals(lab)
    lab.wire.watch = refusals.meet
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield refusals
    lab.wire.watch = None
    lab.wire.heal()
    assert not refusals.given_up


@contextmanager
def as_operator(lab: Lab) -> Iterator[None]:
    """The operator's calls go over the wire like a function's."""
    with (
        lab.as_operator(),
        patch.object(lab.wire, "running", ["operator"]),
        patch.object(lab.wire, "permissions", None),
    ):
        yield


@pytest.mark.parametrize("flow", FLOWS)
def test_a_life_in_which_every_write_is_refused_once_ends_as_ever(flow: str) -> None:
    with Lab.started(GraceDays="3", QuoteUndoSeconds=UNDO_SECONDS.get(flow, "0")) as lab:
        lab.account("acme")
        lab.settle()
        lab.lag()
        lab.schedules.start()
        with refusing(lab) as refusals:
            walk = Walk(lab)
            walk.goes_wrong()
            FLOWS[flow](walk)
            walk.sleep(timedelta(hours=7))
            walk.sleep(SETTLED_WITHIN)
        assert sum(refusals.refused.values()) > 10
        assert list(left_undone(walk)) == []
        assert list(disagreements(records_of(lab, walk.order_id))) == []
        assert lab.errors == []
        assert lab.dynamodb.behind <= INDEXES


# -- lives in which all of them are made --------------------------------------------------------------------------


def let_time_pass(lab: Lab, minutes: int) -> None:
    """With the schedules at their times."""
    for _ in range(0, minutes, 5):
        lab.advance(minutes=5)


def an_approval(lab: Lab) -> None:
    """With a wrong code, an order counted later, and a look at the workflow."""
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    assert mail.link
    assert mail.code
    form = {"decision": "approve", "name": "Connie", "code": f"{(int(mail.code) + 1) % 1_000_000:06}"}
    assert lab.http("POST", mail.link, form=form).status == 403
    assert lab.functions.invoke("ReconcileFunction", {"order_id": order_id}).failure is None
    with (
        patch("online_orders.aws.lead_time_statistics.transact", side_effect=ZeroDivisionError),
        patch("online_orders.aws.figures_store.transact", side_effect=ZeroDivisionError),
    ):
        assert decide(lab, mail, "approve") == 200
    lab.advance(hours=8)
    let_time_pass(lab, 30)
    counted = [item for item in lab.items if item["sk"] == "COUNTED"]
    assert [item["pk"] for item in counted] == [f"ORDER#{order_id}"]
    won = [item["won"] for item in lab.items if item["pk"].startswith("FIGURES#") and item["sk"].startswith("all#")]
    assert [int(each) for each in won] == [1]


def a_parked_order(lab: Lab) -> None:
    """That cannot be mended at first."""
    for n in (1, 2):
        lab.wire.fail(n, operation="PutEvents", error="InternalFailure")
    place(lab)
    let_time_pass(lab, 30)
    assert [event.detail_type for event in lab.events] == ["order.submitted"]


def an_old_execution(lab: Lab) -> None:
    place(lab)
    waits = [one for one in lab.functions.invocations if one.function == "AwaitDecisionFunction"]
    event = {**waits[-1].event, "started_at": (lab.clock.now() - timedelta(days=301)).isoformat()}
    assert lab.functions.invoke("AwaitDecisionFunction", event).failure is None
    let_time_pass(lab, 30)
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED", "RUNNING"]


def another_reseller(lab: Lab) -> None:
    order_id = place(lab)
    lab.account("parent")
    lab.account("acme", parent_account_id="parent")
    lab.advance(minutes=2)
    assert [item["sk"] for item in lab.items if item["pk"] == "ACCOUNT#parent" and order_id in item["sk"]]


def a_hold_on_all_mail(lab: Lab) -> None:
    with as_operator(lab):
        assert mail_pause.pause("a trial", lab.clock.now()).reason == "a trial"
    order_id = place(lab)
    assert lab.mails.about(order_id) == []
    with as_operator(lab):
        assert mail_pause.resume()
    let_time_pass(lab, 30)
    assert len(lab.mails.about(order_id)) == 3


def terms_of_quotes(lab: Lab) -> None:
    with as_operator(lab):
        stored = terms_store.store_terms("en", "Net 30 days", None, lab.clock.now())
        assert stored
        assert terms_store.find_terms("en") == stored
        assert terms_store.remove_terms("en", lab.clock.now())


def a_mail_that_ses_does_not_take_yet(lab: Lab) -> None:
    lab.ses.refuse("SendingPausedException", times=3)
    place(lab)
    lab.settle()
    lab.advance(minutes=20)
    for mail in lab.mails:
        lab.ses_event("Delivery", mail)
    lab.settle()
    assert {item["news"] for item in lab.items if item["sk"].startswith("MAIL#")} == {"delivered"}


def a_person_who_is_erased(lab: Lab) -> None:
    order_id = place(lab, note="Ask customer@acme.example")
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    body, media_type = multipart(
        {"decision": "approve", "name": "Connie", "code": str(mail.code)}, PDF, "customer@acme.example and I"
    )
    assert mail.link
    assert lab.http("POST", mail.link, content=body, headers={"Content-Type": media_type}).status == 200
    lab.settle()
    assert lab.http("GET", f"/api/desk/orders/{order_id}/certificate", user=lab.users.cs).status == 200
    user = lab.users.customer
    report = {"text": "Connie has left; ask customer@acme.example"}
    assert lab.http("POST", "/api/account/contact-report", json=report, user=user).status == 202
    lab.settle()
    with as_operator(lab):
        assert attachment_store.store_scan(order_id, Upload("", PDF).sha256, "clean", lab.clock.now())
        for _ in erasure_job.erase_person(user.email, "acme"):
            pass
        for _ in erasure_job.erase_person(accounts.body("acme")["enrollment"]["contact"]["email"], "acme"):
            pass
    assert [item["sk"] for item in lab.items if user.email in str(item)] == []
    assert order_id in str(lab.items)


def an_index_that_is_built_anew(lab: Lab) -> None:
    """With an order that is indexed later, and one of an earlier release."""
    with patch("online_orders.aws.search_index.write_all", side_effect=ZeroDivisionError):
        order_id = place(lab)
    lab.settle()
    assert "SEARCH" in [item["sk"] for item in lab.items if item["pk"] == f"ORDER#{order_id}"]
    let_time_pass(lab, 30)
    assert "SEARCH" not in [item["sk"] for item in lab.items if item["pk"] == f"ORDER#{order_id}"]
    with as_operator(lab):
        assert sum(step.orders for step in search_rebuild.rebuild_search()) == 1
    found = lab.http("GET", f"/api/desk/orders?search={order_id}", user=lab.users.cs).json()["items"]
    assert [order["order_id"] for order in found] == [order_id]


def people_and_machines_that_sign_in_again(lab: Lab) -> None:
    """On another day than before, which is stored."""
    admin = lab.users.customer
    invited = {"email": "ida@acme.example", "name": "Ida", "role": "viewer"}
    person = lab.http("POST", "/api/people", json=invited, user=admin).json()
    machine = {"name": "ERP", "scopes": ["orders:read"]}
    made = lab.http("POST", "/api/service-users", json=machine, user=admin).json()
    for username, user_id in ((invited["email"], person["user_id"]), (made["client_id"], made["user_id"])):
        for _ in range(2):
            assert lab.signing_in(User(username, None, sub=user_id))
            lab.advance(days=1)
    used = lab.http("GET", f"/api/service-users/{made['user_id']}", user=admin).json()["last_used_on"]
    assert used == (lab.clock.now() - timedelta(days=1)).date().isoformat()


def a_draft_of_the_catalog(lab: Lab) -> None:
    lead, path = lab.users.cs, "/api/desk/catalog/draft"
    for kinds in ([], [{"kind": "seats"}]):
        assert lab.http("PUT", path, json={"kinds": kinds}, user=lead).status == 200
    assert lab.http("GET", path, user=lead).json()["catalog"] == {"kinds": [{"kind": "seats"}]}
    assert lab.http("DELETE", path, user=lead).status == 204
    assert lab.http("GET", path, user=lead).status == 404


def a_watcher_who_chooses_mails(lab: Lab) -> None:
    order_id, user = place(lab), lab.users.customer
    for action in ("watch", "unwatch"):
        assert lab.http("POST", f"/api/orders/{order_id}/{action}", json={}, user=user).status == 200
    choice = {"event": "quoted", "as": "watcher", "wanted": False}
    assert lab.http("PUT", "/api/me/notifications", json={"notifications": [choice]}, user=user).status == 200
    assert [item["sk"] for item in lab.items if "WATCHER" in item["sk"] or item["sk"] == "NOTIFICATIONS"] == [
        "NOTIFICATIONS"
    ]


def an_order_that_is_looked_at(lab: Lab) -> None:
    order_id, colleague = place(lab), lab.users.agent
    path = f"/api/desk/orders/{order_id}/presence"
    assert lab.http("POST", path, json={}, user=colleague).json() == {"people": []}
    (seen,) = lab.http("POST", path, json={}, user=lab.users.cs).json()["people"]
    assert seen["user_id"] == colleague.user_id


def more_mails_than_the_desk_judges(lab: Lab) -> None:
    """And their sender is erased."""
    first = wait(lab)
    with as_operator(lab), patch.dict(os.environ, {"INBOUND_MESSAGES_PER_DAY": "1"}):
        again = {"message_id": first[::-1], "mail_id": "another"}
        assert not message_store.store_message(message_store.get_message(first).model_copy(update=again))
        assert message_store.is_processed("another")
        for _ in erasure_job.erase_person("eve@elsewhere.example"):
            pass
    assert [item for item in lab.items if item["pk"] == "MESSAGES"] == []


LIVES: tuple[Callable[[Lab], None], ...] = (
    an_approval,
    a_parked_order,
    an_old_execution,
    another_reseller,
    a_hold_on_all_mail,
    terms_of_quotes,
    a_mail_that_ses_does_not_take_yet,
    a_person_who_is_erased,
    an_index_that_is_built_anew,
    people_and_machines_that_sign_in_again,
    a_draft_of_the_catalog,
    a_watcher_who_chooses_mails,
    an_order_that_is_looked_at,
    more_mails_than_the_desk_judges,
)


def test_every_write_in_the_code_is_refused_once_and_then_made(report: Callable[[str], None]) -> None:
    met: dict[str, int] = {}
    for live in LIVES:
        with Lab.started() as lab:
            lab.lag()
            lab.schedules.start()
            with refusing(lab) as refusals:
                live(lab)
            assert lab.dynamodb.behind <= INDEXES
            for who, count in refusals.refused.items():
                met[who] = met.get(who, 0) + count
    report(f"conflicts: {len(met)} places of the code write single items; each was refused, {sum(met.values())} times")
    assert set(met) == writes_in_the_code()
