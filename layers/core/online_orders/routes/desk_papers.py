"""Routes of what papers have in common: the letterhead, as it is and as it was.

What sets a paper, and so storing a letterhead, is in the function that has the rendering layer.
"""

from online_orders.aws import letterhead_store
from online_orders.aws.letterhead_store import StoredLetterhead
from online_orders.http import responses
from online_orders.http.app import DeskReader, Router, error_codes, response_spec
from online_orders.http.desk_parameters import VersionNumber
from online_orders.http.responses import Response

router = Router()


def letterhead_response(stored: StoredLetterhead | None) -> Response:
    """Return a letterhead with its version as ETag; before the first, an empty one at version 0."""
    if stored is None:
        return responses.json_response({}, headers=responses.etag(0))
    return responses.json_response(stored.letterhead.document, headers=responses.etag(stored.version))


@router.get(
    "/api/desk/letterhead",
    tags=["Desk papers"],
    summary="Show the letterhead",
    description="The one that the next quote gets. Empty, with version 0, before the first was stored.",
    responses=response_spec("Letterhead", "The letterhead.", headers=("ETag",)),
)
def show_letterhead(_staff: DeskReader) -> Response:
    return letterhead_response(letterhead_store.current_letterhead())


@router.get(
    "/api/desk/letterhead/versions/<version>",
    tags=["Desk papers"],
    summary="Show the letterhead as it was",
    description="Each version is kept: the papers of a quote are set with the version that it names.",
    responses=response_spec("LetterheadVersion", "The version."),
    openapi_extensions=error_codes("not_found"),
)
def show_letterhead_version(_staff: DeskReader, version: VersionNumber) -> Response:
    stored = letterhead_store.get_version(version)
    about = {"version": stored.version, "at": stored.at, "by": stored.by}
    return responses.json_response({**about, "letterhead": stored.letterhead.document})
