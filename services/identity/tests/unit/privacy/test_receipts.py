"""Receipts are signed with Ed25519; nothing but the public key verifies them."""

import copy
import json
from typing import Any

import pytest

from common.web.auth import ServiceTokens
from identity.privacy.domain.receipts import InvalidReceiptError, ReceiptSigner, verify

KEY, OTHER_KEY = ServiceTokens.generate_key(), ServiceTokens.generate_key()
NONE = '{"keys": []}'
RECEIPT: dict[str, Any] = {
    "type": "threadline.erasure-receipt",
    "services": [{"service": "identity", "erased": {"customer": 2, "outbox": 7}}],
    "reason": "Wunsch der Kundin, § 17",
}


@pytest.fixture
def signer() -> ReceiptSigner:
    return ReceiptSigner(KEY, NONE)


def test_a_receipt_is_verified_after_a_round_trip_in_any_order(signer: ReceiptSigner):
    signed = signer.sign(RECEIPT)
    shuffled = json.loads(json.dumps(signed, sort_keys=True, indent=3, ensure_ascii=True))
    assert verify(shuffled, signer.jwks) == RECEIPT


def test_a_single_jwk_verifies_too(signer: ReceiptSigner):
    assert verify(signer.sign(RECEIPT), signer.jwks["keys"][0]) == RECEIPT


def test_keys_of_earlier_receipts_stay_public():
    before = ReceiptSigner(OTHER_KEY, NONE)
    now = ReceiptSigner(KEY, json.dumps(before.jwks))
    assert verify(before.sign(RECEIPT), now.jwks) == RECEIPT
    assert verify(now.sign(RECEIPT), now.jwks) == RECEIPT


def test_the_public_keys_hold_no_private_part(signer: ReceiptSigner):
    assert json.loads(KEY)["d"] not in json.dumps(signer.jwks)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("receipt", "services", 0, "erased", "customer"), 3),
        (("receipt", "reason"), "another"),
        (("receipt", "more"), "x"),
        (("signature", "value"), "AAAA"),
        (("signature", "value"), "not base64!"),
        (("signature", "algorithm"), "none"),
        (("signature", "key_id"), "unknown"),
        (("receipt",), None),
        (("signature",), []),
    ],
)
def test_whatever_is_changed_is_found(signer: ReceiptSigner, path: tuple[Any, ...], value: object):
    document = copy.deepcopy(signer.sign(RECEIPT))
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(InvalidReceiptError):
        verify(document, signer.jwks)


def test_another_key_with_the_same_name_does_not_verify(signer: ReceiptSigner):
    [own] = signer.jwks["keys"]
    [other] = ReceiptSigner(OTHER_KEY, NONE).jwks["keys"]
    with pytest.raises(InvalidReceiptError, match="does not match"):
        verify(signer.sign(RECEIPT), {"keys": [other | {"kid": own["kid"]}]})


@pytest.mark.parametrize("document", [None, [], "x", {}, {"receipt": {}}])
def test_what_is_no_receipt_is_refused(signer: ReceiptSigner, document: object):
    with pytest.raises(InvalidReceiptError):
        verify(document, signer.jwks)


def test_a_public_key_cannot_sign(signer: ReceiptSigner):
    with pytest.raises(ValueError, match="private"):
        ReceiptSigner(json.dumps(signer.jwks["keys"][0]), NONE)
