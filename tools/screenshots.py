"""Take the README's pictures, into docs/images, from a local run of their own.

.venv/bin/python -m tools.screenshots
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from tenacity import Retrying, retry_if_result, stop_after_delay, wait_fixed

from tests.local_run import Description, start
from tests.web.browser import browser_path
from tests.web.conftest import FLAGS, Tokens
from tests.web.steps import link_and_code, wait_for_mail

IMAGES = Path(__file__).parents[1] / "docs" / "images"
COLORS = 96
"""Enough for pictures with few colors, and a third of the size."""
SENT_SECONDS = 60.0

Json = dict[str, Any]


class Stage:
    """A local run with a few orders in it, and a browser that shows it."""

    def __init__(self, site: Description, browser: Browser) -> None:
        self.site = site
        self._browser = browser
        self._tokens = Tokens(site)

    def ask(self, who: str, method: str, path: str, body: Any = None) -> Json:
        headers = {"Authorization": f"Bearer {self._tokens.id_token_of(who)}", "Idempotency-Key": secrets.token_hex(8)}
        url = f"{self.site['api']}{path}"
        response = httpx.request(method, url, json=body, headers=headers, timeout=60, trust_env=False)
        response.raise_for_status()
        found: Json = response.json()
        return found

    def place(self, number: str, *items: Json) -> str:
        body = {"items": items, "purchase_order_number": number}
        return str(self.ask("maria", "POST", "/orders", body)["order_id"])

    def quote(self, order_id: str) -> None:
        self.ask("nadia", "POST", f"/desk/orders/{order_id}/claim", {})
        draft = self.ask("nadia", "GET", f"/desk/orders/{order_id}/quote-draft")
        del draft["unpriced"]
        self.ask("nadia", "POST", f"/desk/orders/{order_id}/quote", draft)
        sent = Retrying(
            retry=retry_if_result("sending".__eq__), wait=wait_fixed(0.5), stop=stop_after_delay(SENT_SECONDS)
        )
        sent(lambda: self.ask("nadia", "GET", f"/desk/orders/{order_id}")["quote"]["state"])

    def open(self, who: str | None, address: str, *, width: int, height: int) -> Page:
        viewport: Any = {"width": width, "height": height}
        page = self._browser.new_page(viewport=viewport, locale="en-US", color_scheme="light", reduced_motion="reduce")
        if who:
            page.goto(f"{self.site['site']}/config.json")
            page.evaluate("kept => sessionStorage.setItem('online-orders.session', kept)", self._tokens.kept_by(who))
        page.goto(address if address.startswith("http") else f"{self.site['site']}{address}")
        return page


def _in_days(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


def _keep(page: Page, name: str, *, whole: bool = False) -> None:
    with Image.open(BytesIO(page.screenshot(full_page=whole))) as image:
        small = image.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    IMAGES.mkdir(exist_ok=True)
    small.save(IMAGES / f"{name}.png", optimize=True)
    print(f"docs/images/{name}.png: {(IMAGES / f'{name}.png').stat().st_size // 1024} KB")


def take(stage: Stage) -> None:
    bandwidth = {"kind": "site_bandwidth", "site_id": "portland", "bandwidth_mbps": 500, "start_date": _in_days(12)}
    addresses = {"kind": "ip_addresses", "quantity": 4, "start_date": _in_days(20)}
    users = {"kind": "sdp_users", "region": "europe", "quantity": 120, "start_date": _in_days(30)}
    sockets = {"kind": "socket", "site_id": "providence", "model": "X1700", "quantity": 2, "start_date": _in_days(15)}
    card = {
        "kind": "accessory",
        "site_id": "providence",
        "accessory_type": "network_card",
        "quantity": 2,
        "start_date": _in_days(15),
    }
    canceled = stage.place("PO-4407", {**addresses, "quantity": 16})
    stage.ask("maria", "POST", f"/orders/{canceled}/cancel", {"reason": "Ordered twice"})
    offered = stage.place("PO-4411", bandwidth, users)
    stage.quote(offered)
    claimed = stage.place("PO-4415", sockets, card)
    stage.ask("nadia", "POST", f"/desk/orders/{claimed}/claim", {})
    stage.place("PO-4418", addresses)

    page = stage.open("maria", "/orders", width=1200, height=620)
    page.wait_for_selector("table.orders")
    _keep(page, "online-orders")

    page = stage.open("nadia", f"/desk/orders/{claimed}", width=1200, height=820)
    page.wait_for_selector("form.editor")
    _keep(page, "desk")

    mail = wait_for_mail(stage.site, "dana.whitfield@harborpine.example", offered, "", with_paper=True)
    page = stage.open(None, link_and_code(mail)[0], width=640, height=900)
    page.wait_for_selector("form")
    _keep(page, "approval", whole=True)


def main() -> None:
    with start() as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        take(Stage(site, browser))
        browser.close()


if __name__ == "__main__":
    main()
