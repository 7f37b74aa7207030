"""What the SDK and moto do for every call at some length, and nobody here looks at."""

import copy
import functools
import json
import os
import pickle
import re
import string
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlparse

import jmespath
import moto.backends
import moto.cognitoidp.models
import moto.core.responses
import moto.dynamodb.models.table
import moto.dynamodb.parsing.validators
import moto.sqs.models
from botocore.auth import SigV4Auth
from botocore.regions import EndpointRulesetResolver
from botocore.useragent import UserAgentString
from joserfc.jwk import RSAKey
from moto import backend_index
from moto.core.base_backend import BackendDict
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.request import normalize_request
from moto.core.responses import ActionContext, ActionResult, BaseResponse
from moto.core.utils import camelcase_to_underscores, method_names_from_class
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.models.utilities import bytesize
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node  # type: ignore[attr-defined]
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords
from moto.dynamodb.responses import DynamoHandler
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.moto_random import MotoRandom
from requests.structures import CaseInsensitiveDict
from werkzeug.exceptions import HTTPException

from online_orders.aws import clients
from tests.lab.stack import ACCOUNT, REGION

PLAIN = {
    "BatchGetItem",
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "TransactWriteItems",
    "TransactGetItems",
}
"""Whose parameters and results are JSON as they are, by the names of the service."""

_execute_result = ActionResult.execute_result
_process_request = BotocoreStubber.process_request
_setup_class = BaseResponse.setup_class
_create_account_specific_backend = BackendDict._create_account_specific_backend
_add_auth = SigV4Auth.add_auth
_construct_endpoint = EndpointRulesetResolver.construct_endpoint
_enrich_response = BaseResponse._enrich_response
_lex_condition_expression = ConditionExpressionParser._lex_condition_expression
_nodes_to_be_processed = DepthFirstTraverser.nodes_to_be_processed
_update_expression = functools.lru_cache(1024)(UpdateExpressionParser.make)
_snake_case = functools.cache(camelcase_to_underscores)
_parsed = functools.cache(urlparse)


class _JsonRequest:
    """What moto reads of a request in JSON, where werkzeug's would be built from an environment of WSGI."""

    method = "POST"
    path = raw_path = "/"
    content_encoding = None
    from_wsgi_server = False
    form: Mapping[str, str] = {}
    files: Mapping[str, Any] = {}
    values: Mapping[str, str] = {}

    def __init__(self, request: Any) -> None:
        headers = (
            (name, value.decode() if isinstance(value, bytes) else value) for name, value in request.headers.items()
        )
        self.raw_url = request.url
        self.headers = CaseInsensitiveDict({**dict(headers), "Host": request.url.split("/")[2]})
        self.content_type = self.headers.get("Content-Type")
        self.data = request.body or b""


def _make_sure_of(services: BackendDict[Any], account: str) -> None:
    """A service that has an account is on moto's list of those in use, where it would be looked for each time."""
    if not dict.__contains__(services, account):
        _create_account_specific_backend(services, account)


@functools.cache
def _takers(host: str) -> list[tuple[re.Pattern[str], Callable[..., Any]]]:
    """What moto has for addresses at a host, which it would look for among hundreds of patterns at each call."""
    takers = []
    for service, pattern in backend_index.backend_url_patterns:
        if pattern.match(f"https://{host}/"):
            accounts: Any = moto.backends.get_backend(service)  # type: ignore[call-overload]
            backend = accounts[ACCOUNT][REGION if REGION in accounts[ACCOUNT] else "aws"]
            takers += [(re.compile(address), taker) for address, taker in backend.urls.items()]
    return takers


@functools.lru_cache(256)
def _taker(address: str) -> Callable[..., Any] | None:
    host = address.split("/", 3)[2]
    return next((taker for pattern, taker in _takers(host) if pattern.match(address)), None)


def _process(stubber: BotocoreStubber, request: Any) -> Any:
    taker = _taker(request.url.partition("?")[0])
    if not taker:
        return _process_request(stubber, request)
    is_json = request.method == "POST" and request.url.endswith(".com/") and "X-Amz-Target" in request.headers
    plain = _JsonRequest(request) if is_json else normalize_request(request)
    try:
        return taker(plain, plain.raw_url, plain.headers)
    except HTTPException as error:
        return error.code, error.get_headers(), error.get_body()


