"""The tables and plots of docs/performance.md and docs/cost.md, and what is past its budget."""

import platform
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench import load, money, population, standing
from bench.choices import PERIOD_MICROSECONDS, SIZE_BEFORE, Chosen
from bench.growth import Cost, Grown, Limits
from bench.money import PRICES, STEPS, Counted
from bench.speed import CPU_REQUESTS, WARM_REQUESTS, Measured, Run
from bench.standing import Standing
from online_orders.aws.table import MAX_ATTEMPTS
from online_orders.domain.order_status import Status
from tests.artifact.built import FUNCTIONS
from tools.build_artifact import LAMBDA_PYTHON

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Budget(NamedTuple):
    """Ratios of instructions to the bare handler of the same job; None where nothing was promised."""

    cold: float | None
    warm: float | None
    """To the bare handler with as many calls."""
    calls: int | None


BUDGETS = {"create": Budget(1.15, 1.00, 2), "read": Budget(1.15, 1.05, 1), "page": Budget(1.50, None, None)}
BARE_OF = {"create": "create", "read": "read", "page": "create"}
JOBS = {"create": "place an order", "read": "read an order of one's own", "page": "show the approval page"}
OF_STOCK = 0.25
"""Of by-the-book's cold start as the stock build ships it."""
START_OF_BARE = 0.83
"""The time that a start and its first request may take at the size of the template, of the bare handler's at 512 MB in
the same run. Before the SDK's clients ours took 921 ms there, and 0.83 of the bare handler's instructions."""
MEGABYTES = int(FUNCTIONS["OrdersApiFunction"]["MemorySize"])
SIZE_MARKS = (("#f26419", 70), ("#33658a", 30), ("#172a3a", 8))
"""Color and area of the dots of a size: of equal ones each shows behind the next."""
LIMIT_COLORS = {"cold": "#33658a", "warm": "#f26419"}


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _wrapped(text: str, first: str = "") -> str:
    """Return the text in lines of at most 120 characters; the others are indented by the width of `first`."""
    return textwrap.fill(
        text,
        120,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _bare(measured: Sequence[Measured], job: str) -> Measured:
    return next(one for one in measured if one.candidate.name == "bare boto3" and one.candidate.job == BARE_OF[job])


def _bare_with_calls(measured: Sequence[Measured], one: Measured) -> Measured | None:
    """The bare handler that makes as many calls."""
    job, names = BARE_OF[one.candidate.job], ("bare boto3", "bare boto3, two calls")
    bare = (each for each in measured if each.candidate.name in names and each.candidate.job == job)
    return next((each for each in bare if each.calls == one.calls), None)


def past_budgets(measured: Sequence[Measured]) -> Iterator[str]:
    for one in measured:
        if one.candidate.name != "ours":
            continue
        job, bare = one.candidate.job, _bare(measured, one.candidate.job)
        budget, equal = BUDGETS[job], _bare_with_calls(measured, one)
        assert one.warm is not None
        assert equal is not None
        assert equal.warm is not None
        for name, ratio, limit in (
            ("cold", one.cold / bare.cold, budget.cold),
            ("warm", one.warm / equal.warm, budget.warm),
            ("calls", one.calls, budget.calls),
        ):
            if limit is not None and ratio > limit:
                yield f"{JOBS[job]}, {name}: {ratio:.2f}, budget {limit}"
    stock = next(one for one in measured if one.candidate.name == "powertools by the book, stock build")
    ours = next(one for one in measured if (one.candidate.name, one.candidate.job) == ("ours", "create"))
    if ours.cold / stock.cold > OF_STOCK:
        yield f"{JOBS['create']}, cold beside the stock build: {ours.cold / stock.cold:.2f}, budget {OF_STOCK}"


SPEED_HEAD = (
    "job", "handler", "AWS calls", "cold M instr", "ratio", "warm M instr", "ratio", "of bare with as many calls",
    "warm CPU ms", "ratio",
)  # fmt: skip


def _speed_rows(measured: Sequence[Measured]) -> Iterator[list[str]]:
    for one in measured:
        bare, equal = _bare(measured, one.candidate.job), _bare_with_calls(measured, one)
        yield [
            JOBS[one.candidate.job],
            one.candidate.name,
            str(one.calls),
            f"{one.cold:,.0f}",
            _ratio(one.cold, bare.cold),
            "–" if one.warm is None else f"{one.warm:.2f}",
            _ratio(one.warm, bare.warm),
            _ratio(one.warm, equal.warm if equal else None),
            f"{one.cpu:.2f}" if one.milliseconds else "–",
            _ratio(one.cpu, bare.cpu) if one.milliseconds else "–",
        ]


def _ratio(value: float | None, other: float | None) -> str:
    return "–" if value is None or other is None else f"{value / other:.2f}"


def _choice_rows(chosen: Chosen, ours: Measured) -> Iterator[list[str]]:
    assert ours.warm is not None
    yield ["ours", "", f"{ours.cold:,.0f}", "1.00", f"{ours.warm:.2f}", "1.00"]
    for choice, one in chosen.ways:
        warm = "–" if one.warm is None else f"{one.warm:.2f}"
        cold, ratio = f"{one.cold:,.0f}", _ratio(one.cold, ours.cold)
        yield [choice.ours, choice.otherwise, cold, ratio, warm, _ratio(one.warm, ours.warm)]


SIZES_HEAD = (
    "MB", "start and first request, ms", "a million of those, $", "a request, ms", "one of 20 takes longer than, ms",
    "functions of a million orders, $",
)  # fmt: skip


def _sizes(chosen: Chosen, order: Counted) -> str:
    if not chosen.sizes:
        return "Not measured: this machine does not allow shares of a core to be set (a writable cgroup with `cpu`)."
    rows = [
        [
            f"{one.megabytes:,}",
            f"{one.cold:,.0f}",
            f"{1e6 * money.dollars_of(one.megabytes, one.cold):,.2f}",
            f"{one.warm:.1f}",
            f"{one.slowest:.1f}",
            f"{1e6 * order.amounts['invocation'] * money.dollars_of(one.megabytes):,.2f}",
        ]
        for one in chosen.sizes
    ]
    return table(SIZES_HEAD, rows)


def _start(chosen: Chosen) -> float | None:
    """Of the bare handler's at the size of before."""
    ours = next((one for one in chosen.sizes if one.megabytes == MEGABYTES), None)
    return ours.cold / chosen.bare.cold if ours and chosen.bare else None


def _start_text(chosen: Chosen) -> str:
    ratio = _start(chosen)
    if ratio is None or chosen.bare is None:
        return "Not compared: the sizes were not measured."
    message = f"In this run the bare handler took {chosen.bare.cold:,.0f} ms, and"
    return f"{message}\nours took {ratio:.2f} of that at {MEGABYTES:,} MB."


def _slow_start(chosen: Chosen) -> list[str]:
    ratio = _start(chosen)
    if ratio is None or ratio < START_OF_BARE:
        return []
    return [f"a start at {MEGABYTES:,} MB, of bare at {SIZE_BEFORE} MB: {ratio:.2f}, budget less than {START_OF_BARE}"]


def write_speed(on_lambda: Run, here: Run, chosen: Chosen, order: Counted, folder: Path) -> list[str]:
    """`on_lambda` is as Lambda runs it, and what the budgets are about."""
    past = [*past_budgets(on_lambda.measured), *_slow_start(chosen)]
    rows = table(SPEED_HEAD, _speed_rows(on_lambda.measured))
    rows_here = table(SPEED_HEAD, _speed_rows(here.measured))
    ours = next(one for one in on_lambda.measured if (one.candidate.name, one.candidate.job) == ("ours", "create"))
    head = ["choice", "alternative", "cold M instr", "of ours", "warm M instr", "of ours"]
    ways, sizes = table(head, _choice_rows(chosen, ours)), _sizes(chosen, order)
    for each in (rows, ways, sizes, rows_here):
        print(each, end="\n\n")
    nearest = "" if on_lambda.python.startswith(f"{LAMBDA_PYTHON}.") else f" (there is no {LAMBDA_PYTHON} here)"
    text = f"""# Performance

Written by `make bench` (`ARGS='--only speed'` for this page alone) on {datetime.now(UTC):%Y-%m-%d},
{platform.machine()}. The figures are of one run. Instructions repeat to about a percent; milliseconds are those of a
machine that did other work as well. Nothing was run on AWS.

## Under Lambda's conditions

Python {on_lambda.python}{nearest}; the runtime's client is imported first; AWS is called by TLS; bytecode is beside the
sources; only what is deployed is on the search path; the interpreter's end, which Lambda never reaches, is not counted.

{rows}

*Cold* is a whole process: the interpreter's start, imports, and the first request. *Warm* is one more request.
Instructions are valgrind's (`cachegrind`, {WARM_REQUESTS} warm requests). CPU time is the median of interleaved rounds
of {CPU_REQUESTS} requests. All handlers call the same endpoint on loopback, which responds at once, so no figure
includes the time of AWS itself. Ratios are to the bare handler of the same job; those of the approval page are to the
bare handler that places an order.

- **bare boto3** is `bench/handlers/bare.py`: boto3, validation by hand that stops at the shape, one write. It has the
  bytecode that a stock build does not ship, so that the ratio is fair, and all certificates of the SDK.
  *With the product's certificates* changes only that. With *two calls* it reads the account before it stores the order,
  as the job requires.
- **powertools by the book** is `bench/handlers/by_the_book.py`: validating resolver, logger, metrics, idempotency,
  as in the documentation; without a tracer, whose SDK would add to it.
- **ours** is the artifact as `make artifact` builds it, called with an event that the gateway would send: all
  errors at once, problem documents, logs, metrics, idempotency. A *stock build* compiles everything that it imports, as
  `sam build` ships it.

![cold and warm ratios](performance.svg)

The budgets, in instructions: place an order cold ≤ 1.15, warm ≤ 1.00 of the bare handler with two calls; read cold
≤ 1.15, warm ≤ 1.05, one call; approval page cold ≤ 1.50; cold ≤ {OF_STOCK} of by the book as the stock build ships it;
the time of a start at the template's memory size, see below. `make bench` fails if one is exceeded.

{_past_section(past)}
## What made the difference

Placing an order with one thing done differently:

{ways}

## Memory

The time to place an order with the share of a core that Lambda gives to a memory size, set by a quota of
{PERIOD_MICROSECONDS // 1000} ms periods on this machine. The functions have {MEGABYTES:,} MB. A start is billed by its
duration and the size. For the functions of a million orders, each of their {order.amounts["invocation"]:g} invocations
is assumed to be billed {PRICES["billed_milliseconds"]} ms at any size, as in [what an order costs](cost.md).

{sizes}

Before the product used the SDK's clients, a start took 921 ms at {SIZE_BEFORE} MB, and {START_OF_BARE} of a bare
handler's instructions. Milliseconds depend on the machine, so the budget of a start is relative to the bare handler:
less than {START_OF_BARE} of its time at {SIZE_BEFORE} MB. {_start_text(chosen)}

SnapStart is a parameter and off ([deploying.md](deploying.md#snapstart)). Its savings were not measured on AWS.

## On the tests' Python, without Lambda's conditions

Python {here.python}, from the interpreter's start to its end, over plain HTTP, without the runtime's client: the
conditions of this page until 2026-11-28, except that the tests' packages are no longer on the search path.

{rows_here}

{WHAT_CHANGED}"""
    (folder / "performance.md").write_text(text, encoding="utf-8")
    _plot_speed(on_lambda.measured, folder / "performance.svg")
    return past


WHAT_CHANGED = """## What changed on 2026-11-28, and why

- **The SDK's own clients call AWS**, and no longer HTTP code and signatures of this project, so that no own code is
  between the functions and AWS. By the bench of that time (the conditions of the section above) an order took
  872 million instructions cold, 0.83 of bare boto3, and 4.07 warm. Public means keep the SDK near a bare handler: the
  build trims the models; there are no endpoint rules where an endpoint follows from region and service; a session has
  only the hooks that a service needs; it gets Lambda's keys instead of searching for some; calls have no parameter
  check and no computed user agent; `AWS_CA_BUNDLE` names only AWS's own authorities. The remaining cost of a client is
  the import of botocore and urllib3.
- **Powertools' resolver finds the routes**, and no longer code of this project. With that, an order took 1.17 of bare
  boto3 cold and 1.05 warm, and reading one 1.12 warm. What brought both back into the budgets, in million instructions
  saved:

  | change | place, cold | place, warm | read, warm |
  | --- | --- | --- | --- |
  | the build marks DynamoDB's items as documents, which the SDK passes on as they are | – | 0.71 | 0.26 |
  | modules with models and named tuples hold types, and not texts that are compiled | 31 | – | – |
  | nothing is validated where an order's id is all; log lines share one encoder | – | 0.05 | 0.14 |
  | patterns, notices and plugins are compiled, imported and searched where they are used | 15 | – | – |

  The resolver's package imports all other resolvers, and it reads the signatures of a route's dependencies at each
  request. Only Powertools can change that: with the two patches in [`upstream`](../upstream/README.md) an order would
  take 1.09 of bare boto3 cold, and 0.1 million instructions less warm.
- **The bench runs what Lambda runs.** Over plain HTTP no certificates are read, which saves bare boto3 more than ours.
  The interpreter's end was counted, which made a frozen garbage collector look better than it is. The alternatives had
  the tests' packages on their path.
- **Garbage collection**: the first import of the package raised the collector's thresholds for every importer. Now each
  function that somebody waits for disables collection at the top of its file and freezes the objects at the end. To
  freeze alone saves nothing at a start, but later collections have less to scan.
- **The functions have more memory**, because a client of the SDK needs more of the share of a core that comes with it.
  A start costs less money, because it takes less than half of the time. An order's functions cost twice as much, which
  is one percent of what an order costs.
"""


def _past_section(past: Sequence[str]) -> str:
    if not past:
        return "This run is within all budgets.\n"
    return "**Over budget** in this run:\n\n" + "".join(f"- {each}\n" for each in past)


def _figure() -> "Figure":
    """Return an empty one, whose SVG is the same at each run."""
    # Only who draws waits for matplotlib.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "online-orders"
    return Figure(figsize=(8, 3.6), layout="constrained")


def _plot_speed(measured: Sequence[Measured], file: Path) -> None:
    shown = [one for one in measured if one.candidate.bytecode]
    figure = _figure()
    axes = figure.subplots()
    for index, kind in enumerate(("cold", "warm")):
        values = [getattr(one, kind) / getattr(_bare(measured, one.candidate.job), kind) for one in shown]
        where = [number + (index - 0.5) * 0.38 for number in range(len(shown))]
        bars = axes.barh(where, values, height=0.36, label=kind, color=LIMIT_COLORS[kind])
        axes.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [f"{one.candidate.job}: {one.candidate.name}" for one in shown])
    axes.invert_yaxis()
    axes.set_xlabel("instructions, relative to bare boto3")
    axes.legend()
    figure.savefig(file, metadata={"Date": None})


