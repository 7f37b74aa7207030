"""The smaller stores in the table, in S3 and in Parameter Store, the counters and the delays, call by call."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from online_orders import deadlines
from online_orders.aws import (
    evidence_store,
    lead_time_statistics,
    mail_pause,
    metrics_snapshot,
    outbox_flags,
    pdf_store,
    queues,
    quotas,
    replay,
    retry_delays,
    terms_store,
)
from online_orders.aws.keys import (
    account_key,
    counted_key,
    entry_key,
    evidence_key,
    history_key,
    mail_pause_key,
    mail_resume_key,
    placed_key,
    terms_key,
)
from online_orders.aws.table import MAX_ATTEMPTS, Items
from online_orders.domain.catalog import Item
from online_orders.domain.errors import InProgress, NotFound, TooManyRequests, Unavailable
from online_orders.domain.estimates import BUCKET_DAYS
from online_orders.domain.evidence import Evidence
from online_orders.domain.order_ids import first_id_of, placed_at
from online_orders.domain.order_status import Status
from online_orders.domain.orders import Order
from online_orders.domain.terms import DEFAULT_TERMS, AppliedTerms, StandardTerms
from online_orders.domain.timeline import SYSTEM
from online_orders.telemetry import MetricUnit, logger, metrics
from tests.aws.service import Service, error_of
from tests.domain.builders import CLARA, DAY, NOW, ORDER_ID, account_of, item_of, offered, place
from tests.shipped_catalog import KIND_LABELS

Json = dict[str, Any]

SECONDS = int(NOW.timestamp())


@pytest.fixture
def service(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    for module in (mail_pause, queues):
        monkeypatch.setattr(module, "now", lambda: NOW)
    for timed in (lead_time_statistics, terms_store, deadlines):
        monkeypatch.setattr(timed, "monotonic", lambda: service.now)
    for name, value in {
        "DOCUMENTS_BUCKET": "Documents",
        "PAUSED_MAIL_RETRY_SECONDS": "600",
        "HISTORY_CACHE_SECONDS": "60",
        "MAX_RETRY_DELAY_SECONDS": "900",
        "ORDERS_PER_HOUR": "3",
        "QUOTE_TERMS_PARAMETER": "/terms",
        "EVENT_BUS_NAME": "bus",
    }.items():
        monkeypatch.setenv(name, value)
    for remembering in (lead_time_statistics, terms_store):
        remembering.reset()
    yield service
    for remembering in (lead_time_statistics, terms_store):
        remembering.reset()


def reading(key: Json) -> tuple[str, Json]:
    return ("get_item", {"TableName": "Table", "Key": key, "ConsistentRead": True})


# -- papers -------------------------------------------------------------------------------------------------------

PAPER = {"Bucket": "Documents", "Key": "quotes/O/2.pdf"}
KEEPING = ("put_object", {**PAPER, "Body": b"new", "ContentType": "application/pdf", "IfNoneMatch": "*"})


def test_a_paper_is_found_where_it_was_kept_or_not_at_all(service: Service) -> None:
    service.answers = [{"Body": BytesIO(b"%PDF")}, error_of("NoSuchKey"), error_of("404"), error_of("AccessDenied")]
    assert [pdf_store.find_quote_pdf("O", 2) for _ in range(3)] == [b"%PDF", None, None]
    with pytest.raises(ClientError):
        pdf_store.find_quote_pdf("O", 2)
    assert service.asked == [("get_object", PAPER)] * 4


@pytest.mark.parametrize("code", ["PreconditionFailed", "412", "ConditionalRequestConflict"])
@pytest.mark.parametrize(("standing", "kept"), [({"Body": BytesIO(b"old")}, b"old"), (error_of("404"), b"new")])
def test_of_two_papers_of_a_revision_the_first_is_kept(service: Service, code: str, standing: Any, kept: bytes) -> None:
    if isinstance(standing, dict):
        standing["Body"].seek(0)
    service.answers = [{}, error_of(code), standing, error_of("AccessDenied")]
    assert pdf_store.store_once("O", 2, b"new") == b"new"
    assert pdf_store.store_once("O", 2, b"new") == kept
    with pytest.raises(ClientError):
        pdf_store.store_once("O", 2, b"new")
    assert service.asked == [KEEPING, KEEPING, ("get_object", PAPER), KEEPING]


def test_a_pdf_is_made_only_where_none_is_stored(service: Service) -> None:
    service.answers = [{"Body": BytesIO(b"%PDF")}, error_of("NoSuchKey"), {}]
    made: list[bytes] = []

    def make() -> bytes:
        made.append(b"new")
        return b"new"

    assert pdf_store.find_or_store("O", 2, make) == b"%PDF"
    assert made == []
    assert pdf_store.find_or_store("O", 2, make) == b"new"
    assert service.asked == [("get_object", PAPER), ("get_object", PAPER), KEEPING]


# -- evidence -----------------------------------------------------------------------------------------------------

EVIDENCE = Evidence(
    sequence=7, at=NOW, decision="approve", name="C.", recipient="c", address=None, agent=None, revision=1, sha256=None
)


def test_evidence_is_stored_once_and_read_page_by_page(service: Service) -> None:
    action = evidence_store.evidence_action("O", EVIDENCE)
    item = {**evidence_key("O", 7), "document": {"S": EVIDENCE.model_dump_json()}}
    assert action == {"Put": {"Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
    more: Json = {"LastEvaluatedKey": {}}
    service.answers = [{"Items": [item], **more}, {"Items": [item]}, {"Items": [], **more}]
    pages = [evidence_store.list_evidence("O", 5, 6) for _ in range(3)]
    assert pages == [([EVIDENCE], 7), ([EVIDENCE], None), ([], None)]
    assert service.asked[0] == (
        "query",
        {
            "TableName": "Table",
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": "ORDER#O"},
                ":first": {"S": "EVIDENCE#000007"},
                ":last": {"S": "EVIDENCE#\uffff"},
            },
            "ConsistentRead": True,
            "Limit": 5,
        },
    )


# -- gauges -------------------------------------------------------------------------------------------------------


def test_figures_of_a_status_are_those_of_its_index(service: Service) -> None:
    service.answers = [{"Count": 7}, {"Items": [{"order_id": {"S": ORDER_ID}}]}, {"Items": []}]
    assert metrics_snapshot.count_orders(Status.SUBMITTED) == 7
    assert metrics_snapshot.oldest_placed_at(Status.SUBMITTED) == placed_at(ORDER_ID)
    assert metrics_snapshot.oldest_placed_at(Status.SUBMITTED) is None
    requested = {
        "TableName": "Table",
        "IndexName": "desk",
        "KeyConditionExpression": "desk_status = :status",
        "ExpressionAttributeValues": {":status": {"S": "submitted"}},
    }
    assert service.asked == [("query", requested | more) for more in ({"Select": "COUNT"}, {"Limit": 1}, {"Limit": 1})]


def test_the_longest_overdue_mark_is_that_of_any_shard(service: Service) -> None:
    due = [{"Items": [{"check_at": {"N": str(SECONDS - late)}}]} for late in (60, 90, 30)]
    service.answers = [{"Items": []}, *due, {"Items": []}]
    assert metrics_snapshot.max_overdue(NOW) == timedelta(seconds=90)
    requested = [
        (request["ExpressionAttributeValues"][":shard"]["S"], request["Limit"]) for _, request in service.asked
    ]
    assert requested == [(str(shard), 1) for shard in range(8)]
    service.answers = [{"Items": []}]
    assert metrics_snapshot.max_overdue(NOW) == timedelta(0)


# -- the hold on mail ---------------------------------------------------------------------------------------------

HELD = {"since": {"S": "2026-11-22T08:00:00+00:00"}, "reason": {"S": "Maintenance"}}
HOLD = mail_pause.MailPause(datetime(2026, 11, 22, 8, tzinfo=UTC), "Maintenance")


def test_a_hold_that_is_on_stays_as_it_is(service: Service) -> None:
    service.answers = [error_of("ConditionalCheckFailedException"), {"Item": HELD}]
    assert mail_pause.pause("Again", NOW) == HOLD
    put = {
        "TableName": "Table",
        "Item": {**mail_pause_key(), "since": {"S": NOW.isoformat()}, "reason": {"S": "Again"}},
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    assert service.asked == [("put_item", put), reading(mail_pause_key())]
    service.answers = [{}]
    assert mail_pause.pause("Again", NOW) == mail_pause.MailPause(NOW, "Again"), (
        "though somebody has lifted it meanwhile"
    )


def test_lifting_a_hold_is_noted_before_it_is_lifted(service: Service) -> None:
    service.answers = [{"Item": HELD}, {}, {"Attributes": HELD}]
    assert mail_pause.resume() is True
    assert service.asked == [
        reading(mail_pause_key()),
        ("put_item", {"TableName": "Table", "Item": {**mail_resume_key(), "at": {"S": NOW.isoformat()}}}),
        ("delete_item", {"TableName": "Table", "Key": mail_pause_key(), "ReturnValues": "ALL_OLD"}),
    ]
    service.answers = [{"Item": HELD}, {}, {}]
    assert mail_pause.resume() is False
    service.answers, service.asked = [{}], []
    assert mail_pause.resume() is False
    assert service.asked == [reading(mail_pause_key())]


def test_whether_mail_is_held_and_when_it_was_let_go_can_be_asked(service: Service) -> None:
    service.answers = [{"Item": HELD}, {}, {"Item": {"at": {"S": NOW.isoformat()}}}, {}]
    assert (mail_pause.current_pause(), mail_pause.current_pause()) == (HOLD, None)
    assert (mail_pause.resumed_at(), mail_pause.resumed_at()) == (NOW, None)
    assert service.asked == [reading(mail_pause_key())] * 2 + [reading(mail_resume_key())] * 2
    assert mail_pause.retry_seconds() == 600


# -- marks, pauses, deadlines -------------------------------------------------------------------------------------


def test_a_mark_is_due_after_three_minutes() -> None:
    assert outbox_flags.pending_flag("01A", NOW) == {"outstanding": {"S": "1"}, "check_at": {"N": str(SECONDS + 180)}}


def test_work_that_fails_is_left_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded: list[Any] = []
    monkeypatch.setattr(metrics, "add_metric", lambda *metric: recorded.append(metric))
    monkeypatch.setattr(logger, "exception", lambda *args, **more: recorded.append((*args, more)))
    assert outbox_flags.run_or_log(lambda: None, "left", "Left", order_id="O") is True
    assert recorded == []

    def fail() -> None:
        raise ValueError

    assert outbox_flags.run_or_log(fail, "left", "Left", order_id="O") is False
    assert recorded == [("left", {"extra": {"order_id": "O"}}), ("Left", MetricUnit.Count, 1)]


@pytest.mark.parametrize(("drawn", "seconds"), [(0.0, 75), (0.5, 113), (1.0, 150)])
def test_a_pause_is_drawn_in_whole_seconds(
    service: Service, drawn: float, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry_delays, "random_fraction", lambda: drawn)
    assert retry_delays.next_delay_seconds(timedelta(minutes=5)) == seconds
    monkeypatch.setenv("MAX_RETRY_DELAY_SECONDS", "100")
    assert retry_delays.next_delay_seconds(timedelta(minutes=5)) == int(50 + 50 * drawn)


def test_draws_differ_and_lie_between_nought_and_one() -> None:
    drawn = {retry_delays.random_fraction() for _ in range(100)}
    assert len(drawn) > 90
    assert all(0 <= each <= 1 for each in drawn)


def test_a_request_begins_no_call_that_may_outlast_it(service: Service) -> None:
    deadlines.require_seconds(1e9)
    with deadlines.request_deadline(10):
        service.now += 4
        deadlines.require_seconds(6)
        with pytest.raises(Unavailable):
            deadlines.require_seconds(6.1)
        with deadlines.request_deadline(1), pytest.raises(Unavailable):
            deadlines.require_seconds(2)
        deadlines.require_seconds(6)
    deadlines.require_seconds(1e9)


# -- queues -------------------------------------------------------------------------------------------------------


def record(message_id: str, sent_seconds_ago: int = 0) -> Json:
    return {
        "messageId": message_id,
        "receiptHandle": f"handle {message_id}",
        "body": "{}",
        "eventSource": "aws:sqs",
        "attributes": {"SentTimestamp": str((SECONDS - sent_seconds_ago) * 1000)},
    }


def test_a_message_that_fails_comes_again_after_a_pause_that_its_age_decides(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUEUE", "https://queue")
    monkeypatch.setattr(queues, "next_delay_seconds", lambda waited: int(waited.total_seconds()) + 1)
    handled: list[str] = []

    def handle(message: Any) -> None:
        handled.append(message.message_id)
        if message.message_id != "well":
            raise ValueError(message.message_id)

    service.answers = [{}, error_of("InvalidParameterValue"), {}]
    event = {"Records": [record("ill", 90), record("well"), record("worse", 30)]}
    context: Any = None
    response = queues.process_queue(event, handle, context, "QUEUE")
    assert response == {"batchItemFailures": [{"itemIdentifier": "ill"}, {"itemIdentifier": "worse"}]}
    assert handled == ["ill", "well", "worse"]
    assert service.asked == [
        (
            "change_message_visibility",
            {"QueueUrl": "https://queue", "ReceiptHandle": f"handle {name}", "VisibilityTimeout": seconds},
        )
        for name, seconds in (("ill", 91), ("worse", 31))
    ]


# -- terms --------------------------------------------------------------------------------------------------------

TERMS = StandardTerms(locale="de", version=3, text="Netto.", updated_at=NOW)
STORED_TERMS = {**terms_key("de"), "document": {"S": TERMS.model_dump_json()}}


def found_terms(*items: Json) -> Json:
    return {"Responses": {"Table": list(items)}}


def test_a_quotes_terms_are_the_stored_ones_else_the_parameter_else_the_default(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = account_of(locale="de", groups=["partners"])
    of_group = TERMS.model_copy(update={"group": "partners", "text": "Brutto."})
    stored_of_group = {**terms_key("de", "partners"), "document": {"S": of_group.model_dump_json()}}
    parameter = {"Parameter": {"Value": "Parameter."}}
    service.answers = [found_terms(STORED_TERMS, stored_of_group), parameter, found_terms(STORED_TERMS), found_terms()]
    assert terms_store.terms_for(account) == AppliedTerms("Brutto.", of_group)
    keys = [terms_key("de", "partners"), terms_key("de")]
    assert service.asked[0] == (
        "batch_get_item",
        {"RequestItems": {"Table": {"Keys": keys, "ConsistentRead": True}}},
    )
    assert terms_store.terms_for(account) == AppliedTerms("Netto.", TERMS)
    assert terms_store.terms_for(account) == AppliedTerms("Parameter.")
    assert terms_store.defaults() == {"en": "Parameter.", "de": "Parameter."}
    terms_store.reset()
    monkeypatch.setenv("QUOTE_TERMS_PARAMETER", "")
    assert terms_store.terms_for(account) == AppliedTerms(DEFAULT_TERMS["de"])
    assert terms_store.defaults() == DEFAULT_TERMS
    assert [each for each in service.asked if each[0] != "batch_get_item"] == [("get_parameter", {"Name": "/terms"})]


def test_the_parameter_is_kept_for_five_minutes(service: Service) -> None:
    service.now = 900.0
    service.answers = [{"Parameter": {"Value": "one"}}, {"Parameter": {"Value": "two"}}]
    for service.now, text in ((900.0, "one"), (1_199.0, "one"), (1_200.0, "two")):
        assert terms_store.parameter_terms() == text
    terms_store.reset()
    terms_store.parameter_terms()
    assert len(service.asked) == 3


# -- how fast an account orders -----------------------------------------------------------------------------------


def test_an_order_counts_towards_its_accounts_hour(service: Service) -> None:
    quotas.count_order("acme", NOW)
    assert service.asked == [
        (
            "update_item",
            {
                "TableName": "Table",
                "Key": placed_key("acme", NOW),
                "UpdateExpression": "ADD placed :one SET expires_at = :later",
                "ExpressionAttributeValues": {":one": {"N": "1"}, ":later": {"N": str(SECONDS + 7_200)}},
            },
        )
    ]


@pytest.mark.parametrize("placed", [None, 2, 3, 4])
def test_an_account_over_its_hourly_quota_waits_for_the_next_hour(service: Service, placed: int | None) -> None:
    at = NOW.replace(minute=59, second=13)
    key = placed_key("acme", at)
    found = Items() if placed is None else Items({**key, "placed": {"N": str(placed)}})
    if placed is None or placed < 3:
        quotas.check_quota(found, "acme", at)
        return
    with pytest.raises(TooManyRequests) as refusal:
        quotas.check_quota(found, "acme", at)
    assert refusal.value.seconds == 47


def test_the_first_order_of_an_hour_is_always_placed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERS_PER_HOUR", "1")
    quotas.check_quota(Items(), "acme", NOW)


# -- the history --------------------------------------------------------------------------------------------------


def counters(kind: str, shard: int, **counts: int) -> Json:
    named = {name.replace("_of_", "#"): {"N": str(count)} for name, count in counts.items()}
    return {**history_key(kind, shard), **named}


def test_the_history_is_the_sum_of_all_shards_and_kept_for_a_while(service: Service) -> None:
    shards = [
        counters("socket", 0, submitted_of_0=1, in_process_of_2=5),
        counters("socket", 7, submitted_of_0=2, submitted_of_3=4),
        counters("sdp_users", 3, submitted_of_1=1),
    ]
    service.answers = [{"Responses": {"Table": shards}}]
    read = lead_time_statistics.lead_times()
    assert {key: {n: count for n, count in enumerate(counts) if count} for key, counts in read.items()} == {
        ("socket", "submitted"): {0: 3, 3: 4},
        ("socket", "in_process"): {2: 5},
        ("sdp_users", "submitted"): {1: 1},
    }
    assert {len(counts) for counts in read.values()} == {len(BUCKET_DAYS)}
    keys = service.asked[0][1]["RequestItems"]["Table"]["Keys"]
    assert keys == [history_key(kind, shard) for shard in range(8) for kind in KIND_LABELS]
    service.now += 59
    assert lead_time_statistics.lead_times() is read
    assert lead_time_statistics.keys_to_refresh() == []
    lead_time_statistics.update_cache(Items())
    assert lead_time_statistics.lead_times() is read
    service.now += 1
    assert lead_time_statistics.keys_to_refresh() == keys
    service.answers = [{"Responses": {}}]
    assert lead_time_statistics.lead_times() == {}
    assert len(service.asked) == 2


def test_the_history_follows_the_kinds_of_the_catalog_and_a_batch_has_ten_of_them(service: Service) -> None:
    lead_time_statistics.follow_catalog(f"kind_{number}" for number in range(12))
    keys = lead_time_statistics.keys_to_refresh()
    assert keys == [history_key(f"kind_{number}", shard) for shard in range(8) for number in range(10)]
    assert len(keys) <= 100


def test_the_history_of_another_kind_is_read_when_an_order_with_it_is_shown(service: Service) -> None:
    order = place(item_of("socket")).order
    other = order.model_copy(update={"items": (Item.model_validate({**item_of("socket"), "kind": "support"}),)})
    service.answers = [
        {"Responses": {"Table": [counters("socket", 0, submitted_of_0=1)]}},
        {"Responses": {"Table": [counters("support", 7, submitted_of_2=3)]}},
    ]
    assert set(lead_time_statistics.lead_times([order])) == {("socket", "submitted")}
    assert len(service.asked) == 1
    assert set(lead_time_statistics.lead_times([order, other])) == {("socket", "submitted"), ("support", "submitted")}
    keys = service.asked[1][1]["RequestItems"]["Table"]["Keys"]
    assert keys == [history_key("support", shard) for shard in range(8)]
    assert lead_time_statistics.lead_times([other]) is lead_time_statistics.lead_times()
    assert len(service.asked) == 2, "what was read is kept as long as the rest"


def test_kinds_that_are_asked_for_are_read_along(service: Service) -> None:
    """So placing an order of a kind that a process has never heard of takes no further call."""
    asked = ["seats", "socket"]
    keys = lead_time_statistics.keys_to_refresh(asked)
    kinds = ["seats", "socket", *(kind for kind in KIND_LABELS if kind != "socket")]
    assert keys == [history_key(kind, shard) for shard in range(8) for kind in kinds]
    lead_time_statistics.update_cache(Items(counters("seats", 2, submitted_of_1=3)), asked)
    assert lead_time_statistics.keys_to_refresh(asked) == []
    assert lead_time_statistics.keys_to_refresh(["terms"]) == [history_key("terms", shard) for shard in range(8)]
    lead_time_statistics.update_cache(Items(counters("terms", 7, submitted_of_2=4)), ["terms"])
    order = place(item_of("ip_addresses")).order
    items = tuple(order.items[0].model_copy(update={"kind": kind}) for kind in ("seats", "terms"))
    read = lead_time_statistics.lead_times([order.model_copy(update={"items": items})])
    assert {key: sum(counts) for key, counts in read.items()} == {("seats", "submitted"): 3, ("terms", "submitted"): 4}
    assert service.asked == []
    assert len(lead_time_statistics.keys_to_refresh([f"kind{number}" for number in range(50)])) == 80


def completed() -> Order:
    order = place(item_of("socket"), item_of("ip_addresses"), item_of("ip_addresses")).order
    return offered(order.claim(CLARA, NOW + DAY).order, NOW + 3 * DAY).approve("C.", NOW + 6 * DAY).order


def adding(kind: str, shard: int) -> Json:
    return {
        "Update": {
            "TableName": "Table",
            "Key": history_key(kind, shard),
            "UpdateExpression": "ADD #submitted :one, #in_process :one, #pending_confirmation :one",
            "ExpressionAttributeNames": {
                "#submitted": "submitted#6",
                "#in_process": "in_process#5",
                "#pending_confirmation": "pending_confirmation#3",
            },
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }


def counting(shard: int) -> list[Json]:
    once = {
        "TableName": "Table",
        "Item": counted_key(ORDER_ID),
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return [{"Put": once}, adding("ip_addresses", shard), adding("socket", shard)]


def counted(service: Service) -> list[Any]:
    return [requested["TransactItems"] for method, requested in service.asked if method == "transact_write_items"]


def test_a_completed_order_is_counted_once_for_each_kind_by_how_long_it_took(service: Service) -> None:
    lead_time_statistics.count_order(completed())
    assert counted(service) == [counting(2)]
    lead_time_statistics.count_order(offered())
    assert len(service.asked) == 1


def test_a_count_that_meets_others_goes_to_the_next_shard_and_not_for_ever(service: Service) -> None:
    busy = error_of("TransactionCanceledException", {"Code": "None"}, {"Code": "TransactionConflict"})
    service.answers = [busy, busy, {}]
    lead_time_statistics.count_order(completed())
    assert counted(service) == [counting(2), counting(3), counting(4)]
    assert service.pauses == [0.04, 0.08]
    service.answers = [busy]
    service.asked.clear()
    with pytest.raises(InProgress):
        lead_time_statistics.count_order(completed())
    assert len(counted(service)) == MAX_ATTEMPTS


def test_an_order_that_was_counted_is_not_counted_again(service: Service) -> None:
    there = {"Code": "ConditionalCheckFailed", "Item": counted_key(ORDER_ID)}
    service.answers = [error_of("TransactionCanceledException", there, {"Code": "None"})]
    lead_time_statistics.count_order(completed())
    assert len(counted(service)) == 1
    service.answers = [error_of("TransactionCanceledException"), {}]
    lead_time_statistics.count_order(completed())
    assert len(counted(service)) == 3


# -- replays ------------------------------------------------------------------------------------------------------

IDS = [ORDER_ID, ORDER_ID[:-1] + "C"]


def entry_of(order_id: str, sequence: int, *, internal: bool = False) -> Json:
    document = {"sequence": sequence, "data": {}, "actor": SYSTEM.model_dump(), "internal": internal}
    return {
        **entry_key(order_id, sequence),
        "account_id": {"S": "acme"},
        "source": {"S": "online"},
        "event": {"S": "order.submitted"},
        "detail": {"S": f"{order_id}-{sequence}"},
        "document": {"S": json.dumps(document)},
    }


def published(service: Service) -> list[str]:
    return [
        entry["Detail"]
        for method, requested in service.asked
        if method == "put_events"
        for entry in requested["Entries"]
    ]


def entries_query(order_id: str, after: int, limit: int) -> tuple[str, Json]:
    return (
        "query",
        {
            "TableName": "Table",
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": f"ORDER#{order_id}"},
                ":first": {"S": f"ENTRY#{after + 1:06}"},
                ":last": {"S": "ENTRY#\uffff"},
            },
            "ConsistentRead": True,
            "Limit": limit,
        },
    )


def test_one_orders_events_go_out_again_from_where_it_stopped(service: Service) -> None:
    first = entry_of(ORDER_ID, 1)
    entries = [entry_of(ORDER_ID, 4), entry_of(ORDER_ID, 5, internal=True), entry_of(ORDER_ID, 6)]
    service.answers = [{"Item": first}, {"Items": entries, "LastEvaluatedKey": {}}, {}]
    done = replay.replay(replay.Replay(order_id=ORDER_ID, after=f"{ORDER_ID}-3"))
    assert done == (1, 2, {"order_id": ORDER_ID, "after": f"{ORDER_ID}-6"})
    assert published(service) == [f"{ORDER_ID}-4", f"{ORDER_ID}-6"]
    assert service.asked[:2] == [reading(entry_key(ORDER_ID, 1)), entries_query(ORDER_ID, 3, 500)]
    service.answers = [{"Item": first}, {"Items": [], "LastEvaluatedKey": {}}]
    assert replay.replay(replay.Replay(order_id=ORDER_ID)) == (0, 0, None)
    assert service.asked[-1] == entries_query(ORDER_ID, 0, 500)
    service.answers = [{}]
    with pytest.raises(NotFound):
        replay.replay(replay.Replay(order_id=ORDER_ID))


def account_read() -> Json:
    document = account_of().model_dump_json()
    return {
        "Item": {
            **account_key("acme"),
            "document": {"S": document},
            "version": {"N": "1"},
            "changed_by": {"S": "clara"},
        }
    }


def orders_of(*order_ids: str) -> list[Json]:
    """The answers to the desk's list of an account."""
    orders = [place().order.model_copy(update={"order_id": order_id}) for order_id in order_ids]
    items = [
        {
            "pk": {"S": "ACCOUNT#acme"},
            "sk": {"S": f"ORDER#{order.order_id}"},
            "document": {"S": order.model_dump_json()},
        }
        for order in orders
    ]
    return [{"Items": items}, {"Items": []}, *([{"Responses": {"Table": items}}] if items else [])]


