"""Erasing a person, item by item: what is changed and counted, concurrent writes, and where a run continues."""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from online_orders import clock
from online_orders.aws import (
    account_store,
    contact_report_store,
    inbound_store,
    order_store,
    service_user_store,
    version_store,
)
from online_orders.aws import table as table_module
from online_orders.aws.audit_store import audit_write
from online_orders.aws.erasure_job import ErasureStep, erase_person
from online_orders.aws.evidence_store import evidence_action
from online_orders.aws.keys import (
    OrderKey,
    account_key,
    catalog_draft_key,
    catalog_key,
    entry_key,
    evidence_key,
    idempotency_key,
    member_key,
    order_key,
    prices_key,
    service_member_key,
    version_key,
)
from online_orders.aws.people_store import write_actions
from online_orders.aws.price_store import put_price_list
from online_orders.aws.table import MAX_ATTEMPTS, put, text, transact
from online_orders.domain import audit
from online_orders.domain.accounts import ERASED, ERASED_EMAIL, Account, ContactReport
from online_orders.domain.audit import OPERATOR, AuditChange, AuditEntry
from online_orders.domain.erasure import ERASED_USER
from online_orders.domain.errors import InProgress, NotFound
from online_orders.domain.evidence import Evidence
from online_orders.domain.order_parts import User
from online_orders.domain.orders import Change, Order
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.prices import PriceList
from online_orders.domain.representations import order_body, to_json
from online_orders.domain.roles import DESK, Role
from online_orders.domain.service_users import NewServiceUser, ServiceUser, create
from online_orders.domain.timeline import Actor
from tests.aws.table import Table
from tests.domain.builders import (
    ANNA,
    CLARA,
    CONNIE,
    CONRAD,
    DAY,
    NOW,
    ORDER_ID,
    account_body,
    account_of,
    place,
    quote_for,
)

Json = dict[str, Any]

LATER = NOW + DAY
AT = OrderKey("acme", ORDER_ID, "online")
CONNIES = CONNIE.email
TYPED = "Connie Typed"
BY_ANNA = Actor(kind="customer", name=ANNA.email)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Table:
    table = Table()
    monkeypatch.setattr(table_module, "client", lambda name: table)
    monkeypatch.setenv("TABLE_NAME", "Table")
    monkeypatch.setenv("CONTACT_REPORTS_PER_DAY", "1000")
    monkeypatch.setattr(clock, "now", lambda: LATER)
    monkeypatch.setattr(account_store, "now", lambda: NOW)
    monkeypatch.setattr(table_module, "monotonic", lambda: float(len(pauses)))
    monkeypatch.setattr(table_module, "back_off", pauses.append)
    pauses.clear()
    return table


pauses: list[int] = []
"""The attempts that were waited before."""


def store_account(account: Account | None = None, by: User = CLARA) -> None:
    account = account or account_of()
    account_store.put_account(account, account_store.find_account(account.account_id), by)


def store_order(change: Change | None = None, account: Account | None = None) -> Order:
    change = change or place()
    key = idempotency_key(change.order.account_id, change.order.source, change.order.order_id)
    response = to_json(order_body(change.order, {}, NOW, at_desk=False))
    order_store.store_new_order(
        change, order_store.IdempotentRequest(key, "hash"), response, account.parent_account_id if account else None
    )
    return change.order


def file_report(account_id: str, words: str) -> None:
    contact_report_store.store_report(account_id, CLARA, ContactReport(text=words), NOW)


def then(order: Order, *decisions: Callable[[Order], Change]) -> Order:
    for decide in decisions:
        change = decide(order)
        order_store.save(order, change)
        order = change.order
    return order


def run(email: str, account_id: str | None = "acme", **more: Any) -> tuple[Counter[str], list[str]]:
    erased: Counter[str] = Counter()
    left: list[str] = []
    for number, step in enumerate(erase_person(email, account_id, **more)):
        assert number < 200, "a run comes to an end"
        erased += step.erased
        left += step.left
    return erased, left


def traces(table: Table, *words: str) -> list[Any]:
    """The keys of all items that say a word."""
    return [
        key
        for key, item in table.items.items()
        if any(word.casefold() in json.dumps(item, ensure_ascii=False).casefold() for word in words)
    ]


def document(table: Table, key: Json) -> Json:
    found: Json = json.loads(table.items[key["pk"]["S"], key["sk"]["S"]]["document"]["S"])
    return found


def trail(table: Table) -> list[AuditEntry]:
    found = (item for (pk, _), item in sorted(table.items.items()) if pk.startswith("AUDIT#"))
    return [AuditEntry.model_validate_json(item["document"]["S"]) for item in found]


# -- one account --------------------------------------------------------------------------------------------------


