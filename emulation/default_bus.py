"""Publish the events that AWS services publish on the default event bus.

PutEvents refuses sources that begin with `aws.`, in the engine as on AWS. So the rules of the stack are read here, and
their target functions and queues get the events, as from EventBridge.
"""

import json
import uuid
from datetime import datetime
from typing import Any

Event = dict[str, Any]


def envelope(
    source: str, detail_type: str, detail: Event, *, account: str, region: str, at: datetime, resources: list[str]
) -> Event:
    """Return an event as EventBridge passes it to the targets of its rules."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": resources,
        "detail": detail,
    }


class DefaultBus:
    def __init__(self, events: Any, lambda_: Any, sqs: Any) -> None:
        self._events = events
        self._lambda = lambda_
        self._sqs = sqs
        self._rules = [
            (rule["EventPattern"], self._targets(rule["Name"]))
            for rule in events.list_rules()["Rules"]
            if rule["State"] == "ENABLED" and "EventPattern" in rule
        ]

    def _targets(self, rule: str) -> list[str]:
        """Return the targets of a rule: ARNs of functions, and URLs of queues."""
        arns = [target["Arn"] for target in self._events.list_targets_by_rule(Rule=rule)["Targets"]]
        functions = [arn for arn in arns if ":function:" in arn]
        queues = [arn.rpartition(":")[2] for arn in arns if ":sqs:" in arn]
        return functions + [self._sqs.get_queue_url(QueueName=name)["QueueUrl"] for name in queues]

    def publish(self, event: Event) -> None:
        text = json.dumps(event)
        for pattern, targets in self._rules:
            if self._events.test_event_pattern(EventPattern=pattern, Event=text)["Result"]:
                for target in targets:
                    self._deliver(target, text)

    def _deliver(self, target: str, text: str) -> None:
        if target.startswith("arn:"):
            self._lambda.invoke(FunctionName=target, InvocationType="Event", Payload=text)
        else:
            self._sqs.send_message(QueueUrl=target, MessageBody=text)
