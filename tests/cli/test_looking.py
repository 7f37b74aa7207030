"""Following an order, and taking orders and timelines out."""

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from online_orders_cli import looking
from tests.cli.terminal import Terminal
from tests.contract.in_process import InProcess

Json = dict[str, Any]


def place(site: InProcess, key: str = "one") -> str:
    items = [{"kind": "ip_addresses", "quantity": 4, "start_date": site.day(30)}]
    order_id: str = site.post("/api/orders", site.people.customer, {"items": items}, Idempotency_Key=key).ok(201)[
        "order_id"
    ]
    site.settle()
    return order_id


def test_a_closed_order_is_followed_to_its_end_and_no_further(terminal: Terminal, seeded: InProcess) -> None:
    order_id = place(seeded)
    seeded.post(f"/api/desk/orders/{order_id}/decline", seeded.people.cs, {"reason": "Sold out"}).ok()
    text = terminal.run("--json", "follow", order_id)
    assert [(line["sequence"], line["event"]) for line in text.lines] == [(1, "order.submitted"), (2, "order.canceled")]
    assert "order.canceled" in terminal.run("follow", order_id).out


def test_what_happens_while_one_looks_is_told_once(terminal: Terminal, seeded: InProcess) -> None:
    order_id = place(seeded)
    steps = iter([("claim", {}), ("decline", {"reason": "No"})])

    def meanwhile(_: float) -> None:
        action, body = next(steps)
        seeded.post(f"/api/desk/orders/{order_id}/{action}", seeded.people.cs, body).ok()

    entries = list(looking.watch(terminal.installation, order_id, 60, 1, meanwhile))
    assert [entry["event"] for entry in entries] == ["order.submitted", "order.claimed", "order.canceled"]


def test_an_order_that_is_not_there_is_a_refusal(terminal: Terminal) -> None:
    text = terminal.run("--json", "follow", "01JDXW3M8N6QZ0V3A5T7B9C1EG", expect=1)
    assert text.complaints[0]["code"] == "not_found"


def test_what_is_typed_is_one_value_and_no_more_of_the_address(terminal: Terminal, seeded: InProcess) -> None:
    place(seeded)
    text = terminal.run("--json", "export", "orders", "--account", "acme.de&status=submitted", expect=1)
    assert text.complaints[0]["code"] == "not_found"
    text = terminal.run("--json", "follow", "../accounts/nordlicht", expect=1)
    assert "/accounts/nordlicht" in text.complaints[0]["error"]


@pytest.mark.parametrize(
    "asked",
    [
        ("orders", "--account", "typo"),
        ("orders", "--csv", "--account", "typo"),
        ("orders", "--csv", "--status", "done"),
        ("timelines", "--account", "typo"),
    ],
)
def test_an_export_that_is_refused_leaves_the_file_as_it_was(
    terminal: Terminal, tmp_path: Path, asked: tuple[str, ...]
) -> None:
    target = tmp_path / "orders"
    target.write_text("of yesterday", "utf-8")
    text = terminal.run("--json", "export", *asked, "--to", target, expect=1)
    assert text.complaints[0]["code"] in {"not_found", "invalid_query"}
    assert target.read_text("utf-8") == "of yesterday"


def test_orders_go_out_as_a_spreadsheet_in_german_opens_them(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    order_id, target = place(seeded), tmp_path / "orders.csv"
    terminal.run("export", "orders", "--spreadsheet", "de", "--to", target)
    header, row = target.read_bytes().decode().splitlines()
    assert header.startswith("\ufefforder_id;account_id;")
    assert row.startswith(f"{order_id};")
    assert "xx" in terminal.run("export", "orders", "--spreadsheet", "xx", expect=2).err


def test_orders_go_out_as_json_lines_and_as_csv(terminal: Terminal, seeded: InProcess, tmp_path: Path) -> None:
    mine = [place(seeded, key) for key in ("one", "two")]
    account_id = str(seeded.people.customer.account_id)
    text = terminal.run("--json", "export", "orders", "--account", account_id)
    assert [line["order_id"] for line in text.lines] == mine
    assert text.err == ""
    target = tmp_path / "orders.csv"
    terminal.run("export", "orders", "--csv", "--status", "submitted", "--to", target)
    rows = list(csv.DictReader(StringIO(target.read_text("utf-8"))))
    assert [(row["order_id"], row["item_id"], row["status"]) for row in rows] == [
        (order_id, "1", "submitted") for order_id in mine
    ]
    assert terminal.run("export", "orders", "--account", "nordlicht").out == ""


def test_an_accounts_timelines_are_exported_with_internal_entries(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    order_id = place(seeded)
    comment = {"text": "Handle with care", "internal": True}
    seeded.post(f"/api/desk/orders/{order_id}/comment", seeded.people.cs, comment).ok()
    target = tmp_path / "timelines.jsonl"
    terminal.run("export", "timelines", "--account", seeded.people.customer.account_id, "--to", target)
    lines: list[Json] = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert [(line["order_id"], line["sequence"], line["internal"]) for line in lines] == [
        (order_id, 1, False),
        (order_id, 2, True),
    ]


def test_a_list_of_many_pages_is_read_to_its_end(terminal: Terminal, seeded: InProcess, monkeypatch: Any) -> None:
    monkeypatch.setattr("online_orders_cli.installation.MAX_LIMIT", 3)
    listed = list(terminal.installation.pages("/api/desk/accounts"))
    assert [each["account_id"] for each in listed] == sorted(seeded.accounts)
