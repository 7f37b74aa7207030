"""The whole system in this process: the real template, state machine and handlers on moto, under one clock."""

import functools
import os
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Unpack
from unittest.mock import patch

import botocore.session
import moto.core.models
from botocore import handlers
from botocore.config import Config
from botocore.session import Session
from moto import mock_aws

from emulation.ses_rules import DETAIL_TYPES, EventType
from online_orders.aws import retry_delays
from online_orders.aws.keys import person_key
from tests.lab import accounts, deployments, kms, product, shortcuts
from tests.lab.bridge import Failures, Functions, Log
from tests.lab.capacity import Capacity
from tests.lab.clock import Clock
from tests.lab.control import LambdaControl
from tests.lab.dynamodb import DynamoDB
from tests.lab.events import Event, EventBridge, Rule
from tests.lab.http import HttpApi, Response
from tests.lab.mail import Mail, MailReport, Mails, Ses
from tests.lab.permissions import WORKFLOW, Permissions
from tests.lab.queue import Mapping as QueueMapping
from tests.lab.queue import QueuePoller
from tests.lab.schedule import Schedules
from tests.lab.stack import ACCOUNT, REGION, Stack, translate
from tests.lab.stepfunctions import Execution, StepFunctions
from tests.lab.stream import Mapping as StreamMapping
from tests.lab.stream import StreamPoller
from tests.lab.tokens import issued
from tests.lab.users import User, Users
from tests.lab.wire import Wire

Json = dict[str, Any]

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
PARAMETERS = {
    "Stage": "dev",
    "SiteUrl": "https://distribution.example.net",
    "QuoteUndoSeconds": "0",
    "StaffSecondFactor": "optional",
    "AccountRequestsAtOnce": "1000000",
    "LinkRequestsAtOnce": "1000000",
    "OrdersPerHour": "1000000",
    "ContactReportsPerDay": "1000",
    "CommentsPerHour": "1000000",
}
"""As for the second deployment, which is told the name that CloudFront gave at the first. Quotes go at once, and nobody
is limited: the clock stands still between two requests of a test, so that no bucket would fill again."""
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "lab",
    "AWS_SECRET_ACCESS_KEY": "lab",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_XRAY_SDK_ENABLED": "false",
    "POWERTOOLS_TRACE_DISABLED": "true",
}
STEP_LIMIT = 20_000
SEED = 20261123
VIEWER = "2001:db8::7"
"""Where every caller is, as CloudFront tells it."""


class UnsettledError(AssertionError):
    """Something goes on for ever without time passing."""


