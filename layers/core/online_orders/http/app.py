"""The routes of HTTP functions: Powertools' resolver, with middleware before and after each of our routes.

The decorator and the signature of a route describe it completely: method and path, who may call (`OrderReader`, or
another name of a permission; `SignedIn`; or none of these for a route without a login), query, headers and body by
their types, and its responses and refusals. The resolver validates parameters by that, and `tools.openapi` generates
the document from it. What only the document needs is plain data, so that a cold start pays nothing for it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, cast, get_type_hints
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Depends, Request
from aws_lambda_powertools.event_handler.api_gateway import Router as _Router
from aws_lambda_powertools.event_handler.depends import build_dependency_tree
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import OpenAPIRequestValidationMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel

from online_orders.deadlines import MAX_REQUEST_SECONDS, request_deadline
from online_orders.domain.callers import Caller
from online_orders.domain.errors import BadRequest, Forbidden, MethodNotAllowed, NotFound, OnlineOrdersError
from online_orders.domain.field_errors import message_of, validate
from online_orders.domain.order_ids import is_order_id
from online_orders.domain.roles import Group, Permission, side_that_needs
from online_orders.domain.values import Request as RequestModel
from online_orders.http import auth, bodies, problems, requests
from online_orders.http.cursors import Cursor
from online_orders.http.parameters import MAX_IDEMPOTENCY_KEY_LENGTH, OrderId, Page, QueryModel
from online_orders.http.problems import problem
from online_orders.http.responses import Response
from online_orders.telemetry import logger

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
    from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
    from aws_lambda_powertools.utilities.typing import LambdaContext

Handler = Callable[..., Response]
SCHEMAS = "#/components/schemas/"


# -- who may call -------------------------------------------------------------------------------------------------


def signed_in(request: Request) -> Caller:
    """Return the signed-in user."""
    caller: Caller = request.context["caller"]
    return caller


_REQUIRED: dict[Callable[..., Any], Permission | None] = {signed_in: None}
"""What the caller of a route must be allowed, by the dependency that returns the caller."""


def _having(permission: Permission) -> Callable[..., Caller]:
    """Return a dependency that returns the signed-in user, who has the permission."""

    def having(request: Request) -> Caller:
        return signed_in(request)

    _REQUIRED[having] = permission
    return having


SignedIn = Annotated[Caller, Depends(signed_in)]
OrderReader = Annotated[Caller, Depends(_having(Permission.READ_ORDERS))]
OrderWriter = Annotated[Caller, Depends(_having(Permission.WRITE_ORDERS))]
PeopleManager = Annotated[Caller, Depends(_having(Permission.MANAGE_PEOPLE))]
"""These three are customers, and the rest is staff, with a second factor where the installation requires one."""
DeskReader = Annotated[Caller, Depends(_having(Permission.READ_DESK))]
DeskAgent = Annotated[Caller, Depends(_having(Permission.WORK_ON_ORDERS))]
AccountManager = Annotated[Caller, Depends(_having(Permission.MANAGE_ACCOUNTS))]
PriceManager = Annotated[Caller, Depends(_having(Permission.MANAGE_PRICES))]
CatalogManager = Annotated[Caller, Depends(_having(Permission.MANAGE_CATALOG))]
PapersManager = Annotated[Caller, Depends(_having(Permission.MANAGE_PAPERS))]
DiscountApprover = Annotated[Caller, Depends(_having(Permission.APPROVE_DISCOUNTS))]
StaffManager = Annotated[Caller, Depends(_having(Permission.MANAGE_STAFF))]
AuditReader = Annotated[Caller, Depends(_having(Permission.READ_AUDIT))]
FiguresReader = Annotated[Caller, Depends(_having(Permission.READ_FIGURES))]


class Access(NamedTuple):
    """Who may call a route."""

    needs_login: bool
    permission: Permission | None

    @property
    def group(self) -> Group | None:
        """Return the side that has the permission."""
        return side_that_needs(self.permission) if self.permission else None

    @property
    def takes_account(self) -> bool:
        """Return whether the header `Account-Id` may choose an account; staff have none."""
        return self.needs_login and self.group != "customer-success"


@cache
def access_to(handler: Handler) -> Access:
    """Return who may call a route, by its signature."""
    requested = [each.depends.dependency for each in build_dependency_tree(handler).dependencies]
    permissions = [_REQUIRED[dependency] for dependency in requested if dependency in _REQUIRED]
    return Access(bool(permissions), permissions[0] if permissions else None)


# -- what is sent -------------------------------------------------------------------------------------------------


class RequestBody(NamedTuple):
    """The body that a route takes; `schema` is its name in the document."""

    schema: str
    is_required: bool
    takes_csv: bool = False


REQUEST_BODIES: dict[Callable[..., Any], RequestBody] = {}
"""By the dependency that reads it."""


@cache
def parsed_body(model: type[BaseModel], *, is_required: bool = True) -> Callable[..., Any]:
    """Return a dependency that parses the body as a `model`; it raises Invalid with every error of it."""

    def read(request: Request) -> Any:
        return validate(model, bodies.json_body(request, default=None if is_required else {}))

    REQUEST_BODIES[read] = RequestBody(model.__name__, is_required)
    return read


@cache
def raw_json_body(schema: str) -> Callable[..., Any]:
    """Return a dependency that reads the body as JSON, for routes whose rules validate the whole body."""

    def read(request: Request) -> Any:
        return bodies.json_body(request)

    REQUEST_BODIES[read] = RequestBody(schema, is_required=True)
    return read


class JsonOrCsv(NamedTuple):
    """What was sent: JSON, or a table as its text."""

    json: Any
    csv: str | None


@cache
def json_or_csv_body(schema: str) -> Callable[..., JsonOrCsv]:
    """Return a dependency that reads the body as JSON, or as CSV where it was sent as that."""

    def read(request: Request) -> JsonOrCsv:
        table = bodies.csv_body(request)
        return JsonOrCsv(bodies.json_body(request) if table is None else None, table)

    REQUEST_BODIES[read] = RequestBody(schema, is_required=True, takes_csv=True)
    return read


class Nothing(RequestModel):
    """A body without members."""


EmptyBody = Annotated[Nothing, Depends(parsed_body(Nothing, is_required=False))]
"""For actions that take nothing: no body, or an empty object."""


def cursor_of(request: Request, page: Page, caller: Caller) -> Cursor:
    """Return the cursor of a list for the caller; raise BadRequest `invalid_cursor` for another caller's or list's
    cursor.
    """
    return Cursor(page.cursor, request.resolved_event, caller.user.user_id, caller.account_id)


# -- what the document says ---------------------------------------------------------------------------------------


def response_spec(
    schema: str | None,
    description: str,
    status: HTTPStatus = HTTPStatus.OK,
    *,
    headers: tuple[str, ...] = (),
    other: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[int, Any]:
    """Return one status for a route's `responses`: JSON of a schema, and other media types with theirs."""
    content = {} if schema is None else {"application/json": {"schema": {"$ref": SCHEMAS + schema}}}
    content |= {media_type: {"schema": {**each}} for media_type, each in (other or {}).items()}
    described: dict[str, Any] = {"description": description, "content": content}
    if headers:
        described["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    return {int(status): described}


def not_modified_spec() -> dict[int, Any]:
    """Return the status of reading what the caller has already, for a route's `responses`."""
    return response_spec(None, "It is as If-None-Match names it.", HTTPStatus.NOT_MODIFIED, headers=("ETag",))


PDF = {"application/pdf": {"contentMediaType": "application/pdf"}}
ERROR_CODES = "x-refusals"


def error_codes(*codes: str) -> dict[str, Any]:
    """Return the codes of a route's refusals that do not follow from its signature, for its `openapi_extensions`."""
    return {ERROR_CODES: [*codes]}


def request_body_spec(schema: str, *media_types: str) -> dict[str, Any]:
    """Return the body of a route that no dependency reads, for its `openapi_extensions`."""
    content = {media_type: {"schema": {"$ref": SCHEMAS + schema}} for media_type in media_types}
    return {"requestBody": {"required": True, "content": content}}


# -- the resolver -------------------------------------------------------------------------------------------------


class Api(APIGatewayHttpResolver):
    """The resolver of a function. `refused` makes the response of each refusal; an unexpected error becomes
    one first.
    """

    def __init__(
        self,
        refused: "Callable[[OnlineOrdersError, APIGatewayProxyEventV2], Response]" = lambda error, _: problem(error),
    ) -> None:
        super().__init__(debug=False)  # which would print requests with their tokens where the environment says so
        self.handlers: dict[tuple[str, str], Handler] = {}
        """The routes, by method and path as OpenAPI writes it."""
        self.route_template = ""
        """The path of the present request's route, as it is logged."""
        self.use([find_route])  # which calls the other steps itself: each middleware of its own costs every request

        def refuse(error: OnlineOrdersError) -> Response:
            return refused(error, self.current_event)

        self.exception_handler(OnlineOrdersError)(refuse)
        self.exception_handler(RequestValidationError)(lambda error: refuse(parameter_error(error)))
        self.exception_handler(Exception)(lambda error: refuse(problems.to_api_error(error)))

    def route(self, rule: str, method: Any, *options: Any, **named: Any) -> Callable[[Any], Any]:
        """Register a route with the resolver, and keep its handler."""
        register = super().route(rule, method, *options, **named)

        def added(handler: Handler) -> Handler:
            # The resolver gives the methods of a router's route as a list.
            for each in (method,) if isinstance(method, str) else method:
                self.handlers[each, rule.replace("<", "{").replace(">", "}")] = handler
            registered: Handler = register(handler)
            return registered

        return added

    def resolve(self, event: Mapping[str, Any], context: "LambdaContext") -> dict[str, Any]:
        """Return the response, and log the request by its route; never by its path, which may contain a
        link's token.
        """
        began = perf_counter()
        with request_deadline(MAX_REQUEST_SECONDS):
            response = super().resolve(event, context)
        milliseconds = round((perf_counter() - began) * 1000)
        method = event["requestContext"]["http"]["method"]
        fields = {
            "route": f"{method} {self.route_template}",
            "status": response["statusCode"],
            "milliseconds": milliseconds,
        }
        logger.info("responded", extra=fields)
        return response


class Router(_Router):
    """The routes of one resource, which the resolver of a function includes."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Powertools has no types for this one.


def find_route(app: Api, next_middleware: "NextMiddleware") -> Any:
    """Refuse requests around CloudFront, and those that no route matches."""
    request, path = app.request, app.current_event.raw_path
    # The resolver's patterns end before a line feed as well as at the end.
    is_route = (request.method, request.route) in app.handlers and not path.endswith("\n")
    paths = [request.route] if is_route else [each for _, each in app.handlers if _matches_template(each, path)]
    app.route_template = paths[0].replace("{", "<").replace("}", ">") if paths else "none"
    order_id = request.path_parameters.get("order_id", "")
    if is_order_id(order_id):
        logger.append_keys(order_id=order_id)
    if not auth.has_origin_secret(requests.request_headers(request)):
        return problem(Forbidden("not_by_this_way", "Use the site's own address."))
    if not is_route:
        methods = {method for method, each in app.handlers if each in paths}
        # Where the path has the method, the resolver did not match it because of a character that no id has.
        is_other_method = bool(methods) and request.method not in methods
        raise MethodNotAllowed(methods) if is_other_method else NotFound(f"There is nothing at {path[:200]}.")
    return identify_caller(app, next_middleware)


def _matches_template(template: str, path: str) -> bool:
    """Return whether a path matches a template."""
    requested, given = template.split("/"), path.split("/")
    return len(requested) == len(given) and all(
        part if each.startswith("{") else part == each for each, part in zip(requested, given, strict=True)
    )


def identify_caller(app: Api, next_middleware: "NextMiddleware") -> Any:
    """Refuse a caller who may not call the route, before anything is validated."""
    request = app.request
    access = access_to(app.handlers[request.method, request.route])
    if access.needs_login:
        app.context["caller"] = auth.caller(request, access.permission)
    return validate_parameters(app, next_middleware)


# Powertools has no types for this one.
_validation = OpenAPIRequestValidationMiddleware()  # type: ignore[no-untyped-call]


@cache
def _takes_any_text(handler: Handler) -> bool:
    """Return whether a route has no parameter but an order's id, which may be any text."""
    injected = {each.param_name for each in build_dependency_tree(handler).dependencies}
    hints = get_type_hints(handler, include_extras=True)
    return all(hint in (OrderId, Request) for name, hint in hints.items() if name not in {*injected, "return"})


def validate_parameters(app: Api, next_middleware: "NextMiddleware") -> Any:
    """Validate the parameters of the route, by the library, which copies all headers for it."""
    request = app.request
    if _takes_any_text(app.handlers[request.method, request.route]):
        return next_middleware(app)
    # The library's type asks for a name that its own code does not use.
    validated = cast("NextMiddleware", lambda app: refuse_other_parameters(app, next_middleware))
    return _validation.handler(app, validated)


@cache
def query_of(handler: Handler) -> type[QueryModel] | None:
    """Return the model of a route's query; None where it has none."""
    hints = get_type_hints(handler).values()
    return next((hint for hint in hints if isinstance(hint, type) and issubclass(hint, QueryModel)), None)


@cache
def _parameter_names(query: type[QueryModel]) -> frozenset[str]:
    """Return the names that a query's parameters have in a request."""
    return frozenset(field.alias or name for name, field in query.model_fields.items())


def refuse_other_parameters(app: Api, next_middleware: "NextMiddleware") -> Any:
    """Refuse parameters that the route's query does not have, and those that came more than once."""
    request = app.request
    if model := query_of(app.handlers[request.method, request.route]):
        if unknown := sorted((request.query_parameters or {}).keys() - _parameter_names(model)):
            raise BadRequest("invalid_query", f"There is no parameter {', '.join(unknown)} here.")
        raw: str = request.resolved_event.get("rawQueryString") or ""
        sent = Counter(name for name, _ in parse_qsl(raw, keep_blank_values=True))
        if repeated := sorted(name for name, times in sent.items() if times > 1):
            raise BadRequest("invalid_query", f"A parameter is sent once: {', '.join(repeated)}.")
    return next_middleware(app)


def parameter_error(error: RequestValidationError) -> OnlineOrdersError:
    """Return the refusal for the first invalid parameter of a request."""
    field_error = error.errors()[0]
    where, name = field_error["loc"][0], str(field_error["loc"][-1])
    if where == "path":
        return NotFound(f"There is no {name} {str(field_error['input'])[:16]}.")
    if where == "header":
        return _header_error(name, field_error["type"])
    return BadRequest("invalid_query", f"{name}: {message_of(field_error)}.")


def _header_error(name: str, kind: str) -> BadRequest:
    if name == "if-match":
        return BadRequest("invalid_if_match", "If-Match holds ETags as they were answered, or *.")
    if name == "if-none-match":
        return BadRequest("invalid_if_none_match", "If-None-Match is *: create, and replace nothing.")
    if kind in {"missing", "string_too_short"}:
        return BadRequest("idempotency_key_required", "Send an Idempotency-Key header.")
    return BadRequest(
        "invalid_idempotency_key", f"An Idempotency-Key has 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} visible characters."
    )
