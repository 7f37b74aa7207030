"""The order that the README places by hand, against the local run."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from sandbox.seed import price_list
from tests.contract.live import Live
from tests.local_run import PROJECT

HEADING = "## Place one order by hand"


def blocks() -> list[list[str]]:
    """Return the lines of each console block of the section: signing in, up to the quote, and after the approval."""
    section = (PROJECT / "README.md").read_text("utf-8").partition(HEADING)[2].partition("\n## ")[0]
    return [block.splitlines() for block in re.findall(r"```console\n(.*?)```", section, re.DOTALL)]


def run(folder: Path, origin: str, lines: list[str]) -> list[str]:
    """Run the commands among the lines in one shell, and return what they print."""
    commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    assert commands[0] == "SITE=http://localhost:8080"
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", "\n".join([f"SITE={origin}", *commands[1:]])],
        cwd=folder,
        env={**os.environ, "SANDBOX_DIR": str(folder), "NO_PROXY": "*", "no_proxy": "*"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def printed(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("$ ")]


@pytest.mark.live
def test_the_order_of_the_readme_is_completed(live: Live, tmp_path: Path) -> None:
    live.put("/api/desk/price-lists/EUR", live.people.cs, price_list("EUR")).ok()
    (tmp_path / "docs").mkdir()
    shutil.copy(PROJECT / "docs" / "first_order.py", tmp_path / "docs")
    (tmp_path / "sandbox.json").write_text(json.dumps(live.description), "utf-8")
    sign_in, quote, completed = blocks()
    *shown, order_id = run(tmp_path, live.origin, [*sign_in, *quote, "$ echo $ORDER"])
    assert shown == printed(quote)
    (mail,) = live.eventually(lambda: [each for each in live.mails(about=order_id) if each.attachments])
    assert live.decide(mail, "approve").status == 200
    assert run(tmp_path, live.origin, [*sign_in, f"$ ORDER={order_id}", *completed]) == printed(completed)
