"""The clients as they are set up here: over a real connection, to a service that fails in every way."""

import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import parse_headers
from io import BufferedReader
from pathlib import Path
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from botocore import endpoint, handlers
from botocore import exceptions as sdk
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session
from botocore.session import Session
from moto.core.botocore_stubber import MockRawResponse

from emulation.template import read
from online_orders import deadlines
from online_orders.aws import clients, order_store, table
from online_orders.domain.errors import Unavailable
from tests import certificates
from tests.domain import builders
from tools.build_artifact import services


def timeouts() -> dict[str, int]:
    """Of the template's functions, in seconds."""
    template = read(Path(__file__).parents[2] / "template.yaml")
    usual = template["Globals"]["Function"]["Timeout"]
    functions = {name: one for name, one in template["Resources"].items() if one["Type"] == "AWS::Serverless::Function"}
    return {name: int(one["Properties"].get("Timeout", usual)) for name, one in functions.items()}


KEY = {"pk": {"S": "ACCOUNT#acme"}, "sk": {"S": "Ørder"}}
GET = {"TableName": "Table", "Key": KEY}
DEADLINE_SECONDS = 5.0
MIN_FUNCTION_SECONDS = min(timeouts().values())
MIN_MAILER_SECONDS = min(timeouts()[name] for name in ("MailerFunction", "AccountChangesFunction", "SendQuoteFunction"))


