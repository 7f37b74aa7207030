"""The poller of a queue does as the Lambda service does, in virtual time."""

from typing import Any

import pytest

from tests.lab import Lab
from tests.lab.queue import Mapping

Json = dict[str, Any]


def send(lab: Lab, *texts: str) -> None:
    for text in texts:
        lab.queue.send(lab.stack.attribute("MailQueue", "Arn"), {"text": text})


def consumer(lab: Lab, poison: str) -> list[str]:
    """Replaces the mailer by one that reports the poison; returns the bodies that it will have got."""
    came: list[str] = []

    def handler(event: Json, context: Any) -> Json:
        came.extend(record["body"] for record in event["Records"])
        failed = [record["messageId"] for record in event["Records"] if poison in record["body"]]
        return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}

    lab.functions.replace("MailerFunction", handler)
    return came


def test_a_message_that_failed_comes_again_after_its_visibility_timeout(lab: Lab) -> None:
    came = consumer(lab, poison="bad")
    send(lab, "good", "bad")
    lab.settle()
    lab.settle()
    assert len(came) == 2
    lab.advance(seconds=299)
    assert len(came) == 2
    lab.advance(seconds=2)
    assert came == ['{"text": "good"}', '{"text": "bad"}', '{"text": "bad"}']
    assert lab.messages("MailQueue") == [{"text": "bad"}]
    lab.errors.take("MailerFunction")


def test_a_poison_message_ends_among_the_dead_letters(lab: Lab) -> None:
    came = consumer(lab, poison="bad")
    send(lab, "bad")
    lab.advance(hours=42)
    assert len(came) == 500
    assert lab.messages("MailQueue") == []
    assert lab.messages("MailDeadLetters") == [{"text": "bad"}]
    lab.errors.take("MailerFunction")


def test_a_throttled_poller_uses_up_receives_and_a_disabled_one_does_not(lab: Lab) -> None:
    came = consumer(lab, poison="bad")
    control, (mapping,) = lab.control(), (one for one in lab.queue.mappings if one.function == "MailerFunction")
    control.put_function_concurrency(FunctionName="MailerFunction", ReservedConcurrentExecutions=0)
    control.update_event_source_mapping(UUID=mapping.uuid, Enabled=False)
    send(lab, "one")
    lab.advance(days=1)
    assert lab.messages("MailQueue") == [{"text": "one"}]
    control.update_event_source_mapping(UUID=mapping.uuid, Enabled=True)
    lab.advance(days=2)
    assert lab.messages("MailQueue") == []
    assert lab.messages("MailDeadLetters") == [{"text": "one"}]
    control.delete_function_concurrency(FunctionName="MailerFunction")
    send(lab, "two")
    lab.settle()
    assert came == ['{"text": "two"}']


def test_a_short_poll_may_find_nothing_where_there_is_something(lab: Lab) -> None:
    lab.queue.paused = True
    send(lab, "one")
    url = lab.outputs["MailQueueUrl"]
    found = [
        len(
            lab.client("sqs")
            .receive_message(QueueUrl=url, WaitTimeSeconds=wait, VisibilityTimeout=0)
            .get("Messages", [])
        )
        for wait in (0, 0, 1, 1)
    ]
    assert found == [0, 1, 1, 1]


def test_a_function_that_fails_gets_the_whole_batch_again(lab: Lab) -> None:
    batches: list[int] = []

    def handler(event: Json, context: Any) -> None:
        batches.append(len(event["Records"]))
        if len(batches) == 1:
            raise RuntimeError

    lab.functions.replace("MailerFunction", handler)
    send(lab, "one", "two")
    lab.advance(minutes=6)
    assert batches == [2, 2]
    assert len(lab.errors.take()) == 1


def test_a_function_that_changes_when_a_message_is_seen_again_gets_it_then(lab: Lab) -> None:
    came: list[Any] = []

    def handler(event: Json, context: Any) -> Json:
        came.append(lab.clock.now())
        (record,) = event["Records"]
        lab.client("sqs").change_message_visibility(
            QueueUrl=lab.outputs["MailQueueUrl"], ReceiptHandle=record["receiptHandle"], VisibilityTimeout=20
        )
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]}] if len(came) == 1 else []}

    lab.functions.replace("MailerFunction", handler)
    send(lab, "one")
    lab.advance(seconds=30)
    first, second = came
    assert 20 <= (second - first).total_seconds() < 21
    lab.errors.take("MailerFunction")


def test_a_function_that_is_throttled_is_not_run_and_each_try_is_a_receive(lab: Lab) -> None:
    came = consumer(lab, poison="none")
    lab.queue.throttled.add("MailerFunction")
    send(lab, "one")
    lab.advance(minutes=12)
    assert came == []
    lab.queue.throttled.clear()
    seen: list[Json] = []
    lab.functions.replace("MailerFunction", lambda event, context: seen.append(event))
    lab.advance(minutes=5)
    assert seen[0]["Records"][0]["attributes"]["ApproximateReceiveCount"] == "4"


@pytest.mark.parametrize(
    ("timeout", "scaling", "refused"),
    [
        (50, {}, None),
        (51, {}, "visibility 300 s < 306 s"),
        (45, {"MaximumConcurrency": 2}, None),
        (45, {"MaximumConcurrency": 1}, "a concurrency of 1"),
    ],
)
def test_a_mapping_is_taken_on_as_aws_takes_it_and_advises(
    lab: Lab, timeout: int, scaling: Json, refused: str | None
) -> None:
    mapping = Mapping("MailerFunction", lab.stack.attribute("MailQueue", "Arn"), {"ScalingConfig": scaling})
    if refused is None:
        lab.queue.add(mapping, timeout)
    else:
        with pytest.raises(AssertionError, match=refused):
            lab.queue.add(mapping, timeout)


def test_a_record_looks_as_the_lambda_service_sends_it(lab: Lab) -> None:
    seen: list[Json] = []
    lab.functions.replace("MailerFunction", lambda event, context: seen.append(event))
    send(lab, "one")
    lab.settle()
    (record,) = seen[0]["Records"]
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == lab.stack.attribute("MailQueue", "Arn")
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["attributes"]["SentTimestamp"] == str(int(lab.clock.milliseconds() - 1))
    assert record.keys() == {
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    }