# -- money --------------------------------------------------------------------------------------------------------


def _why() -> str:
    return """The table shows write units, step by step. A transaction takes two for each KB of each item. An index
takes one for a write, and two if its key changes.

- *place*: the order, its first timeline entry, the idempotency record with the response (two transactions' worth of
  KB); then the workflow's wait with its pending flag, the link of "order received", a claim and a record for each mail;
  the outbox removes the pending flag of the entry. For the search it writes two postings for each word of the order,
  one of them for the desk.
- *claim*: the order and an entry; the removal of the pending flag; the desk's index moves the order from one status to
  the next.
- *quote*: the order with the quote and an entry, the quote's link, then the order again as *offered* with its entry
  after SES accepted the mail; the pending flags of both.
- *approve*: the order, its entry and the evidence of the decision, the check of the link's wrong codes, the counters of
  the estimates, the mails' claims and records, and the removal of the pending flags.

Each step also changes the counters of the figures, and what the order counts for in them, in one transaction.
"""


STANDING = "## An idle stage, a month"


def standing_section(counted: Standing) -> str:
    """Return the section of docs/cost.md about what a stage costs while nobody orders."""
    rows: list[list[object]] = [
        [row.name, f"{row.amount:,.0f}", _price(row.price), f"{row.dollars:,.2f}", row.counted_from]
        for row in counted.rows
    ]
    rows.append(["**total**", "", "", f"**{counted.dollars:,.2f}**", ""])
    by_kind = ", ".join(f"{name} ${price['dollars']:g}" for name, price in PRICES["GB a month"].items())
    stored = _wrapped(
        f"Stored data is billed by the GB and month: {by_kind}. An empty stage stores almost nothing.", "- "
    )
    firewall, more = standing.firewall(), counted.busy_metrics
    return f"""{STANDING}

The cost of a deployed stage in which nobody orders. The amounts are counted from the template, and in the lab for an
hour in which only the schedules run; a month has {standing.HOURS} hours. No free tier is deducted. Each price in
`bench/prices.json` names the page that it is from. `make bench ARGS='--only standing'` writes this section alone.

{table(["what", "a month", "$ each", "$ a month", "counted from"], rows)}

- Orders add {more} metrics of the product, each billed for the hours in which it is written:
  ${more * PRICES["standing"]["metric"]["dollars"]:,.2f} a month at most. API Gateway's metrics by route
  (`DetailedMetricsEnabled`) are assumed to be billed in the same way while a route is called; the table omits them.
{stored}
- Queue polls are an assumption: five long polls of 20 seconds at a time for each queue that a function reads.
- `waf.yaml`, if you deploy it: ${firewall.dollars:,.2f} a month (the ACL and {firewall.rules} rules), and a price
  for each request.
- CloudFront, the HTTP API, Step Functions, Cognito and SES cost nothing while they are not used.
"""


