"""Issuing and verifying tokens. Pure: no clock, no store, no network.

A token is a JWT (RFC 7519) with ``sub``, ``iat`` and ``exp``. It is signed with the secret that all nodes and
the host application share, or with a key that the host application publishes. The key decides which algorithms
are accepted, never the token alone: ``HS256`` for the secret, the asymmetric ones for published keys, ``none``
for no key (RFC 8725, section 3.1).
"""

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import jwt
import msgspec
from jwt.algorithms import HMACAlgorithm

from bussa_protocol import limits
from bussa_protocol.ids import is_user_id

LEEWAY_MILLIS = 60_000
"""Milliseconds by which the issuer's clock may be ahead of ours."""

MIN_SECRET_BYTES = 32
"""A shorter secret works, but can be brute-forced from one token (RFC 7518, section 3.2)."""

SHARED_SECRET_ALGORITHM = "HS256"
"""The algorithm of the shared secret."""

_FAST_PATH_PREFIX = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=") + b"."
"""The encoded header of an HS256 token as we and nearly every library write it."""

PUBLIC_KEY_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""The algorithms of published keys (RFC 7518, section 3.1; RFC 8037)."""

TokenErrorReason = Literal[
    "malformed", "algorithm", "unknown_key", "signature", "claims", "expired", "early", "audience", "issuer"
]


class TokenError(ValueError):
    """An invalid token. The message is for people and holds nothing of the token."""

    def __init__(self, reason: TokenErrorReason, message: str) -> None:
        super().__init__(message)
        self.reason: TokenErrorReason = reason


class UnknownKeyError(TokenError):
    """The signing key is not known; it may have been published since. ``kid`` is the token's name for it."""

    def __init__(self, kid: str | None) -> None:
        super().__init__("unknown_key", "unknown signing key")
        self.kid = kid


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A public key of the host application, and its permitted algorithms."""

    kid: str | None
    algorithms: frozenset[str]
    key: Any


@dataclass(frozen=True, slots=True)
class Keys:
    """The trusted keys. ``secret`` is used as it is, because the host application signs with it too."""

    secret: bytes
    published: Sequence[PublishedKey] = ()


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a verified token. Times are milliseconds since 1970 UTC."""

    user: str
    issued_at: int
    expires_at: int


class _RawSecretHmac(HMACAlgorithm):
    """HMAC with the key used as it is.

    At every use PyJWT checks whether the key is a public one in disguise, and warns of a short one. The first
    can't happen here, because a public key is never tried with HMAC; the second is logged once, at start.
    """

    def prepare_key(self, key: str | bytes) -> bytes:
        return key.encode() if isinstance(key, str) else key

    def check_key_length(self, key: Any) -> str | None:
        return None


def _hmac_jws() -> jwt.PyJWS:
    signer = jwt.PyJWS(algorithms=[SHARED_SECRET_ALGORITHM])
    signer.unregister_algorithm(SHARED_SECRET_ALGORITHM)
    signer.register_algorithm(SHARED_SECRET_ALGORITHM, _RawSecretHmac(HMACAlgorithm.SHA256))
    return signer


_HMAC_JWS = _hmac_jws()
_PUBLIC_KEY_JWS = jwt.PyJWS()
_PUBLIC_KEY_JWS.unregister_algorithm("none")

