"""moto's Step Functions interpreter under virtual time, with task tokens as strict as those of AWS.

The pauses of a Retry with full jitter are drawn as AWS draws them, between nothing and the interval, by the lab's seed.

Stock moto sleeps real seconds, accepts the answer to a task that is over, ignores StopExecution while a task waits for
its token, leaves a state whose Catch leads back to it, drops the `cause` of SendTaskFailure, retries a task with its
old token, and leaves its threads to the next test. Parallel and Map states are not carried over to virtual time: the
product has none, and they fail here at once.

Offered to moto: upstream/moto-stepfunctions-answered-tokens.patch, upstream/moto-stepfunctions-failure-cause.patch,
upstream/moto-stepfunctions-token-of-retry.patch, upstream/moto-stepfunctions-stop-waiting.patch and
upstream/moto-stepfunctions-catch-leads-back.patch. What was taken goes here.
"""

import datetime as dt
import functools
import io
import json
import logging
import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore.exceptions import ClientError
from moto.core.exceptions import AWSError
from moto.core.responses import EmptyResult
from moto.stepfunctions import responses
from moto.stepfunctions.parser import api, models
from moto.stepfunctions.parser.asl.component.common.catch.catch_outcome import CatchOutcome
from moto.stepfunctions.parser.asl.component.common.retry import jitter_strategy_decl, retrier_decl
from moto.stepfunctions.parser.asl.component.program import program
from moto.stepfunctions.parser.asl.component.state import state
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function
from moto.stepfunctions.parser.asl.eval import environment
from moto.stepfunctions.parser.asl.eval.callback import callback
from moto.stepfunctions.parser.asl.eval.event import event_manager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramStopped
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import json_path
from moto.stepfunctions.parser.backend import execution, execution_worker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends
from moto.stepfunctions.parser.utils import TMP_THREADS

from tests.lab.bridge import THROTTLED, Functions
from tests.lab.clock import Clock
from tests.lab.permissions import WORKFLOW, Access
from tests.lab.threads import Scheduler
from tests.lab.wire import Wire

Json = dict[str, Any]
StandIn = tuple[Any, str, Any]
"""An object, the name of its attribute, and what stands in for it while the lab runs."""

EXECUTION_NAME = re.compile(r"[\w-]{1,80}", re.ASCII)

# moto parses the definition, which takes 40 ms, for every execution, and a path whenever it is followed.
_parse = functools.lru_cache(64)(AmazonStateLanguageParser.parse)
_parse_path = functools.lru_cache(256)(vars(json_path)["parse"])


@dataclass(frozen=True)
class Execution:
    name: str
    status: str
    """`RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED`."""
    input: Any
    output: Any
    error: str | None
    cause: str | None
    history: tuple[Json, ...]

    @property
    def states(self) -> list[str]:
        """The names of the states that it entered, in order."""
        return [
            event["stateEnteredEventDetails"]["name"] for event in self.history if "stateEnteredEventDetails" in event
        ]


