"""Lambda gives all variables of a function 4 KB together, in bytes: they fit whatever the parameters are."""

import re
from typing import Any

import pytest

from emulation.template import read
from online_orders.domain.order_ids import new_order_id
from online_orders.domain.reply_addresses import reply_address
from tests.domain.builders import NOW
from tests.local_run import PROJECT

Json = dict[str, Any]

TEMPLATE = read(PROJECT / "template.yaml")
MAX_BYTES = 4096
WIDE = "\N{GRINNING FACE}"
PSEUDO = {
    "AWS::StackName": 128,
    "AWS::Region": 16,
    "AWS::Partition": 10,
    "AWS::AccountId": 12,
    "AWS::URLSuffix": 16,
    "AWS::NoValue": 0,
}
MAX_REFERENCE = 256
"""Of a resource's name, address or ARN; CloudFormation shortens the names that it makes."""
DIGITS = 16
FUNCTIONS = {name: one for name, one in TEMPLATE["Resources"].items() if one["Type"] == "AWS::Serverless::Function"}


def variables_of(name: str) -> Json:
    shared: Json = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    return {**shared, **FUNCTIONS[name]["Properties"].get("Environment", {}).get("Variables", {})}


def longest_parameter(name: str) -> int:
    """In bytes. Where a pattern takes no character of four bytes, each has one."""
    parameter = TEMPLATE["Parameters"][name]
    if parameter["Type"] == "Number":
        return DIGITS
    if "AllowedValues" in parameter:
        return max(len(each) for each in parameter["AllowedValues"])
    assert "MaxLength" in parameter, f"{name} stands in the environment of a function and has no MaxLength"
    length = int(parameter["MaxLength"])
    return length if only_ascii(parameter.get("AllowedPattern", ".*")) else 4 * length


def only_ascii(pattern: str) -> bool:
    """Whether no character beyond ASCII may stand in what the pattern takes, tried at each place of samples."""
    samples = ["", "a", "a@b.c", "https://a.b", "http://localhost:8080", "a.b"]
    return not any(
        re.fullmatch(pattern, sample[:index] + WIDE + sample[index:])
        for sample in samples
        for index in range(len(sample) + 1)
    )


def longest(value: Any) -> int:
    """The most bytes that a value of the template can have."""
    if not isinstance(value, dict):
        return len(str(value).encode())
    ((kind, operand),) = value.items()
    if kind == "Ref":
        return longest_reference(operand)
    if kind == "Fn::GetAtt":
        return MAX_REFERENCE
    if kind == "Fn::If":
        return max(longest(operand[1]), longest(operand[2]))
    assert kind == "Fn::Sub", f"the test does not know {kind}"
    text, given = (operand, {}) if isinstance(operand, str) else operand
    fixed = re.sub(r"\$\{[^}]+\}", "", text)
    named = re.findall(r"\$\{([^}]+)\}", text)
    return len(fixed.encode()) + sum(
        longest(given[name]) if name in given else longest_reference(name) for name in named
    )


def longest_reference(name: str) -> int:
    if name in TEMPLATE["Parameters"]:
        return longest_parameter(name)
    return PSEUDO.get(name, MAX_REFERENCE)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_environment_of_a_function_fits_with_every_parameter_at_its_longest(name: str) -> None:
    # Name, value, and the punctuation that JSON puts around them.
    sizes = {each: len(each) + longest(value) + 6 for each, value in variables_of(name).items()}
    assert sum(sizes.values()) < MAX_BYTES, sizes


def test_a_pattern_that_takes_other_characters_somewhere_is_found_out() -> None:
    assert only_ascii("[a-z.@]*")
    assert not only_ascii(".*")
    assert not only_ascii(r"https?://[^/\s]+")
    assert not only_ascii(r"[^@\s]+@[a-z.]+")


def test_a_parameter_is_no_longer_than_cloudformation_takes() -> None:
    for name, parameter in TEMPLATE["Parameters"].items():
        assert len(str(parameter.get("Default", "")).encode()) <= 4096, name


def test_an_address_for_replies_is_no_longer_than_an_address_may_be() -> None:
    local_part = reply_address(b"key", new_order_id(NOW), "connie@acme.example", "").removesuffix("@")
    assert len(local_part) + len("@") + longest_parameter("InboundDomain") == 254
