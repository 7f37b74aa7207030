"""The benches count what they say they count, in a small run without valgrind."""

import re
import sysconfig
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench import load, money, report, speed, standing
from bench.choices import SIZES, Choice, Chosen, Sized
from bench.growth import Cost, Grown, Size
from bench.money import Counted
from bench.sample import Sample, record
from bench.speed import CANDIDATES, WITH_FEWER_CERTIFICATES, Measured, Run
from bench.standing import Standing
from bench.table import CannedTable
from online_orders.aws.keys import FIGURES_PARTITIONS, figures_pks
from tests.artifact.built import FUNCTIONS, Artifact
from tools.build_artifact import CA_BUNDLE


@pytest.fixture(scope="module")
def counted() -> Counted:
    return money.count()


@pytest.fixture(scope="module")
def idle() -> Standing:
    return standing.count()


def measured(name: str, job: str, cold: float, warm: float, calls: int = 1) -> Measured:
    candidate = next(one for one in CANDIDATES if (one.name, one.job) == (name, job))
    return Measured(candidate, cold, warm, calls, [warm])


def all_measured(ours_cold: float) -> list[Measured]:
    return [
        measured("bare boto3", "create", 100, 10),
        measured("bare boto3, two calls", "create", 105, 20, 2),
        measured("bare boto3", "read", 100, 10),
        measured("powertools by the book", "create", 200, 40, 3),
        measured("powertools by the book, stock build", "create", 700, 40, 3),
        measured("ours", "create", ours_cold, 12, 2),
        measured("ours", "read", 90, 9),
        measured("ours", "page", 120, 12),
    ]


def test_the_canned_table_answers_what_lies_under_a_key_and_counts() -> None:
    item = {"pk": {"S": "A"}, "sk": {"S": "B"}, "n": {"N": "1"}}
    table = CannedTable([item], "secret")
    key = {"pk": {"S": "A"}, "sk": {"S": "B"}}
    assert table.answer("GetItem", {"Key": key}) == {"Item": item}
    assert table.answer("GetItem", {"Key": {**key, "sk": {"S": "C"}}}) == {}
    assert table.answer("BatchGetItem", {"RequestItems": {"t": {"Keys": [key]}}})["Responses"] == {"t": [item]}
    assert table.asked == {"GetItem": 2, "BatchGetItem": 1}
    with pytest.raises(ValueError, match="Scan"):
        table.answer("Scan", {})


@pytest.fixture(scope="module")
def sample() -> Sample:
    return record()


def bench_of(sample: Sample, folder: Path, *, as_lambda: bool = False) -> speed.Bench:
    """With what is installed, and without any of what is shipped."""
    artifact, others = Artifact(folder, folder, folder, folder), Path(sysconfig.get_path("purelib"))
    return speed.Bench(sample, artifact, others, folder, as_lambda=as_lambda)


def test_the_recorded_requests_are_answered_by_the_baselines(sample: Sample, tmp_path: Path) -> None:
    assert set(sample.events) == {"create", "read", "page"}
    bench = bench_of(sample, tmp_path)
    expected = {"bare boto3": 1, "bare boto3, two calls": 2, "powertools by the book": 3}
    for candidate in CANDIDATES[: len(expected)]:
        response, _, calls = bench.run(candidate, 1, counted=False)
        assert response["statuses"] == [201]
        assert calls == 2 * expected[candidate.name]


def test_as_lambda_runs_it_the_runtime_comes_first_and_aws_is_asked_by_tls(sample: Sample, tmp_path: Path) -> None:
    """The runtime's client is one that says what was there before it, and that the interpreter's end was reached."""
    runtime = tmp_path / "awslambdaric"
    runtime.mkdir()
    (runtime / "__init__.py").touch()
    (runtime / "bootstrap.py").write_text(
        "import atexit, sys\n"
        "from pathlib import Path\n"
        "Path(__file__).with_name('told').write_text(str('bare' in sys.modules))\n"
        "atexit.register(Path(__file__).with_name('ended').touch)\n"
    )
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / CA_BUNDLE).touch()
    bench = bench_of(sample, tmp_path, as_lambda=True)
    for candidate in (CANDIDATES[0], WITH_FEWER_CERTIFICATES):
        response, _, calls = bench.run(candidate, 1)
        assert (response["statuses"], calls) == ([201], 2)
    assert (runtime / "told").read_text() == "False"
    assert not (runtime / "ended").exists()
    known = str(bench.others / "botocore" / "cacert.pem")
    stranger = replace(
        CANDIDATES[0], environment={"AWS_CA_BUNDLE": known, "AWS_MAX_ATTEMPTS": "1"}, name="trusts others"
    )
    with pytest.raises(RuntimeError, match="CERTIFICATE_VERIFY_FAILED"):
        bench.run(stranger, 0)


