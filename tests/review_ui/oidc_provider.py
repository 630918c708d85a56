"""An OpenID provider on loopback: real keys and signatures, and faults to order."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "spoonful-desk", "a secret that must not be seen"


@cache
def make_key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig"})


@dataclass
class Provider:
    """fault: the one to play. claims: what the ID token says beside the usual."""

    issuer: str = ""
    fault: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    kid: str = "first"
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """Paths, in order."""

    def authorize(self, address: str, subject: str) -> str:
        """What a person's browser does there: sign in, and be sent back. Returns that address."""
        sent = {name: value[0] for name, value in parse_qs(urlsplit(address).query).items()}
        assert sent["response_type"] == "code"
        assert sent["client_id"] == CLIENT_ID
        assert sent["code_challenge_method"] == "S256"
        assert "openid" in sent["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = {**sent, "subject": subject}
        back = {"code": code, "state": sent["state"], "iss": self.issuer}
        return f"{sent['redirect_uri']}?{urlencode(back)}"

    def discovery(self) -> dict[str, Any]:
        issuer = "http://127.0.0.1:1" if self.fault == "other issuer" else self.issuer
        place = "http://evil.example" if self.fault == "plain token endpoint" else self.issuer
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{place}/token",
            "jwks_uri": f"{self.issuer}/jwks",
        }

    def keys(self) -> dict[str, Any]:
        listed: list[Any] = [make_key(self.kid).as_dict(private=False)]
        if self.fault == "huge keys":
            listed += [{"kty": "RSA", "kid": "x" * 1000}] * 1000
        if self.fault == "odd keys":
            listed = [{"kty": "oct", "k": "c2VjcmV0"}, "key", 7, *listed]
        return {"keys": listed}

    def exchange(self, authorization: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The token endpoint: a code works once, for the client and verifier it was made for."""
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        sent = self.codes.pop(form.get("code", ""), None)
        if sent is None or authorization != f"Basic {basic}":
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != sent["code_challenge"] or form["redirect_uri"] != sent["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": sent["subject"],
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": sent["nonce"],
            "name": "Ines Paz",
            "email": "ines@clinic.example.org",
            "email_verified": True,
            **self.claims,
        }
        wanted = {name: value for name, value in claims.items() if value is not None}
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": self.sign(wanted)}

    def sign(self, claims: dict[str, Any]) -> str:
        key = make_key(self.kid)
        header = {"alg": "RS256", "kid": key.kid}
        if self.fault == "alg none":
            return f"{_part({**header, 'alg': 'none'})}.{_part(claims)}."
        if self.fault == "HS256 with the public key":
            head = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
            mac = hmac.new(key.as_pem(private=False), head.encode(), hashlib.sha256).digest()
            return f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        if self.fault == "another key":
            key = make_key("stranger")
        token = jwt.encode(header, claims, key)
        if self.fault == "changed afterwards":
            head, _, signature = token.split(".")
            return f"{head}.{_part({**claims, 'sub': 'mara'})}.{signature}"
        return token


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@contextmanager
def serve_provider() -> Iterator[Provider]:
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name http.server calls
            provider.asked.append(self.path)
            if self.path.endswith("/openid-configuration"):
                if provider.fault == "moved":
                    self.answer(302, {}, location=f"{provider.issuer}/elsewhere")
                elif provider.fault == "deep":
                    self.send(200, b"[" * 100_000)
                else:
                    self.answer(200, provider.discovery())
            elif self.path == "/jwks":
                self.answer(200, provider.keys())
            else:
                self.answer(404, {})

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            text = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: value[0] for name, value in parse_qs(text).items()}
            status, answer = provider.exchange(self.headers.get("authorization", ""), form)
            if provider.fault == "slow":
                self.drip(json.dumps(answer).encode())
            elif provider.fault == "no JSON":
                self.send(200, b"<html>sorry</html>")
            elif provider.fault == "no token":
                self.answer(200, {"access_token": "at"})
            else:
                self.answer(status, answer)

        def answer(self, status: int, body: dict[str, Any], **headers: str) -> None:
            self.send(status, json.dumps(body).encode(), **headers)

        def send(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # a test may want that
                self.wfile.write(body)

        def drip(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(0.02)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield provider
    server.shutdown()
    server.server_close()
    thread.join(5)
