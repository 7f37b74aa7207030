"""What stands in for AWS where a test looks at single calls: no service is behind it."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

Json = dict[str, Any]


class Service:
    """Gives the answers that are laid down, the last of them for ever, and notes what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Json]] = []
        self.answers: list[Any] = [{}]
        self.now = 1_000.0
        self.pauses: list[float] = []

    def __getattr__(self, method: str) -> Callable[..., Any]:
        def answered(**parameters: Any) -> Any:
            self.asked.append((method, parameters))
            response = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(response, Exception):
                raise response
            return response

        return answered

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Largest:
    """Draws the largest number there is to draw."""

    def uniform(self, least: float, most: float) -> float:
        assert least == 0
        return most


def error_of(code: str, *reasons: Json) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": ""}}
    return ClientError(response | ({"CancellationReasons": list(reasons)} if reasons else {}), "Operation")


def canceled(*codes: str) -> ClientError:
    return error_of("TransactionCanceledException", *({"Code": code, "Item": {"of": code}} for code in codes))