def test_a_contact_is_erased_from_account_order_entries_and_records(table: Table) -> None:
    store_account()
    order = then(
        store_order(place(body={"note": f"Ask {CONNIES}"})),
        lambda order: order.comment(Actor(kind="customer_success", name="clara"), f"Of {CONNIES}", NOW, internal=True),
    )
    assert len(traces(table, CONNIES)) == 5
    erased, left = run(CONNIES)
    assert erased == {"accounts": 1, "orders": 1, "entries": 1, "records": 1, "audit_entries": 1}
    assert left == []
    assert traces(table, CONNIES) == []
    after = order_store.get_order(AT)
    assert (after.contact.email, after.note, after.updated_at) == (ERASED_EMAIL, f"Ask {ERASED}", LATER)
    assert document(table, entry_key(ORDER_ID, 2))["data"] == {"text": f"Of {ERASED}"}
    assert order.internals.sequence + 1 == after.internals.sequence
    items = dict(table.items)
    assert run(CONNIES) == (Counter(), [])
    assert table.items == items


def test_the_contact_of_a_person_who_is_erased_keeps_the_own_name(table: Table) -> None:
    enrollment = account_body()["enrollment"]
    store_account(account_of(enrollment={**enrollment, "contact": {"name": "Carl Contact", "email": CONNIES}}))
    then(store_order(place(body={"note": "Ask Carl Contact."})), lambda order: order.comment(BY_ANNA, "Hello", NOW))
    items = dict(table.items)
    assert run("dora@acme.example") == (Counter(), [])
    assert table.items == items


def test_an_erased_account_gets_a_version_that_names_nobody(table: Table) -> None:
    store_account()
    erased, _ = run(CONNIES)
    assert erased == {"accounts": 1, "audit_entries": 1}
    stored = account_store.get_stored_account("acme")
    assert (stored.version, stored.changed_by) == (2, "operator")
    assert stored.account.enrollment
    assert stored.account.enrollment.contact is None
    item = table.items["ACCOUNT#acme", "ACCOUNT"]
    assert json.loads(item["changed"]["S"]) == ["/enrollment/contact"]
    assert item["changed_at"] == {"S": "2026-11-23T10:00:00.000Z"}
    before = document(table, version_key(account_key("acme"), 1))
    assert before["enrollment"]["contact"] == {"name": ERASED, "email": ERASED_EMAIL}
    kept = table.items["ACCOUNT#acme", "VERSION#00000001"]
    assert kept["changed_by"] == {"S": CLARA.email}


def test_who_changed_an_account_is_erased_from_it_and_from_what_it_was(table: Table) -> None:
    store_account(by=CLARA)
    store_account(account_of(name="Acme Two"), by=CONRAD)
    assert run(CLARA.email)[0] == {"versions": 1, "audit_entries": 1}
    assert run(CONRAD.email)[0] == {"accounts": 1, "audit_entries": 1}
    assert traces(table, CLARA.email, CONRAD.email) == []
    assert account_store.get_stored_account("acme") == (account_of(name="Acme Two"), 2, ERASED_EMAIL)


def test_the_author_of_a_version_that_names_the_person_is_erased_too(table: Table) -> None:
    store_account(by=User(user_id="connie", email=CONNIES))
    run(CONNIES)
    assert table.items["ACCOUNT#acme", "VERSION#00000001"]["changed_by"] == {"S": ERASED_EMAIL}
    assert traces(table, CONNIES) == []


def test_a_person_is_erased_from_what_an_account_was(table: Table) -> None:
    next_contact = {"name": "Nora Next", "email": "nora@acme.example"}
    store_account()
    store_account(account_of(enrollment={**account_body()["enrollment"], "contact": next_contact}), by=CONRAD)
    erased, _ = run(CONNIES)
    assert erased["versions"] == 1
    assert document(table, version_key(account_key("acme"), 1))["enrollment"]["contact"]["email"] == ERASED_EMAIL
    assert (
        account_store.get_account("acme").enrollment
        == account_of(enrollment={**account_body()["enrollment"], "contact": next_contact}).enrollment
    )
    assert run("nobody@acme.example")[0] == Counter()


def test_a_version_that_the_person_made_and_that_names_the_person_counts_once(table: Table) -> None:
    store_account(by=User(user_id="connie", email=CONNIES))
    store_account(account_of(enrollment=None), by=CONRAD)
    assert run(CONNIES)[0]["versions"] == 1
    kept = table.items["ACCOUNT#acme", "VERSION#00000001"]
    assert kept["changed_by"] == {"S": ERASED_EMAIL}
    assert CONNIES not in kept["document"]["S"]


def test_reports_lose_their_author_with_all_words_and_others_the_name_alone(table: Table) -> None:
    store_account(account_of(enrollment=None))
    for by in (ANNA, CLARA):
        report = ContactReport(text=f"Ask {ANNA.email}, not me")
        contact_report_store.store_report("acme", by, report, NOW)
    file_report("acme", "No name")
    assert run(ANNA.email)[0] == {"reports": 2}
    reports = [json.loads(item["document"]["S"]) for key, item in table.items.items() if "REPORT" in key[1]]
    assert sorted((each["reported_by"]["email"], each["text"]) for each in reports) == [
        (CLARA.email, f"Ask {ERASED}, not me"),
        (CLARA.email, "No name"),
        (ERASED_EMAIL, ERASED),
    ]