def test_the_functions_have_a_size_that_the_bench_measures() -> None:
    assert {function["MemorySize"] for function in FUNCTIONS.values()} == {report.MEGABYTES}
    assert report.MEGABYTES in SIZES


def test_a_straight_order_stays_within_its_budget(counted: Counted) -> None:
    assert counted.amounts["state transition"] <= money.TRANSITIONS_AT_MOST
    assert counted.total <= money.BUDGET
    assert counted.dominating == "mail"
    assert sum(sum(step.values()) for step in counted.units.values()) == counted.amounts["write unit"]


def test_no_partition_is_over_its_limit_at_the_load_that_is_promised(counted: Counted) -> None:
    assert all(one.units_per_second < load.WRITES_PER_PARTITION for one in load.partitions(counted))
    rates = [rate for _, rate, _ in load.bottlenecks(counted)]
    assert rates == sorted(rates)


def test_orders_that_are_completed_at_once_are_counted_at_once() -> None:
    now = load.contention(load.ORDERS_PER_SECOND)
    assert now.later < 0.001
    assert now.tries < 2
    in_one_item = load.contention(load.ORDERS_PER_SECOND, load.in_one_item, tries=1)
    assert in_one_item.later == in_one_item.refused > 0.5


def test_orders_that_are_completed_one_by_one_never_meet() -> None:
    assert load.contention(0.001, load.in_one_item, tries=1) == load.Contention(0, 1, 0)


def test_partitions_that_all_orders_write_are_taken_for_what_they_are(counted: Counted) -> None:
    rates = {one.name: one.units_per_second for one in load.partitions(counted)}
    keys = {key for index, key in counted.partitions if index == "table"}
    month = next(key.split("#")[1] for key in keys if key.startswith("FIGURES#"))
    of_people = sum(counted.partitions.get(("table", pk), 0) for pk in figures_pks(month, "person"))
    by_person = f"table, figures of a month by person, one of {FIGURES_PARTITIONS} partitions"
    assert rates[by_person] == of_people * load.ORDERS_PER_SECOND / FIGURES_PARTITIONS > load.ORDERS_PER_SECOND
    most = max(units for (_, key), units in counted.partitions.items() if re.fullmatch("FIND#...", key))
    assert rates["table, words that begin alike"] == most * load.ORDERS_PER_SECOND
    own = counted.partitions["table", "FIND#ACCOUNT#acme"]
    assert rates["table, words of one account of 10,000"] == own * load.ORDERS_PER_SECOND / load.ACCOUNTS


def amounts(section: str) -> dict[str, float]:
    """The table's amounts of a month by name, and its total."""
    rows = re.findall(r"^\| ([^|*]+) \| ([\d,]+) \| [^|]+ \| ([\d,.]+) \|", section, re.MULTILINE)
    (total,) = re.findall(r"\*\*total\*\* .* \*\*([\d,.]+)\*\*", section)
    return {name: float(amount.replace(",", "")) for name, amount, _ in rows} | {"total": float(total.replace(",", ""))}


def test_the_standing_costs_that_are_written_are_those_of_the_template(idle: Standing) -> None:
    """`make bench ARGS='--only standing'` writes them anew."""
    text = (Path(report.__file__).parents[1] / "docs" / "cost.md").read_text("utf-8")
    written = text[text.index(report.STANDING) :].partition("\n## Growth")[0]
    expected = report.standing_section(idle)
    texts, now = amounts(written), amounts(expected)
    assert texts.pop("log KB") == pytest.approx(now.pop("log KB"), rel=0.1)
    assert texts == now
    assert re.findall(r"^- .*", written, re.MULTILINE) == re.findall(r"^- .*", expected, re.MULTILINE)


