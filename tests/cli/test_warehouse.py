"""Exports for a warehouse: started by the command, and read by the queries of docs/warehouse.md."""

import gzip
import json
import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from botocore.exceptions import ClientError

from online_orders_cli import warehouse
from tests.cli.terminal import Terminal
from tests.contract.in_process import InProcess
from tests.contract.orders import offered, place
from tests.lab import Lab
from tests.local_run import PROJECT

Json = dict[str, Any]
PAGE = (PROJECT / "docs" / "warehouse.md").read_text("utf-8")
STATEMENTS: dict[str, str] = dict(re.findall(r"```sql\n-- ([^\n]+)\n(.*?)```", PAGE, re.DOTALL))
"""By the comment above each."""
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BUCKET = "exports-of-the-lab"


# -- the command --------------------------------------------------------------------------------------------------


class DynamoDb:
    """What the command asks of DynamoDB, and how exports go on."""

    def __init__(self) -> None:
        self.started: list[Json] = []
        self.states: list[Json] = [{"ExportStatus": "IN_PROGRESS"}, {"ExportStatus": "COMPLETED", "ItemCount": 7}]
        self.newest: datetime | None = NOON + timedelta(minutes=3, seconds=20)
        self.error: ClientError | None = None

    def describe_continuous_backups(self, TableName: str) -> Json:  # noqa: N803
        assert TableName == "Table"
        return {
            "ContinuousBackupsDescription": {
                "PointInTimeRecoveryDescription": {"LatestRestorableDateTime": self.newest} if self.newest else {}
            }
        }

    def describe_table(self, TableName: str) -> Json:  # noqa: N803
        return {"Table": {"TableArn": f"arn:{TableName}"}}

    def export_table_to_point_in_time(self, **asked: Any) -> Json:
        if self.error:
            raise self.error
        self.started.append(asked)
        return self._described({"ExportStatus": "IN_PROGRESS"})

    def describe_export(self, ExportArn: str) -> Json:  # noqa: N803
        assert ExportArn == "arn:Table/export/01-a"
        return self._described(self.states.pop(0))

    def _described(self, state: Json) -> Json:
        known = {"ExportArn": "arn:Table/export/01-a", "S3Bucket": "bucket", "S3Prefix": "warehouse"}
        return {"ExportDescription": {**known, "BilledSizeBytes": 100, **state}}


class Stack:
    """An installation with the bucket, or without."""

    def __init__(self, *, has_bucket: bool = True) -> None:
        self.dynamodb = DynamoDb()
        self.has_bucket = has_bucket

    def aws(self, service: str) -> DynamoDb:
        assert service == "dynamodb"
        return self.dynamodb

    def resource(self, logical_id: str) -> str:
        if logical_id == "WarehouseExports" and not self.has_bucket:
            raise KeyError(logical_id)
        return {"Table": "Table", "WarehouseExports": "bucket"}[logical_id]


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.setattr(warehouse, "sleep", lambda seconds: None)
    return Stack()


def terminal_of(stack: Any) -> Terminal:
    return Terminal(stack)


def test_a_full_export_is_started_once_for_one_state(stack: Stack) -> None:
    terminal = terminal_of(stack)
    for _ in range(2):
        (text,) = terminal.run("--json", "export", "warehouse").lines
        assert text["location"] == "s3://bucket/warehouse/AWSDynamoDB/01-a/data/"
        assert (text["kind"], text["status"], text["until"]) == ("full", "IN_PROGRESS", "2026-11-22T12:00:00Z")
    one, other = stack.dynamodb.started
    assert one == other
    assert one.pop("ClientToken")
    assert one == {
        "TableArn": "arn:Table",
        "S3Bucket": "bucket",
        "S3Prefix": "warehouse",
        "ExportFormat": "DYNAMODB_JSON",
        "ExportType": "FULL_EXPORT",
        "ExportTime": NOON,
    }
    terminal.run("export", "warehouse", "--until", "2026-11-22T11:00:00Z")
    assert stack.dynamodb.started[-1]["ExportTime"] == NOON - timedelta(hours=1)
    assert len({each.get("ClientToken") for each in stack.dynamodb.started[1:]}) == 2


def test_who_waits_is_told_the_outcome(stack: Stack) -> None:
    _, last = terminal_of(stack).run("--json", "export", "warehouse", "--wait").lines
    assert (last["status"], last["items"], last["size"], last["failure"]) == ("COMPLETED", 7, 100, None)


