"""The page about data says what template and code do."""

import re
from datetime import timedelta

import pytest

from emulation.template import read
from online_orders.aws import contact_report_store, order_store
from tests.local_run import PROJECT

PAGE = (PROJECT / "docs" / "data.md").read_text("utf-8")
TEMPLATE, OBSERVABILITY, WAF = (read(PROJECT / name) for name in ("template.yaml", "observability.yaml", "waf.yaml"))
KEEPING = {
    "AWS::Cognito::UserPool",
    "AWS::DynamoDB::Table",
    "AWS::Events::EventBus",
    "AWS::Logs::LogGroup",
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::SSM::Parameter",
    "AWS::SecretsManager::Secret",
    "AWS::Serverless::StateMachine",
}
NO_DATA = {"Web"}
"""The screens' own files."""


def row(start: str) -> list[str]:
    """The cells of the one row that begins so."""
    (found,) = (line for line in PAGE.splitlines() if line.startswith(f"| {start} |"))
    return [cell.strip() for cell in found.strip("|").split("|")]


def said(duration: timedelta) -> str:
    return f"{duration.days} days" if duration.days > 2 else f"{duration // timedelta(hours=1)} hours"


def test_everything_that_keeps_data_is_on_the_page() -> None:
    for template in (TEMPLATE, OBSERVABILITY, WAF):
        for name, resource in template["Resources"].items():
            if resource["Type"] in KEEPING and name not in NO_DATA:
                assert f"`{name}`" in PAGE, f"{name} keeps data, and docs/data.md does not say which"


def test_each_queue_keeps_its_messages_as_long_as_the_page_says() -> None:
    for name, resource in TEMPLATE["Resources"].items():
        if resource["Type"] == "AWS::SQS::Queue":
            kept = timedelta(seconds=resource["Properties"]["MessageRetentionPeriod"])
            (line,) = (each for each in PAGE.splitlines() if re.match(rf"\| `{name}`[ ,]", each))
            assert line.strip("|").split("|")[3].strip() == said(kept)


@pytest.mark.parametrize(
    ("start", "kept"),
    [
        ("`Table`, contact reports", contact_report_store.RETENTION),
        ("`Table`, idempotency records", order_store.IDEMPOTENCY_RETENTION),
    ],
)
def test_items_that_expire_do_so_when_the_page_says(start: str, kept: timedelta) -> None:
    assert row(start)[3] == said(kept)


def test_the_parameters_have_the_defaults_that_the_page_says() -> None:
    named = re.findall(r"(\d+) days \(`(\w+)`\)", PAGE)
    assert {name for _, name in named} == {"BackupDays", "InboundMailDays", "LogRetentionDays"}
    for days, name in named:
        assert int(days) == TEMPLATE["Parameters"][name]["Default"]
    assert row("`WebAclLogs` of `waf.yaml`, if there is one")[3] == (
        f"{WAF['Parameters']['LogRetentionDays']['Default']} days (`LogRetentionDays` there)"
    )


def test_events_are_not_archived() -> None:
    assert not [name for name, one in TEMPLATE["Resources"].items() if one["Type"] == "AWS::Events::Archive"]
