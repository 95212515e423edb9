"""Keys of every type that a host application may publish."""

import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

RSA = rsa.generate_private_key(65537, 2048)
CURVES = {curve.name: ec.generate_private_key(curve) for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())}
CURVE = CURVES["secp256r1"]
EDWARDS = ed25519.Ed25519PrivateKey.generate()


def published(key: Any, kid: str | None, **others: Any) -> dict[str, Any]:
    maker = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
    maker = OKPAlgorithm if isinstance(key, ed25519.Ed25519PrivateKey) else maker
    jwk = maker.to_jwk(key.public_key(), as_dict=True)
    return {name: value for name, value in (jwk | {"kid": kid} | others).items() if value is not None}


def document(*keys: object) -> bytes:
    return json.dumps({"keys": keys}).encode()
