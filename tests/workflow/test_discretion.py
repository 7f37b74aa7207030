"""What a run emits names nobody: logs, metrics, events, inputs and histories of executions, whatever goes wrong.

People have names, addresses and words here that stand nowhere else, and everything emitted is searched for them, and
for every token, code and key that the run made.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from online_orders.aws import order_store
from tests.lab import Lab, User
from tests.lab import wire as lab_wire
from tests.lab.http import Response
from tests.lab.lab import VIEWER
from tests.lab.mail import Mail
from tests.local_run import PROJECT

Json = dict[str, Any]

CONTACT = {"name": "Zebulon Quackenbush", "email": "zebulon.q@hidden.example"}
SUCCESSOR = {"name": "Wilhelmina Trott", "email": "w.trott@hidden.example"}
STAND_IN = {"name": "Barnaby Flood", "email": "b.flood@hidden.example"}
PERSONAL = {
    "contact": CONTACT["name"],
    "contact's address": CONTACT["email"],
    "successor": SUCCESSOR["name"],
    "successor's address": SUCCESSOR["email"],
    "stand-in": STAND_IN["name"],
    "stand-in's address": STAND_IN["email"],
    "name of the account": "Marmalade & Sons",
    "street": "17 Wisteria Crescent",
    "note": "leave it with the porter",
    "purchase order": "PO-PLATYPUS",
    "comment": "my aunt is allergic",
    "internal comment": "he always haggles",
    "message of the quote": "as we said over dinner",
    "terms": "payable in marzipan",
    "description": "delivery to the treehouse",
    "reason": "we moved to the seaside",
    "report": "he has left for Peru",
    "name typed": "Zeb the Contact",
    "caller's address": VIEWER,
    "caller's agent": "Peeping-Agent/7",
    "message of an exception": "cannot read the diary",
}
HEADERS = {"User-Agent": PERSONAL["caller's agent"]}


class Run:
    """A lab with people who have a lot to tell, and all that it emitted."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.keys: list[str] = []
        self.enroll(CONTACT)
        lab.account("bolt")

    def enroll(self, contact: Json) -> None:
        existing = self.lab.account("acme")
        site = {**existing["sites"][0], "address": PERSONAL["street"]}
        enrollment = {**existing["enrollment"], "contact": contact}
        self.lab.account("acme", name=PERSONAL["name of the account"], sites=[site], enrollment=enrollment)
        self.lab.settle()

    def ask(self, method: str, path: str, user: User | None = None, body: Any = None, **more: Any) -> Response:
        headers = {**HEADERS, **more.pop("headers", {})}
        response = self.lab.http(method, path, json=body, headers=headers, user=user, **more)
        self.lab.settle()
        return response

    def place(self, **more: Any) -> str:
        item = {"kind": "ip_addresses", "quantity": 4, "start_date": "2027-03-05"}
        body = {"items": [item], "note": PERSONAL["note"], "purchase_order_number": PERSONAL["purchase order"], **more}
        self.keys.append(f"hidden-key-{len(self.keys)}")
        headers = {"Idempotency-Key": self.keys[-1]}
        response = self.ask("POST", "/api/orders", self.lab.users.customer, body, headers=headers)
        assert response.status == 201, response
        return str(response.json()["order_id"])

    def desk(self, order_id: str, action: str, body: Any = None, status: int = 200) -> None:
        response = self.ask("POST", f"/api/desk/orders/{order_id}/{action}", self.lab.users.cs, body or {})
        assert response.status == status, response

    def quote(self, order_id: str, valid_until: str = "2027-01-01") -> Mail:
        self.desk(order_id, "quote", self.quote_body(valid_until), 202)
        return self.lab.mails.about(order_id)[-1]

    def quote_body(self, valid_until: str = "2027-01-01") -> Json:
        line = {"item_id": "1", "quantity": 4, "unit_price": "10", "recurrence": "monthly"}
        words = {"message": PERSONAL["message of the quote"], "terms": PERSONAL["terms"]}
        return {**words, "valid_until": valid_until, "lines": [{**line, "description": PERSONAL["description"]}]}

    def decide(self, mail: Mail, decision: str, code: str | None = None) -> int:
        form = {"decision": decision, "name": PERSONAL["name typed"], "reason": PERSONAL["reason"]}
        return self.ask("POST", str(mail.link), form={**form, "code": code or str(mail.code)}).status

    def emitted(self) -> Iterator[tuple[str, str]]:
        """Where it stands, and the text. Step Functions' history has the token of each wait, as AWS writes it."""
        for line in self.lab.log.lines:
            yield "log", line
        for one in self.lab.functions.invocations:
            if one.failure:  # the runtime logs it, and the invoker of a step keeps it
                yield f"failure of {one.function}", f"{one.failure.type} {one.failure.message} {one.failure.trace}"
        for event in self.lab.events:
            yield "event", json.dumps(event.detail)
        for execution in self.lab.executions:
            yield "input", json.dumps(execution.input)
            history = json.dumps(execution.history, default=str)
            for token in self.task_tokens():
                history = history.replace(token, "")
            yield "history", history

    def task_tokens(self) -> set[str]:
        waits = (one.event for one in self.lab.functions.invocations if one.function == "AwaitDecisionFunction")
        return {wait["token"] for wait in waits}

    def secrets(self) -> dict[str, str]:
        users = [getattr(self.lab.users, name) for name in ("customer", "colleague", "cs", "cs2", "other_customer")]
        mails = [mail for mail in self.lab.mails if mail.token]
        return {
            **PERSONAL,
            **{f"address of {user.username}": user.email for user in users},
            **{f"token of mail {number}": str(mail.token) for number, mail in enumerate(mails)},
            **{f"task token {number}": token for number, token in enumerate(sorted(self.task_tokens()))},
            **{f"key {key}": key for key in self.keys},
            **{f"secret {number}": secret for number, secret in enumerate(self.lab.stack.secrets.values())},
            "bearer token": "eyJ",
        }

    def codes(self) -> set[str]:
        return {mail.code for mail in self.lab.mails if mail.code}


