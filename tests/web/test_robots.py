"""A mail scanner in a real browser: it opens mail and link, runs scripts, clicks everything, sends every form."""

from collections.abc import Iterator
from http import HTTPStatus
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page

from emulation.template import read
from online_orders.domain.approval_links import WRONG_CODES_ALLOWED
from tests.contract.live import Live
from tests.contract.orders import Order, offered, place
from tests.contract.site import Mail
from tests.local_run import PROJECT, Description

ROUNDS = 3
"""A page is another one when its link has been locked."""
TEXTS = {"email": "robot@scanner.example", "url": "https://scanner.example/", "number": "1", "date": "2026-12-24"}
CLICK_MILLISECONDS = 500


class Robot:
    """Knows of a page what a browser shows, and not which digits in a mail are a code."""

    def __init__(self, page: Page, home: str, digits: str) -> None:
        self.page, self.home, self.digits = page, home, digits
        self.spares_hidden = False
        self.sent: list[str] = []
        """What it has submitted, and what came of it: `url status`."""
        page.on("response", self._note)
        page.on("dialog", lambda dialog: dialog.accept())

    def _note(self, response: Any) -> None:
        if response.request.method == "POST":
            self.sent.append(f"{urlsplit(response.url).path} {response.status}")

    def scan(self, mail: Mail) -> None:
        """The mail, the pages that it leads to, and those that they lead to, as far as they are behind the link."""
        self.page.set_content(mail.html)
        queue, seen = [mail.link, *self.links()], set()
        while queue:
            address = queue.pop(0)
            if address not in seen:
                seen.add(address)
                self.page.goto(address)
                queue += self.links()
                for _ in range(ROUNDS):
                    self.click_everything(address)
                    self.send_every_form(address)

    def links(self) -> set[str]:
        found: list[str] = self.page.eval_on_selector_all("a[href]", "all => all.map(each => each.href)")
        ours = {each.partition("#")[0] for each in found if each.startswith(f"{self.home}/confirm/")}
        return {each for each in ours if not each.endswith(".pdf")}

    def click_everything(self, address: str) -> None:
        self.page.goto(address)
        clickable = "a:not([href$='.pdf']), button, summary, label, [role=button], [onclick]"
        for number in range(self.page.locator(clickable).count()):
            if self.page.url != address:
                self.page.goto(address)
            self.press(self.page.locator(clickable).nth(number))

    def send_every_form(self, address: str) -> None:
        """With each choice and each button, as a person and as a script would."""
        self.page.goto(address)
        for number in range(self.page.locator("form").count()):
            form = self.page.locator("form").nth(number)
            choices = range(max(1, form.locator("[type=radio]").count()))
            buttons = range(max(1, form.locator("button, [type=submit]").count()))
            for choice, button, by_script in product(choices, buttons, (False, True)):
                self.page.goto(address)
                form = self.page.locator("form").nth(number)
                if not form.count():
                    continue
                self.fill(form, choice)
                if by_script:
                    with self.page.expect_navigation():
                        form.evaluate("form => HTMLFormElement.prototype.submit.call(form)")
                else:
                    self.press(form.locator("button, [type=submit]").nth(button))

    def fill(self, form: Any, choice: int) -> None:
        radios = form.locator("[type=radio]")
        if radios.count():
            radios.nth(choice).evaluate("radio => radio.click()")  # also in a part that is folded up
        for box in form.locator("[type=checkbox]").all():
            box.check(force=True)
        others = "".join(f":not([type={kind}])" for kind in ("radio", "checkbox", "hidden", "file"))
        for field in form.locator(f"textarea, input{others}").all():
            if self.spares_hidden and field.evaluate("field => field.closest('[aria-hidden=true]') !== null"):
                continue
            kind = field.get_attribute("type") or "text"
            numeric = field.get_attribute("inputmode") == "numeric" or field.get_attribute("pattern")
            text = self.digits if numeric else TEXTS.get(kind, "Approved, thank you.")
            if field.is_visible():
                field.fill(text)
            else:  # of a part of the form that is folded up
                field.evaluate("(field, text) => { field.value = text; }", text)

    def press(self, what: Any) -> None:
        """A click, and where it leads; what cannot be clicked is left."""
        try:
            if not what.is_visible():  # nor will be: what is folded up stays so
                self._leave()
                return
            what.click(timeout=CLICK_MILLISECONDS, force=True)
            self.page.wait_for_load_state()
        except Error:
            self._leave()

    def _leave(self) -> None:
        """To nowhere. A navigation that a click has begun may end this one; then it is over."""
        try:
            self.page.goto("about:blank")
        except Error:
            self.page.wait_for_load_state()
            self.page.goto("about:blank")