# -- orders -------------------------------------------------------------------------------------------------------


def evidence(sequence: int, recipient: str = CONNIES, name: str = TYPED, order_id: str = ORDER_ID) -> None:
    found = Evidence(
        sequence=sequence,
        at=NOW,
        decision="cancel",
        name=name,
        recipient=recipient,
        address="203.0.113.7",
        agent="Firefox",
        revision=None,
        sha256=None,
    )
    table_module.transact([evidence_action(order_id, found)])


def test_a_decision_is_the_persons_by_its_evidence_and_loses_its_reason(table: Table) -> None:
    store_account()
    order = then(store_order(), lambda order: order.cancel(TYPED, "Our own words", NOW))
    evidence(order.internals.sequence)
    erased, _ = run(CONNIES)
    assert (erased["evidence"], erased["entries"]) == (1, 1)
    assert traces(table, CONNIES, TYPED, "Our own words", "203.0.113.7", "Firefox") == []
    after = order_store.get_order(AT)
    assert after.closed
    assert after.closed.reason == ERASED
    assert document(table, evidence_key(ORDER_ID, order.internals.sequence))["recipient"] == ERASED_EMAIL


@pytest.mark.parametrize(("contact", "has_evidence"), [(CONNIES, False), ("nora@acme.example", True)])
def test_a_decision_is_of_who_got_the_link_and_without_evidence_of_the_contact(
    table: Table, contact: str, has_evidence: bool
) -> None:
    store_account(account_of(enrollment=None))
    enrollment = {**account_body()["enrollment"], "contact": {"name": "Nora Next", "email": contact}}
    order = then(
        store_order(place(account=account_of(enrollment=enrollment))),
        lambda order: order.cancel(TYPED, "Our own words", NOW),
    )
    if has_evidence:
        evidence(order.internals.sequence)
    run(ANNA.email)  # so that the decision is not the last entry
    assert run(CONNIES)[0]["entries"] == 1
    assert traces(table, TYPED, "Our own words") == []
    closed = order_store.get_order(AT).closed
    assert closed
    assert closed.reason == ERASED


def test_who_placed_an_order_is_erased_from_its_first_entry(table: Table) -> None:
    store_account(account_of(enrollment=None))
    store_order(place(by=ANNA))
    assert run(ANNA.email)[0] == {"orders": 1, "entries": 1, "records": 1}
    assert document(table, entry_key(ORDER_ID, 1))["actor"]["name"] == ERASED
    assert traces(table, ANNA.email) == []


def test_the_name_that_was_typed_is_looked_for_in_all_that_was_written(table: Table) -> None:
    store_account()
    then(
        store_order(place(body={"note": f"As {TYPED} said"})),
        lambda order: order.comment(
            Actor(kind="customer_success", name="clara"), f"{TYPED} called", NOW, internal=True
        ),
        lambda order: order.cancel(TYPED, None, NOW),
    )
    evidence(3)
    run(CONNIES)
    assert traces(table, TYPED) == []
    assert order_store.get_order(AT).note == f"As {ERASED} said"


def test_a_decision_of_somebody_else_keeps_its_reason(table: Table) -> None:
    store_account()
    then(store_order(), lambda order: order.withdraw(ANNA, f"As {CONNIES} wants", NOW))
    run(CONNIES)
    closed = order_store.get_order(AT).closed
    assert closed
    assert closed.reason == f"As {ERASED} wants"


def test_orders_that_came_directly_are_erased_like_those_of_the_screen(table: Table) -> None:
    store_account()
    direct = place(source="direct", by=CLARA)
    order = direct.order.model_copy(update={"order_id": ORDER_ID[:-1] + "C"})
    store_order(Change(order, direct.entries))
    store_order()
    assert run(CONNIES)[0]["orders"] == 2
    for at in (AT, order_store.key_of(order)):
        assert order_store.get_order(at).contact.email == ERASED_EMAIL


def test_all_items_of_a_kind_are_counted(table: Table) -> None:
    connie = User(user_id="connie", email=CONNIES)
    for name in ("A", "B", "C"):
        store_account(account_of(name=name), by=connie)
    for number in (1, 2):
        store_person(f"person-{number}", CONNIES, acme=Role.BUYER)
        store_machine(f"machine-{number}", "acme", connie)
    for last, source in (("1", "online"), ("2", "online"), ("3", "direct"), ("4", "direct")):
        placed = place(source=source)  # type: ignore[arg-type]
        order = placed.order.model_copy(update={"order_id": ORDER_ID[:-1] + last})
        then(
            store_order(Change(order, placed.entries)),
            lambda order: order.comment(BY_ANNA, f"One for {CONNIES}", NOW),
            lambda order: order.comment(BY_ANNA, f"Two for {CONNIES}", NOW),
        )
        for sequence in (2, 3):
            evidence(sequence, order_id=order.order_id)
    erased, left = run(CONNIES)
    assert left == []
    assert erased == {
        "accounts": 1,
        "versions": 2,
        "memberships": 2,
        "service_users": 2,
        "orders": 4,
        "records": 4,
        "entries": 8,
        "evidence": 8,
        "audit_entries": 5,
    }
    assert traces(table, CONNIES) == []


