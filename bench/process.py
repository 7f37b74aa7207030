"""What is measured: a process that imports a handler, answers its first request, and then some more.

    python process.py MODULE.HANDLER EVENT.json WARM DESCRIPTOR [lambda] [counted]

It stands alone: nothing but the function's own search path is there. Writes to the file descriptor, as JSON: the
statuses, when the first answer was there by the monotonic clock, and of each further request the seconds of CPU and
of the clock on the wall. With `lambda` it begins and ends as there: the runtime's client is imported first, and the
interpreter never takes itself apart. With `counted` the clock by which deadlines are kept goes a hundred times slower:
whoever counts instructions takes that long.
"""

import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path
from time import monotonic


class Context:
    function_name = "bench"
    function_version = "$LATEST"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:bench"
    aws_request_id = "6f0e2b9c-7f5e-4b38-9d5a-3c8c8a1d0b11"

    def get_remaining_time_in_millis(self) -> int:
        return 10_000


def main() -> None:
    as_lambda = "lambda" in sys.argv[5:]
    if as_lambda:
        import_module("awslambdaric.bootstrap")
    if "counted" in sys.argv[5:]:
        time.monotonic = lambda: monotonic() / 100
    text, warm = Path(sys.argv[2]).read_text("utf-8"), int(sys.argv[3])
    module, _, name = sys.argv[1].rpartition(".")
    handler = getattr(import_module(module), name)
    first = json.loads(text)
    first["headers"]["idempotency-key"] = "cold"
    responses = [handler(first, Context())]
    first_ended = monotonic()
    seconds, walls = [], []
    for number in range(warm):
        begun, begun_by_the_wall = time.process_time(), monotonic()
        event = json.loads(text)
        event["headers"]["idempotency-key"] = f"warm-{number}"
        responses.append(handler(event, Context()))
        seconds.append(time.process_time() - begun)
        walls.append(monotonic() - begun_by_the_wall)
    statuses = sorted({response["statusCode"] for response in responses})
    message = {"statuses": statuses, "first_ended": first_ended, "seconds": seconds, "walls": walls}
    os.write(int(sys.argv[4]), json.dumps(message).encode())
    if as_lambda:
        sys.stdout.flush()
        os._exit(0)


main()
