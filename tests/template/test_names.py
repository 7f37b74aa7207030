"""No two stacks of an account, and no two regions of one, want the same name; and every name is one that AWS takes."""

import re
from itertools import pairwise
from typing import Any

import pytest

from emulation.template import read
from tests.lab.stack import translate
from tests.local_run import PROJECT
from tests.template.resolving import Place, at, schema

Json = dict[str, Any]

TEMPLATE, WAF = translate(PROJECT / "template.yaml"), read(PROJECT / "waf.yaml")
OBSERVABILITY = read(PROJECT / "observability.yaml")
DEV = Place("online-orders-dev", "eu-central-1", "3b7a1f40-0d2e-11f1-8c6a-0a58a9feac02")
PROD = Place("online-orders", "eu-central-1", "5f2c9e10-0d2e-11f1-9a41-06d21c3a7b11")
ELSEWHERE = Place("online-orders", "us-east-1", "77aa0c30-0d2e-11f1-b0d3-0e61b4f3a955")
LONGEST = Place("n" * 48, "ap-northeast-1", "99bb2d50-0d2e-11f1-a5f7-12ab34cd56ef")
STAGE = {DEV: "dev", PROD: "prod", ELSEWHERE: "prod", LONGEST: "prod"}

# Whom a name has to itself. A type whose names are none of a kind stands here as soon as the template names one.
ACCOUNT_WIDE = {
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CloudWatch::Dashboard",
    "AWS::Cognito::UserPoolDomain",  # the region's for all accounts, in truth
}
REGIONAL = {
    "AWS::CloudWatch::Alarm",
    "AWS::Events::EventBus",
    "AWS::Lambda::LayerVersion",
    "AWS::Logs::LogGroup",
    "AWS::Logs::QueryDefinition",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::EmailIdentity",
    "AWS::StepFunctions::StateMachine",
}
# What the resources' schemas leave out.
MAX_CHARACTERS = {
    "AWS::CloudFront::OriginAccessControl": 64,
    "AWS::CloudFront::ResponseHeadersPolicy": 128,
    "AWS::CloudWatch::Alarm": 255,
    "AWS::CloudWatch::Dashboard": 255,
    "AWS::Logs::QueryDefinition": 255,
    "AWS::SES::ConfigurationSet": 64,
    "AWS::StepFunctions::StateMachine": 80,
}


def made(template: Json, place: Place) -> dict[str, Json]:
    if template is WAF:
        return place.resolve(template)
    domain = f"{STAGE[place]}.example.com"
    product = place.resolve(TEMPLATE, Stage=STAGE[place], UserMailBySes="true", SenderDomain=domain)
    if template is OBSERVABILITY:
        return place.resolve(template, **product["ObservabilityStack"]["Properties"]["Parameters"])
    return product


def made_together(place: Place) -> dict[str, Json]:
    """Return what one deployment makes: the product, and its nested stack."""
    return made(TEMPLATE, place) | made(OBSERVABILITY, place)


def names_of(resource: Json) -> dict[str, str]:
    """The names that the template gives a resource, by where they stand.

    Where they stand is what the type's schema identifies it by, and any other `Name` of it.
    """
    kind, properties = resource["Type"], resource["Properties"]
    known = schema(kind)
    more = known.get("additionalIdentifiers", [])
    identifiers = [*known["primaryIdentifier"], *(pointer for pointers in more for pointer in pointers)]
    found = {pointer: at(properties, pointer) for pointer in identifiers}
    own = {"Name", f"{kind.rpartition(':')[2]}Name", "LayerName"}
    for key, value in properties.items():
        for inner, one in [(key, value), *(value.items() if isinstance(value, dict) else ())]:
            if inner in own:
                found[f"/properties/{key}" if inner == key else f"/properties/{key}/{inner}"] = one
    return {
        pointer: value
        for pointer, value in found.items()
        if isinstance(value, str) and "enum" not in at_schema(kind, pointer)
    }


def within(resource: Json) -> dict[str, str]:
    """What a resource belongs to and cannot leave, which may tell two apart that have the same name."""
    pointers = schema(resource["Type"]).get("createOnlyProperties", [])
    found = {pointer: at(resource["Properties"], pointer) for pointer in pointers}
    if resource["Type"] == "AWS::IAM::Policy":  # it is a part of its roles, which the schema does not say
        found["/properties/Roles"] = resource["Properties"]["Roles"][0]
    return {pointer: value for pointer, value in found.items() if isinstance(value, str) and value.startswith("<")}


