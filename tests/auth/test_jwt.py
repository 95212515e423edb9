"""Tokens: which are valid, and every way to be invalid."""

import base64
import hashlib
import hmac
import json
import warnings
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import example, given
from hypothesis import strategies as st

from bussa_protocol.ids import is_user_id
from bussa_server.auth.jwt import (
    Claims,
    Keys,
    PublishedKey,
    TokenError,
    UnknownKeyError,
    _verify_fast_path,
    issue,
    verify,
)

NOW = 1_764_000_000_123
SECRET = b"a secret of thirty-two bytes, or so"
KEYS = Keys(SECRET)

RSA = rsa.generate_private_key(65537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
ED25519 = ed25519.Ed25519PrivateKey.generate()
PUBLISHED = Keys(
    SECRET,
    (
        PublishedKey("rsa", frozenset({"RS256", "PS256"}), RSA.public_key()),
        PublishedKey("curve", frozenset({"ES256"}), CURVE.public_key()),
        PublishedKey("edwards", frozenset({"EdDSA"}), ED25519.public_key()),
    ),
)


def claims(**others: Any) -> dict[str, Any]:
    return {"sub": "alice", "iat": NOW // 1000, "exp": NOW // 1000 + 60} | others


def sign(payload: object, **headers: Any) -> str:
    """The payload as JSON, signed with the secret, also if no library would sign it."""
    header = {"alg": "HS256", "typ": "JWT"} | headers
    return jwt.PyJWS().encode(json.dumps(payload).encode(), SECRET, "HS256", headers=header)


def refusal_reason(
    token: str, keys: Keys = KEYS, *, now: int = NOW, audience: str | None = None, issuer: str | None = None
) -> str:
    with pytest.raises(TokenError) as caught:
        verify(token, keys, now, audience, issuer)
    assert len(token) < 20 or token not in str(caught.value)
    return caught.value.reason


# Valid tokens.


def test_issued_token_round_trips_to_the_millisecond() -> None:
    token, expires_at = issue("alice", SECRET, 3600, NOW, 0)
    assert expires_at == NOW + 3_600_000
    assert verify(token, KEYS, NOW, None, None) == Claims("alice", NOW, expires_at)


@given(now=st.integers(0, 2**42), ttl=st.integers(1, 366 * 24 * 3600), revoked_at=st.integers(0, 2**42))
def test_issued_times_round_trip(now: int, ttl: int, revoked_at: int) -> None:
    token, expires_at = issue("alice", SECRET, ttl, now, revoked_at)
    verified = verify(token, KEYS, max(now, revoked_at), None, None)
    assert verified == Claims("alice", max(now, revoked_at + 1), expires_at)
    assert verified.issued_at > revoked_at


def _mangled(token: str, how: str, at: int) -> str:
    parts = token.split(".")
    match how:
        case "cut":
            return token[: at % len(token)]
        case "changed":
            at %= len(token)
            return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        case "stuffed":
            at %= len(token)
            return token[:at] + "!=. ~é"[at % 6] + token[at:]
        case "doubled":
            return ".".join([*parts, parts[at % 3]])
        case _:
            return token + "=" * (at % 3)


@given(how=st.sampled_from(["cut", "changed", "stuffed", "doubled", "padded"]), at=st.integers(0, 1000))
def test_fast_path_agrees_with_pyjwt(how: str, at: int) -> None:
    """The fast path accepts only what PyJWT accepts; the rest it leaves to PyJWT."""
    token = _mangled(issue("alice", SECRET, 60, NOW, 0)[0], how, at)
    fast = _verify_fast_path(token, SECRET)
    if fast is not None:
        assert fast == jwt.PyJWS().decode(token, SECRET, ["HS256"])


@pytest.mark.parametrize("payload", ["!!!!", "eyJ=", "eyJzdWIiOiJhbGljZSJ9.", "eyJzdWIiOiJhbGljZSJ", "é", "", "e"])
def test_signed_payload_that_is_not_base64url_is_malformed(payload: str) -> None:
    """A host application with the secret can sign any payload."""
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")
    signing = head + b"." + payload.encode()
    signature = base64.urlsafe_b64encode(hmac.digest(SECRET, signing, "sha256")).rstrip(b"=")
    token = (signing + b"." + signature).decode()
    assert refusal_reason(token) in ("malformed", "claims")


def test_short_secret_signs_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        token, _ = issue("alice", b"x", 60, NOW, 0)
        assert verify(token, Keys(b"x"), NOW, None, None).user == "alice"


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("secret", ["x", "s3cret", "a" * 64, "città"])
def test_token_signed_by_host_application_is_accepted(secret: str) -> None:
    token = jwt.encode(claims(name="Alice", scope=["chat"]), secret, "HS256")
    assert verify(token, Keys(secret.encode()), NOW, None, None).user == "alice"


def test_secret_in_pem_form_is_used_as_a_secret() -> None:
    secret = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    token, _ = issue("alice", secret, 60, NOW, 0)
    assert verify(token, Keys(secret), NOW, None, None).user == "alice"


@pytest.mark.parametrize(
    ("key", "kid", "algorithm"),
    [(RSA, "rsa", "RS256"), (RSA, "rsa", "PS256"), (CURVE, "curve", "ES256"), (ED25519, "edwards", "EdDSA")],
)
def test_published_key_is_selected_by_kid_or_as_only_one_of_its_algorithm(key: Any, kid: str, algorithm: str) -> None:
    named = jwt.encode(claims(), key, algorithm, headers={"kid": kid})
    nameless = jwt.encode(claims(), key, algorithm)
    assert verify(named, PUBLISHED, NOW, None, None).user == "alice"
    assert verify(nameless, PUBLISHED, NOW, None, None).user == "alice"


def test_token_expires_to_the_millisecond() -> None:
    token, expires_at = issue("alice", SECRET, 1, NOW, 0)
    assert verify(token, KEYS, expires_at - 1, None, None).expires_at == expires_at
    assert refusal_reason(token, now=expires_at) == "expired"


def test_leeway_is_one_minute() -> None:
    ahead = claims(iat=(NOW + 60_000) / 1000, exp=NOW // 1000 + 600)
    assert verify(sign(ahead), KEYS, NOW, None, None).issued_at == NOW + 60_000
    assert refusal_reason(sign(ahead), now=NOW - 1) == "early"
    assert refusal_reason(sign(claims(nbf=(NOW + 60_001) / 1000))) == "early"


# Audience and issuer.


def test_audience_and_issuer_are_checked_where_set() -> None:
    token, _ = issue("alice", SECRET, 60, NOW, 0, audience="chat", issuer="us")
    assert verify(token, KEYS, NOW, "chat", "us").user == "alice"
    assert verify(sign(claims(aud=["shop", "chat"])), KEYS, NOW, "chat", None).user == "alice"
    assert refusal_reason(sign(claims()), audience="chat") == "audience"
    assert refusal_reason(sign(claims(aud="shop")), audience="chat") == "audience"
    assert refusal_reason(sign(claims(aud=[])), audience="chat") == "audience"
    assert refusal_reason(sign(claims()), issuer="us") == "issuer"
    assert refusal_reason(sign(claims(iss="them")), issuer="us") == "issuer"


def test_token_with_audience_is_refused_where_none_is_set() -> None:
    assert refusal_reason(sign(claims(aud="shop"))) == "audience"
    assert verify(sign(claims(iss="anybody")), KEYS, NOW, None, None).user == "alice"


# Invalid tokens.


@pytest.mark.parametrize("missing", ["sub", "iat", "exp"])
def test_sub_iat_and_exp_are_required(missing: str) -> None:
    payload = claims()
    del payload[missing]
    assert refusal_reason(sign(payload)) == "claims"


@pytest.mark.parametrize(
    "payload",
    [
        claims(sub=7),
        claims(sub=""),
        claims(sub="alice bob"),
        claims(sub="a" * 65),
        claims(iat="now"),
        claims(iat=True),
        claims(iat=-1),
        claims(exp=None),
        claims(exp=10**30),
        claims(exp=1e308),
        claims(exp=float("nan")),
        claims(exp=float("inf")),
        claims(aud=7),
        claims(aud=[7]),
        claims(iss=[]),
        [],
        "alice",
        None,
    ],
)
def test_claims_of_the_wrong_kind_are_refused(payload: object) -> None:
    assert refusal_reason(sign(payload)) == "claims"


def test_another_secret_is_refused() -> None:
    token, _ = issue("alice", b"another secret", 60, NOW, 0)
    assert refusal_reason(token) == "signature"


def test_a_changed_token_is_refused() -> None:
    header, payload, signature = issue("alice", SECRET, 60, NOW, 0)[0].split(".")
    theirs = base64.urlsafe_b64encode(json.dumps(claims(sub="bob")).encode()).decode().rstrip("=")
    assert refusal_reason(f"{header}.{theirs}.{signature}") == "signature"
    assert refusal_reason(f"{header}.{payload}.") == "signature"


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "", "HS384", "HS512", "hs256", "ES256K", "RSA", 7, None, []]
)
@pytest.mark.parametrize("keys", [KEYS, PUBLISHED])
def test_other_algorithms_are_refused(keys: Keys, algorithm: Any) -> None:
    header = base64.urlsafe_b64encode(json.dumps({"alg": algorithm}).encode()).decode().rstrip("=")
    payload = base64.urlsafe_b64encode(json.dumps(claims()).encode()).decode().rstrip("=")
    assert refusal_reason(f"{header}.{payload}.", keys) == "algorithm"
    assert refusal_reason(f"{header}.{payload}.c2lnbmF0dXJl", keys) == "algorithm"


@pytest.mark.parametrize("kid", ["rsa", "curve", "edwards", None])
def test_public_key_is_not_accepted_as_hmac_secret(kid: str | None) -> None:
    """Algorithm confusion: HMAC with a public key as the secret (RFC 8725, section 2.1)."""
    for published in PUBLISHED.published:
        for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
            known = published.key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
            header = {} if kid is None else {"kid": kid}
            token, _ = issue("alice", known, 60, NOW, 0)
            assert refusal_reason(token, PUBLISHED) == "signature"
            forged = _with_header(token, known, header)
            assert refusal_reason(forged, PUBLISHED) == "signature"


def _with_header(token: str, secret: bytes, header: dict[str, str]) -> str:
    head = base64.urlsafe_b64encode(json.dumps({"alg": "HS256"} | header).encode()).decode().rstrip("=")
    signing = f"{head}.{token.split('.')[1]}"
    mac = hmac.new(secret, signing.encode(), hashlib.sha256).digest()
    return f"{signing}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def test_a_key_is_used_only_with_its_own_algorithms() -> None:
    strict = Keys(SECRET, (PublishedKey("rsa", frozenset({"RS256"}), RSA.public_key()),))
    assert refusal_reason(jwt.encode(claims(), RSA, "PS256", headers={"kid": "rsa"}), strict) == "unknown_key"
    assert refusal_reason(jwt.encode(claims(), CURVE, "ES256", headers={"kid": "rsa"}), strict) == "unknown_key"


def test_unknown_key_error_names_the_kid() -> None:
    with pytest.raises(UnknownKeyError) as caught:
        verify(jwt.encode(claims(), RSA, "RS256", headers={"kid": "new"}), PUBLISHED, NOW, None, None)
    assert caught.value.kid == "new"


def test_foreign_key_with_known_kid_is_refused() -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    assert refusal_reason(jwt.encode(claims(), stranger, "ES256", headers={"kid": "curve"}), PUBLISHED) == "signature"


def test_missing_kid_is_ambiguous_with_two_keys_of_an_algorithm() -> None:
    two = Keys(SECRET, (*PUBLISHED.published, PublishedKey("other", frozenset({"ES256"}), CURVE.public_key())))
    assert refusal_reason(jwt.encode(claims(), CURVE, "ES256"), two) == "unknown_key"


@pytest.mark.parametrize(
    "token", ["", ".", "..", "...", "a.b.c", "e30.e30.e30", "\ud800", "é", "x" * 8193, "eyJhbGciOiJIUzI1NiJ9"]
)
def test_non_token_is_refused(token: str) -> None:
    refusal_reason(token)


@given(st.text(max_size=200) | st.from_regex(r"\A[A-Za-z0-9_-]{0,40}(\.[A-Za-z0-9_-]{0,40}){0,4}\Z"))
def test_any_text_raises_only_token_error(token: str) -> None:
    refusal_reason(token, PUBLISHED)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=8,
)