class Lab:
    """Use `with Lab.started() as lab`, or the fixture `lab`."""

    def __init__(self, template: Path, parameters: Mapping[str, str]) -> None:
        self.clock = Clock()
        self.users = Users()
        self.wire = Wire()
        self.dynamodb = DynamoDB(self.clock, ACCOUNT, REGION)
        self.capacity = Capacity(self.dynamodb)
        self.functions = Functions(self.clock, self.wire, forget=product.reset_caches)
        self.chance = random.Random(SEED)
        """Of the pauses before further tries, as AWS and the product draw them."""
        self.stepfunctions = StepFunctions(self.clock, self.functions, self.wire, ACCOUNT, REGION, self.chance)
        self.queue = QueuePoller(self.functions, self.clock, client("sqs"), ACCOUNT, REGION)
        self.stream = StreamPoller(self.functions, self.dynamodb, self.clock, self.queue.send)
        self.eventbridge = EventBridge(self.functions, self.clock, ACCOUNT, REGION)
        self.schedules = Schedules(self.eventbridge, self.clock)
        self.ses = Ses(self.clock, ACCOUNT, REGION)
        self.stack = Stack(translate(template), parameters, client)
        self._random: random.Random | None = None
        self._settling = threading.RLock()

    @classmethod
    @contextmanager
    def started(cls, template: Path = TEMPLATE, **parameters: str) -> "Iterator[Lab]":
        """A fresh deployment; at the end its threads are ended, and one that is left over is an AssertionError."""
        with ExitStack() as stack:
            stack.enter_context(shortcuts.environment(ENVIRONMENT))
            # moto would prepare thousands of answers for the `requests` package, which nobody here sends with.
            stack.enter_context(patch.object(moto.core.models, "RESPONSES_METHODS", []))
            stack.enter_context(
                mock_aws(
                    config={"core": {"reset_boto3_session": False}, "stepfunctions": {"execute_state_machine": True}}
                )
            )
            stack.enter_context(shortcuts.taken())
            stack.enter_context(kms.signing())
            stack.enter_context(patch.object(Session, "create_client", _create_client_once))
            stack.enter_context(patch.object(botocore.session, "create_loader", _create_loader_once))
            lab = cls(template, PARAMETERS | parameters)
            stack.enter_context(product.on_clock(lab.clock))
            stack.enter_context(patch.object(retry_delays, "random_fraction", lab.chance.random))
            for part in (lab.wire, lab.dynamodb, lab.queue, lab.ses, lab.eventbridge, lab.stepfunctions):
                stack.enter_context(part.attached())
            lab._deploy()
            stack.enter_context(lab.functions.attached())
            product.patch_modules(function.module for function in lab.functions)
            product.reset_caches()
            try:
                yield lab
            finally:
                left_over = lab.stepfunctions.close()
            assert not left_over, f"threads of the workflow are left over: {left_over}"

    def _deploy(self) -> None:
        deployments.deploy(self.stack)
        self.outputs = self.stack.outputs
        for name, properties in self.stack.functions.items():
            self.functions.declare(name, self.stack.attribute(name, "Arn"), properties)
        roles = {name: self.stack.roles[properties["Role"]] for name, properties in self.stack.functions.items()}
        roles[WORKFLOW] = self.stack.roles[self.stack.state_machine_role]
        machine = self.outputs["StateMachineArn"]
        self.wire.permissions = Permissions(
            ACCOUNT, REGION, self.stack.identities, machine, roles, in_ses_sandbox=lambda: self.ses.in_sandbox
        )
        for source in self.stack.event_sources:
            service = source.arn.split(":")[2]
            function = self.functions[source.function]
            if service == "dynamodb":
                table = source.arn.split("/")[1]
                self.stream.mappings.append(StreamMapping(function.name, table, source.properties, source.name))
            else:
                assert service == "sqs", f"the lab does not poll {source.arn}"
                mapping = QueueMapping(function.name, source.arn, source.properties, source.name)
                self.queue.add(mapping, function.timeout)
        self.eventbridge.send, self.eventbridge.invoke_configs = self.queue.send, self.stack.invoke_configs
        for rule in self.stack.rules:
            targets = tuple(
                self.functions[target["Arn"]].name for target in rule["Targets"] if ":lambda:" in target["Arn"]
            )
            queues = tuple(target["Arn"] for target in rule["Targets"] if ":sqs:" in target["Arn"])
            for queue in queues:
                assert self._lets_in(queue, rule["Arn"]), f"{queue} has no policy that lets the rule in"
            if "EventPattern" in rule and rule.get("State", "ENABLED") == "ENABLED":
                self.eventbridge.rules.append(
                    Rule(rule["EventBusName"].rpartition("/")[2], rule["EventPattern"], targets, queues)
                )
        for schedule in self.stack.schedules:
            self.schedules.add(self.functions[schedule["Target"]["Arn"]].name, schedule["ScheduleExpression"])
        self.ses.identities |= self.stack.identities
        self.ses.event_types |= self.stack.event_types
        self.api = HttpApi(self.stack.api, self.functions, self.clock, self.signing_in)

    def fill(self, fill_tables: Callable[[], None]) -> None:
        """Call what fills the tables of this lab, fresh as it is, and let follow what follows of that.

        For a lab like an earlier one that work is copied.
        """

        def fill_and_settle() -> None:
            fill_tables()
            self.settle()
            assert self.queue.is_empty, "what follows has not ended"
            assert [*self.mails, *self.events, *self.executions] == [], "more than tables is filled"
            for noted in (self.functions.invocations, self.wire.calls, self.log.lines):
                noted.clear()  # as a later lab has it, for which nothing of this is called

        deployments.fill(
            self.stack, fill_tables.__qualname__, fill_and_settle, self.clock, self.stream, ACCOUNT, REGION
        )

    def _lets_in(self, queue: str, rule: str) -> bool:
        """Whether the queue's own policy allows EventBridge to send what the rule takes, as AWS needs it."""
        return any(
            statement["Effect"] == "Allow"
            and statement["Principal"] == {"Service": "events.amazonaws.com"}
            and (statement["Action"], statement["Resource"]) == ("sqs:SendMessage", queue)
            and statement.get("Condition", {}) in ({}, {"ArnEquals": {"aws:SourceArn": rule}})
            for statement in self.stack.queue_policies.get(self.queue.url(queue), ())
        )

    @contextmanager
    def as_operator(self) -> Iterator[None]:
        """The product's own code, called by someone with AWS credentials who knows the stack."""
        known = {"TABLE_NAME": "Table", "DOCUMENTS_BUCKET": "Documents", "SIGNING_KEYS_SECRET": "SigningKeys"}
        with patch.dict(os.environ, {name: self.stack.ref(resource) for name, resource in known.items()}):
            yield

    def signing_in(self, user: User) -> User | None:
        """Return a user with the claims that Cognito's trigger gives; None for one whom the trigger refuses.

        The trigger is asked about those of whom the table knows. All others are in their group of the pool from an
        earlier release, and a test whose people nobody manages need not adopt them.
        """
        known = self.dynamodb.get(self.outputs["TableName"], person_key(user.user_id))
        return issued(user, self.functions, self.stack.token_trigger, self.outputs["UserPoolId"]) if known else user

    def control(self) -> "LambdaControl":
        """What an operator may do to the functions by Lambda's API."""
        return LambdaControl(self.functions, [*self.stream.mappings, *self.queue.mappings])

    def client(self, service: str) -> Any:
        """A botocore client, by the SDK's name of the service."""
        return client(service)

    def http(
        self,
        method: str,
        target: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        user: User | None = None,
        direct: bool = False,
    ) -> Response:
        """One request to the site, or `direct` to the API past CloudFront. A link is taken by its path.

        What it sets off waits for `settle`.
        """
        return self.api.request(
            method,
            target.removeprefix(self.outputs["SiteUrl"]),
            json_body=json,
            form=form,
            content=content,
            headers={**(headers or {}), **({} if direct else {**self.stack.front_headers, "x-viewer-address": VIEWER})},
            query=query,
            user=user,
        )

    def account(self, account_id: str = "acme", **changes: Any) -> Json:
        """Stores an account through the desk's API (see `accounts.body`) and returns it as stored."""
        response = self.http(
            "PUT", f"/api/desk/accounts/{account_id}", json=accounts.body(account_id, **changes), user=self.users.cs
        )
        assert response.status == 200, response
        stored: Json = response.json()
        return stored

    def settle(self) -> None:
        """Delivers stream, queue and events and runs the workflows, until nothing moves without time passing."""
        with self._settling:
            for _ in range(STEP_LIMIT):
                if not self._step():
                    return
        trail = [
            f"{one.function}{' failed: ' + one.failure.message if one.failure else ''}"
            for one in self.functions.invocations[-12:]
        ]
        raise UnsettledError(f"still moving after {STEP_LIMIT} steps; the last invocations: {trail}")

    def advance(self, delta: timedelta | None = None, **units: float) -> None:
        """Moves time on (`advance(days=3)`), with all that falls due on the way, in its order and at its time."""
        self.advance_to(self.clock.now() + (delta or timedelta()) + timedelta(**units))

    def advance_to(self, instant: datetime) -> None:
        self.settle()
        while (due := self._next_due()) is not None and due <= instant:
            self.clock.move_to(max(due, self.clock.now()))
            self.settle()
        self.clock.move_to(max(instant, self.clock.now()))
        self.settle()

    def shuffle(self, seed: int) -> None:
        """From now on all that moves takes turns by chance, and the stream repeats and mixes what it may."""
        self._random = random.Random(seed)
        self.stream.shuffle(self._random)

    def lag(self, seed: int = 0) -> None:
        """From now on indexes, and all that is read without ConsistentRead, may lack the newest writes."""
        self.dynamodb.lag(seed)

    def _step(self) -> bool:
        scheduler = self.stepfunctions.scheduler
        scheduler.wake_due()
        sources = [self.stream.step, self.queue.step, self.eventbridge.step, scheduler.step, self.schedules.step]
        if self._random:
            self._random.shuffle(sources)
            self._random.shuffle(scheduler.ready)
        return any(step() for step in sources)

    def _next_due(self) -> datetime | None:
        parts = (self.stepfunctions.scheduler, self.queue, self.eventbridge, self.stream)
        dues = [part.next_due() for part in parts]
        return min((due for due in dues if due), default=None)

    @property
    def errors(self) -> Failures:
        """Invocations that ended in an error; a test `take`s those that it expects."""
        return self.functions.failures

    @property
    def log(self) -> Log:
        return self.functions.log

    @property
    def mails(self) -> Mails:
        return self.ses.mails

    @property
    def events(self) -> list[Event]:
        """What was put on the product's bus, in order."""
        return [event for event in self.eventbridge.events if event.bus == self.outputs["EventBusName"]]

    @property
    def executions(self) -> list[Execution]:
        return self.stepfunctions.executions()

    @property
    def items(self) -> list[Json]:
        """The table as it is, as plain values."""
        return self.dynamodb.items(self.outputs["TableName"])

    def expire_items(self) -> int:
        """Deletes the items whose time to live is over, as DynamoDB does some day; returns how many."""
        return self.dynamodb.expire(self.outputs["TableName"])

    def messages(self, queue: str) -> list[Any]:
        """The bodies on a queue, by logical id (`MailDeadLetters`), seen or not."""
        return self.queue.bodies(self.stack.attribute(queue, "Arn"))

    def ses_event(
        self,
        kind: EventType,
        mail: Mail,
        *,
        forged: Mapping[str, Any] | None = None,
        **said: Unpack[MailReport],
    ) -> None:
        """SES's event about a mail, on its way to whom the template's rules name; delivered by `settle`.

        `said` is as of `Ses.event`.
        `forged`: what is otherwise of a mail that somebody else sent with our configuration set and, but for those that
        are given, the same tags.
        """
        detail = self.ses.event(kind, mail, **said)
        assert detail, f"the configuration set {mail.configuration_set} sends no {kind} events"
        about = detail["mail"]
        detail["mail"] = {**about, **(forged or {}), "tags": {**about["tags"], **(forged or {}).get("tags", {})}}
        resource = f"arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/{mail.configuration_set}"
        takers = self.eventbridge.publish("default", "aws.ses", DETAIL_TYPES[kind], detail, [resource])
        assert takers, f"no rule takes {DETAIL_TYPES[kind]}"


_create_loader_once = functools.cache(botocore.session.create_loader)
"""Sessions are made anew for each lab, and would each read the models of their services again."""
_create_client = Session.create_client
_clients: dict[str, Any] = {}
_clients_lock = threading.RLock()


def _create_client_once(session: Session, service: str, *args: Any, **options: Any) -> Any:
    """Clients are kept for the whole process: reading the models of a service takes longer than most tests.

    They look through the parameters of every call, which the product's own leave to the service; and they send the
    header that a call's attempts have in common, by which the wire counts calls.
    """
    config = Config(parameter_validation=True)
    if given := options.get("config"):
        config = given.merge(config)
    options["config"] = config
    key = repr(
        (
            service,
            args,
            sorted((name, value) for name, value in options.items() if name != "config"),
            sorted(config._user_provided_options.items()),
        )
    )
    with _clients_lock:
        if key not in _clients:
            _clients[key] = _create_client(session, service, *args, **options)
            _clients[key].meta.events.register("request-created", handlers.add_retry_headers)
        return _clients[key]


@functools.cache
def client(service: str) -> Any:
    return Session().create_client(service, region_name=REGION)
