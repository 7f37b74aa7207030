"""Serve Customer Success' side of the API: queue, orders, teams, accounts, prices, catalog, audit trail, figures."""

import gc

gc.disable()  # the objects of a cold start stay, so collecting them would only take time

from typing import TYPE_CHECKING, Any

from online_orders.http.app import Api
from online_orders.routes import (
    audit_trail,
    desk_accounts,
    desk_attachments,
    desk_catalog,
    desk_discounts,
    desk_figures,
    desk_handling,
    desk_messages,
    desk_orders,
    desk_quotes,
    desk_requests,
    desk_setup,
    desk_terms,
    desk_views,
    price_lists,
)
from online_orders.telemetry import correlation_paths, logger, metrics, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

app = Api()
for resource in (
    desk_orders,
    desk_attachments,
    desk_handling,
    desk_quotes,
    desk_discounts,
    desk_requests,
    desk_messages,
    desk_setup,
    desk_terms,
    desk_views,
    desk_accounts,
    price_lists,
    desk_catalog,
    audit_trail,
    desk_figures,
):
    app.include_router(resource.router)


@redact_exceptions
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    return app.resolve(event, context)


gc.freeze()
gc.enable()
