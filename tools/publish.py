"""Put the screens on a stage's site.

    .venv/bin/python -m tools.publish STAGE

`STAGE` is `dev` or another table of samconfig.toml, which says the stack and its region. Files go under a name that is
made of their content, so that browsers may keep them for good; then config.json, made from the stack's outputs and the
identity provider's own description; and the pages that name the files last, so that nobody gets a page before its
files. What was there before stays, for the tabs that are open.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import tomllib
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from botocore.session import Session

from tools.vendor import MODULES

ROOT = Path(__file__).parents[1]
WEB = ROOT / "web"
PARTS = ("lib", "locales", "pages", "reference", "styles", "vendor")
ENTRY = "index.html"
REFERENCE = "reference.html"
LIBRARIES = {
    **dict.fromkeys((f"vendor/{name}" for name, _ in MODULES.values()), "screens"),
    "reference/redoc.standalone.js": "reference",
}
"""What comes from npm, by the target of the Makefile that fetches it."""
KEPT_FOR_GOOD = "public, max-age=31536000, immutable"
ASKED_FOR_EACH_TIME = "no-cache"
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "end_session_endpoint", "revocation_endpoint")
CHECKS = ("authorization_response_iss_parameter_supported", "id_token_signing_alg_values_supported")
"""What the screens must know to check the provider's responses."""
DISCOVERY_SECONDS = 20

Json = dict[str, Any]


class CannotPublish(Exception):
    """Something has to be corrected first; the text says what."""


class Upload(NamedTuple):
    key: str
    body: bytes
    cache_control: str

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[PurePosixPath(self.key).suffix]


def site_files(web: Path) -> dict[str, bytes]:
    """Return the files of the entry page by path; raise CannotPublish without those from npm."""
    paths = [web / "icon.svg", *(path for part in PARTS for path in sorted((web / part).rglob("*")) if path.is_file())]
    found = {path.relative_to(web).as_posix(): path.read_bytes() for path in paths if path.suffix != ".ts"}
    for part in PARTS:
        found.pop(f"{part}/package-lock.json", None)
    for library, target in LIBRARIES.items():
        if library not in found:
            raise CannotPublish(f"{library} is missing: run make {target}.")
    return found


def version_of(files: Mapping[str, bytes]) -> str:
    """Return the same version for the same files, and for no others."""
    digest = hashlib.sha256()
    for name, body in sorted(files.items()):
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
    return digest.hexdigest()[:16]


def uploads(web: Path, config: Json) -> list[Upload]:
    """Return what to upload, in this order."""
    files = site_files(web)
    location = f"assets/{version_of(files)}"
    names = re.compile(r'(href|src)="/(?!api/)')
    pages = {page: names.sub(rf'\1="/{location}/', (web / page).read_text("utf-8")) for page in (REFERENCE, ENTRY)}
    return [
        *(Upload(f"{location}/{name}", body, KEPT_FOR_GOOD) for name, body in files.items()),
        Upload("config.json", json.dumps(config, indent=2).encode(), ASKED_FOR_EACH_TIME),
        *(Upload(page, text.encode(), ASKED_FOR_EACH_TIME) for page, text in pages.items()),
    ]


def languages(web: Path) -> list[str]:
    """Return the languages of the screens' texts, one file each; English, the fallback, comes first."""
    return sorted((path.stem for path in (web / "locales").glob("*.json")), key=lambda name: (name != "en", name))


def discovered(issuer: str) -> Json:
    """Return the identity provider's description of itself (OpenID Connect Discovery)."""
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    with urllib.request.urlopen(address, timeout=DISCOVERY_SECONDS) as response:  # noqa: S310 - the template takes https only
        described: Json = json.load(response)
    return described


