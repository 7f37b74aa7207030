"""Build what is shipped: a layer or the functions' code, trimmed and with bytecode, into an empty folder.

    python tools/build_artifact.py core|rendering|functions FOLDER

`sam build` calls it, by the Makefiles beside the sources, with whichever Python is at hand: it needs pip and the
standard library only. The same sources and locks give the same bytes. Three variables of the environment have a say:

BUILD_FOR=host     for this machine and this Python instead of Lambda's; for tests and benches
TARGET_PYTHON=...  the interpreter that makes the bytecode, where it is not found by itself
BYTECODE=0         ship none; every cold start then compiles what it imports, at two to three times the CPU
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from gzip import decompress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CORE, RENDERING, FUNCTIONS = ROOT / "layers" / "core", ROOT / "layers" / "rendering", ROOT / "functions"

LAMBDA_PYTHON = "3.13"
LAMBDA_PLATFORM = "manylinux2014_aarch64"
MAX_BYTES = {"core": 25_000_000, "rendering": 105_000_000, "functions": 1_000_000}
"""Unpacked, by part; Lambda takes 250 MB of all together."""

NEVER_READ = (
    "bin",
    "**/*.pyi",
    "**/py.typed",
    "annotated_types/test_cases.py",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui/*.min.*",
    "botocore/data/*/*/examples-1.json",
)
CA_BUNDLE = "aws_authorities.pem"
"""The file in the core layer's `python` folder that the template names in `AWS_CA_BUNDLE`: reading the SDK's whole
bundle takes a sixth of a cold start."""
# https://www.amazontrust.com/repository/ lists its own four, and the one by which older trust stores know them.
AWS_AUTHORITY = r"# Issuer: CN=(Amazon Root CA \d |Starfield Services Root Certificate Authority - G2 )"
AWS_AUTHORITIES = 5
USUAL_ENDPOINTS = {"dynamodb", "secretsmanager", "ssm"}
"""Services whose addresses follow from botocore's `endpoints.json`; if it has rules for a service too, it evaluates
these."""
# Of a package's metadata, importlib.metadata reads these, and its license requires the others.
METADATA_KEPT = ("METADATA", "entry_points.txt", "licenses", "LICENSE*", "NOTICE*", "AUTHORS*", "COPYING*")


class BuildError(Exception):
    """An error that whoever builds can correct; the text says how."""


@dataclass(frozen=True)
class Target:
    """The platform of a build; `python` is its minor version, `platform` a wheel's tag or None for this machine."""

    python: str
    platform: str | None

    @classmethod
    def host(cls, python: str = "{}.{}".format(*sys.version_info)) -> Target:
        """Return this machine, with this Python or another one that it has."""
        return cls(python, None)

    @classmethod
    def chosen(cls) -> Target:
        requested = os.environ.get("BUILD_FOR", "lambda")
        if requested not in {"lambda", "host"}:
            raise BuildError(f"BUILD_FOR is lambda or host, not {requested}")
        return cls.host() if requested == "host" else cls(LAMBDA_PYTHON, LAMBDA_PLATFORM)

    @property
    def pip(self) -> list[str]:
        """Return the pip command, run by whichever Python decides which packages suit it."""
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
        return pip if self.platform or self == self.host() else [*pip, "--python", interpreter(self)]

    @property
    def pip_options(self) -> list[str]:
        if self.platform is None:
            return []
        return ["--platform", self.platform, "--implementation", "cp", "--python-version", self.python]


# -- what goes in -------------------------------------------------------------------------------------------------


def install(requirements: Path, folder: Path, target: Target) -> None:
    """Install the locked packages, wheels only, as they are published and without bytecode."""
    lock = ["--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement", str(requirements)]
    pip = [*target.pip, "install", "--quiet", "--no-compile"]
    _run([*pip, *lock, *target.pip_options, "--target", str(folder)], f"pip could not install {requirements.name}")


def copy_package(package: Path, folder: Path) -> None:
    shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__", ".*"))


def build_core(folder: Path, target: Target) -> None:
    packages = folder / "python"
    install(CORE / "requirements.txt", packages, target)
    trim(packages)
    trim_sdk(packages / "botocore" / "data", services(), names())
    copy_package(CORE / "online_orders", packages)
    authorities = aws_authorities((packages / "botocore" / "cacert.pem").read_text("utf-8"))
    (packages / CA_BUNDLE).write_text(authorities, "utf-8")
    compile_all(packages, "/opt/python", target)


def build_rendering(folder: Path, target: Target) -> None:
    packages = folder / "python"
    install(RENDERING / "requirements.txt", packages, target)
    trim(packages)
    trim_locales(packages / "babel" / "locale-data", languages())
    copy_package(RENDERING / "online_orders_rendering", packages)
    # -B: the bytecode of the packages is made below, for the target.
    program = [sys.executable, "-B", "-c", "from online_orders_rendering.templates import compile_all; compile_all()"]
    _run(program, "the templates could not be compiled", PYTHONPATH=str(packages))
    compile_all(packages, "/opt/python", target)