@dataclass
class Said:
    """One answer of the service; `None` for a body: it hangs up instead. `Event`: it waits for that before it does."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    then_closes: bool = False

    def on_the_wire(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Length": str(len(body)), "x-amzn-RequestId": "R1", **self.headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} Said\r\n{lines}\r\n".encode() + body


def refusal(code: str, status: int = 400, **more: Any) -> Said:
    return Said(status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "No.", **more})


@dataclass
class Asked:
    line: str
    headers: Mapping[str, str]
    body: Any


class Service:
    """Answers what it is told to, in turn, and remembers what it was asked and on how many connections."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answers: list[Said] = []
        self.asked: list[Asked] = []
        self.connections = 0
        self._context = context
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                taken, _ = self._listening.accept()
            except OSError:
                return
            Thread(target=self._serve, args=(taken,), daemon=True).start()

    def _serve(self, taken: socket.socket) -> None:
        try:
            if self._context:
                taken = self._context.wrap_socket(taken, server_side=True)
            self.connections += 1
            self._open.append(taken)
            with closing(taken), taken.makefile("rb") as stream:
                while self._answer(taken, stream):
                    pass
        except OSError:
            return  # who asked is gone

    def _answer(self, taken: socket.socket, stream: BufferedReader) -> bool:
        line = stream.readline().decode().strip()
        if not line:
            return False
        headers = parse_headers(stream)
        body = stream.read(int(headers.get("Content-Length", 0))) or b"null"
        self.asked.append(Asked(line, {name.lower(): value for name, value in headers.items()}, json.loads(body)))
        text = self.answers.pop(0)
        if isinstance(text.body, Event):
            text.body.wait(DEADLINE_SECONDS)
            return False
        if text.body is None:
            return False
        taken.sendall(text.on_the_wire())
        return not text.then_closes

    def close(self) -> None:
        self._listening.close()
        for each in self._open:
            each.close()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The seconds that were waited between attempts, which take none here."""
    waited: list[float] = []
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        "AWS_CA_BUNDLE",
        "AWS_SESSION_TOKEN",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not a secret")
    monkeypatch.setattr(endpoint, "time", SimpleNamespace(sleep=waited.append))
    clients.reset()
    yield waited
    clients.reset()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with closing(Service()) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{running.port}")
        yield running


def get() -> Any:
    response = clients.client("dynamodb").get_item(**GET)
    del response["ResponseMetadata"]
    return response


def test_the_answer_is_what_the_service_says(service: Service) -> None:
    service.answers = [Said(body={"Item": KEY})]
    assert get() == {"Item": KEY}


def test_one_connection_serves_many_calls(service: Service) -> None:
    service.answers = [Said(), refusal("ValidationException"), Said()]
    get()
    with pytest.raises(ClientError):
        get()
    get()
    assert service.connections == 1


def test_a_connection_that_the_service_closed_meanwhile_is_made_anew(service: Service) -> None:
    service.answers = [Said(then_closes=True), Said(), Said()]
    get()
    get()
    assert service.connections == 2


@pytest.mark.parametrize(
    "bad",
    [
        Said(500, {"__type": "InternalServerError"}),
        Said(503, b"<html>Busy</html>"),
        refusal("ProvisionedThroughputExceededException"),
        refusal("ThrottlingException"),
        refusal("TransactionInProgressException"),
        Said(body=None),
        Said(body=b"{", headers={"Content-Length": "100"}, then_closes=True),
    ],
    ids=["error", "page", "throughput", "throttling", "in-progress", "hang-up", "half"],
)
def test_what_may_help_is_tried_again(service: Service, pauses: list[float], bad: Said) -> None:
    good = {"Item": KEY}
    service.answers = [bad, bad, Said(body=good)]
    assert get() == good
    assert len(pauses) == 2
    assert [requested.body for requested in service.asked] == [GET] * 3


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ConditionalCheckFailedException"])
def test_what_would_not_help_is_not(service: Service, pauses: list[float], code: str) -> None:
    service.answers = [refusal(code)]
    with pytest.raises(ClientError) as refused:
        get()
    assert refused.value.response["Error"] == {"Code": code, "Message": "No."}
    assert refused.value.operation_name == "GetItem"
    assert not pauses


def test_the_reasons_of_a_canceled_transaction_are_told(service: Service) -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": KEY}]
    service.answers = [refusal("TransactionCanceledException", CancellationReasons=reasons)]
    with pytest.raises(ClientError) as refused:
        clients.client("dynamodb").transact_write_items(TransactItems=[])
    assert refused.value.response["CancellationReasons"] == reasons


def test_after_three_attempts_it_gives_up(service: Service, pauses: list[float]) -> None:
    service.answers = [Said(body=None)] * 3
    with pytest.raises(sdk.ConnectionClosedError):
        get()
    assert len(service.asked) == 3
    assert len(pauses) == 2


def test_all_calls_of_a_request_end_before_its_function_times_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A decision meets others for as long as it has patience, and then nobody answers any more: table, then papers."""
    passed, calls = [0.0], list[str]()
    for module in (deadlines, table):
        monkeypatch.setattr(module, "monotonic", lambda: passed[0])

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    monkeypatch.setattr(table, "sleep", sleep)
    monkeypatch.setattr(endpoint, "time", SimpleNamespace(sleep=sleep))
    monkeypatch.setenv("TABLE_NAME", "t")

    def send(_: URLLib3Session, request: AWSPreparedRequest) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        calls.append(target.decode().partition(".")[2])
        passed[0] += 5  # to connect, and to read
        if passed[0] < order_store._UPDATE_DEADLINE_SECONDS + 1:
            canceled = {"__type": "TransactionCanceledException", "CancellationReasons": []}
            return AWSResponse(request.url, 400, HeadersDict({}), MockRawResponse(json.dumps(canceled).encode()))
        raise sdk.ReadTimeoutError(endpoint_url="", error=TimeoutError())

    monkeypatch.setattr(URLLib3Session, "send", send)
    order = builders.place().order
    with deadlines.request_deadline(deadlines.MAX_REQUEST_SECONDS):
        with pytest.raises((sdk.ReadTimeoutError, Unavailable)):
            order_store.update_order(lambda: order, lambda order: order.claim(builders.CLARA, builders.NOW))
        assert set(calls) == {"TransactWriteItems"}
        assert 12 < passed[0] <= deadlines.MAX_REQUEST_SECONDS
        begun = len(calls)
        with pytest.raises(Unavailable):
            get()
        with pytest.raises(Unavailable):
            clients.client("s3").get_object(Bucket="papers", Key="quote")
    assert len(calls) == begun
    assert deadlines.MAX_REQUEST_SECONDS + 1 < MIN_FUNCTION_SECONDS


@pytest.mark.parametrize("name", sorted(services()))
def test_the_attempts_of_a_client_end_before_the_function_that_makes_them(name: str) -> None:
    requested = clients.client(name).meta.config
    attempts = requested.retries["total_max_attempts"]
    pauses = sum(2**number for number in range(attempts - 1))
    longest = attempts * (requested.connect_timeout + requested.read_timeout) + pauses
    assert attempts > 1
    assert longest == clients.max_call_seconds(name)
    assert longest < (MIN_MAILER_SECONDS if name == "sesv2" else MIN_FUNCTION_SECONDS)


