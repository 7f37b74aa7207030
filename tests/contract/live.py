"""The local run, over HTTP, as the contract's suite sees it. It knows nothing but what `sandbox.json` says."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property, partial
from json import dumps
from typing import Any

import httpx

from online_orders.domain.catalog import Catalog
from tests import loopback
from tests.contract.site import Attachment, Execution, Json, Mail, Response, Seen, Site, User
from tests.waiting import until

DEADLINE_SECONDS = 60
LOOK_EVERY_SECONDS = 0.1


class Live(Site):
    def __init__(self, description: Json, http: httpx.Client) -> None:
        self.description = description
        self.origin = description["site"]
        self.cs_mailbox = description["cs_mailbox"]
        self.brand = http.get(f"{self.origin}/config.json").json()["brand"]
        self.users = [User(**user) for user in description["users"]]
        self._http = http
        self._tokens: dict[str, Json] = {}
        self._clients: dict[str, Any] = {}

    @classmethod
    @contextmanager
    def at(cls, description: Json) -> Iterator["Live"]:
        """`description`: the content of `sandbox.json`."""
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
        with loopback.client(timeout=DEADLINE_SECONDS, limits=limits) as http:
            yield cls(description, http)

    @cached_property
    def catalog(self) -> Catalog:  # type: ignore[override]
        body = self.get("/api/desk/catalog", self.people.cs).ok()
        return Catalog.from_document(body, body["version"])

    def aws(self, service: str) -> Any:
        """A client of the engine behind the local run."""
        if service not in self._clients:
            self._clients[service] = loopback.aws(service, **self.description["aws"])
        return self._clients[service]

    def tokens(self, user: User) -> Json:
        """`IdToken` and `AccessToken` of a user who signs in."""
        if user.username not in self._tokens:
            response = self.aws("cognito-idp").initiate_auth(
                ClientId=self.description["cognito"]["client_id"],
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": user.username, "PASSWORD": user.password},
            )
            self._tokens[user.username] = response["AuthenticationResult"]
        return self._tokens[user.username]

    def request(
        self,
        method: str,
        path: str,
        *,
        user: User | None = None,
        access_token: bool = False,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        sent = dict(headers or {})
        if json is not None:
            sent, content = {"Content-Type": "application/json", **sent}, dumps(json)
        if user:
            sent["Authorization"] = f"Bearer {self.tokens(user)['AccessToken' if access_token else 'IdToken']}"
        url = path if path.startswith("http") else f"{self.origin}{path}"
        response = self._http.request(method, url, data=form, content=content, headers=sent)
        return Response(response.status_code, dict(response.headers), response.content)

    def mails(self, *, to: str | None = None, about: str | None = None) -> list[Mail]:
        query = {name: value for name, value in (("to", to), ("about", about)) if value}
        response = self._http.get(self.description["mailbox"], params=query, headers={"Accept": "application/json"})
        return [
            self._mail(message)
            for message in response.json()["messages"]
            if (to is None or to in message["to"]) and (about is None or about in message["text"])
        ]

    def _mail(self, message: Json) -> Mail:
        return Mail(
            id=message["id"],
            to=tuple(message["to"]),
            sender=message["from"],
            subject=message["subject"],
            text=message["text"],
            html=message["html"],
            attachments=tuple(
                Attachment(one["name"], one["content_type"], partial(self._download, one["url"]))
                for one in message["attachments"]
            ),
            sender_name=message["from_name"],
            reply_to=tuple(message["reply_to"]),
        )

    def _download(self, url: str) -> bytes:
        return self._http.get(url).raise_for_status().content

    def eventually(self, look: Callable[[], Seen]) -> Seen:
        return self.within(DEADLINE_SECONDS, look)

    def within(self, seconds: float, look: Callable[[], Seen]) -> Seen:
        return until(look, seconds, LOOK_EVERY_SECONDS)

    def _listed(self) -> list[Json]:
        pages = self.aws("stepfunctions").get_paginator("list_executions")
        arn = self.description["resources"]["state_machine_arn"]
        return [one for page in pages.paginate(stateMachineArn=arn) for one in page["executions"]]

    def execution_names(self) -> list[str]:
        return [one["name"] for one in self._listed()]

    def executions(self, order_id: str) -> list[Execution]:
        describe = self.aws("stepfunctions").describe_execution
        return [
            Execution(one["name"], one["status"], describe(executionArn=one["executionArn"])["input"])
            for one in self._listed()
            if one["name"].startswith(f"{order_id}-")
        ]

    def now(self) -> datetime:
        return datetime.now(UTC)

    def logs(self) -> str:
        logs = self.aws("logs")
        groups = logs.get_paginator("describe_log_groups").paginate()
        names = [group["logGroupName"] for page in groups for group in page["logGroups"]]
        events = logs.get_paginator("filter_log_events")
        return "\n".join(
            event["message"]
            for name in names
            for page in events.paginate(logGroupName=name)
            for event in page["events"]
        )
