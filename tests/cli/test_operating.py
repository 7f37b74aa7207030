"""Repairing, and rotating keys, from the command line."""

import base64
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from online_orders.aws.signing_keys import signing_key
from online_orders.domain.quote_requests import MAX_TERMS_LENGTH
from online_orders_cli import operating
from tests.cli.terminal import Ran, Terminal
from tests.cli.test_looking import place
from tests.contract.in_process import InProcess


def test_an_order_whose_execution_was_stopped_is_redriven(terminal: Terminal, seeded: InProcess) -> None:
    order_id = place(seeded)
    machine = seeded.lab.client("stepfunctions")
    (one,) = machine.list_executions(stateMachineArn=seeded.lab.outputs["StateMachineArn"])["executions"]
    machine.stop_execution(executionArn=one["executionArn"])
    seeded.lab.settle()
    text = terminal.run("--json", "redrive", "order", order_id)
    assert text.lines == [{"entries": 0, "workflows": 1}]
    seeded.lab.settle()
    assert [execution.status for execution in seeded.executions(order_id)] == ["ABORTED", "RUNNING"]
    assert terminal.run("redrive", "due").out == "0 entries, 0 workflows and 0 account items repaired.\n"


def test_dead_mails_go_back_to_the_queue_they_came_from(terminal: Terminal, seeded: InProcess) -> None:
    order_id = place(seeded)
    sqs, lab = seeded.lab.client("sqs"), seeded.lab
    body = f'{{"kind": "contact_report", "account_id": "nordlicht", "report_id": "{order_id}"}}'
    change = '{"kind": "enrollment", "account_id": "nordlicht", "version": 1, "by": "x", "old": null, "new": null}'
    for letter in (body, change):
        sqs.send_message(QueueUrl=lab.outputs["MailDeadLettersUrl"], MessageBody=letter)
    lab.queue.paused = True
    assert terminal.run("--json", "redrive", "mails").lines == [{"moved": 2, "left": 0}]
    assert lab.messages("MailDeadLetters") == []
    assert (len(lab.messages("MailQueue")), len(lab.messages("AccountChanges"))) == (1, 1)


def dead_letters(seeded: InProcess, count: int) -> None:
    """As many mails that were given up; nothing takes what comes back."""
    seeded.lab.queue.paused = True
    url = seeded.lab.outputs["MailDeadLettersUrl"]
    for number in range(count):
        body = {"kind": "contact_report", "account_id": "nordlicht", "report_id": f"{number}"}
        seeded.lab.client("sqs").send_message(QueueUrl=url, MessageBody=json.dumps(body))


def test_all_dead_mails_go_back_though_a_look_at_their_queue_may_find_nothing(
    terminal: Terminal, seeded: InProcess
) -> None:
    dead_letters(seeded, 23)
    assert terminal.run("redrive", "mails").out == "23 moved.\n"
    assert len(seeded.lab.messages("MailQueue")) == 23


def test_dead_mails_that_somebody_else_is_reading_are_told_of(terminal: Terminal, seeded: InProcess) -> None:
    dead_letters(seeded, 3)
    url = seeded.lab.outputs["MailDeadLettersUrl"]
    seeded.lab.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=1, WaitTimeSeconds=1)
    text = terminal.run("redrive", "mails", expect=4)
    assert text.out == "2 moved. About 1 are left; run the command again in a minute.\n"
    seeded.lab.advance(minutes=1)
    assert terminal.run("redrive", "mails").out == "1 moved.\n"


def test_a_dead_mail_that_sqs_moved_goes_back_to_where_sqs_says(terminal: Terminal, seeded: InProcess) -> None:
    """Though its body looks like that of the other queue."""
    dead_letters(seeded, 1)
    sqs = seeded.lab.client("sqs")
    source = seeded.lab.stack.attribute("AccountChanges", "Arn")

    class TellsTheSource:
        """SQS says it of what it moved by itself, which moto does not."""

        def __getattr__(self, name: str) -> Any:
            return getattr(sqs, name)

        def receive_message(self, **asked: Any) -> Any:
            result = sqs.receive_message(**asked)
            for message in result.get("Messages", []) if asked["AttributeNames"] == ["All"] else []:
                message["Attributes"]["DeadLetterQueueSourceArn"] = source
            return result

    usual = terminal.installation.aws
    terminal.installation.aws = lambda service: TellsTheSource() if service == "sqs" else usual(service)
    terminal.run("redrive", "mails")
    assert (len(seeded.lab.messages("AccountChanges")), len(seeded.lab.messages("MailQueue"))) == (1, 0)


