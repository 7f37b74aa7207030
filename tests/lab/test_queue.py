"""The poller of a queue does as the Lambda service does, in virtual time."""

from typing import Any

from tests.lab import Lab

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
    lab.advance(seconds=89)
    assert len(came) == 2
    lab.advance(seconds=2)
    assert came == ['{"text": "good"}', '{"text": "bad"}', '{"text": "bad"}']
    assert lab.messages("MailQueue") == [{"text": "bad"}]
    lab.errors.take("MailerFunction")


def test_a_poison_message_ends_among_the_dead_letters(lab: Lab) -> None:
    came = consumer(lab, poison="bad")
    send(lab, "bad")
    lab.advance(hours=1)
    assert len(came) == 20
    assert lab.messages("MailQueue") == []
    assert lab.messages("MailDeadLetters") == [{"text": "bad"}]
    lab.errors.take("MailerFunction")


def test_a_throttled_poller_uses_up_the_tries_of_a_message_and_one_that_is_off_does_not(lab: Lab) -> None:
    came = consumer(lab, poison="bad")
    control, (mapping,) = lab.control(), (one for one in lab.queue.mappings if one.function == "MailerFunction")
    control.put_function_concurrency(FunctionName="MailerFunction", ReservedConcurrentExecutions=0)
    control.update_event_source_mapping(UUID=mapping.uuid, Enabled=False)
    send(lab, "one")
    lab.advance(days=1)
    assert lab.messages("MailQueue") == [{"text": "one"}]
    control.update_event_source_mapping(UUID=mapping.uuid, Enabled=True)
    lab.advance(days=1)
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
    lab.advance(minutes=3)
    assert batches == [2, 2]
    assert len(lab.errors.take()) == 1


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
