"""Every test here is a proof that has a short form, for every run of the tests, and a long one, for `make prove`."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import pytest

from online_orders_rendering import quote_pdf
from tests import local_run
from tests.contract.live import Live
from tests.proof.papers import elsewhere

LONG = "PROVE"
"""Set in the environment: the long form."""


Json = dict[str, Any]


@dataclass(frozen=True)
class Bus:
    """What comes on the local run's event bus, for whoever subscribes."""

    sqs: Any
    queue: str
    told: list[Json] = field(default_factory=list)
    """In the order in which it came."""

    @classmethod
    def of(cls, site: Live) -> "Bus":
        sqs, events, bus = site.aws("sqs"), site.aws("events"), site.description["resources"]["event_bus"]
        queue = sqs.create_queue(QueueName="everything")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        events.put_rule(Name="everything", EventBusName=bus, EventPattern='{"source": ["online-orders"]}')
        events.put_targets(Rule="everything", EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
        return cls(sqs, queue)

    def about(self, order_id: str) -> list[tuple[str, Json]]:
        """Names and details, each event once, as it came first."""
        while messages := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                self.told.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        found = [event for event in self.told if event["detail"]["order_id"] == order_id]
        once = {event["detail"]["event_id"]: event for event in reversed(found)}
        return [(event["detail-type"], event["detail"]) for event in reversed(once.values())]


@pytest.fixture(scope="session")
def long() -> bool:
    return bool(os.environ.get(LONG))


@dataclass(frozen=True)
class Running:
    site: Live
    process: local_run.Process

    def resident_megabytes(self) -> tuple[int, int]:
        """Of the largest process of a function, and of all that is none: the front door, the mailbox, the engine."""
        text = subprocess.run(["ps", "-Aww", "-o", "pid=,ppid=,rss=,args="], check=True, capture_output=True, text=True)
        rows = [line.split(maxsplit=3) for line in text.stdout.splitlines()]
        family = {str(self.process.pid)}
        while more := {pid for pid, parent, *_ in rows if parent in family} - family:
            family |= more
        sizes = [("sandbox.runtime" in command, int(size)) for pid, _, size, command in rows if pid in family]
        functions = [size for is_function, size in sizes if is_function]
        return max(functions) // 1024, sum(size for is_function, size in sizes if not is_function) // 1024


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A local run of its own: what is proved here leaves it in no state for others."""
    folder = tmp_path_factory.mktemp("local") / "state"
    process = local_run.launch(folder)
    try:
        with Live.at(local_run.wait_until_ready(process, folder)) as site:
            yield Running(site, process)
    finally:
        process.terminate()
        process.wait(local_run.END_SECONDS)


@pytest.fixture(scope="session")
def bus(running: Running) -> Bus:
    return Bus.of(running.site)


@pytest.fixture(scope="session")
def live(running: Running) -> Live:
    return running.site


@pytest.fixture(scope="package", autouse=True)
def papers_elsewhere() -> Iterator[None]:
    """Whatever is forked here sets its papers in a process that is not."""
    with elsewhere() as compiler, patch.object(quote_pdf, "_compiler", lambda: compiler):
        yield
