"""Signs receipts with Ed25519, and verifies them with nothing but the public key."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM = "Ed25519"

Json = dict[str, Any]


class InvalidReceiptError(Exception):
    """The receipt is not what was signed; the message says why."""


class ReceiptSigner:
    """Signs with one private key, and knows the public keys of all receipts so far."""

    def __init__(self, private_jwk: str, earlier_jwks: str) -> None:
        jwk = json.loads(private_jwk)
        if jwk.get("kty") != "OKP" or jwk.get("crv") != ALGORITHM or "d" not in jwk:
            raise ValueError("the receipt key must be a private Ed25519 JWK")
        self._key = Ed25519PrivateKey.from_private_bytes(_decoded(jwk["d"]))
        public = _encoded(self._key.public_key().public_bytes_raw())
        self.key_id = str(jwk.get("kid") or public[:16])
        own = {"kty": "OKP", "crv": ALGORITHM, "x": public, "kid": self.key_id, "use": "sig"}
        self.jwks: Json = {"keys": [own, *json.loads(earlier_jwks)["keys"]]}

    def sign(self, receipt: Mapping[str, Any]) -> Json:
        """Return the receipt with its signature."""
        value = _encoded(self._key.sign(canonical(receipt)))
        signature = {"algorithm": ALGORITHM, "key_id": self.key_id, "value": value}
        return {"receipt": dict(receipt), "signature": signature}


def canonical(receipt: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed: the JSON without blanks, its names sorted, in UTF-8.

    A receipt has texts, whole numbers, lists and objects only, so this is RFC 8785.
    """
    text = json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def verify(document: Any, jwks: Any) -> Json:
    """Return the receipt of a signed document.

    Raises InvalidReceiptError unless a key of ``jwks``, a JWKS or a single JWK, signed it.
    """
    if not isinstance(document, dict) or not isinstance(jwks, dict):
        raise InvalidReceiptError("the receipt and the key must be JSON objects")
    receipt, signature = document.get("receipt"), document.get("signature")
    if not isinstance(receipt, dict) or not isinstance(signature, dict):
        raise InvalidReceiptError("the file is not a receipt: receipt or signature is missing")
    if signature.get("algorithm") != ALGORITHM:
        raise InvalidReceiptError(f"the signature's algorithm is not {ALGORITHM}")
    keys = jwks.get("keys", [jwks])
    key = next((k for k in keys if k.get("kid") in {signature.get("key_id"), None}), None)
    if key is None:
        raise InvalidReceiptError("none of the keys has the key_id of the signature")
    try:
        public = Ed25519PublicKey.from_public_bytes(_decoded(key["x"]))
        public.verify(_decoded(str(signature["value"])), canonical(receipt))
    except (InvalidSignature, KeyError, ValueError, binascii.Error):
        raise InvalidReceiptError("the signature does not match the receipt") from None
    return receipt


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
