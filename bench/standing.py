"""What a stage costs a month while nobody orders: counted from the templates, and in the lab for an idle hour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from os import devnull
from pathlib import Path
from typing import Any, NamedTuple

from bench.money import PRICES
from emulation.template import read
from tests.lab import Lab
from tests.lab.lab import TEMPLATE
from tests.lab.stack import with_nested
from tests.operating.watched import OWN, alarms, emitted, metrics_of, metrics_shown

Json = dict[str, Any]

HOURS = 730
"""A month, as AWS's price lists have it."""
LAMBDA_LOG_BYTES = 400
"""What Lambda itself logs of an invocation: START, END, REPORT. An assumption."""
POLLS_PER_HOUR = 5 * 3600 // 20
"""Of one event source mapping of a queue: Lambda begins with five pollers, and a long poll takes 20 seconds."""
FIREWALL = TEMPLATE.with_name("waf.yaml")


class Row(NamedTuple):
    """`price` is the price list's name; `amount` is a month's."""

    name: str
    amount: float
    price: str
    counted_from: str

    @property
    def dollars(self) -> float:
        return self.amount * float(PRICES["standing"][self.price]["dollars"])


@dataclass(frozen=True)
class IdleHour:
    """What an hour takes in which nothing but schedules runs. `bytes_logged` are those of our own lines."""

    metrics: frozenset[str]
    read_units: float
    write_units: float
    bytes_logged: int
    gigabyte_seconds: float
    invocations: int


@dataclass(frozen=True)
class Standing:
    resources: Mapping[str, Json]
    """Of the template and its nested stack, translated."""
    hour: IdleHour
    watched: frozenset[str]
    """The metrics of ours that alarms and dashboard name."""

    def _of(self, kind: str) -> list[Json]:
        return [one.get("Properties", {}) for one in self.resources.values() if one["Type"] == kind]

    @property
    def alarm_metrics(self) -> int:
        """Return the number of metrics in alarms, each of which CloudWatch bills."""
        return sum(
            sum("MetricStat" in metric for metric in alarm.get("Metrics", ())) or 1
            for alarm in self._of("AWS::CloudWatch::Alarm")
        )

    @property
    def alarms(self) -> int:
        return len(self._of("AWS::CloudWatch::Alarm"))

    @property
    def scheduled(self) -> float:
        """Return the invocations an hour by the rates of the schedules."""
        return sum(
            timedelta(hours=1) / _rate(one["ScheduleExpression"]) for one in self._of("AWS::Scheduler::Schedule")
        )

    @property
    def polled_queues(self) -> int:
        """Return the number of queues that Lambda polls; polling a stream costs nothing."""
        queues = {name for name, one in self.resources.items() if one["Type"] == "AWS::SQS::Queue"}
        sources = [str(one["EventSourceArn"]) for one in self._of("AWS::Lambda::EventSourceMapping")]
        return sum(any(f"'{queue}'" in source for queue in queues) for source in sources)

    @cached_property
    def rows(self) -> list[Row]:
        hour = self.hour
        logged = (hour.bytes_logged + LAMBDA_LOG_BYTES * hour.invocations) / 1024
        polls = self.polled_queues * POLLS_PER_HOUR
        return [
            Row("metrics in alarms", self.alarm_metrics, "alarm metric", f"template: {self.alarms} alarms"),
            Row("metrics of our own", len(hour.metrics), "metric", "lab: written by MeasureFunction"),
            Row("dashboards", len(self._of("AWS::CloudWatch::Dashboard")), "dashboard", "template"),
            Row("secrets", len(self._of("AWS::SecretsManager::Secret")), "secret", "template"),
            Row("KMS keys", len(self._of("AWS::KMS::Key")), "KMS key", "template: AWS's own are free to keep"),
            Row("scheduled invocations", self.scheduled * HOURS, "scheduled invocation", "template: schedules"),
            Row("function requests", hour.invocations * HOURS, "function request", "lab"),
            Row("GB seconds", hour.gigabyte_seconds * HOURS, "GB second", "template: memory; 100 ms assumed"),
            Row("read units", hour.read_units * HOURS, "read unit", "lab"),
            Row("write units", hour.write_units * HOURS, "write unit", "lab"),
            Row("queue polls", polls * HOURS, "queue request", f"template: {self.polled_queues} queues are read"),
            Row("log KB", logged * HOURS, "log KB", "lab; 400 bytes an invocation are Lambda's own"),
        ]

    @property
    def dollars(self) -> float:
        """Return the price of a month of an idle stage."""
        return sum(row.dollars for row in self.rows)

    @property
    def busy_metrics(self) -> int:
        """Return the number of further metrics that a stage has in the hours in which their events happen."""
        return len(self.watched - self.hour.metrics)


class Firewall(NamedTuple):
    """What waf.yaml would add."""

    rules: int

    @property
    def dollars(self) -> float:
        prices = PRICES["standing"]
        return float(prices["web ACL"]["dollars"] + self.rules * prices["firewall rule"]["dollars"])


def firewall() -> Firewall:
    resources = read(FIREWALL)["Resources"].values()
    (acl,) = (one for one in resources if one["Type"] == "AWS::WAFv2::WebACL")
    return Firewall(len(acl["Properties"]["Rules"]))


def count(template: Path = TEMPLATE) -> Standing:
    """Run an idle hour in the lab, and count the rest from the template."""
    with Lab.started() as lab, Path(devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        lab.schedules.start()
        lab.settle()
        lab.log.lines.clear()
        lab.functions.invocations.clear()
        minutes = int(min(one.rate for one in lab.schedules.schedules) / timedelta(minutes=1))
        with lab.capacity.measured():
            for _ in range(60 // minutes):
                lab.advance(minutes=minutes)
        invoked = [lab.functions[one.function] for one in lab.functions.invocations]
        hour = IdleHour(
            metrics=frozenset(metric.name for metric in emitted(lab)),
            read_units=sum(lab.capacity.read.values()),
            write_units=sum(lab.capacity.written.values()),
            bytes_logged=sum(len(line.encode()) for line in lab.log.lines),
            gigabyte_seconds=sum(one.memory / 1024 for one in invoked) * PRICES["billed_milliseconds"] / 1000,
            invocations=len(invoked),
        )
        watched = metrics_shown(lab).union(*map(metrics_of, alarms(lab).values()))
        own = frozenset(metric.name for metric in watched if metric.namespace == OWN)
    return Standing(with_nested(template), hour, own)


def _rate(expression: str) -> timedelta:
    found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
    if not found:
        raise ValueError(f"{expression} is no rate")
    return timedelta(**{f"{found[2]}s": int(found[1])})
