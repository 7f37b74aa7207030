"""Accounts in the table: their reads and writes and the outbox messages, call by call."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from online_orders.aws import account_outbox, account_store, contact_report_store
from online_orders.aws.account_store import StoredAccount
from online_orders.aws.keys import (
    account_key,
    change_key,
    directory_key,
    group_member_key,
    report_key,
    subaccount_key,
    version_key,
)
from online_orders.aws.table import MAX_ATTEMPTS, Items, WriteConflict
from online_orders.domain.accounts import Account, ContactReport
from online_orders.domain.audit import AuditChange, AuditEntry
from online_orders.domain.errors import InProgress, Invalid, NotFound, TooManyRequests
from online_orders.domain.order_ids import first_id_of
from online_orders.telemetry import MetricUnit, logger, metrics
from tests.aws.audited import take_entry
from tests.aws.service import Service, canceled, error_of
from tests.domain.builders import ANNA, CALLER, CARLA, CLARA, account_body, account_of

Json = dict[str, Any]

NOW = datetime(2026, 11, 23, 9, 5, 7, tzinfo=UTC)
TEXT_OF_NOW = "2026-11-23T09:05:07.000Z"
WITHIN = {"N": str(int((NOW + timedelta(minutes=3)).timestamp()))}
KEY = account_key("acme")


@pytest.fixture
def service(service: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(account_store, "now", lambda: NOW)
    monkeypatch.setenv("MAIL_QUEUE_URL", "https://mails")
    monkeypatch.setenv("ACCOUNT_CHANGES_URL", "https://changes")
    monkeypatch.setenv("CONTACT_REPORTS_PER_DAY", "3")
    return service


def stored(account: Account, version: int = 1, by: str = CLARA.email, changed: list[str] | None = None) -> Json:
    return {
        **account_key(account.account_id),
        "version": {"N": str(version)},
        "changed_by": {"S": by},
        "changed_at": {"S": TEXT_OF_NOW},
        "changed": {"S": json.dumps(changed or [])},
        "document": {"S": account.model_dump_json()},
    }


def found(*items: Json) -> Json:
    return {"Responses": {"Table": list(items)}}


def of_id(account_id: str) -> Account:
    return account_of().model_copy(update={"account_id": account_id})


# -- reading ------------------------------------------------------------------------------------------------------


def test_an_account_is_read_with_its_version_and_who_changed_it(service: Service) -> None:
    service.answers = [{"Item": stored(account_of(), 3)}, {"Item": stored(account_of())}, {}]
    assert account_store.find_account("acme") == StoredAccount(account_of(), 3, "clara@vendor.example")
    assert account_store.get_account("acme") == account_of()
    assert account_store.find_account("acme") is None
    for read in (account_store.get_account, account_store.get_stored_account):
        with pytest.raises(NotFound, match="acme"):
            read("acme")
    assert {requested["Key"]["pk"]["S"] for _, requested in service.asked} == {"ACCOUNT#acme"}


@pytest.mark.parametrize(
    ("caller", "items", "is_reached"),
    [
        ("acme", [stored(account_of())], True),
        ("acme", [], False),
        ("relay", [stored(account_of()), subaccount_key("relay", "acme")], True),
        ("relay", [stored(account_of())], False),
        ("relay", [subaccount_key("relay", "acme")], False),
    ],
)
def test_an_account_is_reached_by_itself_and_its_reseller(
    service: Service, caller: str, items: list[Json], is_reached: bool
) -> None:
    service.answers = [found(*items)]
    if is_reached:
        assert account_store.get_account_for_caller(caller, "acme") == account_of()
    else:
        with pytest.raises(NotFound, match="acme"):
            account_store.get_account_for_caller(caller, "acme")
    keys = [KEY] if caller == "acme" else [KEY, subaccount_key("relay", "acme")]
    assert service.asked == [("batch_get_item", {"RequestItems": {"Table": {"Keys": keys, "ConsistentRead": True}}})]


def test_a_version_of_an_account_is_found_or_said_to_be_missing(service: Service) -> None:
    before = account_of(name="Before")
    kept = {**stored(before, 1), **version_key(KEY, 1)}
    service.answers = [{"Item": stored(account_of(), 2)}, {"Item": kept}, {"Item": stored(account_of(), 2)}, {}]
    assert account_store.get_account_version("acme", 1) == before
    with pytest.raises(NotFound, match=r"acme.*7"):
        account_store.get_account_version("acme", 7)
    assert [requested["Key"] for _, requested in service.asked] == [
        KEY,
        version_key(KEY, 1),
        KEY,
        version_key(KEY, 7),
    ]


def query(pk: str, first: str, last: str, limit: int) -> tuple[str, Json]:
    return (
        "query",
        {
            "TableName": "Table",
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":first": {"S": first}, ":last": {"S": last}},
            "ConsistentRead": True,
            "Limit": limit,
        },
    )


def test_all_accounts_come_by_id_page_by_page(service: Service) -> None:
    ids = ["acme", "bolt", "core"]
    rows = {"Items": [directory_key(each) for each in ids], "LastEvaluatedKey": {}}
    service.answers = [rows, found(stored(of_id("core")), stored(of_id("acme")))]
    assert account_store.list_accounts(3, None) == ([of_id("acme"), of_id("core")], "core")
    assert service.asked[0] == query("ACCOUNTS", "!", "\uffff", 3)
    assert service.asked[1][1]["RequestItems"]["Table"]["Keys"] == [account_key(each) for each in ids]
    service.answers = [{"Items": rows["Items"]}, found(stored(of_id("acme")))]
    assert account_store.list_accounts(3, "acme") == ([of_id("acme")], None)
    assert service.asked[2] == query("ACCOUNTS", "acme\0", "\uffff", 3)
    service.answers = [{"Items": [], "LastEvaluatedKey": {}}]
    assert account_store.list_accounts(3, "acme") == ([], None)


def test_sub_accounts_come_by_id_page_by_page(service: Service) -> None:
    rows = {"Items": [subaccount_key("relay", "acme")], "LastEvaluatedKey": {}}
    service.answers = [rows, found(stored(account_of()))]
    assert account_store.list_subaccounts("relay", 1, "abel") == ([account_of()], "acme")
    assert service.asked[0] == query("ACCOUNT#relay", "SUBACCOUNT#abel\0", "SUBACCOUNT#\uffff", 1)


def test_the_accounts_of_a_group_come_by_id_page_by_page(service: Service) -> None:
    service.answers = [
        {"Items": [group_member_key("partners", "acme")], "LastEvaluatedKey": {}},
        found(stored(account_of())),
    ]
    assert account_store.list_group("partners", 1, None) == ([account_of()], "acme")
    assert service.asked[0] == query("GROUP#partners", "!", "\uffff", 1)
    service.answers = [{"Items": [group_member_key("partners", "acme")]}, {"Items": []}]
    assert [account_store.has_accounts(group) for group in ("partners", "schools")] == [True, False]


def test_whether_an_account_has_sub_accounts_takes_a_look_at_one(service: Service) -> None:
    service.answers = [{"Items": [subaccount_key("relay", "acme")]}, {"Items": []}]
    assert account_store.has_subaccounts("relay") is True
    assert account_store.has_subaccounts("relay") is False
    assert service.asked == [query("ACCOUNT#relay", "SUBACCOUNT#!", "SUBACCOUNT#\uffff", 1)] * 2


def test_sub_accounts_are_told_from_others(service: Service) -> None:
    service.answers = [found(subaccount_key("relay", "acme"))]
    assert account_store.filter_subaccounts("relay", ["acme", "bolt"]) == {"acme"}
    keys = [subaccount_key("relay", "acme"), subaccount_key("relay", "bolt")]
    assert service.asked[0][1]["RequestItems"]["Table"]["Keys"] == keys


# -- writing ------------------------------------------------------------------------------------------------------


def written(service: Service) -> list[Json]:
    method, requested = service.asked[-1]
    assert method == "transact_write_items"
    for action in requested["TransactItems"]:
        for body in action.values():
            assert body.pop("TableName") == "Table"
    actions: list[Json] = requested["TransactItems"]
    audited[:] = [take_entry(actions)]
    return actions


audited: list[AuditEntry] = []
"""Of the transaction that was looked at last."""
NEW = {"ConditionExpression": "attribute_not_exists(pk)"}


@pytest.mark.parametrize("parent", [None, "relay"])
def test_a_new_account_is_stored_listed_and_put_under_its_reseller(service: Service, parent: str | None) -> None:
    account = account_of(parent_account_id=parent)
    assert account_store.put_account(account, None, CLARA) == 1
    first, listed, pending, *under = written(service)
    assert first == {"Put": {"Item": stored(account), **NEW}}
    assert listed == {"Put": {"Item": directory_key("acme")}}
    assert pending["Put"]["Item"]["pk"] == change_key("acme", 1)["pk"]
    assert json.loads(pending["Put"]["Item"]["document"]["S"]) == [searched(1)]
    assert under == ([{"Put": {"Item": subaccount_key("relay", "acme")}}] if parent else [])


def test_a_new_account_and_each_change_of_it_are_in_the_audit_trail(service: Service) -> None:
    account = account_of()
    account_store.put_account(account, None, CLARA)
    written(service)
    (created,) = audited
    assert (created.at, created.by, created.action, created.account_id) == (NOW, CLARA, "created", "acme")
    assert {each.pointer: (each.was, each.is_now) for each in created.changes}["/currency"] == (None, "EUR")
    change(service, account, account_of(name="After"))
    (changed,) = audited
    assert (changed.subject, changed.subject_id, changed.action) == ("account", "acme", "changed")
    assert changed.changes == (AuditChange(pointer="/name", was="Acme Ltd", is_now="After"),)


def change(service: Service, before: Account, after: Account) -> list[Json]:
    service.answers = [{"Item": stored(before, 4, "conrad@vendor.example")}, {}]
    assert account_store.put_account(after, StoredAccount(before, 4, "conrad@vendor.example"), CLARA) == 5
    return written(service)


def test_a_changed_account_takes_the_place_of_the_one_before(service: Service) -> None:
    before, after = account_of(), account_of(currency="USD")
    first, kept = change(service, before, after)
    assert first["Put"]["Item"] == stored(after, 5, changed=["/currency"])
    assert first["Put"]["ExpressionAttributeValues"] == {
        ":before": {"N": "4"},
        ":by": {"S": "conrad@vendor.example"},
    }
    assert kept == {"Put": {"Item": {**stored(before, 4, "conrad@vendor.example"), **version_key(KEY, 4)}}}


@pytest.mark.parametrize(
    ("before", "after", "moves"),
    [
        (None, "relay", [{"Put": {"Item": subaccount_key("relay", "acme")}}]),
        ("relay", None, [{"Delete": {"Key": subaccount_key("relay", "acme")}}]),
        (
            "relay",
            "other",
            [
                {"Delete": {"Key": subaccount_key("relay", "acme")}},
                {"Put": {"Item": subaccount_key("other", "acme")}},
            ],
        ),
        ("relay", "relay", []),
    ],
)
def test_an_account_moves_from_reseller_to_reseller(
    service: Service, before: str | None, after: str | None, moves: list[Json]
) -> None:
    _, _, *rest = change(service, account_of(parent_account_id=before), account_of(parent_account_id=after))
    assert [action for action in rest if "CHANGE#" not in str(action)] == moves


def test_an_account_is_listed_by_its_groups_from_the_change_on(service: Service) -> None:
    before, after = (account_of().model_copy(update={"groups": groups}) for groups in (("a", "b"), ("c", "b")))
    _, _, *moves = change(service, before, after)
    assert moves == [
        {"Delete": {"Key": group_member_key("a", "acme")}},
        {"Put": {"Item": group_member_key("c", "acme")}},
    ]
    account_store.put_account(after, None, CLARA)
    assert written(service)[3:] == [{"Put": {"Item": group_member_key(group, "acme")}} for group in ("b", "c")]


def searched(version: int, *, orders: bool = False) -> Json:
    return {"account_id": "acme", "version": version, "kind": "search", "orders": orders}


def enrolled(**changes: Any) -> Json:
    return {"enrollment": {**account_body()["enrollment"], **changes}}


@pytest.mark.parametrize(
    ("after", "kinds", "search"),
    [
        (enrolled(contact=CARLA.model_dump()), ["enrollment", "notices"], [searched(5)]),
        ({"locale": "de"}, ["settings"], []),
        ({"time_zone": "Europe/Berlin"}, ["settings"], []),
        (enrolled(contact=CARLA.model_dump()) | {"locale": "de"}, ["enrollment", "notices"], [searched(5)]),
        ({"parent_account_id": "relay"}, ["parent", "notices"], [searched(5, orders=True)]),
        ({"sites": []}, [], [searched(5)]),
        ({"name": "Apex"}, [], [searched(5, orders=True)]),
        ({"currency": "USD"}, [], []),
    ],
)
def test_what_follows_from_a_change_is_stored_along_with_it(
    service: Service, after: Json, kinds: list[str], search: list[Json]
) -> None:
    actions = change(service, account_of(), account_of(**after))
    pending = [action["Put"]["Item"] for action in actions if "CHANGE#" in str(action)]
    shared = {"account_id": "acme", "version": 5, "by": "clara@vendor.example"}
    messages = [*({**shared, "kind": kind} for kind in kinds), *search]
    assert pending == (
        [
            {
                **change_key("acme", 5),
                "outstanding": {"S": "5"},
                "check_at": WITHIN,
                "document": {"S": json.dumps(messages)},
            }
        ]
        if messages
        else []
    )


def test_an_account_that_was_changed_meanwhile_is_not_stored(service: Service) -> None:
    service.answers = [{"Item": stored(account_of(), 5)}, {}]
    with pytest.raises(WriteConflict):
        account_store.put_account(account_of(sites=[]), StoredAccount(account_of(), 4, CLARA.email), CLARA)
    assert len(service.asked) == 1


# -- replacing ----------------------------------------------------------------------------------------------------

RACED = canceled("ConditionalCheckFailed")
READ_AND_STORE = ["get_item", "transact_write_items"]


def found_at(version: int) -> list[Json]:
    """The answers to the two reads before an account is stored: to decide on, and to keep."""
    item = stored(account_of(), version)
    return [found(item), {"Item": item}]


def replace(*seen: int | None, **changes: Any) -> StoredAccount:
    """Replace the account, and look that the versions `seen` were checked before."""
    checked: list[int | None] = []
    try:
        return account_store.replace_account("acme", account_body(**changes), CALLER, checked.append)
    finally:
        assert checked == [*seen]


def test_an_account_is_created_or_replaced_by_its_body(service: Service) -> None:
    service.answers = [found(), {}]
    assert replace(None) == StoredAccount(account_of(), 1, ANNA.email)
    service.answers = [*found_at(3), {}]
    assert replace(3, name="After") == StoredAccount(account_of(name="After"), 4, ANNA.email)
    assert [method for method, _ in service.asked] == [
        "batch_get_item",
        "transact_write_items",
        "batch_get_item",
        "get_item",
        "transact_write_items",
    ]


def test_an_account_that_is_so_already_is_not_stored_again(service: Service) -> None:
    service.answers = [found(stored(account_of(), 3))]
    assert replace(3) == StoredAccount(account_of(), 3, CLARA.email)
    assert [method for method, _ in service.asked] == ["batch_get_item"]


def test_who_loses_the_race_for_an_account_is_judged_anew(service: Service) -> None:
    service.answers = [*found_at(3), RACED, *found_at(4), {}]
    assert replace(3, 4, name="After").version == 5
    assert service.pauses == [0.04]
    service.answers = [*found_at(3), RACED] * MAX_ATTEMPTS
    with pytest.raises(InProgress, match="this account"):
        replace(*[3] * MAX_ATTEMPTS, name="After")


def test_an_account_is_replaced_below_a_reseller_alone(service: Service) -> None:
    reseller, below = of_id("relay"), account_of(parent_account_id="top").model_copy(update={"account_id": "relay"})
    for responses, codes in (
        ([{}], ["unknown_account"]),
        ([{"Item": stored(reseller)}, {"Items": [{}]}], ["is_a_reseller"]),
        ([{"Item": stored(below)}, {"Items": [{}]}], ["not_a_reseller", "is_a_reseller"]),
    ):
        service.answers = [*responses, found()]
        with pytest.raises(Invalid) as refused:
            replace(parent_account_id="relay")
        assert [(fault.pointer, fault.code) for fault in refused.value.errors] == [
            ("/parent_account_id", code) for code in codes
        ]
    service.asked.clear()
    service.answers = [{"Item": stored(reseller)}, {"Items": []}, found(), {}]
    assert replace(None, parent_account_id="relay").account.parent_account_id == "relay"
    service.answers = [found()]
    for unsound in (7, "no id", "acme"):
        with pytest.raises(Invalid):
            replace(parent_account_id=unsound)
    assert [method for method, _ in service.asked[4:]] == ["batch_get_item"] * 3


# -- contact reports ----------------------------------------------------------------------------------------------

REPORT = ContactReport(text="Connie has left")
REPORTS = {
    "TableName": "Table",
    "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
    "ExpressionAttributeValues": {
        ":pk": {"S": "ACCOUNT#acme"},
        ":first": {"S": "CONTACTREPORT#" + first_id_of(NOW.date())},
        ":last": {"S": "CONTACTREPORT#\uffff"},
    },
    "Select": "COUNT",
    "Limit": 3,
    "ConsistentRead": True,
}


def test_a_report_is_kept_for_ninety_days_with_a_mark(service: Service) -> None:
    service.answers = [{"Count": 2}, {}]
    contact_report_store.store_report("acme", ANNA, REPORT, NOW)
    first, (method, requested) = service.asked
    assert first == ("query", REPORTS)
    item = requested["Item"]
    report_id = item["sk"]["S"].removeprefix("CONTACTREPORT#")
    document = {
        "account_id": "acme",
        "report_id": report_id,
        "reported_by": ANNA.model_dump(),
        "text": "Connie has left",
        "at": TEXT_OF_NOW,
    }
    assert json.loads(item.pop("document")["S"]) == document
    assert item.pop("outstanding")["S"] in set("01234567")
    assert (method, requested) == (
        "put_item",
        {
            "TableName": "Table",
            "Item": {
                **report_key("acme", report_id),
                "check_at": WITHIN,
                "expires_at": {"N": str(int((NOW + timedelta(days=90)).timestamp()))},
            },
        },
    )


def test_an_account_that_has_made_the_reports_of_a_day_waits_for_the_next(service: Service) -> None:
    service.answers = [{"Count": 3}]
    with pytest.raises(TooManyRequests) as refusal:
        contact_report_store.store_report("acme", ANNA, REPORT, NOW)
    assert refusal.value.seconds == 24 * 3600 - (9 * 3600 + 5 * 60 + 7)
    assert service.asked == [("query", REPORTS)]


def test_a_report_is_loaded_or_not_found(service: Service) -> None:
    service.answers = [{"Count": 0}, {}]
    contact_report_store.store_report("acme", ANNA, REPORT, NOW)
    service.answers = [{"Item": service.asked[-1][1]["Item"]}, {}]
    report = contact_report_store.get_report("acme", "R")
    assert (report.reported_by, report.text, report.at) == (ANNA, "Connie has left", NOW)
    assert service.asked[-1][1]["Key"] == report_key("acme", "R")
    with pytest.raises(NotFound, match="R"):
        contact_report_store.get_report("acme", "R")


# -- what follows -------------------------------------------------------------------------------------------------

MARK = {"outstanding": {"S": "1"}, "check_at": {"N": "1"}}
CHANGE = {**change_key("acme", 5), **MARK, "document": {"S": '[{"kind": "parent"}]'}}
REPORTED = {**report_key("acme", "R"), **MARK, "document": {"S": '{"account_id": "acme", "report_id": "R", "n": 1}'}}


def sent(queue: str, message: Json) -> tuple[str, Json]:
    entries = [{"Id": "0", "MessageBody": json.dumps(message)}]
    return ("send_message_batch", {"QueueUrl": queue, "Entries": entries})


CHANGE_DONE = [
    sent("https://changes", {"kind": "parent"}),
    ("delete_item", {"TableName": "Table", "Key": change_key("acme", 5)}),
]
REPORT_DONE = [
    sent("https://mails", {"kind": "contact_report", "account_id": "acme", "report_id": "R"}),
    (
        "update_item",
        {
            "TableName": "Table",
            "Key": report_key("acme", "R"),
            "UpdateExpression": "REMOVE outstanding, check_at",
            "ConditionExpression": "attribute_exists(outstanding)",
        },
    ),
]


@pytest.mark.parametrize(("item", "calls"), [(CHANGE, CHANGE_DONE), (REPORTED, REPORT_DONE)])
def test_what_follows_of_an_account_is_queued_and_its_mark_taken_away(
    service: Service, item: Json, calls: list[Any]
) -> None:
    assert account_outbox.process_or_leave(item) is True
    assert service.asked == calls


def test_what_cannot_be_queued_keeps_its_mark(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[Any] = []
    monkeypatch.setattr(metrics, "add_metric", lambda *metric: recorded.append(metric))
    monkeypatch.setattr(logger, "exception", lambda text, extra: recorded.append(extra))
    service.answers = [error_of("ServiceUnavailable")]
    assert account_outbox.process_or_leave(CHANGE) is False
    assert service.asked == CHANGE_DONE[:1]
    about = {"key": "ACCOUNT#acme", "item": "CHANGE#00000005"}
    assert recorded == [about, ("AccountItemsNotProcessed", MetricUnit.Count, 1)]


def test_what_has_a_mark_and_is_an_accounts_is_pending() -> None:
    unmarked = {name: value for name, value in CHANGE.items() if name != "outstanding"}
    entry = {**CHANGE, "sk": {"S": "ENTRY#1"}}
    assert [account_outbox.is_account_item(item) for item in (CHANGE, REPORTED, unmarked, entry)] == [True] * 3 + [
        False
    ]
    assert [account_outbox.is_pending(item) for item in (CHANGE, REPORTED, unmarked, entry)] == [
        True,
        True,
        False,
        False,
    ]


def test_a_mark_is_repaired_while_its_item_is_pending(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[Any] = []
    monkeypatch.setattr(metrics, "add_metric", lambda *metric: counted.append(metric))
    look = ("get_item", {"TableName": "Table", "Key": change_key("acme", 5), "ConsistentRead": True})
    service.answers = [{"Item": CHANGE}, {}]
    assert account_outbox.repair_item({**change_key("acme", 5), "check_at": {"N": "1"}}) == 1
    assert service.asked == [look, *CHANGE_DONE]
    assert counted == [("AccountItemsRepaired", MetricUnit.Count, 1)]
    entry = {"Item": {**CHANGE, "sk": {"S": "ENTRY#1"}}}
    failures: list[list[Any]] = [[{}], [entry], [{"Item": CHANGE}, error_of("Unavailable")]]
    for service.answers in failures:
        assert account_outbox.repair_item(change_key("acme", 5)) == 0


def test_an_account_is_found_under_its_key_among_what_was_read() -> None:
    read = Items(stored(account_of()))
    assert account_store.authorize(read, "acme", "acme") == account_of()
