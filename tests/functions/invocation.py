"""What a handler is invoked with."""

from typing import Any

from tests.aws.desk import AT

STEP: dict[str, Any] = {**AT._asdict(), "state": {}}
"""What every step of the workflow gets."""


class Context:
    """What Lambda says of an invocation, as far as the product asks."""

    function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "one"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000
