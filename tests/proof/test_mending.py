"""What was lost, stopped, damaged or grew too large is found and repaired by the reconciler, and counted."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from online_orders.aws import workflow
from online_orders.aws.keys import OrderKey
from tests.lab import Lab, Response, User, accounts
from tests.lab.bridge import LambdaContext
from tests.workflow.walking import decide, desk, order_of, place, quote, timeline

Json = dict[str, Any]

A_WAIT_AND_MORE = timedelta(hours=7)
TOLD_WITHIN = timedelta(minutes=1)
"""How late Step Functions tells of what has started or ended."""


@pytest.fixture
def lab(lab: Lab) -> Lab:
    lab.stepfunctions.delay_reports(seed=22, at_most=TOLD_WITHIN)
    return lab


def stop(lab: Lab, *order_ids: str) -> None:
    """Stop first executions from outside, and wait until that is known."""
    for order_id in order_ids:
        arn = f"{lab.outputs['StateMachineArn'].replace(':stateMachine:', ':execution:')}:{order_id}-1"
        lab.client("stepfunctions").stop_execution(executionArn=arn)
    lab.settle()
    lab.advance(TOLD_WITHIN)


def counted(lab: Lab, metric: str) -> float:
    """The sum of a metric in the log, in CloudWatch's embedded format."""
    values = [line[metric] for line in lab.log.entries() if metric in line and "_aws" in line]
    return sum(sum(value) if isinstance(value, list) else value for value in values)


def lose_what_is_in_the_stream(lab: Lab) -> None:
    """As when records are older than a day before anybody could read them."""
    for mapping in lab.stream.mappings:
        mapping.position = len(lab.dynamodb.records(mapping.table))


def marks(lab: Lab) -> list[str]:
    return [item["sk"] for item in lab.items if "outstanding" in item]


def post(lab: Lab, order_id: str, action: str, body: Json) -> None:
    """An action of the desk, nothing of which has followed yet."""
    response = lab.http("POST", f"/api/desk/orders/{order_id}/{action}", json=body, user=lab.users.cs)
    assert response.status in {200, 202}, response


def item_key(order_id: str, sk: str) -> Json:
    return {"pk": {"S": f"ORDER#{order_id}"}, "sk": {"S": sk}}


def end_well(lab: Lab, order_id: str, *statuses: str) -> None:
    """The order can still be claimed, quoted and approved, and leaves nothing behind."""
    if order_of(lab, order_id)["status"] == "submitted":
        desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    assert decide(lab, mail, "approve") == 200
    lab.schedules.start()
    lab.advance(A_WAIT_AND_MORE)
    lab.advance(hours=1)
    assert order_of(lab, order_id)["status"] == "completed"
    assert [execution.status for execution in lab.executions] == [*statuses, "SUCCEEDED"]
    assert marks(lab) == []


def test_what_the_stream_lost_of_a_new_order_is_done_within_minutes(lab: Lab) -> None:
    lab.stream.paused = True
    order_id = place(lab)
    lose_what_is_in_the_stream(lab)
    lab.stream.paused = False
    lab.settle()
    assert (lab.executions, lab.events, lab.mails) == ([], [], [])
    lab.schedules.start()
    lab.advance(minutes=5)
    assert [execution.name for execution in lab.executions] == [f"{order_id}-1"]
    assert [event.detail_type for event in lab.events] == ["order.submitted"]
    assert len(lab.mails) == 3
    assert counted(lab, "EntriesRepaired") == 1
    end_well(lab, order_id)


def test_a_decision_whose_wait_nobody_ended_is_followed_within_minutes(lab: Lab) -> None:
    order_id = place(lab)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    lab.stream.paused = True
    assert decide(lab, mail, "approve") == 200
    lose_what_is_in_the_stream(lab)
    lab.stream.paused = False
    lab.settle()
    assert [execution.status for execution in lab.executions] == ["RUNNING"]
    lab.schedules.start()
    lab.advance(minutes=5)
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED"]
    assert [event.detail_type for event in lab.events].count("order.completed") == 1
    assert counted(lab, "EntriesRepaired") == 1


# Whatever kind of record the stream lost.

NEW_CONTACT = {"name": "Nora New", "email": "nora@acme.example"}


