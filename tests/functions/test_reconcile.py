"""The reconciler, call by call: what one run repairs, in which pages, and where it stops."""

from typing import Any

import pytest

import reconcile
from online_orders.aws import account_outbox, later_effects, order_queries, order_store, outbox, workflow
from online_orders.aws.keys import FIGURES_DUE_SK, PENDING_SHARDS, REPORT_PREFIX, OrderKey, entry_key, workflow_key
from online_orders.telemetry import MetricUnit
from tests.aws.desk import Desk
from tests.domain.builders import NOW
from tests.functions.invocation import Context

Json = dict[str, Any]

ENTRY, LATER_ENTRY, WORKFLOW = entry_key("one", 1), entry_key("one", 2), workflow_key("one")
SK = ENTRY["sk"]["S"]
STATISTICS = {**ENTRY, "sk": {"S": "STATISTICS"}}
FIGURES_DUE = {**ENTRY, "sk": {"S": FIGURES_DUE_SK}}
OF_ACCOUNT = {"pk": {"S": "ACCOUNT#acme"}, "sk": {"S": REPORT_PREFIX + "1"}}


class Short(Context):
    """An invocation with so many milliseconds left, look by look."""

    def __init__(self, *left: int) -> None:
        self._left = list(left)

    def get_remaining_time_in_millis(self) -> int:
        return self._left.pop(0) if len(self._left) > 1 else self._left[0]


