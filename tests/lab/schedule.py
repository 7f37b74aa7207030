"""EventBridge Scheduler: functions that the template runs at a fixed rate."""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.lab.clock import Clock
from tests.lab.events import EventBridge

Json = dict[str, Any]


@dataclass
class Schedule:
    function: str
    rate: timedelta
    due: datetime


@dataclass
class Schedules:
    """Once started, runs what is due whenever the lab settles; until then a test calls what is scheduled when it wants.

    Time that passes without anything else falling due does not stop for a schedule: then a day of a five-minute rate
    is one run, at its end.
    """

    eventbridge: EventBridge
    clock: Clock
    started: bool = False
    schedules: list[Schedule] = field(default_factory=list)

    def add(self, function: str, expression: str) -> None:
        found = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression)
        assert found, f"the lab does not know {expression}"
        rate = timedelta(**{f"{found[2]}s": int(found[1])})
        self.schedules.append(Schedule(function, rate, self.clock.now() + rate))

    def start(self) -> None:
        self.started = True

    def step(self) -> bool:
        """Starts one function that is due; False when none is."""
        schedule = next((one for one in self.schedules if one.due <= self.clock.now()), None)
        if schedule is None or not self.started:
            return False
        schedule.due = self.clock.now() + schedule.rate
        self.eventbridge.invoke(schedule.function, "aws.scheduler", "Scheduled Event", {}, [])
        return True
