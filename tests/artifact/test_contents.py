"""What the artifact holds, what it leaves out, and that nobody misses it."""

import json
import shutil
import ssl
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from botocore.session import Session

from tests.artifact import rendered
from tests.artifact.built import FUNCTIONS, TEMPLATE, Artifact, resources
from tests.rendering import samples
from tools.build_artifact import (
    LAMBDA_PLATFORM,
    LAMBDA_PYTHON,
    MAX_BYTES,
    ROOT,
    BuildError,
    Target,
    aws_authorities,
    build,
    files,
    interpreter,
    languages,
    services,
    size_of,
)

LAYERS = resources("LayerVersion")
MAKEFILES = {
    **{name: ROOT / layer["ContentUri"] / "Makefile" for name, layer in LAYERS.items()},
    **{name: ROOT / function["CodeUri"] / "Makefile" for name, function in FUNCTIONS.items()},
}
LAMBDA_UNPACKED_BYTES = 250 * 1024 * 1024
UNCHECKED_HASH = b"\1\0\0\0"
"""The flags of bytecode that is taken without a look at its source (PEP 552)."""

IMPORT = """
import importlib, json, sys
compiled = []
sys.addaudithook(lambda event, arguments: compiled.append(str(arguments[1])) if event == "compile" else None)
module, _, name = sys.argv[1].partition(".")
handler = getattr(importlib.import_module(module), name)
origins = [str(getattr(each, "__file__", None) or "") for each in list(sys.modules.values())]
print(json.dumps({"callable": callable(handler), "compiled": compiled, "origins": origins}))
"""

ENDPOINTS = """
import json, sys
from botocore.session import Session
regions, names = json.loads(sys.argv[1]), json.loads(sys.argv[2])
session = Session()
clients = [session.create_client(name, region_name=region) for region in regions for name in names]
print(json.dumps([client.meta.endpoint_url for client in clients]))
"""

TRANSLATE = """
import json, sys
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.session import Session
model, translated = Session().get_service_model("dynamodb"), []
for operation, parameters, status, response in json.loads(sys.argv[1]):
    described = model.operation_model(operation)
    sent = create_serializer("json").serialize_to_request(parameters, described)
    received = {"status_code": status, "headers": {}, "body": json.dumps(response).encode()}
    shape = described.output_shape
    translated.append([json.loads(sent["body"]), create_parser("json").parse(received, shape)])
print(json.dumps(translated))
"""
KEY = {"pk": {"S": "ORDER#1"}, "sk": {"S": "ENTRY#1"}}
ITEM = {
    **KEY,
    "sequence": {"N": "1"},
    "document": {"S": '{"note":"Größe"}'},
    "more": {"M": {"a": {"L": [{"BOOL": True}]}}},
}
CONDITION = {"ConditionExpression": "sequence = :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
CALLS = [
    ("GetItem", {"TableName": "t", "Key": KEY}, 200, {"Item": ITEM}),
    ("GetItem", {"TableName": "t", "Key": KEY}, 200, {}),
    (
        "BatchGetItem",
        {"RequestItems": {"t": {"Keys": [KEY, KEY], "ConsistentRead": True}}},
        200,
        {"Responses": {"t": [ITEM]}, "UnprocessedKeys": {"t": {"Keys": [KEY]}}},
    ),
    ("Query", {"TableName": "t", "ExclusiveStartKey": KEY}, 200, {"Items": [ITEM, ITEM], "LastEvaluatedKey": KEY}),
    ("PutItem", {"TableName": "t", "Item": ITEM, **CONDITION}, 200, {}),
    (
        "TransactWriteItems",
        {
            "TransactItems": [
                {"Put": {"TableName": "t", "Item": ITEM, **CONDITION}},
                {"Delete": {"TableName": "t", "Key": KEY}},
            ]
        },
        400,
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "CancellationReasons": [{"Code": "ConditionalCheckFailed", "Item": ITEM}, {"Code": "None"}],
        },
    ),
]
"""Of DynamoDB: an operation with its parameters, and a status with its response."""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_from_bytecode_and_from_its_own_layers(artifact: Artifact, function: str) -> None:
    found = artifact.run(function, IMPORT, FUNCTIONS[function]["Handler"])
    assert found["callable"]
    assert not [path for path in found["compiled"] if path.endswith(".py")]
    assert not [path for path in found["origins"] if "site-packages" in path]


def test_each_part_is_small_and_all_together_are_less_than_lambda_takes(artifact: Artifact) -> None:
    parts = {"core": artifact.core, "rendering": artifact.rendering, "functions": artifact.functions}
    assert parts.keys() == MAX_BYTES.keys()
    assert [name for name, folder in parts.items() if size_of(folder) > MAX_BYTES[name]] == []
    assert sum(MAX_BYTES.values()) < LAMBDA_UNPACKED_BYTES


def test_what_has_grown_too_large_is_not_built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(MAX_BYTES, "functions", 10_000)
    with pytest.raises(BuildError, match=r"functions has [0-9,]+ bytes unpacked; 10,000 are allowed"):
        build("functions", tmp_path / "large", Target.host())


