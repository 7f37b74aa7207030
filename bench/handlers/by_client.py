"""Have ours call DynamoDB by a client of the SDK, in the place of its own calls."""

from typing import Any

from botocore import xform_name

from online_orders.aws import json_services


def call_by(dynamodb: Any) -> None:
    def call(service: json_services.Service, operation: str, parameters: Any) -> Any:
        return getattr(dynamodb, xform_name(operation))(**parameters)

    json_services.call = call
