"""The page about mails: its table is what the code does."""

from online_orders.domain.mail_kinds import ACCOUNT, MAILS, Role
from online_orders.domain.mail_preferences import AS, is_wanted
from tests.local_run import PROJECT

COLUMNS = {
    "contact": Role.CONTACT,
    "account contact": Role.ACCOUNT_CONTACT,
    "former contact": Role.FORMER_CONTACT,
    "placed by": Role.PLACED_BY,
    "watcher, customer": Role.WATCHER,
    "asker": Role.ASKER,
    "assignee": Role.ASSIGNEE,
    "watcher, staff": Role.DESK_WATCHER,
    "desk's mailbox": Role.CUSTOMER_SUCCESS,
}


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_says_who_gets_which_mail() -> None:
    page = (PROJECT / "docs" / "mails.md").read_text("utf-8")
    head, _, *rows = page.partition("<!-- the table of the mails -->\n")[2].partition("\n\n")[0].split("\n")
    assert cells_of(head) == ["mail", *COLUMNS]
    expected = {}
    for kind, spec in MAILS.items():
        if spec.event != ACCOUNT:
            expected[f"`{kind}`"] = [
                ""
                if role not in spec.readers
                else "always"
                if role not in AS
                else "on"
                if is_wanted(kind, role, {})
                else "off"
                for role in COLUMNS.values()
            ]
            assert set(spec.readers) <= set(COLUMNS.values())
    assert {name: cells for name, *cells in map(cells_of, rows)} == expected
