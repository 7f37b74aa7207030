"""Routes of the standard terms of quotes: of each language, and of groups of accounts, with their versions."""

from functools import partial
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from online_orders.aws import terms_store
from online_orders.domain.languages import LOCALES
from online_orders.domain.terms import KeptTerms, TermsScope
from online_orders.domain.values import IDENTIFIER
from online_orders.http import requests, responses
from online_orders.http.app import (
    DeskReader,
    PapersManager,
    Router,
    cursor_of,
    error_codes,
    raw_json_body,
    response_spec,
)
from online_orders.http.parameters import IfMatch, IfNoneMatch, Page
from online_orders.http.responses import Response

router = Router()


def _locale(text: str) -> str:
    if text not in LOCALES:
        raise PydanticCustomError("not_allowed", "it is one of {values}", {"values": ", ".join(LOCALES)})
    return text


class TermsVersionsQuery(Page):
    """Which versions, of whose terms."""

    locale: Annotated[
        Annotated[str, AfterValidator(_locale)],
        Field(description="The language.", json_schema_extra={"enum": [*LOCALES], "x-component": "terms_locale"}),
    ]
    group: Annotated[
        Annotated[str, Field(pattern=IDENTIFIER)] | None,
        Field(
            description="The terms of this group of accounts; without it, those of the language.",
            json_schema_extra={"x-component": "terms_group"},
        ),
    ] = None


def _shown(terms: KeptTerms) -> dict[str, Any]:
    return {"locale": terms.locale, "group": terms.group, **terms.model_dump(mode="json", exclude={"locale", "group"})}


@router.get(
    "/api/desk/terms",
    tags=["Desk"],
    summary="Show the standard terms",
    description=(
        "The texts that quotes get for which Customer Success writes none. For an account, the first of its `groups` "
        "that has a text in the account's language goes first, then the text of the language, then its default in "
        "`defaults`: the template's `QuoteTerms`, or the product's own."
    ),
    responses=response_spec("StandardTermsList", "All standard terms."),
)
def show_terms(_staff: DeskReader) -> Response:
    terms = [_shown(each) for each in terms_store.list_terms()]
    return responses.json_response({"terms": terms, "defaults": terms_store.defaults()})


@router.put(
    "/api/desk/terms",
    tags=["Desk"],
    summary="Set or remove standard terms",
    description=(
        "Of a language or, with `group`, of a group of accounts in that language. With `text` null they are removed, "
        "and the next ones that apply hold. Quotes that were made keep their text. Send `If-None-Match: *` to set a "
        "text where there is none, and `If-Match` with the version that you have read to change one: then nobody's "
        "work is replaced unseen."
    ),
    responses=response_spec("StandardTermsEntry", "The terms as they are then.", headers=("ETag",)),
    openapi_extensions=error_codes("in_progress"),
)
def put_terms(
    staff: PapersManager,
    body: Annotated[Any, Depends(raw_json_body("TermsRequest"))],
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    check = partial(requests.preconditions(if_match, if_none_match).check, "a text of these terms")
    stored = terms_store.replace_terms(body, staff, check)
    return responses.json_response(_shown(stored), headers=responses.etag(stored.version))


@router.get(
    "/api/desk/terms/versions",
    tags=["Desk"],
    summary="List what has become of standard terms",
    description=(
        "Every version of the terms of a language or of a group, newest first, with its text; null where they were "
        "removed. All are kept: a quote names the version of its terms in `terms_version`."
    ),
    responses=response_spec("TermsVersionPage", "A page of versions."),
)
def list_terms_versions(staff: DeskReader, query: Annotated[TermsVersionsQuery, Query()], request: Request) -> Response:
    cursor = cursor_of(request, query, staff)
    scope = TermsScope(query.locale, query.group)
    page = terms_store.list_versions(scope, query.limit, int(cursor.position) if cursor.position else None)
    rows = (
        {
            "version": terms.version,
            "at": terms.model_dump(mode="json")["updated_at"],
            "by": by,
            "text": terms.text,
        }
        for terms, by in page.versions
    )
    return responses.page(rows, "version", page.position, cursor)
