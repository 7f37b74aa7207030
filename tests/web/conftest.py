"""The screens in a real browser, against the local run."""

import base64
import json
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests import loopback
from tests.local_run import Description, start
from tests.web.browser import browser_path

DISABLED = [
    # What a window's address bar would show, drawn by processes of its own: half of what a fresh page takes.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    # A process for a page that may come.
    "SpareRendererForSitePerProcess",
    # Playwright's own, which ours takes the place of.
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(DISABLED)}",
]
READY = ".shell h1, dialog[open]"
WAIT_MILLISECONDS = 20_000
# Pages of the identity provider, which are not ours.
FOREIGN = re.compile(r"/(oauth2/authorize|login)\b")

OpenPage = Callable[..., Page]
Call = Callable[..., dict[str, Any]]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a browser these tests are left out, and the summary says so."""
    here = [item for item in items if item.path.parent == Path(__file__).parent]
    ours = [item for item in here if "no_browser" not in item.keywords]
    if not ours or browser_path():
        return
    config.hook.pytest_deselected(items=ours)
    items[:] = [item for item in items if item not in ours]


@pytest.fixture(scope="package")
def site() -> Iterator[Description]:
    with start() as description:
        yield description


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        yield chromium
        chromium.close()


class Tokens:
    """Tokens of the seeded users, as the screens keep them."""

    def __init__(self, site: Description) -> None:
        self._site = site
        self._kept: dict[str, str] = {}

    def kept_by(self, who: str) -> str:
        if who not in self._kept:
            self._kept[who] = json.dumps(self._sign_in(user_of(self._site, who)))
        return self._kept[who]

    def id_token_of(self, who: str) -> str:
        return str(json.loads(self.kept_by(who))["id_token"])

    def _sign_in(self, user: dict[str, str]) -> dict[str, Any]:
        response = loopback.post(
            self._site["aws"]["endpoint"],
            headers={
                "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
                "Content-Type": "application/x-amz-json-1.1",
            },
            json={
                "AuthFlow": "USER_PASSWORD_AUTH",
                "ClientId": self._site["cognito"]["client_id"],
                "AuthParameters": {"USERNAME": user["username"], "PASSWORD": user["password"]},
            },
        ).json()["AuthenticationResult"]
        id_token = response["IdToken"]
        return {"id_token": id_token, "refresh_token": response["RefreshToken"], "claims": claims_of(id_token)}


def claims_of(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def with_claims(token: str, claims: dict[str, Any]) -> str:
    """The token with other claims, under a signature that does not fit."""
    head, _, signature = token.split(".")
    return ".".join([head, base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode(), signature])


def user_of(site: Description, who: str) -> dict[str, str]:
    found: dict[str, str] = next(user for user in site["users"] if user["email"].startswith(f"{who}."))
    return found


class Complaints:
    """What the browser's console said of our pages; `expected` patterns are what a test provokes."""

    def __init__(self) -> None:
        self.event: list[str] = []
        self.expected: list[str] = []

    def listen(self, page: Page) -> None:
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.event.append(f"{page.url}: {error}"))

    def _hear(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "")
        # Browsers ask for an icon on the provider's page, too.
        if message.type in {"error", "warning"} and not FOREIGN.search(where) and not where.endswith("/favicon.ico"):
            self.event.append(f"{where}: {message.text}")

    def unexpected(self) -> list[str]:
        return [each for each in self.event if not any(re.search(pattern, each) for pattern in self.expected)]


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    found = Complaints()
    yield found
    assert not found.unexpected()


@pytest.fixture(scope="package")
def tokens(site: Description) -> Tokens:
    return Tokens(site)


@pytest.fixture(scope="package")
def call(site: Description, tokens: Tokens) -> Call:
    """Asks the API as somebody: `call("cora", "POST", "/orders", body)`; what it answers, which is no refusal."""

    def ask(who: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        response = loopback.request(
            method,
            f"{site['api']}{path}",
            json=body,
            headers={"Authorization": f"Bearer {tokens.id_token_of(who)}", "Idempotency-Key": secrets.token_hex(8)},
            timeout=60,
        )
        assert response.is_success, response.text
        found: dict[str, Any] = response.json()
        return found

    return ask


@pytest.fixture
def open_page(site: Description, browser: Browser, tokens: Tokens, complaints: Complaints) -> Iterator[OpenPage]:
    """A page of its own person: `open_page("maria", "/orders")`; None is somebody who has not signed in.

    The tokens are put where signing in leaves them; `by_form` has the person sign in on the provider's page instead.
    """
    contexts = []

    def open_one(
        who: str | None,
        path: str = "/",
        *,
        theme: str = "light",
        width: int = 1280,
        locale: str = "en-US",
        by_form: bool = False,
        scripts: bool = True,
    ) -> Page:
        options: dict[str, Any] = {"color_scheme": theme, "locale": locale, "reduced_motion": "reduce"}
        options["java_script_enabled"] = scripts
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        context.set_default_timeout(WAIT_MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        complaints.listen(page)
        if who and not by_form:
            page.goto(f"{site['site']}/config.json")
            page.evaluate("kept => sessionStorage.setItem('online-orders.session', kept)", tokens.kept_by(who))
        page.goto(f"{site['site']}{path}")
        if who and by_form:
            sign_in(page, site, who)
        elif who:
            page.wait_for_selector(READY)
        return page

    yield open_one
    for context in contexts:
        for page in context.pages:
            # A handler of a route that is still fetching would fail in whichever test comes next.
            page.unroute_all(behavior="wait")
        context.close()


def sign_in(page: Page, site: Description, who: str) -> None:
    send_credentials(page, site, who)
    page.wait_for_selector(READY)


def send_credentials(page: Page, site: Description, who: str) -> None:
    user = user_of(site, who)
    page.get_by_role("button", name=re.compile("^(Sign in|Anmelden)$")).click()
    page.fill("#username", user["username"])
    page.fill("#password", user["password"])
    page.click("button[type=submit]")
