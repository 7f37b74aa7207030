"""A person is erased from everything that is stored, and every order stays and goes on."""

import io
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from pypdf import PdfReader

from online_orders.aws import erasure_job
from online_orders.aws.order_store import get_any_order
from online_orders.domain.errors import NotFound
from tests.contract.in_process import InProcess, adopted
from tests.contract.orders import Order, claimed, fresh, item, offered, place, place_direct, quote, rows
from tests.contract.site import Json, User
from tests.lab import Lab
from tests.lab.wire import ProcessDied

OPERATOR = "the operator"
TYPED = "Connie Maria Contact"
"""How the contact signs; the enrollment spells it otherwise."""


class Story:
    """An account with orders of every kind, in which everybody has left traces everywhere."""

    def __init__(self, site: InProcess) -> None:
        self.site, self.cs = site, site.people.cs
        self.customer: User = site.people.customer
        account = site.account_of(self.customer)
        self.account_id: str = account["account_id"]
        self.contact: Json = account["enrollment"]["contact"]
        gossip = (
            f"{self.contact['name']} <{self.contact['email'].upper()}> asked {self.customer.email} and {self.cs.email}."
        )
        self.completed, mail = offered(site, note=gossip, purchase_order_number="PO-7")
        self.completed.ask("comment", {"text": "My words."}).ok()
        self.completed.desk("comment", {"text": gossip, "internal": True}).ok()
        site.decide(mail, "request_change", name=TYPED, reason="Our words.").page()
        self.completed.desk("quote", quote(site)).ok(202)
        self.approval = self.completed.quote_mail(revision=2)
        site.decide(self.approval, "approve", name=TYPED).page()
        self.withdrawn = place(site)
        self.withdrawn.ask("cancel", {"reason": f"{gossip} And so on."}).ok()
        self.declined = claimed(site)
        self.declined.desk("decline", {"reason": gossip}).ok()
        self.canceled = place(site)
        site.decide(self.canceled.mail_to(self.canceled.contact), "cancel", name=TYPED, reason=gossip).page()
        self.open, self.link = offered(site)
        self.direct = place_direct(site, self.account_id, note=gossip)
        site.post("/api/account/contact-report", self.customer, {"text": gossip}).ok(202)
        site.settle()

    @property
    def orders(self) -> list[Order]:
        return [self.completed, self.withdrawn, self.declined, self.canceled, self.open, self.direct]

    def seen(self) -> list[Json]:
        """All orders as the desk sees them, without people and what they wrote, nor when they were changed last."""
        found = []
        for order in self.orders:
            row = self.site.get(order.desk_path, self.cs).ok()
            for name in ("placed_by", "assignee", "contact", "waits_for_contact", "note", "updated_at"):
                row.pop(name)
            if row["closed"]:
                row["closed"].pop("reason")
            if row["delivery"]:
                row["delivery"].pop("recipient")
            found.append(row)
        return found


def erase(email: str, account_id: str | None = None) -> tuple[Counter[str], list[str]]:
    erased: Counter[str] = Counter()
    left: list[str] = []
    for step in erasure_job.erase_person(email, account_id):
        erased += step.erased
        left += step.left
    return erased, left


def stored(site: InProcess) -> list[str]:
    """Every item of the table, and the words on every paper, every version of it."""
    s3, bucket = site.lab.client("s3"), site.lab.outputs["DocumentsBucket"]
    found = [json.dumps(item, default=str, ensure_ascii=False) for item in site.lab.items]
    for version in s3.list_object_versions(Bucket=bucket).get("Versions", []):
        pdf = s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])["Body"].read()
        found.append(words_on(pdf) + version["Key"])
    return found


@cache
def words_on(paper: bytes) -> str:
    reader = PdfReader(io.BytesIO(paper))
    return " ".join(page.extract_text() for page in reader.pages) + str(reader.metadata)


def traces(site: InProcess, *of: str) -> list[str]:
    """What names one of these, once the index of the search has followed."""
    site.settle()
    return [text for text in stored(site) if any(word.casefold() in text.casefold() for word in of)]


