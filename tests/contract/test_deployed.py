"""`make smoke` against the local run: each line of it passes, or says why it does not apply there."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.contract.live import Live
from tests.contract.site import User
from tools.smoke.__main__ import CHECKS, ROOT
from tools.smoke.stage import OWN_ACCOUNT, USER_PREFIX

pytestmark = pytest.mark.live

NOT_OF_LOCAL_RUN = {
    "Data are protected and backed up",
    "Refusals are not cached",
    "The API's own address is closed",
    "SES mails to anybody",
    "What the functions count arrives",
    "Each alarm has a state",
    "No alarm rings",
    "Somebody hears the alarms",
    "Sums over sparse metrics have values",
    "Indexes have a dimension of their own",
    "Published versions are active",
}
"""What the local run lacks: a site's edge, alarms, metrics, protection, snapshots."""
OF_AWS_ALONE = {
    "Tokens name a role",
    "People return to this site from signing in",
    "Nobody signs up by himself",
    "Lambda may run enough functions at once",
    "SES lets the sender's domain send",
    "SES reports what becomes of mails",
    "Its workflow waits",
    "SES takes a quote and tells that it arrived",
    "There are no dead letters",
}
"""What nobody can tell who has a site and two tokens."""


class Smoke(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def outcomes(self) -> dict[str, str]:
        lines = re.findall(r"^(pass|FAIL|n/a) +(.+?)(?:: .*)?$", self.out, re.MULTILINE)
        return {name: outcome for outcome, name in lines}


def smoke(**environment: str) -> Smoke:
    """As `make smoke` runs it; tests may ask for one more than once."""
    ran = subprocess.run(
        [sys.executable, "-m", "tools.smoke"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere", "NO_PROXY": "*", **environment},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    return Smoke(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture(scope="module")
def folder(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a `sandbox.json` of the local run is."""
    made = tmp_path_factory.mktemp("sandbox")
    (made / "sandbox.json").write_text(json.dumps(live.description))
    return made


@pytest.fixture(scope="module")
def by_itself(folder: Path) -> Smoke:
    """With nothing but the stage's name."""
    return smoke(STAGE="sandbox", SANDBOX_DIR=str(folder))


@pytest.fixture(scope="module")
def tokens(live: Live) -> dict[str, str]:
    def token(user: User) -> str:
        return str(live.tokens(user)["IdToken"])

    return {"CUSTOMER_TOKEN": token(live.people.customer), "DESK_TOKEN": token(live.people.cs)}


@pytest.fixture(scope="module")
def by_tokens(live: Live, tokens: dict[str, str]) -> Smoke:
    """With an address and two tokens."""
    return smoke(SITE=live.origin, **tokens)


@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_a_check_passes_or_does_not_apply(by_itself: Smoke, name: str) -> None:
    assert by_itself.outcomes[name] == ("n/a" if name in NOT_OF_LOCAL_RUN else "pass"), by_itself.out


@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_two_tokens_are_enough_for_what_the_site_tells(by_tokens: Smoke, name: str) -> None:
    expected = "n/a" if name in NOT_OF_LOCAL_RUN | OF_AWS_ALONE else "pass"
    assert by_tokens.outcomes[name] == expected, by_tokens.out + by_tokens.err


def test_it_ends_well_and_says_what_it_leaves(live: Live, by_itself: Smoke, by_tokens: Smoke) -> None:
    for ran, account in ((by_itself, OWN_ACCOUNT), (by_tokens, live.people.customer.account_id)):
        assert (ran.code, ran.err) == (0, "")
        left = re.findall(r"order (\w+) \((\w+)\) of account ([\w-]+)", ran.out.splitlines()[-1])
        assert left
        for order_id, status, of in left:
            assert (status, of) == ("canceled", account)
            assert live.get(f"/api/desk/orders/{order_id}", live.people.cs).ok()["status"] == "canceled"


def test_the_users_that_it_made_are_gone(live: Live, by_itself: Smoke) -> None:
    pages = live.aws("cognito-idp").get_paginator("list_users")
    pool = live.description["cognito"]["user_pool_id"]
    users = [user for page in pages.paginate(UserPoolId=pool) for user in page["Users"]]
    assert USER_PREFIX not in str(users)


def test_no_token_is_printed(tokens: dict[str, str], by_itself: Smoke, by_tokens: Smoke) -> None:
    for ran in (by_itself, by_tokens):
        assert "eyJ" not in ran.out + ran.err
        assert not any(token in ran.out + ran.err for token in tokens.values())


def test_a_failed_check_fails_the_run_and_says_what_to_do(live: Live, tokens: dict[str, str]) -> None:
    """With the tokens changed for each other."""
    ran = smoke(SITE=live.origin, CUSTOMER_TOKEN=tokens["DESK_TOKEN"], DESK_TOKEN=tokens["CUSTOMER_TOKEN"])
    assert ran.code == 1
    assert ran.outcomes["Each side is closed to the other"] == "FAIL"
    assert "Do: look at the groups of the two users." in ran.out
    assert ran.outcomes["An order is placed once and read by both sides"] == "FAIL"
    assert ran.out.splitlines()[-1].startswith("It leaves nothing")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "Name a stage"),
        ({"SITE": "http://localhost:1"}, "Name a stage"),
        ({"STAGE": "test"}, "samconfig.toml has no stage test"),
        ({"STAGE": "sandbox", "SANDBOX_DIR": "/nowhere"}, "is missing"),
        ({"STAGE": "dev", "DESK_TOKEN": "x"}, "go together"),
    ],
)
def test_it_says_what_it_needs(environment: dict[str, Any], said: str) -> None:
    ran = smoke(**environment)
    assert ran.code == 2
    assert said in ran.err