def test_standing_costs_count_what_the_template_has(idle: Standing) -> None:
    assert idle.hour.metrics >= {"OrdersSubmitted", "OverdueMinutes"}
    assert idle.scheduled == idle.hour.invocations, "an idle hour has no other invocations than those of schedules"
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"MetricStat": {}}, {"MetricStat": {}}, {}]}}
    secret = {"Type": "AWS::SecretsManager::Secret"}
    hourly = {"Type": "AWS::Scheduler::Schedule", "Properties": {"ScheduleExpression": "rate(1 hour)"}}
    key = {"Type": "AWS::KMS::Key"}
    mapping = {"EventSourceArn": {"Fn::GetAtt": ["More", "Arn"]}}
    queue = {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}
    board = {"Type": "AWS::CloudWatch::Dashboard"}
    added: Any = {"Queue": queue, "More": {"Type": "AWS::SQS::Queue"}, "Key": key, "Board": board}
    more = replace(idle, resources={**idle.resources, **added, "An": alarm, "Secret": secret, "Hourly": hourly})
    before, after = (amounts(report.standing_section(each)) for each in (idle, more))
    grown = {name: after[name] - before[name] for name in before if after[name] != before[name]}
    polls, total = standing.POLLS_PER_HOUR * standing.HOURS, grown.pop("total")
    assert grown == {
        "metrics in alarms": 2,
        "secrets": 1,
        "dashboards": 1,
        "KMS keys": 1,
        "scheduled invocations": standing.HOURS,
        "queue polls": polls,
    }
    assert total == pytest.approx(2 * 0.1 + 0.4 + 3 + 1 + polls * 0.4e-6, abs=0.02)


def test_each_standing_price_says_where_it_is_from() -> None:
    for prices in (money.PRICES["standing"], money.PRICES["GB a month"]):
        for name, price in prices.items():
            assert price["dollars"] > 0, name
            assert price["source"].startswith("https://aws.amazon.com/"), name


def test_the_section_is_written_in_place_of_the_one_before(tmp_path: Path, idle: Standing) -> None:
    (tmp_path / "cost.md").write_text(f"# Costs\n\n{report.STANDING}\n\nold\n\n## Growth\n\nkept\n")
    report.write_standing(idle, tmp_path)
    text = (tmp_path / "cost.md").read_text("utf-8")
    assert text == f"# Costs\n\n{report.standing_section(idle)}\n## Growth\n\nkept\n"


def test_what_is_past_its_budget_is_told(tmp_path: Path, counted: Counted, idle: Standing) -> None:
    choice = Choice("ours", "theirs", CANDIDATES[0])
    ways = [(choice, measured("bare boto3", "create", 190, 24))]

    def past(ours_cold: float, start: float) -> list[str]:
        chosen = Chosen(ways, [Sized(report.MEGABYTES, start, 3, 15)], Sized(512, 1000, 3, 15))
        run = Run("3.13.0", all_measured(ours_cold))
        return report.write_speed(run, Run("3.11.0", all_measured(500)), chosen, counted, tmp_path)

    assert past(95, 600) == []
    text = (tmp_path / "performance.md").read_text("utf-8")
    assert "| ours | theirs | 190 | 2.00 | 24.00 | 2.00 |" in text
    assert f"| {report.MEGABYTES:,} | 600 | " in text
    found = past(130, 840)
    slow = f"a start at {report.MEGABYTES:,} MB, of bare at 512 MB: 0.84, budget less than {report.START_OF_BARE}"
    assert found == ["place an order, cold: 1.30, budget 1.15", slow]
    text = (tmp_path / "performance.md").read_text("utf-8")
    assert all(one in text for one in found)
    few, many = Size(100, 30), Size(1000, 100)
    grown = {
        "read": Grown({few: Cost(1, 1.0, 0), many: Cost(1, 2.0, 0)}),
        "find": Grown({few: Cost(1, 1.0, 0), many: Cost(2, 9.5, 0, {"orders": 401, "postings": 8})}, {"orders": 400}),
        "list": Grown({few: Cost(1, 1.0, 0), many: Cost(2, 8.5, 0, {"orders": 400})}, {"orders": 400}),
    }
    flat, limited = report.write_cost(counted, idle, grown, tmp_path)
    assert flat.startswith("read: does not cost the same at every size")
    assert limited == "find: reads 401 orders of 1,000 orders, 100 accounts, at most 400"
    text = (tmp_path / "cost.md").read_text("utf-8")
    assert "| read | 1 / 1 / 0 | 1 / 2 / 0 |" in text
    assert "| list | 400 orders | 1 / 1 / 0, none | 2 / 8.5 / 0, 400 orders |" in text
    assert "<svg" in (tmp_path / "growth.svg").read_text("utf-8")


def test_an_invocation_costs_by_size_and_time() -> None:
    assert money.dollars_of(1024, 1000) == pytest.approx(money.PRICES["GB second"])
    assert money.dollars_of(512, 100) == pytest.approx(money.PRICES["GB second"] / 20)
