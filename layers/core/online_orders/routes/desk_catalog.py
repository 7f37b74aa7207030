"""Routes of the vendor's catalog: reading and publishing it, its draft, a preview, and its versions."""

import json
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Depends, Request
from aws_lambda_powertools.event_handler.openapi.params import Query

from online_orders.aws import account_store, catalog_publishing, catalog_store, version_store
from online_orders.aws.catalog_publishing import Draft, StoredCatalog
from online_orders.aws.keys import catalog_key
from online_orders.aws.version_store import Version
from online_orders.domain.catalog import Catalog, catalog_body, shipped
from online_orders.domain.errors import FieldError, Invalid, NotFound
from online_orders.domain.field_errors import validate
from online_orders.domain.representations import to_json
from online_orders.domain.values import Identifier
from online_orders.domain.values import Request as RequestModel
from online_orders.http import requests, responses
from online_orders.http.app import (
    CatalogManager,
    DeskReader,
    Router,
    cursor_of,
    error_codes,
    not_modified_spec,
    raw_json_body,
    response_spec,
)
from online_orders.http.desk_parameters import CatalogVersionNumber, ComparisonQuery
from online_orders.http.parameters import IfMatch, IfNoneMatch, IfNoneMatchTag, Page
from online_orders.http.responses import Response
from online_orders.routes.versions import get_version, version_row

router = Router()

_CATALOG = "/api/desk/catalog"


class CatalogPreviewRequest(RequestModel):
    """A document, and the account that it is to be seen as."""

    catalog: Any
    account_id: Identifier | None = None


def _response(stored: StoredCatalog) -> Response:
    times = {"updated_at": stored.updated_at, "updated_by": stored.updated_by}
    body = {**stored.catalog.document, "version": stored.version, **times}
    return responses.json_response(body, headers=responses.etag(stored.version))


@router.get(
    _CATALOG,
    tags=["Desk catalog"],
    summary="Show the catalog",
    description=(
        "The whole document that is in force, with what is retired and what only some accounts may order. Version 0 is "
        "the one that ships."
    ),
    responses=response_spec("DeskCatalog", "The catalog.", headers=("ETag",)),
)
def show_desk_catalog(_staff: DeskReader) -> Response:
    return _response(catalog_publishing.get_stored())


