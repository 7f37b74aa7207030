"""Run the sandbox: deploy the stack, listen, seed, and report when all is ready."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.routing import Route

from emulation.default_bus import DefaultBus
from emulation.ses_rules import Sending
from emulation.template import LocalTemplate, localize, read
from sandbox.clock import Clock, clock_routes
from sandbox.deploy import Clients, Stack, deploy
from sandbox.engine import BACKLOG, Engine, guard
from sandbox.fork_server import ForkServer
from sandbox.functions import FunctionHost
from sandbox.gateway import Gateway, SiteRules, site_app
from sandbox.inbound import Inbound
from sandbox.logs import FunctionLogs
from sandbox.mailbox import PAGES, Mailbox
from sandbox.own_catalog import OwnCatalog
from sandbox.retries import Retries
from sandbox.roles import drop_tls_policies, with_execution_role
from sandbox.seed import CS_MAILBOX, PASSWORD, SENDER, Cognito, User, seed
from sandbox.serving import serve
from sandbox.ses import Ses
from sandbox.settings import ACCESS_KEY, REGION, SECRET_KEY, Settings
from sandbox.staff_directory import PEOPLE, Directory
from sandbox.state import StateFolder
from tools.publish import languages, staff_provider

MAIL_PAUSE_KEY = {"pk": {"S": "MAILHOLD"}, "sk": {"S": "MAILHOLD"}}
"""The product's `mail_pause_key`; the product's layers are on the search path of its functions only."""
PARAMETERS = {
    "Stage": "sandbox",
    "BrandName": "Vendor",
    "SenderDomain": SENDER.rpartition("@")[2],
    "SenderAddress": SENDER,
    "CustomerSuccessMailbox": CS_MAILBOX,
    "StaffSecondFactor": "optional",
    "InboundDomain": f"reply.{SENDER.rpartition('@')[2]}",
}


class Sandbox:
    """The running sandbox; `listener` listens on the port for people."""

    def __init__(
        self,
        settings: Settings,
        folder: StateFolder,
        listener: socket.socket,
        engine: Engine,
        fork_server: ForkServer,
        own: OwnCatalog | None,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._listener = listener
        self._engine = engine
        self._fork_server = fork_server
        self._own = own
        self._clients = Clients(engine.endpoint)
        # Engine and functions call this one: invocations, and the mails that functions send.
        self._inner = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        self._inner_address = f"http://127.0.0.1:{self._inner.getsockname()[1]}"
        self._port = listener.getsockname()[1]
        self._site = f"http://localhost:{self._port}"
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        loop = asyncio.get_running_loop()
        stopping, watching = loop.create_task(stop.wait()), loop.create_task(self._engine.watch())
        async with AsyncExitStack() as closing:
            opening = loop.create_task(self._open(closing))
            try:
                await asyncio.wait({stopping, watching, opening}, return_when=asyncio.FIRST_COMPLETED)
                if opening.done():
                    opening.result()
                    await asyncio.wait({stopping, watching, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
                if watching.done() and not stopping.done():
                    raise self._engine.fault()
                for task in self._tasks:
                    if task.done():
                        task.result()
            finally:
                for unfinished in (stopping, watching, opening):
                    unfinished.cancel()
                await asyncio.gather(stopping, watching, opening, return_exceptions=True)

    async def _open(self, closing: AsyncExitStack) -> None:
        """Start everything, and register with `closing` to end it in the opposite order."""
        print(f"Opening the order desk at {self._site} …", flush=True)
        source = read(self._settings.project / "template.yaml")
        template = localize(
            source,
            self._settings.project,
            region=REGION,
            forward_to=f"{self._inner_address}/functions",
            code=self._folder.temporary / "code",
            tick=self._settings.tick,
        )
        if self._settings.iam:
            drop_tls_policies(template)
        directory = await asyncio.to_thread(Directory.create, self._clients, self._site)
        chosen = {"SiteUrl": self._site, "QuoteUndoSeconds": str(self._settings.undo), **directory.parameters}
        stack = await asyncio.to_thread(deploy, self._clients, template, PARAMETERS | chosen)
        await asyncio.to_thread(directory.connect, stack.outputs["UserPoolId"], template)
        clock = Clock()
        host, deliveries = self._host(stack, template, clock, closing)
        mailbox = Mailbox(self._site, pause_reason=_mail_pause(self._clients("dynamodb"), stack.outputs["TableName"]))
        bus = await asyncio.to_thread(
            DefaultBus, self._clients("events"), self._clients("lambda"), self._clients("sqs")
        )
        ses = Ses(await asyncio.to_thread(_read_ses_state, self._clients), mailbox, bus.publish)
        inner = Starlette(routes=[Route("/functions", host.handle, methods=["POST"]), *ses.routes()])
        # Starlette's types of an ASGI application are its own.
        self._serve(guard(inner), self._inner, closing)  # type: ignore[arg-type]
        closing.push_async_callback(self._engine.stop)  # requests that wait for it on the inner side then end
        closing.callback(ses.close)

        cognito = Cognito(self._clients("cognito-idp"), stack.outputs["UserPoolId"], stack.outputs["UserPoolClientId"])
        users = await asyncio.to_thread(cognito.users)
        description = self._describe(stack, users)
        gateway = Gateway(self._engine.port, stack.outputs["ApiId"], self._site)
        closing.callback(gateway.close)
        pages = site_app(
            gateway,
            [*mailbox.routes(), *clock_routes(clock, deliveries.end_waits), *self._inbound(stack).routes()],
            self._settings.project / "web",
            SiteRules.of(source),
            _home(description),
            self._sign_in(stack),
        )
        self._serve(pages, self._listener, closing)

        api = f"http://127.0.0.1:{self._port}/api"
        description["service_users"] = await seed(cognito, users, api, datetime.now(UTC).date(), self._own)
        self._folder.publish(description)
        print(_announcement(description, self._folder, self._settings.catalog), flush=True)
        await host.warm()

    def _inbound(self, stack: Stack) -> Inbound:
        outputs = stack.outputs
        return Inbound(self._clients, outputs["InboundBucket"], outputs["InboundQueueUrl"], PARAMETERS["InboundDomain"])

    def _host(
        self, stack: Stack, template: LocalTemplate, clock: Clock, closing: AsyncExitStack
    ) -> tuple[FunctionHost, Retries]:
        file = closing.enter_context((self._folder.path / "functions.log").open("w", encoding="utf-8"))
        logs = FunctionLogs(file)
        closing.callback(self._start(logs.ship(self._clients("logs"))).cancel)
        deliveries = Retries(
            sqs=self._clients("sqs"),
            stepfunctions=self._clients("stepfunctions"),
            mappings=stack.streams,
            token_fields=template.token_fields,
        )
        host = FunctionHost(self._fork_server, self._function_environment(), logs.add, deliveries.deliver, clock)
        for function in stack.functions:
            host.add(with_execution_role(function, self._clients) if self._settings.iam else function)
        closing.push_async_callback(host.stop)
        return host, deliveries

    def _function_environment(self) -> dict[str, str]:
        """Return the environment variables of every function on AWS, with the engine's address."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": self._engine.endpoint,
            "AWS_ENDPOINT_URL_SESV2": self._inner_address,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
            "LANG": "C.UTF-8",
            "NO_PROXY": "127.0.0.1",  # and on macOS no lookup of system proxies, which a forked process cannot do
            "PATH": os.environ.get("PATH", os.defpath),
            "POWERTOOLS_TRACE_DISABLED": "true",
            "TMPDIR": str(self._folder.temporary),
            "TZ": ":UTC",
        }

    def _describe(self, stack: Stack, users: list[User]) -> dict[str, Any]:
        """Return the content of sandbox.json."""
        outputs = stack.outputs
        return {
            "site": self._site,
            "api": f"{self._site}/api",
            "mailbox": f"{self._site}/mailbox",
            "cs_mailbox": CS_MAILBOX,
            "aws": {
                "endpoint": self._engine.endpoint,
                "region": REGION,
                "access_key_id": ACCESS_KEY,
                "secret_access_key": SECRET_KEY,
            },
            "cognito": {"user_pool_id": outputs["UserPoolId"], "client_id": outputs["UserPoolClientId"]},
            "users": [user.as_json() for user in users],
            "token_url": f"{self._site}/api/token",
            "staff_provider": {
                "client_id": outputs["StaffClientId"],
                "identity_provider": outputs["StaffProviderName"],
                "users": [person.as_json() for person in PEOPLE],
            },
            "resources": {
                "table": outputs["TableName"],
                "state_machine_arn": outputs["StateMachineArn"],
                "event_bus": outputs["EventBusName"],
            },
        }

    def _sign_in(self, stack: Stack) -> dict[str, Any]:
        """Return the content of config.json; on AWS it is uploaded with the site."""
        pool = stack.outputs["UserPoolId"]
        return {
            "site": self._site,
            "brand": PARAMETERS["BrandName"],
            "issuer": f"https://cognito-idp.{REGION}.amazonaws.com/{pool}",
            "client_id": stack.outputs["UserPoolClientId"],
            "authorization_endpoint": f"{self._site}/oauth2/authorize",
            "token_endpoint": f"{self._site}/oauth2/token",
            "end_session_endpoint": f"{self._site}/logout",
            "scope": "openid email profile",
            **staff_provider(stack.outputs),
            "second_factor": {
                "client_id": stack.outputs["SecondFactorClientId"],
                "endpoint": f"{self._site}/cognito-idp",
            },
            "languages": languages(self._settings.project / "web"),
            "local_run": "/sandbox",
        }

    def _serve(self, app: Any, listener: socket.socket, closing: AsyncExitStack) -> None:
        stop = asyncio.Event()
        server = self._start(serve(app, listener, stop.wait()))

        async def end() -> None:
            stop.set()
            await asyncio.wait({server})

        closing.push_async_callback(end)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        return task


