"""The lab's DynamoDB keeps what AWS promises; stock moto breaks each of these."""

import threading
from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lab import START, Lab

Json = dict[str, Any]


def key(name: str) -> Json:
    return {"pk": {"S": name}, "sk": {"S": "X"}}


class Table:
    def __init__(self, lab: Lab) -> None:
        self.name = lab.outputs["TableName"]
        self.client = lab.client("dynamodb")

    def put(self, name: str, **attributes: Json) -> None:
        self.client.put_item(TableName=self.name, Item=key(name) | attributes)

    def transact(self, *actions: Json, **options: Any) -> None:
        stamped = [{kind: {"TableName": self.name} | body for kind, body in action.items()} for action in actions]
        self.client.transact_write_items(TransactItems=stamped, **options)

    def canceled_transaction(self) -> None:
        with pytest.raises(ClientError, match="TransactionCanceled"):
            self.transact({"Put": {"Item": key("never")}}, check_exists("missing"))


def check_exists(name: str) -> Json:
    return {"ConditionCheck": {"Key": key(name), "ConditionExpression": "attribute_exists(pk)"}}


def put_new(name: str) -> Json:
    return {"Put": {"Item": key(name), "ConditionExpression": "attribute_not_exists(pk)"}}


@pytest.fixture
def table(lab: Lab) -> Table:
    return Table(lab)


def changes(lab: Lab) -> list[tuple[str, str]]:
    records = lab.dynamodb.records(lab.outputs["TableName"])
    return [(record["eventName"], record["dynamodb"]["Keys"]["pk"]["S"]) for record in records]


def test_a_canceled_transaction_loses_no_write_of_another_thread(lab: Lab, table: Table) -> None:
    written: list[str] = []
    enough = threading.Event()

    def write() -> None:
        while not enough.is_set():
            table.put(f"w{len(written)}")
            written.append(f"w{len(written)}")

    writer = threading.Thread(target=write)
    writer.start()
    canceled = 0
    while writer.is_alive() and (canceled < 25 or len(written) < 10):  # the two take turns as they like
        table.canceled_transaction()
        canceled += 1
    enough.set()
    writer.join()
    assert len(written) >= 10
    assert {item["pk"] for item in lab.items} == set(written)