@contextmanager
def operator(lab: Lab) -> Iterator[None]:
    """Calls of the test itself are seen on the wire, as those of somebody who may do anything."""
    assert lab.wire.permissions
    lab.wire.permissions.roles[OPERATOR] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    lab.wire.running.append(OPERATOR)
    try:
        yield
    finally:
        lab.wire.running.pop()


@pytest.fixture
def site(in_process: InProcess, monkeypatch: pytest.MonkeyPatch) -> InProcess:
    """Where the operator's commands work."""
    monkeypatch.setenv("TABLE_NAME", in_process.lab.outputs["TableName"])
    return in_process


def gapless(order: Order) -> bool:
    sequence = [each["sequence"] for each in order.desk_timeline()]
    return sequence == list(range(1, len(sequence) + 1))


def account_of(site: InProcess) -> tuple[str, str, str]:
    """The customer's account, and the name and address of its contact."""
    account = site.account_of(site.people.customer)
    contact = account["enrollment"]["contact"]
    return account["account_id"], contact["name"], contact["email"]


def name_contact(site: InProcess, account_id: str) -> None:
    account = site.get(f"/api/desk/accounts/{account_id}", site.people.cs).ok()
    account["enrollment"]["contact"] = {"name": "Dee Next", "email": "dee@next.example"}
    site.put(f"/api/desk/accounts/{account_id}", site.people.cs, account).ok()
    site.settle()


@pytest.mark.each_catalog
def test_no_stored_item_names_an_erased_contact_and_orders_are_unchanged(site: InProcess) -> None:
    story, lab = Story(site), site.lab
    name, email = story.contact["name"], story.contact["email"]
    before, mails, events = story.seen(), len(lab.mails), len(lab.events)
    running = {each.name: each.status for each in lab.executions}
    assert len(traces(site, name, email, TYPED)) > 20
    erased, left = erase(email, story.account_id)
    assert left == []
    assert erased.keys() >= {"orders", "entries", "evidence", "mails", "reports", "records", "accounts"}
    assert traces(site, name, email, TYPED) == []
    assert story.seen() == before
    assert all(gapless(order) for order in story.orders)
    for order in (get_any_order(each.order_id) for each in story.orders):
        if order.quote:
            assert order.quote.content_hash(order.account_id, order.order_id) == order.quote.sha256
    (change, approval) = site.get(f"{story.completed.desk_path}/evidence", story.cs).ok()["items"]
    assert (approval["decision"], approval["name"], approval["address"]) == ("approve", "[erased]", None)
    assert (change["revision"], approval["revision"]) == (1, 2)
    pdf = site.get(f"{story.completed.path}/quotes/2", story.customer, Accept="application/pdf").body
    assert pdf == story.approval.attachments[0].read()

    site.settle()  # nobody is told, and nothing moves
    assert (len(lab.mails), len(lab.events)) == (mails, events)
    assert {each.name: each.status for each in lab.executions} == running
    items = lab.items
    assert erase(email, story.account_id) == (Counter(), [])
    assert lab.items == items


def test_nothing_that_is_stored_names_an_erased_user(site: InProcess) -> None:
    story = Story(site)
    before, order = story.seen(), story.open.read()
    erase(story.customer.email, story.account_id)
    assert traces(site, story.customer.email, order["placed_by"]["user_id"], "My words.") == []
    erase(story.cs.email)
    assert traces(site, story.cs.email, order["assignee"]["user_id"]) == []
    assert story.seen() == before
    assert all(gapless(each) for each in story.orders)


def test_whichever_call_is_the_last_of_a_run_the_next_one_erases_the_rest(site: InProcess) -> None:
    story, lab = Story(site), site.lab
    name, email = story.contact["name"], story.contact["email"]
    before, runs = story.seen(), 0
    fired = True
    while fired:
        operation = ("UpdateItem", "TransactWriteItems")[runs % 2]
        with operator(lab):
            faults = [
                lab.wire.fail(2, function=OPERATOR, operation=operation, how="die"),
                lab.wire.fail(4, function=OPERATOR, operation=operation, how="die-after"),
            ]
            try:
                erase(email, story.account_id)
            except ProcessDied:
                runs += 1
            else:
                fired = any(fault.fired for fault in faults)
                runs += fired
            lab.wire.heal()
    assert runs > 2
    erase(email, story.account_id)
    assert traces(site, name, email, TYPED) == []
    assert story.seen() == before


