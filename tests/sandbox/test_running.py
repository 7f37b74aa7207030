"""The whole local run, as `make run` starts it."""

import base64
import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import loopback
from tests.local_run import END_SECONDS, PROJECT, Description, Process, launch, output_of, wait_until_ready
from tests.waiting import until

pytestmark = pytest.mark.live


class Running:
    def __init__(self, process: Process, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.json: Description = wait_until_ready(process, folder)

    @property
    def port(self) -> int:
        return int(self.json["site"].rpartition(":")[2])

    def aws(self, service: str) -> Any:
        return loopback.aws(service, **self.json["aws"])

    def token(self, user: dict[str, str]) -> str:
        response = self.aws("cognito-idp").initiate_auth(
            ClientId=self.json["cognito"]["client_id"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user["username"], "PASSWORD": user["password"]},
        )
        return str(response["AuthenticationResult"]["IdToken"])

    def get(self, path: str, user: dict[str, str] | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token(user)}"} if user else {}
        return loopback.get(f"{self.json['site']}{path}", headers=headers, timeout=30)

    def processes(self) -> set[int]:
        """Of this run: the launcher, and what it started in sessions of its own."""
        listed = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
        lines = [line.split(None, 1) for line in listed.splitlines()]
        children = {int(pid) for pid, args in lines if f":{self.port}" in args or f"{self.folder}" in args}
        return children | {self.process.pid} | descendants(self.process.pid)


def descendants(pid: int) -> set[int]:
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    parents = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found: set[int] = set()
    added = {pid}
    while added:
        added = {child for child, parent in parents if parent in added}
        found |= added
    return found


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()} if Path("/proc").exists() else set()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("state")
    process = launch(folder)
    try:
        yield Running(process, folder)
    finally:
        process.terminate()
        process.wait(END_SECONDS)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def test_sandbox_json_says_where_everything_is(running: Running) -> None:
    described = running.json

    promised = {"site", "api", "mailbox", "cs_mailbox", "aws", "cognito", "users", "resources"}
    assert described.keys() == promised | {"token_url", "service_users", "staff_provider"}
    assert described["site"] == f"http://localhost:{running.port}"
    assert (described["api"], described["mailbox"]) == (f"{described['site']}/api", f"{described['site']}/mailbox")
    assert described["aws"].keys() == {"endpoint", "region", "access_key_id", "secret_access_key"}
    assert described["cognito"].keys() == {"user_pool_id", "client_id"}
    assert described["resources"].keys() == {"table", "state_machine_arn", "event_bus"}
    named = {"customer", "reseller", "customer-success", "viewer", "buyer", "auditor", "agent"}
    assert {user["role"] for user in described["users"]} == named


def test_every_user_signs_in_and_sees_his_account(running: Running) -> None:
    for user in running.json["users"]:
        if user["account_id"]:
            assert running.get("/api/account", user).json()["account_id"] == user["account_id"]
        else:
            assert running.get("/api/desk/orders", user).status_code == 200


def test_users_have_their_roles_and_one_belongs_to_two_accounts(running: Running) -> None:
    me = {user["role"]: running.get("/api/me", user).json() for user in running.json["users"]}
    given = {"viewer", "buyer", "auditor", "agent"}
    highest = {"customer": "admin", "reseller": "admin", "customer-success": "lead"}
    assert {word: each["role"] for word, each in me.items()} == {**highest, **{role: role for role in given}}
    assert [each["account_id"] for each in me["buyer"]["accounts"]] == ["harbor-pine", "nordlicht"]


def test_every_account_is_seeded_and_the_resellers_belong_to_it(running: Running) -> None:
    users = running.json["users"]
    (desk, *_) = [user for user in users if user["role"] == "customer-success"]
    (reseller,) = [user for user in users if user["role"] == "reseller"]

    accounts = running.get("/api/desk/accounts", desk).json()["items"]
    assert {account["account_id"] for account in accounts} == {user["account_id"] for user in users} - {None}
    assert len(running.get("/api/accounts", reseller).json()["items"]) == 2