def test_an_accounts_events_go_out_again_order_by_order(service: Service) -> None:
    entries = [{"Items": [entry_of(order_id, 1)]} for order_id in IDS]
    service.answers = [account_read(), *orders_of(*IDS), *entries, {}]
    request = replay.Replay(account_id="acme", **{"from": date(2026, 3, 5), "to": date(2026, 3, 6)})  # type: ignore[arg-type]
    assert replay.replay(request) == (2, 2, None)
    assert published(service) == [f"{order_id}-1" for order_id in IDS]
    listed = service.asked[1][1]
    assert listed["Limit"] == 25
    bounds = [listed["ExpressionAttributeValues"][name]["S"] for name in (":first", ":beyond")]
    assert bounds == [f"ORDER#{first_id_of(day)}" for day in (date(2026, 3, 5), date(2026, 3, 7))]
    assert service.asked[4:6] == [entries_query(IDS[0], 0, 500), entries_query(IDS[1], 0, 499)]


def test_a_replay_of_an_account_stops_where_a_call_has_looked_at_enough(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "ENTRIES_BATCH_SIZE", 2)
    two = [entry_of(IDS[0], 1), entry_of(IDS[0], 2)]
    service.answers = [account_read(), *orders_of(*IDS), {"Items": two}, {}]
    done = replay.replay(replay.Replay(account_id="acme", dry_run=True))
    assert done == (1, 2, {"account_id": "acme", "dry_run": True, "after": IDS[0]})
    assert published(service) == []
    service.answers = [account_read(), *orders_of(IDS[0]), {"Items": two}, {}]
    assert replay.replay(replay.Replay(account_id="acme")).next is None
    one = {"Items": two[:1]}
    service.answers = [account_read(), *orders_of(*IDS), one, {**one, "LastEvaluatedKey": {}}, {}]
    assert replay.replay(replay.Replay(account_id="acme")).next == {"account_id": "acme", "after": f"{IDS[1]}-1"}


