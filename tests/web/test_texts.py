"""The two languages say the same things."""

import json
import posixpath
import re
from typing import Any

import pytest

from online_orders.domain.catalog import catalog_body, shipped
from online_orders.domain.catalog_document import document_schema
from online_orders.domain.field_errors import CODES
from online_orders.domain.iso import MINOR_DIGITS
from online_orders.domain.languages import FOLDER
from online_orders.domain.languages import LOCALES as ACCOUNTS_SPEAK
from tests.local_run import PROJECT
from tests.shipped_catalog import CATALOG, LABELS_BY_LOCALE
from tools.publish import languages
from tools.vendor import MODULES, as_module

MAX_PICTURE = 100 * 1024
LOCALES = PROJECT / "web" / "locales"
pytestmark = pytest.mark.no_browser


def texts(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((LOCALES / f"{language}.json").read_text("utf-8"))
    return found


def test_the_screens_speak_what_accounts_speak() -> None:
    assert languages(PROJECT / "web") == list(ACCOUNTS_SPEAK)


def test_the_contact_person_has_one_name_in_german() -> None:
    """On the screens as in mails, pages and papers."""
    of_screens, of_mails = (LOCALES / "de.json").read_text("utf-8"), (FOLDER / "de.json").read_text("utf-8")
    for text in (of_screens, of_mails):
        assert "Ansprechperson" in text
        assert not re.search("Ansprechpartner|Kontaktperson", text)


def test_german_has_every_english_text_with_the_same_placeholders() -> None:
    english, german = texts("en"), texts("de")
    assert english.keys() <= german.keys()
    for key, text in english.items():
        assert sorted(re.findall(r"\{\w+\}", text)) == sorted(re.findall(r"\{\w+\}", german[key])), key


def test_what_can_be_ordered_is_called_as_the_catalog_does_and_has_no_texts_here() -> None:
    """Kinds, settings and choices have their words in the catalog, and those that ship in a generated file."""
    catalogs = {label for words in LABELS_BY_LOCALE.values() for label in words.values()}
    for language in ACCOUNTS_SPEAK:
        assert not catalogs.intersection(texts(language).values())


def _sources() -> str:
    scripts = [*(PROJECT / "web" / "lib").rglob("*.js"), *(PROJECT / "web" / "pages").rglob("*.js")]
    return "".join(path.read_text("utf-8") for path in sorted(scripts))


def test_every_text_is_used() -> None:
    sources = _sources()
    named = set(re.findall(r'"([a-z0-9_]+(?:[.:/][A-Za-z0-9_.:/]*)*)"', sources))
    begun = tuple(re.findall(r"`([a-z_]+\.[a-z_.]*)\$\{", sources))
    assert begun

    def is_used(key: str) -> bool:
        plural = re.sub(r"\.(zero|one|two|few|many|other)$", "", key)
        return key in named or plural in named or key.startswith((*begun, *EDITED))

    assert [key for key in texts("en") if not is_used(key)] == []


EDITED = tuple(f"{words}.{part}." for words in ("account", "catalog") for part in ("of", "hint", "add", "value"))
"""Texts of forms that are made from a schema: the next test says which of them there are."""


def test_the_catalogs_editor_has_words_for_whatever_its_schema_has() -> None:
    """Otherwise titles and descriptions of the schema stand there, which are English."""
    known = texts("en").keys()
    wanted = EditorTexts(document_schema())
    assert [names for names in wanted.needed if not any(f"catalog.{name}" in known for name in names)] == []
    possible = {f"catalog.{name}" for names in (*wanted.needed, *wanted.possible) for name in names}
    assert {key for key in known if key.startswith(EDITED) and key.startswith("catalog.")} <= possible


class EditorTexts:
    """Which texts the editor of a document needs or may have, each by the names that it is looked for under."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._definitions = schema["$defs"]
        self.needed: list[tuple[str, ...]] = []
        self.possible: list[tuple[str, ...]] = []
        self._members("catalog", schema["properties"])

    def _resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        some = [each for each in part.get("anyOf", ()) if each.get("type") != "null"]
        if "$ref" in part:
            named = self._definitions[part["$ref"].rpartition("/")[2]]
            return self._resolved({**named, **_without(part, "$ref")})
        return self._resolved({**some[0], **_without(part, "anyOf")}) if len(some) == 1 else part

    def _members(self, owner: str, members: dict[str, dict[str, Any]]) -> None:
        for name, each in members.items():
            part = self._resolved(each)
            if "const" not in part:
                self._member(owner, name, part)

    def _member(self, owner: str, name: str, part: dict[str, Any]) -> None:
        is_words = part.get("properties", {}).keys() == set(ACCOUNTS_SPEAK)
        self._text("of", owner, name)
        self._text("hint", owner, name, is_needed="description" in part and not is_words)
        if part.get("type") == "array":
            self._text("add", owner, name, is_needed=name != "kinds")
            self._items(name, self._resolved(part["items"]))
        elif part.get("type") == "object" and not is_words:
            self._members(name, part["properties"])

    def _items(self, name: str, items: dict[str, Any]) -> None:
        if "oneOf" in items:
            tag = items["discriminator"]["propertyName"]
            self._text("of", name, tag)
            for branch in map(self._resolved, items["oneOf"]):
                value = branch["properties"][tag]["const"]
                self._text("value", name, f"{tag}.{value}")
                self._text("hint", name, f"{tag}.{value}")
                self._members(name, branch["properties"])
        elif items.get("type") == "object":
            self._members(name, items["properties"])
        else:
            self.needed.append((f"of.{name}.{name}",))

    def _text(self, kind: str, owner: str, name: str, *, is_needed: bool = True) -> None:
        (self.needed if is_needed else self.possible).append((f"{kind}.{owner}.{name}", f"{kind}.{name}"))


def _without(part: dict[str, Any], name: str) -> dict[str, Any]:
    return {member: value for member, value in part.items() if member != name}


def test_every_icon_has_a_name_and_the_catalog_that_ships_uses_no_other() -> None:
    script = (PROJECT / "web" / "lib" / "ui" / "icons.js").read_text("utf-8")
    drawn = set(re.findall(r'^  "?([a-z-]+)"?: \[', script, re.MULTILINE))
    assert {key.removeprefix("catalog.icon.") for key in texts("en") if key.startswith("catalog.icon.")} == drawn
    assert {kind["icon"] for kind in CATALOG.document["kinds"]} <= drawn


def test_every_text_that_the_code_names_is_there() -> None:
    known = texts("en")
    sources = _sources()
    named = set(re.findall(r"""\bt\(\s*"([a-z_.0-9]+)\"""", sources))
    assert named
    assert {name for name in named if name not in known and f"{name}.other" not in known} == set()


