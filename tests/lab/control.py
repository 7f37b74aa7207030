"""Lambda's API for an operator: mappings on and off, and functions that may not run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.lab.bridge import Functions
from tests.lab.queue import Mapping as QueueMapping
from tests.lab.stream import Mapping as StreamMapping

Json = dict[str, Any]


@dataclass
class LambdaControl:
    """The operations that are needed here, named as the SDK's. The id of a mapping is its logical id."""

    functions: Functions
    mappings: Sequence[QueueMapping | StreamMapping]

    def get_event_source_mapping(self, *, UUID: str) -> Json:  # noqa: N803 - as the API has it
        return {"UUID": UUID, "State": "Enabled" if self._mapping(UUID).enabled else "Disabled"}

    def update_event_source_mapping(self, *, UUID: str, Enabled: bool) -> Json:  # noqa: N803
        self._mapping(UUID).enabled = Enabled
        return {"UUID": UUID, "State": "Enabling" if Enabled else "Disabling"}

    def put_function_concurrency(self, *, FunctionName: str, ReservedConcurrentExecutions: int) -> Json:  # noqa: N803
        assert ReservedConcurrentExecutions == 0, "the lab runs one function at a time, or none"
        self.functions.stopped.add(self.functions[FunctionName].name)
        return {"ReservedConcurrentExecutions": 0}

    def delete_function_concurrency(self, *, FunctionName: str) -> None:  # noqa: N803
        self.functions.stopped.discard(self.functions[FunctionName].name)

    def _mapping(self, uuid: str) -> QueueMapping | StreamMapping:
        return next(one for one in self.mappings if one.uuid == uuid)
