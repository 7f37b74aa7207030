"""Importing people: faults all at once, by row; one invitation each; again after whatever cut it off."""

import os
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal, logs_apart
from tests.contract.in_process import InProcess

HEADER = "account_id,email,name,role\n"
ROWS = """\
harbor-pine,ada@new.example,Ada Lovelace,buyer
harbor-pine,bo@new.example,Bo Diddley,admin
nordlicht,ada@new.example,Ada L.,viewer
,lou@vendor.example,Lou Park,agent
"""
MANY = 5_000 if "PROVE" in os.environ else 40
"""People of an import; thousands take minutes."""
QUOTA = MANY // 4
"""After so many new users the pool is busy, once."""


def written(folder: Path, rows: str, header: str = HEADER) -> Path:
    path = folder / "people.csv"
    path.write_text(header + rows, "utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path, ROWS)


def settled(site: InProcess) -> None:
    with logs_apart():
        site.settle()


def test_people_of_accounts_and_of_the_desk_are_invited(terminal: Terminal, seeded: InProcess, file: Path) -> None:
    text = terminal.run("--json", "import", "people", file)
    assert text.lines == [{"dry_run": False, "created": 4, "updated": 0, "unchanged": 0}]
    settled(seeded)
    people = seeded.get("/api/desk/accounts/harbor-pine/people", seeded.people.cs).ok()["items"]
    assert {(each["email"], each["role"], each["state"]) for each in people} == {
        ("ada@new.example", "buyer", "invited"),
        ("bo@new.example", "admin", "invited"),
    }
    (lou,) = seeded.get("/api/desk/people", seeded.people.cs).ok()["items"]
    assert (lou["name"], lou["role"]) == ("Lou Park", "agent")
    assert len(seeded.mails(to="ada@new.example")) == 2
    assert len(seeded.mails(to="lou@vendor.example")) == 1


def test_an_import_that_is_run_again_invites_nobody_and_changes_roles(
    terminal: Terminal, seeded: InProcess, file: Path, tmp_path: Path
) -> None:
    terminal.run("import", "people", file)
    settled(seeded)
    mails = len(seeded.lab.mails)
    (result,) = terminal.run("--json", "import", "people", file).lines
    assert (result["created"], result["updated"], result["unchanged"]) == (0, 0, 4)
    changed = written(tmp_path, ROWS.replace("ada@new.example,Ada Lovelace,buyer", "ADA@new.example,Ada,viewer"))
    (result,) = terminal.run("--json", "import", "people", changed).lines
    assert (result["created"], result["updated"], result["unchanged"]) == (0, 1, 3)
    settled(seeded)
    people = seeded.get("/api/desk/accounts/harbor-pine/people", seeded.people.cs).ok()["items"]
    assert {each["role"] for each in people if each["name"] == "Ada Lovelace"} == {"viewer"}
    assert len(seeded.lab.mails) == mails


def test_after_the_pool_was_lost_everybody_is_invited_again(terminal: Terminal, seeded: InProcess, file: Path) -> None:
    terminal.run("import", "people", file)
    refused = terminal.run("--json", "import", "people", file, "--again", expect=1)
    assert {fault["code"] for fault in refused.complaints} == {"already_member"}
    pool = {"UserPoolId": seeded.lab.outputs["UserPoolId"]}
    cognito = seeded.lab.client("cognito-idp")
    for user in cognito.list_users(**pool)["Users"]:
        cognito.admin_delete_user(**pool, Username=user["Username"])
    (result,) = terminal.run("--json", "import", "people", file, "--again").lines
    assert result["created"] == 4
    people = seeded.get("/api/desk/people", seeded.people.cs).ok()["items"]
    assert [each["email"] for each in people] == ["lou@vendor.example"] * 2


def test_a_dry_run_invites_nobody(terminal: Terminal, seeded: InProcess, file: Path) -> None:
    settled(seeded)
    before = seeded.lab.items
    assert terminal.run("import", "people", file, "--dry-run").out == "Would be: 4 created, 0 updated, 0 unchanged.\n"
    settled(seeded)
    assert (seeded.lab.items, list(seeded.lab.mails)) == (before, [])


def test_every_fault_of_every_row_is_told_before_anything_is_sent(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    rows = (
        ROWS
        + "nobody,cy@new.example,Cy,buyer\n"
        + "harbor-pine,not an address,,lead\n"
        + "harbor-pine,Ada@new.example,Ada again,buyer\n"
        + ",dan@vendor.example,Dan,buyer\n"
        + "harbor-pine,eve@new.example\n"
    )
    before = seeded.lab.items
    text = terminal.run("--json", "import", "people", written(tmp_path, rows), expect=1)
    assert [(fault["row"], fault["column"], fault["code"]) for fault in text.complaints] == [
        (6, "account_id", "unknown_account"),
        (7, "email", "malformed"),
        (7, "name", "required"),
        (7, "role", "not_allowed"),
        (8, "email", "duplicate"),
        (9, "role", "not_allowed"),
        (10, "", "wrong_cells"),
    ]
    assert seeded.lab.items == before


def test_a_row_that_the_api_refuses_is_told_and_the_others_are_invited(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    staff = written(tmp_path, ",lou@vendor.example,Lou Park,agent\n")
    terminal.run("import", "people", staff)
    rows = "harbor-pine,lou@vendor.example,Lou,buyer\nharbor-pine,ada@new.example,Ada,buyer\n"
    text = terminal.run("--json", "import", "people", written(tmp_path, rows), expect=4)
    assert [(fault["row"], fault["column"], fault["code"]) for fault in text.complaints] == [
        (2, "email", "address_taken")
    ]
    assert text.lines[0]["created"] == 1


@pytest.mark.timeout(3600)
def test_thousands_are_imported_through_the_pools_quota(terminal: Terminal, seeded: InProcess, tmp_path: Path) -> None:
    """The pool refuses for a while and is asked again; then it refuses for longer, and the import is run again."""
    accounts = [str(account) for account in seeded.accounts]
    rows = "".join(f"{accounts[at % len(accounts)]},p{at}@new.example,Person {at},buyer\n" for at in range(MANY))
    file = written(tmp_path, rows)
    wire = seeded.lab.wire
    wire.fail(QUOTA, service="cognito-idp", operation="AdminCreateUser", error="TooManyRequestsException")
    for n in range(2 * QUOTA, 2 * QUOTA + 5):  # the command tries each request five times
        wire.fail(n, service="cognito-idp", operation="AdminCreateUser", error="TooManyRequestsException")
    text = terminal.run("--json", "import", "people", file, expect=4)
    (stopped,) = text.lines
    assert text.complaints[-1]["code"] == "cut_off"
    assert stopped["created"] == 2 * QUOTA - 2
    (again,) = terminal.run("--json", "import", "people", file).lines
    assert (again["created"], again["unchanged"]) == (MANY - stopped["created"], stopped["created"])
    settled(seeded)
    invited = [mail.recipients[0] for mail in seeded.lab.mails]
    assert sorted(invited) == sorted(f"p{at}@new.example" for at in range(MANY))
    assert {failure.type for failure in seeded.lab.errors.take("PeopleApiFunction")} == {"HTTP 503"}