def _price(name: str) -> str:
    dollars = float(PRICES["standing"][name]["dollars"])
    return f"{dollars:.2f}" if dollars >= 0.01 else f"{dollars * 1e6:g} a million"


def write_standing(counted: Standing, folder: Path) -> None:
    """Put the section in place of the one that docs/cost.md has."""
    file = folder / "cost.md"
    before, _, rest = file.read_text("utf-8").partition(STANDING)
    _, heading, after = rest.partition("\n## ")
    file.write_text(before + standing_section(counted) + heading + after, encoding="utf-8")


def write_cost(counted: Counted, standing_costs: Standing, grown: Mapping[str, Grown], folder: Path) -> list[str]:
    prices, dollars = PRICES["per_million"], counted.dollars
    rows = [
        [name, f"{counted.amounts[name]:,.4g}", f"{prices[name]:g}", f"{dollars[name] * 1e6:,.1f}"] for name in prices
    ]
    rows.append(
        [
            "GB second",
            f"{counted.gigabyte_seconds:.2f}",
            f"{PRICES['GB second'] * 1e6:.2f}",
            f"{dollars['GB second'] * 1e6:,.1f}",
        ]
    )
    rows.append(["**total**", "", "", f"**{counted.total * 1e6:,.0f}**"])
    money_table = table(["what", "per order", "$ per million", "$ per million orders"], rows)
    places = sorted({location for step in counted.units.values() for location in step})
    unit_table = table(
        ["step", *places],
        [[step, *(f"{counted.units[step].get(location, 0):g}" for location in places)] for step in STEPS],
    )
    growth_section = _growth_section(grown)
    hottest = load.partitions(counted)
    partition_table = table(
        ["partition key", "write units a second", "of DynamoDB's 1,000"],
        [
            [one.name, f"{one.units_per_second:,.1f}", f"{one.units_per_second / load.WRITES_PER_PARTITION:.1%}"]
            for one in hottest
        ],
    )
    bottleneck_table = table(
        ["first bottleneck", "at orders a second", "what to raise"],
        [[name, f"{rate:,.0f}", cure] for name, rate, cure in load.bottlenecks(counted)],
    )
    contention_table = table(
        ["completed orders a second", "one item: conflict", "later", "shards: conflict", "tries", "later"],
        _contention_rows(),
    )
    share = dollars[counted.dominating] / counted.total
    for each in (money_table, unit_table, growth_section, partition_table, bottleneck_table, contention_table):
        print(each, end="\n\n")
    summary = _wrapped(
        f"Written by `make bench` (`ARGS='--only cost'` for this page alone) on {datetime.now(UTC):%Y-%m-%d}. The "
        "amounts are counted in the lab, which runs the real template, workflow and functions, for one order without "
        "detours: placed, claimed, quoted, approved. The prices are those of `bench/prices.json` as of "
        f"{PRICES['as_of']}: {PRICES['source']}. Each invocation is assumed to be billed "
        f"{PRICES['billed_milliseconds']} ms at the template's memory size. Nothing was run on AWS."
    )
    text = f"""# What an order costs

{summary}

{money_table}

{counted.dominating.capitalize()}s are {share:.0%} of the total. The budget is ${money.BUDGET * 1e6:,.0f} per million
orders and {money.TRANSITIONS_AT_MOST} transitions an order; `make bench` fails above it. The total does not include
fixed costs (see the section on an idle stage), storage, and taxes.

{unit_table}

{_why()}
{standing_section(standing_costs)}
{growth_section}
## {load.ORDERS_PER_SECOND} orders a second, over {load.ACCOUNTS:,} accounts

Computed from the write units of one order under each key; not run.

{partition_table}

{bottleneck_table}

## Completed orders that are counted at the same moment

The statistics behind the estimates are the only items that orders of different accounts write. The table is simulated
with the product's shards, retries and pauses, for orders of one kind that are completed at random moments. Each
transaction blocks others for {load.TRANSACTION_SECONDS * 1000:g} ms, which is assumed and not measured. *One item* is
the result without shards. *Later* is the share of orders that no retry counts and that the reconciler counts; no mail,
event or workflow waits for that.

{contention_table}
"""
    (folder / "cost.md").write_text(text, encoding="utf-8")
    _plot_growth(grown, folder / "growth.svg")
    return list(_past_cost(counted, grown))


