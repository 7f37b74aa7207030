import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from emulation import TemplateError
from emulation.template import FORWARD_TO, LocalTemplate, localize, prepare_waits, read
from tests.local_run import PROJECT

REGION = "eu-central-1"
HOST = "http://127.0.0.1:9/functions"

SMALL = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String}
Resources:
  Layer:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layer}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: worker.handler
      CodeUri: code
      Timeout: 7
      AutoPublishAlias: live
      DeploymentPreference: {Type: Canary10Percent5Minutes}
      ReservedConcurrentExecutions: 1
      Layers: [!Ref Layer]
      Environment:
        Variables: {STAGE: !Ref Stage}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for folder in ("code", "layer"):
        (tmp_path / folder).mkdir()
    (tmp_path / "code" / "worker.py").write_text("def handler(event, context): ...\n", encoding="utf-8")
    return tmp_path


def localized(project: Path, more: str = "", tick: int | None = None) -> LocalTemplate:
    (project / "template.yaml").write_text(SMALL + more, encoding="utf-8")
    return localize(
        read(project / "template.yaml"), project, region=REGION, forward_to=HOST, code=project / "copy", tick=tick
    )


def test_a_function_keeps_its_code_layers_timeout_and_environment(project: Path) -> None:
    template = localized(project)
    source = template.functions["Worker"]
    variables = template.body["Resources"]["Worker"]["Properties"]["Environment"]["Variables"]

    assert (source.code, source.layers, source.timeout) == (project / "copy" / "code", (project / "copy" / "layer",), 7)
    assert (source.code / "worker.py").exists()
    assert variables == {"STAGE": {"Ref": "Stage"}, FORWARD_TO: HOST}
    assert template.parameters == {"Stage"}


def test_what_serves_production_only_is_left_out(project: Path) -> None:
    resources = localized(project).body["Resources"]

    assert "ReservedConcurrentExecutions" not in resources["Worker"]["Properties"]
    assert not [found for found in resources.values() if found["Type"].startswith("AWS::CodeDeploy")]


def test_what_the_engine_does_not_know_is_left_out(project: Path) -> None:
    alarm = """
  Alarm:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties: {AlarmRule: "TRUE"}
"""
    assert "Alarm" not in localized(project, alarm).body["Resources"]


def test_what_the_engine_does_not_know_must_not_be_referred_to(project: Path) -> None:
    alarm = """
  Alarm:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties: {AlarmRule: "TRUE"}
  Name:
    Type: AWS::SSM::Parameter
    Properties: {Type: String, Value: !Ref Alarm}
"""
    with pytest.raises(TemplateError, match="refers to Alarm"):
        localized(project, alarm)


def test_a_missing_folder_is_named(project: Path) -> None:
    shutil.rmtree(project / "code")
    with pytest.raises(TemplateError, match="CodeUri code"):
        localized(project)


def test_a_template_that_does_not_translate_is_refused_with_the_reason(project: Path) -> None:
    with pytest.raises(TemplateError, match="Broken"):
        localized(project, "  Broken: {Type: AWS::Serverless::Function, Properties: {CodeUri: code}}\n")


@pytest.mark.parametrize("text", ["a: [", None])
def test_a_template_that_cannot_be_read_is_refused(project: Path, text: str | None) -> None:
    path = project / "broken.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError, match=r"broken\.yaml"):
        read(path)


def test_short_forms_of_functions_are_read(tmp_path: Path) -> None:
    (tmp_path / "t.yaml").write_text(
        "a: !GetAtt Table.StreamArn\nb: !If [Yes, !Ref A, !Sub '${B}']\nc: !Condition D\n", encoding="utf-8"
    )
    assert read(tmp_path / "t.yaml") == {
        "a": {"Fn::GetAtt": ["Table", "StreamArn"]},
        "b": {"Fn::If": [True, {"Ref": "A"}, {"Fn::Sub": "${B}"}]},
        "c": {"Condition": "D"},
    }


def workflow() -> dict[str, Any]:
    definition: dict[str, Any] = json.loads((PROJECT / "statemachine" / "order.asl.json").read_text(encoding="utf-8"))
    return definition


def timeouts(definition: dict[str, Any]) -> set[int]:
    return {
        state["TimeoutSeconds"]
        for state in definition["States"].values()
        if state.get("Resource", "").endswith(".waitForTaskToken")
    }


def test_the_tick_of_the_waits_can_be_set_and_is_else_the_workflows_own() -> None:
    ours, unchanged = workflow(), workflow()
    prepare_waits(ours, 5)
    prepare_waits(unchanged, None)

    assert timeouts(ours) == {5}
    assert unchanged == workflow()


def test_the_name_under_which_a_function_gets_its_task_token_is_found() -> None:
    assert prepare_waits(workflow(), None) == {"token"}