@pytest.fixture
def live(site: Description) -> Iterator[Live]:
    with Live.at(site) as found:
        yield found


@pytest.fixture
def robot(site: Description, browser: Browser) -> Iterator[Robot]:
    context = browser.new_context(java_script_enabled=True)
    yield Robot(context.new_page(), site["site"], "123456")
    context.close()


def decided(order: Order) -> Any:
    """All that a decision would change; a fresh mail after the link was locked is none."""
    read = order.read()
    del read["updated_at"]
    return read, order.happened()


def newest(live: Live, order: Order) -> Mail:
    """The mail whose link has not been replaced; one that the robot asked for may still be on its way."""

    def look() -> Mail | None:
        mail = [each for each in order.mails_to(order.contact) if each.has_link][-1]
        return mail if live.get(urlsplit(mail.link).path).status == HTTPStatus.OK else None

    found = live.eventually(look)
    assert found
    return found


def test_a_robot_that_sends_every_form_of_a_quote_decides_nothing(live: Live, robot: Robot) -> None:
    order, mail = offered(live)
    assert mail.code != robot.digits
    before = decided(order)
    robot.scan(mail)
    assert decided(order) == before
    responses = {line.rpartition(" ")[2] for line in robot.sent}
    assert len(robot.sent) >= 6
    assert responses == {"400"}, "it filled in what nobody sees, so nothing was counted and no mail was asked for"
    live.decide(mail, "approve").page()
    assert order.status == "completed"


def test_a_robot_that_sends_every_form_of_an_order_cancels_nothing(live: Live, robot: Robot) -> None:
    order = place(live)
    mail = order.mail_to(order.contact)
    assert mail.code != robot.digits
    before = decided(order)
    robot.scan(mail)
    assert decided(order) == before
    assert len(robot.sent) >= 4
    live.decide(mail, "cancel").page()
    assert order.status == "canceled"


def test_a_robot_that_skips_hidden_fields_does_not_block_the_contact(live: Live, robot: Robot) -> None:
    robot.spares_hidden = True
    order, mail = offered(live)
    assert mail.code != robot.digits
    before = decided(order)
    robot.scan(mail)
    assert decided(order) == before
    responses = {line.rpartition(" ")[2] for line in robot.sent}
    assert responses >= {"403", "423", "200"}, "it guessed until the link was locked, and asked for a fresh mail"
    mail = newest(live, order)
    for _ in range(WRONG_CODES_ALLOWED):
        live.decide(mail, "approve", code=robot.digits)
    cookie = live.decide(mail, "request_mail").headers["set-cookie"].partition(";")[0]
    mail = newest(live, order)
    robot.sent.clear()
    robot.scan(mail)
    responses = {line.rpartition(" ")[2] for line in robot.sent}
    assert responses == {"403", "423", "429"}, "it locked this link, too, and got no mail in place of it"
    live.decide(mail, "approve").page(423)
    form = {"decision": "approve", "name": "Connie Contact", "code": mail.code}
    live.request("POST", mail.link, form=form, headers={"Cookie": cookie}).page()
    assert order.status == "completed"


def test_cloudfront_writes_the_callers_address_over_what_was_sent(browser: Browser) -> None:
    template = read(PROJECT / "template.yaml")
    code = template["Resources"]["ViewerAddress"]["Properties"]["FunctionCode"]
    page = browser.new_page()
    sent = {"request": {"headers": {"x-viewer-address": {"value": "192.0.2.66"}}}, "viewer": {"ip": "203.0.113.7"}}
    request = page.evaluate(f"event => {{ {code}; return handler(event); }}", sent)
    page.close()
    assert request == {"headers": {"x-viewer-address": {"value": "203.0.113.7"}}}