def test_an_open_order_goes_on_to_the_accounts_present_contact(table: Table) -> None:
    store_account()
    store_order()
    next_contact = {"name": "Nora Next", "email": "nora@acme.example"}
    enrollment = {**account_body()["enrollment"], "contact": next_contact}
    store_account(account_of(enrollment=enrollment))
    run(CONNIES)
    assert order_store.get_order(AT).contact.email == "nora@acme.example"


def test_the_name_of_an_orders_contact_is_looked_for_though_the_account_has_another(table: Table) -> None:
    enrollment = account_body()["enrollment"]
    before, after = (
        account_of(enrollment={**enrollment, "contact": {"name": name, "email": email}})
        for name, email in (("Connie Contact", CONNIES), ("Nora Next", "nora@acme.example"))
    )
    store_account(after)
    store_order(place(account=before, body={"note": "Ask Connie Contact"}))
    run(CONNIES)
    assert order_store.get_order(AT).note == f"Ask {ERASED}"


def test_quotes_and_papers_that_name_the_person_are_left_and_told_of(table: Table) -> None:
    store_account(account_of(name=f"Acme of {CONNIE.email}"))
    order = store_order(place(account=account_of(name=f"Acme of {CONNIE.email}")))
    names = {"terms": f"Signed by {CONNIES}."}
    for day, words in enumerate((names, {}, names)):
        at = NOW + timedelta(hours=day)
        order = then(order, *([lambda order: order.claim(CLARA, NOW)] if not day else []))
        order = then(order, lambda order, at=at, words=words: order.offer(quote_for(order, at, **words), CLARA, at))  # type: ignore[misc]
    erased, left = run(CONNIES)
    pdfs = [f"paper of quote {revision} of order {ORDER_ID}" for revision in (1, 2, 3)]
    assert left[:5] == [f"quote 1 of order {ORDER_ID}", f"quote 3 of order {ORDER_ID}", *pdfs]
    assert erased["orders"] == 1


# -- others at the same time --------------------------------------------------------------------------------------


def interfere(table: Table, method: str, times: int, action: Callable[[], object], where: str = "") -> None:
    """Let somebody else write just before a call, so many times."""
    left = [times]

    def before(called: str, parameters: Json) -> None:
        if called == method and where in json.dumps(parameters) and left[0]:
            left[0] -= 1
            table.before = lambda method, parameters: None
            action()
            table.before = before

    table.before = before


def comment() -> None:
    order = order_store.get_order(AT)
    actor = Actor(kind="customer_success", name="clara")
    order_store.save(order, order.comment(actor, f"Again {CONNIES}", NOW, internal=True))


def test_what_is_written_to_an_order_meanwhile_is_kept_and_erased_too(table: Table) -> None:
    store_account()
    store_order()
    interfere(table, "transact_write_items", 2, comment, "ORDER#")
    erased, _ = run(CONNIES)
    assert traces(table, CONNIES) == []
    assert document(table, entry_key(ORDER_ID, 2))["data"] == {"text": f"Again {ERASED}"}
    assert (erased["orders"], erased["entries"]) == (1, 2)
    assert pauses == [1, 2]


def test_an_order_that_others_never_leave_alone_is_in_progress(table: Table) -> None:
    store_account()
    store_order()
    interfere(table, "transact_write_items", 1_000, comment, "ORDER#")
    with pytest.raises(InProgress):
        run(CONNIES)
    assert pauses == list(range(1, 32))


def rename() -> None:
    stored = account_store.get_stored_account("acme")
    store_account(stored.account.model_copy(update={"name": stored.account.name + "!"}))


def test_what_is_written_to_an_account_meanwhile_is_kept(table: Table) -> None:
    store_account()
    interfere(table, "transact_write_items", 2, rename, "operator")
    assert run(CONNIES)[0]["accounts"] == 1
    account = account_store.get_account("acme")
    assert account.name == "Acme Ltd!!"
    assert account.enrollment
    assert account.enrollment.contact is None
    assert pauses[:2] == [1, 2]


def test_an_account_that_others_never_leave_alone_is_in_progress(table: Table) -> None:
    store_account()
    interfere(table, "transact_write_items", 1_000, rename, "operator")
    with pytest.raises(InProgress):
        run(CONNIES)
    assert pauses == list(range(1, MAX_ATTEMPTS))


def test_what_changed_meanwhile_is_looked_at_in_the_next_pass(table: Table) -> None:
    store_account(account_of(enrollment=None))
    file_report("acme", f"Ask {CONNIES}")
    (key,) = (key for key in table.items if "REPORT" in key[1])

    def rewrite() -> None:
        item = table.items[key]
        table.items[key] = {**item, "document": {"S": item["document"]["S"].replace("Ask", "Do ask")}}

    interfere(table, "update_item", 1, rewrite)
    erased, _ = run(CONNIES)
    assert json.loads(table.items[key]["document"]["S"])["text"] == f"Do ask {ERASED}"
    assert erased == {"reports": 2}


