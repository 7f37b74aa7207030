"""The bill of materials tells what is shipped: the locked packages, each with its hashes."""

import copy
from typing import Any

import pytest

from tools.sbom import LAYERS, BillError, check, lock_of

LOCK = """\
jinja2==3.1.6 \\
    --hash=sha256:ab \\
    --hash=sha256:cd
colorama==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:ef
"""
HASHES = [{"type": "distribution", "hashes": [{"alg": "SHA-256", "content": "ab"}]}]
BILL: dict[str, Any] = {
    "components": [
        {"name": "jinja2", "version": "3.1.6", "externalReferences": HASHES},
        {"name": "colorama", "version": "1.0", "externalReferences": HASHES},
    ]
}


def test_a_bill_of_all_that_is_locked_is_right() -> None:
    check(BILL, LOCK)


@pytest.mark.parametrize(
    ("component", "change", "complaint"),
    [
        (0, {"version": "3.1.5"}, "jinja2"),
        (1, {"name": "colourama"}, "colourama"),
        (0, {"externalReferences": []}, "no hash of jinja2"),
    ],
)
def test_a_bill_that_tells_something_else_is_refused(component: int, change: dict[str, Any], complaint: str) -> None:
    bill = copy.deepcopy(BILL)
    bill["components"][component] |= change
    with pytest.raises(BillError, match=complaint):
        check(bill, LOCK)


def test_a_bill_that_leaves_something_out_is_refused() -> None:
    with pytest.raises(BillError, match="colorama"):
        check({"components": BILL["components"][:1]}, LOCK)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_is_locked_by_version_and_hash(layer: str) -> None:
    blocks = lock_of(layer).read_text("utf-8").replace("\\\n", " ").splitlines()
    pinned = [block for block in blocks if block and not block.lstrip().startswith("#")]
    assert pinned
    assert all("==" in block and "--hash=sha256:" in block for block in pinned)