def test_an_open_order_completes_by_the_next_contact_and_the_old_links_are_dead(site: InProcess) -> None:
    account_id, _, email = account_of(site)
    order, mail = offered(site)
    waiting = place(site)
    site.settle()
    erase(email, account_id)
    site.settle()
    for dead in (mail, order.mails_to(email)[0], waiting.mail_to(email)):
        site.decide(dead, "cancel").page(410)
    order.desk("resend", {}).refused(409, "conflict")
    refused = site.post("/api/orders", order.user, {"items": [item(site)]}, Idempotency_Key=fresh("key"))
    refused.refused(403, "not_enrolled")
    before = len(site.lab.mails.to(email))
    waiting.desk("claim").ok()
    waiting.desk("quote", quote(site)).ok(202)
    site.settle()
    assert waiting.read()["quote"]["state"] == "undeliverable"
    assert site.mails(about=waiting.order_id)[-1].to == (site.cs_mailbox,)
    name_contact(site, account_id)
    for each in (order, waiting):
        newest = [found for found in each.mails_to("dee@next.example") if found.attachments][-1]
        site.decide(newest, "approve").page()
        assert each.status == "completed"
    site.settle()
    assert len(site.lab.mails.to(email)) == before


def test_a_decision_on_the_order_as_it_was_does_not_bring_the_person_back(site: InProcess) -> None:
    account_id, _, email = account_of(site)
    order = place(site)

    def meanwhile() -> None:
        with operator(site.lab):
            erase(email, account_id)

    site.lab.wire.meanwhile(meanwhile, operation="TransactWriteItems")
    order.desk("claim").ok()
    assert traces(site, email) == []
    assert [each["event"] for each in order.desk_timeline()][-2:] == ["person.erased", "order.claimed"]


def test_what_others_write_while_a_person_is_erased_is_kept_and_erased_too(site: InProcess) -> None:
    account_id, name, email = account_of(site)
    first, second = place(site), place(site)
    site.settle()
    placed: list[Order] = []

    def meanwhile() -> None:
        first.desk("comment", {"text": f"Tell {name}."}).ok()
        second.desk("claim").ok()
        placed.append(place(site))

    with operator(site.lab):
        site.lab.wire.meanwhile(meanwhile, function=OPERATOR, operation="TransactWriteItems")
        erase(email, account_id)
    assert "Tell [erased]." in {entry["data"].get("text") for entry in first.desk_timeline()}
    assert (second.status, placed[0].status) == ("in_process", "submitted")
    assert traces(site, name, email) == []


def test_a_queued_contact_change_does_not_restore_an_erased_person(site: InProcess) -> None:
    account_id, _, _ = account_of(site)
    order = place(site)
    site.settle()
    account = site.get(f"/api/desk/accounts/{account_id}", site.people.cs).ok()
    account["enrollment"]["contact"] = {"name": "Dee Next", "email": "dee@next.example"}
    site.put(f"/api/desk/accounts/{account_id}", site.people.cs, account).ok()
    erase("dee@next.example", account_id)
    site.settle()
    assert traces(site, "dee@next.example", "Dee Next") == []
    assert order.status == "submitted"