@router.put(
    _CATALOG,
    tags=["Desk catalog"],
    summary="Publish a catalog",
    description=(
        "The body is the whole document, as reading it answers it. Orders keep the version and the words that they "
        "were placed with. A kind, a choice or a group that is in use cannot go; a kind or a choice can be retired. A "
        "draft that equals what is published is discarded. Send `If-Match` with the ETag that you have read: then "
        "nobody's work is replaced unseen. To go back, publish an earlier version again."
    ),
    responses=response_spec("DeskCatalog", "The catalog as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("in_progress"),
)
def publish_catalog(
    staff: CatalogManager,
    body: Annotated[Any, Depends(raw_json_body("CatalogRequest"))],
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    conditions = requests.preconditions(if_match, if_none_match)
    return _response(catalog_publishing.publish_catalog(body, staff, partial(conditions.check, "a catalog")))


# -- the draft ----------------------------------------------------------------------------------------------------


def _draft_response(draft: Draft) -> Response:
    errors = catalog_publishing.faults_of(draft.document, catalog_store.get_catalog())
    body = {
        "catalog": draft.document,
        "errors": [error._asdict() for error in errors],
        "version": draft.version,
        "updated_at": draft.updated_at,
        "updated_by": draft.updated_by,
    }
    return responses.json_response(body, headers=responses.etag(draft.version))


@router.get(
    f"{_CATALOG}/draft",
    tags=["Desk catalog"],
    summary="Show the draft of the next catalog",
    description="As it was stored, with the faults that publishing it now would refuse. The desk has one draft.",
    responses=response_spec("CatalogDraft", "The draft.", headers=("ETag",)),
    openapi_extensions=error_codes("not_found"),
)
def show_catalog_draft(_staff: DeskReader) -> Response:
    draft = catalog_publishing.find_draft()
    if draft is None:
        raise NotFound("There is no draft of the catalog.")
    return _draft_response(draft)


@router.put(
    f"{_CATALOG}/draft",
    tags=["Desk catalog"],
    summary="Store a draft of the next catalog",
    description=(
        "Any object is stored as it was sent, and nothing is published. The answer has its faults, as publishing would "
        "refuse them."
    ),
    responses=response_spec("CatalogDraft", "The draft as it is then.", headers=("ETag",)),
    openapi_extensions=error_codes("in_progress"),
)
def put_catalog_draft(
    staff: CatalogManager,
    body: Annotated[Any, Depends(raw_json_body("CatalogDraftRequest"))],
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    conditions = requests.preconditions(if_match, if_none_match)
    return _draft_response(catalog_publishing.replace_draft(body, staff, partial(conditions.check, "a draft")))


@router.delete(
    f"{_CATALOG}/draft",
    tags=["Desk catalog"],
    summary="Discard the draft of the next catalog",
    description="The catalog in force stays as it is.",
    responses=response_spec(None, "The draft is gone.", HTTPStatus.NO_CONTENT),
    openapi_extensions=error_codes("in_progress", "not_found"),
)
def discard_catalog_draft(staff: CatalogManager, if_match: IfMatch = None) -> Response:
    conditions = requests.preconditions(if_match, None)
    catalog_publishing.discard_draft(staff, partial(conditions.check, "a draft"))
    return responses.empty_response(HTTPStatus.NO_CONTENT)


@router.post(
    f"{_CATALOG}/preview",
    tags=["Desk catalog"],
    summary="See a catalog as an account will",
    description=(
        "Refuses what publishing refuses, and changes nothing. `catalog` of the answer is what `GET /api/catalog` "
        "would answer for the account or, without one, to staff; `changes` lists what differs from the one in force."
    ),
    responses=response_spec("CatalogPreview", "What would be ordered from."),
    openapi_extensions=error_codes("not_found"),
)
def preview_catalog(
    _staff: CatalogManager, body: Annotated[Any, Depends(raw_json_body("CatalogPreviewRequest"))]
) -> Response:
    before = catalog_store.get_catalog()
    document: dict[str, Any] = {}
    faults: list[FieldError] = []
    if isinstance(body, dict) and "catalog" in body:
        try:
            document = catalog_publishing.parse(body["catalog"], before)
        except Invalid as invalid:
            faults = [error._replace(pointer=f"/catalog{error.pointer}") for error in invalid.errors]
    requested = validate(CatalogPreviewRequest, body, extra_errors=faults)
    catalog = Catalog.from_document(document, before.version + 1)
    if requested.account_id is not None:
        catalog = catalog.for_account(account_store.get_account(requested.account_id))
    differing = catalog_publishing.changes_between(before.document, document)
    return responses.json_response({"catalog": catalog_body(catalog), "changes": differing})


@router.get(
    f"{_CATALOG}/schema",
    tags=["Desk catalog"],
    summary="Show the schema of a catalog",
    description="JSON Schema (2020-12) of the document, with titles and descriptions. It changes with a release only.",
    responses=response_spec(None, "The schema.", headers=("ETag",), other={"application/json": {"type": "object"}})
    | not_modified_spec(),
)
def show_catalog_schema(_staff: DeskReader, if_none_match: IfNoneMatchTag = None) -> Response:
    from online_orders.domain.catalog_document import document_schema  # imported here for the sake of cold starts

    return responses.revalidated_response(to_json(document_schema()), if_none_match)


# -- versions -----------------------------------------------------------------------------------------------------

_SHIPPED_ROW = {"version": 0, "at": None, "by": None, "changed": None}


@router.get(
    f"{_CATALOG}/versions",
    tags=["Desk catalog"],
    summary="List what has become of the catalog",
    description="Every version, newest first: who published it and when. The last one is 0, the catalog that ships.",
    responses=response_spec("CatalogVersionPage", "A page of versions."),
)
def list_catalog_versions(staff: DeskReader, query: Annotated[Page, Query()], request: Request) -> Response:
    """Return the versions of the catalog and who published them; newest first."""

    def row(version: Version) -> dict[str, Any]:
        return {**version_row(version), "kinds": len(json.loads(version.document)["kinds"])}

    cursor = cursor_of(request, query, staff)
    page = version_store.list_versions(catalog_key(), query.limit, int(cursor.position) if cursor.position else None)
    rows, position = ([row(version) for version in page.versions], page.position) if page else ([], None)
    if position is None:
        if len(rows) < query.limit:
            rows.append({**_SHIPPED_ROW, "kinds": len(shipped().kinds)})
        else:
            position = rows[-1]["version"]
    return responses.page(rows, "version", position, cursor)


@router.get(
    f"{_CATALOG}/versions/<version>",
    tags=["Desk catalog"],
    summary="Show the catalog as it was",
    description="The whole document at a version and, with `compared_with`, what differs from another version.",
    responses=response_spec("CatalogVersion", "The version."),
)
def show_catalog_version(
    _staff: DeskReader, version: CatalogVersionNumber, query: Annotated[ComparisonQuery, Query()]
) -> Response:
    row, document = _version(version)
    body = {**row, "catalog": document}
    if query.compared_with is not None:
        _, other = _version(query.compared_with)
        body["changes"] = catalog_publishing.changes_between(other, document)
    return responses.json_response(body)


def _version(version: int) -> tuple[dict[str, Any], Any]:
    """Return the row and the document of a version; raise NotFound for one that is not kept."""
    if version == 0:
        return _SHIPPED_ROW, shipped().document
    found = get_version(catalog_key(), version)
    return version_row(found), json.loads(found.document)