def test_a_report_that_comes_while_the_account_is_written_is_found_in_another_pass(table: Table) -> None:
    store_account()
    interfere(table, "transact_write_items", 1, lambda: file_report("acme", f"Ask {CONNIES}"), "operator")
    assert run(CONNIES)[0] == {"accounts": 1, "reports": 1, "audit_entries": 1}
    assert traces(table, CONNIES) == []


def test_a_name_that_is_met_late_is_looked_for_in_another_pass(table: Table) -> None:
    store_account(account_of(enrollment=None), by=CONRAD)
    store_account(account_of(), by=CONRAD)
    file_report("acme", "Ask Connie Member")
    store_order(place(body={"note": "For Connie Member"}))
    store_person("ada", "connie.member@acme.example", acme=Role.BUYER)
    table.page = 1
    assert run("connie.member@acme.example")[0] == {
        "memberships": 1,
        "reports": 1,
        "records": 1,
        "orders": 1,
        "audit_entries": 1,
    }
    assert traces(table, "Connie Member") == []


# -- all accounts -------------------------------------------------------------------------------------------------


def test_all_accounts_are_gone_through_page_by_page_and_price_lists_first(table: Table) -> None:
    for account_id in ("a", "b", "c"):
        store_account(account_of().model_copy(update={"account_id": account_id}), by=CLARA)
    lists = [PriceList(currency="EUR", version=version, updated_at=NOW, prices=()) for version in (1, 2, 3)]
    for before, after, by in zip([None, *lists], lists, [CLARA, CONRAD, CLARA], strict=False):
        put_price_list(after, before, by)
    put_price_list(PriceList(currency="USD", version=1, updated_at=NOW, prices=()), None, CONRAD)
    table.page = 2
    steps = list(erase_person(CLARA.email))
    assert steps[0] == ErasureStep("", Counter({"price_lists": 2}), ())
    assert steps[-1].position == "c"
    positions = [step.position for step in steps]
    assert positions == sorted(positions)
    assert sum((step.erased for step in steps), Counter()) == {"price_lists": 2, "accounts": 3, "audit_entries": 5}
    assert [step.position for step in steps if step.erased["accounts"]] == ["", "a", "b"]
    assert traces(table, CLARA.email) == []
    pk = prices_key("EUR")["pk"]["S"]
    changed_by = {key[1]: item["changed_by"]["S"] for key, item in table.items.items() if key[0] == pk}
    assert changed_by == {"PRICES": ERASED_EMAIL, "VERSION#00000001": ERASED_EMAIL, "VERSION#00000002": CONRAD.email}


def test_authors_of_the_lists_of_accounts_and_groups_are_erased_too(table: Table) -> None:
    for account_id in ("a", "a-b"):
        store_account(account_of().model_copy(update={"account_id": account_id}), by=CONRAD)
    lists = [
        PriceList(currency=currency, version=1, updated_at=NOW, prices=(), account_id=account_id, group=group)
        for currency in ("EUR", "USD")
        for account_id, group in (("a", None), ("a-b", None), (None, "partners"))
    ]
    for each in lists:
        put_price_list(each, None, CLARA)
    assert run(CLARA.email, "a")[0] == {"price_lists": 2, "audit_entries": 2}
    assert run(CLARA.email, "a")[0] == {}
    steps = list(erase_person(CLARA.email))
    assert [(step.position, step.erased["price_lists"]) for step in steps if step.erased["price_lists"]] == [
        ("", 1),
        ("", 1),
        ("a", 1),
        ("a", 1),
    ]
    assert traces(table, CLARA.email) == []


def test_authors_of_catalogs_and_of_a_draft_are_erased_only_with_all_accounts(table: Table) -> None:
    store_account(account_of(enrollment=None), by=CONRAD)
    first, second, third = (
        version_store.version_item(catalog_key(), version, "{}", by.email, NOW, [])
        for version, by in enumerate((CLARA, CONRAD, CLARA), start=1)
    )
    transact([{"Put": {"Item": first}}])
    transact(version_store.replace_actions(second, 1))
    transact(version_store.replace_actions(third, 2))
    put({**catalog_draft_key(), "changed_by": text(CLARA.email)})
    assert run(CLARA.email)[0] == Counter()
    step, *_ = erase_person(CLARA.email, after="a")
    assert step == ErasureStep("a", Counter({"catalogs": 3}), ())
    assert {sk: item["changed_by"]["S"] for (pk, sk), item in table.items.items() if pk == "CATALOG"} == {
        "CATALOG": ERASED_EMAIL,
        "DRAFT": ERASED_EMAIL,
        "VERSION#00000001": ERASED_EMAIL,
        "VERSION#00000002": CONRAD.email,
    }
    assert run(CLARA.email, None) == (Counter(), [])


