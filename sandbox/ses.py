"""Emulate the few calls of SES v2 that the functions make, SES's mailbox simulator, and the events about a mail.

Boto sends the calls here by its own setting, `AWS_ENDPOINT_URL_SESV2`. Mails go to the `Mailbox`, and the events of the
configuration set to the rules on the default bus.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulation.default_bus import Event
from emulation.ses_rules import SIMULATOR, Bounce, EventType, Message, Sending, SesError, accept, describe, detail_of
from sandbox.mailbox import Mailbox

# The test file of virus scanners; SES rejects a mail with it after it has accepted the call.
EICAR = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
# Seconds after the mail; on SES it is seconds to minutes.
DELAYS: dict[EventType, float] = {"Send": 0.0, "Reject": 0.1, "Delivery": 0.2, "Bounce": 0.4, "Complaint": 0.6}


@dataclass
class Ses:
    """The calls of SES. `look` returns what SES knows about the installation, before each mail: identities
    may change.
    """

    look: Callable[[], Sending]
    mailbox: Mailbox
    publish: Callable[[Event], None]
    _suppressed: dict[str, dict[str, Any]] = field(default_factory=dict)
    _pending: set[asyncio.Task[None]] = field(default_factory=set)
    _closed: bool = False

    def routes(self) -> list[Route]:
        suppressed = "/v2/email/suppression/addresses"
        operations: list[tuple[str, str, Operation]] = [
            ("POST", "/v2/email/outbound-emails", self.send),
            ("GET", suppressed, self.list_suppressed),
            ("PUT", suppressed, self.suppress),
            ("GET", suppressed + "/{address:path}", self.get_suppressed),
            ("DELETE", suppressed + "/{address:path}", self.lift_suppression),
        ]
        return [Route(path, _endpoint(operation), methods=[method]) for method, path, operation in operations]

    async def send(self, call: "Call") -> dict[str, Any]:
        sending = await asyncio.to_thread(self.look)
        message = accept(call.body, sending, datetime.now(UTC))
        if EICAR in message.raw:
            self._publish_later("Reject", message, message.mail.to, sending)
        else:
            self.mailbox.keep(message.mail)
            self._publish_later("Send", message, message.mail.to, sending)
            for recipient in message.mail.to:
                for event_type in self._outcome(recipient):
                    self._publish_later(event_type, message, (recipient,), sending)
        return {"MessageId": message.mail.id}

    def _outcome(self, recipient: str) -> tuple[EventType, ...]:
        if recipient.lower() in self._suppressed:
            return ("Bounce",)
        local, _, domain = recipient.lower().rpartition("@")
        if domain != SIMULATOR:
            return ("Delivery",)
        outcomes: dict[str, tuple[EventType, ...]] = {
            "bounce": ("Bounce",),
            "suppressionlist": ("Bounce",),
            "complaint": ("Delivery", "Complaint"),
        }
        return outcomes.get(local.partition("+")[0], ("Delivery",))

    def _bounce(self, recipient: str) -> Bounce:
        if recipient.lower() in self._suppressed:
            return Bounce(kind="OnAccountSuppressionList")
        return Bounce(kind="Suppressed" if recipient.lower().startswith("suppressionlist") else "General")

    def _publish_later(
        self, event_type: EventType, message: Message, recipients: tuple[str, ...], sending: Sending
    ) -> None:
        if self._closed or not sending.wants(event_type, message.configuration_set):
            return

        async def publish() -> None:
            await asyncio.sleep(DELAYS[event_type])
            now = datetime.now(UTC)
            detail = detail_of(event_type, message, recipients, sending, now, self._bounce(recipients[0]))
            await asyncio.to_thread(self.publish, describe(detail, sending, now))

        task = asyncio.get_running_loop().create_task(publish())
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)

    def close(self) -> None:
        """Publish no event from now on."""
        self._closed = True
        for task in self._pending:
            task.cancel()

    async def list_suppressed(self, _: "Call") -> dict[str, Any]:
        return {"SuppressedDestinationSummaries": list(self._suppressed.values())}

    async def suppress(self, call: "Call") -> dict[str, Any]:
        body = call.body
        if body.get("Reason") not in {"BOUNCE", "COMPLAINT"}:
            raise SesError("BadRequestException", "Reason must be BOUNCE or COMPLAINT")
        self._suppressed[body["EmailAddress"].lower()] = {
            "EmailAddress": body["EmailAddress"],
            "Reason": body["Reason"],
            "LastUpdateTime": datetime.now(UTC).timestamp(),
        }
        return {}

    async def get_suppressed(self, call: "Call") -> dict[str, Any]:
        return {"SuppressedDestination": self._suppressed[self._known(call.address)]}

    async def lift_suppression(self, call: "Call") -> dict[str, Any]:
        del self._suppressed[self._known(call.address)]
        return {}

    def _known(self, address: str) -> str:
        if address.lower() not in self._suppressed:
            message = f"Email address {address} does not exist on your suppression list."
            raise SesError("NotFoundException", message, 404)
        return address.lower()


@dataclass(frozen=True)
class Call:
    """A request, as far as an operation may need it; `address` is the one in the path."""

    body: dict[str, Any]
    address: str


Operation = Callable[[Call], Awaitable[dict[str, Any]]]


def _endpoint(operation: Operation) -> Callable[[Request], Any]:
    async def respond(request: Request) -> Response:
        body = await request.body()
        try:
            call = Call(json.loads(body) if body else {}, request.path_params.get("address", ""))
            return JSONResponse(await operation(call))
        except SesError as error:
            return JSONResponse({"message": error.message}, error.status, {"x-amzn-ErrorType": error.code})

    return respond
