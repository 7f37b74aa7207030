"""Ours, with the SDK's client of DynamoDB in the place of our own calls."""

import re
from typing import Any

from botocore.config import Config
from botocore.session import Session

from online_orders.aws import json_services

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 4}, user_agent="online-orders", parameter_validation=False
)
client: Any = Session().create_client("dynamodb", config=_CONFIG)


def call(service: json_services.Service, operation: str, parameters: Any) -> Any:
    return getattr(client, re.sub(r"(?<=[a-z])(?=[A-Z])", "_", operation).lower())(**parameters)


json_services.call = call

from orders_api import handler  # noqa: E402, F401 - the bench's
