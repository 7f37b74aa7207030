"""The commands of `online-orders`: their arguments, output and exit codes. The other modules do the work."""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import IntEnum
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.core import TyperGroup

from online_orders.domain.csv_pages import dialect_for
from online_orders.domain.errors import Invalid
from online_orders.domain.languages import LOCALES, Locale
from online_orders.domain.prices import COLUMNS as PRICE_COLUMNS
from online_orders.domain.prices import OPTIONAL_COLUMNS as MORE_PRICE_COLUMNS
from online_orders.domain.prices import PriceList, PriceScope, prices_csv
from online_orders_cli import (
    catalog_files,
    catalogs,
    importing,
    importing_people,
    looking,
    operating,
    restoring,
    tables,
    warehouse,
)
from online_orders_cli.importing import Kind
from online_orders_cli.installation import Installation, Json, Refused, SignIn, Unreachable
from online_orders_cli.output import Output

if TYPE_CHECKING:
    from online_orders.domain.terms import StandardTerms

Desired = TypeVar("Desired")
"""What a row, or several, of an import want."""
PROJECT = Path(__file__).resolve().parents[2]
MAX_ERRORS_SHOWN = 200


class ExitCode(IntEnum):
    """The exit codes; 2 is a mistake on the command line itself."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNREACHABLE = 3
    PARTLY_DONE = 4
    STOPPED = 130


@dataclass
class Session:
    """What a command works with. `connect` is called on first use, so that --help needs no installation."""

    connect: Callable[[], Installation]
    output: Output

    @cached_property
    def installation(self) -> Installation:
        return self.connect()


class Commands(TyperGroup):
    """Turns what a command raises into a sentence and an exit code; accepts --json and --local anywhere."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        own, rest = args[:end], args[end:]
        ahead = [each for each in ("--json", "--local") if each in own]
        return super().parse_args(ctx, [*ahead, *(each for each in own if each not in ahead), *rest])

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Refused as refusal:
            _output(ctx).complain(f"Refused: {refusal.detail}", code=refusal.code, status=refusal.status)
            raise typer.Exit(ExitCode.REFUSED) from refusal
        except tables.Unreadable as error:
            _output(ctx).complain(str(error), code="unreadable")
            raise typer.Exit(ExitCode.REFUSED) from error
        except (Unreachable, BotoCoreError, ClientError) as error:
            _output(ctx).complain(str(error), code="unreachable")
            raise typer.Exit(ExitCode.UNREACHABLE) from error
        except KeyboardInterrupt as stop:
            _output(ctx).complain("Stopped.", code="stopped")
            raise typer.Exit(ExitCode.STOPPED) from stop


def _output(ctx: typer.Context) -> Output:
    return Output(as_json=bool(ctx.params.get("as_json")))


EXITS = (
    "Exit codes: 0 done; 1 refused, nothing changed; 2 usage; 3 not reached or not signed in; 4 partly done; "
    "130 stopped."
)

app = typer.Typer(
    cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, epilog=EXITS
)
imports = typer.Typer(
    no_args_is_help=True,
    help="Import accounts, enrollments, sites, prices and people from CSV or JSON, and the catalog.",
)
exports = typer.Typer(
    no_args_is_help=True,
    help="Export accounts, orders, timelines and prices as JSON or CSV, the catalog, and the whole table.",
)
redrive = typer.Typer(no_args_is_help=True, help="Repair orders, and send mails from the dead-letter queue again.")
rebuild = typer.Typer(no_args_is_help=True, help="Build anew what is derived from orders and accounts.")
mail = typer.Typer(no_args_is_help=True, help="Hold all mail, and release it.")
keys = typer.Typer(
    no_args_is_help=True,
    help="Rotate the keys of confirmation links and list cursors, and the secret between CloudFront and the API.",
)
terms = typer.Typer(no_args_is_help=True, help="Set the standard terms of quotes.")
functions = typer.Typer(no_args_is_help=True, help="Stop all functions, and start them again.")
GROUPS = {
    "import": imports,
    "export": exports,
    "redrive": redrive,
    "rebuild": rebuild,
    "mail": mail,
    "keys": keys,
    "terms": terms,
    "functions": functions,
}
for name, group in GROUPS.items():
    app.add_typer(group, name=name)


