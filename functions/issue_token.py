"""Issue tokens to service users, by OAuth 2.0 client credentials.

The token is the user pool's own id token, so that the gateway verifies it as any other. The pool is asked only with the
right secret: no guess locks a service user, and nobody else signs in by this route.
"""

import gc

gc.disable()  # the objects of a cold start stay, so collecting them would only take time

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import Request

from online_orders.aws import service_user_store, user_pool
from online_orders.domain.errors import OnlineOrdersError
from online_orders.domain.service_users import ServiceUser, fingerprint
from online_orders.http import problems, rate_limit, responses
from online_orders.http.app import Api
from online_orders.http.auth import decode_payload
from online_orders.http.oauth import ClientCredentials, OAuthError, client_credentials, invalid_client, oauth_error
from online_orders.http.responses import Response
from online_orders.http.token_document import ISSUE
from online_orders.telemetry import correlation_paths, logger, redact_exceptions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
    from aws_lambda_powertools.utilities.typing import LambdaContext

_NO_CACHE = {"Pragma": "no-cache"}


def _refused(error: OnlineOrdersError, _event: "APIGatewayProxyEventV2") -> Response:
    return oauth_error(error) if isinstance(error, OAuthError) else problems.problem(error)


app = Api(_refused)


@app.post("/api/token", **ISSUE)
def issue_token(request: Request) -> Response:
    shown = client_credentials(request)
    rate_limit.check_rate_limit("TOKEN", shown.client_id)
    user = _authenticated(shown)
    scopes = frozenset(user.scopes)
    if shown.scopes is not None and not shown.scopes <= scopes:
        raise OAuthError("invalid_scope", "The client does not have every scope that it asks for.")
    token = user_pool.issue_token(user.username, shown.secret)
    if token is None:
        logger.warning("the pool refuses a service user", extra={"user_id": user.user_id})
        raise invalid_client()
    # Section 3.3: said where it is not what was asked for.
    scope = {} if shown.scopes in {None, scopes} else {"scope": " ".join(user.scopes)}
    body = {"access_token": token, "token_type": "Bearer", "expires_in": _lifetime(token), **scope}
    return responses.json_response(body, headers=_NO_CACHE)


def _authenticated(shown: ClientCredentials) -> ServiceUser:
    """Return the active service user whose secret was shown; raise the same OAuthError whatever is wrong."""
    stored = service_user_store.find_service_user(shown.client_id)
    if stored is None:
        fingerprint(shown.secret)  # takes as long as for a known client
        raise invalid_client()
    if not stored.user.has_secret(shown.secret) or not stored.user.is_active:
        raise invalid_client()
    return stored.user


def _lifetime(token: str) -> int:
    """Return for how many seconds a token of the pool is valid."""
    claims = decode_payload(token.split(".")[1])
    return int(claims["exp"]) - int(claims["iat"])


@redact_exceptions
@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_HTTP, clear_state=True)
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Respond to a request. It holds a secret, and the response a token, so neither is ever logged."""
    return app.resolve(event, context)


gc.freeze()
gc.enable()
