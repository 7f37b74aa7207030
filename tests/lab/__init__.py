"""Test support: the whole system in one process on moto, from the real template, state machine and handlers.

    def test_an_order_reaches_the_desk(lab: Lab) -> None:
        lab.account("acme")  # by the desk's own API
        lab.http("POST", "/api/orders", json=..., user=lab.users.customer)
        lab.settle()  # stream, queue, events, workflows: all that follows
        lab.advance(days=3)  # the one clock, with all that falls due on the way
        lab.mails.to("contact@acme.example")[-1].code

What happened: `mails`, `events`, `executions`, `items`, `messages(queue)`, `errors`, `log`, `wire.calls`, `capacity`.
What goes wrong: `wire.fail(n, how=...)`, `wire.meanwhile(action)`, `ses.refuse(...)`, `ses.outage`, `ses.unverify()`,
`ses.in_sandbox`, `ses_event("Bounce", mail)`, `stream.replay()` and its switches, `queue.throttled`, `shuffle(seed)`,
`functions.replace(name, handler)`. `schedules.start()` lets the template's schedules run.

A failed invocation fails the test unless it takes it: `lab.errors.take()`.
"""

import tests.lab.without_batch  # noqa: F401 - before what imports moto's interpreter
from tests.lab.clock import START
from tests.lab.http import Response
from tests.lab.lab import Lab, UnsettledError
from tests.lab.mail import Mail
from tests.lab.users import User, Users
from tests.lab.wire import ProcessDied

__all__ = ["START", "Lab", "Mail", "ProcessDied", "Response", "UnsettledError", "User", "Users"]