def test_every_source_has_bytecode_that_is_never_checked(artifact: Artifact) -> None:
    for folder in (artifact.core, artifact.rendering, artifact.functions):
        sources = [path for path in files(folder) if path.suffix == ".py"]
        assert sources
        for source in sources:
            assert Path(cache_from_source(str(source))).read_bytes()[4:8] == UNCHECKED_HASH, source


def test_the_same_sources_give_the_same_bytes(artifact: Artifact, tmp_path: Path) -> None:
    build("functions", tmp_path / "again", Target.host())
    again = files(tmp_path / "again")
    assert [path.relative_to(tmp_path / "again") for path in again] == [
        path.relative_to(artifact.functions) for path in files(artifact.functions)
    ]
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in files(artifact.functions)]


def test_the_licenses_go_with_the_packages(artifact: Artifact) -> None:
    for metadata in [*artifact.core.glob("python/*.dist-info"), *artifact.rendering.glob("python/*.dist-info")]:
        names = [path.name.upper() for path in metadata.rglob("*")]
        assert any(name.startswith(("LICENSE", "LICENCE", "COPYING")) for name in names), metadata.name


def test_the_trimmed_sdk_finds_the_endpoints_of_the_whole_one(artifact: Artifact) -> None:
    regions = ["eu-central-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "us-isob-east-1"]
    names = sorted(services())
    whole = Session()
    credentials = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    assert artifact.run("OrdersApiFunction", ENDPOINTS, json.dumps(regions), json.dumps(names)) == [
        whole.create_client(name, region_name=region, **credentials).meta.endpoint_url
        for region in regions
        for name in names
    ]


def test_the_trimmed_sdk_sends_and_reads_items_like_the_whole_one(artifact: Artifact) -> None:
    program = [sys.executable, "-c", TRANSLATE, json.dumps(CALLS)]
    whole = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    assert artifact.run("OrdersApiFunction", TRANSLATE, json.dumps(CALLS)) == json.loads(whole)


@pytest.mark.parametrize("language", sorted(languages()))
def test_mails_pages_and_papers_are_those_of_the_source_tree(artifact: Artifact, language: str) -> None:
    document = samples.pending(language).order.model_dump_json()
    program = Path(rendered.__file__).read_text("utf-8")
    assert artifact.run("SendQuoteFunction", program, stdin=document) == rendered.rendered(document)


def test_it_is_built_for_what_the_template_runs_it_on() -> None:
    for function in FUNCTIONS.values():
        assert function["Runtime"] == f"python{LAMBDA_PYTHON}"
        assert function["Architectures"] == ["arm64"]
    assert LAMBDA_PLATFORM.endswith("aarch64")


@pytest.mark.parametrize("logical_id", MAKEFILES)
def test_sam_finds_how_to_build_a_resource(logical_id: str, tmp_path: Path) -> None:
    """SAM runs the Makefile in a copy of its folder, wherever the repository lies."""
    lying = tmp_path / "a b" / MAKEFILES[logical_id].relative_to(ROOT)
    lying.parent.mkdir(parents=True)
    shutil.copy(MAKEFILES[logical_id], lying)
    texts = subprocess.run(
        ["make", "--dry-run", "--makefile", lying, f"build-{logical_id}", "ARTIFACTS_DIR=/there"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    part = {"CoreLayer": "core", "RenderingLayer": "rendering"}.get(logical_id, "functions")
    assert f'"{tmp_path}/a b/tools/build_artifact.py" {part} "/there"' in texts


def test_without_a_compiler_of_the_target_it_says_what_can_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TARGET_PYTHON", raising=False)
    with pytest.raises(BuildError, match=r"Python 3\.99 is needed .*TARGET_PYTHON=.*BYTECODE=0"):
        interpreter(Target("3.99", None))
    monkeypatch.setenv("TARGET_PYTHON", "/nowhere/python")
    with pytest.raises(BuildError, match="TARGET_PYTHON=/nowhere/python is not it"):
        interpreter(Target("3.99", None))


def test_the_layer_holds_the_authorities_of_aws(artifact: Artifact) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    condition, named, otherwise = variables["AWS_CA_BUNDLE"]["Fn::If"]
    assert (condition, otherwise) == ("IsAwsPartition", {"Ref": "AWS::NoValue"}), "an empty path would check nothing"
    context.load_verify_locations(artifact.core / Path(named).relative_to("/opt"))
    response = json.dumps(context.get_ca_certs())
    names = [
        *(f"Amazon Root CA {number}" for number in range(1, 5)),
        "Starfield Services Root Certificate Authority - G2",
    ]
    assert len(context.get_ca_certs()) == len(names)
    assert all(name in response for name in names)


def test_a_bundle_without_them_is_not_built_with() -> None:
    with pytest.raises(BuildError, match="has 0 certificates"):
        aws_authorities("# Issuer: CN=Somebody\n-----END CERTIFICATE-----\n")
