"""The screens go to the bucket of a stack, in an order that never shows a page without its files."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from moto import mock_aws

from tools.publish import LIBRARIES, WEB, CannotPublish, publish, site_config, site_files, stage, uploads, version_of

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_pool"
HOST = "orders-1.auth.eu-central-1.amazoncognito.com"
PROVIDER = {
    "issuer": ISSUER,
    "authorization_endpoint": f"https://{HOST}/oauth2/authorize",
    "token_endpoint": f"https://{HOST}/oauth2/token",
    "end_session_endpoint": f"https://{HOST}/logout",
    "id_token_signing_alg_values_supported": ["RS256"],
}
OUTPUTS = {
    "SiteUrl": "https://orders.example.com",
    "BrandName": "Northwind",
    "IdentityIssuer": ISSUER,
    "IdentityAudience": "client-1",
    "SignInHost": HOST,
}


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """Small screens."""
    for name, text in {
        "index.html": '<link href="/styles/base.css"><script type="module" src="/pages/main.js"></script>',
        "reference.html": '<script src="/reference/page.js"></script><a href="/api/openapi.json">',
        "icon.svg": "<svg/>",
        "package.json": "{}",
        "pages/main.js": "import './api.js';",
        "lib/api.js": "",
        "locales/en.json": "{}",
        "reference/page.js": "",
        "reference/package-lock.json": "{}",
        "styles/base.css": "body {}",
        **dict.fromkeys(LIBRARIES, "export {};"),
        "vendor/preact.d.ts": "export {};",
        "vendor/package-lock.json": "{}",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "a",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield Session()


def deploy(session: Session, **changes: str) -> str:
    """A stack with a bucket and a distribution; its name."""
    origin = {"DomainName": "web.s3.amazonaws.com", "Id": "web", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    behavior = {"TargetOriginId": "web", "ViewerProtocolPolicy": "https-only"}
    distribution = session.create_client("cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": "1",
            "Comment": "",
            "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": behavior,
        }
    )["Distribution"]["Id"]
    outputs = {name: {"Value": value} for name, value in {**OUTPUTS, "DistributionId": distribution, **changes}.items()}
    template = {
        "Resources": {"Web": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "the-web"}}},
        "Outputs": {"WebBucket": {"Value": {"Ref": "Web"}}, **outputs},
    }
    session.create_client("cloudformation").create_stack(StackName="orders", TemplateBody=json.dumps(template))
    return "orders"


def head(session: Session, key: str) -> Any:
    return session.create_client("s3").head_object(Bucket="the-web", Key=key)


def test_files_may_be_kept_for_good_and_the_page_that_names_them_may_not(session: Session, web: Path) -> None:
    written = publish(deploy(session), session, web=web, discover=lambda _: PROVIDER)
    location = written[0].rpartition("/")[0]
    assert re.fullmatch(r"assets/[0-9a-f]{16}", location)
    names = (
        *("icon.svg", "lib/api.js", "locales/en.json", "pages/main.js", "reference/page.js"),
        *(
            "reference/redoc.standalone.js",
            "styles/base.css",
            *sorted(LIBRARIES.keys() - {"reference/redoc.standalone.js"}),
        ),
    )
    assert written == [*(f"{location}/{name}" for name in names), "config.json", "reference.html", "index.html"]
    reference = session.create_client("s3").get_object(Bucket="the-web", Key="reference.html")["Body"].read().decode()
    assert reference == f'<script src="/{location}/reference/page.js"></script><a href="/api/openapi.json">'
    page = session.create_client("s3").get_object(Bucket="the-web", Key="index.html")["Body"].read().decode()
    assert (
        page
        == f'<link href="/{location}/styles/base.css"><script type="module" src="/{location}/pages/main.js"></script>'
    )
    assert head(session, "index.html")["CacheControl"] == head(session, "config.json")["CacheControl"] == "no-cache"
    for name, content_type in {
        "pages/main.js": "text/javascript; charset=utf-8",
        "styles/base.css": "text/css; charset=utf-8",
        "locales/en.json": "application/json",
        "icon.svg": "image/svg+xml",
    }.items():
        found = head(session, f"{location}/{name}")
        assert found["CacheControl"] == "public, max-age=31536000, immutable"
        assert found["ContentType"] == content_type
    assert head(session, "index.html")["ContentType"] == "text/html; charset=utf-8"


def test_edges_forget_the_page_and_its_config(session: Session, web: Path) -> None:
    publish(deploy(session), session, web=web, discover=lambda _: PROVIDER)
    cloudfront = session.create_client("cloudfront")
    (distribution,) = cloudfront.list_distributions()["DistributionList"]["Items"]
    (listed,) = cloudfront.list_invalidations(DistributionId=distribution["Id"])["InvalidationList"]["Items"]
    found = cloudfront.get_invalidation(DistributionId=distribution["Id"], Id=listed["Id"])["Invalidation"]
    assert found["InvalidationBatch"]["Paths"]["Items"] == ["/config.json", "/reference.html", "/index.html"]


def test_what_is_there_is_not_written_again_and_what_was_there_stays(session: Session, web: Path) -> None:
    stack = deploy(session)
    first = publish(stack, session, web=web, discover=lambda _: PROVIDER)
    assert publish(stack, session, web=web, discover=lambda _: PROVIDER) == [
        "config.json",
        "reference.html",
        "index.html",
    ]
    (web / "lib" / "api.js").write_text("changed", "utf-8")
    second = publish(stack, session, web=web, discover=lambda _: PROVIDER)
    assert len(second) == len(first)
    assert not set(second[:-3]) & set(first)
    assert head(session, first[0])["ContentLength"]


def test_the_config_has_the_providers_metadata_and_the_languages(session: Session, web: Path) -> None:
    for further in ("fr", "de"):
        (web / "locales" / f"{further}.json").write_text("{}", "utf-8")
    publish(deploy(session), session, web=web, discover={ISSUER: PROVIDER}.__getitem__)
    config = json.loads(session.create_client("s3").get_object(Bucket="the-web", Key="config.json")["Body"].read())
    assert config == {
        "site": "https://orders.example.com",
        "brand": "Northwind",
        "client_id": "client-1",
        "scope": "openid email profile",
        "languages": ["en", "de", "fr"],
        **PROVIDER,
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issuer": "https://else.example"}, "says that it is https://else.example"),
        ({"authorization_endpoint": None}, "does not say where"),
        ({"token_endpoint": "https://tokens.example/token"}, "IdentityTokenHost must be tokens.example"),
    ],
)
def test_a_site_on_which_nobody_could_sign_in_is_not_published(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(CannotPublish, match=said):
        site_config(OUTPUTS, {**PROVIDER, **changes})


def test_without_the_library_that_signs_in_nothing_is_published(web: Path) -> None:
    (web / "vendor" / "oauth4webapi.js").unlink()
    with pytest.raises(CannotPublish, match="make screens"):
        site_files(web)


def test_a_version_is_that_of_names_and_contents() -> None:
    files = {"a.js": b"1", "b.js": b"2"}
    assert version_of(files) == version_of(dict(reversed(files.items())))
    assert len({version_of(each) for each in (files, {"a.js": b"12", "b.js": b""}, {"a.js": b"1", "c.js": b"2"})}) == 3


def test_the_real_page_names_no_file_that_is_not_uploaded(tmp_path: Path) -> None:
    web = tmp_path / "web"
    shutil.copytree(WEB, web, ignore=shutil.ignore_patterns("vendor"))
    (web / "vendor").mkdir()
    for name in LIBRARIES:
        (web / name).write_text("export {};", "utf-8")
    planned = uploads(web, {})
    page = planned[-1].body.decode()
    keys = {f"/{upload.key}" for upload in planned}
    named = set(re.findall(r'(?:href|src)="([^"]+)"', page))
    assert len(named) > 5
    assert named <= keys
    assert all(upload.content_type for upload in planned)


def test_stack_and_region_are_those_of_samconfig() -> None:
    assert stage("dev") == ("online-orders-dev", "eu-central-1")
    assert stage("prod") == ("online-orders", "eu-central-1")
    with pytest.raises(CannotPublish, match="no stage moon"):
        stage("moon")
