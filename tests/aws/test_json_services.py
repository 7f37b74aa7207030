"""Calls without a client of the SDK: over a real wire, to a service that behaves as badly as one may."""

import gc
import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPResponse, parse_headers
from io import BufferedReader
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from time import gmtime
from typing import Any
from zlib import crc32

import botocore.session
import pytest
from botocore import exceptions as sdk
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from online_orders.aws import clients, deadlines, dynamodb, json_services, orders
from online_orders.aws.json_services import DYNAMODB, SECRETS_MANAGER, call
from online_orders.errors import Unavailable
from sandbox.template import read
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
PATIENCE_SECONDS = 5.0
SHORTEST_FUNCTION_SECONDS = min(timeouts().values())
SHORTEST_MAILER_SECONDS = min(
    timeouts()[name] for name in ("MailerFunction", "AccountChangesFunction", "SendQuoteFunction")
)


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
        said = self.answers.pop(0)
        if isinstance(said.body, Event):
            said.body.wait(PATIENCE_SECONDS)
            return False
        if said.body is None:
            return False
        taken.sendall(said.on_the_wire())
        return not said.then_closes

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
    monkeypatch.setattr(json_services, "sleep", waited.append)
    json_services.reset()
    yield waited
    json_services.reset()


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with closing(Service()) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{running.port}")
        yield running


def get() -> Any:
    return call(DYNAMODB, "GetItem", GET)


def test_it_asks_what_a_client_of_the_sdk_would(service: Service) -> None:
    service.answers = [Said(), Said()]
    get()
    botocore.session.Session().create_client("dynamodb").get_item(**GET)
    ours, theirs = service.asked
    assert (ours.line, ours.body) == (theirs.line, theirs.body)
    for header in ("content-type", "host", "x-amz-target", "accept-encoding"):
        assert ours.headers[header] == theirs.headers[header], header


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


def test_a_connection_that_the_service_closed_meanwhile_is_not_used(service: Service, pauses: list[float]) -> None:
    service.answers = [Said(then_closes=True), Said()]
    get()
    (kept,) = json_services._connections.by_address.values()
    assert kept.sock
    kept.sock.recv(1, socket.MSG_PEEK)  # returns once the end has come
    get()
    assert service.connections == 2
    assert not pauses


@pytest.mark.parametrize(
    "bad",
    [
        Said(500, {"__type": "InternalServerError"}),
        Said(503, b"<html>Busy</html>"),
        refusal("ProvisionedThroughputExceededException"),
        refusal("ThrottlingException"),
        refusal("TransactionInProgressException"),
        Said(body=None),
        Said(body={"Item": KEY}, headers={"x-amz-crc32": "1"}),
        Said(body=b"{", headers={"Content-Length": "100"}, then_closes=True),
        Said(body=b"{"),
        Said(headers={"x-amz-crc32": "none"}),
        refusal("ThrottlingException:http://internal.amazon.com/coral"),
    ],
    ids=[
        "error",
        "page",
        "throughput",
        "throttling",
        "in-progress",
        "hang-up",
        "checksum",
        "half",
        "no-json",
        "no-checksum",
        "with-address",
    ],
)
def test_what_may_help_is_tried_again(service: Service, pauses: list[float], bad: Said) -> None:
    good = {"Item": KEY}
    service.answers = [bad, bad, Said(body=good, headers={"x-amz-crc32": str(crc32(json.dumps(good).encode()))})]
    assert get() == good
    assert len(pauses) == 2
    assert len({asked.headers["amz-sdk-invocation-id"] for asked in service.asked}) == 1
    assert [asked.body for asked in service.asked] == [GET] * 3


def test_it_gives_up_after_four_attempts(service: Service, pauses: list[float]) -> None:
    service.answers = [refusal("ThrottlingException")] * 5
    with pytest.raises(ClientError) as refused:
        get()
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"
    assert len(service.asked) == 4
    assert len(pauses) == 3
    assert all(0 < pause < most for pause, most in zip(pauses, (1, 2, 4), strict=True))


