"""Tokens: what a trusted issuer signed, and everything that only looks like it."""

import base64
import hmac
import json
import time
from typing import Any
from uuid import UUID

import pytest
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from pydantic import SecretStr, ValidationError

from common.errors import UnauthenticatedError
from common.settings import TrustedIssuer
from common.web.auth import Caller, ServiceTokens
from common.web.auth.jwt import JwtVerifier

RSA = RSAKey.generate_key(2048, parameters={"kid": "rsa"}, auto_kid=False)
EC = ECKey.generate_key("P-256", parameters={"kid": "ec"})
ED = OKPKey.generate_key("Ed25519", parameters={"kid": "ed"})
FOREIGN = ECKey.generate_key("P-256", parameters={"kid": "ec"})
JWKS = json.dumps(KeySet([RSA, EC, ED]).as_dict(private=False))
SCOPES = frozenset({"context:read", "pii:read", "identity:write", "unheard:of"})
ISSUER = TrustedIssuer(issuer="https://id.example", audience="threadline", scopes=SCOPES, jwks=JWKS)
NOW = 1_800_000_000


def _raw(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _b64(value: Any) -> str:
    return _raw(json.dumps(value).encode())


def claims(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "iss": ISSUER.issuer,
        "aud": "threadline",
        "sub": "agent-7",
        "exp": NOW + 300,
        "iat": NOW,
        "tenant_id": "demo",
        "scope": "context:read pii:read unheard:of",
    } | changes
    return {name: value for name, value in found.items() if value is not ...}


def token(key: Any = EC, header: dict[str, Any] | None = None, **changes: Any) -> str:
    head = {"alg": "ES256", "kid": "ec", "typ": "at+jwt"} | (header or {})
    head = {name: value for name, value in head.items() if value is not ...}
    signed = f"{_b64(head)}.{_b64(claims(**changes))}"
    signature = JWSRegistry.algorithms[head["alg"]].sign(signed.encode(), key)
    return f"{signed}.{_raw(signature)}"


def verifier(*issuers: TrustedIssuer, **options: Any) -> JwtVerifier:
    return JwtVerifier(issuers or (ISSUER,), time=lambda: NOW, **options)


async def verified(by: JwtVerifier, text: str) -> tuple[Caller, float]:
    return await by.verify(by.read(text))


@pytest.mark.parametrize(
    ("key", "alg"), [(RSA, "RS256"), (EC, "ES256"), (ED, "EdDSA"), (ED, "Ed25519")]
)
async def test_a_trusted_token_names_its_caller(key: Any, alg: str):
    caller, ends = await verified(verifier(), token(key, {"alg": alg, "kid": key.kid}))
    assert caller.tenant_id == "demo"
    assert caller.principal_id == "jwt:https://id.example:agent-7"
    assert caller.scopes == {"context:read", "pii:read"}
    assert (caller.bound_to, ends) == (None, NOW + 300)


async def test_a_token_that_ends_beyond_all_floats_is_refused():
    with pytest.raises(UnauthenticatedError):
        await verified(verifier(), token(exp=10**400))


async def test_a_token_can_be_bound_to_one_customer():
    one = "01900000-0000-7000-8000-000000000000"
    caller, _ = await verified(verifier(), token(customer_id=one))
    assert caller.bound_to == UUID(one)


BROKEN_CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": NOW - 31},
    "no exp": {"exp": ...},
    "exp is text": {"exp": str(NOW + 300)},
    "exp is infinite": {"exp": 1e999},
    "not yet": {"nbf": NOW + 31},
    "issued in the future": {"iat": NOW + 31},
    "no aud": {"aud": ...},
    "wrong aud": {"aud": "other"},
    "wrong auds": {"aud": ["other", "another"]},
    "no iss": {"iss": ...},
    "unknown iss": {"iss": "https://id.example/"},
    "iss is a list": {"iss": ["https://id.example"]},
    "no sub": {"sub": ...},
    "empty sub": {"sub": ""},
    "sub with a line break": {"sub": "a\nb"},
    "no tenant": {"tenant_id": ...},
    "tenant in capitals": {"tenant_id": "DEMO"},
    "tenant with a Greek letter": {"tenant_id": "\u03a4ENANT"},
    "tenant with a full-width letter": {"tenant_id": "\uff44emo"},
    "tenant with a blank": {"tenant_id": "demo "},
    "tenant is a list": {"tenant_id": ["demo"]},
    "tenant is a number": {"tenant_id": 1},
    "no scope": {"scope": ...},
    "scope is a list": {"scope": ["context:read"]},
    "an ID token": {"nonce": "n", "at_hash": "h"},
    "bad customer": {"customer_id": "all"},
}


@pytest.mark.parametrize("changes", BROKEN_CLAIMS.values(), ids=BROKEN_CLAIMS.keys())
async def test_a_token_with_a_broken_claim_is_refused(changes: dict[str, Any]):
    with pytest.raises(UnauthenticatedError):
        await verified(verifier(), token(**changes))


@pytest.mark.parametrize(
    "changes", [{"exp": NOW - 29}, {"nbf": NOW + 29}, {"aud": ["x", "threadline"]}]
)
async def test_clocks_may_differ_a_little(changes: dict[str, Any]):
    await verified(verifier(), token(**changes))