class Repairs:
    """Notes what is repaired; `broken` is the order whose workflow cannot be."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.asked: list[Any] = []
        self.due: dict[str, list[Json]] = {}
        self.pages: dict[tuple[str, Any], tuple[list[Json], Any]] = {}
        self.open: dict[str | None, tuple[list[str], str | None]] = {None: ([], None)}
        self.broken = ""

    def entries(self, order_id: str) -> int:
        self.done.append(("entries", order_id))
        return 2

    def workflow(self, key: OrderKey) -> bool:
        if key.order_id == self.broken:
            raise RuntimeError(key.order_id)
        self.done.append(("workflow", key))
        return key.order_id != "sound"

    def item(self, item: Json) -> int:
        self.done.append(("item", item))
        return 3

    def due_items(self, *asked: Any) -> list[Json]:
        self.asked.append(asked)
        return self.due.get(asked[0], [])

    def newest_items(self, shard: str, limit: int, after: Any) -> tuple[list[Json], Any]:
        self.asked.append((shard, limit, after))
        return self.pages.get((shard, after and after["sk"]["S"]), ([], None))

    def open_ids(self, limit: int, after: str | None) -> tuple[list[str], str | None]:
        self.asked.append((limit, after))
        return self.open[after]


def key(order_id: str) -> OrderKey:
    return OrderKey("acme", order_id, "online")


@pytest.fixture
def repairs(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Repairs:
    found = Repairs()
    monkeypatch.setattr(reconcile, "now", lambda: NOW)
    monkeypatch.setattr(order_store, "locate_order", key)
    monkeypatch.setattr(workflow, "repair", found.workflow)
    monkeypatch.setattr(workflow, "postpone_check", lambda order_id: found.done.append(("postponed", order_id)))
    monkeypatch.setattr(outbox, "repair_entries", found.entries)
    monkeypatch.setattr(later_effects, "run_postponed", lambda *of: found.done.append(("later", *of)))
    monkeypatch.setattr(outbox, "due_items", found.due_items)
    monkeypatch.setattr(outbox, "newest_pending_items", found.newest_items)
    monkeypatch.setattr(account_outbox, "repair_item", found.item)
    monkeypatch.setattr(order_queries, "list_open_ids", found.open_ids)
    return found


def run(event: Json, context: Any = None) -> Json:
    result: Json = reconcile.handler(event, context or Context())
    return result


def test_one_order_is_repaired_at_once(desk: Desk, repairs: Repairs) -> None:
    assert run({"order_id": "one"}) == {"entries": 2, "workflows": 1}
    assert repairs.done == [("entries", "one"), ("workflow", key("one")), ("later", "one")]
    assert desk.told == [("WorkflowsRepaired", MetricUnit.Count, 1)]
    assert run({"order_id": "sound"}) == {"entries": 2, "workflows": 0}
    assert len(desk.told) == 1
    repairs.broken = "one"
    with pytest.raises(Exception, match="RuntimeError"):
        run({"order_id": "one"})


def test_each_kind_of_pending_item_is_repaired_in_its_own_way(desk: Desk, repairs: Repairs) -> None:
    repairs.due = {
        "0": [ENTRY, LATER_ENTRY, WORKFLOW, WORKFLOW],
        str(PENDING_SHARDS - 1): [STATISTICS, FIGURES_DUE, OF_ACCOUNT, OF_ACCOUNT],
    }
    assert run({"source": "aws.scheduler"}) == {"entries": 2, "workflows": 1, "account_items": 6}
    assert repairs.done == [
        ("entries", "one"),
        ("workflow", key("one")),
        ("later", "one", "STATISTICS"),
        ("later", "one", FIGURES_DUE_SK),
        *[("item", OF_ACCOUNT)] * 2,
    ]
    assert repairs.asked == [(str(shard), NOW, 100) for shard in range(PENDING_SHARDS)]


def test_a_workflow_that_cannot_be_repaired_delays_no_other(desk: Desk, repairs: Repairs) -> None:
    repairs.broken = "broken"
    repairs.due = {"0": [workflow_key("broken"), WORKFLOW]}
    assert run({}) == {"entries": 0, "workflows": 1, "account_items": 0}
    assert repairs.done == [("postponed", "broken"), ("workflow", key("one"))]
    assert desk.told == [
        ("WorkflowRepairsFailed", MetricUnit.Count, 1),
        ("WorkflowsRepaired", MetricUnit.Count, 1),
    ]


def test_a_run_ends_in_time(desk: Desk, repairs: Repairs) -> None:
    repairs.due = {"0": [ENTRY, WORKFLOW], "1": [entry_key("two", 1)]}
    assert run({}, Short(30_001, 30_000)) == {"entries": 2, "workflows": 0, "account_items": 0}
    assert repairs.done == [("entries", "one")]


def test_all_that_is_pending_and_then_every_open_order_is_repaired(desk: Desk, repairs: Repairs) -> None:
    last = str(PENDING_SHARDS - 1)
    repairs.pages = {
        ("0", None): ([ENTRY], ENTRY),
        ("0", SK): ([WORKFLOW], None),
        (last, None): ([entry_key("two", 1)], ENTRY),
        (last, SK): ([OF_ACCOUNT], None),
    }
    repairs.open = {None: (["one", "three"], "three"), "three": (["sound"], None)}
    result = {"orders": 4, "entries": 4, "workflows": 2, "account_items": 3, "cursor": None}
    assert run({"all": True}) == result
    shards = [("0", 25, None), ("0", 25, ENTRY)]
    shards += [(str(shard), 25, None) for shard in range(1, PENDING_SHARDS)]
    assert repairs.asked == [*shards, (last, 25, ENTRY), (25, None), (25, "three")]
    assert [done for done in repairs.done if done[0] == "workflow"] == [
        ("workflow", key(order_id)) for order_id in ("one", "three", "sound")
    ]


@pytest.mark.parametrize(
    ("cursor", "following"),
    [
        (None, {"shard": 0, "after": ENTRY}),
        ({"shard": 0, "after": ENTRY}, {"shard": 1, "after": None}),
        ({"shard": PENDING_SHARDS - 1, "after": None}, {"open_after": None}),
        ({"open_after": None}, {"open_after": "one"}),
        ({"open_after": "one"}, None),
    ],
)
def test_a_run_of_all_goes_on_where_the_last_one_stopped(
    desk: Desk, repairs: Repairs, cursor: Json | None, following: Json | None
) -> None:
    repairs.pages = {("0", None): ([ENTRY], ENTRY)}
    repairs.open = {None: (["one"], "one"), "one": (["two"], None)}
    asked = {"all": True} | ({"cursor": cursor} if cursor else {})
    assert run(asked, Short(30_001, 30_000))["cursor"] == following
    assert len(repairs.asked) == 1


def test_a_run_without_time_repairs_nothing(desk: Desk, repairs: Repairs) -> None:
    result = run({"all": True, "cursor": {"open_after": "one"}}, Short(30_000))
    assert result == {"orders": 0, "entries": 0, "workflows": 0, "account_items": 0, "cursor": {"open_after": "one"}}
    assert repairs.asked == []