def test_who_stops_a_redrive_hears_how_far_it_came(terminal: Terminal, seeded: InProcess) -> None:
    dead_letters(seeded, 12)
    calls = 0
    usual = operating._source_queue

    def stopped_at_the_fifth(installation: Any, letter: Any) -> str:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise KeyboardInterrupt
        return usual(installation, letter)

    with patch.object(operating, "_source_queue", stopped_at_the_fifth):
        text = terminal.run("redrive", "mails", expect=130)
    assert text.err == "So far: 4 moved.\nStopped.\n"
    seeded.lab.advance(minutes=1)
    assert terminal.run("redrive", "mails").out == "8 moved.\n"


def test_stopping_and_starting_the_functions_loses_no_mail(terminal: Terminal, seeded: InProcess) -> None:
    lab = seeded.lab
    with lab.as_operator():
        terminal.run("mail", "hold", "--reason", "The table is being restored")
    order_id = place(seeded)
    assert lab.messages("MailQueue"), "mails are held"
    stopped = terminal.run("--json", "functions", "stop").lines[0]["functions"]
    assert set(stopped) == set(lab.stack.functions)
    assert seeded.request("GET", "/api/catalog", user=seeded.people.customer).status == 503
    run = len(lab.functions.invocations)
    lab.schedules.start()
    lab.advance(hours=5)
    assert len(lab.functions.invocations) == run
    assert lab.messages("MailDeadLetters") == []
    assert terminal.run("functions", "start").out == f"{len(stopped)} functions started.\n"
    with lab.as_operator():
        terminal.run("mail", "release")
    lab.advance(minutes=10)
    assert lab.messages("MailQueue") == []
    assert len(seeded.mails(about=order_id)) == 3
    assert lab.messages("StreamDeadLetters") == []


def test_old_and_new_links_work_after_a_rotation_until_the_key_is_retired(
    terminal: Terminal, seeded: InProcess
) -> None:
    old, new = place(seeded, "old"), ""
    assert terminal.run("--json", "keys", "show").lines == [{"current": "1", "previous": []}]
    assert terminal.run("--json", "keys", "rotate").lines == [{"current": "2", "previous": ["1"]}]
    seeded.lab.advance(minutes=6)
    new = place(seeded, "new")
    contact = seeded.contact_of(seeded.people.customer)
    (old_mail,) = seeded.mails(to=contact, about=old)
    (new_mail,) = seeded.mails(to=contact, about=new)
    assert seeded.decide(new_mail, "cancel").status == 200
    assert seeded.request("GET", old_mail.link).status == 200
    assert terminal.run("--json", "keys", "retire", "1").lines == [{"current": "2", "previous": []}]
    seeded.lab.advance(minutes=6)
    assert seeded.decide(old_mail, "cancel").status != 200
    assert terminal.run("--json", "keys", "retire", "2", expect=1).complaints[0]["code"] == "no_former_key"


def test_a_function_loads_rotated_keys_when_it_meets_an_unknown_one(terminal: Terminal, seeded: InProcess) -> None:
    with seeded.lab.as_operator():
        assert signing_key("cursors").key_id == "1"
        terminal.run("keys", "rotate")
        assert signing_key("cursors").key_id == "1", "it signs as before for five minutes"
        assert signing_key("cursors", "2").key_id == "2", "and yet reads what others sign"


def test_strangers_who_name_keys_do_not_make_functions_ask_for_them_each_time(seeded: InProcess) -> None:
    requested = seeded.lab.wire.count("secretsmanager")
    for number in range(20):
        path = "/api/desk/orders?cursor=" + base64.urlsafe_b64encode(b"x" * 16 + f"{number + 70} 5".encode()).decode()
        seeded.get(path, seeded.people.cs).refused(400, "invalid_cursor")
    assert seeded.lab.wire.count("secretsmanager") - requested <= 3


def test_everything_is_redriven_call_by_call(terminal: Terminal, seeded: InProcess) -> None:
    for key in ("one", "two"):
        place(seeded, key)
    (result,) = terminal.run("--json", "redrive", "all").lines
    assert (result["orders"], result["workflows"]) == (2, 0)