def test_a_replay_of_an_account_goes_on_in_the_order_that_was_begun(service: Service) -> None:
    service.answers = [
        account_read(),
        *orders_of(IDS[1]),
        {"Items": [entry_of(IDS[0], 3)]},
        {"Items": [entry_of(IDS[1], 1)]},
        {},
    ]
    service.asked.clear()
    assert replay.replay(replay.Replay(account_id="acme", after=f"{IDS[0]}-2")) == (2, 2, None)
    assert published(service) == [f"{IDS[0]}-3", f"{IDS[1]}-1"]
    start = service.asked[1][1]["ExclusiveStartKey"]
    assert start == {"pk": {"S": "ACCOUNT#acme"}, "sk": {"S": f"ORDER#{IDS[0]}"}}
    assert service.asked[4:6] == [entries_query(IDS[0], 2, 500), entries_query(IDS[1], 0, 499)]
    service.answers, service.asked = [account_read(), *orders_of()], []
    assert replay.replay(replay.Replay(account_id="acme", after=IDS[0])) == (0, 0, None)
    assert service.asked[1][1]["ExclusiveStartKey"] == start


def test_a_replay_of_more_orders_than_a_call_takes_goes_on_behind_the_last(service: Service) -> None:
    online, direct, whole = orders_of(IDS[0])
    online["LastEvaluatedKey"] = {"pk": {"S": ""}, "sk": {"S": f"ORDER#{IDS[0]}"}}
    service.answers = [account_read(), online, direct, whole, {"Items": [entry_of(IDS[0], 1)]}, {}]
    requested = {"account_id": "acme", "from": "2026-03-05", "to": "2026-03-06"}
    assert replay.replay(replay.Replay.model_validate(requested)) == (1, 1, {**requested, "after": IDS[0]})
    assert service.asked[0] == reading(account_key("acme"))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "Value error, name an order_id or an account_id"),
        ({"order_id": ORDER_ID, "account_id": "acme"}, "Value error, name an order_id or an account_id"),
        ({"order_id": ORDER_ID, "from": "2026-03-05"}, "Value error, from and to are for an account_id"),
        ({"order_id": ORDER_ID, "to": "2026-03-05"}, "Value error, from and to are for an account_id"),
        ({"account_id": "acme", "after": "7"}, f"String should match pattern '{replay._POSITION.pattern}'"),
    ],
)
def test_a_replay_is_of_one_order_or_of_one_account(asked: Json, words: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        replay.Replay.model_validate(asked)
    assert [error["msg"] for error in refusal.value.errors()] == [words]