def test_of_those_who_put_the_same_new_item_one_wins(table: Table) -> None:
    winners: list[int] = []

    def put(number: int, barrier: threading.Barrier) -> None:
        barrier.wait()
        try:
            table.transact(put_new(f"item{number}"))
        except ClientError:
            return
        winners.append(number)

    for number in range(15):
        barrier = threading.Barrier(4)
        threads = [threading.Thread(target=put, args=(number, barrier)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Counter(winners) == Counter(range(15))


def test_a_canceled_transaction_leaves_neither_item_nor_record(lab: Lab, table: Table) -> None:
    table.canceled_transaction()
    table.put("after")
    assert [item["pk"] for item in lab.items] == ["after"]
    assert changes(lab) == [("INSERT", "after")]


def test_a_canceled_update_leaves_the_item_as_it_was(lab: Lab, table: Table) -> None:
    table.put("one", text={"S": "before"})
    update = {"Key": key("one"), "UpdateExpression": "SET #t = :t", "ExpressionAttributeNames": {"#t": "text"}}
    with pytest.raises(ClientError):
        table.transact({"Update": update | {"ExpressionAttributeValues": {":t": {"S": "x"}}}}, check_exists("missing"))
    assert lab.items == [{"pk": "one", "sk": "X", "text": "before"}]


def test_only_what_changed_is_in_the_stream(lab: Lab, table: Table) -> None:
    table.client.update_item(
        TableName=table.name,
        Key=key("one"),
        UpdateExpression="SET a = :a",
        ExpressionAttributeValues={":a": {"S": "1"}},
    )
    table.put("one", a={"S": "1"})
    table.put("one", a={"S": "2"})
    table.client.delete_item(TableName=table.name, Key=key("one"))
    assert changes(lab) == [("INSERT", "one"), ("MODIFY", "one"), ("REMOVE", "one")]


def test_a_record_looks_as_the_lambda_service_sends_it(lab: Lab, table: Table) -> None:
    table.put("one")
    (record,) = lab.dynamodb.records(table.name)
    stream = lab.client("dynamodb").describe_table(TableName=table.name)["Table"]["LatestStreamArn"]
    assert record | {"eventID": None} == {
        "eventID": None,
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-central-1",
        "eventSourceARN": stream,
        "dynamodb": {
            "ApproximateCreationDateTime": int(START.timestamp()),
            "Keys": key("one"),
            "NewImage": key("one"),
            "SequenceNumber": record["dynamodb"]["SequenceNumber"],
            "SizeBytes": record["dynamodb"]["SizeBytes"],
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
    }


def test_a_repeated_request_token_has_no_second_effect(lab: Lab, table: Table) -> None:
    table.transact(put_new("one"), ClientRequestToken="token")
    table.transact(put_new("one"), ClientRequestToken="token")
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        table.transact(put_new("two"), ClientRequestToken="token")
    lab.advance(minutes=11)
    with pytest.raises(ClientError, match="TransactionCanceled"):
        table.transact(put_new("one"), ClientRequestToken="token")


def test_values_that_no_expression_uses_are_refused(table: Table) -> None:
    with pytest.raises(ClientError, match="unused in expressions"):
        table.client.put_item(
            TableName=table.name,
            Item=key("one"),
            ConditionExpression="attribute_not_exists(pk)",
            ExpressionAttributeValues={":left_over": {"S": "x"}},
        )


def test_an_index_key_of_another_type_is_refused(table: Table) -> None:
    with pytest.raises(ClientError, match="Index Key assignee_id"):
        table.put("one", assignee_id={"N": "1"})


def test_items_go_when_their_time_to_live_is_over(lab: Lab, table: Table) -> None:
    table.put("short", expires_at={"N": str(int(START.timestamp()) + 60)})
    table.put("long")
    assert lab.expire_items() == 0
    lab.advance(minutes=2)
    assert lab.expire_items() == 1
    assert [item["pk"] for item in lab.items] == ["long"]
    removal = lab.dynamodb.records(table.name)[-1]
    assert removal["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def test_units_follow_the_size_rules(lab: Lab, table: Table) -> None:
    text = {"S": "y" * 3500}
    with lab.capacity.measured() as units:
        table.put("one", text=text)
        assert units.written == {table.name: 4}
    with lab.capacity.measured() as units:
        table.transact({"Put": {"Item": key("one") | {"text": text}}})
        assert units.written == {table.name: 8}
    with lab.capacity.measured() as units:
        table.client.get_item(TableName=table.name, Key=key("one"))
        table.client.get_item(TableName=table.name, Key=key("one"), ConsistentRead=True)
        assert units.read == {table.name: 1.5}
    with lab.capacity.measured() as units:
        table.put("one", text=text, assignee_id={"S": "a"}, order_id={"S": "1"})
        table.put("one", text=text, assignee_id={"S": "b"}, order_id={"S": "1"})
        assert units.written == {table.name: 8, f"{table.name}/assignee": 3}


def test_a_query_is_paid_for_what_its_filter_drops(lab: Lab, table: Table) -> None:
    for sk in ("a", "b", "c"):
        table.client.put_item(
            TableName=table.name, Item={"pk": {"S": "one"}, "sk": {"S": sk}, "text": {"S": "y" * 4000}}
        )
    with lab.capacity.measured() as units:
        found = table.client.query(
            TableName=table.name,
            KeyConditionExpression="pk = :pk",
            FilterExpression="contains(#text, :x)",
            ExpressionAttributeNames={"#text": "text"},
            ExpressionAttributeValues={":pk": {"S": "one"}, ":x": {"S": "x"}},
            Limit=2,
        )
    assert (found["Items"], found["ScannedCount"]) == ([], 2)
    assert units.read == {table.name: 1}
    assert units.read_keys == [("one", "a"), ("one", "b")]


def in_index(lab: Lab, table: Table, status: str) -> list[str]:
    response = table.client.query(
        TableName=table.name,
        IndexName="desk",
        KeyConditionExpression="desk_status = :status",
        ExpressionAttributeValues={":status": {"S": status}},
    )
    return [item["pk"]["S"] for item in response["Items"]]


def move(table: Table, status: str) -> None:
    table.put("o", desk_status={"S": status}, order_id={"S": "1"})


def test_an_index_lags_behind_each_item_and_catches_up(lab: Lab, table: Table) -> None:
    lab.lag()
    move(table, "a")
    lab.advance(seconds=11)
    move(table, "b")
    move(table, "c")
    found = [{status: in_index(lab, table, status) for status in "abc"} for _ in range(40)]
    assert {"a": [], "b": [], "c": ["o"]} in found
    assert any(one["a"] == ["o"] for one in found)
    assert any(one["b"] == ["o"] for one in found)
    assert [item["desk_status"] for item in lab.items] == ["c"]
    lab.advance(seconds=11)
    assert all(in_index(lab, table, "c") == ["o"] for _ in range(40))


def test_only_consistent_reads_see_every_write(lab: Lab, table: Table) -> None:
    lab.lag()
    table.put("o", n={"N": "1"})
    table.client.delete_item(TableName=table.name, Key=key("o"))
    table.put("o", n={"N": "2"})

    def get(**options: Any) -> Any:
        response = table.client.get_item(TableName=table.name, Key=key("o"), **options)
        return response.get("Item", {}).get("n", {}).get("N")

    def query(**options: Any) -> Any:
        values = {":pk": {"S": "o"}}
        response = table.client.query(
            TableName=table.name, KeyConditionExpression="pk = :pk", ExpressionAttributeValues=values, **options
        )
        return response["Items"][0]["n"]["N"] if response["Items"] else None

    def batch(**options: Any) -> Any:
        response = table.client.batch_get_item(RequestItems={table.name: {"Keys": [key("o")], **options}})
        items = response["Responses"][table.name]
        return items[0]["n"]["N"] if items else None

    for read in (get, query, batch):
        assert {read(ConsistentRead=True) for _ in range(40)} == {"2"}
        assert {read() for _ in range(40)} == {"2", "1", None}


def test_a_batch_may_leave_keys_unprocessed_but_never_all(lab: Lab, table: Table) -> None:
    names = ["a", "b", "c"]
    for name in names:
        table.put(name)
    lab.lag()
    left = Counter[int]()
    for _ in range(40):
        request = {"Keys": [key(name) for name in names], "ConsistentRead": True}
        response = table.client.batch_get_item(RequestItems={table.name: request})
        rest = response["UnprocessedKeys"].get(table.name, {"Keys": [], "ConsistentRead": True})
        assert rest["ConsistentRead"]
        found = {item["pk"]["S"] for item in response["Responses"][table.name]}
        assert found | {one["pk"]["S"] for one in rest["Keys"]} == set(names)
        left[len(rest["Keys"])] += 1
    assert set(left) == {0, 1, 2}