def place_order(lab: Lab) -> None:
    body = {"items": [{"kind": "ip_addresses", "quantity": 4, "start_date": "2027-03-05"}]}
    response = lab.http("POST", "/api/orders", json=body, headers={"Idempotency-Key": "lost"}, user=lab.users.customer)
    assert response.status == 201, response


def report_contact(lab: Lab) -> None:
    body = {"text": "Connie has left"}
    assert lab.http("POST", "/api/account/contact-report", json=body, user=lab.users.customer).status == 202


def change_contact(lab: Lab) -> None:
    lab.account("acme", enrollment={**accounts.body("acme")["enrollment"], "contact": NEW_CONTACT})


def order_is_followed(lab: Lab) -> bool:
    executions, mails = [execution.status for execution in lab.executions], lab.mails.to("contact@acme.example")
    return executions == ["RUNNING", "RUNNING"] and len(mails) == 2


def report_is_mailed(lab: Lab) -> bool:
    return len(lab.mails.about("Connie has left")) == 1


def change_is_followed(lab: Lab) -> bool:
    texts = sorted(mail.recipients[0] for mail in lab.mails if "contact person" in mail.subject)
    (order,) = lab.http("GET", "/api/desk/orders?account_id=acme", user=lab.users.cs).json()["items"]
    return order["contact"] == NEW_CONTACT and texts == ["contact@acme.example", NEW_CONTACT["email"]]


INVITED = "ida@acme.example"


def invite(lab: Lab) -> None:
    body = {"email": INVITED, "name": "Ida", "role": "viewer"}
    assert lab.http("POST", "/api/people", json=body, user=lab.users.customer).status == 201


def invitation_is_mailed(lab: Lab) -> bool:
    return len(lab.mails.to(INVITED)) == 1


RECORDS: dict[tuple[str, str], tuple[Callable[[Lab], None], Callable[[Lab], bool]]] = {
    ("INSERT", "ENTRY#"): (place_order, order_is_followed),
    ("INSERT", "CONTACTREPORT#"): (report_contact, report_is_mailed),
    ("INSERT", "CHANGE#"): (change_contact, change_is_followed),
    ("INSERT", "PERSONCHANGE#"): (invite, invitation_is_mailed),
}
"""By what the stream's mapping lets through: how such a record comes to be, and whether all that follows was done."""


def records_of(lab: Lab) -> set[tuple[str, str]]:
    """What the template lets through of the stream: the kind of write and how the sort key begins."""
    (mapping,) = lab.stream.mappings
    patterns = [json.loads(one["Pattern"]) for one in mapping.properties["FilterCriteria"]["Filters"]]
    return {
        (name, key if isinstance(key, str) else key["prefix"])
        for pattern in patterns
        for name in pattern["eventName"]
        for key in pattern["dynamodb"]["Keys"]["sk"]["S"]
    }


def lose(lab: Lab, store: Callable[[Lab], None]) -> None:
    lab.stream.paused = True
    store(lab)
    lose_what_is_in_the_stream(lab)
    lab.stream.paused = False
    lab.settle()


def test_every_kind_of_stream_record_is_among_those_lost_here(lab: Lab) -> None:
    assert records_of(lab) == set(RECORDS)


@pytest.mark.parametrize("kind", RECORDS, ids=str)
def test_a_record_that_the_stream_lost_is_followed_within_minutes_and_once(lab: Lab, kind: tuple[str, str]) -> None:
    store, is_followed = RECORDS[kind]
    place(lab)
    lose(lab, store)
    assert not is_followed(lab)
    lab.schedules.start()
    lab.advance(minutes=10)
    assert is_followed(lab)
    assert set(marks(lab)) == {"WORKFLOW"}
    lab.advance(minutes=30)
    assert is_followed(lab)
    assert counted(lab, "EntriesRepaired") + counted(lab, "AccountItemsRepaired") == 1


@pytest.mark.parametrize("kind", RECORDS, ids=str)
def test_a_record_that_the_stream_lost_is_followed_at_once_on_demand(lab: Lab, kind: tuple[str, str]) -> None:
    store, is_followed = RECORDS[kind]
    place(lab)
    lose(lab, store)
    (response,) = redrive_all(lab)
    assert response["entries"] + response["account_items"] == 1
    assert is_followed(lab)
    (again,) = redrive_all(lab)
    assert (again["entries"], again["account_items"]) == (0, 0)
    assert is_followed(lab)