def test_a_run_goes_on_behind_the_account_that_is_done(table: Table) -> None:
    for account_id in ("a", "b", "c"):
        store_account(account_of().model_copy(update={"account_id": account_id}), by=CLARA)
    assert run(CLARA.email, None, after="a")[0] == {"accounts": 2, "audit_entries": 3}
    first, *_ = list(erase_person(CLARA.email, after="a"))
    assert first.position == "a"
    assert account_store.get_stored_account("a").changed_by == CLARA.email


def test_an_account_is_erased_with_its_sub_accounts_and_their_orders(table: Table) -> None:
    sub = account_of(parent_account_id="relay").model_copy(update={"account_id": "sub"})
    for account_id in ("relay", "other"):
        store_account(account_of().model_copy(update={"account_id": account_id}))
    store_account(sub)
    former = account_of().model_copy(update={"account_id": "former"})
    store_account(former)
    order_store.add_reseller_pointers("relay", "former", [ORDER_ID])
    table.page = 1
    steps = list(erase_person(CONNIES, "relay"))
    done = list(dict.fromkeys(step.position for step in steps))
    assert done == ["", "former", "relay", "sub"]
    assert {key[0] for key in traces(table, CONNIES)} == {"ACCOUNT#other", "AUDIT#2026-11"}
    assert [entry.account_id for entry in trail(table) if CONNIES in entry.model_dump_json()] == ["other"]
    assert [step.position for step in erase_person(CONNIES, "relay", after="former")][-1] == "sub"
    assert list(dict.fromkeys(step.position for step in erase_person(CONNIES, "relay", after="relay"))) == [
        "relay",
        "sub",
    ]
    assert list(erase_person(CONNIES, "relay", after="sub")) == []


def test_orders_of_an_account_that_is_gone_are_erased_all_the_same(table: Table) -> None:
    store_account(account_of(enrollment=None).model_copy(update={"account_id": "relay"}), by=CONRAD)
    store_order()
    order_store.add_reseller_pointers("relay", "acme", [ORDER_ID])
    assert run(CONNIES, "relay")[0] == {"orders": 1, "records": 1}
    assert traces(table, CONNIES) == []


def test_a_name_that_was_met_is_looked_for_in_later_accounts(table: Table) -> None:
    full = {"name": "Connie Contact", "email": CONNIES}
    store_account(account_of(enrollment={**account_body()["enrollment"], "contact": full}))
    store_account(account_of(enrollment=None).model_copy(update={"account_id": "bolt"}))
    file_report("bolt", "Ask Connie Contact")
    run(CONNIES, None)
    assert traces(table, "Connie Contact") == []


def test_names_that_are_given_are_looked_for_too(table: Table) -> None:
    store_account(account_of(enrollment=None))
    file_report("acme", "Ask Conny")
    assert run(CONNIES)[0] == Counter()
    assert run(CONNIES, names=["Conny"])[0] == {"reports": 1}
    assert traces(table, "Conny") == []


def test_a_deputys_name_is_known_by_the_address(table: Table) -> None:
    deputy = {"name": "Dee Deputy", "email": CONNIES, "from": "2026-11-22", "until": "2026-11-30"}
    contact = {"name": "Nora Next", "email": "nora@acme.example"}
    enrollment = {**account_body()["enrollment"], "contact": contact, "deputies": [deputy]}
    store_account(account_of(enrollment=enrollment))
    file_report("acme", "Ask Dee Deputy")
    erased, _ = run(CONNIES)
    assert erased == {"accounts": 1, "reports": 1, "audit_entries": 1}
    assert traces(table, "Dee Deputy", CONNIES) == []


def test_what_is_no_address_and_an_account_that_is_not_there_are_refused(table: Table) -> None:
    with pytest.raises(ValueError, match="address"):
        run("nobody")
    with pytest.raises(NotFound, match="acme"):
        run(CONNIES)
    assert run(CONNIES, None) == (Counter(), [])
    key = order_key(AT)
    assert (key["pk"]["S"], key["sk"]["S"]) not in table.items


# -- people and service users -------------------------------------------------------------------------------------


def store_person(user_id: str, email: str, name: str = "Connie Member", **roles: Role) -> Person:
    """Store a person with active memberships, by team; `desk` is the desk."""
    teams = {DESK if team == "desk" else team: role for team, role in roles.items()}
    person = Person(
        user_id=user_id,
        email=email,
        name=name,
        group="customer-success" if DESK in teams else "customers",
        memberships={team: Membership(role=role, state=PersonState.ACTIVE) for team, role in teams.items()},
    )
    transact(write_actions(None, person))
    return person


def people(table: Table) -> dict[str, set[str]]:
    """The teams of everybody who is stored, by id."""
    found = (item for (pk, _), item in table.items.items() if item.get("kind") == {"S": "person"})
    stored = [Person.model_validate_json(item["document"]["S"]) for item in found]
    return {each.user_id: {*each.memberships} for each in stored}


def store_machine(user_id: str, team: str, by: User, name: str = "ERP") -> ServiceUser:
    scopes = ("desk:read",) if team == DESK else ("orders:read",)
    asked = NewServiceUser(name=name, scopes=scopes)
    made = create(asked, team, user_id=user_id, username=user_id, secret="s", by=by, at=NOW)
    transact(service_user_store._write_actions(None, made))
    return made


