"""Ours, behind powertools' resolver in the place of our own routes; the validation stays ours."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

import orders_api

app = APIGatewayHttpResolver()


@app.post("/api/orders")
def place_order() -> Response[str]:
    said = orders_api.handler(app.current_event.raw_event, app.lambda_context)
    return Response(said["statusCode"], body=said["body"], headers=said["headers"])


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event, context)
