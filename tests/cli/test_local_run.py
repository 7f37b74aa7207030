"""The tool against the local run, as a user starts it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import local_run
from tests.contract.live import Live
from tests.local_run import PROJECT

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with local_run.start() as description, Live.at(description) as site:
        yield site


@pytest.fixture(scope="module")
def folder(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the sandbox.json of the local run that is there."""
    path = tmp_path_factory.mktemp("state")
    (path / "sandbox.json").write_text(json.dumps(live.description), "utf-8")
    return path


def run(folder: Path, *arguments: object, code: int = 0) -> list[Any]:
    """What it says with --json, as a process of its own."""
    text = subprocess.run(
        [sys.executable, "-m", "online_orders_cli", "--local", "--folder", folder, "--json", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": f"{PROJECT / 'cli'}:{PROJECT / 'layers' / 'core'}", "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert text.returncode == code, text
    return [json.loads(line) for line in text.stdout.splitlines()]


def test_an_account_is_imported_ordered_for_followed_and_exported(live: Live, folder: Path) -> None:
    accounts = folder / "accounts.csv"
    accounts.write_text("account_id,name,currency,time_zone\nquay,Quay Foods,EUR,Europe/Dublin\n", "utf-8")
    enrollments = folder / "enrollments.csv"
    enrollments.write_text(
        "account_id,letter_received_on,contact_name,contact_email\nquay,2026-10-01,Ida,ida@quay.example\n", "utf-8"
    )
    (result,) = run(folder, "import", "accounts", accounts)
    assert result["created"] + result["unchanged"] == 1
    run(folder, "import", "enrollments", enrollments)
    order = {"account_id": "quay", "items": [{"kind": "ip_addresses", "quantity": 1, "start_date": live.day(20)}]}
    placed = live.post("/api/desk/orders", live.people.cs, order, Idempotency_Key=os.urandom(8).hex()).ok(201)
    live.post(f"/api/desk/orders/{placed['order_id']}/decline", live.people.cs, {"reason": "A trial"}).ok()
    entries = run(folder, "follow", placed["order_id"], "--for", 30)
    assert [entry["event"] for entry in entries] == ["order.submitted", "order.canceled"]
    exported = run(folder, "export", "orders", "--account", "quay")
    assert placed["order_id"] in [each["order_id"] for each in exported]
    assert run(folder, "redrive", "order", placed["order_id"])[0]["workflows"] in {0, 1}


def test_mail_that_is_held_is_said_in_the_mailbox_and_comes_after_the_release(live: Live, folder: Path) -> None:
    run(folder, "mail", "hold", "--reason", "trying the switch")
    try:
        page = live.get("/mailbox").page()
        assert "Mail is held: trying the switch" in page
        items = [{"kind": "ip_addresses", "quantity": 1, "start_date": live.day(20)}]
        key = os.urandom(8).hex()
        order_id = live.post("/api/orders", live.people.customer, {"items": items}, Idempotency_Key=key).ok(201)[
            "order_id"
        ]
        live.eventually(lambda: live.executions(order_id))
        assert run(folder, "mail", "status")[0]["held"] is True
        assert live.mails(about=order_id) == []
    finally:
        run(folder, "mail", "release")
    live.eventually(lambda: len(live.mails(about=order_id)) == 3)
    assert "Mail is held" not in live.get("/mailbox").page()


def test_without_a_local_run_the_tool_says_so_and_ends_with_its_own_code(tmp_path: Path) -> None:
    assert run(tmp_path, "mail", "status", code=3) == []


def test_a_spoiled_description_of_the_local_run_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text("{", "utf-8")
    assert run(tmp_path, "mail", "status", code=3) == []


def test_dead_mails_go_back_to_their_queue(live: Live, folder: Path) -> None:
    sqs = live.aws("sqs")
    urls = sqs.list_queues()["QueueUrls"]
    (dead,) = (url for url in urls if "MailDeadLetters" in url)
    for number in range(12):
        letter = {"kind": "contact_report", "account_id": "nordlicht", "report_id": f"none-{number}"}
        sqs.send_message(QueueUrl=dead, MessageBody=json.dumps(letter))
    assert run(folder, "redrive", "mails") == [{"moved": 12, "left": 0}]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    response = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=names)["Attributes"]
    assert {response[name] for name in names} == {"0"}


def test_terms_are_set_for_a_language(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_text("Zahlbar binnen 30 Tagen.\n", "utf-8")
    (stored,) = run(folder, "terms", "set", "--locale", "de", file)
    assert stored["text"] == "Zahlbar binnen 30 Tagen."
    assert [result["version"] for result in run(folder, "terms", "show")] == [None, stored["version"]]
    assert run(folder, "terms", "clear", "--locale", "de") == [{"locale": "de", "was_set": True}]


def test_functions_are_stopped_and_started(live: Live, folder: Path) -> None:
    (stopped,) = run(folder, "functions", "stop")
    try:
        assert len(stopped["functions"]) > 10
        mappings = live.aws("lambda").list_event_source_mappings()["EventSourceMappings"]
        assert {mapping["State"] for mapping in mappings} == {"Disabled"}
        assert live.request("GET", "/api/catalog", user=live.people.customer).status >= 429
    finally:
        (started,) = run(folder, "functions", "start")
    assert started == stopped
    mappings = live.aws("lambda").list_event_source_mappings()["EventSourceMappings"]
    assert {mapping["State"] for mapping in mappings} == {"Enabled"}
    assert live.request("GET", "/api/catalog", user=live.people.customer).status == 200