def test_a_person_is_erased_from_what_accounts_and_price_lists_were(site: InProcess) -> None:
    account_id, name, email = account_of(site)
    path, lists = f"/api/desk/accounts/{account_id}", "/api/desk/price-lists/EUR"
    account = site.get(path, site.people.cs).ok()
    deputy = {"name": name, "email": email, "from": site.day(30), "until": site.day(40)}
    first = {**account, "sites": [{**account["sites"][0], "name": f"Home of {email}"}]}
    for version in (
        first,
        {**account, "enrollment": {**account["enrollment"], "deputies": [deputy]}},
        {
            **account,
            "enrollment": {**account["enrollment"], "contact": {"name": "Dee Next", "email": "dee@next.example"}},
        },
    ):
        site.put(path, site.people.cs, version).ok()
    price = {"kind": "ip_addresses", "description": "IPv4", "unit_price": "1.00", "recurrence": "monthly"}
    for prices in ([price], []):
        site.put(lists, site.people.cs, {"prices": prices}).ok()
    site.settle()
    before = rows(site, f"{path}/versions", site.people.cs)
    assert len(traces(site, email)) == 3 + 4  # versions, and entries of the audit trail

    erased, _ = erase(email, account_id)
    assert erased["versions"] >= 3
    assert traces(site, name, email) == []
    after = rows(site, f"{path}/versions", site.people.cs)
    assert [each["version"] for each in after] == [each["version"] for each in before]
    nobody = {"name": "[erased]", "email": "erased@erased.invalid"}
    assert after[0]["enrollment"]["contact"] == before[0]["enrollment"]["contact"]
    assert [each["enrollment"]["contact"] for each in after[1:]] == [nobody] * len(after[1:])
    assert after[1]["enrollment"]["deputies"] == [{**nobody, "from": deputy["from"], "until": deputy["until"]}]
    assert before[2]["changed"] == ["/sites"]
    former = site.get(f"{path}/versions/{before[2]['version']}", site.people.cs).ok()["account"]
    assert former["sites"][0]["name"] == "Home of [erased]"

    assert erase(site.people.cs.email)[0]["price_lists"] == 2
    assert traces(site, site.people.cs.email) == []
    assert {each["by"] for each in rows(site, f"{lists}/versions", site.people.cs)} == {nobody["email"]}


def test_earlier_account_versions_name_no_erased_person(
    site: InProcess,
) -> None:
    account_id, name, email = account_of(site)
    mails = len(site.lab.mails)
    erase(email, account_id)
    site.settle()
    newest, before = rows(site, f"/api/desk/accounts/{account_id}/versions", site.people.cs)[:2]
    assert (newest["by"], newest["changed"]) == ("operator", ["/enrollment/contact"])
    assert newest["version"] == before["version"] + 1
    assert (newest["enrollment"]["contact"], before["enrollment"]["contact"]["name"]) == (None, "[erased]")
    assert traces(site, name, email) == []
    assert len(site.lab.mails) == mails


def test_a_reseller_is_erased_from_its_sub_accounts_too(site: InProcess) -> None:
    reseller, sub = site.people.reseller, site.people.subs[0]
    place(site, reseller, account_id=sub.account_id)
    erase(reseller.email, reseller.account_id)
    assert traces(site, reseller.email) == []


def test_other_accounts_are_left_alone_and_steps_say_where_to_go_on(site: InProcess) -> None:
    account_id, _, _ = account_of(site)
    other = claimed(site, site.people.other)
    steps = list(erasure_job.erase_person(site.people.cs.email, account_id))
    assert steps[-1].position == account_id
    assert other.read()["assignee"]["email"] == site.people.cs.email
    rest = erasure_job.erase_person(site.people.cs.email, after=max(site.accounts))
    assert sum((step.erased for step in rest), Counter()).keys() == {"audit_entries"}
    assert {step.position for step in erasure_job.erase_person(site.people.cs.email)} >= set(site.accounts)
    assert other.read()["assignee"] is None


def test_a_quote_that_names_the_person_is_left_and_told_of(site: InProcess) -> None:
    order = claimed(site)
    order.desk("quote", quote(site, message=f"Dear {order.contact}")).ok(202)
    _, left = erase(order.contact, site.people.customer.account_id)
    assert set(left) == {f"quote 1 of order {order.order_id}"}
    assert order.read()["quote"]["message"] == f"Dear {order.contact}"


