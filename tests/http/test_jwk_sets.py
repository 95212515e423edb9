"""JWK sets: which keys of a published set are usable."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from bussa_server.auth.jwks import JwksError, read_keys
from bussa_server.auth.jwt import PUBLIC_KEY_ALGORITHMS
from tests.http.keys import CURVE, CURVES, EDWARDS, RSA, document, published


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (RSA, {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        (CURVES["secp256r1"], {"ES256"}),
        (CURVES["secp384r1"], {"ES384"}),
        (CURVES["secp521r1"], {"ES512"}),
        (EDWARDS, {"EdDSA"}),
    ],
)
def test_algorithms_follow_from_the_key(key: Any, expected: set[str]) -> None:
    (found,) = read_keys(document(published(key, "k")))
    assert found.algorithms == expected
    assert found.algorithms <= PUBLIC_KEY_ALGORITHMS
    for algorithm in expected:
        (only,) = read_keys(document(published(key, "k", alg=algorithm)))
        assert only.algorithms == {algorithm}


def test_key_without_kid_is_accepted() -> None:
    (found,) = read_keys(document(published(RSA, None)))
    assert found.kid is None


@pytest.mark.parametrize(
    "member",
    [
        None,
        7,
        [],
        {},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256", "kid": "shared"},
        {"kty": "EC"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
        {"kty": "RSA", "n": "", "e": ""},
        {"kty": "RSA", "n": 7, "e": 7},
        {"kty": ["RSA"]},
        published(RSA, "k", use="enc"),
        published(RSA, "k", key_ops=["encrypt"]),
        published(RSA, "k", alg="RSA-OAEP"),
        published(RSA, "k", alg="ES256"),
        published(RSA, "k", alg="none"),
        published(RSA, "k", alg="HS256"),
        published(RSA, "k") | {"kid": 7},
        published(CURVE, "k", crv="P-384"),
        RSAAlgorithm.to_jwk(RSA, as_dict=True) | {"kid": "private"},
        ECAlgorithm.to_jwk(CURVE, as_dict=True) | {"kid": "private"},
        published(rsa.generate_private_key(65537, 1024), "small"),
    ],
)
def test_unusable_keys_are_ignored(member: object) -> None:
    good = published(EDWARDS, "good")
    assert [key.kid for key in read_keys(document(member, good, member))] == ["good"]


def test_empty_set_withdraws_every_key() -> None:
    assert read_keys(b'{"keys": []}') == []


@given(st.binary(max_size=100) | st.sampled_from([b"[" * 10_000, b'{"keys":[' + b"[" * 10_000, b'{"keys":{}}', b"[]"]))
def test_invalid_set_raises_jwks_error(data: bytes) -> None:
    with pytest.raises(JwksError):
        read_keys(data)
