"""Each function has a role of its own, which allows what the function does, and nothing else."""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

import account_changes
from online_orders.aws import attachment_store, mail_pause, signing_keys, workflow
from online_orders.domain.attachments import Upload
from tests.contract.in_process import SIMULATOR, InProcess, adopted
from tests.contract.orders import Order, claimed, fresh, offered, place, place_direct, quote, rows
from tests.contract.site import Mail
from tests.contract.uploads import NAME, PDF, decide_with_file
from tests.lab import Lab
from tests.lab import User as LabUser
from tests.lab.lab import TEMPLATE
from tests.lab.permissions import WORKFLOW, Access, covers
from tests.lab.stack import translate
from tests.lab.tokens import event_of
from tools.build_artifact import method_of, names, services

Json = dict[str, Any]

BY_AWS = {
    ("OutboxFunction", "sqs:SendMessage", "StreamDeadLetters"): "Lambda, when it gives up on records of the stream",
    ("ConfirmPageFunction", "s3:PutObjectTagging", "/attachments/*"): "S3, for the tag that a file is stored with",
    **{
        (function, "ses:SendEmail", ""): "SES asks for it beside SendRawEmail, by its own documentation"
        for function in ("MailerFunction", "AccountChangesFunction", "PeopleChangesFunction", "SendQuoteFunction")
    },
}
"""What is granted for AWS itself to do in the function's name: not to be seen on the wire. A resource "" is any."""


def read_a_revision_that_was_replaced(site: InProcess) -> None:
    order, _ = offered(site)
    order.desk("quote", quote(site)).ok(202)
    order.quote_mail(revision=2)
    for path, user in ((order.path, order.user), (order.desk_path, site.people.cs)):
        assert site.get(f"{path}/quotes/1", user).ok()["state"] == "superseded"


def follow(site: InProcess) -> None:
    """Watch an order and no more, and choose mails."""
    order = place(site)
    for action in ("watch", "unwatch"):
        order.ask(action, {}).ok()
    mails = site.get("/api/me/notifications", order.user).ok()
    site.put("/api/me/notifications", order.user, mails).ok()