class StepFunctions:
    def __init__(
        self, clock: Clock, functions: Functions, wire: Wire, account: str, region: str, chance: random.Random
    ) -> None:
        self.scheduler = Scheduler(clock)
        self._chance = chance
        self._clock = clock
        self._functions = functions
        self._wire = wire
        self._account = account
        self._region = region
        self._late: tuple[int, dt.timedelta] | None = None

    def delay_reports(self, seed: int, at_most: dt.timedelta = dt.timedelta(minutes=1)) -> None:
        """From now on DescribeExecution and ListExecutions tell of a start and of an end some time after it, by chance.

        On AWS both are eventually consistent, and no time is promised.
        """
        self._late = seed, at_most

    @property
    def backend(self) -> StepFunctionsParserBackend:
        return stepfunctions_parser_backends[self._account][self._region]

    def executions(self) -> list[Execution]:
        """In the order in which they were started."""
        return [
            Execution(
                name=one.name,
                status=one.status,
                input=json.loads(one.execution_input),
                output=one.output,
                error=one.error,
                cause=one.cause,
                history=tuple(one.to_history_output()["events"]),
            )
            for one in self._executions_of_moto()
        ]

    def close(self) -> list[str]:
        """Ends every execution; returns the threads that would not end."""
        for one in self._executions_of_moto():
            if one.exec_status == api.ExecutionStatus.RUNNING:
                one.stop(stop_date=self._clock.now(), error=None, cause="the test is over")
        left_over = self.scheduler.close()
        TMP_THREADS.clear()
        return left_over

    @contextmanager
    def attached(self) -> Iterator[None]:
        logger = logging.getLogger("moto.stepfunctions")
        level = logger.level
        logger.setLevel(logging.CRITICAL)  # it writes kilobytes for each error that a machine catches
        with ExitStack() as stack:
            for target, name, stand_in in [
                *self._time(),
                *self._threads(),
                *self._tokens(),
                *self._executions(),
                *self._looks(),
                *self._tasks(),
            ]:
                stack.enter_context(patch.object(target, name, stand_in))
            yield
        logger.setLevel(level)

    def _time(self) -> list[StandIn]:
        clock = self._clock

        class VirtualDatetime(dt.datetime):
            @classmethod
            def now(cls, tz: dt.tzinfo | None = None) -> Any:
                return clock.now().astimezone(tz)

        dates = SimpleNamespace(datetime=VirtualDatetime, timezone=dt.timezone, timedelta=dt.timedelta)
        time = SimpleNamespace(time=clock.timestamp, sleep=self.scheduler.sleep)
        return [
            (retrier_decl, "time", time),
            (wait_function, "time", time),
            (jitter_strategy_decl, "random", self._chance),
            *[(module, "datetime", dates) for module in (models, execution, state, event_manager)],
        ]

    def _threads(self) -> list[StandIn]:
        threads = SimpleNamespace(
            Event=self.scheduler.event, Thread=self.scheduler.thread, RLock=threading.RLock, Lock=threading.Lock
        )
        return [
            *[(module, "threading", threads) for module in (execute_state, environment, program)],
            *[(module, "Thread", self.scheduler.thread) for module in (execute_state, execution_worker)],
            (callback, "Event", self.scheduler.event),
        ]

    def _tokens(self) -> list[StandIn]:
        endpoint_class, frame_class, state_class = (
            callback.CallbackEndpoint,
            environment.Environment,
            execute_state.ExecutionState,
        )
        interrupt_all, set_ended = endpoint_class.interrupt_all, frame_class.set_ended
        evaluate = state_class._evaluate_with_timeout

        def interrupt_and_close(endpoint: Any) -> None:
            interrupt_all(endpoint)
            endpoint.report(callback.CallbackConsumerTimeout())

        def end_with_token(env: Any) -> None:
            set_ended(env)
            token = env.states.context_object.context_object_data.get("Task", {}).get("Token")
            if token and env.is_frame():  # the attempt is over, however it ended
                env.callback_pool_manager.get(token).interrupt_all()

        def evaluate_with_own_token(this: Any, env: Any) -> None:
            context = env.states.context_object
            if "Task" in context.context_object_data and context.context_object_data["State"]["RetryCount"]:
                env.callback_pool_manager.add(context.update_task_token())
            evaluate(this, env)

        handler = responses.StepFunctionResponse
        return [
            (endpoint_class, "interrupt_all", interrupt_and_close),
            (frame_class, "set_ended", end_with_token),
            (state_class, "_evaluate_with_timeout", evaluate_with_own_token),
            (handler, "send_task_success", lambda response: self._answer(response, _success)),
            (handler, "send_task_failure", lambda response: self._answer(response, _failure)),
            (handler, "send_task_heartbeat", lambda response: self._answer(response, None)),
        ]

    def _answer(self, response: Any, outcome: Callable[[Any, str], Any] | None) -> Any:
        token = response._get_param("taskToken")
        for one in self._executions_of_moto():
            env = one.exec_worker.env  # None until its thread had a turn
            endpoint = env and env.callback_pool_manager.get(token)
            if endpoint is None:
                continue
            if endpoint.consumer_error or endpoint.get_outcome() or one.status != "RUNNING":
                raise _error("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
            if outcome is None:
                endpoint.notify_heartbeat()
            else:
                endpoint.notify(outcome(response, token))
            return EmptyResult()
        raise _error("InvalidToken", "Invalid Token: 'Invalid token'")

    def _executions_of_moto(self) -> list[Any]:
        return [one for machine in self.backend.state_machines for one in machine.executions]

    def _executions(self) -> list[StandIn]:
        start: Callable[..., Any] = StepFunctionsParserBackend.start_execution
        stop, set_error = execution.Execution.stop, environment.Environment.set_error
        set_next = state.CommonStateField._set_next
        generator = random.Random(0)

        def start_named(
            backend: Any,
            state_machine_arn: str,
            name: str | None = None,
            execution_input: str | None = None,
            trace_header: str | None = None,
        ) -> Any:
            name = name or f"{generator.getrandbits(128):032x}"
            if not EXECUTION_NAME.fullmatch(name):
                raise _error("InvalidName", f"Invalid Name: '{name}'")
            return start(backend, state_machine_arn, name, execution_input, trace_header)

        def stop_waiting(one: Any, stop_date: Any, error: str | None, cause: str | None) -> None:
            if one.exec_worker.env is None:  # its thread has had no turn yet
                (thread,) = (
                    thread
                    for thread in self.scheduler.ready
                    if getattr(thread.target, "__self__", None) is one.exec_worker
                )
                self.scheduler.cancel(thread)
                one.exec_status, one.stop_date = api.ExecutionStatus.ABORTED, stop_date
                return
            stop(one, stop_date=stop_date, error=error, cause=cause)
            one.stop_date = stop_date
            for endpoint in list(one.exec_worker.env.callback_pool_manager._pool.values()):
                endpoint.interrupt_all()

        def set_next_unless_caught(this: Any, env: Any) -> None:
            # Stock moto takes "the next state is still this one" for "undecided", also after a Catch that said so.
            if not (env.stack and env.stack[-1] == CatchOutcome.Caught):
                set_next(this, env)

        def set_error_unless_stopped(env: Any, error: Any) -> None:
            if not isinstance(env._program_state, ProgramStopped):
                set_error(env, error)

        return [
            (StepFunctionsParserBackend, "start_execution", start_named),
            (execution.Execution, "stop", stop_waiting),
            (environment.Environment, "set_error", set_error_unless_stopped),
            (state.CommonStateField, "_set_next", set_next_unless_caught),
            (AmazonStateLanguageParser, "parse", staticmethod(_parse)),
            (json_path, "parse", _parse_path),
        ]

    def _looks(self) -> list[StandIn]:
        """What is told of executions, as late as `delay_reports` says."""
        backend_class = StepFunctionsParserBackend
        describe: Callable[..., Any] = backend_class.describe_execution
        list_all: Callable[..., Any] = models.StepFunctionsParserBackend.list_executions

        def describe_what_is_known(backend: Any, execution_arn: str) -> Any:
            known = self._as_known(describe(backend, execution_arn))
            if known is None:
                raise _error("ExecutionDoesNotExist", f"Execution Does Not Exist: '{execution_arn}'")
            return known

        def list_what_is_known(backend: Any, *args: Any, status_filter: str | None = None, **options: Any) -> Any:
            if self._late is None:
                return list_all(backend, *args, status_filter=status_filter, **options)
            every, next_token = list_all(backend, *args, **options)
            known = [one for one in map(self._as_known, every) if one is not None]
            return [one for one in known if status_filter in {None, one.status}], next_token

        return [
            (backend_class, "describe_execution", describe_what_is_known),
            (backend_class, "list_executions", list_what_is_known),
        ]

    def _as_known(self, one: Any) -> Any:
        """An execution as Step Functions tells of it by now; None when it does not yet."""
        if self._late is None:
            return one
        if self._clock.now() < one.start_date + self._lag(one.name, "start"):
            return None
        if one.stop_date and self._clock.now() < one.stop_date + self._lag(one.name, "end"):
            return _StillRunning(one)
        return one

    def _lag(self, name: str, what: str) -> dt.timedelta:
        """The same whenever it is asked for, however many others were."""
        assert self._late
        seed, at_most = self._late
        return at_most * random.Random(f"{seed} {name} {what}").random()

    def _tasks(self) -> list[StandIn]:
        def invoke(**request: Any) -> Json:
            function = self._functions[request["FunctionName"]].name
            role = self._wire.permissions
            access = Access("lambda:InvokeFunction", self._functions[function].arn)
            assert role is None or role.allows(WORKFLOW, access), f"the state machine may not {access}"
            with self._wire.task(function):
                if function in self._functions.stopped:
                    raise ClientError({"Error": {"Code": THROTTLED, "Message": ""}}, "Invoke")
                invocation = self._functions.invoke(function, json.loads(request.get("Payload", b"{}")))
            payload = io.BytesIO(json.dumps(invocation.payload).encode())
            response: Json = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": payload}
            return response | ({"FunctionError": "Unhandled"} if invocation.failure else {})

        client = SimpleNamespace(invoke=invoke)
        return [(lambda_eval_utils, "boto_client_for", lambda **_: client)]


class _StillRunning:
    """An execution that has ended, as it was before."""

    status = api.ExecutionStatus.RUNNING.value
    stop_date = output = error = cause = None

    def __init__(self, one: Any) -> None:
        self._one = one

    def __getattr__(self, name: str) -> Any:
        return getattr(self._one, name)


def _success(response: Any, token: str) -> Any:
    output = response._get_param("output")
    try:
        json.loads(output)
    except ValueError:
        raise _error("InvalidOutput", "Invalid Output") from None
    return callback.CallbackOutcomeSuccess(token, output)


def _failure(response: Any, token: str) -> Any:
    return callback.CallbackOutcomeFailure(token, response._get_param("error"), response._get_param("cause"))


def _error(code: str, message: str) -> Exception:
    return AWSError(message, code, 400)
