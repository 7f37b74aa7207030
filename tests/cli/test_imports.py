"""Importing accounts, enrollments and sites: faults all at once, by row; nothing half done; again and again."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.terminal import Terminal, logs_apart
from tests.contract.in_process import InProcess

ACCOUNTS = """\
account_id,name,locale,currency,time_zone,parent_account_id
relay,Relay Partners,en,EUR,Europe/Dublin,
relay-north,Relay North,en,EUR,Europe/Dublin,relay
"""
ENROLLMENTS = """\
account_id,letter_received_on,state,contact_name,contact_email
relay-north,2026-10-01,active,Nora Quinn,nora@relay.example
"""
SITES = """\
account_id,site_id,name,country,address,bandwidth_mbps,starts_on,sockets
relay-north,sligo,Office Sligo,IE,"1 Quay Street, Sligo",50,2026-01-01,X1500:2 X1700:1
relay-north,bray,Office Bray,IE,,,,
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_accounts_enrollments_and_sites_are_imported_from_csv(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    text = terminal.run("--json", "import", "accounts", written(tmp_path, "accounts.csv", ACCOUNTS))
    assert text.lines == [{"dry_run": False, "created": 2, "updated": 0, "unchanged": 0}]
    text = terminal.run("--json", "import", "enrollments", written(tmp_path, "enrollments.csv", ENROLLMENTS))
    assert text.lines == [{"dry_run": False, "created": 0, "updated": 1, "unchanged": 0}]
    terminal.run("import", "sites", written(tmp_path, "sites.csv", SITES))
    account = seeded.get("/api/desk/accounts/relay-north", seeded.people.cs).ok()
    assert account["parent_account_id"] == "relay"
    assert account["enrollment"] == {
        "letter_received_on": "2026-10-01",
        "contact": {"name": "Nora Quinn", "email": "nora@relay.example"},
        "state": "active",
    }
    assert [site["site_id"] for site in account["sites"]] == ["sligo", "bray"]
    assert account["sites"][0]["license"] == {"bandwidth_mbps": 50, "starts_on": "2026-01-01"}
    assert account["sites"][0]["sockets"] == [{"model": "X1500", "quantity": 2}, {"model": "X1700", "quantity": 1}]
    order = {
        "account_id": "relay-north",
        "items": [{"kind": "site_bandwidth", "site_id": "sligo", "bandwidth_mbps": 100, "start_date": seeded.day(9)}],
    }
    seeded.post("/api/desk/orders", seeded.people.cs, order, Idempotency_Key="first").ok(201)


def test_an_import_that_is_run_again_changes_nothing(terminal: Terminal, seeded: InProcess, tmp_path: Path) -> None:
    files = [
        ("accounts", written(tmp_path, "accounts.csv", ACCOUNTS)),
        ("enrollments", written(tmp_path, "enrollments.csv", ENROLLMENTS)),
        ("sites", written(tmp_path, "sites.csv", SITES)),
    ]
    for kind, file in files:
        terminal.run("import", kind, file)
    before = seeded.get("/api/desk/accounts/relay-north", seeded.people.cs)
    for kind, file in files:
        (result,) = terminal.run("--json", "import", kind, file).lines
        assert (result["created"], result["updated"]) == (0, 0)
    after = seeded.get("/api/desk/accounts/relay-north", seeded.people.cs)
    assert (after.headers["etag"], after.json) == (before.headers["etag"], before.json)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    file = written(tmp_path, "accounts.csv", ACCOUNTS + "nordlicht,Nordlicht AG,de,EUR,Europe/Berlin,\n")
    text = terminal.run("import", "accounts", file, "--dry-run")
    assert text.out == "Would be: 2 created, 1 updated, 0 unchanged.\n"
    seeded.get("/api/desk/accounts/relay", seeded.people.cs).refused(404, "not_found")
    assert seeded.get("/api/desk/accounts/nordlicht", seeded.people.cs).ok()["name"] == "Nordlicht Logistik GmbH"


def test_every_fault_of_every_row_is_told_at_once_and_nothing_is_stored(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    rows = (
        "relay,Relay Partners,en,EUR,Europe/Dublin,\n"
        "bad one,,fr,EURO,Mars/Base,\n"
        "orphan,Orphan,en,EUR,Europe/Dublin,nobody\n"
        "relay,Relay again,en,EUR,Europe/Dublin,\n"
        "too,few\n"
    )
    header = ACCOUNTS.partition("\n")[0] + "\n"
    text = terminal.run("--json", "import", "accounts", written(tmp_path, "a.csv", header + rows), expect=1)
    found = [(fault["row"], fault["column"], fault["code"]) for fault in text.complaints]
    assert found == [
        (3, "account_id", "malformed"),
        (3, "currency", "unknown_currency"),
        (3, "locale", "not_allowed"),
        (3, "name", "required"),
        (3, "time_zone", "unknown_time_zone"),
        (4, "parent_account_id", "unknown_account"),
        (5, "account_id", "duplicate"),
        (6, "", "wrong_cells"),
    ]
    seeded.get("/api/desk/accounts/relay", seeded.people.cs).refused(404, "not_found")


def test_a_faulty_site_is_named_by_its_own_row_and_column(terminal: Terminal, tmp_path: Path) -> None:
    rows = (
        "account_id,site_id,name,country,bandwidth_mbps,starts_on\n"
        "nordlicht,kiel,Büro Kiel,DE,,\n"
        "nordlicht,bremen,Büro Bremen,XX,fast,2026-01-01\n"
        "nobody,here,Nowhere,DE,,\n"
    )
    text = terminal.run("--json", "import", "sites", written(tmp_path, "sites.csv", rows), expect=1)
    assert [(fault["row"], fault["column"], fault["code"]) for fault in text.complaints] == [
        (3, "bandwidth_mbps", "wrong_type"),
        (3, "country", "unknown_country"),
        (4, "account_id", "unknown_account"),
    ]


def test_json_rows_may_be_whole_accounts_as_the_desk_gives_them(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    account = seeded.get("/api/desk/accounts/nordlicht", seeded.people.cs).ok()
    copied = {**account, "account_id": "suedlicht", "name": "Südlicht"}
    lines = "\n".join(json.dumps(each) for each in (account, copied))
    (result,) = terminal.run("--json", "import", "accounts", written(tmp_path, "a.jsonl", lines)).lines
    assert (result["created"], result["unchanged"]) == (1, 1)
    assert seeded.get("/api/desk/accounts/suedlicht", seeded.people.cs).ok() == copied


def test_a_file_with_an_unknown_column_is_refused_as_a_whole(terminal: Terminal, tmp_path: Path) -> None:
    file = written(tmp_path, "accounts.csv", "account_id,nmae\nrelay,Relay\n")
    assert "unknown columns 'nmae'" in terminal.run("import", "accounts", file, expect=1).err


def test_a_refusal_of_one_write_leaves_the_others_done_and_says_so(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    """Somebody makes the sub-account's parent a sub-account itself, after the file was checked."""
    request = terminal.installation.http

    def refuse_one(method: str, url: str, **more: object) -> object:
        if method == "PUT" and url.endswith("/relay-north"):
            cs = seeded.people.cs
            with logs_apart():
                relay = seeded.get("/api/desk/accounts/relay", cs).ok()
                seeded.put("/api/desk/accounts/relay", cs, {**relay, "parent_account_id": "brightwater"}).ok()
        return type(request).request(request, method, url, **more)  # type: ignore[arg-type]

    request.request = refuse_one  # type: ignore[method-assign,assignment]
    text = terminal.run("--json", "import", "accounts", written(tmp_path, "accounts.csv", ACCOUNTS), expect=4)
    assert text.lines == [{"dry_run": False, "created": 1, "updated": 0, "unchanged": 0}]
    assert [(fault["row"], fault["column"], fault["code"]) for fault in text.complaints] == [
        (3, "parent_account_id", "not_a_reseller")
    ]


def test_what_somebody_else_creates_meanwhile_is_not_replaced_by_an_import(
    terminal: Terminal, seeded: InProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the file was checked and before it is stored."""
    request, staff = terminal.installation.http.request, seeded.people.cs
    theirs = {"name": "Theirs", "currency": "EUR", "time_zone": "UTC"}

    def be_faster(method: str, url: str, **more: Any) -> httpx.Response:
        if method == "PUT":
            with logs_apart():
                if url.endswith("/relay"):
                    seeded.put("/api/desk/accounts/relay", staff, theirs).ok()
                else:
                    seeded.put("/api/desk/price-lists/CHF", staff, {"prices": []}).ok()
        return request(method, url, **more)

    monkeypatch.setattr(terminal.installation.http, "request", be_faster)
    rows = "account_id,name,currency,time_zone\nrelay,Mine,EUR,UTC\n"
    text = terminal.run("--json", "import", "accounts", written(tmp_path, "accounts.csv", rows), expect=1)
    assert [fault["code"] for fault in text.complaints] == ["version_mismatch"]
    assert seeded.get("/api/desk/accounts/relay", staff).ok()["name"] == "Theirs"
    file = written(tmp_path, "prices.csv", PRICES)
    terminal.run("--json", "import", "prices", file, "--currency", "CHF", expect=1)
    assert seeded.get("/api/desk/price-lists/CHF", staff).ok()["prices"] == []


PRICES = """\
kind,variant,description,unit_price,recurrence
ip_addresses,,Public IPv4,10.00,monthly
socket,X1500,Socket X1500,299.00,once
"""


def test_a_price_list_is_replaced_dry_run_first_and_again_without_effect(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    file = written(tmp_path, "prices.csv", PRICES)
    arguments = ("--json", "import", "prices", file, "--currency", "EUR")
    assert terminal.run(*arguments, "--dry-run").lines[0]["outcome"] == "created"
    seeded.get("/api/desk/price-lists/EUR", seeded.people.cs).refused(404, "not_found")
    assert terminal.run(*arguments).lines == [{"currency": "EUR", "prices": 2, "outcome": "created"}]
    assert terminal.run(*arguments).lines[0]["outcome"] == "unchanged"
    listed = seeded.get("/api/desk/price-lists/EUR", seeded.people.cs).ok()
    assert [price["unit_price"] for price in listed["prices"]] == ["10.00", "299.00"]
    as_json = written(tmp_path, "prices.json", json.dumps({"prices": listed["prices"][:1]}))
    assert terminal.run("--json", "import", "prices", as_json, "--currency", "EUR").lines[0]["outcome"] == "updated"


TIERS = """\
kind,variant,description,unit_price,recurrence,valid_from,from_quantity
ip_addresses,,Public IPv4,10.00,monthly,,
ip_addresses,,Public IPv4,8.00,monthly,,16
ip_addresses,,Public IPv4,9.50,monthly,2027-01-01,
"""


def test_the_list_of_an_account_is_imported_and_exported_again(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    file = written(tmp_path, "prices.csv", TIERS)
    account_id = seeded.people.customer.account_id
    own = ("--currency", "EUR", "--account", account_id)
    assert terminal.run("--json", "import", "prices", file, *own).lines[0]["outcome"] == "created"
    where = "/api/desk/price-lists/EUR"
    stored = seeded.get(f"{where}?account_id={account_id}", seeded.people.cs).ok()
    seeded.get(where, seeded.people.cs).refused(404, "not_found")
    assert terminal.run("export", "prices", *own, "--csv").out.replace("\r\n", "\n") == TIERS
    assert json.loads(terminal.run("export", "prices", *own).out) == stored
    for name, how in (("list.json", ()), ("de.csv", ("--spreadsheet", "de")), ("plain.csv", ("--csv",))):
        exported = tmp_path / name
        terminal.run("export", "prices", *own, *how, "--to", exported)
        assert terminal.run("--json", "import", "prices", exported, *own).lines[0]["outcome"] == "unchanged"
    assert (tmp_path / "de.csv").read_text("utf-8-sig").splitlines()[2] == "ip_addresses;;Public IPv4;8,00;monthly;;16"


def test_a_list_is_exported_or_imported_where_there_is_one(terminal: Terminal, tmp_path: Path) -> None:
    file = written(tmp_path, "prices.csv", TIERS)
    for more in ((), ("--account", "northwind"), ("--group", "partners")):
        text = terminal.run("--json", "export", "prices", "--currency", "EUR", *more, expect=1)
        assert [each["code"] for each in text.complaints] == ["not_found"]
    both = ("--currency", "EUR", "--account", "northwind", "--group", "partners")
    for command in (("export", "prices"), ("import", "prices", file)):
        terminal.run(*command, *both, expect=2)
    nobody = ("import", "prices", file, "--currency", "EUR", "--account", "nobody")
    assert [each["code"] for each in terminal.run("--json", *nobody, expect=1).complaints] == ["not_found"]


def test_the_faults_of_a_price_list_are_told_all_at_once_by_their_rows(terminal: Terminal, tmp_path: Path) -> None:
    file = written(tmp_path, "prices.csv", PRICES + "socket,X9,Unknown,1.00,once\nip_addresses,,More,1.234,yearly\n")
    text = terminal.run("--json", "import", "prices", file, "--currency", "EUR", expect=1)
    assert [(fault["code"], fault["error"][:6]) for fault in text.complaints] == [
        ("unknown_variant", "Row 4:"),
        ("too_many_decimals", "Row 5:"),
    ]


def test_a_spreadsheets_csv_is_read_as_it_comes(terminal: Terminal, tmp_path: Path) -> None:
    """With a byte order mark, semicolons or tabs between the cells, and the line ends of Windows."""
    for delimiter in ";\t,":
        header = "account_id,name,currency,time_zone".replace(",", delimiter)
        row = delimiter.join(["jaune", "Café Jaune 日本", "EUR", "Europe/Paris"])
        file = tmp_path / "accounts.csv"
        file.write_bytes(b"\xef\xbb\xbf" + f"{header}\r\n{row}\r\n\r\n".encode())
        (result,) = terminal.run("--json", "import", "accounts", file).lines
        assert result["created"] + result["unchanged"] == 1


def test_an_empty_cell_keeps_what_is_there(terminal: Terminal, seeded: InProcess, tmp_path: Path) -> None:
    """Of every column of every kind: a sheet with one column filled in changes that alone."""
    for kind, text in (("accounts", ACCOUNTS), ("enrollments", ENROLLMENTS), ("sites", SITES)):
        terminal.run("import", kind, written(tmp_path, "all.csv", text))
    path = "/api/desk/accounts/relay-north"
    before = seeded.get(path, seeded.people.cs).ok()
    accounts = ACCOUNTS.partition("\n")[0] + "\nrelay-north,Relay Far North,,,,\n"
    terminal.run("import", "accounts", written(tmp_path, "accounts.csv", accounts))
    enrollments = ENROLLMENTS.partition("\n")[0] + "\nrelay-north,,suspended,, \n"
    terminal.run("import", "enrollments", written(tmp_path, "enrollments.csv", enrollments))
    sites = SITES.partition("\n")[0] + "\nrelay-north,sligo,Sligo,,,,,\n"
    terminal.run("import", "sites", written(tmp_path, "sites.csv", sites))
    expected = json.loads(json.dumps(before))
    expected["name"] = "Relay Far North"
    expected["enrollment"]["state"] = "suspended"
    expected["sites"][0]["name"] = "Sligo"
    assert expected["parent_account_id"] == "relay"
    assert seeded.get(path, seeded.people.cs).ok() == expected
    email = ENROLLMENTS.partition("\n")[0] + "\nrelay-north,,,,nora.quinn@relay.example\n"
    terminal.run("import", "enrollments", written(tmp_path, "enrollments.csv", email))
    contact = seeded.get(path, seeded.people.cs).ok()["enrollment"]["contact"]
    assert contact == {"name": "Nora Quinn", "email": "nora.quinn@relay.example"}


def test_a_dash_clears_what_may_be_absent_and_nothing_else(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    for kind, text in (("accounts", ACCOUNTS), ("enrollments", ENROLLMENTS), ("sites", SITES)):
        terminal.run("import", kind, written(tmp_path, "all.csv", text))
    enrollments = ENROLLMENTS.partition("\n")[0] + "\nrelay-north,,,-,-\n"
    terminal.run("import", "enrollments", written(tmp_path, "enrollments.csv", enrollments))
    sites = SITES.partition("\n")[0] + "\nrelay-north,sligo,,,-,-,-,-\n"
    terminal.run("import", "sites", written(tmp_path, "sites.csv", sites))
    accounts = "account_id,parent_account_id\nrelay-north,-\n"
    terminal.run("import", "accounts", written(tmp_path, "accounts.csv", accounts))
    account = seeded.get("/api/desk/accounts/relay-north", seeded.people.cs).ok()
    assert (account["parent_account_id"], account["enrollment"]["contact"]) == (None, None)
    site = account["sites"][0]
    assert (site["name"], site["address"], site["license"], site["sockets"]) == ("Office Sligo", None, None, [])
    faulty = "account_id,name,currency\nrelay-north,-,-\n"
    message = terminal.run("--json", "import", "accounts", written(tmp_path, "accounts.csv", faulty), expect=1)
    assert [fault["column"] for fault in message.complaints] == ["currency", "name"]


BILLING = (
    "account_id,billing_address,tax_number,tax_treatment,tax_label,tax_rate,tax_sentence,purchase_order,signed_order\n"
)
PATH = "/api/desk/accounts/nordlicht"


def imported(terminal: Terminal, seeded: InProcess, tmp_path: Path, rows: str) -> dict[str, Any]:
    terminal.run("import", "accounts", written(tmp_path, "accounts.csv", BILLING + rows))
    account: dict[str, Any] = seeded.get(PATH, seeded.people.cs).ok()
    names = ("billing_address", "tax_number", "tax", "purchase_order", "signed_order")
    return {name: account[name] for name in names if name in account}


def test_how_accounts_are_billed_is_imported(terminal: Terminal, seeded: InProcess, tmp_path: Path) -> None:
    row = 'nordlicht,"Nordlicht GmbH\nHafen 1",DE1,rate,USt.,"19,5",,required,never\n'
    billing = {
        "billing_address": "Nordlicht GmbH\nHafen 1",
        "tax_number": "DE1",
        "tax": {"treatment": "rate", "label": "USt.", "rate": "19.5"},
        "purchase_order": "required",
        "signed_order": "never",
    }
    assert imported(terminal, seeded, tmp_path, row) == billing
    assert imported(terminal, seeded, tmp_path, "nordlicht,,,,VAT,,,,\n")["tax"] == {
        "treatment": "rate",
        "label": "VAT",
        "rate": "19.5",
    }
    exempt = imported(terminal, seeded, tmp_path, "nordlicht,,,reverse_charge,,,You owe it.,,\n")
    assert exempt["tax"] == {"treatment": "reverse_charge", "label": "VAT", "sentence": "You owe it."}
    assert imported(terminal, seeded, tmp_path, "nordlicht,-,-,-,,,,-,-\n") == {}


def test_a_faulty_tax_is_named_by_its_column(terminal: Terminal, tmp_path: Path) -> None:
    rows = BILLING + "nordlicht,,,rate,,19%,,never,\n"
    text = terminal.run("--json", "import", "accounts", written(tmp_path, "a.csv", rows), expect=1)
    assert [(fault["column"], fault["code"]) for fault in text.complaints] == [
        ("purchase_order", "not_allowed"),
        ("tax_label", "required"),
        ("tax_rate", "malformed"),
    ]


def test_accounts_are_exported_as_they_are_imported(terminal: Terminal, seeded: InProcess, tmp_path: Path) -> None:
    imported(terminal, seeded, tmp_path, 'nordlicht,"+49\n=1",DE1,rate,USt.,7.5,,required,\n')
    whole = [json.loads(line) for line in terminal.run("export", "accounts").out.splitlines()]
    assert whole == seeded.get("/api/desk/accounts?limit=100", seeded.people.cs).ok()["items"]
    file = tmp_path / "exported.csv"
    for options in (("--csv",), ("--spreadsheet", "de")):
        terminal.run("export", "accounts", *options, "--to", file)
        done = terminal.run("--json", "import", "accounts", file)
        assert done.lines == [{"dry_run": False, "created": 0, "updated": 0, "unchanged": len(whole)}]
    text = file.read_text("utf-8")
    assert text.startswith("\ufeffaccount_id;name;locale;")
    assert ";7,5;" in text


def test_a_json_row_keeps_what_it_leaves_out_and_clears_with_null(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    path = "/api/desk/accounts/nordlicht"
    contact = seeded.get(path, seeded.people.cs).ok()["enrollment"]["contact"]
    terminal.run(
        "import", "enrollments", written(tmp_path, "e.json", '[{"account_id": "nordlicht", "state": "active"}]')
    )
    assert seeded.get(path, seeded.people.cs).ok()["enrollment"]["contact"] == contact
    terminal.run("import", "enrollments", written(tmp_path, "e.json", '[{"account_id": "nordlicht", "contact": null}]'))
    assert seeded.get(path, seeded.people.cs).ok()["enrollment"]["contact"] is None


def test_a_german_spreadsheets_days_and_amounts_are_read(terminal: Terminal, seeded: InProcess, tmp_path: Path) -> None:
    """It rewrites 2026-10-01 as 01.10.2026 and 95.00 as 95,00 when it saves a file that it has opened."""
    terminal.run("import", "accounts", written(tmp_path, "accounts.csv", ACCOUNTS.replace(",", ";")))
    enrollments = ENROLLMENTS.replace(",", ";").replace("2026-10-01", "1.10.2026")
    terminal.run("import", "enrollments", written(tmp_path, "enrollments.csv", enrollments))
    sites = "account_id;site_id;name;country;bandwidth_mbps;starts_on\nrelay-north;sligo;Sligo;IE;50;01.02.2026\n"
    terminal.run("import", "sites", written(tmp_path, "sites.csv", sites))
    account = seeded.get("/api/desk/accounts/relay-north", seeded.people.cs).ok()
    assert account["enrollment"]["letter_received_on"] == "2026-10-01"
    assert account["sites"][0]["license"]["starts_on"] == "2026-02-01"
    prices = PRICES.replace(",", ";").replace("10.00", "10,00").replace("299.00", "1.299,00")
    terminal.run("import", "prices", written(tmp_path, "prices.csv", prices), "--currency", "EUR")
    listed = seeded.get("/api/desk/price-lists/EUR", seeded.people.cs).ok()["prices"]
    assert [price["unit_price"] for price in listed] == ["10.00", "1299.00"]
    twisted = written(tmp_path, "sites.csv", sites.replace("01.02.2026", "01/02/2026"))
    text = terminal.run("--json", "import", "sites", twisted, expect=1)
    assert [(fault["column"], fault["code"]) for fault in text.complaints] == [("starts_on", "invalid_date")]


def test_a_price_list_is_not_emptied_by_a_file_without_rows(
    terminal: Terminal, seeded: InProcess, tmp_path: Path
) -> None:
    terminal.run("import", "prices", written(tmp_path, "prices.csv", PRICES), "--currency", "EUR")
    header = written(tmp_path, "prices.csv", PRICES.partition("\n")[0] + "\n,,,,\n")
    text = terminal.run("--json", "import", "prices", header, "--currency", "EUR", expect=1)
    assert [fault["code"] for fault in text.complaints] == ["no_rows"]
    assert len(seeded.get("/api/desk/price-lists/EUR", seeded.people.cs).ok()["prices"]) == 2


def test_a_file_in_another_encoding_is_told_what_to_be_saved_as(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    file.write_bytes("account_id,name\nx,Café\n".encode("cp1252"))
    for command in (("import", "accounts", file), ("import", "prices", file, "--currency", "EUR")):
        assert "Line 2 is not UTF-8; save it as CSV UTF-8." in terminal.run(*command, expect=1).err
    catalog = tmp_path / "catalog.yaml"
    catalog.write_bytes(b"# made by\n# Ren\xe9\nkinds: []\n")
    assert "Line 2 is not UTF-8; save it as UTF-8." in terminal.run("import", "catalog", catalog, expect=1).err


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), httpx.ConnectError("gone")], ids=["Ctrl-C", "the site is gone"])
def test_an_interrupted_import_reports_what_is_stored_and_continues(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException
) -> None:
    file = written(tmp_path, "accounts.csv", ACCOUNTS)
    request = terminal.installation.http.request

    def cut_off(method: str, url: str, **more: Any) -> httpx.Response:
        if method == "PUT" and url.endswith("/relay-north"):
            raise stop
        return request(method, url, **more)

    monkeypatch.setattr(terminal.installation.http, "request", cut_off)
    text = terminal.run("--json", "import", "accounts", file, expect=4)
    assert text.lines == [{"dry_run": False, "created": 1, "updated": 0, "unchanged": 0}]
    assert [fault["code"] for fault in text.complaints] == ["cut_off"]
    monkeypatch.undo()
    assert terminal.run("import", "accounts", file).out == "1 created, 0 updated, 1 unchanged.\n"


def test_of_very_many_faults_the_first_are_shown_and_the_others_counted(terminal: Terminal, tmp_path: Path) -> None:
    rows = "".join(f"relay-{number},site,Site,XX\n" for number in range(1_000))
    file = written(tmp_path, "sites.csv", "account_id,site_id,name,country\n" + rows)
    known = {"account_id": "", "sites": []}
    response = httpx.Response(200, json=known, headers={"etag": '"1"'})
    terminal.installation.http = httpx.Client(transport=httpx.MockTransport(lambda _: response))
    text = terminal.run("import", "sites", file, expect=1)
    assert len(text.err.splitlines()) == 201
    assert text.err.splitlines()[-1].endswith(" more")
