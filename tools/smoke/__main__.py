"""Run the checks and print a line for each; exit with 0, with 1 if one failed, or with 2 if none could begin."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import httpx

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "layers" / "core"))

from tools.smoke import inside, outside  # noqa: E402 - the layer is importable from here on
from tools.smoke.stage import OWN_ACCOUNT, CannotBegin, NotApplicable, Stage, Wrong, open_stage, people  # noqa: E402

HANDBOOK = "docs/first-deployment.md"


class Check(NamedTuple):
    """A check. `run` returns what it saw, where that says more than `name`, and raises Wrong or NotApplicable."""

    name: str
    run: Callable[[Stage], str | None]
    do: str
    believed: bool = False
    """Whether the handbook lists it among the assumptions to confirm."""


TABLE = f'the table "Assumptions" of {HANDBOOK} says what to do'

CHECKS = (
    Check("The site serves this version", outside.serves_this_version, f"deploy this checkout: {HANDBOOK}, step 5"),
    Check("Requests without a token are refused", outside.closed_without_token, "look at the API's authorizer"),
    Check("Each side is closed to the other", outside.closed_to_each_other, "look at the groups of the two users"),
    Check("An unknown link leads to a page that says so", outside.unknown_link_has_page, "look at ConfirmPageFunction"),
    Check("The screens are published", outside.screens_published, "make publish STAGE=…"),
    Check(
        "People return to this site from signing in", inside.people_return, f"deploy with SiteUrl=: {HANDBOOK}, step 5"
    ),
    Check("Tokens name a role", inside.tokens_name_roles, TABLE, believed=True),
    Check("Nobody signs up by himself", inside.nobody_signs_up, "deploy again, after any change of UserPool"),
    Check(
        "Data are protected and backed up", inside.data_protected, "deploy again with the protection of a prod stage"
    ),
    Check("Refusals are not cached", outside.refusals_not_cached, TABLE, believed=True),
    Check("The API's own address is closed", outside.api_itself_closed, TABLE, believed=True),
    Check("Lambda may run enough functions at once", inside.lambda_concurrency, f"{HANDBOOK}, step 2", believed=True),
    Check("SES lets the sender's domain send", inside.sender_verified, f"{HANDBOOK}, step 7"),
    Check("SES mails to anybody", inside.out_of_ses_sandbox, f"{HANDBOOK}, step 7"),
    Check("SES reports what becomes of mails", inside.ses_reports, TABLE, believed=True),
    Check("An order is placed once and read by both sides", outside.order_placed_once, "look at the log of the API"),
    Check("Its workflow waits", outside.workflow_waits, "docs/operating.md, OrdersParked"),
    Check("A withdrawal ends the workflow at once", outside.withdrawal_ends_workflow, TABLE, believed=True),
    Check("SES takes a quote and tells that it arrived", outside.quote_delivered, TABLE, believed=True),
    Check("There are no dead letters", inside.no_dead_letters, "docs/operating.md, MailDeadLetters, StreamDeadLetters"),
    Check("What the functions count arrives", inside.metrics_arrive, TABLE, believed=True),
    Check("Each alarm has a state", inside.alarms_have_states, TABLE, believed=True),
    Check("No alarm rings", inside.no_alarm_rings, "docs/operating.md has an entry for each alarm"),
    Check("Somebody hears the alarms", inside.alarms_are_heard, "open the link in SNS's mail to AlarmAddress"),
    Check("Sums over sparse metrics have values", inside.sums_have_values, TABLE, believed=True),
    Check("Indexes have a dimension of their own", inside.indexes_have_dimension, TABLE, believed=True),
    Check(
        "Published versions are active",
        inside.versions_active,
        "call them until they are: docs/deploying.md, SnapStart",
    ),
)


class Printer:
    """Prints lines without the secrets that it was given."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()

    def hide(self, secret: str) -> None:
        self._secrets.add(secret)

    def __call__(self, line: str, **to: object) -> None:
        for secret in self._secrets:
            line = line.replace(secret, "[secret]")
        print(line, flush=True, **to)  # type: ignore[call-overload]


def outcome(check: Check, stage: Stage) -> tuple[str, str]:
    """Return `pass`, `FAIL` or `n/a` with a text; any exception in a check is a failure."""
    try:
        return "pass", check.run(stage) or ""
    except NotApplicable as reason:
        return "n/a", str(reason)
    except Wrong as seen:
        return "FAIL", f"{seen} Do: {check.do}."
    except Exception as error:  # noqa: BLE001 - printed, and the run fails by it
        return "FAIL", f"{type(error).__name__}: {error} Do: {check.do}."


def run(environment: Mapping[str, str], say: Printer) -> int:
    """Test the stage that the environment names, and return the exit code."""
    stage = open_stage(environment, ROOT)
    counted: Counter[str] = Counter()
    for token in stage.tokens.values():
        say.hide(token)
    account = environment.get("ACCOUNT") or OWN_ACCOUNT
    left = [] if stage.tokens else [f"account {account}"]
    say(f"Trying {stage.site}{f', stack {stage.stack}' if stage.stack else ''}.")
    with nullcontext() if stage.tokens else people(stage, account, say.hide):
        try:
            for check in CHECKS:
                result, text = outcome(check, stage)
                counted[result] += 1
                say(f"{result:4}  {check.name}{f': {text}' if text else ''}")
        finally:
            left += outside.leave(stage)
    say(f"{counted['pass']} passed, {counted['FAIL']} failed, {counted['n/a']} do not apply.")
    say(f"It leaves {', '.join(left) or 'nothing'}, and the mails about that.")
    return 1 if counted["FAIL"] else 0


def main() -> int:
    say = Printer()
    environment = dict(os.environ)
    if len(sys.argv) > 1:
        environment["STAGE"] = sys.argv[1]
    try:
        return run(environment, say)
    except (CannotBegin, httpx.TransportError) as error:
        say(str(error) or type(error).__name__, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