def test_an_export_that_failed_is_no_success(stack: Stack) -> None:
    stack.dynamodb.states = [{"ExportStatus": "FAILED", "FailureCode": "S3AccessDenied", "FailureMessage": "No."}]
    ran = terminal_of(stack).run("export", "warehouse", "--wait", expect=1)
    assert "failed: S3AccessDenied No." in ran.out


def test_a_long_period_becomes_increments_of_a_day_at_most(stack: Stack) -> None:
    terminal_of(stack).run("export", "warehouse", "--since", "2026-11-19T18:00:00+00:00")
    periods = [each["IncrementalExportSpecification"] for each in stack.dynamodb.started]
    assert [each["ExportType"] for each in stack.dynamodb.started] == ["INCREMENTAL_EXPORT"] * 3
    assert periods[0]["ExportFromTime"] == NOON - timedelta(hours=66)
    assert periods[-1]["ExportToTime"] == NOON
    for one, other in pairwise(periods):
        assert one["ExportToTime"] == other["ExportFromTime"]
    lengths = {each["ExportToTime"] - each["ExportFromTime"] for each in periods}
    assert lengths == {timedelta(hours=22)}
    assert {each["ExportViewType"] for each in periods} == {"NEW_IMAGE"}
    assert len({each["ClientToken"] for each in stack.dynamodb.started}) == 3


@pytest.mark.parametrize(
    ("options", "code"),
    [(["--since", "2026-11-22T11:50:00Z"], 1), (["--since", "yesterday"], 2), (["--until", "2026-13-01"], 2)],
)
def test_a_period_that_cannot_be_exported_is_refused(stack: Stack, options: list[str], code: int) -> None:
    terminal_of(stack).run("export", "warehouse", *options, expect=code)
    assert stack.dynamodb.started == []


def test_without_bucket_or_backups_the_command_says_what_is_missing(stack: Stack) -> None:
    without = terminal_of(Stack(has_bucket=False)).run("--json", "export", "warehouse", expect=1)
    assert without.complaints[0]["code"] == "no_warehouse"
    stack.dynamodb.newest = None
    assert terminal_of(stack).run("--json", "export", "warehouse", expect=1).complaints[0]["code"] == "no_backups"


@pytest.mark.parametrize(("code", "exit_code"), [("InvalidExportTimeException", 1), ("AccessDeniedException", 3)])
def test_what_dynamodb_refuses_is_said(stack: Stack, code: str, exit_code: int) -> None:
    stack.dynamodb.error = ClientError({"Error": {"Code": code, "Message": "Too old."}}, "ExportTableToPointInTime")
    ran = terminal_of(stack).run("export", "warehouse", expect=exit_code)
    assert "Too old." in ran.err


# -- the queries --------------------------------------------------------------------------------------------------


def test_the_published_queries_say_of_an_export_what_the_api_says(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    _some_orders(seeded)
    with seeded.lab.as_operator():
        _export(seeded.lab, tmp_path)
    database = _database(tmp_path)
    database.execute(STATEMENTS["items of a full export"])
    database.execute(STATEMENTS["views"])
    _compare(database, seeded)
    later = place(seeded)
    later.desk("decline", {"reason": "No."}).ok()
    seeded.settle()
    _write_changes(seeded.lab, tmp_path / "changes" / "b.gz")
    database.execute(STATEMENTS["items of a full export and the increments since"])
    _compare(database, seeded)


def test_each_published_statement_is_run() -> None:
    queries = {name for name in STATEMENTS if name.startswith("query: ")}
    assert queries == {f"query: {each}" for each in QUERIES}
    rest = {"Athena", "DuckDB", "items of a full export", "items of a full export and the increments since", "views"}
    assert STATEMENTS.keys() - queries == rest
    assert PAGE.count("```sql") == len(STATEMENTS)


QUERIES = (
    "orders by month",
    "value by month",
    "lines that were sold",
    "seconds to the first quote",
    "entries by event",
)


def _some_orders(site: InProcess) -> None:
    """Orders that ended in each way, and open ones, one of them direct."""
    for _ in range(2):
        _, mail = offered(site)
        site.decide(mail, "approve").page()
    _, mail = offered(site)
    site.decide(mail, "cancel").page()
    place(site).ask("cancel", {"reason": "Twice."}).ok()
    place(site).desk("decline", {"reason": "Over."}).ok()
    offered(site)
    place(site)
    site.settle()


def _export(lab: Lab, folder: Path) -> None:
    """Have an export made, as DynamoDB's emulator makes it, and download it."""
    s3, dynamodb = lab.client("s3"), lab.client("dynamodb")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    arn = dynamodb.describe_table(TableName=lab.outputs["TableName"])["Table"]["TableArn"]
    dynamodb.update_continuous_backups(
        TableName=lab.outputs["TableName"], PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    made = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket=BUCKET, S3Prefix="warehouse")
    while True:
        found = dynamodb.describe_export(ExportArn=made["ExportDescription"]["ExportArn"])["ExportDescription"]
        if found["ExportStatus"] != "IN_PROGRESS":
            break
    assert found["ExportStatus"] == "COMPLETED", found
    (folder / "full").mkdir()
    for one in s3.list_objects_v2(Bucket=BUCKET)["Contents"]:
        content = s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read()
        (folder / "full" / one["Key"].rpartition("/")[2]).write_bytes(content)
    (folder / "changes").mkdir()
    (folder / "changes" / "a.gz").write_bytes(gzip.compress(b""))


def _write_changes(lab: Lab, path: Path) -> None:
    """Write increments as DynamoDB documents them: every item anew, twice, and one that was deleted."""
    items = lab.client("dynamodb").scan(TableName=lab.outputs["TableName"])["Items"]
    lines = []
    for written_at, status in ((1, "in_process"), (2, None)):
        for item in items:
            image = dict(item)
            if status and "ORDER#" in item["sk"]["S"]:
                image["document"] = {"S": "{}"}
            lines.append(_change(written_at, item, image))
    order = {"pk": {"S": "ACCOUNT#gone"}, "sk": {"S": "ORDER#gone"}}
    lines += [_change(1, order, {**order, "document": {"S": '{"status": "completed"}'}}), _change(2, order, None)]
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))