def shared(first: dict[str, Json], second: dict[str, Json], kinds: set[str] | None = None) -> list[str]:
    return [
        name
        for name, resource in first.items()
        if name in second and (kinds is None or resource["Type"] in kinds)
        if names_of(resource) and names_of(resource) == names_of(second[name])
        if within(resource) == within(second[name])
    ]


@pytest.mark.parametrize("template", [TEMPLATE, OBSERVABILITY, WAF], ids=["template", "observability", "waf"])
def test_two_stages_of_an_account_want_no_name_twice(template: Json) -> None:
    assert shared(made(template, DEV), made(template, PROD)) == []


def test_two_regions_of_an_account_want_no_name_twice_that_is_the_accounts() -> None:
    assert shared(made_together(PROD), made_together(ELSEWHERE), ACCOUNT_WIDE) == []


def test_whom_a_name_belongs_to_is_known_of_each() -> None:
    named = {one["Type"] for one in made_together(PROD).values() if names_of(one) and not within(one)}
    assert named | {"AWS::Cognito::UserPoolDomain"} == ACCOUNT_WIDE | REGIONAL


@pytest.mark.parametrize(
    ("kind", "properties"),
    [
        ("AWS::Scheduler::Schedule", {"Name": "Often", "Target": {"Arn": "<F of 1>"}}),
        ("AWS::CloudFront::OriginAccessControl", {"OriginAccessControlConfig": {"Name": "web"}}),
        ("AWS::SQS::Queue", {"QueueName": "mail"}),
        ("AWS::IAM::Role", {"RoleName": "desk"}),
    ],
)
def test_a_name_that_is_written_out_is_found(kind: str, properties: Json) -> None:
    one = {"A": {"Type": kind, "Properties": properties}}
    assert shared(one, one) == ["A"]


def test_what_belongs_to_something_of_the_stack_may_have_any_name() -> None:
    group = {"UserPoolId": "<UserPool of 1>", "GroupName": "customers"}
    other = {**group, "UserPoolId": "<UserPool of 2>"}
    kind = "AWS::Cognito::UserPoolGroup"
    assert shared({"A": {"Type": kind, "Properties": group}}, {"A": {"Type": kind, "Properties": other}}) == []


def test_names_fit_awss_limits_for_the_longest_stack_name() -> None:
    for name, resource in made_together(LONGEST).items():
        for pointer, value in names_of(resource).items():
            if "<" in value:
                continue
            result = at_schema(resource["Type"], pointer)
            most = min(result.get("maxLength", 2048), MAX_CHARACTERS.get(resource["Type"], 2048))
            assert len(value) <= most, f"{name} is called {value}, {len(value)} characters; {most} are taken"
            if pattern := result.get("pattern"):
                # Python has no classes of Unicode; those that are used are what is no blank, together.
                assert re.search(re.sub(r"\\p\{[LMSNP]\}", r"\\S", pattern), value), (
                    f"{name} is called {value}, which {pattern} refuses"
                )
        if resource["Type"] == "AWS::CloudFront::Distribution":
            assert len(resource["Properties"]["DistributionConfig"]["Comment"]) + 32 <= 128


def at_schema(kind: str, pointer: str) -> Json:
    """What the type's schema says of a property."""
    whole = schema(kind)
    node: Json = whole
    for part in pointer.removeprefix("/properties/").split("/"):
        node = node.get("properties", {}).get(part, {})
        if "$ref" in node:
            node = whole["definitions"][node["$ref"].rpartition("/")[2]]
    return node


@pytest.mark.parametrize("stack", ["online-orders", "AWS-Orders", "Amazon-Cognito", "n" * 48])
def test_the_page_to_sign_in_has_an_address_that_cognito_takes(stack: str) -> None:
    domain = Place(stack, "eu-central-1", DEV.guid).resolve(TEMPLATE, Stage="prod")["SignInDomain"]["Properties"][
        "Domain"
    ]
    assert re.fullmatch(r"[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?", domain)
    assert not re.search("aws|amazon|cognito", domain)
    assert DEV.guid in domain, "the name has all accounts of the region for neighbours"


def test_nothing_of_a_stack_is_named_like_another_thing_of_it() -> None:
    everything = sorted(
        (one["Type"], value, str(within(one)))
        for one in made_together(PROD).values()
        for pointer, value in names_of(one).items()
        if "<" not in value
    )
    assert not [first for first, second in pairwise(everything) if first == second]
