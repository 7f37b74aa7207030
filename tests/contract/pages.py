"""The pages behind the links: their headers and their forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from tests.contract.site import Response


@dataclass
class Form:
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    """Every named field and button with its value, the last of a name."""
    choices: set[str] = field(default_factory=set)
    """The values of the fields and buttons named `decision`."""


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        assert "style" not in values, "an inline style, which the page's own policy forbids"
        assert not any(name.startswith("on") for name in values), "a handler, which the page's own policy forbids"
        if tag == "a":
            self.links.append(values.get("href", ""))
        if tag == "form":
            self.found.append(Form(values.get("method", "get").lower()))
        if tag in {"input", "button", "textarea", "select"} and (name := values.get("name")):
            form = self.found[-1]
            form.fields[name] = values.get("value", "")
            if name == "decision":
                form.choices.add(form.fields[name])


def forms(page: str) -> list[Form]:
    return _parsed(page).found


def links(page: str) -> list[str]:
    return _parsed(page).links


def _parsed(page: str) -> _Forms:
    parser = _Forms()
    parser.feed(page)
    return parser


def is_guarded(answer: Response) -> bool:
    """Whether the answer has the headers that every page behind a link has."""
    policy = answer.headers["content-security-policy"]
    return (
        answer.headers["cache-control"] == "no-store"
        and answer.headers["referrer-policy"] == "no-referrer"
        and answer.headers["x-content-type-options"] == "nosniff"
        and "unsafe-inline" not in policy
        and "default-src 'none'" in policy
    )
