"""A backup is put back: the table is as it was then, nothing comes twice, and orders go on."""

from datetime import datetime
from typing import Any

import pytest

from tests.cli.terminal import Terminal
from tests.cli.test_looking import place
from tests.contract.in_process import InProcess

THEN = "then"
Json = dict[str, Any]


def backup(site: InProcess) -> None:
    """What `restore-table-to-point-in-time` makes, as moto has it: a table of its own with the items of now."""
    site.lab.client("dynamodb").restore_table_to_point_in_time(
        SourceTableName=site.lab.stack.ref("Table"), TargetTableName=THEN, UseLatestRestorableTime=True
    )


def items(site: InProcess, table: str) -> dict[tuple[str, str], Json]:
    found = site.lab.client("dynamodb").scan(TableName=table)
    assert "LastEvaluatedKey" not in found
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in found["Items"]}


def hold(terminal: Terminal, site: InProcess) -> None:
    with site.lab.as_operator():
        terminal.run("mail", "hold", "--reason", "restoring")


def release(terminal: Terminal, site: InProcess) -> None:
    with site.lab.as_operator():
        terminal.run("mail", "release")


def empty(site: InProcess) -> None:
    client, table = site.lab.client("dynamodb"), site.lab.stack.ref("Table")
    for pk, sk in items(site, table):
        client.delete_item(TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}})


def stop_executions(site: InProcess) -> None:
    """A new stack has none."""
    machine = site.lab.client("stepfunctions")
    for one in machine.list_executions(stateMachineArn=site.lab.outputs["StateMachineArn"], statusFilter="RUNNING")[
        "executions"
    ]:
        machine.stop_execution(executionArn=one["executionArn"])
    site.settle()


def finish(site: InProcess, order_id: str) -> None:
    """From a claimed order on."""
    line = {"item_id": "1", "description": "IPv4", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
    body = {"valid_until": site.day(20), "lines": [line]}
    site.post(f"/api/desk/orders/{order_id}/quote", site.people.cs, body).ok(202)
    site.settle()
    mail = site.mails(to=site.contact_of(site.people.customer), about=order_id)[-1]
    assert site.decide(mail, "approve").status == 200
    site.settle()
    assert site.get(f"/api/desk/orders/{order_id}", site.people.cs).ok()["status"] == "completed"


def test_a_table_that_was_lost_comes_back_nothing_comes_twice_and_orders_go_on(
    terminal: Terminal, seeded: InProcess
) -> None:
    claimed = place(seeded)
    seeded.post(f"/api/desk/orders/{claimed}/claim", seeded.people.cs).ok()
    seeded.settle()
    backup(seeded)
    before = items(seeded, THEN)
    empty(seeded)
    stop_executions(seeded)
    events, mails = len(seeded.lab.events), len(seeded.mails(about=claimed))
    hold(terminal, seeded)
    (text,) = terminal.run("--json", "restore", THEN, "--yes").lines
    assert text == {"dry_run": False, "written": len(before), "unchanged": 0, "removed": 0}
    began = seeded.lab.clock.now()
    release(terminal, seeded)
    seeded.settle()
    after = items(seeded, seeded.lab.stack.ref("Table"))
    # From this the day of a quote's mail is counted that has waited; it is all that is new.
    released = after.pop(("MAILHOLD", "RELEASED"))
    assert released.keys() == {"pk", "sk", "at"}
    assert began <= datetime.fromisoformat(released["at"]["S"]) <= seeded.lab.clock.now()
    assert after == before
    assert (len(seeded.lab.events), len(seeded.mails(about=claimed))) == (events, mails)
    assert terminal.run("--json", "redrive", "all").lines == [
        {"orders": 1, "entries": 0, "workflows": 1, "account_items": 0}
    ]
    seeded.settle()
    finish(seeded, claimed)


def test_a_restored_table_processes_what_was_pending_then(terminal: Terminal, seeded: InProcess) -> None:
    claimed = place(seeded, "claimed")
    seeded.post(f"/api/desk/orders/{claimed}/claim", seeded.people.cs).ok()
    seeded.settle()
    seeded.lab.stream.paused = True
    new = seeded.post(
        "/api/orders",
        seeded.people.customer,
        {"items": [{"kind": "ip_addresses", "quantity": 1, "start_date": seeded.day(30)}]},
        Idempotency_Key="new",
    ).ok(201)["order_id"]
    backup(seeded)
    seeded.lab.stream.paused = False
    seeded.settle()
    seeded.post(f"/api/desk/orders/{claimed}/decline", seeded.people.cs, {"reason": "By mistake"}).ok()
    later = place(seeded, "later")
    hold(terminal, seeded)
    assert terminal.run("--json", "restore", THEN, "--yes", expect=1).complaints[0]["code"] == "not_empty"
    (would,) = terminal.run("--json", "restore", THEN, "--replace", "--dry-run").lines
    (result,) = terminal.run("--json", "restore", THEN, "--replace", "--yes").lines
    assert would == {**result, "dry_run": True}
    assert result["removed"] > 0
    (again,) = terminal.run("--json", "restore", THEN, "--replace", "--yes").lines
    assert (again["written"], again["removed"]) == (0, 0)
    release(terminal, seeded)
    mails = len(seeded.mails(about=new))
    terminal.run("redrive", "all")
    seeded.lab.advance(minutes=20)
    terminal.run("redrive", "all")
    seeded.settle()
    assert seeded.get(f"/api/desk/orders/{claimed}", seeded.people.cs).ok()["status"] == "in_process"
    assert seeded.get(f"/api/desk/orders/{later}", seeded.people.cs).status == 404
    assert len(seeded.mails(about=new)) == mails + 3, "the backup does not know that they were sent"
    finish(seeded, claimed)


@pytest.mark.parametrize("arguments", [("--yes",), ("--replace", "--yes")])
def test_nothing_is_put_back_while_mail_goes(terminal: Terminal, seeded: InProcess, arguments: tuple[str, ...]) -> None:
    backup(seeded)
    assert terminal.run("--json", "restore", THEN, *arguments, expect=1).complaints[0]["code"] == "mail_goes"


def test_putting_back_asks_first(terminal: Terminal) -> None:
    assert "Reset the table" in terminal.run("restore", THEN, expect=1).err
