"""What the documents tell to type works in any shell as it stands: on macOS, in this order, and to its end."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import Session

from tests.docs.shell import DOCUMENTS, ROOT, blocks_of, commands_of, inline_of, lines_of, recipes_of, unassigned
from tests.lab.lab import TEMPLATE
from tests.lab.stack import translate

MAKEFILES = [
    ROOT / name for name in ("Makefile", "functions/Makefile", "layers/core/Makefile", "layers/rendering/Makefile")
]
_session = Session()


def every_line() -> list[Any]:
    found = {line for name in DOCUMENTS for line in lines_of(name)}
    return [pytest.param(line, id=line) for line in sorted(found)]


# -- variables ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_variable_is_assigned_before_it_is_used(name: str) -> None:
    assert list(unassigned(name)) == []


def test_a_variable_that_nobody_assigned_is_found_out(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "```console\n$ A=1 B=$A\n$ echo $A '$NO' \"$C\"\n$ for n in $(echo $B); do echo $n ${D}; done\n"
        "$ E=2 env\n$ echo $E $1\n$ F=$(echo $F)\n$ read -rs G\n$ echo $G\n```\n"
    )
    assert [use.variable for use in unassigned(str(document))] == ["C", "D", "E", "F"]


def test_outputs_that_are_read_are_outputs_of_the_template() -> None:
    outputs = translate(TEMPLATE)["Outputs"]
    read = [
        words[1]
        for name in DOCUMENTS
        for line in lines_of(name)
        for words in commands_of(line)
        if words[0] == "output" and len(words) > 1
    ]
    assert read
    assert set(read) <= outputs.keys()


# -- any system -----------------------------------------------------------------------------------------------------

OF_GNU_ALONE = {
    "date": r"-d|-I.*|.*%N.*",
    "sed": r"-i|-[nEsz]*r[nEsz]*|-[nE]*i[nE]+",
    "xargs": r"-r|-d.*|-[0-9A-Za-z]*r",
    "readlink": r"-[fem]+",
    "grep": r"-[A-Za-z]*P[A-Za-z]*",
    "base64": r"-w.*",
    "stat": r"-c.*",
    "find": r"-printf|-regextype",
    "head": r"-n-\d+|-\d*c-\d+",
    "mktemp": r"-p",
    "cp": r"-t",
    "mv": r"-t",
    "ln": r"-[a-z]*r[a-z]*",
    "du": r"-[a-z]*b[a-z]*",
    "echo": r"-e",
    "env": r"-S",
}
"""Options, by command, that the BSDs and macOS do not have or read otherwise."""
_OTHERS = {"awk", "cat", "chmod", "cmp", "cut", "ls", "mkdir", "rm", "sort", "tail", "tee", "touch", "tr", "uniq", "wc"}
OF_POSIX = OF_GNU_ALONE.keys() | _OTHERS
"""Their options have one letter on the BSDs; a long one is GNU's."""
GNU_COMMANDS = {"tac", "timeout", "shuf", "sha256sum", "md5sum", "nproc", "gsed", "gdate", "numfmt", "realpath"}


def gnu_only(line: str) -> list[str]:
    """Return what of a line only GNU's tools understand."""
    found = []
    for words in commands_of(line):
        for index, word in enumerate(words):
            command = word.rpartition("/")[2]
            if index and words[0] != "xargs":
                break  # a word that is no command
            pattern = OF_GNU_ALONE.get(command, "(?!)")
            found += [command] if command in GNU_COMMANDS else []
            found += [
                f"{command} {option}"
                for option in words[index + 1 :]
                if re.fullmatch(pattern, option) or (command in OF_POSIX and re.match(r"--[a-z]", option))
            ]
    return found