def _set_up(response: Any, request: Any, *args: Any, **options: Any) -> None:
    """All that moto's own finds in a request in JSON, but for what stands in queries and forms."""
    if not isinstance(request, _JsonRequest):
        _setup_class(response, request, *args, **options)
        return
    response.is_werkzeug_request = False
    response.normalized_request = request
    response.uri = request.raw_url
    response.parsed_url = _parsed(request.raw_url)
    response.path = response.raw_path = request.path
    response.method = request.method
    response.form_data = response.querystring = response.data = response.uri_match = {}
    response.raw_body = request.data
    response.body = request.data.decode()
    response.headers = request.headers
    response.region = REGION
    response.partition = "aws"
    response.access_key = "lab"
    response.current_account = ACCOUNT
    response.response_headers = {"server": "amazon.com"}
    if isinstance(response, DynamoHandler) and response._get_action() in PLAIN:
        response.params = json.loads(response.body)
    elif response.automated_parameter_parsing:
        response.parse_parameters(request)


def _sign(signer: SigV4Auth, request: Any) -> None:
    """Names who asks, which moto reads, without the signature, which it does not."""
    if type(signer) is not SigV4Auth:
        _add_auth(signer, request)
        return
    request.context["timestamp"] = "20000101T000000Z"
    request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, Signature=none"


def _endpoint(resolver: EndpointRulesetResolver, operation_model: Any, call_args: Any, request_context: Any) -> Any:
    """Asks the rules once per operation, and what they look at of its parameters; S3 puts more into its addresses."""
    if resolver._service_model.service_name == "s3":
        return _construct_endpoint(resolver, operation_model, call_args, request_context)
    asked = [call_args.get(name) for name in resolver._get_dynamic_context_params(operation_model).values()]
    asked += [
        jmespath.search(one["path"], call_args) for one in dict(operation_model.operation_context_parameters).values()
    ]
    key = ("endpoint", operation_model.name, repr(asked))
    known = resolver._instance_cache
    if key not in known:
        known[key] = _construct_endpoint(resolver, operation_model, call_args, request_context)
    return known[key]


