"""The exact calls of the product to AWS, and what it makes of each response: no service is behind these calls."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from online_orders.aws import link_store, signing_keys, table
from online_orders.aws.keys import key, link_key
from online_orders.aws.table import (
    MAX_ATTEMPTS,
    WriteConflict,
    attempts,
    back_off,
    call,
    get,
    get_all,
    max_pause,
    put,
    transact,
    update,
)
from online_orders.domain.approval_links import Link, fingerprint
from online_orders.domain.errors import InProgress, NotFound, Unavailable
from tests.aws.service import Service, canceled, error_of

Json = dict[str, Any]

THIS, THAT = key("this", "X"), key("that", "Y")
ITEM: Json = {**THIS, "n": {"N": "1"}}


# -- the table ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "method", "parameters"),
    [
        (lambda: call("query", Limit=1), "query", {"Limit": 1}),
        (lambda: get(THIS), "get_item", {"Key": THIS, "ConsistentRead": True}),
        (lambda: put(ITEM, ConditionExpression="c"), "put_item", {"Item": ITEM, "ConditionExpression": "c"}),
        (lambda: update(THIS, "REMOVE n"), "update_item", {"Key": THIS, "UpdateExpression": "REMOVE n"}),
        (
            lambda: update(THIS, "SET n = :n", {":n": {"N": "1"}}, ConditionExpression="c"),
            "update_item",
            {
                "Key": THIS,
                "UpdateExpression": "SET n = :n",
                "ExpressionAttributeValues": {":n": {"N": "1"}},
                "ConditionExpression": "c",
            },
        ),
    ],
)
def test_a_call_says_the_table_and_what_it_was_given(
    service: Service, action: Callable[[], object], method: str, parameters: Json
) -> None:
    action()
    assert service.asked == [(method, {"TableName": "Table", **parameters})]
    assert service.pauses == []


def test_an_item_is_what_was_answered_or_none(service: Service) -> None:
    service.answers = [{"Item": ITEM}, {}]
    assert (get(THIS), get(THIS)) == (ITEM, None)
    assert call("query") == {}
    assert (table.text("a"), table.number(7)) == ({"S": "a"}, {"N": "7"})


@pytest.mark.parametrize("write", [lambda: put(ITEM), lambda: update(THIS, "REMOVE n")], ids=["put", "update"])
def test_a_write_says_whether_it_was_made_and_hides_no_other_error(service: Service, write: Callable[[], bool]) -> None:
    service.answers = [{}, error_of("ConditionalCheckFailedException"), error_of("AccessDeniedException")]
    assert [write(), write()] == [True, False]
    with pytest.raises(ClientError):
        write()
    assert service.pauses == []


def test_a_write_during_a_transaction_is_retried_a_limited_number_of_times(service: Service) -> None:
    service.answers = [error_of("TransactionConflictException"), error_of("TransactionConflictException"), {"Item": 1}]
    assert call("get_item") == {"Item": 1}
    assert service.pauses == [0.04, 0.08]
    service.answers = [error_of("TransactionConflictException")]
    service.asked.clear()
    with pytest.raises(InProgress):
        call("get_item")
    assert len(service.asked) == MAX_ATTEMPTS


def test_attempts_end_after_some_and_each_but_the_first_waits(service: Service) -> None:
    assert list(attempts()) == list(range(MAX_ATTEMPTS))
    assert service.pauses == [max_pause(attempt) for attempt in range(1, MAX_ATTEMPTS)]


def test_attempts_for_a_time_end_with_the_first_that_ends_later(service: Service) -> None:
    begun, ended = service.now, []
    for _ in attempts(for_seconds=3):
        service.now += 1
        ended.append(service.now - begun)
    assert ended[-2] <= 3 < ended[-1]


def test_pauses_double_up_to_a_second(service: Service) -> None:
    assert [max_pause(attempt) for attempt in (1, 2, 5, 6, 1_000)] == [0.04, 0.08, 0.64, 1.0, 1.0]
    back_off(3)
    assert service.pauses == [0.16]


def test_items_are_read_together_until_none_is_left(service: Service) -> None:
    that = {**THAT, "n": {"N": "2"}}
    left = {"Table": {"Keys": [THAT], "ConsistentRead": True}}
    service.answers = [
        {"Responses": {"Table": [ITEM]}, "UnprocessedKeys": left},
        {"Responses": {}, "UnprocessedKeys": left},
        {"Responses": {"Table": [that]}, "UnprocessedKeys": {}},
    ]
    found = get_all([THIS, THAT])
    assert (found.get(THIS), found.get(THAT), found.get(key("this", "Y"))) == (ITEM, that, None)
    whole = {"Table": {"Keys": [THIS, THAT], "ConsistentRead": True}}
    assert service.asked == [("batch_get_item", {"RequestItems": each}) for each in (whole, left, left)]
    assert service.pauses == [0.04, 0.08]


def test_of_no_keys_nothing_is_asked_and_of_a_busy_table_not_for_ever(service: Service) -> None:
    assert len(get_all([])) == 0
    assert service.asked == []
    service.answers = [{"Responses": {}, "UnprocessedKeys": {"Table": {"Keys": [THIS]}}}]
    with pytest.raises(Unavailable):
        get_all([THIS])
    assert len(service.asked) == MAX_ATTEMPTS


def tokens(service: Service) -> list[str]:
    return [parameters["ClientRequestToken"] for _, parameters in service.asked]


def test_a_transaction_says_the_table_in_each_action_and_has_a_token(service: Service) -> None:
    transact([{"Put": {"Item": ITEM}}, {"Delete": {"Key": THAT}}])
    ((method, requested),) = service.asked
    token = requested.pop("ClientRequestToken")
    assert len(token) == 36
    table = {"TableName": "Table"}
    assert (method, requested) == (
        "transact_write_items",
        {"TransactItems": [{"Put": {**table, "Item": ITEM}}, {"Delete": {**table, "Key": THAT}}]},
    )


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (canceled("None", "ConditionalCheckFailed"), WriteConflict),
        (canceled("TransactionConflict"), WriteConflict),
        (canceled("ThrottlingError", "ConditionalCheckFailed"), WriteConflict),
        (canceled(*table._CONFLICTS, *table._THROTTLED), WriteConflict),
        (canceled("None", "ItemCollectionSizeLimitExceeded"), ClientError),
        (canceled("ConditionalCheckFailed", "ValidationError"), ClientError),
        (error_of("AccessDeniedException", {"Code": "ThrottlingError"}), ClientError),
        (error_of("TransactionCanceledException"), WriteConflict),
    ],
)
def test_a_transaction_that_was_canceled_for_good_is_tried_once(
    service: Service, error: ClientError, raised: type[Exception]
) -> None:
    service.answers = [error]
    with pytest.raises(raised) as texts:
        transact([{"Put": {"Item": ITEM}}])
    assert len(service.asked) == 1
    if isinstance(texts.value, WriteConflict):
        assert texts.value.existing == [each["Item"] for each in error.response.get("CancellationReasons", [])]


def test_what_stands_in_the_way_is_told_by_position(service: Service) -> None:
    reasons: list[Json] = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": ITEM}]
    service.answers = [error_of("TransactionCanceledException", *reasons)]
    with pytest.raises(WriteConflict) as raced:
        transact([])
    assert raced.value.existing == [None, ITEM]


@pytest.mark.parametrize(
    ("error", "tokens_of_three"),
    [
        (canceled("None", "ThrottlingError"), 3),
        (canceled("ProvisionedThroughputExceeded", "TransactionConflict"), 3),
        (error_of("TransactionInProgressException"), 1),
    ],
)
def test_a_transaction_that_may_yet_be_made_is_tried_for_some_seconds(
    service: Service, error: ClientError, tokens_of_three: int
) -> None:
    service.answers = [error, error, {}]
    transact([])
    assert (len(tokens(service)), len(set(tokens(service)))) == (3, tokens_of_three)
    assert service.pauses == [0.04, 0.08]
    service.answers, begun = [error], service.now
    with pytest.raises(Unavailable):
        transact([])
    assert 6 < service.now - begun <= 7


def test_a_transaction_is_tried_to_its_last_instant(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "sleep", lambda _: setattr(service, "now", 1_006.0))
    service.answers = [error_of("TransactionInProgressException")] * 2 + [{}]
    transact([])
    assert len(service.asked) == 3


# -- links --------------------------------------------------------------------------------------------------------

LINK = Link(purpose="quote", account_id="acme", order_id="o", source="online", revision=1, number=2, key_id="k")
KEY = link_key(fingerprint("token"))
DOCUMENT = {
    "purpose": "quote",
    "account_id": "acme",
    "order_id": "o",
    "source": "online",
    "revision": 1,
    "number": 2,
    "key_id": "k",
}


def test_a_link_is_stored_by_fingerprint_with_zero_counts_unless_known(service: Service) -> None:
    link_store.store_link("token", LINK.model_copy(update={"wrong_codes": 3}))
    ((method, requested),) = service.asked
    assert json.loads(requested["Item"].pop("document")["S"]) == DOCUMENT
    assert (method, requested) == (
        "put_item",
        {
            "TableName": "Table",
            "Item": {**KEY, "wrong_codes": {"N": "0"}, "wrong_codes_of_asker": {"N": "0"}},
            "ConditionExpression": "attribute_not_exists(pk)",
        },
    )


def test_a_link_is_found_with_its_counts(service: Service) -> None:
    stored = {**KEY, "document": {"S": json.dumps(DOCUMENT)}}
    service.answers = [
        {"Item": {**stored, "wrong_codes": {"N": "3"}, "wrong_codes_of_asker": {"N": "4"}}},
        {"Item": {**stored, "wrong_codes": {"N": "3"}}},
        {},
    ]
    found = link_store.find_link("token")
    assert (found.wrong_codes, found.wrong_codes_of_asker) == (3, 4)
    assert link_store.find_link("token") == LINK.model_copy(update={"wrong_codes": 3})
    with pytest.raises(NotFound):
        link_store.find_link("token")
    assert {parameters["Key"]["pk"]["S"] for _, parameters in service.asked} == {KEY["pk"]["S"]}


@pytest.mark.parametrize(
    ("link", "counter"),
    [
        (LINK.model_copy(update={"wrong_codes": 2, "wrong_codes_of_asker": 4}), "wrong_codes"),
        (
            LINK.model_copy(update={"wrong_codes": 4, "wrong_codes_of_asker": 2, "is_askers": True}),
            "wrong_codes_of_asker",
        ),
    ],
)
def test_a_wrong_code_counts_on_the_count_that_was_read_alone(service: Service, link: Link, counter: str) -> None:
    write = {
        "Key": KEY,
        "UpdateExpression": f"SET {counter} = :after",
        "ConditionExpression": f"{counter} = :before",
        "ExpressionAttributeValues": {":before": {"N": "2"}, ":after": {"N": "3"}},
    }
    service.answers = [{}, error_of("ConditionalCheckFailedException")]
    assert [link_store.count_wrong_code("token", link), link_store.count_wrong_code("token", link)] == [True, False]
    assert service.asked[0] == ("update_item", {"TableName": "Table", **write})
    assert link_store.count_wrong_code_write("token", link) == {"Update": write}
    del write["UpdateExpression"]
    write["ExpressionAttributeValues"] = {":before": {"N": "2"}}
    assert link_store.expected_attempts("token", link) == {"ConditionCheck": write}


# -- signing keys -------------------------------------------------------------------------------------------------


def secret_of(current: str, **previous: str) -> Json:
    text: Json = {"key_id": current, "key": f"key of {current}"}
    return {"SecretString": json.dumps(text | ({"previous": previous} if previous else {}))}


def derived(secret: str, purpose: str) -> bytes:
    return hmac.digest(secret.encode(), purpose.encode(), "sha256")


def test_a_key_is_the_current_or_the_named_one_for_its_purpose_alone(service: Service) -> None:
    service.answers = [secret_of("b", a="key of a")]
    for key_id, found in ((None, "b"), ("b", "b"), ("a", "a")):
        for purpose in ("links", "cursors"):
            signed = signing_keys.signing_key(purpose, key_id)
            assert (signed.key_id, signed.key) == (found, derived(f"key of {found}", purpose))
    assert service.asked == [("get_secret_value", {"SecretId": "keys"})]


def test_the_current_key_is_not_one_of_those_before(service: Service) -> None:
    service.answers = [secret_of("b", b="stale")]
    assert signing_keys.signing_key("links", "b").key == derived("key of b", "links")


def test_keys_are_kept_for_five_minutes(service: Service) -> None:
    service.now, service.answers = 900.0, [secret_of("a"), secret_of("b", a="key of a")]
    assert signing_keys.signing_key("links").key_id == "a"
    service.now = 1_199.0
    assert signing_keys.signing_key("links").key_id == "a"
    service.now = 1_200.0
    assert signing_keys.signing_key("links").key_id == "b"
    assert len(service.asked) == 2
    signing_keys.reset()
    signing_keys.signing_key("links")
    assert len(service.asked) == 3


def test_a_key_that_is_not_known_is_asked_for_once_in_ten_seconds(service: Service) -> None:
    service.now, service.answers = 900.0, [secret_of("a"), secret_of("a"), secret_of("b", a="key of a")]
    signing_keys.signing_key("links")
    for _ in range(3):
        with pytest.raises(NotFound):
            signing_keys.signing_key("links", "b")
    assert len(service.asked) == 2
    service.now = 909.0
    assert signing_keys.signing_key_or_current("links", "b").key_id == "a"
    assert len(service.asked) == 2
    service.now = 910.0
    assert signing_keys.signing_key("links", "b").key == derived("key of b", "links")
    assert len(service.asked) == 3


def test_what_was_asked_for_once_more_is_not_taken_for_the_keys_of_a_later_time(service: Service) -> None:
    service.now, service.answers = 35.0, [secret_of("a"), secret_of("a"), secret_of("b", a="key of a")]
    with pytest.raises(NotFound):
        signing_keys.signing_key("links", "b")
    service.now = 35.0 * 30  # as many times five minutes as it was ten seconds before
    assert signing_keys.signing_key("links").key_id == "b"


@pytest.mark.parametrize(("key_id", "found"), [(None, "b"), ("a", "a"), ("z", "b")])
def test_a_retired_key_is_replaced_by_the_current_one_where_allowed(
    service: Service, key_id: str | None, found: str
) -> None:
    service.answers = [secret_of("b", a="key of a")]
    signed = signing_keys.signing_key_or_current("cursors", key_id)
    assert signed == signing_keys.SigningKey(found, derived(f"key of {found}", "cursors"))
