"""The bare tutorial handler: boto3, validation by hand, one write; nothing else. `create_as_asked` looks first."""

import json
import os
import uuid
from datetime import UTC, datetime
from typing import Any

import boto3

client = boto3.client("dynamodb")
KINDS = {"site_bandwidth", "site_early_activation", "socket", "ip_addresses", "sdp_users", "accessory"}


def faults(body: Any) -> list[str]:
    if not isinstance(body, dict) or not isinstance(body.get("items"), list) or not body["items"]:
        return ["items are needed"]
    found = []
    for item in body["items"]:
        if item.get("kind") not in KINDS:
            found.append("kind is unknown")
        if not isinstance(item.get("quantity"), int) or item["quantity"] < 1:
            found.append("quantity is at least 1")
        if not isinstance(item.get("start_date"), str):
            found.append("start_date is needed")
    return found


def create(event: dict[str, Any], context: Any) -> dict[str, Any]:
    body = json.loads(event["body"])
    account = event["requestContext"]["authorizer"]["jwt"]["claims"]["custom:account_id"]
    if found := faults(body):
        return {"statusCode": 400, "body": json.dumps({"errors": found})}
    order = {"order_id": str(uuid.uuid4()), "status": "submitted", "placed_at": datetime.now(UTC).isoformat(), **body}
    table, text = os.environ["TABLE_NAME"], json.dumps(order)
    put = {"TableName": table, "ConditionExpression": "attribute_not_exists(pk)"}
    key = {"pk": {"S": f"ACCOUNT#{account}"}, "sk": {"S": f"ORDER#{order['order_id']}"}}
    entry = {"pk": {"S": f"ORDER#{order['order_id']}"}, "sk": {"S": "1"}}
    client.transact_write_items(
        TransactItems=[
            {"Put": {**put, "Item": {**key, "order": {"S": text}}}},
            {"Put": {**put, "Item": {**entry, "entry": {"S": '{"event": "order.submitted"}'}}}},
        ]
    )
    return {"statusCode": 201, "headers": {"Content-Type": "application/json"}, "body": text}


def create_as_asked(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Create an order with the two calls that the job requires: the account is read before the order is stored."""
    account = event["requestContext"]["authorizer"]["jwt"]["claims"]["custom:account_id"]
    client.get_item(TableName=os.environ["TABLE_NAME"], Key={"pk": {"S": f"ACCOUNT#{account}"}, "sk": {"S": "ACCOUNT"}})
    return create(event, context)


def read(event: dict[str, Any], context: Any) -> dict[str, Any]:
    account = event["requestContext"]["authorizer"]["jwt"]["claims"]["custom:account_id"]
    key = {"pk": {"S": f"ACCOUNT#{account}"}, "sk": {"S": f"ORDER#{event['rawPath'].rpartition('/')[2]}"}}
    item = client.get_item(TableName=os.environ["TABLE_NAME"], Key=key).get("Item")
    if item is None:
        return {"statusCode": 404, "body": "{}"}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(item)}