def site_config(outputs: Mapping[str, str], provider: Json) -> Json:
    """Return the content of config.json; raise CannotPublish when the screens could not sign in with it."""
    issuer = outputs["IdentityIssuer"]
    if provider.get("issuer") != issuer:
        raise CannotPublish(f"The identity provider at {issuer} says that it is {provider.get('issuer')}.")
    if not all(provider.get(name) for name in ENDPOINTS[:2]):
        raise CannotPublish(f"The identity provider at {issuer} does not say where it signs people in.")
    asked_by_script = {
        urlsplit(provider[name]).netloc for name in ("token_endpoint", "revocation_endpoint") if provider.get(name)
    }
    allowed = outputs["SignInHost"]
    if foreign := asked_by_script - {allowed}:
        hosts = ", ".join(sorted(foreign))
        raise CannotPublish(f"The site's policy lets scripts ask {allowed} alone: IdentityTokenHost must be {hosts}.")
    return {
        "site": outputs["SiteUrl"],
        "brand": outputs["BrandName"],
        "issuer": issuer,
        "client_id": outputs["IdentityAudience"],
        "scope": "openid email profile",
        **{name: provider[name] for name in ENDPOINTS if provider.get(name)},
        **{name: provider[name] for name in CHECKS if provider.get(name)},
        **staff_provider(outputs),
        **second_factor(outputs, provider),
    }


def staff_provider(outputs: Mapping[str, str]) -> Json:
    """Return how staff sign in at their company's provider; empty where there is none."""
    if "StaffClientId" not in outputs:
        return {}
    names = {"client_id": outputs["StaffClientId"], "identity_provider": outputs["StaffProviderName"]}
    return {"staff_provider": names}


def second_factor(outputs: Mapping[str, str], provider: Json) -> Json:
    """Return where users of the pool set up a second factor; empty where another provider signs them in."""
    issuer = urlsplit(outputs["IdentityIssuer"])
    if issuer.path.strip("/") != outputs.get("UserPoolId"):
        return {}
    sign_in = urlsplit(provider["authorization_endpoint"])
    places = {
        "client_id": outputs["SecondFactorClientId"],
        "endpoint": f"https://{issuer.netloc}/",
        "passkeys_endpoint": f"https://{sign_in.netloc}/passkeys/add",
    }
    return {"second_factor": places}


def publish(
    stack: str, session: Session, *, web: Path = WEB, discover: Callable[[str], Json] = discovered
) -> list[str]:
    """Upload what is not there yet, and return the keys that were written. Credentials and region are the session's."""
    (described,) = session.create_client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    if "WebBucket" not in outputs:
        raise CannotPublish(f"The stack {stack} has no site.")
    config = site_config(outputs, discover(outputs["IdentityIssuer"]))
    planned = uploads(web, {**config, "languages": languages(web)})
    s3, bucket = session.create_client("s3"), outputs["WebBucket"]
    written = []
    for upload in planned:
        if upload.cache_control == KEPT_FOR_GOOD and _is_there(s3, bucket, upload.key):
            continue
        s3.put_object(
            Bucket=bucket,
            Key=upload.key,
            Body=upload.body,
            ContentType=upload.content_type,
            CacheControl=upload.cache_control,
        )
        written.append(upload.key)
    # Edges revalidate these each time, but may have cached a file from before that rule.
    paths = [f"/{upload.key}" for upload in planned if upload.cache_control == ASKED_FOR_EACH_TIME]
    reference = hashlib.sha256(b"".join(upload.body for upload in planned)).hexdigest()
    batch = {"Paths": {"Quantity": len(paths), "Items": paths}, "CallerReference": reference}
    session.create_client("cloudfront").create_invalidation(
        DistributionId=outputs["DistributionId"], InvalidationBatch=batch
    )
    return written


def _is_there(s3: Any, bucket: str, key: str) -> bool:
    found = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    return any(each["Key"] == key for each in found.get("Contents", []))


def stage(name: str, samconfig: Path = ROOT / "samconfig.toml") -> tuple[str, str]:
    """Return stack and region of a stage."""
    tables = tomllib.loads(samconfig.read_text("utf-8"))
    table = tables.get("default" if name == "dev" else name)
    if not isinstance(table, dict):
        raise CannotPublish(f"samconfig.toml has no stage {name}.")
    parameters = table["global"]["parameters"]
    return parameters["stack_name"], parameters["region"]


def main() -> None:
    parser = argparse.ArgumentParser(description="Put the screens on a stage's site.")
    parser.add_argument("stage")
    try:
        stack, region = stage(parser.parse_args().stage)
        session = Session()
        session.set_config_variable("region", region)
        written = publish(stack, session)
    except CannotPublish as error:
        sys.exit(str(error))
    print(f"Published {len(written)} files to the site of {stack}.")


if __name__ == "__main__":
    main()