@given(
    header=st.fixed_dictionaries({}, optional=dict.fromkeys(("alg", "kid", "crit", "b64", "typ"), _JSON))
    | st.fixed_dictionaries({"alg": st.sampled_from(["HS256", "RS256", "ES256", "EdDSA"]), "kid": _JSON}),
    payload=_JSON,
)
def test_any_header_raises_only_token_error(header: dict[str, object], payload: object) -> None:
    parts = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, payload))
    refusal_reason(f"{'.'.join(parts)}.c2lnbmF0dXJl", PUBLISHED)


_USERS = st.from_regex(r"[A-Za-z0-9_.:-]{1,64}", fullmatch=True) | st.text(max_size=4)
_TIMES = st.integers(NOW // 1000 - 5, NOW // 1000 + 5)
_TYPED_CLAIMS = st.fixed_dictionaries({"sub": _USERS, "iat": _TIMES, "exp": _TIMES}, optional={"nbf": _TIMES})
_CLAIMS = st.fixed_dictionaries(
    {"sub": _USERS | _JSON, "iat": _TIMES | _JSON, "exp": _TIMES | _JSON}, optional={"nbf": _JSON, "aud": _JSON}
)


def test_any_payload_is_accepted_or_raises_token_error() -> None:
    accepted: list[Claims] = []

    @given(_TYPED_CLAIMS | _TYPED_CLAIMS | _CLAIMS | _JSON)
    @example(claims())
    def check(payload: object) -> None:
        try:
            verified = verify(sign(payload), KEYS, NOW, None, None)
        except TokenError:
            return
        accepted.append(verified)
        assert verified.expires_at > NOW
        assert is_user_id(verified.user)

    check()
    assert len(accepted) >= 3, "hardly any payload was accepted"