@pytest.mark.parametrize("kind", RECORDS, ids=str)
def test_a_record_that_comes_twice_is_followed_once(lab: Lab, kind: tuple[str, str]) -> None:
    store, is_followed = RECORDS[kind]
    place(lab)
    lab.stream.duplicate = True
    store(lab)
    lab.settle()
    lab.stream.replay()
    lab.settle()
    assert is_followed(lab)


@pytest.mark.parametrize("kind", RECORDS, ids=str)
def test_what_nobody_mends_of_a_lost_record_is_overdue(lab: Lab, kind: tuple[str, str]) -> None:
    """The figure that the alarm Overdue looks at."""
    store, _ = RECORDS[kind]
    place(lab)
    lose(lab, store)
    lab.advance(minutes=40)
    lab.functions.invoke("MeasureFunction", {})
    assert counted(lab, "OverdueMinutes") > 30


def test_what_a_backup_brings_back_of_an_account_is_not_followed_again(lab: Lab) -> None:
    order_id = place(lab)
    report_contact(lab)
    change_contact(lab)
    lab.settle()
    kept = [item for item in stored(lab) if item["sk"]["S"].startswith(("CONTACTREPORT#", "ACCOUNT"))]
    before = len(lab.mails), timeline(lab, order_id)
    for item in kept:
        key = {"pk": item["pk"], "sk": item["sk"]}
        lab.client("dynamodb").delete_item(TableName=lab.outputs["TableName"], Key=key)
    for item in [item for item in stored(lab) if item["sk"]["S"].startswith("MAIL#")]:
        lab.client("dynamodb").delete_item(TableName=lab.outputs["TableName"], Key={"pk": item["pk"], "sk": item["sk"]})
    for item in kept:
        lab.client("dynamodb").put_item(TableName=lab.outputs["TableName"], Item=item)
    lab.settle()
    lab.schedules.start()
    lab.advance(minutes=10)
    assert (len(lab.mails), timeline(lab, order_id)) == before


def stored(lab: Lab) -> list[Json]:
    """The table, as DynamoDB has it."""
    found: list[Json] = lab.client("dynamodb").scan(TableName=lab.outputs["TableName"])["Items"]
    return found


def test_a_queue_that_takes_no_changes_holds_up_no_order_and_gets_them_later(lab: Lab) -> None:
    place(lab)
    lab.stream.paused = True
    change_contact(lab)
    place_order(lab)
    fault = lab.wire.fail(2, service="sqs", operation="SendMessageBatch", function="OutboxFunction")
    lab.stream.paused = False
    lab.settle()
    assert fault.fired
    assert "CHANGE#00000002" in marks(lab)
    lab.schedules.start()
    lab.advance(minutes=10)
    assert len(lab.executions) == 2
    orders = lab.http("GET", "/api/desk/orders?account_id=acme", user=lab.users.cs).json()["items"]
    assert [order["contact"] for order in orders] == [NEW_CONTACT] * 2
    assert set(marks(lab)) == {"WORKFLOW"}


def test_mails_to_contacts_that_fail_hold_up_no_order(lab: Lab) -> None:
    order_id = place(lab)
    lab.ses.refuse("TooManyRequestsException", times=1_000, to="contact@acme.example")
    change_contact(lab)
    lab.settle()
    assert order_of(lab, order_id)["contact"] == NEW_CONTACT
    lab.errors.take()


@pytest.mark.parametrize("is_together", [True, False], ids=["in one batch", "by themselves"])
def test_events_stay_in_order_though_an_earlier_record_was_lost(lab: Lab, is_together: bool) -> None:
    order_id = place(lab)
    lab.stream.paused = True
    post(lab, order_id, "claim", {})
    post(lab, order_id, "comment", {"text": "Lost", "internal": False})
    lose_what_is_in_the_stream(lab)
    post(lab, order_id, "comment", {"text": "Not lost", "internal": False})
    post(lab, order_id, "decline", {"reason": "Sold out"})
    if not is_together:
        lab.stream.batch_size = 1
    lab.stream.paused = False
    lab.settle()
    lab.schedules.start()
    lab.advance(minutes=10)
    sequences = [event.detail["sequence"] for event in lab.events]
    assert list(dict.fromkeys(sequences)) == [1, 2, 3, 4, 5]
    assert sequences[:5] == [1, 2, 3, 4, 5]
    assert not any(mark.startswith("ENTRY#") for mark in marks(lab))