@app.callback()
def choose(
    ctx: typer.Context,
    local: Annotated[bool, typer.Option("--local", help="Use the local run.")] = False,
    folder: Annotated[
        Path, typer.Option(envvar="SANDBOX_DIR", help="The folder with the local run's sandbox.json.")
    ] = PROJECT / ".sandbox",
    stack: Annotated[
        str, typer.Option(envvar="ONLINE_ORDERS_STACK", help="The CloudFormation stack.")
    ] = "online-orders",
    profile: Annotated[str | None, typer.Option(envvar="AWS_PROFILE", help="The AWS profile.")] = None,
    region: Annotated[str | None, typer.Option(envvar="AWS_REGION", help="The AWS region.")] = None,
    user: Annotated[
        str | None, typer.Option(envvar="ONLINE_ORDERS_USER", help="The user of Customer Success who signs in.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs, one object a line.")] = False,
) -> None:
    """Operate an installation of Online Orders: on AWS, or the local run.

    Commands of the desk sign in as Customer Success: with the id token in ONLINE_ORDERS_TOKEN, or as --user with the
    password in ONLINE_ORDERS_PASSWORD (on a terminal you are asked for it). Commands of the operator need AWS
    credentials.
    """
    given: Installation | None = ctx.obj

    def connect() -> Installation:
        if given:
            return given
        if local:
            return Installation.local(folder)
        return Installation.on_aws(
            stack, profile, region, SignIn(os.environ.get("ONLINE_ORDERS_TOKEN"), user, _ask_password, _ask_code)
        )

    ctx.obj = Session(connect, Output(as_json))


def _ask_password() -> str:
    if given := os.environ.get("ONLINE_ORDERS_PASSWORD"):
        return given
    if not sys.stdin.isatty():
        raise Unreachable("There is no password: set ONLINE_ORDERS_PASSWORD, or run on a terminal.")
    return getpass.getpass("Password: ")


def _ask_code() -> str:
    if not sys.stdin.isatty():
        raise Unreachable("This user has a second factor: run on a terminal, or set ONLINE_ORDERS_TOKEN.")
    return input("Code of your app: ").strip()


# -- import -------------------------------------------------------------------------------------------------------

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A .csv, .json or .jsonl file.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and change nothing.")]


def _help(kind: Kind, what: str) -> str:
    columns = ", ".join(importing.COLUMNS[kind])
    return (
        f"{what} CSV columns: {columns}; an empty cell keeps the stored value, - clears it. "
        "JSON rows have the API's members; a missing member keeps the stored value, null clears it."
    )


@imports.command("accounts", help=_help(Kind.ACCOUNTS, "Create or change accounts."))
def import_accounts(ctx: typer.Context, file: File, dry_run: DryRun = False) -> None:
    _import(ctx.obj, Kind.ACCOUNTS, file, dry_run)


@imports.command("enrollments", help=_help(Kind.ENROLLMENTS, "Set the enrollments of existing accounts."))
def import_enrollments(ctx: typer.Context, file: File, dry_run: DryRun = False) -> None:
    _import(ctx.obj, Kind.ENROLLMENTS, file, dry_run)


@imports.command("sites", help=_help(Kind.SITES, "Add or change sites of existing accounts."))
def import_sites(ctx: typer.Context, file: File, dry_run: DryRun = False) -> None:
    _import(ctx.obj, Kind.SITES, file, dry_run)


Currency = Annotated[str, typer.Option(help="The currency of the list.")]
OfAccount = Annotated[str | None, typer.Option(help="The list of this account, in place of the default one.")]
OfGroup = Annotated[str | None, typer.Option(help="The list of this group of accounts, in place of the default one.")]


def _scope(account: str | None, group: str | None) -> PriceScope:
    if account and group:
        raise typer.BadParameter("A price list is of an account or of a group: give --account or --group.")
    return PriceScope(account, group)


@imports.command(
    "prices",
    help=(
        f"Replace a whole price list. CSV columns: {', '.join(PRICE_COLUMNS)} and, where needed, "
        f"{', '.join(MORE_PRICE_COLUMNS)}; JSON as in the API."
    ),
)
def import_prices(
    ctx: typer.Context,
    file: File,
    currency: Currency,
    account: OfAccount = None,
    group: OfGroup = None,
    dry_run: DryRun = False,
) -> None:
    session: Session = ctx.obj
    try:
        text = importing.import_prices(session.installation, file, currency, _scope(account, group), dry_run)
    except Invalid as invalid:
        for error in invalid.errors:
            session.output.complain(f"{error.detail} ({error.code})", **error._asdict())
        raise typer.Exit(ExitCode.REFUSED) from invalid
    session.output.say(f"{'Would be: ' if dry_run else ''}{text.prices} prices, {text.outcome}.", **text._asdict())