def machine(user_id: str) -> ServiceUser:
    stored = service_user_store.find_service_user(user_id)
    assert stored
    assert stored.version == 1
    return stored.user


def test_a_member_is_removed_and_the_name_is_looked_for_in_what_was_written(table: Table) -> None:
    store_account(account_of(enrollment=None))
    store_person("ada", CONNIES.upper(), acme=Role.BUYER, bolt=Role.BUYER)
    store_person("bea", "bea@acme.example", acme=Role.ADMIN)
    file_report("acme", "Ask Connie Member")
    assert run(CONNIES)[0] == {"memberships": 1, "reports": 1, "audit_entries": 1}
    assert people(table) == {"ada": {"bolt"}, "bea": {"acme"}}
    assert [key for key in table.items if key[1] == "PERSON#ada"] == [
        ("ACCOUNT#bolt", "PERSON#ada"),
    ]
    (report,) = (item for key, item in table.items.items() if "REPORT" in key[1])
    assert json.loads(report["document"]["S"])["text"] == f"Ask {ERASED}"


def test_what_a_member_did_under_another_address_is_erased_by_the_id(table: Table) -> None:
    store_account(account_of(enrollment=None), by=User(user_id="ada", email="before@acme.example"))
    store_person("ada", CONNIES, acme=Role.BUYER)
    assert run(CONNIES)[0] == {"memberships": 1, "audit_entries": 2}
    assert {(each.action, each.by.user_id, each.subject_id) for each in trail(table)} == {
        ("created", "erased", "acme"),
        ("erased", "operator", "erased"),
    }
    assert people(table) == {}


def test_staff_are_removed_only_with_all_accounts_and_before_them(table: Table) -> None:
    store_account(account_of(enrollment=None), by=CONRAD)
    store_person("ada", CONNIES, desk=Role.LEAD)
    store_person("eve", "eve@vendor.example", desk=Role.LEAD)
    assert run(CONNIES)[0] == Counter()
    first, *_ = erase_person(CONNIES, after="a")
    assert first == ErasureStep("a", Counter({"memberships": 1}), ())
    assert people(table) == {"eve": {DESK}}
    assert table.items["STAFF", "MANAGERS"]["active"] == {"N": "1"}
    assert {each.subject_id for each in trail(table) if each.action == "erased"} == {"erased"}


def test_who_made_a_service_user_is_erased_from_it(table: Table) -> None:
    store_account(account_of(enrollment=None), by=CONRAD)
    own, other = store_machine("m-1", "acme", CLARA, "ERP of Clara"), store_machine("m-2", "acme", ANNA)
    assert run(CLARA.email, names=["Clara"])[0] == {"service_users": 1}
    assert machine("m-1") == own.model_copy(update={"created_by": ERASED_USER, "name": f"ERP of {ERASED}"})
    assert machine("m-2") == other
    desk = [store_machine("m-3", DESK, CLARA), store_machine("m-4", DESK, CLARA), store_machine("m-5", DESK, ANNA)]
    assert run(CLARA.email)[0] == Counter()
    first, *_ = erase_person(CLARA.email, after="a")
    assert first == ErasureStep("a", Counter({"service_users": 2}), ())
    assert [machine(each.user_id).created_by for each in desk] == [ERASED_USER, ERASED_USER, ANNA]


def test_what_points_to_nobody_is_passed_over(table: Table) -> None:
    store_account(account_of(enrollment=None), by=CONRAD)
    for key in (member_key("acme", "gone"), member_key(DESK, "gone"), service_member_key("acme", "gone")):
        table.items[key["pk"]["S"], key["sk"]["S"]] = key
    assert run(CONNIES) == run(CONNIES, None) == (Counter(), [])


# -- the audit trail ----------------------------------------------------------------------------------------------


def test_a_contact_is_erased_from_the_audit_trail_and_what_was_changed_stays(table: Table) -> None:
    store_account()
    next_contact = {"name": "Nora", "email": "nora@acme.example"}
    store_account(account_of(name="After", enrollment={**account_body()["enrollment"], "contact": next_contact}))
    before = trail(table)
    assert run(CONNIES)[0]["audit_entries"] == 2
    after = sorted(trail(table)[:2], key=lambda each: each.action)
    before.sort(key=lambda each: each.action)
    assert [(each.audit_id, each.at, each.by, each.action) for each in after] == [
        (each.audit_id, each.at, each.by, each.action) for each in before
    ]
    nobody = {"name": ERASED, "email": ERASED_EMAIL}
    assert {each.pointer: (each.was, each.is_now) for each in after[0].changes} == {
        "/name": ("Acme Ltd", "After"),
        "/enrollment/contact": (nobody, next_contact),
    }
    assert {each.pointer: each.is_now for each in after[1].changes}["/enrollment"]["contact"] == nobody