def _enriched(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:
    """Looks for the place of the request's id in XML alone."""
    if not isinstance(body, str) or "<RequestId>" in body:
        return _enrich_response(headers, body)
    if "status" in headers:
        headers["status"] = str(headers["status"])
    headers["x-amzn-requestid"] = _request_id()
    return headers, body


def _request_id() -> str:
    return f"{mock_random.getrandbits(208):052X}"


@functools.lru_cache(1024)
def _tokens(expression: str) -> tuple[Any, ...]:
    return tuple(_lex_condition_expression(ConditionExpressionParser(expression, None, None)))


def _lexed(parser: ConditionExpressionParser) -> deque[Any]:
    """The tokens of an expression, which are the same for all names and values."""
    return deque(_tokens(parser.condition_expression or ""))


@functools.cache
def _reserved_keywords() -> frozenset[str]:
    return frozenset(ReservedKeywords._get_reserved_keywords())


def _deepcopy(value: Any) -> Any:
    """A copy; of an expression as it was parsed for a fifth of the work, from the second copy on."""
    if not isinstance(value, Node):
        return copy.deepcopy(value)
    written = vars(value).get("written") or pickle.dumps(value)
    vars(value)["written"] = written
    return pickle.loads(written)  # noqa: S301 - written above


_processed: dict[type, tuple[type, ...]] = {}


def _processed_nodes(traverser: DepthFirstTraverser) -> tuple[type, ...]:
    """Asks for them once per class, and not for each node of each expression."""
    kind = type(traverser)
    if kind not in _processed:
        _processed[kind] = _nodes_to_be_processed(traverser)
    return _processed[kind]


def _traverse(traverser: DepthFirstTraverser, node: Any, child_id: int = -1) -> Any:
    """As moto's own, but for asking at each node which kinds are processed."""
    kinds = _processed_nodes(traverser)
    prepares = type(traverser).pre_processing_of_child is not DepthFirstTraverser.pre_processing_of_child

    def visit(node: Any, child_id: int) -> Any:
        if not isinstance(node, Node):
            return node
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            if prepares:
                traverser.pre_processing_of_child(node, number)
            if isinstance(child, Node):
                visit(child, number)
        if isinstance(node, kinds):
            node = traverser.process(node)
            node.parent = parent
            if parent:
                parent.children[child_id] = node
        return node

    return visit(node, child_id)


ITEM_LIMIT = 405_000
"""In bytes, where moto has it."""


def _set_attribute(attributes: LimitedSizeDict, name: str, value: Any) -> None:
    """Adds up what is set; moto sums up the whole item for each attribute, as is done here from half the limit on."""
    size = bytesize(name) + _size(value)
    so_far = vars(attributes).get("so_far")
    if so_far is None or so_far + size > ITEM_LIMIT // 2:
        so_far = sum(bytesize(each) + _size(attributes[each]) for each in attributes)
    if so_far + size > ITEM_LIMIT:
        raise ItemSizeTooLarge
    vars(attributes)["so_far"] = so_far + size
    dict.__setitem__(attributes, name, value)


def _size(value: Any) -> int:
    return int(value.size()) if type(value) is DynamoType else bytesize(str(value))


def _hash(value: DynamoType) -> int:
    return hash(value.value if value.type == "S" else (value.type, value.cast_value))


def _equals(one: DynamoType, other: DynamoType) -> bool:
    """As moto's own; what is not text is converted first."""
    if one.type == "S":
        return other.type == "S" and bool(one.value == other.value)
    return one.type == other.type and bool(one.cast_value == other.cast_value)


_import_key = functools.cache(lambda text: RSAKey.import_key(json.loads(text)))


class _Keys:
    """The one key of all user pools, which takes half a second to import."""

    @staticmethod
    def import_key(key: Mapping[str, Any]) -> RSAKey:
        return _import_key(json.dumps(key))


def _random_string(
    generator: MotoRandom, length: int = 20, include_digits: bool = True, lower_case: bool = False
) -> str:
    found = "".join(generator.choices(string.ascii_letters + string.digits * include_digits, k=length))
    return found.lower() if lower_case else found


def _answer(answer: ActionResult, context: ActionContext) -> Any:
    if (
        isinstance(context.response, DynamoHandler)
        and isinstance(answer.result, dict)
        and context.operation_model.name in PLAIN
    ):
        return 200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(answer.result)
    return _execute_result(answer, context)


def _all_items(table: Table) -> list[Item]:
    """In the order of their keys, which are text."""
    items = [item for collection in table.items.values() for item in collection.values()]
    return sorted(items, key=lambda item: (item.hash_key.value, item.range_key.value))


class _Sessions:
    """The product's sessions of the SDK, for the whole process: clients are, and all sessions are made alike."""

    def __init__(self) -> None:
        self._of = functools.cache(clients._session.__wrapped__)

    def __call__(self, service: str) -> Any:
        return self._of(service)

    def cache_clear(self) -> None:
        """Keeps them."""


_sessions = _Sessions()


@contextmanager
def taken() -> Iterator[None]:
    with ExitStack() as stack:
        for target, name, stand_in in [
            (UserAgentString, "to_string", lambda agent: "lab"),
            (moto.core.responses, "method_names_from_class", functools.cache(method_names_from_class)),
            (moto.core.responses, "camelcase_to_underscores", _snake_case),
            (moto.sqs.models, "camelcase_to_underscores", _snake_case),
            (ActionResult, "execute_result", _answer),
            (BotocoreStubber, "process_request", _process),
            (BaseResponse, "setup_class", _set_up),
            (BackendDict, "_create_account_specific_backend", _make_sure_of),
            (SigV4Auth, "add_auth", _sign),
            (EndpointRulesetResolver, "construct_endpoint", _endpoint),
            (BaseResponse, "_enrich_response", staticmethod(_enriched)),
            (ConditionExpressionParser, "_lex_condition_expression", _lexed),
            (UpdateExpressionParser, "make", _update_expression),
            (ReservedKeywords, "get_reserved_keywords", _reserved_keywords),
            (DepthFirstTraverser, "traverse", _traverse),
            (moto.dynamodb.parsing.validators, "deepcopy", _deepcopy),
            (LimitedSizeDict, "__setitem__", _set_attribute),
            (DynamoType, "__hash__", _hash),
            (moto.dynamodb.models.table, "dynamo_json_dump", lambda record: ""),  # whose length is a record's size
            (DynamoType, "__eq__", _equals),
            (clients, "_session", _sessions),
            (moto.cognitoidp.models, "jwk", SimpleNamespace(RSAKey=_Keys)),
            (MotoRandom, "get_random_string", _random_string),
            (Table, "all_items", _all_items),
        ]:
            stack.enter_context(patch.object(target, name, stand_in))
        yield


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Variables for a while. `patch.dict` would put every variable that there is back in its place."""
    before = {name: was for name, value in values.items() if (was := os.environ.get(name)) != value}
    os.environ.update((name, values[name]) for name in before)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