def build_functions(folder: Path, target: Target) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for source in sorted(FUNCTIONS.glob("*.py")):
        shutil.copyfile(source, folder / source.name)
    compile_all(folder, "/var/task", target)


PARTS: dict[str, Callable[[Path, Target], None]] = {
    "core": build_core,
    "rendering": build_rendering,
    "functions": build_functions,
}


# -- what is left out ---------------------------------------------------------------------------------------------


def trim(packages: Path) -> None:
    """Remove what no program reads: scripts, type stubs, tests, examples, pip's records."""
    for pattern in NEVER_READ:
        for path in packages.glob(pattern):
            _remove(path)
    for metadata in packages.glob("*.dist-info"):
        for path in metadata.iterdir():
            if not any(path.match(pattern) for pattern in METADATA_KEPT):
                _remove(path)


def services() -> set[str]:
    """Return the AWS services that the product makes clients of, by their SDK names."""
    found = set()
    for source, node in _nodes(b"client"):
        match node:
            case ast.Call(func=ast.Name(id="client"), args=[ast.Constant(value=str(name))]):
                found.add(name)
            case ast.Call(func=ast.Name(id="client") | ast.Attribute(attr="client")):
                raise BuildError(f"{source.relative_to(ROOT)}:{node.lineno}: which client? Spell it client('service').")
    return found


def names() -> set[str]:
    """Return the product's attribute names and texts; the methods of its AWS clients are among them."""
    found = set()
    for _, node in _nodes():
        match node:
            case ast.Attribute(attr=str(name)) | ast.Constant(value=str(name)):
                found.add(name)
    return found


def _nodes(text: bytes = b"") -> Iterator[tuple[Path, ast.AST]]:
    """Yield the syntax nodes of every source of the product that has a text in it, each with its file."""
    for source in (path for folder in (CORE, RENDERING, FUNCTIONS) for path in folder.rglob("*.py")):
        content = source.read_bytes()
        if text in content:
            yield from ((source, node) for node in ast.walk(ast.parse(content)))


def method_of(operation: str) -> str:
    """Return the client's method for an operation: `put_item` for PutItem."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()


def trim_sdk(data: Path, requested: set[str], called: set[str]) -> None:
    """Keep of botocore's data only these services, the newest API's operations that are called, and the endpoints."""
    if unknown := sorted(requested - {path.name for path in data.iterdir()}):
        raise BuildError(f"botocore knows no service {', '.join(unknown)}")
    prefixes = set()
    for service in [path for path in data.iterdir() if path.is_dir()]:
        if service.name not in requested:
            _remove(service)
            continue
        *older, newest = sorted(service.iterdir())
        for version in older:
            _remove(version)
        if service.name in USUAL_ENDPOINTS:
            _remove(newest / "endpoint-rule-set-1.json.gz")
        for packed in newest.glob("*.json.gz"):
            _write_json(packed.with_suffix(""), json.loads(decompress(packed.read_bytes())))
            _remove(packed)
        model = _undocumented(json.loads((newest / "service-2.json").read_bytes()))
        prefixes.add(model["metadata"]["endpointPrefix"])
        _write_json(newest / "service-2.json", _with_operations(_with_plain_items(model), called))

    endpoints = json.loads((data / "endpoints.json").read_bytes())
    for partition in endpoints["partitions"]:
        known = partition["services"]
        partition["services"] = {prefix: known[prefix] for prefix in sorted(prefixes) if prefix in known}
    _write_json(data / "endpoints.json", endpoints)


def _with_operations(model: dict[str, Any], called: set[str]) -> dict[str, Any]:
    """Return a service with the operations whose methods are called, and the shapes that those need."""
    operations = {name: each for name, each in model["operations"].items() if method_of(name) in called}
    if not operations:
        raise BuildError(f"nothing of {model['metadata']['serviceId']} is called")
    shapes: dict[str, Any] = {}
    left = [operations]
    while left:
        match left.pop():
            case dict() as part:
                left += part.values()
                if isinstance(name := part.get("shape"), str) and name not in shapes:
                    shapes[name] = model["shapes"][name]
                    left.append(shapes[name])
            case list() as parts:
                left += parts
    return {**model, "operations": operations, "shapes": shapes}


def _with_plain_items(model: dict[str, Any]) -> dict[str, Any]:
    """Return DynamoDB's model with its items, keys and values as documents: JSON that the SDK passes on as it is.

    Otherwise it visits each value of each attribute, because one may be binary; the product stores none.
    """
    document = {"type": "structure", "members": {}, "document": True}
    plain = {
        name: document
        for name, shape in model["shapes"].items()
        if name == "AttributeValue" or shape.get("value") == {"shape": "AttributeValue"}
    }
    return {**model, "shapes": {**model["shapes"], **plain}}


def _undocumented(model: Any) -> Any:
    """Return a model without its `documentation` texts; a member of a shape with that name stays."""
    if isinstance(model, list):
        return [_undocumented(each) for each in model]
    if not isinstance(model, dict):
        return model
    return {
        name: _undocumented(value)
        for name, value in model.items()
        if not (name == "documentation" and isinstance(value, str))
    }


def aws_authorities(bundle: str) -> str:
    """Return the certificates of the authorities of AWS's endpoints, from the SDK's bundle, whose comments name the
    issuers.
    """
    certificates = re.findall(r"# Issuer: .*?-----END CERTIFICATE-----\n", bundle, re.DOTALL)
    found = [one for one in certificates if re.match(AWS_AUTHORITY, one)]
    if len(found) != AWS_AUTHORITIES:
        raise BuildError(f"the SDK's bundle has {len(found)} certificates of AWS's authorities, not {AWS_AUTHORITIES}")
    return "".join(found)


def languages() -> set[str]:
    """Return the languages of the product's mails and PDFs."""
    return {path.stem for path in (CORE / "online_orders" / "locales").glob("*.json")}