def _growth_section(grown: Mapping[str, Grown]) -> str:
    sizes = list(next(iter(grown.values())).costs)
    flat = table(
        ["request: calls / read units / write units", *(size.label for size in sizes)],
        [[name, *map(_units, one.costs.values())] for name, one in grown.items() if one.limits is None],
    )
    limited = table(
        ["request: calls / read units / write units, items read", "items at most", *(size.label for size in sizes)],
        [
            [
                name,
                _items(one.limits),
                *(f"{_units(cost)}, {_items(cost.read, one.limits)}" for cost in one.costs.values()),
            ]
            for name, one in grown.items()
            if one.limits is not None
        ],
    )
    small, large = sizes[0], sizes[-1]
    return f"""## Growth

{
        _wrapped(
            f"The same requests with {small.label}, and with more up to {large.label}. Run `make bench ARGS='--only "
            "cost'` to count them again; it fails if a request costs more than is said here. The accounts and orders "
            "are written directly into the table, with the items that the product stores of them for reading, "
            "searching and the figures. Their names, addresses, towns and numbers differ. All are branches of one "
            f"company, so `{population.BIG}` is a word of each order and each account. The account "
            f"`{population.BIG}` has the newest {population.OF_THE_BIG_ACCOUNT_ALONE} orders and every second of the "
            f"others. {population.STATUSES.count(Status.SUBMITTED)} of 100 new orders are submitted, and of the older "
            "half all are closed."
        )
    }

### The same cost at every size

The bench fails if one of these costs more, or less, at another size.

{flat}

### A limited cost

{
        _wrapped(
            "These cost more until there is enough to fill their pages, or until a call has read as many items as it "
            "reads at most; then it answers with a short page and the cursor of the next one. *Postings* are words of "
            "the search ([search.md](search.md#how-it-works)), *counters* are those of the figures "
            "([figures.md](figures.md)). The bench fails if one reads more."
        )
    }

{limited}

![units by size](growth.svg)
"""