# NumericDate: seconds, with or without a fraction (RFC 7519, section 2). Bounded, so that milliseconds are exact.
_Seconds = (
    Annotated[int, msgspec.Meta(ge=0, le=limits.INT_MAX // 1000)]
    | Annotated[float, msgspec.Meta(ge=0.0, le=limits.INT_MAX / 1000)]
)


class _Payload(msgspec.Struct):
    sub: str
    iat: _Seconds
    exp: _Seconds
    nbf: _Seconds = 0
    aud: str | list[str] | None = None
    iss: str | None = None


_payload_decoder = msgspec.json.Decoder(_Payload)


def issue(
    user: str,
    secret: bytes,
    ttl: int,
    now: int,
    revoked_at: int,
    *,
    audience: str | None = None,
    issuer: str | None = None,
) -> tuple[str, int]:
    """Sign a token for ``user`` that is valid for ``ttl`` seconds. Returns it and its expiry time (ms).

    ``revoked_at`` (ms): tokens issued up to then are revoked. ``iat`` has milliseconds and is later than that, so
    that a token issued in the very millisecond of a revocation, after it, is valid.
    """
    issued_at = max(now, revoked_at + 1)
    expires_at = issued_at + ttl * 1000
    claims: dict[str, str | float] = {"sub": user, "iat": issued_at / 1000, "exp": expires_at / 1000}
    if audience is not None:
        claims["aud"] = audience
    if issuer is not None:
        claims["iss"] = issuer
    return _HMAC_JWS.encode(msgspec.json.encode(claims), secret, SHARED_SECRET_ALGORITHM), expires_at


def verify(token: str, keys: Keys, now: int, audience: str | None, issuer: str | None) -> Claims:
    """The claims of ``token``, if a key of ``keys`` signed it and it is valid at ``now`` (ms).

    Whether the user exists and has revoked the token is for the store to say. ``audience`` and ``issuer`` must
    match the token's where they are given. A token with an audience is for that audience only (RFC 7519,
    section 4.1.3), so without ``audience`` it is refused.

    Raises:
        UnknownKeyError: the signing key is not known.
        TokenError: the token is invalid.
    """
    claims = _decode_claims(_verified_payload(token, keys))
    issued_at, expires_at = _millis(claims.iat), _millis(claims.exp)
    if not is_user_id(claims.sub):
        raise TokenError("claims", "invalid user id in sub")
    if now >= expires_at:
        raise TokenError("expired", "token expired")
    if max(issued_at, _millis(claims.nbf)) > now + LEEWAY_MILLIS:
        raise TokenError("early", "token not valid yet")
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if (audiences is not None or audience is not None) and audience not in (audiences or ()):
        raise TokenError("audience", "wrong audience")
    if issuer is not None and claims.iss != issuer:
        raise TokenError("issuer", "wrong issuer")
    return Claims(claims.sub, issued_at, expires_at)


def _verified_payload(token: str, keys: Keys) -> bytes:
    """The payload of ``token``, with its signature verified."""
    if len(token) > limits.TOKEN:
        raise TokenError("malformed", "token too long")
    payload = _verify_fast_path(token, keys.secret)
    if payload is not None:
        return payload
    try:
        header = _PUBLIC_KEY_JWS.get_unverified_header(token)
        algorithm = header.get("alg")
        if algorithm == SHARED_SECRET_ALGORITHM:
            return _HMAC_JWS.decode(token, keys.secret, algorithms=[SHARED_SECRET_ALGORITHM])
        key = _select_key(keys.published, algorithm, header.get("kid"))
        return _PUBLIC_KEY_JWS.decode(token, key.key, algorithms=list(key.algorithms))
    except jwt.InvalidSignatureError:
        raise TokenError("signature", "invalid signature") from None
    except (jwt.PyJWTError, UnicodeEncodeError):
        raise TokenError("malformed", "malformed token") from None


def _verify_fast_path(token: str, secret: bytes) -> bytes | None:
    """The payload of a valid token with the usual header. None: PyJWT decides, and says what is wrong.

    Takes a sixth of PyJWT's time, which looks at each character, and at the header's twice.
    """
    try:
        signing, _, signature = token.encode("ascii").rpartition(b".")
    except UnicodeEncodeError:
        return None
    if not signing.startswith(_FAST_PATH_PREFIX):
        return None
    digest = hmac.digest(secret, signing, "sha256")
    if not hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), signature):
        return None
    payload = signing[len(_FAST_PATH_PREFIX) :]
    try:
        decoded = base64.urlsafe_b64decode(payload + b"==")
    except binascii.Error:
        return None
    # Strict: b64decode skips characters that are not base64url, and ignores the trailing bits.
    return decoded if base64.urlsafe_b64encode(decoded).rstrip(b"=") == payload else None


def _select_key(keys: Sequence[PublishedKey], algorithm: object, kid: str | None) -> PublishedKey:
    """The key that ``kid`` names; without ``kid``, the only key for the algorithm."""
    if not isinstance(algorithm, str) or algorithm not in PUBLIC_KEY_ALGORITHMS:
        raise TokenError("algorithm", "unsupported algorithm")
    found = [key for key in keys if algorithm in key.algorithms and kid in (None, key.kid)]
    if len(found) != 1:
        raise UnknownKeyError(kid)
    return found[0]


def _decode_claims(payload: bytes) -> _Payload:
    try:
        return _payload_decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise TokenError("claims", "missing or invalid claims: sub, iat and exp are required") from None


def _millis(seconds: float) -> int:
    # Rounded, because the nearest double to a time with milliseconds may be slightly below it.
    return round(seconds * 1000)
