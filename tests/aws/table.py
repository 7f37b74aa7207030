"""A table in memory, for tests that go through many items: what it knows of DynamoDB is what those items need.

The real semantics are the lab's (`tests.lab.dynamodb`); an expression that is not known here is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.aws.service import error_of

Json = dict[str, Any]

_COMPARED = re.compile(r"(#?\w+) = (:\w+)")
_SET = re.compile(r"(#?\w+) = (?:(:\w+)|if_not_exists\(\1, (:\w+)\))")
_NEWER = re.compile(r"\(attribute_not_exists\((#?\w+)\) OR \1 < (:\w+)\)")
_ADD = re.compile(r"ADD (\w+) (:\w+)(?: SET expires_at = :later)?")


class Table:
    """Answers as a client of boto3 does; `before` is called with the method and the parameters of each call."""

    def __init__(self, page: int = 1_000) -> None:
        self.items: dict[tuple[str, str], Json] = {}
        self.page = page
        """Items of a query at most, as DynamoDB's megabyte would have it."""
        self.before: Callable[[str, Json], object] = lambda method, parameters: None
        self.calls: list[str] = []

    def __getattr__(self, method: str) -> Callable[..., Any]:
        response = getattr(type(self), f"_{method}")

        def called(**parameters: Any) -> Any:
            self.before(method, parameters)
            self.calls.append(method)
            return response(self, parameters)

        return called

    def _get_item(self, asked: Json) -> Json:
        item = self.items.get(_key(asked["Key"]))
        return {"Item": item} if item else {}

    def _batch_get_item(self, asked: Json) -> Json:
        ((name, expected),) = asked["RequestItems"].items()
        return {"Responses": {name: [self.items[key] for key in map(_key, expected["Keys"]) if key in self.items]}}

    def _batch_write_item(self, asked: Json) -> Json:
        ((_, requests),) = asked["RequestItems"].items()
        assert 0 < len(requests) <= 25
        keys = [_key(part.get("Item") or part["Key"]) for request in requests for part in request.values()]
        assert len(keys) == len(set(keys))
        for request in requests:
            self._write({kind.removesuffix("Request"): part for kind, part in request.items()})
        return {}

    def _query(self, asked: Json) -> Json:
        assert re.fullmatch(r"pk = :pk AND sk BETWEEN :first AND :\w+", asked["KeyConditionExpression"])
        pk, first, last = (value["S"] for value in asked["ExpressionAttributeValues"].values())
        start = asked.get("ExclusiveStartKey")
        keys = sorted(key for key in self.items if key[0] == pk and first <= key[1] <= last)
        rest = [key for key in keys if not start or key > _key(start)]
        if not asked.get("ScanIndexForward", True):
            rest = [key for key in reversed(keys) if not start or key < _key(start)]
        found = rest[: min(asked.get("Limit", self.page), self.page)]
        more = {"LastEvaluatedKey": {"pk": {"S": pk}, "sk": {"S": found[-1][1]}}} if found != rest else {}
        return {"Items": [self.items[key] for key in found], "Count": len(found), **more}

    def _put_item(self, asked: Json) -> Json:
        self._write({"Put": asked})
        return {}

    def _delete_item(self, asked: Json) -> Json:
        self._write({"Delete": asked})
        return {}

    def _update_item(self, asked: Json) -> Json:
        self._write({"Update": asked})
        return {}

    def _transact_write_items(self, asked: Json) -> Json:
        failed = [not self._holds(*action.values()) for action in asked["TransactItems"]]
        if any(failed):
            reasons = [{"Code": "ConditionalCheckFailed" if each else "None"} for each in failed]
            raise error_of("TransactionCanceledException", *reasons)
        for action in asked["TransactItems"]:
            self._write(action)
        return {}

    def _write(self, action: Json) -> None:
        ((kind, requested),) = action.items()
        if not self._holds(requested):
            raise error_of("ConditionalCheckFailedException")
        if kind == "ConditionCheck":
            return
        if kind == "Put":
            self.items[_key(requested["Item"])] = requested["Item"]
            return
        if kind == "Delete":
            self.items.pop(_key(requested["Key"]), None)
            return
        assert kind == "Update"
        if match := _ADD.fullmatch(requested["UpdateExpression"]):
            self._add(requested["Key"], match[1], requested["ExpressionAttributeValues"][match[2]]["N"])
            return
        self._set(requested)

    def _set(self, requested: Json) -> None:
        verb, _, sets = requested["UpdateExpression"].partition(" ")
        assert verb == "SET"
        before: Json = self.items.get(_key(requested["Key"])) or requested["Key"]
        after = dict(before)
        for each in re.split(r", (?![^(]*\))", sets):
            match = _SET.fullmatch(each)
            assert match, requested
            name, value = _name(requested, match[1]), requested["ExpressionAttributeValues"][match[2] or match[3]]
            after[name] = before.get(name, value) if match[3] else value
        self.items[_key(requested["Key"])] = after

    def _add(self, key: Json, name: str, number: str) -> None:
        item = self.items.get(_key(key), key)
        self.items[_key(key)] = {**item, name: {"N": str(int(item.get(name, {"N": "0"})["N"]) + int(number))}}

    def _holds(self, asked: Json) -> bool:
        condition = asked.get("ConditionExpression", "")
        existing = self.items.get(_key(asked.get("Item") or asked["Key"]))
        return all(_clause_holds(clause, existing, asked) for clause in condition.split(" AND ") if clause)


def _clause_holds(clause: str, standing: Json | None, asked: Json) -> bool:
    if clause.startswith("attribute_not_exists(pk)"):
        assert clause.removeprefix("attribute_not_exists(pk)") in ("", " OR expires_at <= :now")
        return standing is None
    if clause == "attribute_exists(pk)":
        return standing is not None
    if match := _NEWER.fullmatch(clause):
        known = (standing or {}).get(_name(asked, match[1]))
        return known is None or known["S"] < asked["ExpressionAttributeValues"][match[2]]["S"]
    match = _COMPARED.fullmatch(clause)
    assert match, clause
    found: bool = (standing or {}).get(_name(asked, match[1])) == asked["ExpressionAttributeValues"][match[2]]
    return found


def _name(asked: Json, written: str) -> str:
    name: str = asked["ExpressionAttributeNames"][written] if written.startswith("#") else written
    return name


def _key(item: Json) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