@pytest.mark.parametrize("at", ["submitted", "in_process", "pending_confirmation"])
def test_an_open_order_whose_execution_was_stopped_goes_on_in_the_next(lab: Lab, at: str) -> None:
    order_id = place(lab)
    if at != "submitted":
        desk(lab, order_id, "claim")
    if at == "pending_confirmation":
        quote(lab, order_id)
    stop(lab, order_id)
    assert [execution.status for execution in lab.executions] == ["ABORTED"]
    lab.schedules.start()
    lab.advance(A_WAIT_AND_MORE)
    assert [(execution.name, execution.status) for execution in lab.executions] == [
        (f"{order_id}-1", "ABORTED"),
        (f"{order_id}-2", "RUNNING"),
    ]
    assert counted(lab, "WorkflowsRepaired") == 1
    end_well(lab, order_id, "ABORTED")


def test_a_stopped_execution_is_replaced_at_once_on_demand(lab: Lab) -> None:
    order_id = place(lab)
    stop(lab, order_id)
    response = lab.functions.invoke("ReconcileFunction", {"order_id": order_id})
    assert response.payload == {"entries": 0, "workflows": 1}
    lab.settle()
    assert [execution.status for execution in lab.executions] == ["ABORTED", "RUNNING"]
    again = lab.functions.invoke("ReconcileFunction", {"order_id": order_id})
    assert again.payload == {"entries": 0, "workflows": 0}
    end_well(lab, order_id, "ABORTED")


def redrive(lab: Lab, order_id: str) -> Json:
    """What one look at an order answers."""
    invocation = lab.functions.invoke("ReconcileFunction", {"order_id": order_id})
    assert invocation.failure is None
    response: Json = invocation.payload
    return response


def test_an_order_with_a_lost_record_has_one_execution_after_redrives(lab: Lab) -> None:
    lab.stream.paused = True
    order_id = place(lab)
    lose_what_is_in_the_stream(lab)
    lab.stream.paused = False
    assert redrive(lab, order_id)["entries"] == 1
    for _ in range(3):
        redrive(lab, order_id)
        lab.settle()
        redrive_all(lab)
    assert [execution.name for execution in lab.executions] == [f"{order_id}-1"]
    end_well(lab, order_id)


def test_a_new_order_has_one_execution_however_often_it_is_redriven(lab: Lab) -> None:
    order_id = place(lab)
    for _ in range(3):
        redrive(lab, order_id)
        lab.settle()
    assert [execution.name for execution in lab.executions] == [f"{order_id}-1"]
    end_well(lab, order_id)


def test_a_stopped_execution_is_followed_by_one_however_often_it_is_redriven(lab: Lab) -> None:
    order_id = place(lab)
    stop(lab, order_id)
    for _ in range(3):
        redrive(lab, order_id)
        lab.settle()
        redrive_all(lab)
    assert [execution.name for execution in lab.executions] == [f"{order_id}-1", f"{order_id}-2"]
    end_well(lab, order_id, "ABORTED")


def test_a_claimed_execution_that_was_not_started_is_started_next_time(lab: Lab) -> None:
    order_id = place(lab)
    stop(lab, order_id)
    fault = lab.wire.fail(service="stepfunctions", operation="StartExecution", how="die")
    lab.functions.invoke("ReconcileFunction", {"order_id": order_id})
    assert fault.fired
    lab.errors.take("ReconcileFunction")
    assert [execution.name for execution in lab.executions] == [f"{order_id}-1"]
    redrive(lab, order_id)
    lab.settle()
    assert [execution.name for execution in lab.executions] == [f"{order_id}-1", f"{order_id}-2"]
    end_well(lab, order_id, "ABORTED")


def test_a_late_start_of_an_earlier_execution_starts_nothing(lab: Lab) -> None:
    """After 90 days AWS would take the name again."""
    order_id = place(lab)
    stop(lab, order_id)
    redrive(lab, order_id)
    lab.settle()
    with lab.as_operator():
        called = lab.wire.count("stepfunctions")
        assert not workflow.start(OrderKey("acme", order_id, "online"))
        assert lab.wire.count("stepfunctions") == called
    end_well(lab, order_id, "ABORTED")


