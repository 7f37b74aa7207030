"""What observability.yaml watches: its alarms, and each metric that an alarm or the dashboard names."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from tests.lab import Lab
from tests.lab.stack import Stack

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
OWN = "OnlineOrders"


class Metric(NamedTuple):
    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


def observability(lab: Lab) -> Stack:
    """Return the nested stack of alarms and dashboard."""
    return lab.stack.nested["ObservabilityStack"]


def _resources(lab: Lab, kind: str) -> dict[str, Json]:
    stack = observability(lab)
    return {
        name: stack._value(resource["Properties"])
        for name, resource in stack.template["Resources"].items()
        if resource["Type"] == kind
    }


def alarms(lab: Lab) -> dict[str, Json]:
    """Properties by logical id, as CloudFormation would resolve them."""
    return _resources(lab, "AWS::CloudWatch::Alarm")


def metrics_of(alarm: Json) -> set[Metric]:
    parts = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
    return {
        Metric(
            stat["Namespace"],
            stat["MetricName"],
            frozenset((one["Name"], one["Value"]) for one in stat.get("Dimensions", ())),
        )
        for stat in parts or [alarm]
    }


def is_measured(alarm: Json) -> bool:
    """Whether an alarm has a value at any time at which one of its metrics has one.

    A sum over metrics has none where one of them has none, unless what is missing is filled in.
    """
    metrics = alarm.get("Metrics")
    if metrics is None:
        return True
    measured = [one["Id"] for one in metrics if "MetricStat" in one]
    (result,) = (one for one in metrics if one.get("ReturnData", True))
    return bool(result["Expression"] == " + ".join(f"FILL({each}, 0)" for each in measured))


def widgets(lab: Lab) -> list[Json]:
    (dashboard,) = _resources(lab, "AWS::CloudWatch::Dashboard").values()
    found: list[Json] = json.loads(dashboard["DashboardBody"])["widgets"]
    return found


def metrics_shown(lab: Lab) -> set[Metric]:
    """Of the dashboard."""
    rows = [row for widget in widgets(lab) for row in widget["properties"].get("metrics", ())]
    shown = set()
    for namespace, name, *rest in rows:
        names = [each for each in rest if isinstance(each, str)]
        shown.add(Metric(namespace, name, frozenset(zip(names[::2], names[1::2], strict=True))))
    return shown


def emitted(lab: Lab) -> dict[Metric, list[float]]:
    """The values of every metric in the log, in CloudWatch's embedded format."""
    found: dict[Metric, list[float]] = {}
    for line in lab.log.entries():
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            for names in directive["Dimensions"]:
                dimensions = frozenset((name, line[name]) for name in names)
                for metric in directive["Metrics"]:
                    value = line[metric["Name"]]
                    key = Metric(directive["Namespace"], metric["Name"], dimensions)
                    found.setdefault(key, []).extend(value if isinstance(value, list) else [value])
    return found
