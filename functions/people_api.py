"""Serve the people's side of the API: who is signed in, people and service users of accounts and the desk, watchers."""

import gc

gc.disable()  # the objects of a cold start stay, so collecting them would only take time

from typing import TYPE_CHECKING, Any

from online_orders.http.app import Api
from online_orders.routes import customer_people, desk_people, managed_service_users, watching
from online_orders.telemetry import correlation_paths, logger, metrics, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = Api()
for resource in (customer_people, watching, desk_people, managed_service_users):
    app.include_router(resource.router)


@redact_exceptions
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return app.resolve(event, context)


gc.freeze()
gc.enable()