def test_nothing_is_scanned_to_erase(site: InProcess) -> None:
    claimed(site)
    with operator(site.lab):
        site.lab.wire.calls.clear()
        erase(site.people.cs.email)
    called = {call.operation for call in site.lab.wire.calls}
    assert called == {"Query", "BatchGetItem", "GetItem", "UpdateItem", "PutItem", "TransactWriteItems"}


def test_an_account_that_is_not_there_is_said_so(site: InProcess) -> None:
    with pytest.raises(NotFound):
        erase("connie@nowhere.example", "nowhere")


# -- users --------------------------------------------------------------------------------------------------------


def in_two_accounts(site: InProcess) -> tuple[Json, list[User]]:
    """A person who was invited to two accounts, and an admin of each."""
    admins = [site.people.customer, site.people.other]
    body = {"email": f"{fresh('ada')}@new.example", "name": "Ada Lovelace", "role": "admin"}
    person, _ = (site.post("/api/people", admin, body).ok(201) for admin in admins)
    site.settle()
    return person, admins


def naming(site: InProcess, email: str) -> list[str]:
    """The items that hold an address."""
    return [text for text in stored(site) if email in text]


def test_a_user_is_erased_with_every_membership(in_process: InProcess) -> None:
    site = in_process
    person, admins = in_two_accounts(site)
    assert naming(site, person["email"])
    with site.lab.as_operator():
        assert erase(person["email"].upper()) == (Counter(memberships=2, audit_entries=4), [])
        assert erase(person["email"]) == (Counter(), [])
    assert naming(site, person["email"]) == []
    for admin in admins:
        assert site.get("/api/people", admin).ok()["items"] == []
    site.settle()


def test_a_user_is_erased_from_one_account_and_stays_in_the_other(in_process: InProcess) -> None:
    site = in_process
    person, (admin, other) = in_two_accounts(site)
    with site.lab.as_operator():
        assert erase(person["email"], str(admin.account_id))[0] == Counter(memberships=1, audit_entries=2)
    assert site.get("/api/people", admin).ok()["items"] == []
    assert site.get("/api/people", other).ok()["items"] == [person]


def test_staff_are_erased_and_the_last_manager_may_go(in_process: InProcess) -> None:
    site, cs = in_process, in_process.people.cs
    adopted(site, cs)
    adopted(site, site.people.customer)
    with site.lab.as_operator():
        assert erase(cs.email)[0]["memberships"] == 1
        assert erase(site.people.customer.email)[0]["memberships"] == 1
    assert site.get("/api/desk/people", site.people.cs2).ok()["items"] == []
    counts = {each["pk"]: each["active"] for each in site.lab.items if each["sk"] == "MANAGERS"}
    assert counts == {"STAFF": 0, f"ACCOUNT#{site.people.customer.account_id}": 0}
    trail = [json.loads(each["document"]) for each in site.lab.items if each["pk"].startswith("AUDIT#")]
    erasures = [each for each in trail if each["action"] == "erased" and each["subject"] == "person"]
    assert {(each["by"]["user_id"], each["subject_id"]) for each in erasures} == {("operator", "erased")}


def test_who_made_a_service_user_is_erased_and_the_service_user_stays(in_process: InProcess) -> None:
    site, admin, cs = in_process, in_process.people.customer, in_process.people.cs
    asked = {"name": f"ERP of {admin.email.partition('@')[0]}", "scopes": ["orders:read"]}
    own = site.post("/api/service-users", admin, asked).ok(201)
    desk = site.post("/api/desk/service-users", cs, {"name": "CRM", "scopes": ["desk:read"]}).ok(201)
    with site.lab.as_operator():
        assert erase(admin.email)[0]["service_users"] == 1
        assert erase(cs.email)[0]["service_users"] == 1
    nobody = {"user_id": "erased", "email": "erased@erased.invalid"}
    for made in (own, desk):
        after = site.get(f"/api/desk/service-users/{made['user_id']}", site.people.cs2).ok()
        assert after == {**{name: made[name] for name in after}, "created_by": nobody}
    assert naming(site, admin.email) == []
