"""One deployment brings the alarms: observability.yaml is nested in template.yaml and is told all that it watches."""

import re
from typing import Any

import pytest
import yaml

from emulation.template import read
from tests.local_run import PROJECT
from tests.template.test_names import ELSEWHERE, LONGEST, PROD, TEMPLATE

Json = dict[str, Any]

OBSERVABILITY = read(PROJECT / "observability.yaml")
NESTED = read(PROJECT / "template.yaml")["Resources"]["ObservabilityStack"]
WATCHING = {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::Logs::QueryDefinition"}


def is_made(**parameters: str) -> bool:
    return "ObservabilityStack" in PROD.resolve(TEMPLATE, **parameters)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"Stage": "prod"}, True),
        ({"Stage": "dev"}, True),
        ({"Stage": "prod", "Observability": "false"}, False),
        ({"Stage": "dev", "Observability": "false"}, False),
        ({"Stage": "sandbox", "SiteUrl": "http://localhost"}, False),
    ],
)
def test_every_stage_on_aws_has_alarms_unless_it_is_told_otherwise(parameters: Json, expected: bool) -> None:
    assert is_made(**parameters) is expected


def test_a_prod_stage_without_alarms_says_so_among_its_outputs() -> None:
    output = TEMPLATE["Outputs"]["Unobserved"]
    assert output["Condition"] == "IsUnobserved"
    assert TEMPLATE["Conditions"]["IsUnobserved"] == {
        "Fn::And": [{"Condition": "IsProd"}, {"Fn::Equals": [{"Ref": "Observability"}, "false"]}]
    }
    assert "Observability=true" in output["Value"]


def test_the_nested_stack_is_told_each_of_its_parameters_and_no_other() -> None:
    assert NESTED["Properties"]["TemplateURL"] == "observability.yaml"
    assert NESTED["Properties"]["Parameters"].keys() == OBSERVABILITY["Parameters"].keys()


def test_a_parameter_of_the_nested_stack_has_the_name_of_what_it_is() -> None:
    for name, value in NESTED["Properties"]["Parameters"].items():
        if name == "ProductStack":
            assert value == {"Ref": "AWS::StackName"}
        elif name.startswith("Inbound"):
            is_queue = name == "InboundDeadLetters"
            found = [{"Fn::GetAtt": [name, "QueueName"]}, "none"] if is_queue else [{"Ref": name}, ""]
            assert value == {"Fn::If": ["HasInbound", *found]}
        elif TEMPLATE["Resources"].get(name, {}).get("Type") == "AWS::SQS::Queue":
            assert value == {"Fn::GetAtt": [name, "QueueName"]}
        else:
            assert value == {"Ref": name}


def test_each_parameter_of_the_nested_stack_is_used() -> None:
    text = (PROJECT / "observability.yaml").read_text("utf-8").partition("\nConditions:")[2]
    used = set(re.findall(r"!Ref (\w+)", text)) | set(re.findall(r"\$\{(\w+)\}", text))
    assert used - OBSERVABILITY["Resources"].keys() == OBSERVABILITY["Parameters"].keys()


def test_the_product_has_no_alarm_and_no_dashboard_of_its_own() -> None:
    assert not WATCHING & {one["Type"] for one in TEMPLATE["Resources"].values()}
    assert {one["Type"] for one in OBSERVABILITY["Resources"].values()} >= WATCHING


@pytest.mark.parametrize("place", [PROD, ELSEWHERE, LONGEST])
def test_alarms_and_metrics_have_the_name_of_the_product_stack(place: Any) -> None:
    told = place.resolve(TEMPLATE, Stage="prod")["ObservabilityStack"]["Properties"]["Parameters"]
    for name, resource in place.resolve(OBSERVABILITY, **told).items():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            assert properties["AlarmName"] == f"{place.stack}-{name.removesuffix('Alarm')}"
            if properties.get("Namespace") == "OnlineOrders":
                assert properties["Dimensions"] == [{"Name": "service", "Value": place.stack}]
        if resource["Type"] == "AWS::CloudWatch::Dashboard":
            assert properties["DashboardName"] == f"{place.stack}-{place.region}"


def test_who_deploys_lets_cloudformation_expand_a_template_with_a_nested_stack() -> None:
    text = (PROJECT / "samconfig.toml").read_text("utf-8")
    granted = re.findall(r'^capabilities = "(.*)"$', text, re.MULTILINE)
    assert [set(each.split()) for each in granted] == 2 * [{"CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"}]


def test_the_checks_of_templates_read_the_nested_one() -> None:
    assert "observability.yaml" in yaml.safe_load((PROJECT / ".checkov.yaml").read_text("utf-8"))["file"]
    (linted,) = re.findall(r"cfn-lint (.*)", (PROJECT / "Makefile").read_text("utf-8"))
    assert "observability.yaml" in linted.split()