def _change(written_at: int, item: Json, image: Json | None) -> Json:
    change = {
        "Metadata": {"WriteTimestampMicros": {"N": str(written_at)}},
        "Keys": {"pk": item["pk"], "sk": item["sk"]},
    }
    return change if image is None else {**change, "NewImage": image}


def _database(folder: Path) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    text = STATEMENTS["DuckDB"].replace("'full/", f"'{folder}/full/").replace("'changes/", f"'{folder}/changes/")
    database.execute(text)
    return database


def _rows(database: duckdb.DuckDBPyConnection, name: str) -> list[tuple[Any, ...]]:
    return database.execute(STATEMENTS[f"query: {name}"]).fetchall()


def _compare(database: duckdb.DuckDBPyConnection, site: InProcess) -> None:
    staff = site.people.cs
    orders = site.get("/api/desk/orders?limit=100", staff).ok()["items"]
    timelines = {
        each["order_id"]: site.get(f"/api/desk/orders/{each['order_id']}/timeline?limit=100", staff).ok()["items"]
        for each in orders
    }
    figures = site.get("/api/desk/figures", staff).ok()["rows"]
    won = [each for each in orders if each["status"] == "completed"]

    ((month, count, *ended),) = _rows(database, "orders by month")
    (row,) = figures
    assert (month, count) == (row["month"], row["orders"]) == (orders[0]["placed_at"][:7], len(orders))
    assert ended == [row["won"], row["lost"], row["expired"], row["open"]]
    assert ended[0] == len(won)

    ((_, currency, *value),) = _rows(database, "value by month")
    totals = [each["quote"]["totals"] for each in won]
    assert value == [sum(Decimal(each[name]) for each in totals) for name in ("once", "monthly", "yearly")]
    (told,) = (each for each in row["value"] if each["currency"] == currency)
    assert value == [Decimal(told[name]) for name in ("once", "monthly", "yearly")]

    sold: dict[tuple[str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for quote in (each["quote"] for each in won):
        for line in quote["lines"]:
            of_kind = sold[line["description"], line["recurrence"], quote["currency"]]
            of_kind[0] += line["quantity"]
            of_kind[1] += Decimal(line["amount"])
    assert {each[:3]: [*each[3:]] for each in _rows(database, "lines that were sold")} == sold

    waited = {}
    for order_id, entries in timelines.items():
        quoted = [each["at"] for each in entries if each["event"] == "order.quoted"]
        if quoted:
            times = [datetime.fromisoformat(each) for each in (entries[0]["at"], quoted[0])]
            waited[order_id] = int((times[1].replace(microsecond=0) - times[0].replace(microsecond=0)).total_seconds())
    assert dict(_rows(database, "seconds to the first quote")) == waited
    assert waited

    happened = Counter((each["event"], each["actor"]["kind"]) for entries in timelines.values() for each in entries)
    assert {each[:2]: each[2] for each in _rows(database, "entries by event")} == happened