def everything_that_is_done(site: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lives of orders by which every function does all that it ever does."""
    lab, people = site.lab, site.people
    monkeypatch.setattr(signing_keys, "_CACHE_SECONDS", 1e-6)  # or only the first function of this process reads them
    lose_and_mend(site)
    place(site, people.reseller)
    look_around(site)
    follow(site)
    preview = claimed(site).desk("quote/preview", quote(site)).ok()
    assert preview["mail"]
    order, mail = offered(site)
    site.request("GET", f"{mail.link}/quote.pdf")
    for path in (order.path, order.desk_path):
        user = order.user if path == order.path else people.cs
        site.get(f"{path}/quotes/1", user, Accept="application/pdf")
    look_for_a_paper_that_is_not_there(site, order, mail)
    read_a_revision_that_was_replaced(site)
    for _ in range(5):
        site.decide(mail, "approve", code="000000" if mail.code != "000000" else "000001")
    site.request("POST", mail.link, form={"decision": "request_mail"})
    site.settle()
    approve_with_a_file(site, order)
    lose_an_approval_with_a_file(site)
    approve_with_a_letterhead(site)
    for _ in range(2):
        site.get(f"{order.desk_path}/certificate", people.cs).ok()
    get_confirmations(site, order)
    site.get("/api/certificate-keys").ok()
    other, _ = offered(site)
    other.desk("resend", {"contact": {"name": "Bo", "email": f"bounce@{SIMULATOR}"}}).ok(202)
    site.settle()
    lab.ses.suppressed.add("al@acme.example")
    other.desk("resend", {"contact": {"name": "Al", "email": "al@acme.example"}}).ok(202)
    site.settle()
    move_the_contact(site, monkeypatch)
    come_and_go(site)
    use_machines(site)
    ask_for_a_second_factor(site)
    hold_the_mail(site)
    wait_for_ses(site)
    give_up(site)
    offered(site)
    monkeypatch.setattr(workflow, "MAX_EXECUTION_AGE", timedelta(hours=10))
    lab.advance(hours=20)


def approve_with_a_file(site: InProcess, order: Order) -> None:
    """As if an earlier try had stored the file already."""
    key = attachment_store.object_key(order.order_id, Upload(NAME, PDF).sha256)
    site.lab.client("s3").put_object(Bucket=site.lab.outputs["DocumentsBucket"], Key=key, Body=PDF)
    mail = [each for each in order.mails_to(order.contact) if each.attachments][-1]
    decide_with_file(site, mail).page()
    for _ in range(2):  # it is made, and is there
        assert site.request("GET", f"{mail.link}/confirmation.pdf").status == 200
    (found,) = site.get(f"{order.desk_path}/attachments", site.people.cs).ok()["items"]
    assert site.get(f"{order.desk_path}/attachments/{found['sequence']}", site.people.cs).body == PDF


def approve_with_a_letterhead(site: InProcess) -> None:
    """So that the mail of the approval has the confirmation."""
    letterhead = {"legal_name": "Northwind Networks AG", "address": "1 Fjord Street"}
    site.put("/api/desk/letterhead", site.people.cs, letterhead).ok()
    order, mail = offered(site)
    site.decide(mail, "approve").page()
    site.settle()
    assert len([each for each in order.mails_to(order.contact) if each.attachments][-1].attachments) == 2


def lose_an_approval_with_a_file(site: InProcess) -> None:
    """The stream loses the entry, so the reconciler keeps the file."""
    lab = site.lab
    order, mail = offered(site)
    site.settle()
    lab.stream.paused = True
    decide_with_file(site, mail).page()
    for mapping in lab.stream.mappings:
        mapping.position = len(lab.dynamodb.records(mapping.table))
    lab.stream.paused = False
    assert lab.functions.invoke("ReconcileFunction", {"order_id": order.order_id}).failure is None
    assert site.get(f"{order.path}/confirmation", order.user).status == 200, "nobody has asked for it yet"


def get_confirmations(site: InProcess, order: Order) -> None:
    """An API, the page and the mailer each make the confirmation of an order, and find the one that was made."""
    site.settle()
    for _ in range(2):
        site.get(f"{order.desk_path}/confirmation", site.people.cs)
        site.get(f"{order.path}/confirmation", order.user)
    letterhead = {"legal_name": "Northwind Networks GmbH", "address": "Ringstraße 1\n10115 Berlin"}
    site.put("/api/desk/letterhead", site.people.cs, letterhead).ok()
    for is_seen_before_the_mail in (True, False):
        _, mail = offered(site)
        site.settle()
        site.decide(mail, "approve").page()
        for _ in range(2 * is_seen_before_the_mail):
            assert site.request("GET", f"{mail.link}/confirmation.pdf").status == 200
        site.settle()


def look_for_a_paper_that_is_not_there(site: InProcess, order: Order, mail: Mail) -> None:
    s3, bucket = site.lab.client("s3"), site.lab.outputs["DocumentsBucket"]
    where = {"Bucket": bucket, "Key": f"quotes/{order.order_id}/1.pdf"}
    pdf = s3.get_object(**where)["Body"].read()
    s3.delete_object(**where)
    site.get(f"{order.path}/quotes/1", order.user, Accept="application/pdf").refused(404, "not_found")
    site.get(f"{order.desk_path}/quotes/1", site.people.cs, Accept="application/pdf").refused(404, "not_found")
    assert site.request("GET", f"{mail.link}/quote.pdf").status == 404
    s3.put_object(**where, Body=pdf)


def look_around(site: InProcess) -> None:
    people = site.people
    for path, user in (
        ("/api/account", people.customer),
        ("/api/accounts", people.reseller),
        ("/api/orders?limit=1", people.reseller),
        ("/api/desk/orders?limit=1", people.cs),
        ("/api/desk/orders?assignee=me", people.cs),
        ("/api/desk/accounts", people.cs),
    ):
        rows(site, path, user) if path != "/api/account" else site.get(path, user).ok()
    site.post("/api/account/contact-report", people.customer, {"text": "She has left."}).ok(202)
    for _ in range(2):
        place(site, people.reseller, account_id=people.subs[0].account_id)
    place_direct(site, str(people.customer.account_id))


def lose_and_mend(site: InProcess) -> None:
    """What the stream loses is the reconciler's; stopped executions and events are made good on demand."""
    lab = site.lab
    lost, decided = place(site), claimed(site)
    site.settle()
    lab.stream.paused = True
    decided.desk("decline", {"reason": "Sold out."}).ok()
    silent, overtaken = place(site), place(site)
    suspend(site, overtaken)
    body = {"email": f"{fresh('ada')}@new.example", "name": "Ada", "role": "buyer"}
    site.post("/api/people", site.people.customer, body).ok(201)
    for mapping in lab.stream.mappings:
        mapping.position = len(lab.dynamodb.records(mapping.table))
    overtaken.desk("claim").ok()
    lab.stream.paused = False
    site.settle()
    stop(lab, lost.order_id)
    for order in (decided, silent, lost):
        lab.functions.invoke("ReconcileFunction", {"order_id": order.order_id})
    lab.functions.invoke("ReconcileFunction", {"all": True})
    lab.functions.invoke("MeasureFunction", {})
    lab.functions.invoke("ReplayFunction", {"order_id": lost.order_id})
    lab.functions.invoke("ReplayFunction", {"account_id": lost.read()["account_id"]})
    park(lab, place(site).order_id)
    site.settle()


def suspend(site: InProcess, order: Order) -> None:
    """The account of an order, and let it order again."""
    account = site.account_of(order.user)
    for state in ("suspended", "active"):
        changed = {**account, "enrollment": {**account["enrollment"], "state": state}}
        site.put(f"/api/desk/accounts/{account['account_id']}", site.people.cs, changed).ok()


def come_and_go(site: InProcess) -> None:
    """People are invited, twice by two accounts, made admins, deactivated and let in again."""
    people, cs = site.people, site.people.cs
    signing_in = LabUser(fresh("nora"), "customers", people.customer.account_id)
    assert site.lab.functions.invoke("IssueClaimsFunction", event_of(signing_in)).failure is None
    body = {"email": f"{fresh('ada')}@new.example", "name": "Ada", "role": "buyer"}
    person = site.post("/api/people", people.customer, body).ok(201)
    site.settle()
    site.post("/api/people", people.other, body).ok(201)
    where = f"/api/people/{person['user_id']}"
    site.get("/api/people", people.customer).ok()
    site.get(where, people.customer).ok()
    site.put(where, people.customer, {"role": "admin"}).ok()
    assert site.lab.signing_in(LabUser(body["email"], None, sub=person["user_id"])), (
        "who counts as an admin from now on"
    )
    admin = adopted(site, people.customer)
    colleague = adopted(site, people.colleague)
    assert admin != colleague
    site.put(f"/api/desk/accounts/{people.colleague.account_id}/people/{colleague}", cs, {"role": "viewer"}).refused(
        409, "last_admin"
    )
    adopted(site, people.german)
    site.put(f"/api/desk/accounts/{people.colleague.account_id}/people/{colleague}", cs, {"role": "viewer"}).ok()
    for state in ("deactivated", "active"):
        for user in (people.customer, people.other):
            site.put(where, user, {"state": state}).ok()
        site.settle()


def use_machines(site: InProcess) -> None:
    """A service user is made, gets a token, a fresh secret, and is shut out."""
    people = site.people
    made = site.post("/api/service-users", people.other, {"name": "ERP", "scopes": ["orders:read"]}).ok(201)
    where = f"/api/service-users/{made['user_id']}"
    site.get("/api/service-users", people.other).ok()
    secret = site.post(f"{where}/secret", people.other).ok()["client_secret"]
    form = {"grant_type": "client_credentials", "client_id": made["client_id"], "client_secret": secret}
    site.request("POST", "/api/token", form=form).ok()
    for state in ("deactivated", "active"):
        site.put(where, people.other, {"state": state}).ok()
        site.settle()
    site.get("/api/desk/audit", people.cs).ok()
    for by in ("all", "person", "kind", "group"):
        site.get(f"/api/desk/figures?by={by}", people.cs).ok()


def ask_for_a_second_factor(site: InProcess) -> None:
    """Which the lab's installation does not require."""
    lab = site.lab
    with patch.dict(lab.functions["IssueClaimsFunction"].environment, STAFF_SECOND_FACTOR="required"):
        lab.functions.invoke("IssueClaimsFunction", event_of(lab.users.cs, pool=lab.outputs["UserPoolId"]))


def hold_the_mail(site: InProcess) -> None:
    with patch.dict(os.environ, TABLE_NAME=site.lab.outputs["TableName"]):
        mail_pause.pause("SES has asked us to pause", site.lab.clock.now())
        place(site)
        body = {"email": f"{fresh('ada')}@new.example", "name": "Ada", "role": "buyer"}
        site.post("/api/people", site.people.customer, body).ok(201)
        site.settle()
        mail_pause.resume()
    site.lab.advance(hours=1)


def wait_for_ses(site: InProcess) -> None:
    """Mails, a change of a contact and news of a mail fail for a while, and are put off."""
    lab = site.lab
    order, mail = offered(site)
    lab.ses.outage = "SendingPausedException"
    place(site)
    account = site.account_of(order.user)
    contact = {"name": "Eve", "email": f"{fresh('eve')}@next.example"}
    enrollment = {**account["enrollment"], "contact": contact}
    site.put(f"/api/desk/accounts/{account['account_id']}", site.people.cs, {**account, "enrollment": enrollment}).ok()
    lab.settle()
    invited = {"email": f"{fresh('ada')}@new.example", "name": "Ada", "role": "buyer"}
    site.post("/api/people", site.people.customer, invited).ok(201)
    lab.settle()
    lab.wire.fail(1, function="MailEventsFunction", operation="GetItem", error="ValidationException")
    lab.ses_event("Bounce", next(each for each in lab.mails if each.link == mail.link))
    lab.settle()
    lab.ses.outage = None
    lab.advance(hours=1)


def give_up(site: InProcess) -> None:
    def fails(event: Json, context: Any) -> None:
        raise RuntimeError("this step never works")

    lab = site.lab
    works = lab.functions["SendQuoteFunction"].handler
    lab.functions.replace("SendQuoteFunction", fails)
    claimed(site).desk("quote", quote(site)).ok(202)
    lab.advance(days=2)
    lab.functions.replace("SendQuoteFunction", works)
    lab.errors.take("SendQuoteFunction")


def stop(lab: Lab, order_id: str) -> None:
    machine = lab.client("stepfunctions")
    listed = machine.list_executions(stateMachineArn=lab.outputs["StateMachineArn"])["executions"]
    (arn,) = (each["executionArn"] for each in listed if each["name"] == f"{order_id}-1")
    machine.stop_execution(executionArn=arn)


def park(lab: Lab, order_id: str) -> None:
    """An order of which nothing can follow for a while, first by the stream and then by the reconciler."""
    fault = {"service": "stepfunctions", "operation": "StartExecution", "error": "InternalServerError"}
    lab.wire.fail(1, how="before", **fault)  # type: ignore[arg-type]
    lab.settle()
    lab.wire.fail(1, how="before", **fault)  # type: ignore[arg-type]
    lab.functions.invoke("ReconcileFunction", {"order_id": order_id})
    lab.functions.invoke("ReconcileFunction", {"order_id": order_id})


def move_the_contact(site: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an account with more open orders than one message is for; and the account goes to another reseller."""
    monkeypatch.setattr(account_changes, "_BATCH_SIZE", 1)
    people, cs = site.people, site.people.cs
    sub = people.subs[0]
    place(site, people.reseller, account_id=sub.account_id)
    place(site, people.reseller, account_id=sub.account_id)
    account = site.account_of(sub)
    enrollment = {**account["enrollment"], "contact": {"name": "Dee", "email": "dee@next.example"}}
    for changes in ({"enrollment": enrollment}, {"enrollment": enrollment, "parent_account_id": None}, {}):
        site.put(f"/api/desk/accounts/{sub.account_id}", cs, {**account, **changes}).ok()
        site.settle()
        site.lab.advance(minutes=1)


def unused(lab: Lab) -> Iterator[str]:
    permissions = lab.wire.permissions
    assert permissions
    for function, statements in permissions.roles.items():
        if function == WORKFLOW:
            continue
        used = [access for name, access in permissions.used if name == function]
        for statement in statements:
            actions, resources = aslist(statement["Action"]), aslist(statement["Resource"])
            for action in actions:
                grant = {**statement, "Action": action}
                if not by_aws(function, action, resources) and not any(covers(grant, access) for access in used):
                    yield f"{function} never does {action} on {resources}"
            for resource in resources:
                grant = {**statement, "Resource": resource}
                lone = any(by_aws(function, action, [resource]) for action in actions)
                if not lone and not any(covers(grant, access) for access in used):
                    yield f"{function} does nothing on {resource} that {actions} are for"


def by_aws(function: str, action: str, resources: list[str]) -> bool:
    return any(
        (function, action) == granted[:2] and resource.endswith(granted[2])
        for granted in BY_AWS
        for resource in resources
    )


def aslist(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_every_granted_action_is_used_and_every_used_one_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    with InProcess.started(QuoteTerms="Payable at once.") as site:  # which functions may then read
        everything_that_is_done(site, monkeypatch)
        all_that_is_granted_is_used(site.lab)


def all_that_is_granted_is_used(lab: Lab) -> None:
    assert [failure for failure in lab.errors if failure.type == "AccessDenied"] == []
    lab.errors.take()
    assert list(unused(lab)) == []
    # What the build leaves of the SDK goes by the same names.
    clients = services()
    with_a_client = {call.operation for call in lab.wire.calls if call.service in clients}
    assert with_a_client
    assert {method_of(operation) for operation in with_a_client} <= names()


def test_in_the_sandbox_of_ses_every_mail_may_go_to_those_who_are_verified(in_process: InProcess) -> None:
    lab = in_process.lab
    lab.ses.in_sandbox = True
    order = place(in_process)
    lab.ses.identities |= {mail.partition("@")[2] for mail in (order.contact, order.user.email, in_process.cs_mailbox)}
    order.desk("claim").ok()
    order.desk("quote", quote(in_process)).ok(202)
    in_process.post("/api/account/contact-report", order.user, {"text": "She has left."}).ok(202)
    in_process.settle()
    lab.advance(minutes=10)
    in_process.settle()
    assert order.status == "pending_confirmation"
    assert {mail.tags["kind"] for mail in lab.mails} >= {"order_received", "new_order", "quote", "contact_report"}
    assert [failure for failure in lab.errors if failure.type == "AccessDenied"] == []
    lab.errors.take()


def test_no_function_may_send_in_the_name_of_another_address(in_process: InProcess) -> None:
    permissions = in_process.lab.wire.permissions
    assert permissions
    identity = f"arn:aws:ses:{permissions.region}:{permissions.account}:identity/example.com"

    def senders(address: str) -> set[str]:
        access = Access("ses:SendRawEmail", identity, (("ses:FromAddress", address),))
        return {function for function in permissions.roles if permissions.allows(function, access)}

    assert senders("orders@example.com") == {
        "MailerFunction",
        "AccountChangesFunction",
        "PeopleChangesFunction",
        "SendQuoteFunction",
    }
    assert senders("boss@example.com") == set()


def test_a_grant_that_nothing_needs_is_found(in_process: InProcess) -> None:
    lab = in_process.lab
    assert lab.wire.permissions
    superfluous = {"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": "arn:aws:dynamodb:::table/Other"}
    lab.wire.permissions.roles["GiveUpQuoteFunction"].append(superfluous)
    lab.wire.permissions.used.add(("MailerFunction", Access("dynamodb:Scan", "arn:aws:dynamodb:::table/Other")))
    found = [each for each in unused(lab) if "Scan" in each]
    assert found[0] == "GiveUpQuoteFunction never does dynamodb:Scan on ['arn:aws:dynamodb:::table/Other']"


def test_every_function_has_a_role_of_its_own() -> None:
    resources = translate(TEMPLATE)["Resources"]
    roles = [
        each["Properties"]["Role"]["Fn::GetAtt"][0]
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::Function"
    ]
    assert len(roles) == len(set(roles)) > 10


def test_a_wildcard_says_why_beside_it() -> None:
    """In the lines of the statement, or just above it; what ends in `/*` or `:*` is below a resource of ours."""
    lines = TEMPLATE.read_text("utf-8").splitlines()
    for number, line in enumerate(lines):
        if not re.search(r"""(Action|Resource|NotAction)?.*["' \[]\*["']""", line) or "Principal" in line:
            continue
        above = lines[max(0, number - 14) : number]
        start = max((index for index, each in enumerate(above) if "- Effect:" in each or "- Sid:" in each), default=0)
        statement = [*above[max(0, start - 2) :], line]
        assert any("#" in each for each in statement) or "Fn::Sub" in line, f"line {number + 1}: {line.strip()}"
        assert "Action" not in line or "s3:*" in line, f"line {number + 1} allows every action"
