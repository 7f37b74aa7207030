"""The templates as CloudFormation has them for one stack of one region, and what it knows of each resource type."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.lab.stack import ACCOUNT, REGION, Stack

Json = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where a stack is made. `guid` is the last part of its id, which no other stack of the world has."""

    stack: str
    region: str
    guid: str

    def resolve(self, template: Json, **parameters: str) -> dict[str, Json]:
        """Return the resources that are made there, by logical id, intrinsic functions carried out.

        A reference to a resource becomes a text that no other place has, for CloudFormation names what has no name of
        its own.
        """
        stack = _Placed(template, parameters, client=_no_client)
        stack.place = self
        return {
            name: {**resource, "Properties": stack._value(resource.get("Properties", {}))}
            for name, resource in template["Resources"].items()
            if stack._holds(resource.get("Condition"))
        }


def _no_client(service: str) -> Any:
    raise AssertionError(f"nothing is made, so nobody needs {service}")


class _Placed(Stack):
    place: Place

    def ref(self, name: str) -> str:
        where = f"{self.place.region}:{ACCOUNT}:stack/{self.place.stack}/{self.place.guid}"
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Partition": "aws",
            "AWS::Region": self.place.region,
            "AWS::StackId": f"arn:aws:cloudformation:{where}",
            "AWS::StackName": self.place.stack,
            "AWS::URLSuffix": "amazonaws.com",
        }
        if name in pseudo:
            return pseudo[name]
        return self._of(name) if name in self.template["Resources"] else super().ref(name)

    def attribute(self, name: str, attribute: str) -> str:
        return self._of(name, attribute)

    def _of(self, *names: str) -> str:
        assert names[0] in self.template["Resources"], names[0]
        return f"<{'.'.join(names)} of {self.place.guid}>"

    def _resolved(self, text: str) -> str:
        return text


def schema(kind: str) -> Json:
    """Return the resource type's schema, as CloudFormation's registry has it."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # a second or more, in whichever process asks

    found: Json = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    return found


def at(value: Any, pointer: str) -> Any:
    """Return what stands at a schema's pointer, `/properties/A/B`; None where there is nothing."""
    for part in pointer.removeprefix("/properties/").split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return value


@dataclass(frozen=True)
class Leaf:
    """A value of a resource that is no object and no list, and what the schema says of it."""

    path: str
    value: Any
    said: Json
    around: str
    """The descriptions of what it stands in, of the nearest list or object on."""


def leaves(value: Any, node: Json, whole: Json, path: str = "", around: str = "") -> Iterator[Leaf]:
    """Walk a value along its schema; what the schema leaves open is left out."""
    described = node.get("description", "")
    if "$ref" in node:
        target: Json = whole
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
        described = described or node.get("description", "")
    if isinstance(value, Mapping):
        for key, one in value.items():
            if isinstance(found := node.get("properties", {}).get(key), dict):
                yield from leaves(one, found, whole, f"{path}/{key}")
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one, node.get("items", {}), whole, path, described)
    else:
        yield Leaf(path, value, node, described or around)
