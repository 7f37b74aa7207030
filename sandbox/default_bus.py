"""Publishes what AWS services publish on the default event bus.

PutEvents refuses sources that begin with `aws.`, in the engine as on AWS. So the rules of the stack are read, and the
functions that they aim at are invoked asynchronously, as EventBridge does.
"""

import json
from typing import Any


class DefaultBus:
    def __init__(self, events: Any, lambda_: Any) -> None:
        self._events = events
        self._lambda = lambda_
        self._rules = [
            (rule["EventPattern"], self._functions(rule["Name"]))
            for rule in events.list_rules()["Rules"]
            if rule["State"] == "ENABLED" and "EventPattern" in rule
        ]

    def _functions(self, rule: str) -> list[str]:
        targets = self._events.list_targets_by_rule(Rule=rule)["Targets"]
        return [target["Arn"] for target in targets if ":function:" in target["Arn"]]

    def publish(self, event: dict[str, Any]) -> None:
        text = json.dumps(event)
        for pattern, functions in self._rules:
            if self._events.test_event_pattern(EventPattern=pattern, Event=text)["Result"]:
                for function in functions:
                    self._lambda.invoke(FunctionName=function, InvocationType="Event", Payload=text)