@pytest.mark.parametrize(
    "line",
    [
        "date -d '1 hour ago' +%s",
        "A=$(date --date yesterday +%s)",
        'aws logs x --start-time "$(date -d yesterday +%s)"',
        "sed -i s/a/b/ file",
        "sed -r s/a/b/ file",
        "cat x | xargs -r rm",
        "xargs -n 1 readlink -f <files",
        "for x in $(readlink -f .); do true; done",
        "grep -oP '\\d+' x",
        "base64 -w 0 x",
        "stat -c %s x",
        "sort --version-sort x",
        "timeout 5 curl x",
        "sha256sum x",
    ],
)
def test_what_only_gnu_has_is_found_out(line: str) -> None:
    assert gnu_only(line)


@pytest.mark.parametrize("line", ["sed -i.bak s/a/b/ x", "date +%s", "xargs -n 1 aws x <y", "echo '$(date -d x)'"])
def test_what_any_system_has_is_let_through(line: str) -> None:
    assert gnu_only(line) == []


@pytest.mark.parametrize("line", every_line())
def test_a_line_of_a_document_runs_on_any_system(line: str) -> None:
    assert gnu_only(line) == []
    subprocess.run(["/bin/sh", "-n"], input=line, text=True, check=True)


def test_inline_code_and_makefiles_run_on_any_system() -> None:
    texts = [
        code for name in DOCUMENTS for code in inline_of(name) if code.partition(" ")[0] in OF_POSIX | GNU_COMMANDS
    ]
    scripts = [line for name in ("online-orders", ".ci/run") for line in (ROOT / name).read_text("utf-8").splitlines()]
    recipes = [recipe for makefile in MAKEFILES for recipe in recipes_of(makefile)]
    assert recipes
    assert [found for line in [*texts, *scripts, *recipes] for found in gnu_only_or_nothing(line)] == []


def gnu_only_or_nothing(line: str) -> list[str]:
    """As `gnu_only`; what is no whole line of a shell, such as the middle of a quoted text, has nothing."""
    try:
        return gnu_only(line)
    except (ValueError, IndexError):
        return re.findall(r"\b(?:date -d|sed -i\s|xargs -r|readlink -f|grep -\w*P|base64 -w)", line)


# -- waiting --------------------------------------------------------------------------------------------------------

MINUTES = {
    ("acm", "certificate-validated"): 60,  # from the record that was set to the certificate, with slow DNS
    ("cloudfront", "distribution-deployed"): 30,
    ("dynamodb", "table-exists"): 180,  # a restored table, which AWS promises within no time
    ("sesv2", "get-email-identity"): 60,
    ("cloudformation", "stack-delete-complete"): 45,  # a distribution is switched off first
}
"""For how long a wait must go on before it gives up."""
AWS = """#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
[ "$(wc -l <"$CALLS")" -ge "$READY_AFTER" ] && echo True && exit 0
exit 255
"""
SLEEP = """#!/bin/sh
printf 'sleep %s\\n' "$1" >>"$SLEPT"
"""


def waits(line: str) -> bool:
    return any(words[:1] == ["aws"] and words[2:3] == ["wait"] for words in commands_of(line)) or "sleep " in line


def waiting_lines() -> list[Any]:
    return [line for line in every_line() if waits(line.id)]