def test_where_nobody_listens_is_no_endpoint(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(sdk.EndpointConnectionError):
        get()
    assert len(pauses) == 2


@pytest.mark.parametrize("name", sorted(services()))
def test_a_client_has_every_hook_of_the_sdks_that_its_service_needs(name: str) -> None:
    whole, ours = Session(), clients._session(name)
    model = whole.get_service_model(name)
    names = "before-parameter-build before-endpoint-resolution before-call request-created choose-signer before-sign"
    stages = f"{names} needs-retry before-parse after-call".split()
    ends = [f".{model.service_id.hyphenize()}.{operation}" for operation in model.operation_names]
    events = [f"{stage}{end}" for stage in stages for end in ends]
    events += [f"creating-client-class.{model.service_id.hyphenize()}", "choose-service-name"]

    def hooks(session: Session, event: str) -> list[object]:
        found = session.get_component("event_emitter")._emitter._handlers.prefix_search(event)
        return [
            hook for hook in found if hook.__module__ == handlers.__name__ and hook is not handlers.add_retry_headers
        ]

    assert [hooks(ours, event) for event in events] == [hooks(whole, event) for event in events]
    assert any(hooks(ours, event) for event in events)


def test_no_header_is_signed_that_the_service_does_not_need(service: Service) -> None:
    service.answers = [Said()]
    get()
    [requested] = service.asked
    signed = requested.headers["authorization"].split("SignedHeaders=")[1].split(",")[0]
    assert signed.split(";") == ["content-type", "host", "x-amz-date", "x-amz-target"]
    assert requested.headers["user-agent"] == "online-orders"


# -- by TLS -------------------------------------------------------------------------------------------------------


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[tuple[Service, Path]]:
    """A service that speaks TLS, and the certificate to trust it by."""
    context, pem = certificates.certified(tmp_path)
    with closing(Service(context)) as running:
        yield running, pem


def test_it_speaks_tls(certified: tuple[Service, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    service, pem = certified
    monkeypatch.setenv("AWS_CA_BUNDLE", str(pem))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{service.port}")
    service.answers = [Said(body={"Item": KEY}), Said()]
    assert get() == {"Item": KEY}
    get()
    assert service.connections == 1


def test_it_trusts_no_stranger(certified: tuple[Service, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    service, _ = certified
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{service.port}")
    with pytest.raises(sdk.SSLError):
        get()
    assert not service.asked


def test_it_takes_no_certificate_of_another_name(
    certified: tuple[Service, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    service, pem = certified
    monkeypatch.setenv("AWS_CA_BUNDLE", str(pem))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://localhost:{service.port}")
    with pytest.raises(sdk.SSLError):
        get()
    assert not service.asked


# -- where to and who ---------------------------------------------------------------------------------------------


@pytest.fixture
def keyless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], int]:
    """No keys in the environment; what is given is written into the SDK's file of them."""
    keys = tmp_path / "credentials"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(keys))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return keys.write_text


def test_without_lambdas_keys_those_are_used_that_the_sdk_finds(
    service: Service, keyless: Callable[[str], int]
) -> None:
    keyless("[default]\naws_access_key_id = FROMFILE\naws_secret_access_key = s\n")
    service.answers = [Said()]
    get()
    assert "Credential=FROMFILE/" in service.asked[0].headers["authorization"]


def test_what_started_from_a_snapshot_asks_for_its_keys_until_they_end(
    service: Service, keyless: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda sets no keys for such a function, but says where to ask for some, which end within hours."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{service.port}/keys")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "may ask")
    keys = [
        {"AccessKeyId": name, "SecretAccessKey": "s", "Token": f"T{name}", "Expiration": f"{end:%Y-%m-%dT%H:%M:%SZ}"}
        for name, end in zip(
            ("FIRST", "SECOND"), (datetime.now(UTC) + timedelta(minutes=ends_in) for ends_in in (1, 300)), strict=True
        )
    ]
    service.answers = [Said(body=keys[0]), Said(body=keys[1]), Said(), Said()]
    get()
    get()
    requested = [one.headers for one in service.asked]
    assert [one["authorization"] for one in requested[:2]] == ["may ask"] * 2
    assert all("Credential=SECOND/" in one["authorization"] for one in requested[2:])
    assert [one["x-amz-security-token"] for one in requested[2:]] == ["TSECOND"] * 2


def test_without_any_keys_it_says_so(service: Service, keyless: Callable[[str], int]) -> None:
    with pytest.raises(sdk.NoCredentialsError):
        get()
    assert not service.asked