def trim_locales(data: Path, requested: set[str]) -> None:
    """Keep of Babel's data only these languages, with their regions, and the data that all locales inherit."""
    for path in data.glob("*.dat"):
        if path.stem != "root" and path.stem.partition("_")[0] not in requested:
            path.unlink()


# -- bytecode -----------------------------------------------------------------------------------------------------


def compile_all(folder: Path, deployed_at: str, target: Target) -> None:
    """Put bytecode beside the sources, valid without a check of their times, which a zip unpacked by Lambda does not
    keep.
    """
    if os.environ.get("BYTECODE") == "0":
        return
    compiler = [interpreter(target), "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    where = ["-s", str(folder), "-p", deployed_at, str(folder)]
    # One process and a fixed hash seed: otherwise marshal may order and share constants in more than one way.
    _run([*compiler, *where], "the bytecode could not be made", PYTHONHASHSEED="0")


def interpreter(target: Target) -> str:
    """Return a Python whose bytecode the target reads; raise BuildError when there is none."""
    named = os.environ.get("TARGET_PYTHON")
    for candidate in [named] if named else _candidates(target.python):
        if _output_of([candidate, "-c", "import sys; print('{}.{}'.format(*sys.version_info))"]) == target.python:
            return candidate
    wrong = f"TARGET_PYTHON={named} is not it" if named else "there is none here"
    raise BuildError(
        f"Python {target.python} is needed to make the bytecode, and {wrong}. Install it, or name one: "
        f"TARGET_PYTHON=/path/to/python{target.python}. BYTECODE=0 builds without; cold starts then take two to three "
        "times the CPU."
    )


def _candidates(version: str) -> Iterator[str]:
    yield sys.executable
    yield f"python{version}"
    if prefix := _output_of(["pyenv", "prefix", version]):
        yield f"{prefix}/bin/python{version}"
    if found := _output_of(["uv", "python", "find", version]):
        yield found


def _output_of(command: list[str]) -> str:
    """Return what a command printed; an empty text when it failed or is not there."""
    try:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment())
    except OSError:
        return ""
    return ended.stdout.strip() if ended.returncode == 0 else ""


# -- files and processes ------------------------------------------------------------------------------------------


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in files(folder))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, separators=(",", ":"), ensure_ascii=False), "utf-8")


def _environment(**more: str) -> dict[str, str]:
    """Return our environment without the variables that would affect another interpreter."""
    foreign = {"PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONOPTIMIZE", "__PYVENV_LAUNCHER__"}
    return {name: value for name, value in os.environ.items() if name not in foreign} | more


def _run(command: list[str], failure: str, **environment: str) -> None:
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=_environment(**environment)
    )
    if ended.returncode:
        raise BuildError(f"{failure}:\n{ended.stdout}{ended.stderr}")


def build(part: str, folder: Path, target: Target) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise BuildError(f"{folder} is not empty")
    PARTS[part](folder, target)
    size = size_of(folder)
    if size > MAX_BYTES[part]:
        raise BuildError(f"{part} has {size:,} bytes unpacked; {MAX_BYTES[part]:,} are allowed")


def main(arguments: list[str]) -> int:
    match arguments:
        case [part, name] if part in PARTS:
            folder = Path(name)
        case _:
            print(f"usage: {Path(__file__).name} {'|'.join(PARTS)} FOLDER", file=sys.stderr)
            return 2
    try:
        target = Target.chosen()
        build(part, folder, target)
    except BuildError as error:
        print(f"{part}: {error}", file=sys.stderr)
        return 1
    size, number = size_of(folder) / 1_000_000, len(files(folder))
    print(f"{part}: {size:.1f} MB in {number} files for Python {target.python}, {target.platform or 'this machine'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
