"""The desk: Customer Success' side of the API, from the queue to the quote, the accounts and the price lists."""

import gc

gc.disable()  # a cold start makes objects that stay: until the end of this file nobody looks through them

from typing import TYPE_CHECKING, Any

from online_orders.http.app import Api
from online_orders.routes import desk_accounts, desk_orders, desk_quotes, price_lists
from online_orders.telemetry import correlation_paths, logger, metrics, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = Api()
for resource in (desk_orders, desk_quotes, desk_accounts, price_lists):
    app.include_router(resource.router)


@redact_exceptions
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return app.resolve(event, context)


gc.freeze()
gc.enable()
