"""What the template, the local run and the tools repeat of the domain's rules is what the domain says."""

import pytest

from emulation.template import read
from online_orders.aws.keys import mail_pause_key
from online_orders.domain.order_schedule import Policy
from online_orders.domain.timeline import PUBLISHED, Event
from sandbox.run import MAIL_PAUSE_KEY
from sandbox.settings import MAX_UNDO_SECONDS
from tests.local_run import PROJECT
from tools.events import MEANINGS

PARAMETERS = read(PROJECT / "template.yaml")["Parameters"]
OF_POLICY = {
    "RemindAfterDays": Policy().remind_after_days,
    "RemindBeforeEndDays": Policy().remind_before_end_days,
    "GraceDays": Policy().grace_days,
    "AlarmUnclaimedHours": Policy().unclaimed_hours,
    "AlarmUnquotedHours": Policy().unquoted_hours,
}


@pytest.mark.parametrize("name", OF_POLICY)
def test_the_templates_patience_is_the_domains(name: str) -> None:
    assert PARAMETERS[name]["Default"] == OF_POLICY[name]


def test_a_quote_can_be_undone_as_long_here_as_on_aws() -> None:
    assert PARAMETERS["QuoteUndoSeconds"]["MaxValue"] == MAX_UNDO_SECONDS


def test_the_local_mailbox_looks_at_the_switch_that_holds_mail() -> None:
    assert mail_pause_key() == MAIL_PAUSE_KEY


def test_every_published_event_is_described_and_no_other() -> None:
    assert {Event(name) for name in MEANINGS} == PUBLISHED