def whole_lives(run: Run) -> None:
    """Every step that people can take, mails that do not arrive, and time that passes."""
    lab, users = run.lab, run.lab.users
    approved = run.place()
    run.desk(approved, "claim")
    run.desk(approved, "comment", {"text": PERSONAL["internal comment"], "internal": True})
    assert (
        run.ask("POST", f"/api/orders/{approved}/comment", users.customer, {"text": PERSONAL["comment"]}).status == 200
    )
    preview = f"/api/desk/orders/{approved}/quote/preview"
    assert run.ask("POST", preview, users.cs, run.quote_body()).status == 200
    mail = run.quote(approved)
    lab.ses_event("Delivery", mail)
    for path in (str(mail.link), f"{mail.link}/quote.pdf"):
        assert run.ask("GET", path).status == 200
    wrong = "000000" if mail.code != "000000" else "111111"
    assert [run.decide(mail, "approve", wrong) for _ in range(5)] == [403, 403, 403, 403, 423]
    assert run.ask("POST", str(mail.link), form={"decision": "request_mail"}).status == 200
    assert run.decide(lab.mails.about(approved)[-1], "approve") == 200

    withdrawn = run.place()
    body = {"reason": PERSONAL["reason"]}
    assert run.ask("POST", f"/api/orders/{withdrawn}/cancel", users.customer, body).status == 200

    declined = run.place()
    run.desk(declined, "claim")
    assert run.decide(run.quote(declined), "request_change") == 200
    bounced = run.quote(declined)
    lab.ses_event("Bounce", bounced)
    lab.ses.refuse(to=STAND_IN["email"])
    run.desk(declined, "resend", {"contact": STAND_IN}, 202)
    lab.advance(hours=1)
    run.desk(declined, "decline", {"reason": PERSONAL["reason"]})

    assert run.ask("POST", "/api/account/contact-report", users.customer, {"text": PERSONAL["report"]}).status == 202
    expired = run.place()
    run.desk(expired, "claim")
    run.quote(expired, "2026-12-10")
    run.enroll(SUCCESSOR)
    lab.ses_event("Complaint", lab.mails.about(expired)[-1])
    lab.advance(days=19)
    assert run.decide(lab.mails.about(expired)[-2], "request_quote") in {200, 403, 410}
    lab.advance(days=20)


