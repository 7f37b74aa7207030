"""The same job as powertools' documentation has it: validating resolver, logger, metrics, idempotency. No tracer."""

import os
import uuid
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import boto3
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent,
)
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict, Field

app = APIGatewayHttpResolver(enable_validation=True)
logger = Logger(service="orders")
metrics = Metrics(namespace="Orders", service="orders")
table = boto3.resource("dynamodb").Table(os.environ["TABLE_NAME"])
layer = DynamoDBPersistenceLayer(table_name=os.environ["TABLE_NAME"])
config = IdempotencyConfig(event_key_jmespath='headers."idempotency-key"')


class Item(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: Literal["site_bandwidth", "site_early_activation", "socket", "ip_addresses", "sdp_users", "accessory"]
    quantity: Annotated[int, Field(ge=1, le=256)]
    start_date: date


class NewOrder(BaseModel):
    model_config = ConfigDict(extra="forbid")
    items: Annotated[list[Item], Field(min_length=1, max_length=50)]
    note: Annotated[str, Field(max_length=2000)] | None = None
    purchase_order_number: Annotated[str, Field(max_length=64)] | None = None


@app.post("/api/orders")
def create_order(order: NewOrder) -> Response[dict[str, Any]]:
    account = app.current_event.request_context.authorizer.jwt_claim["custom:account_id"]
    order_id = str(uuid.uuid4())
    stored = {
        "pk": f"ACCOUNT#{account}",
        "sk": f"ORDER#{order_id}",
        "order_id": order_id,
        "status": "submitted",
        "placed_at": datetime.now(UTC).isoformat(),
        **order.model_dump(mode="json"),
    }
    table.put_item(Item=stored, ConditionExpression="attribute_not_exists(pk)")
    logger.info("order placed", order_id=order_id)
    metrics.add_metric("OrdersPlaced", MetricUnit.Count, 1)
    return Response(201, "application/json", stored)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
@idempotent(persistence_store=layer, config=config)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)
