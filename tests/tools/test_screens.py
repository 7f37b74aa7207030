"""What the screens are made with: limits from the API's document, and the types of the libraries that they run on."""

import json
import re
from typing import Any

from online_orders.domain.catalog import Item, words_of
from tests.domain.builders import KINDS, item_of
from tests.shipped_catalog import CATALOG
from tests.tools.described import DOCUMENT
from tools import catalog_words
from tools.generate import ROOT
from tools.screen_limits import module

Json = dict[str, Any]


def limits() -> dict[str, dict[str, Json]]:
    found: dict[str, dict[str, Json]] = json.loads(
        re.sub(r",\n}", "\n}", module(DOCUMENT).partition("LIMITS = ")[2].partition("};")[0] + "}")
    )
    return found


def test_the_screens_limits_are_those_of_what_is_sent() -> None:
    found = limits()
    assert found["OrderRequest"]["items"] == {"maxItems": 50}
    assert found["OrderRequest"]["note"]["maxLength"] == 2000
    assert found["NewLine"]["quantity"] == {"maximum": 1_000_000, "minimum": 1}
    assert found["NewLine"]["recurrence"]["enum"] == ["once", "monthly", "yearly"]
    assert found["Contact"]["email"]["maxLength"] == 254
    assert "currency" not in found["AccountRequest"], "long lists come with the catalog"
    assert found.keys() < DOCUMENT["components"]["schemas"].keys()
    assert "Order" not in found, "it is answered, and never sent"


def test_the_screens_have_every_word_that_an_order_by_the_catalog_that_ships_can_keep() -> None:
    items = [Item.model_validate(item_of(kind)) for kind in KINDS]
    for language, kept in words_of(items, CATALOG).items():
        known = dict(catalog_words.words(CATALOG, language))
        assert kept.items() <= known.items()
        assert {key for key in known if key.startswith("sdp_users.region.")} == {
            f"sdp_users.region.{region}" for region in CATALOG.kinds["sdp_users"].settings["region"].choices
        }
        assert json.dumps(known, ensure_ascii=False) in catalog_words.module(CATALOG)


def test_the_screens_ask_for_no_limit_that_is_not_there() -> None:
    found = limits()
    requested = {
        (schema, member)
        for path in [*(ROOT / "web" / "lib").rglob("*.js"), *(ROOT / "web" / "pages").rglob("*.js")]
        for schema, member in re.findall(r"\bLIMITS\.(\w+)\.(\w+)", path.read_text("utf-8"))
    }
    assert len(requested) > 10
    assert {pair for pair in requested if pair[1] not in found.get(pair[0], {})} == set()


def test_the_checks_know_the_libraries_that_the_screens_run_on() -> None:
    checked = json.loads((ROOT / "tools" / "api_lint" / "package-lock.json").read_text("utf-8"))["packages"]
    used = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))["packages"]
    del used[""]
    assert {name: checked[name]["integrity"] for name in used} == {
        name: each["integrity"] for name, each in used.items()
    }
    assert all("resolved" not in each for each in checked.values())
