"""A new origin secret reaches the functions before CloudFront shows it, in one deployment under a new release name."""

import re
from typing import Any

from tests.lab.stack import translate
from tests.local_run import PROJECT

Json = dict[str, Any]

TEMPLATE = translate(PROJECT / "template.yaml")
RESOURCES: dict[str, Json] = TEMPLATE["Resources"]


def refers_to(value: Any) -> set[str]:
    """The resources that a value refers to, directly."""
    if isinstance(value, list):
        return set().union(*map(refers_to, value))
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(refers_to, value.values()))
    for name, operand in value.items():
        if name == "Ref" and isinstance(operand, str):
            found.add(operand)
        elif name == "Fn::GetAtt":
            found.add(operand.partition(".")[0] if isinstance(operand, str) else operand[0])
        elif name == "Fn::Sub":
            text = operand if isinstance(operand, str) else operand[0]
            found |= set(re.findall(r"\$\{(\w+)", text))
    return found & RESOURCES.keys()


def comes_after(name: str) -> set[str]:
    """The resources that CloudFormation sees to before this one."""
    found: set[str] = set()
    left = [name]
    while left:
        resource = RESOURCES[left.pop()]
        depends = resource.get("DependsOn", [])
        new = refers_to(resource.get("Properties", {})) | ({depends} if isinstance(depends, str) else set(depends))
        left += new - found
        found |= new
    return found


def readers() -> dict[str, Json]:
    """Whatever holds a value of the origin secret."""
    found = {name: one for name, one in RESOURCES.items() if "resolve:secretsmanager:${OriginSecret}" in str(one)}
    assert "Distribution" in found
    assert len(found) == 1 + sum("ORIGIN_SECRET" in str(one) for one in RESOURCES.values())
    return found


def test_resources_with_the_origin_secret_change_with_its_release_name() -> None:
    """CloudFormation reads a dynamic reference only when something else of the same resource changes."""
    for name, resource in readers().items():
        assert "OriginSecretRelease" in str(resource["Properties"]), name


def test_every_function_takes_the_new_value_before_cloudfront_shows_it() -> None:
    functions = readers().keys() - {"Distribution"}
    assert functions == {
        "OrdersApiFunction",
        "DeskApiFunction",
        "PeopleApiFunction",
        "IssueTokenFunction",
        "ConfirmPageFunction",
        "PreviewQuoteFunction",
    }
    assert functions <= comes_after("Distribution")


def test_a_function_is_republished_and_aliased_before_cloudfront_changes() -> None:
    """A published version keeps the values of the day on which it was published."""
    published = {name: one for name, one in RESOURCES.items() if one["Type"] == "AWS::Lambda::Version"}
    assert len(published) == 3
    for name, resource in published.items():
        assert "${OriginSecretRelease}" in resource["Properties"]["Description"]["Fn::Sub"], name
        assert name in comes_after("Distribution")
    assert {name for name, one in RESOURCES.items() if one["Type"] == "AWS::Lambda::Alias"} <= comes_after(
        "Distribution"
    )


def test_the_secret_is_made_with_one_value_long_enough_to_be_taken() -> None:
    from online_orders.http.auth import MIN_ORIGIN_SECRET_LENGTH

    generate = RESOURCES["OriginSecret"]["Properties"]["GenerateSecretString"]
    assert (generate["SecretStringTemplate"], generate["GenerateStringKey"]) == ('{"previous": ""}', "current")
    assert generate["PasswordLength"] >= MIN_ORIGIN_SECRET_LENGTH