def refusals(run: Run) -> None:
    """Requests that are wrong in every way, and say a lot."""
    users, note = run.lab.users, PERSONAL["note"]
    bodies = [{"items": [{"kind": note, note: note}], "note": {note: note}}, [note], note, {"items": note}]
    headers = {"Idempotency-Key": "hidden-key"}
    for body in bodies:
        assert run.ask("POST", "/api/orders", users.customer, body, headers=headers).status == 422
        assert run.ask("PUT", "/api/desk/accounts/acme", users.cs, body).status == 422
    assert run.ask("POST", "/api/orders", users.customer, headers=headers, content=f'{{"{note}').status == 400
    for query in (f"purchase_order_number={PERSONAL['purchase order']}&x={note}", f"cursor={note}", f"from={note}"):
        assert run.ask("GET", f"/api/orders?{query}", users.customer).status == 400
    assert run.ask("GET", f"/api/orders/{note}", users.customer).status == 404
    assert run.ask("GET", "/api/orders", users.customer.with_access_token).status == 403
    assert run.ask("GET", "/api/orders", users.other_customer.expired).status == 401
    assert run.ask("GET", f"/confirm/{'x' * 43}").status == 404
    assert run.ask("PATCH", f"/confirm/{'x' * 43}").status == 405


def faults(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function crashes, by AWS and by itself, and each exception quotes somebody."""
    lab, users = run.lab, run.lab.users
    lab.schedules.start()
    order_id = run.place()
    run.desk(order_id, "claim")
    mail = run.quote(order_id)

    def crash(item: Json) -> None:
        raise ValueError(PERSONAL["message of an exception"])

    with monkeypatch.context() as patch:
        patch.setattr(order_store, "order_from_item", crash)
        assert run.ask("GET", f"/api/orders/{order_id}", users.customer).status == 500
        assert run.ask("GET", f"/api/desk/orders/{order_id}", users.cs).status == 500
        preview = f"/api/desk/orders/{order_id}/quote/preview"
        assert run.ask("POST", preview, users.cs, run.quote_body()).status == 500
        assert run.ask("GET", str(mail.link)).status == 500
        lab.ses_event("Delivery", mail)
        run.enroll({**CONTACT, "name": STAND_IN["name"]})
        run.place()
        lab.advance(minutes=10)
    lab.advance(hours=2)

    monkeypatch.setattr(lab_wire._error_answer, "__defaults__", (None, PERSONAL["message of an exception"]))
    for function, operation in FAULTS:
        lab.wire.fail(service=operation[0], operation=operation[1], function=function, error="ValidationException")
    assert run.ask("GET", f"/api/orders/{order_id}", users.customer).status == 500
    crashing = run.place()
    run.ask("GET", f"/api/desk/orders/{crashing}", users.cs)
    run.ask("GET", str(mail.link))
    lab.advance(hours=1)
    run.desk(crashing, "claim")
    run.desk(crashing, "quote", run.quote_body(), 202)
    lab.advance(hours=3)
    lab.wire.heal()


FAULTS = [
    ("OrdersApiFunction", ("dynamodb", "BatchGetItem")),
    ("DeskApiFunction", ("dynamodb", "GetItem")),
    ("ConfirmPageFunction", ("dynamodb", "GetItem")),
    ("OutboxFunction", ("dynamodb", "BatchGetItem")),
    ("MailerFunction", ("sesv2", "SendEmail")),
    ("AwaitDecisionFunction", ("dynamodb", "PutItem")),
    ("SendQuoteFunction", ("dynamodb", "GetItem")),
    ("ReconcileFunction", ("dynamodb", "Query")),
]


def test_nothing_that_a_run_emits_names_a_person_or_tells_a_secret(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run(lab)
    whole_lives(run)
    refusals(run)
    faults(run, monkeypatch)
    emitted = list(run.emitted())

    crashed = {failure.function for failure in lab.errors.take()}
    assert crashed >= {function for function, _ in FAULTS} | {"MailEventsFunction"}, "each of these was to crash"
    stored = json.dumps(lab.items, default=str)
    assert [name for name, words in PERSONAL.items() if words not in stored] == ["message of an exception"]
    assert {where for where, _ in emitted} >= {"log", "event", "input", "history"}
    assert sum('"_aws"' in text for where, text in emitted if where == "log") > 20, "metrics are among the lines"

    assert {entry["exception_name"] for entry in lab.log.entries(message="failed")} >= {"ClientError", "ValueError"}

    secrets = run.secrets()
    texts = [
        (where, name, text[:1_000]) for where, text in emitted for name, secret in secrets.items() if secret in text
    ]
    assert texts == []
    codes = re.compile(rf"(?<![0-9A-Za-z.:-])({'|'.join(run.codes())})(?![0-9A-Za-z])")
    assert [(where, text[:1_000]) for where, text in emitted if codes.search(text)] == []


def test_every_function_keeps_the_messages_of_exceptions_to_itself() -> None:
    for source in (PROJECT / "functions").glob("*.py"):
        assert "\n@redact_exceptions\n@logger.inject_lambda_context(" in source.read_text("utf-8"), source.name
