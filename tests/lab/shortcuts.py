"""What the SDK and moto do for every call at some length, and nobody here looks at."""

import functools
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import moto.core.responses
from botocore.useragent import UserAgentString
from moto.core.responses import ActionContext, ActionResult
from moto.core.utils import method_names_from_class
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table
from moto.dynamodb.responses import DynamoHandler

PLAIN = {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "TransactWriteItems", "TransactGetItems"}
"""Whose results are JSON already, by the names of the service."""

_execute_result = ActionResult.execute_result


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


@contextmanager
def taken() -> Iterator[None]:
    with ExitStack() as stack:
        for target, name, stand_in in [
            (UserAgentString, "to_string", lambda agent: "lab"),
            (moto.core.responses, "method_names_from_class", functools.cache(method_names_from_class)),
            (ActionResult, "execute_result", _answer),
            (Table, "all_items", _all_items),
        ]:
            stack.enter_context(patch.object(target, name, stand_in))
        yield