class Stub:
    """`aws` and `sleep`, which answer at once; `aws` fails until it was called `ready_after` times."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, script in (("aws", AWS), ("sleep", SLEEP)):
            (folder / name).write_text(script)
            (folder / name).chmod(0o755)

    def run(self, line: str, ready_after: int) -> tuple[list[str], float]:
        """Return the calls of `aws`, and the minutes that all of it would have waited on AWS."""
        calls, slept = self.folder / "calls", self.folder / "slept"
        for file in (calls, slept):
            file.write_text("")
        environment = {
            "PATH": f"{self.folder}:/usr/bin:/bin",
            "CALLS": str(calls),
            "SLEPT": str(slept),
            "READY_AFTER": str(ready_after),
        }
        subprocess.run(["/bin/sh", "-c", line], env=environment, timeout=60, check=False, capture_output=True)
        made = calls.read_text().splitlines()
        seconds = sum(map(_waiter_seconds, made)) + sum(int(one.split()[1]) for one in slept.read_text().splitlines())
        return made, seconds / 60


def _waiter_seconds(call: str) -> int:
    service, action, *rest = shlex.split(call)
    if action != "wait":
        return 0
    model = _session.get_waiter_model(service)
    (waiter,) = (model.get_waiter(name) for name in model.waiter_names if xform_name(name, "-") == rest[0])
    return int(waiter.delay * waiter.max_attempts)


def _waited_for(call: str) -> tuple[str, str]:
    service, action, *rest = shlex.split(call)
    return (service, rest[0] if action == "wait" else action)


def test_there_are_waits() -> None:
    assert len(waiting_lines()) >= 4


@pytest.mark.parametrize("line", waiting_lines())
def test_a_wait_is_as_long_as_what_it_waits_for_and_ends(line: str, tmp_path: Path) -> None:
    stub = Stub(tmp_path)
    calls, minutes = stub.run(line, ready_after=1_000_000)
    assert minutes >= MINUTES[_waited_for(calls[0])]
    if len(calls) > 1:
        assert len(stub.run(line, ready_after=3)[0]) == 3


def test_a_wait_that_gives_up_early_is_found_out(tmp_path: Path) -> None:
    line = "aws acm wait certificate-validated --certificate-arn x"
    with pytest.raises(AssertionError):
        test_a_wait_is_as_long_as_what_it_waits_for_and_ends(line, tmp_path)


# -- what a command does besides ------------------------------------------------------------------------------------


def aws_commands(name: str) -> list[list[str]]:
    return [words for line in lines_of(name) for words in commands_of(line) if words[:1] == ["aws"]]


def test_people_are_invited_by_mail() -> None:
    invited = [words for name in DOCUMENTS for words in aws_commands(name) if words[2] == "admin-create-user"]
    assert invited
    for words in invited:
        assert words[words.index("--desired-delivery-mediums") + 1] == "EMAIL"


def test_a_pool_is_unprotected_only_to_be_deleted_in_the_same_breath() -> None:
    """`update-user-pool` sets back whatever it does not name, such as that nobody signs up by himself."""
    blocks = [block for name in DOCUMENTS for block in blocks_of(name)]
    found = 0
    for block in blocks:
        texts = [words for line in block for words in commands_of(line) if words[:1] == ["aws"]]
        pools = {
            action: [words[words.index("--user-pool-id") + 1] for words in texts if words[2] == action]
            for action in ("update-user-pool", "delete-user-pool")
        }
        assert set(pools["update-user-pool"]) <= set(pools["delete-user-pool"]), block
        found += len(pools["update-user-pool"])
    assert found


def test_the_quota_of_lambda_is_asked_for_before_the_stack_is_deployed() -> None:
    lines = lines_of("docs/first-deployment.md")
    requested = next(index for index, line in enumerate(lines) if "request-service-quota-increase" in line)
    assert "L-B99A9384" in lines[requested]
    assert requested < next(index for index, line in enumerate(lines) if "sam deploy" in line)


def test_routes_with_settings_of_their_own_are_routes() -> None:
    """API Gateway refuses settings of a route that is not there, also while the route is taken away."""
    api = translate(TEMPLATE)["Resources"]["Api"]["Properties"]["Body"]["paths"]
    routes = {
        f"{'ANY' if method == 'x-amazon-apigateway-any-method' else method.upper()} {path}"
        for path, methods in api.items()
        for method in methods
    }
    stages = [each for each in translate(TEMPLATE)["Resources"].values() if each["Type"] == "AWS::ApiGatewayV2::Stage"]
    named = {route for stage in stages for route in stage["Properties"].get("RouteSettings", {})}
    assert named
    assert named <= routes
