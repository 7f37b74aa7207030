"""The command-line tool as a user has it, against the system in this process or the local run."""

import json
from contextlib import AbstractContextManager, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any

import httpx
from typer.testing import CliRunner

from online_orders.aws import clients
from online_orders_cli.app import app
from online_orders_cli.installation import Installation
from tests.contract.in_process import InProcess
from tests.contract.site import User

Json = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[Json]:
        """What a run with --json has said."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def complaints(self) -> list[Json]:
        return [json.loads(line) for line in self.err.splitlines()]


def logs_apart() -> AbstractContextManager[Any]:
    """The lab repeats what functions log on standard output, which here is the tool's."""
    return redirect_stdout(StringIO())


class LabInstallation(Installation):
    """The lab has no CloudFormation and no Lambda service to ask; it knows the same by itself."""

    site_in_lab: InProcess

    def resource(self, logical_id: str) -> str:
        return self.site_in_lab.lab.stack.ref(logical_id)

    def find_resource(self, logical_id: str) -> str | None:
        stack = self.site_in_lab.lab.stack
        return stack.ref(logical_id) if stack._resource(logical_id) else None

    def resources(self, kind: str) -> list[str]:
        stack = self.site_in_lab.lab.stack
        names = [name for name, declared in stack.template["Resources"].items() if declared["Type"] == kind]
        return [resource.ref for name in names if (resource := stack._resource(name))]

    def invoke(self, function: str, payload: Json) -> Any:
        with logs_apart():
            return self.site_in_lab.lab.functions.invoke(function, payload).payload


class Terminal:
    def __init__(self, installation: Installation) -> None:
        self.installation = installation

    @classmethod
    def of_lab(cls, site: InProcess) -> "Terminal":
        staff = site.people.cs.username
        by_token = {user.username: user for user in site.users}

        def answer(request: httpx.Request) -> httpx.Response:
            user: User = by_token[request.headers["authorization"].removeprefix("Bearer ")]
            kept = {"content-type", "if-match", "if-none-match", "accept"}
            headers = {name: value for name, value in request.headers.items() if name in kept}
            path = request.url.raw_path.decode()
            content = request.content or None
            with logs_apart():
                response = site.request(request.method, path, user=user, content=content, headers=headers)
            return httpx.Response(response.status, headers=dict(response.headers), content=response.body)

        installation = LabInstallation(
            site.origin,
            "lab",
            lambda service: site.lab.control() if service == "lambda" else site.lab.client(service),
            lambda: staff,
            httpx.Client(transport=httpx.MockTransport(answer)),
        )
        installation.site_in_lab = site
        return cls(installation)

    def run(self, *arguments: object, expect: int = 0) -> Ran:
        words = [str(each) for each in arguments]
        response = CliRunner().invoke(app, words, obj=self.installation, catch_exceptions=False)
        clients.reset()  # as a process of its own would leave them
        ran = Ran(response.exit_code, response.stdout, response.stderr)
        assert ran.code == expect, ran
        return ran
