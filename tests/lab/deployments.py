"""Deployments and first contents of the table, each made once per process: later labs begin with a copy."""

import copyreg
import io
import pickle
import threading
from collections.abc import Callable
from typing import Any

from joserfc.jwk import RSAKey
from moto.core.base_backend import BackendDict
from moto.dynamodb.models import dynamodb_backends
from moto.kms.utils import ECDSAPrivateKey
from moto.s3.models import s3_backends

from tests.lab.clock import Clock
from tests.lab.stack import Stack
from tests.lab.stream import StreamPoller

_GIVEN = {"template", "parameters", "client"}
"""What a stack is told, where all else of it is what came of its deployment."""


_keys: list[RSAKey | ECDSAPrivateKey] = []
"""The keys of user pools and of KMS, which cannot be copied and never change."""


def _keep(key: RSAKey | ECDSAPrivateKey) -> tuple[Any, ...]:
    _keys.append(key)
    return _kept, (len(_keys) - 1,)


def _kept(index: int) -> RSAKey | ECDSAPrivateKey:
    return _keys[index]


class _Pickler(pickle.Pickler):
    """Locks are made anew; nobody holds one between two calls."""

    dispatch_table = copyreg.dispatch_table | {
        type(threading.Lock()): lambda _: (threading.Lock, ()),
        type(threading.RLock()): lambda _: (threading.RLock, ()),
        RSAKey: _keep,
        ECDSAPrivateKey: _keep,
    }


_carried_out: dict[str, bytes] = {}
_filled: dict[str, bytes] = {}
_services: dict[str, BackendDict[Any]] = {}
"""Of moto, by its own id of each: it forgets at a reset which of them it has used."""


def deploy(stack: Stack) -> None:
    """Deploy a stack into moto, or put there what the deployment of an equal one left; that only where it is empty."""
    if BackendDict._instances:  # type: ignore[misc]
        stack.deploy()
        return
    key = _key(stack)
    if key in _carried_out:
        outcome, buckets, backends = pickle.loads(_carried_out[key])  # noqa: S301 - written below
        vars(stack).update(outcome)
        s3_backends.bucket_accounts.update(buckets)
        for service, account, region, backend in backends:
            _services[service][account][region] = backend
        return
    stack.deploy()
    outcome = {name: value for name, value in vars(stack).items() if name not in _GIVEN}
    used: list[BackendDict[Any]] = list(BackendDict._instances)  # type: ignore[misc]
    _services.update({service._id: service for service in used})
    backends = [(service._id, *backend) for service in used for backend in service.iter_backends()]
    written = io.BytesIO()
    try:
        _Pickler(written).dump((outcome, s3_backends.bucket_accounts, backends))
    except (AttributeError, pickle.PicklingError):
        return  # moto's parameters of SSM hold functions; a stack that has some is deployed anew each time
    _carried_out[key] = written.getvalue()


def fill(
    stack: Stack,
    name: str,
    fill_tables: Callable[[], None],
    clock: Clock,
    streams: StreamPoller,
    account: str,
    region: str,
) -> None:
    """Fill the tables of a fresh stack, or put there what was left under the same name in those of an equal one.

    The function may write to tables alone. The time that it takes passes for the copy as well, and its streams are read
    as far.
    """
    key = repr((_key(stack), name, clock.now()))
    if key in _filled:
        backend, until, positions = pickle.loads(_filled[key])  # noqa: S301 - written below
        dynamodb_backends[account][region] = backend
        clock.move_to(until)
        for mapping, position in zip(streams.mappings, positions, strict=True):
            mapping.position = position
        return
    fill_tables()
    written = io.BytesIO()
    positions = [mapping.position for mapping in streams.mappings]
    _Pickler(written).dump((dynamodb_backends[account][region], clock.now(), positions))
    _filled[key] = written.getvalue()


def _key(stack: Stack) -> str:
    return repr((id(stack.template), sorted(stack.parameters.items())))  # templates are kept for good