def test_a_release_is_served_as_it_was_published_under_its_name(running: Running) -> None:
    """SnapStart itself is AWS's; what is published when, and what answers, is the template's."""
    cloudformation, lambda_ = running.aws("cloudformation"), running.aws("lambda")
    (stack,) = cloudformation.describe_stacks()["Stacks"]
    physical_ids = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in cloudformation.describe_stack_resources(StackName=stack["StackName"])["StackResources"]
    }
    functions = [physical_ids[name] for name in ("OrdersApiFunction", "DeskApiFunction", "ConfirmPageFunction")]
    customer = next(user for user in running.json["users"] if user["role"] == "customer")

    def deploy(**changed: str) -> set[str]:
        """The versions that answer afterwards."""
        cloudformation.update_stack(
            StackName=stack["StackName"],
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": changed[name]}
                if name in changed
                else {"ParameterKey": name, "UsePreviousValue": True}
                for name in (parameter["ParameterKey"] for parameter in stack["Parameters"])
            ],
        )
        waiting = {"Delay": 0.02, "MaxAttempts": END_SECONDS * 50}
        cloudformation.get_waiter("stack_update_complete").wait(StackName=stack["StackName"], WaiterConfig=waiting)
        assert running.get("/api/orders", customer).status_code == 200
        return {lambda_.get_alias(FunctionName=name, Name="live")["FunctionVersion"] for name in functions}

    assert deploy(SnapStartRelease="one") == {"1"}
    assert deploy(QuoteValidityDays="31") == {"1"}
    assert deploy(SnapStartRelease="two", QuoteValidityDays="30") == {"2"}
    assert deploy(SnapStartRelease="") == {"$LATEST"}


def test_without_a_token_the_gateway_answers(running: Running) -> None:
    response = running.get("/api/account")
    assert (response.status_code, response.json()) == (401, {"message": "Unauthorized"})