def _units(cost: Cost) -> str:
    return f"{cost.calls} / {cost.read_units:g} / {cost.write_units:g}"


def _items(read: Limits, limits: Limits | None = None) -> str:
    """Return how many items of each kind, of those that are limited alone."""
    found = [(kind, read[kind]) for kind in sorted(limits or read) if read.get(kind)]
    return " and ".join(f"{count:,} {kind if count > 1 else kind[:-1]}" for kind, count in found) or "none"


def _contention_rows() -> Iterator[Sequence[object]]:
    for rate in (1, 10, load.ORDERS_PER_SECOND, 3 * load.ORDERS_PER_SECOND):
        once, often = (load.contention(rate, load.in_one_item, tries) for tries in (1, MAX_ATTEMPTS))
        now = load.contention(rate)
        yield (
            rate,
            f"{once.refused:.0%}",
            f"{once.later:.0%}; with {MAX_ATTEMPTS} tries {often.later:.1%}",
            f"{now.refused:.0%}",
            f"{now.tries:.2f}",
            f"{now.later:.3%}",
        )


def _past_cost(counted: Counted, grown: Mapping[str, Grown]) -> Iterator[str]:
    if counted.total > money.BUDGET:
        yield f"a straight order costs ${counted.total:.6f}, budget ${money.BUDGET}"
    if counted.amounts["state transition"] > money.TRANSITIONS_AT_MOST:
        yield f"a straight order takes {counted.amounts['state transition']} transitions"
    for name, one in grown.items():
        yield from (f"{name}: {fault}" for fault in one.faults())


def _plot_growth(grown: Mapping[str, Grown], file: Path) -> None:
    figure = _figure()
    figure.set_size_inches(8, 1 + 0.2 * len(grown))
    axes = figure.subplots()
    rows = range(len(grown))
    sizes = list(next(iter(grown.values())).costs)
    for row, one in enumerate(grown.values()):
        units = [cost.read_units + cost.write_units for cost in one.costs.values()]
        axes.plot([min(units), max(units)], [row, row], color="#b8c4ce", linewidth=2, zorder=1)
    for size, (color, area) in zip(sizes, SIZE_MARKS, strict=False):
        units = [one.costs[size].read_units + one.costs[size].write_units for one in grown.values()]
        axes.scatter(units, rows, s=area, color=color, label=size.label, zorder=2)
    axes.set_xscale("log")
    axes.set_xlim(left=0.7)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(axis="x", color="#e3e8ec", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_yticks(rows, list(grown), fontsize=7)
    axes.set_ylim(len(grown) - 0.5, -0.5)
    axes.set_xlabel("read and write units; one dot: the same at every size")
    figure.legend(loc="outside upper center", ncols=len(sizes), fontsize=8)
    figure.savefig(file, metadata={"Date": None})