def test_the_screens_know_as_many_decimals_of_each_currency_as_the_api() -> None:
    """They ask the catalog, and have no list of their own."""
    catalog = catalog_body(shipped())
    assert {each["currency"]: each["minor_digits"] for each in catalog["currencies"]} == MINOR_DIGITS
    for path in [*(PROJECT / "web" / "lib").rglob("*.js"), *(PROJECT / "web" / "pages").rglob("*.js")]:
        assert not re.search(r'supportedValuesOf\("currency"\)|\b(JPY|KWD)\b', path.read_text("utf-8")), path


def test_german_has_a_text_for_whatever_the_api_can_find_wrong() -> None:
    """Where English has none, the API's own sentence stands, which is English."""
    known = texts("de")
    codes = set(CODES.values()) | {"wrong_type"}
    for path in (PROJECT / "layers" / "core").rglob("*.py"):
        source = path.read_text("utf-8")
        codes |= set(re.findall(r'PydanticCustomError\(\s*"(\w+)"', source))
        codes |= set(re.findall(r'Fault\([^,]+,\s*"(\w+)"\s*,', source))
        codes |= set(re.findall(r'FieldError\((?:[^()]|\([^()]*\))*?,\s*"(\w+)"\s*,', source))
    assert len(codes) > 30
    assert {code for code in codes if f"fault.{code}" not in known} == set()