def test_of_two_executions_the_later_one_carries_the_order_and_the_other_ends(lab: Lab) -> None:
    """As an earlier release could start them, and somebody who redrives an execution in Step Functions' console can."""
    order_id = place(lab)
    desk(lab, order_id, "claim")
    first = next(item for item in lab.items if item["sk"] == "WORKFLOW")
    about = {"account_id": "acme", "order_id": order_id, "source": "online"}
    machine = lab.outputs["StateMachineArn"]
    lab.client("stepfunctions").start_execution(
        stateMachineArn=machine, name=f"{order_id}-2", input=json.dumps({**about, "correlation_id": None})
    )
    lab.settle()
    assert [execution.status for execution in lab.executions] == ["RUNNING", "RUNNING"]
    lab.advance(A_WAIT_AND_MORE)
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED", "RUNNING"]
    (existing,) = (item for item in lab.items if item["sk"] == "WORKFLOW")
    assert existing["executions"] == 2
    assert existing["token"] != first["token"]
    end_well(lab, order_id, "SUCCEEDED")


def test_a_table_that_missed_executions_finds_the_running_one(lab: Lab) -> None:
    order_id = place(lab)
    before = next(item for item in lab.items if item["sk"] == "WORKFLOW")
    stop(lab, order_id)
    redrive(lab, order_id)
    lab.advance(TOLD_WITHIN)
    table = {"TableName": lab.outputs["TableName"], "Key": item_key(order_id, "WORKFLOW")}
    lab.client("dynamodb").update_item(
        **table,
        UpdateExpression="SET executions = :one, #token = :token",
        ExpressionAttributeNames={"#token": "token"},
        ExpressionAttributeValues={":one": {"N": "1"}, ":token": {"S": before["token"]}},
    )
    redrive(lab, order_id)
    lab.settle()
    assert [execution.name for execution in lab.executions] == [f"{order_id}-1", f"{order_id}-2"]
    lab.advance(A_WAIT_AND_MORE)
    end_well(lab, order_id, "ABORTED")


def redrive_all(lab: Lab) -> list[Json]:
    """What each call answers, until there is no cursor."""
    responses: list[Json] = []
    cursor = None
    while not responses or cursor:
        invocation = lab.functions.invoke("ReconcileFunction", {"all": True, "cursor": cursor})
        assert invocation.failure is None
        responses.append(invocation.payload)
        cursor = responses[-1]["cursor"]
    lab.settle()
    return responses


