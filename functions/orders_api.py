"""Serve the customer's side of the API: catalog, accounts, and orders from placing to withdrawal."""

import gc

gc.disable()  # the objects of a cold start stay, so collecting them would only take time

from typing import TYPE_CHECKING, Any

from online_orders.http.app import Api
from online_orders.routes import customer_accounts, customer_catalog, customer_orders, descriptions
from online_orders.telemetry import correlation_paths, logger, metrics, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = Api()
for resource in (descriptions, customer_catalog, customer_accounts, customer_orders):
    app.include_router(resource.router)


@redact_exceptions
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return app.resolve(event, context)


gc.freeze()
gc.enable()
