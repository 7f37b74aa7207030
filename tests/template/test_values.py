"""Words that AWS knows stand as it writes them, in the schemas of the resource types."""

import re
from typing import Any

import pytest

from emulation import TemplateError
from emulation.template import localize, read
from tests.lab.stack import Stack
from tests.local_run import PROJECT
from tests.template.resolving import Leaf, leaves, schema
from tests.template.test_names import OBSERVABILITY, PROD, TEMPLATE, WAF, made

Json = dict[str, Any]

WORD = re.compile(r"[A-Za-z][A-Za-z_]*")
WRITTEN_OTHERWISE = {("/DeliveryOptions/TlsPolicy", "REQUIRE")}
"""What its description writes like any other word of a sentence ("require"), and SES's API as it stands here."""


def words(template: Json) -> list[tuple[str, Leaf]]:
    """Every value of a resource that is one word, with the resource's name."""
    return [
        (name, leaf)
        for name, resource in made(template, PROD).items()
        for leaf in leaves(resource["Properties"], schema(resource["Type"]), schema(resource["Type"]))
        if isinstance(leaf.value, str) and WORD.fullmatch(leaf.value)
    ]


def is_spelled(leaf: Leaf) -> bool:
    """Whether a word is as the schema lists it, or as its description writes it where it lists nothing."""
    if listed := leaf.said.get("enum"):
        return leaf.value in listed
    if (leaf.path, leaf.value) in WRITTEN_OTHERWISE:
        return True
    text = set(WORD.findall(leaf.around))
    return leaf.value in text or leaf.value.replace("_", "").lower() not in {each.lower() for each in text}


@pytest.mark.parametrize("template", [TEMPLATE, OBSERVABILITY, WAF], ids=["template", "observability", "waf"])
def test_every_word_is_spelled_as_its_type_spells_it(template: Json) -> None:
    found = words(template)
    assert len(found) > 10
    wrong = [f"{name}{leaf.path}: {leaf.value}" for name, leaf in found if not is_spelled(leaf)]
    assert wrong == []


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        (
            "AWS::SES::ConfigurationSetEventDestination",
            {"EventDestination": {"MatchingEventTypes": ["DELIVERY"]}},
        ),
        ("AWS::DynamoDB::Table", {"BillingMode": "pay_per_request"}),
        ("AWS::Cognito::UserPool", {"MfaConfiguration": "optional"}),
    ],
)
def test_a_word_in_another_case_is_found(kind: str, properties: Json) -> None:
    (leaf,) = leaves(properties, schema(kind), schema(kind))
    assert not is_spelled(leaf)


# The emulations refuse what CloudFormation refused for years, and what its schema does not name to this day.


def shouted(template: Json) -> Json:
    destination = template["Resources"]["MailDestination"]["Properties"]["EventDestination"]
    changed = {**destination, "MatchingEventTypes": [kind.upper() for kind in destination["MatchingEventTypes"]]}
    resource = {**template["Resources"]["MailDestination"]}
    resource["Properties"] = {**resource["Properties"], "EventDestination": changed}
    return {**template, "Resources": {**template["Resources"], "MailDestination": resource}}


def test_the_lab_makes_no_stack_whose_event_types_are_in_upper_case() -> None:
    properties = shouted(TEMPLATE)["Resources"]["MailDestination"]["Properties"]
    stack = Stack(TEMPLATE, {}, client=lambda service: None)
    with pytest.raises(AssertionError, match="DELIVERY"):
        stack._event_destination("MailDestination", properties)


def test_the_local_run_refuses_upper_case_event_types(tmp_path: Any) -> None:
    template = shouted(read(PROJECT / "template.yaml"))
    with pytest.raises(TemplateError, match="DELIVERY"):
        localize(template, PROJECT, region="eu-central-1", forward_to="http://127.0.0.1:1", code=tmp_path / "code")