@pytest.mark.parametrize("name", ["index.html", "reference.html"])
def test_no_page_of_the_site_holds_inline_code(name: str) -> None:
    page = (PROJECT / "web" / name).read_text("utf-8")
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"\s(on\w+|style)=", page)


def test_no_file_of_the_site_names_a_foreign_address() -> None:
    for path in (PROJECT / "web").rglob("*.*"):
        fetched = "vendor" in path.parts or path.name.startswith("redoc.")
        if path.suffix in {".js", ".css", ".html"} and not fetched:
            assert not re.search(r"(https?:)?//[a-z]+\.[a-z]{2,}", path.read_text("utf-8")), path


def test_the_page_has_the_browser_fetch_at_once_what_the_first_script_imports() -> None:
    """And no page's own code, of which most readers never see the half."""
    page = (PROJECT / "web" / "index.html").read_text("utf-8")
    named = set(re.findall(r'<link rel="modulepreload" href="/([^"]+)">', page))
    waiting, imported = ["pages/main.js"], set()
    while waiting:
        path = waiting.pop()
        source = (PROJECT / "web" / path).read_text("utf-8") if path.startswith(("lib/", "pages/")) else ""
        for address in re.findall(r"""^(?:import|export) [^;]*?from "([^"]+)";""", source, re.MULTILINE):
            found = posixpath.normpath(posixpath.join(posixpath.dirname(path), address))
            if found not in imported:
                imported.add(found)
                waiting.append(found)
    libraries = {f"vendor/{name}" for name, _ in MODULES.values()} - {"vendor/oauth4webapi.js"}
    assert imported > {"lib/ui/dialog.js", "vendor/preact.js"}
    assert named == imported | libraries
    assert not any(path.startswith(("pages/customer/", "pages/desk/")) for path in named)


LICENSES = {
    "@preact/signals": "MIT",
    "@preact/signals-core": "MIT",
    "htm": "Apache-2.0",
    "oauth4webapi": "MIT",
    "preact": "MIT",
}


def test_the_libraries_are_pinned_by_hash_and_name_no_registry() -> None:
    web = PROJECT / "web"
    packages = json.loads((web / "package-lock.json").read_text("utf-8"))["packages"]
    requested = json.loads((web / "package.json").read_text("utf-8"))["dependencies"]
    assert packages.pop("")["dependencies"] == requested
    assert {name.removeprefix("node_modules/"): each["license"] for name, each in packages.items()} == LICENSES
    for package in packages.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package
    assert re.search(r"^/web/vendor/$", (PROJECT / ".gitignore").read_text("utf-8"), re.MULTILINE)


def test_the_library_of_the_reference_is_pinned_by_hash_and_names_no_registry() -> None:
    folder = PROJECT / "tools" / "api_reference"
    packages = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"]
    requested = json.loads((folder / "package.json").read_text("utf-8"))["dependencies"]
    assert packages.pop("")["dependencies"] == requested
    assert packages.keys() == {"node_modules/redoc"}
    for locked in packages.values():
        assert locked["integrity"].startswith("sha512-")
        assert locked["license"] == "MIT"
        assert "resolved" not in locked
    assert "/web/reference/redoc.*" in (PROJECT / ".gitignore").read_text("utf-8").splitlines()


def test_a_librarys_modules_find_each_other_by_address() -> None:
    text = 'import{h}from"preact";import * as s from "@preact/signals-core";export{x}from"preact/hooks";\n'
    named = 'import{h}from"./preact.js";import * as s from "./signals-core.js";export{x}from"./preact-hooks.js";\n'
    assert as_module(f"{text}//# sourceMappingURL=a.map") == named
    with pytest.raises(KeyError):
        as_module('import "left-pad"')


def test_the_readme_shows_three_pictures_that_are_there_and_small() -> None:
    shown = re.findall(r"!\[[^]]+\]\((docs/images/[^)]+\.png)\)", (PROJECT / "README.md").read_text("utf-8"))
    assert len(shown) == 3
    for path in shown:
        assert (PROJECT / path).read_bytes().startswith(b"\x89PNG")
        assert (PROJECT / path).stat().st_size < MAX_PICTURE, path