def test_whatever_is_undone_of_any_order_is_done_at_once_on_demand(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconcile._PAGE", 2)
    lab.account("acme")
    lab.settle()
    stopped, unmarked, sound = (place_another(lab, key) for key in ("stopped", "unmarked", "sound"))
    lab.settle()
    stop(lab, stopped, unmarked)
    lab.client("dynamodb").delete_item(TableName=lab.outputs["TableName"], Key=item_key(unmarked, "WORKFLOW"))
    lab.stream.paused = True
    lost, closed = place_another(lab, "lost"), sound
    post(lab, closed, "decline", {"reason": "Sold out"})
    lose_what_is_in_the_stream(lab)
    lab.stream.paused = False
    responses = redrive_all(lab)
    assert len(responses) == 1
    assert responses[0] == {"orders": 4, "entries": 2, "workflows": 3, "account_items": 0, "cursor": None}
    running = {execution.name for execution in lab.executions if execution.status == "RUNNING"}
    assert running == {f"{stopped}-2", f"{unmarked}-2", f"{lost}-1"}
    assert (counted(lab, "EntriesRepaired"), counted(lab, "WorkflowsRepaired")) == (2, 3)
    lab.advance(TOLD_WITHIN)
    (again,) = redrive_all(lab)
    assert (again["entries"], again["workflows"]) == (0, 0)


def test_mending_all_orders_goes_on_where_the_time_of_a_call_ended(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconcile._PAGE", 2)
    lab.account("acme")
    lab.settle()
    lab.stream.paused = True
    order_ids = [place_another(lab, str(number)) for number in range(5)]
    lose_what_is_in_the_stream(lab)
    lab.stream.paused = False
    seconds_left = iter([60, 0] * 100)
    monkeypatch.setattr(LambdaContext, "get_remaining_time_in_millis", lambda context: next(seconds_left) * 1000)
    responses = redrive_all(lab)
    assert len(responses) > 8
    assert sum(response["entries"] for response in responses) == len(order_ids)
    assert {execution.name for execution in lab.executions} == {f"{order_id}-1" for order_id in order_ids}


def test_a_malformed_order_keeps_the_reconciler_from_no_other(lab: Lab) -> None:
    lab.account("acme")
    lab.settle()
    poisoned, sound = place_another(lab, "poisoned"), place_another(lab, "sound")
    lab.settle()
    lab.client("dynamodb").update_item(
        TableName=lab.outputs["TableName"],
        Key={"pk": {"S": "ACCOUNT#acme"}, "sk": {"S": f"ORDER#{poisoned}"}},
        UpdateExpression="SET document = :document",
        ExpressionAttributeValues={":document": {"S": "{"}},
    )
    stop(lab, poisoned, sound)
    (response,) = redrive_all(lab)
    assert (response["workflows"], counted(lab, "WorkflowRepairsFailed")) == (1, 1)
    lab.schedules.start()
    lab.advance(A_WAIT_AND_MORE)
    assert counted(lab, "WorkflowRepairsFailed") > 1
    assert [execution.name for execution in lab.executions if execution.status == "RUNNING"] == [f"{sound}-2"]
    lab.errors.take()


def test_an_execution_whose_order_is_closed_is_ended(lab: Lab) -> None:
    order_id = place(lab)
    lab.stream.paused = True
    post(lab, order_id, "decline", {"reason": "Sold out"})
    lose_what_is_in_the_stream(lab)
    for item in lab.items:
        if item["sk"].startswith("ENTRY#"):
            lab.client("dynamodb").update_item(
                TableName=lab.outputs["TableName"],
                Key=item_key(order_id, item["sk"]),
                UpdateExpression="REMOVE outstanding, check_at",
            )
    lab.stream.paused = False
    lab.settle()
    assert [execution.status for execution in lab.executions] == ["RUNNING"]
    response = lab.functions.invoke("ReconcileFunction", {"order_id": order_id})
    assert response.payload == {"entries": 0, "workflows": 1}
    lab.settle()
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED"]
    assert counted(lab, "WorkflowsRepaired") == 1
    lab.schedules.start()
    lab.advance(A_WAIT_AND_MORE)
    assert marks(lab) == []


def spoil(lab: Lab, order_id: str, sequence: int, document: str) -> None:
    """Write other words into a stored timeline entry."""
    (sk,) = (
        item["sk"]
        for item in lab.items
        if item["pk"] == f"ORDER#{order_id}" and "document" in item and item["sk"].endswith(f"{sequence:06}")
    )
    lab.client("dynamodb").update_item(
        TableName=lab.outputs["TableName"],
        Key=item_key(order_id, sk),
        UpdateExpression="SET document = :document",
        ExpressionAttributeValues={":document": {"S": document}},
    )


def place_another(lab: Lab, key: str) -> str:
    body = {"items": [{"kind": "ip_addresses", "quantity": 1, "start_date": "2027-03-05"}]}
    response = lab.http("POST", "/api/orders", json=body, headers={"Idempotency-Key": key}, user=lab.users.customer)
    assert response.status == 201, response
    order_id: str = response.json()["order_id"]
    return order_id


def test_a_malformed_entry_parks_its_order_only_until_it_is_repaired(lab: Lab) -> None:
    lab.account("acme")
    lab.settle()
    lab.stream.paused = True
    poisoned, sound = place_another(lab, "poisoned"), place_another(lab, "sound")
    (image,) = (
        image
        for record in lab.dynamodb.records(lab.outputs["TableName"])
        if (image := record["dynamodb"].get("NewImage", {"pk": {"S": ""}}))["pk"]["S"] == f"ORDER#{poisoned}"
    )
    entry = image["document"]["S"]
    image["document"]["S"] = entry[:20]
    spoil(lab, poisoned, 1, entry[:20])
    lab.stream.paused = False
    lab.settle()
    assert [execution.name for execution in lab.executions] == [f"{sound}-1"]
    assert counted(lab, "OrdersParked") == 1
    lab.schedules.start()
    lab.advance(hours=3)
    lab.advance(hours=3)
    assert [execution.name for execution in lab.executions] == [f"{sound}-1"]
    assert counted(lab, "OrdersParked") > 1
    spoil(lab, poisoned, 1, entry)
    lab.advance(hours=1)
    lab.advance(minutes=30)
    assert {execution.name for execution in lab.executions} == {f"{sound}-1", f"{poisoned}-1"}
    assert counted(lab, "EntriesRepaired") == 1
    for order_id in (poisoned, sound):
        desk(lab, order_id, "decline", {"reason": "The end"})
    lab.advance(A_WAIT_AND_MORE)
    lab.advance(hours=1)
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED", "SUCCEEDED"]
    assert marks(lab) == []


def test_the_entries_of_a_parked_order_keep_their_order(lab: Lab) -> None:
    order_id = place(lab)
    fault = lab.wire.fail(service="events", operation="PutEvents")
    desk(lab, order_id, "claim")
    assert fault.fired
    desk(lab, order_id, "comment", {"text": "One"})
    desk(lab, order_id, "comment", {"text": "Two"})
    assert [event.detail_type for event in lab.events] == ["order.submitted"]
    lab.schedules.start()
    lab.advance(minutes=5)
    assert [event.detail["sequence"] for event in lab.events] == [1, 2, 3, 4]
    end_well(lab, order_id)


@pytest.mark.timeout(3600)
def test_a_long_history_hurts_nobody(lab: Lab, long: bool, report: Callable[[str], None]) -> None:
    comments = 3_000 if long else 40
    order_id = place(lab)
    for number in range(comments):
        path = f"/api/orders/{order_id}/comment"
        response = lab.http("POST", path, json={"text": f"{number} {'x' * 1900}"}, user=lab.users.customer)
        assert response.status == 200, response
    lab.settle()
    report(f"long history: {comments} comments of 1,900 characters")
    lab.functions.invocations.clear()
    looked = lab.functions.invoke("ReconcileFunction", {"order_id": order_id})
    assert looked.payload == {"entries": 0, "workflows": 0}
    entries, cursor = 0, ""
    while True:
        page = lab.http("GET", f"/api/orders/{order_id}/timeline?limit=100{cursor}", user=lab.users.customer).json()
        entries += len(page["items"])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert entries == comments + 1
    end_well_of_long(lab, order_id)


def end_well_of_long(lab: Lab, order_id: str) -> None:
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    assert decide(lab, mail, "approve") == 200
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED"]


WIDE = "\N{GRINNING FACE}"
"""Four bytes for one character."""


def largest_quote(lines: int = 200, terms: int = 10_000, items: int = 50) -> bytes:
    """A body with as many lines, and texts as long, as the API takes, for an order of so many items."""
    line = {"description": WIDE * 200, "quantity": 1, "unit_price": "10", "recurrence": "monthly"}
    body = {
        "valid_until": "2027-01-01",
        "lines": [{**line, "item_id": str(number % items + 1)} for number in range(lines)],
        "confirmed_start_dates": {str(number): "2027-03-06" for number in range(1, items + 1)},
        "message": WIDE * 2_000,
        "terms": WIDE * terms,
    }
    return json.dumps(body, ensure_ascii=False).encode()


def largest_order(lab: Lab) -> str:
    items = [{"kind": "ip_addresses", "quantity": 1, "start_date": "2027-03-05"}] * 50
    order_id = place(lab, items=items, note=WIDE * 2_000, purchase_order_number=WIDE * 64)
    desk(lab, order_id, "claim")
    return order_id


def quote_with(lab: Lab, order_id: str, body: bytes) -> Response:
    path = f"/api/desk/orders/{order_id}/quote"
    return lab.http("POST", path, content=body, headers={"Content-Type": "application/json"}, user=lab.users.cs)


def test_the_largest_order_and_quote_that_the_api_takes_go_their_way(lab: Lab, report: Callable[[str], None]) -> None:
    order_id = largest_order(lab)
    for revision in (1, 2):
        response = quote_with(lab, order_id, largest_quote())
        assert response.status == 202, response
        assert response.json()["quote"]["revision"] == revision
        lab.settle()
    stored = max(len(json.dumps(item, default=str, ensure_ascii=False).encode()) for item in lab.items)
    report(f"largest item that the API can make: {stored // 1024} KB of DynamoDB's 400")
    assert 230 * 1024 < stored < 400 * 1024
    mail = lab.mails.about(order_id)[-1]
    assert decide(lab, mail, "approve") == 200
    assert order_of(lab, order_id)["status"] == "completed"
    assert [execution.status for execution in lab.executions] == ["SUCCEEDED"]
    assert "order.completed" in timeline(lab, order_id)
    rows = lab.http("GET", "/api/orders", user=lab.users.customer).json()["items"]
    assert [row["order_id"] for row in rows] == [order_id]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (largest_quote(lines=201), 422, "invalid"),
        (largest_quote(terms=10_001), 422, "invalid"),
        (largest_quote(lines=400), 413, "too_large"),
    ],
    ids=["lines", "terms", "bytes"],
)
def test_a_quote_beyond_the_largest_is_refused_and_leaves_nothing(
    lab: Lab, body: bytes, status: int, code: str
) -> None:
    order_id = largest_order(lab)
    before = lab.items
    response = quote_with(lab, order_id, body)
    assert (response.status, response.json()["code"]) == (status, code)
    lab.settle()
    assert lab.items == before


