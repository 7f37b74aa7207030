"""The terms of a quote for which Customer Success writes none, in the account's language."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from online_orders.domain.terms import DEFAULT_TERMS
from tests.cli.terminal import Terminal
from tests.contract.in_process import InProcess
from tests.contract.orders import claimed, quote
from tests.contract.site import Site, User
from tests.lab import Lab

Json = dict[str, Any]
LONG = "\N{GRINNING FACE}" * 1_024
"""4,096 bytes: as much as CloudFormation takes for a parameter."""


def by_locale(site: Site) -> dict[str, User]:
    """A customer of an enrolled account of each language."""
    found: dict[str, User] = {}
    for user in site.users:
        if user.role == "customer":
            account = site.get("/api/account", user).ok()
            if (account["enrollment"] or {}).get("state") == "active":
                found.setdefault(account["locale"], user)
    return found


def terms_of(site: Site, locale: str) -> set[str]:
    """Of the draft, the preview and the quote of an order: they are the same."""
    order = claimed(site, by_locale(site)[locale])
    draft = site.get(f"{order.desk_path}/quote-draft", site.people.cs).ok()
    preview = order.desk("quote/preview", quote(site)).ok()["mail"]["text"]
    quoted = order.desk("quote", quote(site)).ok(202)["quote"]["terms"]
    lines = quoted.splitlines()
    assert all(line in preview for line in lines), preview
    return {draft["terms"], quoted}


@pytest.mark.parametrize("locale", ["en", "de"])
def test_a_quote_has_the_products_terms_in_the_accounts_language(site: Site, locale: str) -> None:
    assert terms_of(site, locale) == {DEFAULT_TERMS[locale]}


@pytest.fixture
def seeded(request: pytest.FixtureRequest) -> Iterator[InProcess]:
    with InProcess.started(**getattr(request, "param", {})) as started:
        yield started
        assert not started.lab.errors


def operator(seeded: InProcess, *arguments: object, expect: int = 0) -> str:
    with seeded.lab.as_operator():
        return Terminal.of_lab(seeded).run("terms", *arguments, expect=expect).out


def test_terms_that_an_operator_sets_hold_for_their_language(seeded: InProcess, tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_bytes(b"\xef\xbb\xbfZahlbar binnen 30 Tagen.\r\n\r\n\xc2\xa7 2 gilt.\n")
    assert operator(seeded, "set", "--locale", "de", file) == "de: version 1, 35 characters.\n"
    assert terms_of(seeded, "de") == {"Zahlbar binnen 30 Tagen.\n\n\N{SECTION SIGN} 2 gilt."}
    assert terms_of(seeded, "en") == {DEFAULT_TERMS["en"]}
    file.write_text("Bar.")
    assert operator(seeded, "set", "--locale", "de", file) == "de: version 2, 4 characters.\n"
    assert "de: version 2 of" in operator(seeded, "show")
    assert terms_of(seeded, "de") == {"Bar."}
    assert operator(seeded, "clear", "--locale", "de") == "de: removed.\n"
    assert terms_of(seeded, "de") == {DEFAULT_TERMS["de"]}


def test_terms_are_as_long_as_those_of_a_quote_may_be(seeded: InProcess, tmp_path: Path) -> None:
    file = tmp_path / "terms.txt"
    file.write_text("\N{GRINNING FACE}" * 10_000, "utf-8")
    operator(seeded, "set", "--locale", "en", file)
    assert terms_of(seeded, "en") == {"\N{GRINNING FACE}" * 10_000}
    for words in ("x" * 10_001, " \n"):
        file.write_text(words)
        operator(seeded, "set", "--locale", "en", file, expect=1)
    file.write_bytes(b"\xff")
    operator(seeded, "set", "--locale", "en", file, expect=1)
    assert "version 1" in operator(seeded, "show")


@pytest.mark.parametrize("seeded", [{"QuoteTerms": LONG}], indirect=True)
def test_the_templates_terms_hold_in_every_language_that_has_none_of_its_own(seeded: InProcess, tmp_path: Path) -> None:
    assert terms_of(seeded, "en") == terms_of(seeded, "de") == {LONG}
    file = tmp_path / "terms.txt"
    file.write_text("Bar.")
    operator(seeded, "set", "--locale", "de", file)
    assert (terms_of(seeded, "en"), terms_of(seeded, "de")) == ({LONG}, {"Bar."})


def test_a_stack_with_an_old_default_parameter_has_no_terms_of_its_own() -> None:
    with Lab.started(QuoteTerms=DEFAULT_TERMS["en"]) as lab:
        assert "QuoteTermsText" not in [name for name, made in lab.stack._made.items() if made]