def test_an_erasure_is_in_the_audit_trail_and_names_nobody(table: Table) -> None:
    store_account()
    run(CONNIES)
    entry = trail(table)[-1]
    assert (entry.by, entry.action, entry.account_id) == (OPERATOR, "erased", "acme")
    (change,) = entry.changes
    assert (change.pointer, change.was, change.is_now) == (
        "/enrollment/contact",
        {"name": ERASED, "email": ERASED_EMAIL},
        None,
    )


def test_an_author_is_erased_from_all_entries_by_the_id_that_one_of_them_shows(table: Table) -> None:
    store_account(by=CLARA)
    renamed = User(user_id=CLARA.user_id, email="clara.married@vendor.example")
    store_account(account_of(name="After"), by=renamed)
    assert run(CLARA.email)[0]["audit_entries"] == 2
    assert {each.by.user_id for each in trail(table)} == {"erased"}
    assert traces(table, '"user_id": {"S": "clara"}') == []


def test_an_entry_of_a_month_before_shows_the_id_by_which_later_ones_are_erased(table: Table) -> None:
    store_account(account_of(enrollment=None), by=CONRAD)
    later = User(user_id=CLARA.user_id, email="clara.married@vendor.example")
    entries = [
        audit.entry(at, by, "account", "acme", "changed", account_id="acme", was={"name": "A"}, now={"name": "B"})
        for at, by in ((NOW - timedelta(days=60), CLARA), (NOW, later))
    ]
    transact([audit_write(each) for each in entries])
    assert run(CLARA.email)[0] == {"audit_entries": 2}
    assert [each.by.user_id for each in trail(table) if each.action == "changed"] == ["erased", "erased"]
    assert traces(table, CLARA.email, later.email) == []


def test_a_person_is_erased_from_the_entries_about_them(table: Table) -> None:
    store_account(account_of(enrollment=None))
    person = {"email": CONNIES, "name": "Connie", "role": "buyer"}
    entries = [
        audit.entry(NOW, CLARA, "person", "sub-1", "invited", account_id="acme", now=person),
        audit.entry(
            LATER, CLARA, "person", "sub-1", "changed", account_id="acme", was=person, now={**person, "name": "Conny"}
        ),
        audit.entry(LATER, CLARA, "person", "sub-2", "deactivated", account_id="acme", was={"name": "Al"}, now={}),
    ]
    transact([audit_write(each) for each in entries])
    assert run(CONNIES)[0]["audit_entries"] == 2
    by_action = {each.action: each for each in trail(table)}
    assert {each.pointer: each.is_now for each in by_action["invited"].changes} == {
        "/email": ERASED_EMAIL,
        "/name": ERASED,
        "/role": "buyer",
    }
    assert by_action["invited"].subject_id == by_action["changed"].subject_id == "erased"
    assert by_action["changed"].changes == (AuditChange(pointer="/name", was=ERASED, is_now=ERASED),)
    assert by_action["deactivated"] == entries[2]


def test_the_whole_trail_is_erased_only_with_all_accounts(table: Table) -> None:
    put_price_list(PriceList(currency="USD", version=1, updated_at=NOW, prices=()), None, CLARA)
    store_account(by=CONRAD)
    assert run(CLARA.email)[0] == Counter()
    assert run(CLARA.email, None)[0] == {"price_lists": 1, "audit_entries": 1}


# -- received mails -----------------------------------------------------------------------------------------------


class Bucket:
    """The bucket of received mails, with one mail a page."""

    def __init__(self, **mails: bytes) -> None:
        self.mails = mails

    def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        assert (asked["Bucket"], asked["Prefix"]) == ("Inbound", "inbound/")
        left = [each for each in sorted(self.mails) if each > asked.get("ContinuationToken", "")]
        more = {"NextContinuationToken": left[0], "IsTruncated": True} if len(left) > 1 else {}
        return {"Contents": [{"Key": f"inbound/{each}"} for each in left[:1]], **more}

    def get_object(self, **asked: str) -> dict[str, Any]:
        raw = self.mails[asked["Key"].removeprefix("inbound/")]
        return {"Body": BytesIO(raw), "ContentLength": len(raw)}

    def delete_object(self, **asked: str) -> None:
        del self.mails[asked["Key"].removeprefix("inbound/")]


def test_received_mails_are_removed_with_their_sender(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    named = f"Subject: x\nContent-Transfer-Encoding: base64\n\n{b64encode(f'Ask {CONNIES}'.encode()).decode()}"
    bucket = Bucket(
        a=f"From: Connie <{CONNIES.upper()}>\n\nHello".encode(),
        b=b"From: eve@elsewhere.example\n\nHi",
        c=named.encode(),
    )
    monkeypatch.setattr(inbound_store, "client", lambda name: bucket)
    monkeypatch.setenv("INBOUND_BUCKET", "Inbound")
    erased, _ = run(CONNIES, None)
    assert (erased, sorted(bucket.mails)) == ({"mails": 2}, ["b"])
    assert run(CONNIES, None) == (Counter(), [])


def test_where_no_mails_are_received_none_is_looked_for(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INBOUND_BUCKET", "")
    monkeypatch.setattr(inbound_store, "client", None)
    assert run(CONNIES, None) == (Counter(), [])
