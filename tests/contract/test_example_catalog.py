"""What another vendor sells, by its own rules."""

from typing import Any

import pytest

from tests.contract.in_process import InProcess
from tests.contract.orders import item, place, place_response
from tests.contract.site import Json


@pytest.fixture
def site(example_catalog: InProcess) -> InProcess:
    return example_catalog


def of_kind(site: InProcess, kind: str, **settings: Any) -> Json:
    return {"kind": kind, "start_date": site.day(45), **settings}


def gateway(site: InProcess, **changes: Any) -> Json:
    return of_kind(site, "gateway", **{"site_id": "portland", "model": "G200", "host_name": "voice-1", **changes})


def power_supply(site: InProcess, **changes: Any) -> Json:
    settings = {"site_id": "providence", "accessory_type": "power_supply", "quantity": 1}
    return of_kind(site, "gateway_accessory", **{**settings, **changes})


def test_all_kinds_fit_in_one_order_and_say_what_they_are(site: InProcess) -> None:
    items = [
        item(site),
        of_kind(site, "support", tier="on_site"),
        gateway(site, site_id="providence", model="G800"),
        power_supply(site),
        of_kind(site, "failover_line", site_id="providence", channels=30),
        of_kind(site, "phone_numbers", area="ireland", quantity=20),
    ]
    order = place(site, items=items)
    sent = [{name: each[name] for name in asked} for asked, each in zip(items, order.read()["items"], strict=True)]
    assert sent == items
    text = order.mail_to(order.contact).text
    for line in (
        "Seat licenses: 5 seats for 12 months",
        "Support: On site",
        "Voice gateway: G800 (voice-1) for Warehouse Providence",
        "Gateway accessory: 1 × Second power supply for Warehouse Providence",
        "Failover line: 30 channels (E1) for Warehouse Providence",
        "Phone numbers: 20 numbers in Ireland",
    ):
        assert line in text


def test_its_rules_are_kept(site: InProcess) -> None:
    items = [
        of_kind(site, "support", tier="e_mail"),
        gateway(site, model="G800", start_date=site.day(15), host_name=" "),
        power_supply(site, quantity=21),
        of_kind(site, "failover_line", site_id="boston", channels=3, start_date=site.day(300)),
        of_kind(site, "phone_numbers", area="freephone", quantity=15),
        of_kind(site, "white_label_portal", portal_host="calls.example"),
        gateway(site, start_date=site.day(15)),
    ]
    assert place_response(site, site.people.other, {"items": items[-1:]}).faults() == {
        "/items/0/site_id": "unknown_site"
    }
    assert place_response(site, site.people.customer, {"items": items}).faults() == {
        "/items/0/kind": "needs_seats",
        "/items/0/tier": "not_allowed",
        "/items/1/host_name": "too_short",
        "/items/1/start_date": "date_too_early",
        "/items/2/quantity": "too_large",
        "/items/2/accessory_type": "no_g800_at_site",
        "/items/3/channels": "not_a_step",
        "/items/3/start_date": "date_too_late",
        "/items/4/area": "not_allowed",
        "/items/4/quantity": "not_a_multiple",
        "/items/5/kind": "not_allowed",
    }


def test_what_is_for_partners_a_partner_orders(site: InProcess) -> None:
    portal = of_kind(site, "white_label_portal", portal_host="calls.brightwater.example")
    numbers = of_kind(site, "phone_numbers", area="freephone", quantity=10)
    order = place(site, site.people.reseller, items=[portal, numbers])
    assert [each["kind"] for each in order.read()["items"]] == ["white_label_portal", "phone_numbers"]