def test_each_attempt_is_signed_at_its_time(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter([gmtime(1_800_000_000), gmtime(1_800_000_004)])
    monkeypatch.setattr(json_services, "gmtime", lambda: next(moments))
    service.answers = [refusal("ThrottlingException"), Said()]
    get()
    first, second = (asked.headers for asked in service.asked)
    assert [first["x-amz-date"], second["x-amz-date"]] == ["20270115T080000Z", "20270115T080004Z"]
    assert first["authorization"] != second["authorization"]


def test_while_nothing_works_it_tries_less(service: Service) -> None:
    service.answers = [Said(500)] * 1000
    for _ in range(60):
        with pytest.raises(ClientError):
            get()
    assert len(service.asked) == 60 + 100  # the SDK's quota is 500, and an attempt more takes 5
    service.answers = [Said(), Said(500), Said()]
    get()
    with pytest.raises(ClientError):
        get()  # one that went well gives back 1
    get()


def test_a_refusal_leaves_nothing_behind(service: Service) -> None:
    service.answers = [refusal("ConditionalCheckFailedException")]
    item = {"S": "x"}
    gc.disable()
    try:
        with pytest.raises(ClientError):
            call(DYNAMODB, "PutItem", parameters := {"Item": item})
        del parameters
        assert gc.get_referrers(item) == []
    finally:
        gc.enable()


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ConditionalCheckFailedException"])
def test_what_would_not_help_is_not(service: Service, pauses: list[float], code: str) -> None:
    service.answers = [refusal(code)]
    with pytest.raises(ClientError) as refused:
        get()
    assert refused.value.response["Error"] == {"Code": code, "Message": "No."}
    assert refused.value.response["ResponseMetadata"] == {"HTTPStatusCode": 400, "RequestId": "R1"}
    assert refused.value.operation_name == "GetItem"
    assert not pauses


def test_the_reasons_of_a_canceled_transaction_are_told(service: Service) -> None:
    reasons = [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": KEY}]
    service.answers = [refusal("TransactionCanceledException", CancellationReasons=reasons)]
    with pytest.raises(ClientError) as refused:
        call(DYNAMODB, "TransactWriteItems", {"TransactItems": []})
    assert refused.value.response["CancellationReasons"] == reasons


def test_what_is_no_json_is_known_by_its_status(service: Service) -> None:
    service.answers = [Said(403, b"<html>Forbidden</html>")]
    with pytest.raises(ClientError) as refused:
        get()
    assert refused.value.response["Error"] == {"Code": "403", "Message": ""}


def test_who_hangs_up_each_time_is_a_closed_connection(service: Service) -> None:
    service.answers = [Said(body=None)] * 4
    with pytest.raises(sdk.ConnectionClosedError):
        get()
    assert len(service.asked) == 4


def test_who_says_nothing_is_waited_for_as_long_as_is_read(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_services, "_READ_SECONDS", 0.05)
    silent = Event()
    service.answers = [Said(body=silent)] * 4
    with pytest.raises(sdk.ReadTimeoutError):
        get()
    silent.set()
    assert len(service.asked) == 4


def test_a_call_to_who_says_nothing_ends_before_the_function_that_makes_it(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt takes its full time, by a clock that is put forward."""
    passed = [0.0]
    monkeypatch.setattr(json_services, "monotonic", lambda: passed[0])

    def unanswered(*_: Any) -> None:
        passed[0] += json_services._CONNECT_SECONDS + json_services._READ_SECONDS
        raise sdk.ReadTimeoutError(endpoint_url="", error=TimeoutError())

    monkeypatch.setattr(json_services, "sleep", lambda seconds: passed.append(passed.pop() + seconds))
    monkeypatch.setattr(json_services, "exchange", unanswered)
    with pytest.raises(sdk.ReadTimeoutError):
        get()
    assert 6 < passed[0] < SHORTEST_FUNCTION_SECONDS - 1


def test_all_calls_of_a_request_together_end_before_the_function_that_makes_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A decision meets others for as long as it has patience, and then nobody answers any more: table, then papers."""
    passed, calls = [0.0], list[str]()
    for module in (json_services, deadlines, orders, dynamodb):
        monkeypatch.setattr(module, "monotonic", lambda: passed[0])
    for module in (json_services, dynamodb):
        monkeypatch.setattr(module, "sleep", lambda seconds: passed.append(passed.pop() + seconds))
    monkeypatch.setenv("TABLE_NAME", "t")

    def exchange(_: Any, headers: Mapping[str, str], __: bytes) -> Any:
        calls.append(headers["x-amz-target"].partition(".")[2])
        passed[0] += json_services._CONNECT_SECONDS + json_services._READ_SECONDS
        if passed[0] < orders._PATIENCE_SECONDS + 1:
            raise ClientError({"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": []}, "T")
        raise sdk.ReadTimeoutError(endpoint_url="", error=TimeoutError())

    monkeypatch.setattr(json_services, "exchange", exchange)
    order = builders.place().order
    with deadlines.answered_within(deadlines.LONGEST_REQUEST_SECONDS):
        with pytest.raises((sdk.ReadTimeoutError, Unavailable)):
            orders.decide(lambda: order, lambda order: order.claim(builders.CLARA, builders.NOW))
        assert set(calls) == {"TransactWriteItems"}
        assert 12 < passed[0] <= deadlines.LONGEST_REQUEST_SECONDS
        begun = len(calls)
        with pytest.raises(Unavailable):
            get()
        passed[0] += 2  # an attempt of the papers' bucket takes a second less
        with pytest.raises(Unavailable):
            clients.client("s3").get_object(Bucket="papers", Key="quote")
    assert len(calls) == begun
    assert deadlines.LONGEST_REQUEST_SECONDS + 1 < SHORTEST_FUNCTION_SECONDS


@pytest.mark.parametrize("name", sorted(services()))
def test_the_attempts_of_a_client_end_before_the_function_that_makes_them(name: str) -> None:
    asked = clients.client(name).meta.config
    attempts = asked.retries["total_max_attempts"]
    pauses = sum(2**number for number in range(attempts - 1))
    longest = attempts * (asked.connect_timeout + asked.read_timeout) + pauses
    assert attempts > 1
    assert longest < (SHORTEST_MAILER_SECONDS if name == "sesv2" else SHORTEST_FUNCTION_SECONDS)


def test_what_was_broken_off_is_not_read_on(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(BaseException):
        pass

    def interrupted(response: HTTPResponse) -> bytes:
        raise Interrupted

    service.answers = [Said(body={"Item": KEY}), Said()]
    with monkeypatch.context() as breaking:
        breaking.setattr(HTTPResponse, "read", interrupted)
        with pytest.raises(Interrupted):
            get()
    assert get() == {}
    assert len(service.asked) == 2


def test_who_is_not_reached_in_time_is_no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_services, "_CONNECT_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        with socket.create_connection(address):
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{address[1]}")
            with pytest.raises(sdk.ConnectTimeoutError):
                get()


def test_where_nobody_listens_is_no_endpoint(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(sdk.EndpointConnectionError):
        get()
    assert len(pauses) == 3


def test_threads_have_connections_of_their_own(service: Service) -> None:
    service.answers = [Said() for _ in range(40)]

    def get_ten(_: int) -> list[Any]:
        answers = [get() for _ in range(10)]
        json_services.reset()
        return answers

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(get_ten, range(4))) == [[{}] * 10] * 4
    assert service.connections == 4


# -- by TLS -------------------------------------------------------------------------------------------------------


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[tuple[Service, Path]]:
    """A service that speaks TLS, and the certificate to trust it by."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.OID_COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, secret = tmp_path / "certificate.pem", tmp_path / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    unlocked = serialization.NoEncryption()
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, unlocked)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, secret)
    json_services._trust.cache_clear()
    with closing(Service(context)) as running:
        yield running, pem
    json_services._trust.cache_clear()


def test_it_speaks_tls(certified: tuple[Service, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    service, pem = certified
    monkeypatch.setenv("AWS_CA_BUNDLE", str(pem))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{service.port}")
    service.answers = [Said(body={"Item": KEY}), Said()]
    assert get() == {"Item": KEY}
    get()
    assert service.connections == 1


@pytest.mark.parametrize("known_first", [True, False], ids=["first", "last"])
def test_it_trusts_first_those_who_certify_aws_and_then_all(
    certified: tuple[Service, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, known_first: bool
) -> None:
    service, pem = certified
    every = json_services.SDK / "cacert.pem"
    monkeypatch.setattr(json_services, "AWS_AUTHORITIES", pem if known_first else every)
    (tmp_path / "cacert.pem").write_bytes(every.read_bytes() if known_first else pem.read_bytes())
    monkeypatch.setattr(json_services, "SDK", tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"https://127.0.0.1:{service.port}")
    service.answers = [Said(body={"Item": KEY})]
    assert get() == {"Item": KEY}
    assert json_services._trust.cache_info().currsize == (1 if known_first else 2)


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


@pytest.mark.parametrize(
    ("service", "variables", "address"),
    [
        (DYNAMODB, {}, "https://dynamodb.eu-central-1.amazonaws.com/"),
        (SECRETS_MANAGER, {}, "https://secretsmanager.eu-central-1.amazonaws.com/"),
        (DYNAMODB, {"AWS_DEFAULT_REGION": "us-gov-west-1"}, "https://dynamodb.us-gov-west-1.amazonaws.com/"),
        (DYNAMODB, {"AWS_DEFAULT_REGION": "cn-north-1"}, "https://dynamodb.cn-north-1.amazonaws.com.cn/"),
        (
            SECRETS_MANAGER,
            {"AWS_DEFAULT_REGION": "eusc-de-east-1"},
            "https://secretsmanager.eusc-de-east-1.amazonaws.eu/",
        ),
        (DYNAMODB, {"AWS_DEFAULT_REGION": "us-isob-east-1"}, "https://dynamodb.us-isob-east-1.sc2s.sgov.gov/"),
        (SECRETS_MANAGER, {"AWS_ENDPOINT_URL_SECRETS_MANAGER": "https://secrets.example"}, "https://secrets.example/"),
        (SECRETS_MANAGER, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1/"}, "http://127.0.0.1:1/"),
        (
            DYNAMODB,
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ENDPOINT_URL_DYNAMODB": "https://table.example"},
            "https://table.example/",
        ),
    ],
)
def test_it_goes_where_the_sdk_goes(
    monkeypatch: pytest.MonkeyPatch, service: json_services.Service, variables: dict[str, str], address: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert json_services._address(service).geturl() == address
    client = botocore.session.Session().create_client(service.name)
    assert client.meta.endpoint_url.rstrip("/") == address.rstrip("/")


def test_a_session_token_is_sent_along(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "TOKEN")
    service.answers = [Said()]
    get()
    assert service.asked[0].headers["x-amz-security-token"] == "TOKEN"
    assert "x-amz-security-token" in service.asked[0].headers["authorization"]


@pytest.fixture
def keyless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[str], int]]:
    """No keys in the environment; what is given is written into the SDK's file of them."""
    keys = tmp_path / "credentials"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(keys))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    clients._session.cache_clear()
    yield keys.write_text
    clients._session.cache_clear()


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
    asked = [one.headers for one in service.asked]
    assert [one["authorization"] for one in asked[:2]] == ["may ask"] * 2
    assert all("Credential=SECOND/" in one["authorization"] for one in asked[2:])
    assert [one["x-amz-security-token"] for one in asked[2:]] == ["TSECOND"] * 2


def test_without_any_keys_it_says_so(service: Service, keyless: Callable[[str], int]) -> None:
    with pytest.raises(sdk.NoCredentialsError):
        get()
    assert not service.asked
