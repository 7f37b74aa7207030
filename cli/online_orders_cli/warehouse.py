"""Export the table to S3 for a warehouse: DynamoDB writes the export from its backups, without load on the table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from math import ceil
from time import sleep
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from online_orders_cli.installation import Installation, Refused, Unreachable

PREFIX = "warehouse"
MAX_PERIOD = timedelta(hours=24)
"""Of an incremental export; likewise the next."""
MIN_PERIOD = timedelta(minutes=15)
_STEP = timedelta(minutes=5)
"""The end of an export is a multiple of it, so that a command that is repeated soon finds what it started."""
_SECONDS_BETWEEN_LOOKS = 20.0
RUNNING = "IN_PROGRESS"
FAILED = "FAILED"


class Export(NamedTuple):
    """An export as DynamoDB describes it."""

    arn: str
    kind: str
    """`full` or `incremental`."""
    status: str
    since: datetime | None
    until: datetime
    location: str
    """Of the files with the items."""
    items: int | None
    size: int | None
    """Bytes as they are billed."""
    failure: str | None

    @property
    def facts(self) -> dict[str, Any]:
        """Return what a program is told."""
        return {
            **self._asdict(),
            "since": self.since and _written(self.since),
            "until": _written(self.until),
        }


def start(installation: Installation, since: datetime | None, until: datetime | None) -> list[Export]:
    """Start a full export as of `until`, or incremental ones of what was written since an instant; return them.

    None for `until` is the newest instant to which the table could be restored. What is started again within eight
    hours is the same export. Raises Refused where there is no bucket for exports, and for a period that DynamoDB does
    not export.
    """
    dynamodb = installation.aws("dynamodb")
    bucket, table = _bucket(installation), installation.resource("Table")
    until = until or _newest(dynamodb, table)
    arn = dynamodb.describe_table(TableName=table)["Table"]["TableArn"]
    return [_start(dynamodb, arn, bucket, since=begin, until=end) for begin, end in _periods(since, until)]


def _bucket(installation: Installation) -> str:
    try:
        return installation.resource("WarehouseExports")
    except (Unreachable, KeyError):
        detail = "The stack has no bucket for exports: set the parameter WarehouseExportDays, see docs/warehouse.md."
        raise Refused(409, {"code": "no_warehouse", "detail": detail}) from None


def _newest(dynamodb: Any, table: str) -> datetime:
    found = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    newest: datetime | None = found["PointInTimeRecoveryDescription"].get("LatestRestorableDateTime")
    if newest is None:
        detail = f"{table} has no point-in-time recovery, from which exports are made."
        raise Refused(409, {"code": "no_backups", "detail": detail})
    seconds = _STEP.total_seconds()
    return datetime.fromtimestamp(newest.timestamp() // seconds * seconds, UTC)


def _periods(since: datetime | None, until: datetime) -> Iterator[tuple[datetime | None, datetime]]:
    """Yield the periods of the exports: one that is full, or incremental ones of 24 hours at most, of one length."""
    if since is None:
        yield None, until
        return
    if until - since < MIN_PERIOD:
        detail = f"An incremental export covers 15 minutes at least, up to {_written(until)}."
        raise Refused(422, {"code": "period_too_short", "detail": detail})
    count = ceil((until - since) / MAX_PERIOD)
    seconds = [round((until - since).total_seconds() * number / count) for number in range(count + 1)]
    ends = [since + timedelta(seconds=each) for each in seconds]
    yield from pairwise(ends)


def _start(dynamodb: Any, table_arn: str, bucket: str, *, since: datetime | None, until: datetime) -> Export:
    asked: dict[str, Any] = {"ExportType": "FULL_EXPORT", "ExportTime": until}
    if since is not None:
        period = {"ExportFromTime": since, "ExportToTime": until, "ExportViewType": "NEW_IMAGE"}
        asked = {"ExportType": "INCREMENTAL_EXPORT", "IncrementalExportSpecification": period}
    named = f"{table_arn} {bucket} {since and _written(since)} {_written(until)}"
    try:
        described = dynamodb.export_table_to_point_in_time(
            TableArn=table_arn,
            S3Bucket=bucket,
            S3Prefix=PREFIX,
            ExportFormat="DYNAMODB_JSON",
            ClientToken=sha256(named.encode()).hexdigest()[:32],
            **asked,
        )["ExportDescription"]
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in {"InvalidExportTimeException", "ValidationException", "LimitExceededException"}:
            raise
        detail = error.response["Error"].get("Message") or code
        raise Refused(409, {"code": "not_exported", "detail": detail}) from error
    return _export(described, since, until)


def _export(described: dict[str, Any], since: datetime | None, until: datetime) -> Export:
    arn = described["ExportArn"]
    folder = f"s3://{described['S3Bucket']}/{described['S3Prefix']}/AWSDynamoDB"
    return Export(
        arn,
        "full" if since is None else "incremental",
        described["ExportStatus"],
        since,
        until,
        # The files of incremental exports lie together, and the manifest says which are whose.
        f"{folder}/{arn.rpartition('/')[2]}/data/" if since is None else f"{folder}/data/",
        described.get("ItemCount"),
        described.get("BilledSizeBytes"),
        " ".join(filter(None, (described.get("FailureCode"), described.get("FailureMessage")))) or None,
    )


def wait(installation: Installation, export: Export) -> Iterator[Export]:
    """Yield an export as it is, until it is at its end."""
    dynamodb = installation.aws("dynamodb")
    while True:
        described = dynamodb.describe_export(ExportArn=export.arn)["ExportDescription"]
        found = _export(described, export.since, export.until)
        yield found
        if found.status != RUNNING:
            return
        sleep(_SECONDS_BETWEEN_LOOKS)


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