def pages_of(lab: Lab, path: str, user: User) -> list[list[Json]]:
    pages: list[list[Json]] = []
    cursor = ""
    while True:
        response = lab.http("GET", f"{path}?limit=100{cursor}", user=user)
        assert response.status == 200, response
        pages.append(response.json()["items"])
        if response.json()["next_cursor"] is None:
            return pages
        cursor = f"&cursor={response.json()['next_cursor']}"


def test_lists_of_more_than_a_megabyte_come_in_short_pages_that_miss_nothing(lab: Lab) -> None:
    lab.account("acme")
    lab.settle()
    lab.stream.paused = True
    placed = [place_another(lab, str(number)) for number in range(6)]
    for order_id in placed:
        post(lab, order_id, "claim", {})
        assert quote_with(lab, order_id, largest_quote(items=1)).status == 202
    pages = pages_of(lab, "/api/orders", lab.users.customer)
    assert len(pages) > 1
    assert [row["order_id"] for page in pages for row in page] == placed[::-1]
    queue = pages_of(lab, "/api/desk/orders", lab.users.cs)
    assert [row["order_id"] for page in queue for row in page] == placed


def test_more_than_a_megabyte_of_lost_entries_is_followed_to_the_last(lab: Lab) -> None:
    order_id = place(lab)
    lab.stream.paused = True
    for _ in range(140):
        path = f"/api/orders/{order_id}/comment"
        assert lab.http("POST", path, json={"text": WIDE * 2_000}, user=lab.users.customer).status == 200
    lose_what_is_in_the_stream(lab)
    lab.stream.paused = False
    response = lab.functions.invoke("ReconcileFunction", {"order_id": order_id})
    assert response.payload == {"entries": 140, "workflows": 0}
    assert [event.detail["sequence"] for event in lab.events] == list(range(1, 142))
    pages = pages_of(lab, f"/api/orders/{order_id}/timeline", lab.users.customer)
    assert [entry["sequence"] for page in pages for entry in page] == list(range(1, 142))


@pytest.mark.timeout(3600)
def test_a_year_of_ticks_is_carried_by_executions_far_below_their_limits(
    lab: Lab, long: bool, report: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS ends an execution after a year, or at 25,000 events. In the short form 6 days stand for the 300."""
    longest = workflow.MAX_EXECUTION_AGE if long else timedelta(days=6)
    monkeypatch.setattr(workflow, "MAX_EXECUTION_AGE", longest)
    order_id = place(lab)
    desk(lab, order_id, "claim")
    lab.schedules.start()
    lab.advance(longest * 1.2)
    assert [(execution.name, execution.status) for execution in lab.executions] == [
        (f"{order_id}-1", "SUCCEEDED"),
        (f"{order_id}-2", "RUNNING"),
    ]
    events = len(lab.executions[0].history)
    of_longest = round(events * (timedelta(days=300) / longest))
    report(f"{longest.days} days of ticks: {events} events in the history, so {of_longest} of 25,000 in 300 days")
    assert of_longest < 25_000 // 2
    mail = quote(lab, order_id, valid_until="2027-12-24")
    assert decide(lab, mail, "approve") == 200
    assert order_of(lab, order_id)["status"] == "completed"
