"""Lists of orders: which queries are made, and how their responses become one page."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from online_orders.aws import order_queries
from online_orders.aws.keys import OrderKey, order_key, subaccount_key, suborder_key
from online_orders.aws.order_queries import OrderFilter, statuses_of
from online_orders.domain.order_ids import first_id_of
from online_orders.domain.order_status import OPEN_STATUSES, Status
from online_orders.domain.orders import Order
from tests.aws.service import Service
from tests.domain.builders import CLARA, CONRAD, claimed, place

Json = dict[str, Any]

IDS = [f"01KAND6R00000000000000000{last}" for last in "0123456789"]


def order_of(number: int, account_id: str = "acme", **changes: Any) -> Order:
    return place().order.model_copy(update={"order_id": IDS[number], "account_id": account_id, **changes})


def stored(order: Order) -> Json:
    key = order_key(OrderKey(order.account_id, order.order_id, order.source))
    return {**key, "order_id": {"S": order.order_id}, "document": {"S": order.model_dump_json()}}


def pointer(number: int, account_id: str = "sub") -> Json:
    return {**suborder_key("acme", IDS[number]), "account_id": {"S": account_id}}


def page(*items: Json, until: Json | None = None) -> Json:
    return {"Items": list(items), **({"LastEvaluatedKey": until} if until else {})}


def found(*items: Json) -> Json:
    return {"Responses": {"Table": list(items)}}


def query(prefix: str, *, first: str = "0", beyond: str = "\uffff", **more: Any) -> tuple[str, Json]:
    values = {":pk": {"S": "ACCOUNT#acme"}, ":first": {"S": prefix + first}, ":beyond": {"S": prefix + beyond}}
    requested = {
        "TableName": "Table",
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :beyond",
        "ConsistentRead": True,
        "ScanIndexForward": False,
        "Limit": 3,
        **more,
    }
    return (
        "query",
        {**requested, "ExpressionAttributeValues": values | requested.get("ExpressionAttributeValues", {})},
    )


def ids(listed: Any) -> tuple[list[int], int | None]:
    """The numbers of the orders, and of the one after which the next page begins."""
    orders, position = listed
    return [IDS.index(order.order_id) for order in orders], None if position is None else IDS.index(position)


# -- what is wanted -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "is_included"),
    [
        (OrderFilter(), True),
        (OrderFilter(statuses=frozenset({Status.IN_PROCESS})), True),
        (OrderFilter(statuses=frozenset({Status.SUBMITTED})), False),
        (OrderFilter(purchase_order_number="PO-1"), True),
        (OrderFilter(purchase_order_number="PO-2"), False),
        (OrderFilter(assignee_id=CLARA.user_id), True),
        (OrderFilter(assignee_id=CONRAD.user_id), False),
        (OrderFilter(account_id="acme"), True),
        (OrderFilter(account_id="bolt"), False),
    ],
)
def test_an_order_is_wanted_by_every_filter(wanted: OrderFilter, is_included: bool) -> None:
    order = claimed(place(body={"purchase_order_number": "PO-1"}).order)
    assert wanted.includes(order) is is_included
    assert not OrderFilter(assignee_id="").includes(place().order)


BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 3, 5)
NEXT = DAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("wanted", "bounds", "is_empty"),
    [
        (OrderFilter(), ("0", "\uffff"), False),
        (OrderFilter(first_day=DAY), (first_id_of(DAY), "\uffff"), False),
        (OrderFilter(last_day=DAY), ("0", first_id_of(NEXT)), False),
        (
            OrderFilter(first_day=DAY, last_day=DAY, zone=BERLIN),
            (first_id_of(DAY, BERLIN), first_id_of(NEXT, BERLIN)),
            False,
        ),
        (OrderFilter(first_day=DAY, last_day=DAY - timedelta(days=1)), (first_id_of(DAY), first_id_of(DAY)), False),
        (OrderFilter(first_day=NEXT, last_day=DAY - timedelta(days=1)), (first_id_of(NEXT), first_id_of(DAY)), True),
        (OrderFilter(last_day=date.max), ("0", "\uffff"), False),
        (OrderFilter(statuses=frozenset()), ("0", "\uffff"), True),
    ],
)
def test_the_days_of_placing_bound_the_ids(wanted: OrderFilter, bounds: tuple[str, str], is_empty: bool) -> None:
    assert (wanted.bounds(), wanted.is_empty) == (bounds, is_empty)


def test_filters_of_status_leave_what_both_leave() -> None:
    assert statuses_of(None, None) is None
    assert statuses_of(Status.SUBMITTED, None) == frozenset({Status.SUBMITTED})
    assert statuses_of(None, is_open=True) == OPEN_STATUSES
    assert statuses_of(None, is_open=False) == frozenset({Status.COMPLETED, Status.CANCELED})
    assert statuses_of(Status.SUBMITTED, is_open=True) == frozenset({Status.SUBMITTED})
    assert statuses_of(Status.SUBMITTED, is_open=False) == frozenset()


@pytest.mark.parametrize(
    "read",
    [
        order_queries.list_account_orders,
        order_queries.list_orders_with_subaccounts,
        lambda _, *more: order_queries.list_desk_orders(*more),
    ],
)
def test_where_filters_exclude_each_other_nothing_is_asked(service: Service, read: Any) -> None:
    assert read("acme", OrderFilter(statuses=frozenset()), 3, None) == ([], None)
    assert service.asked == []


# -- the customer's -----------------------------------------------------------------------------------------------


def test_an_accounts_orders_come_newest_first_page_by_page(service: Service) -> None:
    service.answers = [page(stored(order_of(5)), stored(order_of(3)), until=stored(order_of(3))), page()]
    assert ids(order_queries.list_account_orders("acme", OrderFilter(), 3, None)) == ([5, 3], 3)
    assert order_queries.list_account_orders("acme", OrderFilter(), 3, IDS[3]) == ([], None)
    start = {"pk": {"S": "ACCOUNT#acme"}, "sk": {"S": f"ORDER#{IDS[3]}"}}
    assert service.asked == [query("ORDER#"), query("ORDER#", ExclusiveStartKey=start)]


def test_a_filter_looks_at_more_orders_than_the_page_holds(service: Service) -> None:
    rows = [stored(order_of(number)) for number in (9, 8, 7, 6)]
    order_filter = OrderFilter(statuses=OPEN_STATUSES, purchase_order_number="PO-1", first_day=DAY, last_day=DAY)
    service.answers = [page(*rows), page(*rows[:3], until=stored(order_of(2))), page(*rows[:3])]
    listed = [ids(order_queries.list_account_orders("acme", order_filter, 3, None)) for _ in range(3)]
    assert listed == [([9, 8, 7], 7), ([9, 8, 7], 2), ([9, 8, 7], None)]
    statuses = sorted(OPEN_STATUSES)
    requested = query(
        "ORDER#",
        first=first_id_of(DAY),
        beyond=first_id_of(NEXT),
        Limit=400,
        FilterExpression="#status IN (:s0, :s1, :s2) AND purchase_order_number = :po",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={
            **{f":s{index}": {"S": status} for index, status in enumerate(statuses)},
            ":po": {"S": "PO-1"},
        },
    )
    assert service.asked == [requested] * 3


def test_one_filter_goes_alone(service: Service) -> None:
    service.answers = [page()]
    order_queries.list_account_orders("acme", OrderFilter(purchase_order_number="PO-1"), 3, None)
    order_queries.list_account_orders("acme", OrderFilter(statuses=frozenset({Status.SUBMITTED})), 3, None)
    assert service.asked == [
        query(
            "ORDER#",
            Limit=400,
            FilterExpression="purchase_order_number = :po",
            ExpressionAttributeValues={":po": {"S": "PO-1"}},
        ),
        query(
            "ORDER#",
            Limit=400,
            FilterExpression="#status IN (:s0)",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":s0": {"S": "submitted"}},
        ),
    ]


def reach(service: Service, own: Json, subs: Json, *more: Json, **wanted: Any) -> Any:
    service.answers = [own, subs, *more, {}]
    return ids(order_queries.list_orders_with_subaccounts("acme", OrderFilter(**wanted), 3, None))


SUB = found(subaccount_key("acme", "sub"))


def of_sub(*numbers: int) -> Json:
    return found(*(stored(order_of(number, "sub")) for number in numbers))


def test_own_orders_and_those_of_sub_accounts_come_together(service: Service) -> None:
    own = page(stored(order_of(8)), stored(order_of(4)))
    assert reach(service, own, page(pointer(9), pointer(5)), SUB, of_sub(9, 5)) == ([9, 8, 5], 5)
    assert service.asked[:2] == [query("ORDER#"), query("SUBORDER#")]
    keys = [request["RequestItems"]["Table"]["Keys"] for _, request in service.asked[2:]]
    assert keys == [
        [subaccount_key("acme", "sub")],
        [order_key(OrderKey("sub", IDS[number], "online")) for number in (9, 5)],
    ]


def test_both_queries_go_on_behind_the_last_page(service: Service) -> None:
    service.answers = [page()]
    assert order_queries.list_orders_with_subaccounts("acme", OrderFilter(), 3, IDS[4]) == ([], None)
    starts = [{"pk": {"S": "ACCOUNT#acme"}, "sk": {"S": prefix + IDS[4]}} for prefix in ("ORDER#", "SUBORDER#")]
    assert [requested["ExclusiveStartKey"] for _, requested in service.asked] == starts


def test_whoever_has_no_orders_of_sub_accounts_has_the_own_ones(service: Service) -> None:
    assert reach(service, page(stored(order_of(8)), until=stored(order_of(8))), page()) == ([8], 8)
    assert len(service.asked) == 2
    assert reach(service, page(stored(order_of(8))), page()) == ([8], None)


@pytest.mark.parametrize(
    ("own", "subs", "listed"),
    [
        (page(stored(order_of(8)), until=stored(order_of(7))), page(pointer(9), pointer(5)), ([9, 8], 7)),
        (page(stored(order_of(8)), stored(order_of(3))), page(pointer(9), until=pointer(6)), ([9, 8], 6)),
        (page(stored(order_of(8)), until=stored(order_of(8))), page(pointer(9), until=pointer(7)), ([9, 8], 8)),
        (page(stored(order_of(8))), page(pointer(9)), ([9, 8], None)),
        (page(stored(order_of(8))), page(until=pointer(7)), ([8], 7)),
        (page(stored(order_of(8)), stored(order_of(7))), page(pointer(9)), ([9, 8, 7], None)),
    ],
)
def test_a_page_ends_where_either_query_has_stopped(service: Service, own: Json, subs: Json, listed: Any) -> None:
    assert reach(service, own, subs, SUB, of_sub(9, 5)) == listed


def test_a_pointer_to_a_departed_account_or_missing_order_is_dropped(service: Service) -> None:
    own = page(stored(order_of(8)))
    assert reach(service, own, page(pointer(9), pointer(7, "gone")), SUB, of_sub(9)) == ([9, 8], None)
    assert service.asked[2][1]["RequestItems"]["Table"]["Keys"] in (
        [subaccount_key("acme", "sub"), subaccount_key("acme", "gone")],
        [subaccount_key("acme", "gone"), subaccount_key("acme", "sub")],
    )
    assert len(service.asked[3][1]["RequestItems"]["Table"]["Keys"]) == 1
    assert reach(service, own, page(pointer(9)), SUB, found()) == ([8], None)


def test_a_filter_holds_of_orders_behind_pointers_too(service: Service) -> None:
    expected = frozenset({Status.IN_PROCESS})
    assert reach(service, page(), page(pointer(9)), SUB, of_sub(9), statuses=expected) == ([], None)
    assert service.asked[1] == query("SUBORDER#")


def test_candidates_for_duplicates_are_the_newest_however_they_came(service: Service) -> None:
    direct = order_of(9, source="direct")
    service.answers = [page(stored(order_of(8)), until=stored(order_of(8))), page(stored(direct))]
    assert order_queries.find_duplicate_candidates("acme") == [direct, order_of(8)]
    expected = sorted(OPEN_STATUSES | {Status.COMPLETED})
    more: Json = {
        "Limit": 400,
        "FilterExpression": "#status IN (:s0, :s1, :s2, :s3)",
        "ExpressionAttributeNames": {"#status": "status"},
        "ExpressionAttributeValues": {f":s{index}": {"S": status} for index, status in enumerate(expected)},
    }
    assert service.asked == [query("ORDER#", **more), query("DIRECT#", **more)]


# -- the desk's ---------------------------------------------------------------------------------------------------


def index(name: str, value: str, after: str = "0", limit: int = 3) -> tuple[str, Json]:
    attribute = {"desk": "desk_status", "assignee": "assignee_id"}[name]
    requested = {
        "TableName": "Table",
        "IndexName": name,
        "KeyConditionExpression": f"{attribute} = :value AND order_id > :after",
        "ExpressionAttributeValues": {":value": {"S": value}, ":after": {"S": after}},
        "Limit": limit,
    }
    return ("query", requested)


def test_the_desk_sees_every_status_oldest_first(service: Service) -> None:
    rows = [stored(order_of(number)) for number in range(5)]
    pages = [page(rows[4]), page(rows[0], rows[3]), page(rows[1]), page(), page()]
    service.answers = [*pages, found(*rows)]
    assert ids(order_queries.list_desk_orders(OrderFilter(), 3, None)) == ([0, 1, 3], 3)
    assert service.asked[:5] == [index("desk", status.value) for status in Status]
    keys = service.asked[5][1]["RequestItems"]["Table"]["Keys"]
    assert keys == [{"pk": rows[n]["pk"], "sk": rows[n]["sk"]} for n in (0, 1, 3)]


@pytest.mark.parametrize(
    ("first", "second", "listed"),
    [
        (page(stored(order_of(1)), until={"order_id": {"S": IDS[1]}}), page(stored(order_of(2))), ([1], 1)),
        (
            page(stored(order_of(1)), until={"order_id": {"S": IDS[4]}}),
            page(stored(order_of(2)), stored(order_of(5)), until={"order_id": {"S": IDS[5]}}),
            ([1, 2], 4),
        ),
        (page(stored(order_of(1))), page(stored(order_of(1)), stored(order_of(2))), ([1, 2], None)),
        (page(stored(order_of(1))), page(stored(order_of(2)), stored(order_of(3))), ([1, 2, 3], None)),
    ],
    ids=["a short first", "the nearer end", "an order in between two statuses", "just as many as fit"],
)
def test_a_page_of_the_desk_ends_where_the_first_query_has_stopped(
    service: Service, first: Json, second: Json, listed: Any
) -> None:
    service.answers = [first, second, found(*(stored(claimed(order_of(number))) for number in range(6)))]
    order_filter = OrderFilter(statuses=frozenset({Status.SUBMITTED, Status.IN_PROCESS}))
    assert ids(order_queries.list_desk_orders(order_filter, 3, IDS[0])) == listed
    assert service.asked[:2] == [index("desk", status, IDS[0]) for status in ("submitted", "in_process")]


def test_the_desk_sees_what_is_assigned_to_one(service: Service) -> None:
    mine = claimed(order_of(1))
    service.answers = [page(stored(mine), stored(order_of(2))), found(stored(mine), stored(order_of(2)))]
    assert ids(order_queries.list_desk_orders(OrderFilter(assignee_id=CLARA.user_id), 3, IDS[0])) == ([1], None)
    assert service.asked[0] == index("assignee", "clara", IDS[0])


def test_open_orders_of_one_are_found_whatever_that_one_has_closed(service: Service) -> None:
    mine = claimed(order_of(1))
    service.answers = [
        page(),
        page(stored(mine), stored(order_of(2))),
        page(),
        found(stored(mine), stored(order_of(2))),
    ]
    order_filter = OrderFilter(statuses=OPEN_STATUSES, assignee_id=CLARA.user_id)
    assert ids(order_queries.list_desk_orders(order_filter, 3, IDS[0])) == ([1], None)
    assert service.asked[:3] == [index("desk", status.value, IDS[0]) for status in Status if status in OPEN_STATUSES]


def test_closed_orders_of_one_are_looked_for_in_more_than_a_page(service: Service) -> None:
    service.answers = [
        page(stored(claimed(order_of(1))), until={"order_id": {"S": IDS[1]}}),
        found(stored(claimed(order_of(1)))),
        page(),
    ]
    order_filter = OrderFilter(statuses=frozenset({Status.COMPLETED}), assignee_id=CLARA.user_id)
    assert ids(order_queries.list_desk_orders(order_filter, 1, IDS[0])) == ([], None)
    assert [asked[1].get("IndexName") for asked in service.asked] == ["assignee", None, "assignee"]


def test_the_desk_sees_an_accounts_orders_however_they_came(service: Service) -> None:
    direct = order_of(1, source="direct")
    service.answers = [page(stored(order_of(2))), page(stored(direct)), found(stored(order_of(2)), stored(direct))]
    assert ids(order_queries.list_desk_orders(OrderFilter(account_id="acme"), 3, IDS[0])) == ([1, 2], None)
    starts = [{"pk": {"S": "ACCOUNT#acme"}, "sk": {"S": prefix + IDS[0]}} for prefix in ("ORDER#", "DIRECT#")]
    assert service.asked[:2] == [
        query(prefix, ScanIndexForward=True, ExclusiveStartKey=start)
        for prefix, start in zip(("ORDER#", "DIRECT#"), starts, strict=True)
    ]


OPEN_OF_ACME = OrderFilter(statuses=OPEN_STATUSES, account_id="acme", may_lag=True)


def keys_of(*orders: Order) -> list[Json]:
    return [{name: item[name] for name in ("pk", "sk", "order_id")} for item in map(stored, orders)]


def test_open_orders_of_an_account_are_found_whatever_it_has_closed(service: Service) -> None:
    mine, direct = order_of(2), order_of(3, source="direct")
    others = [order_of(number, account_id="bolt") for number in (1, 4)]
    service.answers = [
        page(*keys_of(others[0], mine)),
        page(*keys_of(direct, others[1])),
        page(),
        found(stored(mine), stored(direct)),
    ]
    assert ids(order_queries.list_desk_orders(OPEN_OF_ACME, 3, IDS[0])) == ([2, 3], None)
    assert service.asked[:3] == [
        index("desk", status.value, IDS[0], limit=1_000) for status in Status if status in OPEN_STATUSES
    ]
    ((_, loaded),) = service.asked[3:]
    assert [key["sk"]["S"] for key in loaded["RequestItems"]["Table"]["Keys"]] == [
        f"ORDER#{IDS[2]}",
        f"DIRECT#{IDS[3]}",
    ]


def test_who_must_miss_no_open_order_of_an_account_reads_its_own_items(service: Service) -> None:
    service.answers = [page(stored(order_of(1))), page(), found(stored(order_of(1)))]
    assert ids(order_queries.list_desk_orders(OPEN_OF_ACME._replace(may_lag=False), 3, None)) == ([1], None)
    assert all(asked["ConsistentRead"] for _, asked in service.asked[:2])


def test_a_page_of_an_accounts_open_orders_ends_with_its_last_one(service: Service) -> None:
    orders = [order_of(number) for number in (1, 2, 3)]
    service.answers = [page(*keys_of(*orders)), page(), page(), found(*map(stored, orders[:2]))]
    assert ids(order_queries.list_desk_orders(OPEN_OF_ACME, 2, None)) == ([1, 2], 2)
    assert service.asked[0] == index("desk", "submitted", "0", limit=1_000)


def test_where_very_many_orders_are_open_the_next_page_goes_on_behind_them(service: Service) -> None:
    other = order_of(1, account_id="bolt")
    service.answers = [page(*keys_of(other), until={"order_id": {"S": IDS[1]}}), page(*keys_of(order_of(2))), page()]
    assert ids(order_queries.list_desk_orders(OPEN_OF_ACME, 2, None)) == ([], 1)
    assert len(service.asked) == 3


def test_an_accounts_open_orders_of_days_end_with_the_last_day(service: Service) -> None:
    day = order_of(0).placed_at.date()
    late = first_id_of(day + timedelta(days=1))
    later = place().order.model_copy(update={"order_id": late[:-1] + "1", "account_id": "acme"})
    service.answers = [
        page(*keys_of(order_of(1), later), until={"order_id": {"S": later.order_id}}),
        page(),
        page(),
        found(stored(order_of(1))),
    ]
    order_filter = OPEN_OF_ACME._replace(first_day=day, last_day=day)
    assert ids(order_queries.list_desk_orders(order_filter, 3, None)) == ([1], None)


def test_ids_of_open_orders_are_read_of_the_index_alone(service: Service) -> None:
    service.answers = [page({"sk": {"S": f"DIRECT#{IDS[2]}"}}), page({"sk": {"S": f"ORDER#{IDS[1]}"}}), page()]
    assert order_queries.list_open_ids(3, IDS[0]) == ([IDS[1], IDS[2]], None)
    assert service.asked == [index("desk", status.value, IDS[0]) for status in Status if status in OPEN_STATUSES]


@pytest.mark.parametrize(
    "more",
    [{"team": "north"}, {"priority": "high"}, {"follow_up": "now"}, {"kind": "socket"}, {"currency": "EUR"}],
    ids=lambda more: next(iter(more)),
)
def test_what_only_orders_themselves_tell_is_looked_up_in_more_than_a_page(more: dict[str, Any]) -> None:
    assert OrderFilter(**more).examines
    assert not OrderFilter(assignee_id="clara", account_id="acme").examines