def test_the_events_of_an_order_are_replayed_and_a_dry_run_only_counts_them(
    terminal: Terminal, seeded: InProcess
) -> None:
    order_id = place(seeded)
    before = [event.detail for event in seeded.lab.events]
    assert terminal.run("--json", "replay", "--order", order_id, "--dry-run").lines == [
        {"orders": 1, "events": 1, "dry_run": True}
    ]
    assert [event.detail for event in seeded.lab.events] == before
    account = str(seeded.people.customer.account_id)
    assert terminal.run("replay", "--account", account).out == "1 events of 1 orders published.\n"
    assert [event.detail for event in seeded.lab.events] == before * 2


def test_the_figures_are_counted_anew_from_the_timelines(terminal: Terminal, seeded: InProcess) -> None:
    place(seeded)
    lost = [item for item in seeded.lab.items if "FIGURES" in (item["pk"].partition("#")[0], item["sk"])]
    table = seeded.lab.client("dynamodb")
    for item in lost:
        key = {"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}
        table.delete_item(TableName=seeded.lab.outputs["TableName"], Key=key)
    month = seeded.now().date().isoformat()[:7]
    with seeded.lab.as_operator():
        other = terminal.run("--json", "rebuild", "figures", "--month", "2025-01")
        first = terminal.run("--json", "rebuild", "figures", "--month", month)
        again = terminal.run("rebuild", "figures")
        rest = terminal.run("rebuild", "figures", "--after", "zzz")
    assert [one.lines[-1] for one in (other, first)] == [{"orders": 0, "changed": 0}, {"orders": 1, "changed": 1}]
    assert again.out == "1 orders counted, 0 of them differently than before.\n"
    assert rest.out == "0 orders counted, 0 of them differently than before.\n"
    (row,) = seeded.get("/api/desk/figures", seeded.people.cs).ok()["rows"]
    assert (row["month"], row["orders"]) == (month, 1)


def test_a_person_is_erased_from_the_command_line_and_orders_stay(terminal: Terminal, seeded: InProcess) -> None:
    order_id = place(seeded)
    address = seeded.people.customer.email
    with seeded.lab.as_operator():
        text = terminal.run("--json", "erase", address, "--account", seeded.people.customer.account_id, "--yes")
        again = terminal.run("erase", address, "--yes")
    assert text.lines[-1]["erased"]["orders"] == 1
    assert again.out == "Erased: nothing found.\n"
    order = seeded.get(f"/api/desk/orders/{order_id}", seeded.people.cs).ok()
    assert address not in str(order)
    assert order["status"] == "submitted"


def test_orders_of_an_earlier_release_are_found_after_the_index_is_rebuilt(
    terminal: Terminal, seeded: InProcess
) -> None:
    order_id = place(seeded)
    seeded.settle()
    number = seeded.get(f"/api/desk/orders/{order_id}", seeded.people.cs).ok()["number"]
    table = seeded.lab.client("dynamodb")
    for item in seeded.lab.items:
        if item["pk"].startswith(("FIND", "NUMBER#")) or item["sk"] == "WORDS":
            key = {name: {"S": item[name]} for name in ("pk", "sk")}
            table.delete_item(TableName=seeded.lab.outputs["TableName"], Key=key)
    seeded.get(f"/api/desk/orders/{number}", seeded.people.cs).refused(404, "not_found")
    with seeded.lab.as_operator():
        done = terminal.run("--json", "rebuild", "search").lines[-1]
        again = terminal.run("rebuild", "search", "--account", str(seeded.people.customer.account_id))
        rest = terminal.run("--json", "rebuild", "search", "--after", max(seeded.accounts)).lines[-1]
        refused = terminal.run("--json", "rebuild", "search", "--account", "nobody", expect=1).complaints[0]
    assert (done["orders"], done["accounts"]) == (1, len(seeded.accounts))
    assert again.out == "1 orders of 1 accounts are indexed.\n"
    assert (rest["orders"], rest["accounts"], refused["code"]) == (0, 0, "not_found")
    assert seeded.get(f"/api/desk/orders/{number}", seeded.people.cs).ok()["order_id"] == order_id
    found = seeded.get(f"/api/desk/orders?search={number}", seeded.people.cs).ok()["items"]
    assert [row["order_id"] for row in found] == [order_id]


def test_erasing_asks_first_and_refuses_what_is_no_address(terminal: Terminal) -> None:
    assert "Erase" in terminal.run("erase", "anna@nordlicht.example", expect=1).err
    assert terminal.run("--json", "erase", "nobody", "--yes", expect=1).complaints[0]["code"] == "invalid_address"


@pytest.mark.parametrize(
    "asked",
    [
        ("replay",),
        ("replay", "--order", "1", "--account", "a"),
        ("replay", "--account", "a", "--from", "2026-13-01"),
        ("rebuild", "figures", "--month", "2026-13"),
        ("export", "orders", "--to", "/dev/null/orders.jsonl"),
        ("mail", "hold"),
        ("mail", "hold", "--reason", " "),
    ],
)
def test_a_mistake_in_the_command_line_is_told_before_anything_is_done(
    terminal: Terminal, asked: tuple[str, ...]
) -> None:
    text = terminal.run(*asked, expect=2)
    assert text.out == ""
    assert "Error" in text.err


def test_the_key_that_signs_cannot_be_retired(terminal: Terminal) -> None:
    assert "rotate first" in terminal.run("keys", "retire", "1", expect=1).err


class CloudFront:
    """The distribution, as far as anybody asks; the lab has none."""

    def __init__(self, shown: str, status: str) -> None:
        header = {"HeaderName": "x-origin-secret", "HeaderValue": shown}
        origins = [{"Id": "web"}, {"Id": "api", "CustomHeaders": {"Quantity": 1, "Items": [header]}}]
        self._found = {"Status": status, "DistributionConfig": {"Origins": {"Items": origins}}}

    def get_distribution(self, Id: str) -> dict[str, Any]:  # noqa: N803 - as the SDK has it
        return {"Distribution": self._found}


def origin_secret(seeded: InProcess) -> dict[str, str]:
    named = seeded.lab.stack.ref("OriginSecret")
    payload: dict[str, str] = json.loads(
        seeded.lab.client("secretsmanager").get_secret_value(SecretId=named)["SecretString"]
    )
    return payload


def retire_origin(terminal: Terminal, shown: str, status: str, expect: int = 0) -> Ran:
    installation = terminal.installation
    aws = installation.aws
    with patch.object(
        installation, "aws", lambda service: CloudFront(shown, status) if service == "cloudfront" else aws(service)
    ):
        return terminal.run("--json", "keys", "retire-origin", expect=expect)


def test_the_origin_secret_is_rotated_in_two_steps_without_downtime(terminal: Terminal, seeded: InProcess) -> None:
    first = origin_secret(seeded)
    assert first["previous"] == ""
    assert terminal.run("--json", "keys", "rotate-origin").lines == [{"rotated": True}]
    second = origin_secret(seeded)
    assert second["previous"] == first["current"] != second["current"]
    assert len(second["current"]) == 48
    for shown, status in ((first["current"], "Deployed"), (second["current"], "InProgress")):
        text = retire_origin(terminal, shown, status, expect=1)
        assert text.complaints[0]["code"] == "rotation_under_way"
        assert origin_secret(seeded) == second
    assert retire_origin(terminal, second["current"], "Deployed").lines == [{"retired": True}]
    assert origin_secret(seeded) == {"current": second["current"], "previous": ""}


def test_a_second_rotation_waits_for_the_first(terminal: Terminal, seeded: InProcess) -> None:
    terminal.run("keys", "rotate-origin")
    text = origin_secret(seeded)
    assert "Retire the former" in terminal.run("keys", "rotate-origin", expect=1).err
    assert origin_secret(seeded) == text


def test_the_tools_own_flags_may_stand_behind_the_command(terminal: Terminal) -> None:
    assert terminal.run("mail", "status", "--json", "--local").lines == [{"held": False}]
    assert terminal.run("export", "orders", "--", "--json", expect=2).out == ""


def test_terms_that_are_too_long_are_refused_with_the_limit(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_text("x" * (MAX_TERMS_LENGTH + 1), encoding="utf-8")
    refused = terminal.run("terms", "set", "--locale", "de", file, expect=1)
    assert str(MAX_TERMS_LENGTH) in refused.err.replace(",", "")
