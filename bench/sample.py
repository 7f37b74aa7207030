"""Real requests and the table they meet, recorded in the lab: an order that waits for the contact person."""

import json
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from os import devnull
from pathlib import Path
from typing import Any

from tests.lab import Lab
from tests.proof.flows import Walk

Json = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    items: list[Json]
    """All of the table, as the service writes it."""
    events: Mapping[str, Json]
    """What the gateway hands over: `create`, `read` and `page`."""
    environment: Mapping[str, Mapping[str, str]]
    """Of each function, by logical id."""
    secret: str
    """The keys that links are derived from."""


def record() -> Sample:
    with Lab.started() as lab, Path(devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        lab.clock.move_to(max(lab.clock.now(), datetime.now(UTC)))
        lab.account("acme")
        lab.settle()
        walk = Walk(lab)
        day = (lab.clock.now() + timedelta(days=60)).date().isoformat()
        body = {"items": [{"kind": "ip_addresses", "quantity": 4, "start_date": day}]}
        events = {}
        response = lab.http(
            "POST", "/api/orders", json=body, headers={"Idempotency-Key": "one"}, user=lab.users.customer
        )
        assert response.status == 201, response
        events["create"] = lab.functions.invocations[-1].event
        walk.order_id = response.json()["order_id"]
        lab.settle()
        walk.claim()
        walk.quote()
        lab.http("GET", f"/api/orders/{walk.order_id}", user=lab.users.customer)
        events["read"] = lab.functions.invocations[-1].event
        link = walk.mail(quote=True).link
        assert link
        assert lab.http("GET", link).status == 200
        events["page"] = lab.functions.invocations[-1].event
        table = lab.dynamodb.backend.get_table(lab.outputs["TableName"])
        items = [item.to_json()["Attributes"] for item in table.all_items()]
        environment = {function.name: dict(function.environment) for function in lab.functions}
        secret_id = environment["ConfirmPageFunction"]["SIGNING_KEYS_SECRET"]
        secret = lab.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
        items, events, environment = json.loads(json.dumps([items, events, environment]))
        return Sample(items, events, environment, secret)