BROKEN_HEADERS: dict[str, dict[str, Any]] = {
    "an ID token": {"typ": "id+jwt"},
    "a logout token": {"typ": "logout+jwt"},
    "typ is a number": {"typ": 1},
    "unknown kid": {"kid": "nobody"},
    "kid of another kind of key": {"kid": "rsa"},
    "no kid, though two keys fit": {"kid": ...},
    "kid is a path": {"kid": "../../etc/passwd"},
    "kid is SQL": {"kid": "' OR 1=1 --"},
    "kid of 10 KB": {"kid": "x" * 300},
    "jku": {"jku": "https://evil.example/jwks"},
    "x5u": {"x5u": "https://evil.example/cert"},
    "jwk": {"jwk": FOREIGN.as_dict(private=False)},
    "x5c": {"x5c": ["AAAA"]},
    "crit": {"crit": ["exp"], "exp": 1},
    "zip": {"zip": "DEF"},
    "b64": {"b64": True, "crit": ["b64"]},
}


@pytest.mark.parametrize("header", BROKEN_HEADERS.values(), ids=BROKEN_HEADERS.keys())
async def test_a_token_with_a_strange_header_is_refused(header: dict[str, Any]):
    two_fit = KeySet([EC, ECKey.generate_key("P-256", parameters={"kid": "ec2"}), RSA])
    keys = json.dumps(two_fit.as_dict(private=False))
    issuer = ISSUER.model_copy(update={"jwks": keys})
    with pytest.raises(UnauthenticatedError):
        await verified(verifier(issuer), token(header=header))


def _forged() -> dict[str, str]:
    good = token()
    head, body, signature = good.split(".")
    signed = f"{_b64({'alg': 'HS256', 'kid': 'rsa'})}.{body}"
    mac = hmac.digest(RSA.as_pem(private=False), signed.encode(), "sha256")
    return {
        "alg none": f"{_b64({'alg': 'none', 'kid': 'ec'})}.{body}.",
        "alg NONE, signature kept": f"{_b64({'alg': 'NONE', 'kid': 'ec'})}.{body}.{signature}",
        "alg a list": f"{_b64({'alg': ['ES256'], 'kid': 'ec'})}.{body}.{signature}",
        "no alg": f"{_b64({'kid': 'ec'})}.{body}.{signature}",
        "HS256 with the public key": f"{signed}.{_raw(mac)}",
        "no signature": f"{head}.{body}.",
        "body swapped": f"{head}.{_b64(claims(tenant_id='other'))}.{signature}",
        "signed by another key of that name": token(FOREIGN),
        "two parts": f"{head}.{body}",
        "five parts": f"{good}.a.b",
        "header is a list": f"{_b64(['ES256'])}.{body}.{signature}",
        "body is a list": f"{head}.{_b64([1])}.{signature}",
        "body is no JSON": f"{head}.AAAA.{signature}",
        "huge": f"{head}.{'A' * 10_000}.{signature}",
        "empty": "",
        "dots": "..",
        "not ASCII": "\u00e9.\u00e9.\u00e9",
        "NUL": "\x00.\x00.\x00",
    }


@pytest.mark.parametrize("forged", _forged().values(), ids=_forged().keys())
async def test_a_forged_token_is_refused(forged: str):
    with pytest.raises(UnauthenticatedError):
        await verified(verifier(), forged)


async def test_keys_of_one_issuer_do_not_speak_for_another():
    other = TrustedIssuer(
        issuer="https://other.example",
        audience="threadline",
        scopes=SCOPES,
        jwks=json.dumps(KeySet([FOREIGN]).as_dict(private=False)),
    )
    both = verifier(ISSUER, other)
    await verified(both, token(FOREIGN, iss=other.issuer))
    with pytest.raises(UnauthenticatedError):
        await verified(both, token(EC, iss=other.issuer))


async def test_services_trust_each_others_short_tokens():
    key = SecretStr(ServiceTokens.generate_key())
    issuer = TrustedIssuer(
        issuer="threadline:interactions",
        audience="threadline",
        scopes=SCOPES,
        jwks=ServiceTokens.public_jwks(key),
    )
    now = [time.time()]
    tokens = ServiceTokens(service="interactions", key=key, time=lambda: now[0])
    first = tokens.token("demo", scope="identity:write")
    caller, ends = await verified(JwtVerifier([issuer]), first)
    assert (caller.tenant_id, caller.scopes) == ("demo", frozenset({"identity:write"}))
    assert ends - now[0] <= 300
    assert tokens.token("demo", scope="identity:write") == first
    assert tokens.token("other", scope="identity:write") != first
    now[0] += 241
    assert tokens.token("demo", scope="identity:write") != first
    assert '"d"' not in ServiceTokens.public_jwks(key)


async def test_an_issuer_grants_only_its_scopes_to_its_tenants_for_a_while():
    narrow = ISSUER.model_copy(
        update={
            "scopes": frozenset({"context:read"}),
            "tenants": frozenset({"demo"}),
            "max_life_seconds": 600,
        }
    )
    caller, _ = await verified(verifier(narrow), token())
    assert caller.scopes == {"context:read"}
    for change in ({"tenant_id": "other"}, {"exp": NOW + 631}, {"exp": 2**60}):
        with pytest.raises(UnauthenticatedError):
            await verified(verifier(narrow), token(**change))


@pytest.mark.parametrize("url", ["http://id.example/jwks", "ftp://id.example", "jwks.json"])
def test_keys_come_over_https(url: str):
    with pytest.raises(ValidationError, match="https"):
        TrustedIssuer(issuer="i", audience="a", scopes=SCOPES, jwks_url=url)
    TrustedIssuer(issuer="i", audience="a", scopes=SCOPES, jwks_url="http://127.0.0.1:1/jwks")