def _mail_pause(dynamodb: Any, table: str) -> Callable[[], str | None]:
    """Return a function that reads why mail is paused, from the product's switch."""

    def reason() -> str | None:
        item = dynamodb.get_item(TableName=table, Key=MAIL_PAUSE_KEY).get("Item")
        return str(item["reason"]["S"]) if item else None

    return reason


def _read_ses_state(clients: Clients) -> Callable[[], Sending]:
    """Return a function that reads SES's state: the stack's settings, and the identities and the account as they are
    then.
    """
    sesv2 = clients("sesv2")
    event_types: dict[str, frozenset[str]] = {}
    for name in sesv2.list_configuration_sets()["ConfigurationSets"]:
        destinations = sesv2.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
        event_types[name] = frozenset(
            kind
            for destination in destinations
            if destination["Enabled"] and "EventBridgeDestination" in destination
            for kind in destination["MatchingEventTypes"]
        )
    account = clients("sts").get_caller_identity()["Account"]

    def look() -> Sending:
        identities = sesv2.list_email_identities()["EmailIdentities"]
        return Sending(
            region=REGION,
            account=account,
            verified=frozenset(identity["IdentityName"] for identity in identities),
            event_types=event_types,
            in_sandbox=not sesv2.get_account()["ProductionAccessEnabled"],
        )

    return look


def _home(description: dict[str, Any]) -> str:
    pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
    return pages.get_template("home.html").render(description)


def _announcement(description: dict[str, Any], folder: StateFolder, catalog: Path | None) -> str:
    users = description["users"]
    longest = max(len(user["username"]) for user in users)
    lines = [f"  {user['username']:<{longest}}  {user['role']:<16}  {user['account_id'] or ''}" for user in users]
    aws = description["aws"]
    return "\n".join(
        [
            f"It is open: {description['site']}",
            f"  API      {description['api']}",
            f"  mailbox  {description['mailbox']}",
            f"  AWS      {aws['endpoint']} (region {aws['region']}, any credentials)",
            f"  logs     {folder.path / 'functions.log'}",
            *([f"  catalog  {catalog}"] if catalog else []),
            "",
            f"Users, all with the password {PASSWORD}:",
            *(line.rstrip() for line in lines),
            "",
            "Ctrl-C ends it. Nothing is kept.",
        ]
    )
