"""The accounts that tests talk about, as CS would enroll them. The users of `Users` belong to them."""

from typing import Any

Json = dict[str, Any]


def _site(site_id: str, country: str, address: str | None, license_of: Json | None) -> Json:
    return {
        "site_id": site_id,
        "name": site_id.title(),
        "country": country,
        "address": address,
        "license": license_of,
        "sockets": [],
    }


def body(account_id: str, **changes: Any) -> Json:
    """What CS puts for an account; changed members of the top level replace those that any account has.

    Sites: `office` has a begun license of 100 Mbps and an address, `branch` a license that begins in 2027, `store` an
    address and no license.
    """
    country = "DE" if account_id == "bolt" else "US"
    standard: Json = {
        "account_id": account_id,
        "name": f"{account_id.title()} Ltd",
        "locale": "de" if account_id == "bolt" else "en",
        "currency": "USD" if account_id == "slate" else "EUR",
        "time_zone": "Europe/Berlin" if account_id == "bolt" else "America/New_York",
        "parent_account_id": "relay" if account_id.startswith("relay-") else None,
        "enrollment": {
            "letter_received_on": "2026-01-15",
            "contact": {"name": f"Connie of {account_id.title()}", "email": f"contact@{account_id}.example"},
            "state": "suspended" if account_id == "slate" else "active",
        },
        "sites": [
            _site("office", country, "1 Main Street", {"bandwidth_mbps": 100, "starts_on": "2026-01-01"}),
            _site("branch", country, "3 Tmp", {"bandwidth_mbps": 100, "starts_on": "2027-03-01"}),
            _site("store", country, "2 Side Street", None),
        ],
    }
    optional = {"hand_over", "billing_address", "tax_number", "tax", "purchase_order", "signed_order"}
    assert not changes.keys() - standard.keys() - optional, f"an account has no {sorted(changes)}"
    return standard | changes
