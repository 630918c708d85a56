"""Signing in at an OpenID provider: authorization code with PKCE, state and nonce.

Authlib speaks OAuth and judges the ID token's claims, joserfc its signature; the requests are made
here, so that each has an end and a size.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from stages.errors import ConfigError
from store.settings import Settings, is_loopback
from store.users import Role

log = logging.getLogger(__name__)

CALLBACK = "/signin/oidc/callback"
SCOPE = "openid profile email"
ALGORITHMS = ("RS256", "PS256", "ES256")
"""Signatures that only the provider can make: none, and nothing keyed with a public key."""
KEY_TYPES = ("RSA", "EC")
LEEWAY_S = 60
STEP_S = 5.0
"""Longest wait for a connection or for the next bytes."""
TOTAL_S = 10.0
MAX_BYTES = 256 * 1024
REMEMBER_S = 3600
KEYS_AGAIN_S = 60
"""A key id we do not know makes us ask for the keys again, but not more often than this."""


class OidcError(Exception):
    """The provider cannot be reached or cannot be trusted; the text holds no secret."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a browser keeps while its person is at the provider."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom the provider vouches for. email: '' unless the provider has verified it."""

    issuer: str
    subject: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class _Provider:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    auth_method: str


@dataclass(slots=True)
class Oidc:
    """One provider. name: how its button calls it. role: of people it brings; None brings none."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    name: str
    domains: tuple[str, ...]
    role: Role | None
    _lock: Lock = field(default_factory=Lock, repr=False)
    _provider: tuple[_Provider, float] | None = field(default=None, repr=False)
    _keys: tuple[KeySet, float] | None = field(default=None, repr=False)

    def begin(self) -> tuple[str, Attempt]:
        """The address to send the browser to, and what to keep until it comes back."""
        attempt = Attempt(*(secrets.token_urlsafe(32) for _ in range(3)))
        provider = self._find_provider()
        client = OAuth2Client(
            None,
            client_id=self.client_id,
            scope=SCOPE,
            redirect_uri=self.redirect_uri,
            code_challenge_method="S256",
        )
        url, _ = client.create_authorization_url(
            provider.authorization_endpoint,
            state=attempt.state,
            code_verifier=attempt.verifier,
            nonce=attempt.nonce,
        )
        return str(url), attempt

    def finish(self, code: str, attempt: Attempt) -> Claims:
        """Exchange the code; whose it is. Raises OidcError."""
        try:
            provider = self._find_provider()
            answer = self._exchange(provider, code, attempt.verifier)
            token = answer.get("id_token")
            if not isinstance(token, str):
                raise OidcError("the answer holds no ID token")
            return self._judge(provider, token, answer, attempt.nonce)
        except (JoseError, AuthlibBaseError) as error:
            raise OidcError(f"the ID token is refused: {type(error).__name__}") from error
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise OidcError(f"the answer cannot be read: {type(error).__name__}") from error

    def is_welcome(self, claims: Claims) -> bool:
        """Whether this address may sign in at all, however else it is known here."""
        return not self.domains or claims.email.rpartition("@")[2].lower() in self.domains

    def _exchange(self, provider: _Provider, code: str, verifier: str) -> dict[str, Any]:
        body = prepare_token_request(
            "authorization_code",
            code=code,
            redirect_uri=self.redirect_uri,
            code_verifier=verifier,
        )
        auth = ClientAuth(self.client_id, self.client_secret, provider.auth_method)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        url, headers, body = auth.prepare("POST", provider.token_endpoint, headers, body)
        return _fetch("POST", url, headers, body)

    def _judge(
        self, provider: _Provider, token: str, answer: Mapping[str, Any], nonce: str
    ) -> Claims:
        try:
            read = jwt.decode(token, self._find_keys(provider), algorithms=ALGORITHMS)
        except JoseError:
            # The provider may have changed its keys since.
            keys = self._find_keys(provider, is_again=True)
            read = jwt.decode(token, keys, algorithms=ALGORITHMS)
        options = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
        }
        params = {
            "nonce": nonce,
            "client_id": self.client_id,
            "access_token": answer.get("access_token"),
        }
        CodeIDToken(read.claims, read.header, options, params).validate(leeway=LEEWAY_S)
        return _read_claims(read.claims)

    def _find_provider(self) -> _Provider:
        with self._lock:
            if self._provider is None or time.monotonic() - self._provider[1] > REMEMBER_S:
                self._provider = (self._discover(), time.monotonic())
            return self._provider[0]

    def _discover(self) -> _Provider:
        found = _fetch("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise OidcError("the discovery document is that of another issuer")

        def place(name: str) -> str:
            url = found.get(name)
            if not isinstance(url, str) or not is_safe_url(url, self.issuer):
                raise OidcError(f"the discovery document has no usable {name}")
            return url

        methods = found.get("token_endpoint_auth_methods_supported") or ("client_secret_basic",)
        method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        return _Provider(
            place("authorization_endpoint"),
            place("token_endpoint"),
            place("jwks_uri"),
            method if self.client_secret else "none",
        )

    def _find_keys(self, provider: _Provider, is_again: bool = False) -> KeySet:
        with self._lock:
            age_s = KEYS_AGAIN_S if is_again else REMEMBER_S
            if self._keys is None or time.monotonic() - self._keys[1] > age_s:
                listed = _fetch("GET", provider.jwks_uri).get("keys")
                keys = [
                    key
                    for key in (listed if isinstance(listed, list) else [])
                    if isinstance(key, dict)
                    and key.get("kty") in KEY_TYPES
                    and key.get("use", "sig") == "sig"
                ]
                self._keys = (KeySet.import_key_set({"keys": keys}), time.monotonic())
            return self._keys[0]


def make_oidc(settings: Settings) -> Oidc | None:
    """None when no provider is set. Raises ConfigError when one is set by half."""
    if not settings.oidc_issuer:
        return None
    if not settings.oidc_client_id:
        raise ConfigError("SPOONFUL_OIDC_ISSUER is set and SPOONFUL_OIDC_CLIENT_ID is not.")
    role = Role(settings.oidc_role) if settings.oidc_role else None
    if role and not settings.oidc_domain_list:
        raise ConfigError(
            "SPOONFUL_OIDC_ROLE would let in whoever has an account at the provider. "
            "Say whose addresses are meant in SPOONFUL_OIDC_DOMAINS."
        )
    return Oidc(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        # Never from the Host header, which anybody may send.
        redirect_uri=settings.effective_review_url + CALLBACK,
        name=settings.oidc_name or urlsplit(settings.oidc_issuer).netloc,
        domains=settings.oidc_domain_list,
        role=role,
    )


def is_safe_url(url: str, issuer: str) -> bool:
    """https; on this machine, and for an issuer on this machine, http too."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    if parts.scheme == "http":
        return is_loopback(url) and is_loopback(issuer)
    return parts.scheme == "https" and bool(parts.netloc)


def _read_claims(claims: Mapping[str, Any]) -> Claims:
    def text(name: str) -> str:
        value = claims.get(name)
        return value[:300] if isinstance(value, str) else ""

    email = text("email") if claims.get("email_verified") is True else ""
    name = text("name") or text("preferred_username") or text("email").partition("@")[0]
    subject = claims["sub"]
    if not subject or len(subject) > 255:
        raise OidcError("the ID token names nobody")
    return Claims(claims["iss"], subject, name, email)


def _fetch(
    method: str, url: str, headers: Mapping[str, str] | None = None, body: str | None = None
) -> dict[str, Any]:
    """A JSON object from the provider: no redirects, no compression, within a time and a size."""
    sent = {"accept": "application/json", "accept-encoding": "identity", **(headers or {})}
    end = time.monotonic() + TOTAL_S
    read = bytearray()
    try:
        with (
            httpx.Client(timeout=STEP_S, follow_redirects=False) as client,
            client.stream(method, url, headers=sent, content=body) as response,
        ):
            for chunk in response.iter_raw():
                read += chunk
                if len(read) > MAX_BYTES:
                    raise OidcError("the answer is too large")
                if time.monotonic() > end:
                    raise OidcError("the answer takes too long")
            if response.status_code != 200:
                raise OidcError(f"the answer has status {response.status_code}")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OidcError(f"no answer: {type(error).__name__}") from error
    try:
        found = json.loads(read)
    except (ValueError, RecursionError) as error:
        raise OidcError("the answer is no JSON") from error
    if not isinstance(found, dict):
        raise OidcError("the answer is no JSON object")
    return found
