"""What CloudFront shows to the API: the secret, and while it is rotated the one before."""

import hmac
import json
from unittest.mock import patch

import pytest

from online_orders.http import auth
from tests.contract.in_process import InProcess

NEW, OLD = "n" * 48, "o" * 48


def answered(site: InProcess, said: str, shown: str | None) -> int:
    """The status of a request past CloudFront that shows a value, with the functions told `said`."""
    headers = {} if shown is None else {"X-Origin-Secret": shown}
    for function in site.lab.functions:
        if "ORIGIN_SECRET" in function.environment:
            function.environment["ORIGIN_SECRET"] = said
    return site.lab.http("GET", "/api/openapi.json", headers=headers, direct=True).status


def test_by_cloudfront_everybody_comes_in(in_process: InProcess) -> None:
    assert in_process.lab.http("GET", "/api/openapi.json").status == 200


def test_while_it_is_rotated_the_new_value_and_the_one_before_open(in_process: InProcess) -> None:
    text = json.dumps({"current": NEW, "previous": OLD})
    assert [answered(in_process, text, shown) for shown in (NEW, OLD)] == [200, 200]
    for shown in (None, "", "guess", NEW[:-1], f"{NEW}{OLD}", text, NEW.upper()):
        assert answered(in_process, text, shown) == 403, shown


def test_afterwards_the_one_before_opens_nothing(in_process: InProcess) -> None:
    text = json.dumps({"current": NEW, "previous": ""})
    assert answered(in_process, text, NEW) == 200
    for shown in (OLD, "", None):
        assert answered(in_process, text, shown) == 403


@pytest.mark.parametrize(
    "said",
    [
        '{"current": "", "previous": ""}',
        '{"current": "short", "previous": null}',
        '{"previous": 12345678901234567890123456789012}',
        '{"current": "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn',
        '["nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"]',
        NEW,
        "null",
    ],
)
def test_a_secret_that_is_none_opens_nothing(in_process: InProcess, said: str) -> None:
    for shown in (None, "", "short", "null", NEW, said):
        assert answered(in_process, said, shown) == 403


def test_every_value_is_compared_however_soon_one_has_matched() -> None:
    text = json.dumps({"current": NEW, "previous": OLD})
    with (
        patch.dict("os.environ", ORIGIN_SECRET=text),
        patch.object(hmac, "compare_digest", wraps=hmac.compare_digest) as compared,
    ):
        assert auth.has_origin_secret({"x-origin-secret": NEW})
    assert compared.call_count == 2
