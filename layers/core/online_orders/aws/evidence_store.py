"""Store the evidence of decisions by link, beside the order's timeline and apart from it."""

from typing import NamedTuple

from online_orders.aws.keys import EVIDENCE_PREFIX, PREFIX_END, Item, evidence_key, order_pk
from online_orders.aws.table import IF_NOT_EXISTS, query_pages, query_range, text
from online_orders.domain.evidence import Evidence


class EvidencePage(NamedTuple):
    """Evidence by sequence, and the sequence number after which the next page begins (None: this was the last)."""

    evidence: list[Evidence]
    position: int | None


def evidence_action(order_id: str, evidence: Evidence) -> Item:
    """Return the write of evidence, for the transaction of the decision itself."""
    item = {**evidence_key(order_id, evidence.sequence), "document": text(evidence.model_dump_json())}
    return {"Put": {"Item": item, **IF_NOT_EXISTS}}


def newest_evidence(order_id: str) -> tuple[Evidence, str] | None:
    """Return the evidence of an order's newest decision by link, and its document as stored; None without any.

    Handing over decides nothing.
    """
    pages = query_pages(
        order_pk(order_id), EVIDENCE_PREFIX, EVIDENCE_PREFIX + PREFIX_END, ScanIndexForward=False, Limit=10
    )
    for item in (each for page in pages for each in page):
        document = item["document"]["S"]
        if (found := Evidence.model_validate_json(document)).decision != "hand_over":
            return found, document
    return None


def list_evidence(order_id: str, limit: int, after: int) -> EvidencePage:
    """Return evidence of an order's decisions after a sequence number, oldest first."""
    first = evidence_key(order_id, after + 1)["sk"]["S"]
    response = query_range(order_pk(order_id), first, EVIDENCE_PREFIX + PREFIX_END, Limit=limit)
    found = [Evidence.model_validate_json(item["document"]["S"]) for item in response["Items"]]
    return EvidencePage(found, found[-1].sequence if "LastEvaluatedKey" in response and found else None)
