"""What SAM CLI's own parser makes of the deploy commands in the documents, and of the files of parameters."""

import json
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from emulation.template import read

Json = dict[str, Any]

ROOT = Path(__file__).parents[2]
SAM = ROOT / ".venv-sam" / "bin" / "python"
PARAMETERS = read(ROOT / "template.yaml")["Parameters"]
FILES = ("dev.yaml", "prod.example.yaml")
SOURCES = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/*.md", "*.yaml", "*.toml", "Makefile", "examples/**/*.md", "parameters/*.yaml")
    for path in ROOT.glob(pattern)
)
OVERRIDES = "--parameter-overrides"
PARSING = """
import json, sys
import click
from samcli.commands.deploy.command import cli

def parsed(words):
    try:
        return cli.make_context("deploy", words).params["parameter_overrides"]
    except click.ClickException as refusal:
        return refusal.format_message()

json.dump([parsed(words) for words in json.load(sys.stdin)], sys.stdout)
"""


class Command(NamedTuple):
    source: str
    line: str

    @property
    def words(self) -> list[str]:
        """Behind `sam deploy`, as bash hands them on; a variable that nobody assigned is an error."""
        script = re.sub(r"^\S*\bsam deploy\b", r"printf '%s\\0'", self.line)
        text = subprocess.run(
            ["bash", "-euc", script], capture_output=True, text=True, check=True, env={"PATH": os.defpath}
        )
        return text.stdout.split("\0")[:-1]


def commands() -> list[Command]:
    """Every `sam deploy` with something behind it, in console blocks, inline code and comments."""
    found = []
    for source in SOURCES:
        text = re.sub(r"\\\n\s*", "", (ROOT / source).read_text("utf-8"))
        texts = re.findall(r"^\$ (\S*sam deploy .*)$", text, re.MULTILINE) + re.findall(
            r"`(\S*sam deploy [^`]+)`", text
        )
        found += [Command(str(source), line) for line in texts]
    return found


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam deploy` reads, with the example filled in as prod.yaml."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("template.yaml", "samconfig.toml"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "parameters", folder / "parameters")
    shutil.copy(folder / "parameters" / "prod.example.yaml", folder / "parameters" / "prod.yaml")
    return folder


def parse(checkout: Path, *commands: list[str]) -> list[Json | str]:
    """The parameters that SAM CLI reads from each command's words, or what it says against them."""
    text = subprocess.run(
        [SAM, "-c", PARSING],
        cwd=checkout,
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath, "HOME": str(checkout), "SAM_CLI_TELEMETRY": "0"},
    )
    parsed: list[Json | str] = json.loads(text.stdout)
    return parsed


def meant(words: list[str]) -> Json:
    """What a reader takes the words behind `--parameter-overrides` for."""
    named = words[words.index(OVERRIDES) + 1 :]
    return {
        name: re.sub(r"""^(["'])(.*)\1$""", r"\2", value) for name, _, value in (word.partition("=") for word in named)
    }


@cache
def file(name: str) -> Json:
    """A file of parameters, as text."""
    return {key: str(value) for key, value in read(ROOT / "parameters" / name).items()}


def test_the_documents_tell_how_to_deploy() -> None:
    assert {command.source for command in commands()} >= {"docs/deploying.md"}


def test_sam_cli_reads_from_every_deploy_command_what_its_reader_does(checkout: Path) -> None:
    texts = commands()
    words = [command.words for command in texts]
    for command, requested, parsed in zip(texts, words, parse(checkout, *words), strict=True):
        expected = (
            meant(requested)
            if OVERRIDES in requested
            else file("prod.example.yaml" if "prod" in requested else "dev.yaml")
        )
        assert parsed == expected, command
        assert expected.keys() <= PARAMETERS.keys(), command


def test_no_document_tells_of_a_parameter_in_words_that_sam_cli_refuses(checkout: Path) -> None:
    """Inline code such as `Name=value` is typed as it stands."""
    text = "\n".join((ROOT / source).read_text("utf-8") for source in SOURCES if source.suffix == ".md")
    named = [word for word in re.findall(r"`(\w+=[^`\n]*)`", text) if word.partition("=")[0] in PARAMETERS]
    for word, parsed in zip(named, parse(checkout, *([OVERRIDES, word] for word in named)), strict=True):
        assert parsed == meant([OVERRIDES, word]), word


CUT_OR_REFUSED = (
    "sam deploy --parameter-overrides BrandName=Online Orders",
    "sam deploy --parameter-overrides 'BrandName=Online Orders'",
    "sam deploy --parameter-overrides SnapStartRelease=",
    "sam deploy --parameter-overrides 'QuoteTerms=Net 30 days.' Stage=prod",
)


def test_a_command_that_sam_cli_cuts_or_refuses_is_found_out(checkout: Path) -> None:
    words = [Command("here", line).words for line in CUT_OR_REFUSED]
    for requested, parsed in zip(words, parse(checkout, *words), strict=True):
        assert parsed != meant(requested), requested


def test_a_command_with_a_variable_that_nobody_assigned_is_found_out() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        _ = Command("here", "sam deploy --parameter-overrides $PARAMETERS").words


@pytest.mark.parametrize("name", FILES)
def test_a_parameters_file_is_complete_and_valid_for_the_template(name: str) -> None:
    result = file(name)
    assert result.keys() == PARAMETERS.keys(), "a parameter that is left out keeps the value of the last deployment"
    for key, value in result.items():
        declared = PARAMETERS[key]
        assert re.fullmatch(declared.get("AllowedPattern", "(?s).*"), value), key
        assert "AllowedValues" not in declared or value in map(str, declared["AllowedValues"]), key
        assert declared.get("MinLength", 0) <= len(value) <= declared.get("MaxLength", 4096), key
        if declared["Type"] == "Number":
            assert declared.get("MinValue", 0) <= int(value) <= declared.get("MaxValue", int(value)), key


@pytest.mark.parametrize("name", FILES)
def test_a_parameters_file_repeats_the_templates_defaults(name: str) -> None:
    own = {"Stage"} if name == "dev.yaml" else {"Stage", "DomainName", "CertificateArn", "BrandName", "SenderDomain"}
    own |= set() if name == "dev.yaml" else {"SenderAddress", "CustomerSuccessMailbox", "AlarmAddress"}
    differing = {key for key, value in file(name).items() if value != str(PARAMETERS[key].get("Default", ""))}
    assert differing <= own


def test_a_file_keeps_blanks_quotes_and_empty_values(checkout: Path) -> None:
    """What is written in YAML reaches CloudFormation; the template's own words are tried as they are in the example."""
    terms = 'Net 30 days, "as agreed".\nGerichtsstand ist K\u00f6ln.'
    expected = {
        **file("prod.example.yaml"),
        "BrandName": "Online  Orders",
        "QuoteTerms": terms,
        "SnapStartRelease": "1.10",
    }
    (checkout / "parameters" / "own.yaml").write_text(json.dumps(expected, ensure_ascii=False), "utf-8")
    assert parse(checkout, [OVERRIDES, "file://parameters/own.yaml"]) == [expected]


def test_the_yaml_that_the_handbooks_show_is_of_parameters(tmp_path: Path) -> None:
    shown = 0
    for source in SOURCES:
        for block in re.findall(r"```yaml\n(.*?)```", (ROOT / source).read_text("utf-8"), re.DOTALL):
            (tmp_path / "shown.yaml").write_text(block)
            values = read(tmp_path / "shown.yaml")
            assert values.keys() <= PARAMETERS.keys(), f"{source}: {values.keys() - PARAMETERS.keys()}"
            shown += 1
    assert shown >= 2