def test_an_order_starts_its_workflow_and_sends_its_mails(running: Running) -> None:
    (user, *_) = [user for user in running.json["users"] if user["role"] == "customer"]
    tomorrow = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 3 * 86_400))
    placed = loopback.post(
        f"{running.json['api']}/orders",
        json={"items": [{"kind": "ip_addresses", "quantity": 1, "start_date": tomorrow}]},
        headers={"Authorization": f"Bearer {running.token(user)}", "Idempotency-Key": "smoke"},
        timeout=30,
    )
    assert placed.status_code == 201, placed.text
    order_id = placed.json()["order_id"]

    def recipients() -> set[str]:
        listed = loopback.get(running.json["mailbox"], headers={"Accept": "application/json"}).json()
        return {to for mail in listed["messages"] if order_id in mail["text"] for to in mail["to"]}

    def executions() -> list[str]:
        arn = running.json["resources"]["state_machine_arn"]
        listed = running.aws("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
        return [f"{execution['name']} {execution['status']}" for execution in listed]

    until(lambda: len(recipients()) == 3 and executions(), 60)
    assert recipients() > {user["email"], running.json["cs_mailbox"]}
    assert executions() == [f"{order_id}-1 RUNNING"]


def test_the_stories_of_a_quote_can_be_walked_by_hand_the_clock_put_forward(running: Running) -> None:
    walked = subprocess.run(
        [sys.executable, "docs/stories.py"],
        cwd=PROJECT,
        env={**os.environ, "SANDBOX_DIR": str(running.folder), "NO_PROXY": "*"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert walked.returncode == 0, walked.stdout + walked.stderr
    texts = [line.strip() for line in walked.stdout.splitlines()]
    for line in (
        "asks for a change: 200",
        "the older link: 410",
        "the newer link: 200",
        "the link of the first mail, which was replaced: 410",
        "the link of the newest: 200",
        "approves too late: 410",
        "asks for a fresh quote: 200",
        "closed by expiry",
    ):
        assert line in texts
    arn = running.json["resources"]["state_machine_arn"]
    order_ids = {line.partition(":")[0] for line in texts if line.startswith("01")}
    assert order_ids

    def ends() -> set[str]:
        pages = running.aws("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=arn)
        statuses = {one["name"]: one["status"] for page in pages for one in page["executions"]}
        return {statuses[f"{order_id}-1"] for order_id in order_ids}

    # An order is closed before its execution has heard of it.
    until(lambda: ends() == {"SUCCEEDED"}, 60)


def test_a_page_can_have_its_user_sign_in(running: Running) -> None:
    config = running.get("/config.json").json()
    user = running.json["users"][0]
    verifier = "a" * 43
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    requested = {
        "response_type": "code",
        "client_id": config["client_id"],
        "redirect_uri": f"{running.json['site']}/",
        "scope": config["scope"],
        "state": "s1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    with loopback.client(timeout=30) as browser:
        form = browser.get(config["authorization_endpoint"], params=requested)
        assert form.status_code == 200
        filled = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form.text))
        filled |= {"username": user["username"], "password": user["password"]}
        back = browser.post(f"{running.json['site']}/login", data=filled, headers={"Origin": running.json["site"]})
        response = dict(httpx.URL(back.headers["location"]).params)
        assert response["state"] == "s1"
        exchange = {key: requested[key] for key in ("client_id", "redirect_uri")} | {
            "grant_type": "authorization_code",
            "code": response["code"],
            "code_verifier": verifier,
        }
        tokens = browser.post(config["token_endpoint"], data=exchange).json()
    desk = {"Authorization": f"Bearer {tokens['id_token']}"}
    assert loopback.get(f"{running.json['api']}/desk/orders", headers=desk).status_code == 200


def test_what_functions_log_is_in_cloudwatch_logs(running: Running) -> None:
    logs = running.aws("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]

    def services() -> set[str]:
        """Those that have logged as the functions do; START and END are the engine's own lines."""
        pages = [logs.filter_log_events(logGroupName=group, limit=10_000)["events"] for group in groups]
        lines = [event["message"] for events in pages for event in events if event["message"].startswith("{")]
        return {json.loads(line).get("service") for line in lines}

    until(lambda: "online-orders" in services(), 10)


@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2"])
def test_it_listens_on_this_machine_only(running: Running) -> None:
    engine = int(running.json["aws"]["endpoint"].rpartition(":")[2])
    for port in (running.port, engine):
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), timeout=2)


def test_a_port_that_is_taken_is_said_in_one_line(running: Running, state: Path) -> None:
    state.mkdir()
    (state / "sandbox.json").write_text("{}", encoding="utf-8")
    assert launch(state, PORT=str(running.port)).wait(END_SECONDS) == 1
    output, errors = output_of(state)

    assert output == ""
    assert errors.splitlines() == [
        f"sandbox: port {running.port} is not to be had (Address already in use); try: make run PORT=8081"
    ]
    assert not (state / "sandbox.json").exists()


def test_a_second_one_leaves_the_first_alone(running: Running) -> None:
    first = output_of(running.folder)
    second = launch(running.folder.parent / "other", SANDBOX_DIR=str(running.folder))

    assert second.wait(END_SECONDS) == 1
    assert "another sandbox runs" in output_of(running.folder.parent / "other")[1]
    assert output_of(running.folder) == first
    assert json.loads((running.folder / "sandbox.json").read_text(encoding="utf-8")) == running.json


def test_another_catalog_is_published_with_its_prices_before_the_accounts(state: Path) -> None:
    process = launch(state, CATALOG="examples/catalog")
    try:
        running = Running(process, state)
        users = {user["role"]: user for user in running.json["users"]}
        desk, partner = users["customer-success"], users["reseller"]
        assert running.get("/api/desk/catalog", desk).json()["version"] == 1
        offered = running.get("/api/catalog", partner).json()
        assert "white_label_portal" in [kind["kind"] for kind in offered["item_kinds"]]
        indicative = [price for price in offered["prices"] if price["kind"] == "seats" and price["variant"] == "12"]
        assert indicative[0]["unit_price"] == "9.60", "of the group's list"
        listed = running.get("/api/desk/price-lists", desk).json()["items"]
        assert {row["currency"] for row in listed} == {"EUR", "GBP", "JPY", "USD"}
        assert "catalog  examples/catalog" in output_of(state)[0]
    finally:
        process.terminate()
        process.wait(END_SECONDS)


def test_a_faulty_catalog_is_told_with_all_faults_and_nothing_is_started(state: Path, tmp_path: Path) -> None:
    (tmp_path / "catalog.yaml").write_text("kinds: []\nequipment: [1]\n", "utf-8")
    state.mkdir()
    (state / "sandbox.json").write_text("{}", "utf-8")
    process = launch(state, CATALOG=str(tmp_path))
    assert process.wait(END_SECONDS) == 1
    output, errors = output_of(state)

    assert output == ""
    first, *faults = errors.splitlines()
    assert first == f"sandbox: CATALOG: {tmp_path} is not used, and nothing was started:"
    assert [fault.split(": ")[1] for fault in faults] == ["/equipment/0", "/kinds"]
    assert not (state / "sandbox.json").exists()
    assert not (state / "engine.log").exists()


@pytest.mark.parametrize("name", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly(state: Path, name: signal.Signals) -> None:
    running = Running(launch(state), state)
    started = running.processes()
    assert len(started) > 3
    running.process.send_signal(name)
    code = running.process.wait(END_SECONDS)
    output, errors = output_of(state)

    assert (code, errors) == (0, "")
    assert running.json["site"] in output
    assert alive(started) == set()
    assert {path.name for path in state.iterdir()} == {"engine.log", "functions.log", "lock"}


def test_it_can_be_ended_while_it_starts(state: Path) -> None:
    process = launch(state)
    until((state / "engine.log").exists, END_SECONDS, every=0.01)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)

    assert process.wait(END_SECONDS) == 0
    assert output_of(state)[1] == ""
    assert not [path.name for path in state.iterdir() if path.name.startswith(("tmp-", "sandbox.json"))]


def test_when_it_is_killed_its_processes_go_too(state: Path) -> None:
    running = Running(launch(state), state)
    started = running.processes()
    os.kill(running.process.pid, signal.SIGKILL)
    running.process.wait(END_SECONDS)

    until(lambda: not alive(started), 15, every=0.1)
