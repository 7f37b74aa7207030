"""Commands that the documents tell exist, with the options that stand there."""

import re
import shlex
import subprocess
from itertools import pairwise
from typing import Any

import jmespath
import pytest
import typer.main
from botocore import xform_name
from botocore.session import Session

from online_orders_cli.app import app
from tests.cli.terminal import Terminal
from tests.docs import shell

ROOT = shell.ROOT
DOCUMENTS = shell.DOCUMENTS
OF_THE_AWS_CLI = {"query", "output", "region", "profile", "cli-binary-format", "no-paginate"}
HIGH_LEVEL = {
    ("s3", "rm"): {"recursive"},
    ("cloudformation", "deploy"): {"stack-name", "template-file", "capabilities", "parameter-overrides"},
}
"""Commands of the AWS CLI that are no operation of a service."""
_session = Session()


def commands(name: str, start: str) -> list[str]:
    """Return the commands of a document that begin so: from its console blocks and from its inline code."""
    text = [command for line in shell.lines_of(name) for command in shell.commands_of(line)]
    return [line for line in [*map(shlex.join, text), *shell.inline_of(name)] if line.startswith(start)]


def every(start: str) -> list[Any]:
    return [
        pytest.param(line, id=line)
        for line in dict.fromkeys(each for name in DOCUMENTS for each in commands(name, start))
    ]


@pytest.mark.parametrize(
    "line",
    [
        "aws dynamodb restore-tables --source-table-name a --target-table-name b",
        "aws dynamodb wait table-is-there --table-name a",
        "aws dynamodb describe-table --name a",
        "aws dynamodb describe-table --query x",
        "aws s3 rm s3://a --all",
        "aws dynamodb list-tables --query 'TableNames[?'",
    ],
)
def test_an_aws_command_that_does_not_exist_is_found_out(line: str) -> None:
    with pytest.raises((AssertionError, KeyError, jmespath.exceptions.ParseError)):
        test_an_aws_command_is_an_operation_with_these_parameters(line)


@pytest.mark.parametrize("line", ["./online-orders mail stop", "./online-orders mail hold --because x"])
def test_a_command_of_the_tool_that_does_not_exist_is_found_out(line: str) -> None:
    with pytest.raises((StopIteration, KeyError)):
        test_a_command_of_the_tool_exists_with_these_options(line)


@pytest.mark.parametrize("line", every("aws "))
def test_an_aws_command_is_an_operation_with_these_parameters(line: str) -> None:
    _, service, *rest = shlex.split(line)
    if not rest:
        return  # named, not told
    action = rest.pop(0)
    for option, value in pairwise(rest):
        if option == "--query":
            jmespath.compile(value)
    options = [word.removeprefix("--") for word in rest if word.startswith("--")]
    text = {option for option in options if option not in OF_THE_AWS_CLI}
    if (service, action) in HIGH_LEVEL:
        assert text <= HIGH_LEVEL[service, action]
        return
    if action == "wait":
        waiter = _session.get_waiter_model(service)
        names = {xform_name(name, "-"): name for name in waiter.waiter_names}
        action = xform_name(waiter.get_waiter(names[rest[0]]).operation, "-")
    model = _session.get_service_model("s3" if service == "s3api" else service)
    operation = model.operation_model({xform_name(name, "-"): name for name in model.operation_names}[action])
    assert operation.input_shape
    members = {xform_name(name, "-"): name for name in operation.input_shape.members}
    members |= {f"no-{name}": name for name in members}
    assert text <= members.keys(), text - members.keys()
    if not rest:
        return  # named, not told
    missing = {xform_name(name, "-") for name in operation.input_shape.required_members} - text
    assert missing <= {"outfile", "body"}, missing


@pytest.mark.parametrize("line", every("./online-orders "))
def test_a_command_of_the_tool_exists_with_these_options(line: str) -> None:
    command: Any = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            option = next(each for each in command.params if word in getattr(each, "opts", ()))
            if not option.is_flag:
                words.pop(0)
        elif hasattr(command, "commands"):
            command = command.commands[word]
    assert not hasattr(command, "commands") or line.endswith("--help"), f"{line} names no command"


@pytest.mark.parametrize("line", every("make "))
def test_a_make_target_exists(line: str) -> None:
    target = line.split()[1]
    rules = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(rf"^{re.escape(target)}:", rules, re.MULTILINE) or target in {"deploy", "PYTHON=python3.13"}, line


def test_the_example_files_come_in_as_the_handbook_says(terminal: Terminal) -> None:
    folder = ROOT / "examples" / "import"
    for kind in ("accounts", "enrollments", "sites"):
        text = terminal.run("import", kind, folder / f"{kind}.csv")
        assert "created" in text.out
    terminal.run("import", "prices", folder / "prices.csv", "--currency", "EUR")


def anchors(name: str) -> set[str]:
    """Return the addresses of a document's headings, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", (ROOT / name).read_text("utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_between_the_documents_lead_somewhere() -> None:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.split():
        text = re.sub(r"```.*?```", "", (ROOT / name).read_text("utf-8"), flags=re.DOTALL)
        for link in re.findall(r"\]\(([^)\s]+)[^)]*\)", text):
            target, _, anchor = link.partition("#")
            if "://" in target:
                continue
            there = ((ROOT / name).parent / target) if target else ROOT / name
            assert there.exists(), f"{name} leads to {target}"
            if anchor and there.suffix == ".md":
                assert anchor in anchors(str(there)), f"{name} leads to {link}"
