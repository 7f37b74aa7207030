"""moto's KMS, which signs a digest as AWS does.

Stock moto hashes it once more. Offered to moto: upstream/moto-kms-digest.patch. Once it is taken, this goes.
"""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from moto.kms.responses import KmsResponse
from moto.kms.utils import ECDSAPrivateKey

DIGEST_BYTES = 32


def _sign(response: KmsResponse) -> str:
    """Answer Sign for a digest, by a key on the curve P-256: the product asks for nothing else."""
    message = response._get_param("Message")
    assert response._get_param("MessageType") == "DIGEST"
    assert response._get_param("SigningAlgorithm") == "ECDSA_SHA_256"
    assert len(message) == DIGEST_BYTES
    key = response.kms_backend.describe_key(response._get_param("KeyId"))
    assert isinstance(key.private_key, ECDSAPrivateKey)
    signature = key.private_key.private_key.sign(message, ec.ECDSA(Prehashed(SHA256())))
    text = base64.b64encode(signature).decode()
    return json.dumps({"KeyId": key.arn, "Signature": text, "SigningAlgorithm": "ECDSA_SHA_256"})


@contextmanager
def signing() -> Iterator[None]:
    with patch.object(KmsResponse, "sign", _sign):
        yield
