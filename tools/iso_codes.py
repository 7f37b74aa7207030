"""Write the codes of countries and currencies that the product accepts, from packages with the standards' lists.

Run as `python -m tools.iso_codes`. Newer lists come with newer packages: `make lock UPGRADE=1`, then `make generate`.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from iso_4217 import Currency

DATA = Path(__file__).resolve().parent.parent / "layers" / "core" / "online_orders" / "generated"
NOBODY_IS_PAID_IN = {"UYW"}
"""Units of account that ISO's list does not mark as funds: Uruguay's Unidad Previsional."""


def countries() -> list[str]:
    """Return the codes of ISO 3166-1 that the IANA time zone database lists (`tzdata`, public domain)."""
    table = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text("utf-8")
    return sorted(line.partition("\t")[0] for line in table.splitlines() if not line.startswith("#"))


def currencies() -> dict[str, int]:
    """Return the minor digits of the currencies in use, by code, from ISO 4217's list one (`iso-4217`, MIT).

    Funds, metals and codes for tests are left out: nobody can be billed in them.
    """
    return {
        each.name: each.subunit_exp
        for each in sorted(Currency, key=lambda currency: currency.name)
        if each.entities and each.subunit_exp is not None and not each.is_fund and each.name not in NOBODY_IS_PAID_IN
    }


def documents() -> dict[Path, str]:
    """Return the contents of the files, by path; one code a line, so that a change is easy to read."""
    return {
        DATA / "countries.json": json.dumps(countries(), indent=1) + "\n",
        DATA / "currencies.json": json.dumps(currencies(), indent=1) + "\n",
    }


if __name__ == "__main__":
    for path, text in documents().items():
        path.write_text(text, "utf-8")
