"""Sample events, one a trigger, recorded from an order's life in the lab: `make samples`.

They lie in `events/`, for `sam local invoke FUNCTION --event events/FILE`. Names, addresses and times are the lab's; no
link, code or task token is in them.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.lab import Lab
from tests.lab.tokens import event_of
from tests.workflow.walking import decide, desk, place, quote

EVENTS = Path(__file__).parents[2] / "events"
TOKEN = "a task token"
ORIGIN_HEADER = "x-origin-secret"

Json = dict[str, Any]


def live(lab: Lab) -> str:
    """An order's life, so that every trigger gets its event; the order's id."""
    order_id = place(lab)
    lab.http("GET", "/api/orders", user=lab.users.customer)
    desk(lab, order_id, "claim")
    mail = quote(lab, order_id)
    lab.ses_event("Delivery", mail)
    lab.settle()
    lab.functions.invoke("ReconcileFunction", {"order_id": order_id})
    lab.functions.invoke("ReplayFunction", {"order_id": order_id, "dry_run": True})
    lab.functions.invoke("MeasureFunction", {})
    assert decide(lab, mail, "approve") == 200
    lab.functions.invoke("IssueClaimsFunction", event_of(lab.users.customer))
    return order_id


def recorded(lab: Lab) -> dict[str, Json]:
    """File name to event: the first that each trigger has got."""
    found: dict[str, Json] = {}
    for one in lab.functions.invocations:
        name = _name(one.function, one.event)
        if name not in found and "/confirm/" not in json.dumps(one.event):
            found[name] = _harmless(one.event)
    return found


def _name(function: str, event: Json) -> str:
    action = ""
    if "rawPath" in event:
        method, path = event["requestContext"]["http"]["method"], event["rawPath"]
        action = f"-{method.lower()}-{path.rstrip('/').rpartition('/')[2]}"
    return f"{function.removesuffix('Function')}{action}.json"


def _harmless(event: Json) -> Json:
    payload: Json = json.loads(json.dumps(event))
    if "token" in payload:
        payload["token"] = TOKEN
    payload.get("headers", {}).pop(ORIGIN_HEADER, None)
    return payload


def main() -> int:
    with Lab.started() as lab:
        live(lab)
        events = recorded(lab)
    EVENTS.mkdir(exist_ok=True)
    for path in EVENTS.glob("*.json"):
        path.unlink()
    for name, event in events.items():
        (EVENTS / name).write_text(json.dumps(event, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