@imports.command("catalog")
def import_catalog(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A .yaml or .json file.")],
    as_draft: Annotated[
        bool, typer.Option("--draft", help="Store it as the desk's draft, with its faults, and publish nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Publish without asking.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Publish a whole catalog, after it has shown what would change and asked.

    All faults are reported at once, each with its place in the document. Nothing is published if somebody else has
    published since the changes were shown.
    """
    session: Session = ctx.obj
    installation, output = session.installation, session.output
    document = catalog_files.read(file)
    if as_draft and not dry_run:
        errors = catalogs.store_draft(installation, document)
        output.say(f"Stored as the draft, with {len(errors)} faults.", draft=True, faults=len(errors))
        _report_faults(output, errors)
        return
    try:
        checked = catalogs.check(installation, document)
    except Refused as refusal:
        if not refusal.errors:
            raise
        within = [{**each, "pointer": each["pointer"].removeprefix("/catalog")} for each in refusal.errors]
        _report_faults(output, within)
        raise typer.Exit(ExitCode.REFUSED) from refusal
    for change in checked.changes:
        output.say(catalogs.change_line(change), **change)
    if not checked.changes or dry_run:
        would = f"Would be: {len(checked.changes)} changes." if checked.changes else "Nothing changes."
        output.say(would, changes=len(checked.changes), published=False)
        return
    if not yes and not typer.confirm(f"Publish these {len(checked.changes)} changes?", err=True):
        output.complain("Nothing was published.", code="not_confirmed")
        raise typer.Exit(ExitCode.REFUSED)
    version = catalogs.publish(installation, checked)
    output.say(f"Published as version {version}.", version=version, changes=len(checked.changes), published=True)


def _report_faults(output: Output, errors: list[Json]) -> None:
    """Report the faults of a document; for people the first ones, and how many more there are."""
    for error in errors if output.as_json else errors[:MAX_ERRORS_SHOWN]:
        output.complain(f"{error['pointer'] or '/'}: {error['detail']} ({error['code']})", **error)
    if len(errors) > MAX_ERRORS_SHOWN and not output.as_json:
        output.complain(f"… and {len(errors) - MAX_ERRORS_SHOWN} more")


@imports.command(
    "people",
    help=(
        f"Invite people to accounts and, without an account_id, to the desk. Columns: "
        f"{', '.join(importing_people.COLUMNS)}. Whoever belongs there already gets the row's role at most, so run an "
        "import that was cut off again. Each new person gets a mail with a first password, which is valid for a week."
    ),
)
def import_people(
    ctx: typer.Context,
    file: File,
    dry_run: DryRun = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also invite those who belong there already: after the user pool was lost.")
    ] = False,
) -> None:
    """Report all errors of all rows, or invite everybody; a row that the API refuses does not undo the others."""
    session: Session = ctx.obj
    installation, output = session.installation, session.output
    rows, errors = tables.read(file, importing_people.COLUMNS)

    @cache
    def look_up(account_id: str | None) -> importing_people.Members | None:
        members = importing_people.fetch_members(installation, account_id)
        return {} if again and members else members

    due, more = importing_people.desired(output.counted(rows, "reading", len(rows)), look_up)
    _refuse_rows(output, [*errors, *more])
    stored = _store_each(
        output,
        due,
        lambda each: each.outcome if dry_run else importing_people.store(installation, each),
        importing_people.row_errors,
    )
    _conclude(output, stored, dry_run)


def _import(session: Session, kind: Kind, file: Path, dry_run: bool) -> None:
    """Report all errors of all rows, or store all rows; a row that the API refuses does not undo the others."""
    installation, output = session.installation, session.output
    rows, errors = tables.read(file, importing.COLUMNS[kind])
    looked_up: dict[str, importing.StoredAccount] = {}

    def look_up(account_id: str) -> importing.StoredAccount:
        if account_id not in looked_up:
            looked_up[account_id] = importing.fetch(installation, account_id)
        return looked_up[account_id]

    offered = importing.fetch_offered(installation)
    due, more = importing.desired(kind, output.counted(rows, "reading", len(rows)), look_up, offered)
    _refuse_rows(output, [*errors, *more])
    stored = _store_each(
        output,
        due,
        lambda each: importing.outcome(each) if dry_run else importing.store(installation, each),
        lambda each, refusal: importing.row_errors(kind, each, refusal),
    )
    _conclude(output, stored, dry_run)


def _refuse_rows(output: Output, errors: list[tables.RowError]) -> None:
    """Report the errors of a file and end the command, if there are any."""
    if errors:
        _report_row_errors(output, errors)
        raise typer.Exit(ExitCode.REFUSED)


class Stored(NamedTuple):
    """The number of accounts or people by outcome, what the API refused, and what ended the import early, if
    anything did.
    """

    counts: dict[str, int]
    refused: list[tables.RowError]
    cut_off: BaseException | None


def _store_each(
    output: Output,
    due: list[Desired],
    store: Callable[[Desired], importing.Outcome],
    row_errors: Callable[[Desired, Refused], list[tables.RowError]],
) -> Stored:
    counts: dict[str, int] = dict.fromkeys(importing.Outcome, 0)
    rejected: list[tables.RowError] = []
    for each in output.counted(due, "storing", len(due)):
        try:
            outcome = store(each)
        except Refused as refusal:
            rejected += row_errors(each, refusal)
        except (Unreachable, KeyboardInterrupt) as stop:
            return Stored(counts, rejected, stop)
        else:
            counts[outcome] += 1
    return Stored(counts, rejected, None)


def _conclude(output: Output, stored: Stored, dry_run: bool) -> None:
    """Report what an import has done, and end the command unless all of it was done."""
    counts = stored.counts
    sentence = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    output.say(f"{'Would be: ' if dry_run else ''}{sentence}.", dry_run=dry_run, **counts)
    _report_row_errors(output, stored.refused)
    if stored.cut_off:
        why = str(stored.cut_off) or "Stopped."
        output.complain(f"{why} The rest was not stored; run the import again.", code="cut_off")
    if stored.cut_off or (stored.refused and any(counts.values())):
        raise typer.Exit(ExitCode.PARTLY_DONE)
    if stored.refused:
        raise typer.Exit(ExitCode.REFUSED)


def _report_row_errors(output: Output, errors: list[tables.RowError]) -> None:
    errors = sorted(errors)
    for error in errors if output.as_json else errors[:MAX_ERRORS_SHOWN]:
        output.complain(str(error), row=error.row, column=error.column, code=error.code)
    if len(errors) > MAX_ERRORS_SHOWN and not output.as_json:
        output.complain(f"… and {len(errors) - MAX_ERRORS_SHOWN} more")


# -- looking ------------------------------------------------------------------------------------------------------


@app.command()
def follow(
    ctx: typer.Context,
    order_id: str,
    seconds: Annotated[float, typer.Option("--for", min=0, help="Stop after this many seconds.")] = 86_400.0,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two requests.")] = 2.0,
) -> None:
    """Print the timeline of an order as it grows, until the order is closed."""
    session: Session = ctx.obj
    for entry in looking.watch(session.installation, order_id, seconds, every):
        who = " ".join(filter(None, [entry["actor"]["kind"], entry["actor"]["name"]]))
        session.output.say(f"{entry['at']}  {entry['sequence']:>4}  {entry['event']:<24}  {who}", **entry)


@exports.command("catalog")
def export_catalog(
    ctx: typer.Context,
    version: Annotated[int | None, typer.Option(min=0, help="An earlier version; 0 is the catalog that ships.")] = None,
    to: Annotated[Path | None, typer.Option(help="A .json file, or a .yaml file, instead of standard output.")] = None,
) -> None:
    """Export the whole catalog as YAML or, with --json or to a .json file, as JSON, to be changed and imported."""
    session: Session = ctx.obj
    document = catalogs.fetch(session.installation, version)
    as_yaml = not session.output.as_json and (to is None or to.suffix.lower() != ".json")
    _write([catalog_files.text_of(document, as_yaml=as_yaml)], to)


Spreadsheet = Annotated[
    Locale | None,
    typer.Option(help="CSV for a spreadsheet in this language: its decimal mark, and semicolons if that is a comma."),
]
To = Annotated[Path | None, typer.Option(help="A file instead of standard output.")]


@exports.command("accounts")
def export_accounts(
    ctx: typer.Context,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="CSV with the columns of `import accounts`, instead of JSON lines.")
    ] = False,
    spreadsheet: Spreadsheet = None,
    to: To = None,
) -> None:
    """Export all accounts by id, as `import accounts` reads them: whole, or without sites and enrollments as CSV."""
    session: Session = ctx.obj
    rows = session.output.counted(session.installation.pages("/api/desk/accounts"), "accounts")
    is_csv = as_csv or spreadsheet is not None
    _write(importing.account_rows(iter(rows), spreadsheet) if is_csv else map(_json_line, rows), to)


@exports.command("orders")
def export_orders(
    ctx: typer.Context,
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    status: Annotated[str | None, typer.Option(help="Only this status.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV, one row for each item, instead of JSON lines.")] = False,
    spreadsheet: Spreadsheet = None,
    to: To = None,
) -> None:
    """Export whole orders, oldest first."""
    session: Session = ctx.obj
    rows = session.output.counted(looking.orders(session.installation, account, status), "orders")
    is_csv = as_csv or spreadsheet is not None
    _write(looking.csv_lines(iter(rows), spreadsheet) if is_csv else map(_json_line, rows), to)


@exports.command("timelines")
def export_timelines(
    ctx: typer.Context,
    account: Annotated[str, typer.Option(help="The account of the orders.")],
    to: To = None,
) -> None:
    """Export every timeline entry of an account's orders, including internal ones, as JSON lines."""
    session: Session = ctx.obj
    rows = session.output.counted(looking.timelines(session.installation, account), "entries")
    _write(map(_json_line, rows), to)


@exports.command("prices")
def export_prices(
    ctx: typer.Context,
    currency: Currency,
    account: OfAccount = None,
    group: OfGroup = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV, one row a price, instead of JSON.")] = False,
    spreadsheet: Spreadsheet = None,
    to: To = None,
) -> None:
    """Export a price list as `import prices` reads it."""
    session: Session = ctx.obj
    listed = looking.price_list(session.installation, currency, _scope(account, group))
    is_csv = as_csv or spreadsheet is not None
    _write([prices_csv(listed.prices, dialect_for(spreadsheet)) if is_csv else _json_document(listed)], to)


@exports.command("warehouse")
def export_warehouse(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option(help="Only what was written since this instant, such as 2026-11-22T00:00:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="The state of this instant instead of the newest.")] = None,
    is_awaited: Annotated[bool, typer.Option("--wait", help="Wait until the export is at its end.")] = False,
) -> None:
    """Export the whole table to S3 for a warehouse; docs/warehouse.md has the queries. It has personal data.

    Once more within eight hours, with the same --since and --until, is the same export.
    """
    session: Session = ctx.obj
    started = warehouse.start(session.installation, _instant(since, "--since"), _instant(until, "--until"))
    for export in started:
        session.output.say(f"Started: the {export.kind} export {export.arn}, to {export.location}", **export.facts)
    failed = 0
    for export in started if is_awaited else ():
        with session.output.waiting(f"{export.arn.rpartition('/')[2]}"):
            *_, last = warehouse.wait(session.installation, export)
        failed += last.status == warehouse.FAILED
        outcome = f"failed: {last.failure}" if last.failure else f"{last.items} items, {last.size} bytes"
        session.output.say(f"{last.status}: {last.location} ({outcome})", **last.facts)
    if failed:
        raise typer.Exit(ExitCode.REFUSED if failed == len(started) else ExitCode.PARTLY_DONE)


def _instant(text: str | None, option: str) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option}: {text} is no instant such as 2026-11-22T00:00:00Z.") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _json_document(listed: PriceList) -> str:
    return json.dumps(listed.model_dump(mode="json"), ensure_ascii=False, indent=2) + "\n"


def _json_line(row: Json) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _write(lines: Iterable[str], to: Path | None) -> None:
    """Write to a file or standard output. A file is opened with the first line, so a refusal leaves it unchanged."""
    rest = iter(lines)
    first = next(rest, "")
    try:
        target = to.open("w", encoding="utf-8", newline="") if to else nullcontext(sys.stdout)
    except OSError as error:
        raise typer.BadParameter(f"{to}: {error.strerror}") from error
    with target as file:
        for line in chain([first], rest):
            file.write(line)


# -- operating ----------------------------------------------------------------------------------------------------


_REPAIRED = "{entries} entries, {workflows} workflows and {account_items} account items repaired."


@redrive.command("order")
def redrive_order(ctx: typer.Context, order_id: str) -> None:
    """Repair one order now: outbox entries that were not processed, and a workflow that does not run."""
    session: Session = ctx.obj
    with session.output.waiting("repairing the order"):
        result = operating.repair_order(session.installation, order_id)
    session.output.say(f"{result['entries']} entries and {result['workflows']} workflows repaired.", **result)


@redrive.command("due")
def redrive_due(ctx: typer.Context) -> None:
    """Run the reconciler now: it repairs everything that is overdue, including parked orders.

    Account items are contact reports, and changes of accounts and people.
    """
    session: Session = ctx.obj
    with session.output.waiting("running the reconciler"):
        result = operating.repair_due(session.installation)
    session.output.say(_REPAIRED.format(**result), **result)


@redrive.command("all")
def redrive_all(ctx: typer.Context) -> None:
    """Repair everything that is pending, due or not, and every open order."""
    session: Session = ctx.obj
    counts = dict.fromkeys(("orders", "entries", "workflows", "account_items"), 0)
    sentence = "{orders} orders checked; " + _REPAIRED
    with session.output.accounted(sentence, counts):
        for text in session.output.counted(operating.repair_all(session.installation), "rounds"):
            counts.update({name: counts[name] + text[name] for name in counts})
    session.output.say(sentence.format(**counts), **counts)


@redrive.command("mails")
def redrive_mails(ctx: typer.Context) -> None:
    """Move mails from the dead-letter queue back to their queues, and print how many another reader hides."""
    session: Session = ctx.obj
    counts = {"moved": 0}
    with session.output.accounted("{moved} moved.", counts):
        for _ in session.output.counted(operating.move_dead_letters(session.installation), "mails"):
            counts["moved"] += 1
    left = sum(operating.dead_letters(session.installation))
    rest = f" About {left} are left; run the command again in a minute." if left else ""
    session.output.say(f"{counts['moved']} moved.{rest}", **counts, left=left)
    if left:
        raise typer.Exit(ExitCode.PARTLY_DONE)


@rebuild.command("figures")
def rebuild_figures(
    ctx: typer.Context,
    month: Annotated[str | None, typer.Option(help="Only orders placed in this month (YYYY-MM).")] = None,
    after: Annotated[str | None, typer.Option(help="Continue after this account of an interrupted run.")] = None,
) -> None:
    """Count every order in the figures anew, from its timeline. Orders are not changed; run it as often as you like."""
    session: Session = ctx.obj
    if month is not None:
        _expect_day(f"{month}-01")
    total = {"orders": 0, "changed": 0}
    reached = {"position": after or ""}
    pages = operating.rebuild_figures(session.installation, month, after)
    with session.output.accounted("done up to the account {position}; continue with --after {position}", reached):
        for page in session.output.counted(pages, "pages"):
            total.update({name: total[name] + page[name] for name in total})
            reached["position"] = page["position"] or ""
    session.output.say("{orders} orders counted, {changed} of them differently than before.".format(**total), **total)


@functions.command("stop")
def stop_functions(ctx: typer.Context) -> None:
    """Stop all functions of the stack and what polls for them; callers of the API get 503."""
    session: Session = ctx.obj
    with session.output.waiting("stopping"):
        stopped = list(operating.stop_functions(session.installation))
    session.output.say(f"{len(stopped)} functions stopped.", functions=stopped)


@functions.command("start")
def start_functions(ctx: typer.Context) -> None:
    """Start the functions again, and what polls for them."""
    session: Session = ctx.obj
    with session.output.waiting("starting"):
        started = list(operating.start_functions(session.installation))
    session.output.say(f"{len(started)} functions started.", functions=started)


@rebuild.command("search")
def rebuild_search(
    ctx: typer.Context,
    account: Annotated[str | None, typer.Option(help="Only this account and its orders.")] = None,
    after: Annotated[str | None, typer.Option(help="Continue after this account of an interrupted run.")] = None,
) -> None:
    """Index all accounts and orders for the search, and by their numbers: once after an update from a release without.

    What is indexed already stays. Nothing has to be stopped for it.
    """
    session: Session = ctx.obj
    total = {"accounts": 0, "orders": 0}
    reached = {"position": after or ""}
    steps = operating.rebuild_search(session.installation, account, after)
    with session.output.accounted("done up to the account {position}; continue with --after {position}", reached):
        for step in session.output.counted(steps, "pages"):
            total = {name: count + step[name] for name, count in total.items()}
            reached["position"] = step["position"]
    session.output.say(f"{total['orders']} orders of {total['accounts']} accounts are indexed.", **total)


@app.command()
def replay(
    ctx: typer.Context,
    order: Annotated[str | None, typer.Option(help="The events of this order.")] = None,
    account: Annotated[str | None, typer.Option(help="The events of all orders of this account.")] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="Only orders placed on this day or later (YYYY-MM-DD, UTC).")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Only orders placed on this day or earlier.")] = None,
    dry_run: DryRun = False,
) -> None:
    """Publish events again, unchanged and with the same event_id, for a consumer that has lost some."""
    session: Session = ctx.obj
    if (order is None) == (account is None):
        raise typer.BadParameter("Say either --order or --account.")
    for day in (first, last):
        _expect_day(day)
    requested = {"order_id": order, "account_id": account, "from": first, "to": last, "dry_run": dry_run or None}
    payload = {name: value for name, value in requested.items() if value is not None}
    counts = {"orders": 0, "events": 0}
    sentence = f"{{events}} events of {{orders}} orders {'would be published' if dry_run else 'published'}."
    with session.output.accounted(sentence, counts):
        for text in session.output.counted(operating.replay(session.installation, payload), "rounds"):
            counts.update({name: counts[name] + text[name] for name in counts})
    session.output.say(sentence.format(**counts), **counts, dry_run=dry_run)


def _expect_day(day: str | None) -> None:
    try:
        date.fromisoformat(day or "2000-01-01")
    except ValueError as error:
        raise typer.BadParameter(f"{day} is not a day as YYYY-MM-DD.") from error


@app.command()
def erase(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(help="The person's e-mail address.")],
    account: Annotated[str | None, typer.Option(help="Only in this account and its sub-accounts.")] = None,
    name: Annotated[list[str] | None, typer.Option(help="Another name by which texts mention the person.")] = None,
    after: Annotated[str | None, typer.Option(help="Continue after this position of an interrupted run.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Erase a person. Orders, quotes and their hashes stay. This cannot be undone.

    First delete the person's sign-in, if there is one: aws cognito-idp admin-delete-user.
    """
    session: Session = ctx.obj
    if not yes:
        typer.confirm(f"Erase {address} for good?", abort=True, err=True)
    total: Counter[str] = Counter()
    left: list[str] = []
    steps = operating.erase(session.installation, address, account, name or (), after)
    reached = {"position": after or ""}
    with session.output.accounted("done up to the account {position}; continue with --after {position}", reached):
        for step in session.output.counted(steps, "pages"):
            total.update(step["erased"])
            left += step["left"]
            reached["position"] = step["position"] or ""
            if session.output.as_json:
                session.output.line(step)
    counts = ", ".join(f"{count} {what}" for what, count in sorted(total.items()) if count) or "nothing found"
    session.output.say(f"Erased: {counts}.", erased=dict(total), left=left)
    for each in left if not session.output.as_json else ():
        session.output.complain(f"Not erased, because the text is part of a quote's hash: {each}")


@app.command()
def restore(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(help="The table that was restored from a backup.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Allow a table that is not empty, and delete what the backup lacks.")
    ] = False,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Reset the stack's table to a restored one. Hold mail and stop the functions first: see docs/deploying.md."""
    session: Session = ctx.obj
    if not (yes or dry_run):
        typer.confirm(f"Reset the table of the stack to {source}?", abort=True, err=True)
    total: Counter[str] = Counter(dict.fromkeys(restoring.Restored._fields, 0))
    pages = restoring.restore(session.installation, source, replace=replace, dry_run=dry_run)
    sentence = ("Would be: " if dry_run else "") + ", ".join(f"{{{what}}} {what}" for what in total) + "."
    with session.output.accounted(sentence, total):
        for page in session.output.counted(pages, "pages"):
            total.update(page._asdict())
    session.output.say(sentence.format(**total), dry_run=dry_run, **total)


@mail.command("hold")
def hold_mail(
    ctx: typer.Context, reason: Annotated[str, typer.Option(help="The reason, for other operators.")]
) -> None:
    """Send no mail from now on. Mails wait, and are sent after `mail release`."""
    if not reason.strip():
        raise typer.BadParameter("--reason is empty.")
    session: Session = ctx.obj
    session.installation.act_as_product()
    from online_orders import clock
    from online_orders.aws import mail_pause

    _show_pause(session, mail_pause.pause(reason, clock.now()))


@mail.command("release")
def release_mail(ctx: typer.Context) -> None:
    """Send mail again. Mails that have waited are sent within ten minutes."""
    session: Session = ctx.obj
    session.installation.act_as_product()
    from online_orders.aws import mail_pause

    was_held = mail_pause.resume()
    session.output.say("Mail is released." if was_held else "Mail was not held.", held=False, was_held=was_held)


@mail.command("status")
def mail_status(ctx: typer.Context) -> None:
    """Print whether mail is held, since when, and why."""
    session: Session = ctx.obj
    session.installation.act_as_product()
    from online_orders.aws import mail_pause

    _show_pause(session, mail_pause.current_pause())


def _show_pause(session: Session, pause: Any) -> None:
    if pause is None:
        session.output.say("Mail is not held.", held=False)
    else:
        since = operating.as_text(pause.since)
        session.output.say(f"Mail is held since {since}: {pause.reason}", held=True, since=since, reason=pause.reason)


TextFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A text file, in UTF-8.")]
LocaleOption = Annotated[Locale, typer.Option(help="The language of the accounts that these terms are for.")]


GroupOption = Annotated[
    str | None, typer.Option(help="A group of accounts: the terms are for its accounts in that language only.")
]


@terms.command("show")
def show_terms(ctx: typer.Context) -> None:
    """Show the terms of each language, and of groups. Without any, the parameter QuoteTerms applies, or the product's
    own terms.
    """
    session: Session = ctx.obj
    session.installation.act_as_product()
    from online_orders.aws.terms_store import list_terms

    stored = list_terms()
    of_languages = {each.locale: each for each in stored if each.group is None}
    for locale in LOCALES:
        if locale not in of_languages:
            session.output.say(f"{locale}: not set", locale=locale, version=None)
            continue
        _show_terms(session, of_languages[locale])
    for found in stored:
        if found.group is not None:
            _show_terms(session, found)


def _show_terms(session: Session, found: StandardTerms) -> None:
    name, since = operating.name_of_terms(found.locale, found.group), operating.as_text(found.updated_at)
    session.output.say(f"{name}: version {found.version} of {since}:\n{found.text}", **found.model_dump(mode="json"))


@terms.command("set")
def set_terms(ctx: typer.Context, file: TextFile, locale: LocaleOption, group: GroupOption = None) -> None:
    """Set the terms of a language, or of a group, to the text in a file. New quotes have them; earlier quotes do not
    change.
    """
    session: Session = ctx.obj
    try:
        words = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise tables.Unreadable(f"{file} is not text in UTF-8: {error}") from error
    session.installation.act_as_product()
    stored = operating.store_terms(locale, words, group)
    name = operating.name_of_terms(locale, group)
    session.output.say(f"{name}: version {stored['version']}, {len(stored['text'])} characters.", **stored)


@terms.command("clear")
def clear_terms(ctx: typer.Context, locale: LocaleOption, group: GroupOption = None) -> None:
    """Remove the terms of a language, or of a group, so that the next ones that apply hold again: of a group the
    language's, of a language the parameter QuoteTerms or the product's own. Their versions are kept.
    """
    session: Session = ctx.obj
    session.installation.act_as_product()
    from online_orders import clock
    from online_orders.aws.terms_store import remove_terms

    was_set = remove_terms(locale, clock.now(), group=group)
    facts = {"locale": locale, **({"group": group} if group else {}), "was_set": was_set}
    name = operating.name_of_terms(locale, group)
    session.output.say(f"{name}: {'removed' if was_set else 'not set'}.", **facts)


@keys.command("show")
def show_keys(ctx: typer.Context) -> None:
    """Print the ids of the keys, never the keys."""
    _show_keys(ctx.obj, operating.keys(ctx.obj.installation))


@keys.command("rotate")
def rotate_keys(ctx: typer.Context) -> None:
    """Sign new links and cursors with a new key. Existing ones stay valid."""
    _show_keys(ctx.obj, operating.rotate_keys(ctx.obj.installation))


@keys.command("retire")
def retire_key(ctx: typer.Context, key_id: str) -> None:
    """Invalidate, within five minutes, every link and cursor that a former key has signed."""
    _show_keys(ctx.obj, operating.retire_key(ctx.obj.installation, key_id))


@keys.command("rotate-origin")
def rotate_origin_secret(ctx: typer.Context) -> None:
    """Create a new value of the secret between CloudFront and the API. A deployment activates it."""
    session: Session = ctx.obj
    operating.rotate_origin_secret(session.installation)
    session.output.say("The origin secret has a new value. Deploy with a new OriginSecretRelease.", rotated=True)


@keys.command("retire-origin")
def retire_origin_secret(ctx: typer.Context) -> None:
    """Remove the former value, once CloudFront sends the new one. A deployment activates the removal."""
    session: Session = ctx.obj
    operating.retire_origin_secret(session.installation)
    session.output.say("The former origin secret is removed. Deploy with a new OriginSecretRelease.", retired=True)


def _show_keys(session: Session, known: operating.Keys) -> None:
    former = ", ".join(known.previous) or "none"
    session.output.say(f"Signing: {known.current}; still valid: {former}.", **known._asdict())
