"""Google's side of the add-on: keys, the tokens they sign, and the events that come with them."""

import base64
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from secrets import token_hex
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from service.addon.certificates import Keys
from service.addon.desk import COMPOSE, READ_MAIL, RECIPIENTS
from service.addon.door import WHO

URL = "https://cyrano.example.org"
SERVICE_ACCOUNT = "service-123@gcp-sa-gsuiteaddons.iam.gserviceaccount.com"
CLIENT_ID = "123-abc.apps.googleusercontent.com"
EXECUTE = "https://www.googleapis.com/auth/gmail.addons.execute"
ALL_SCOPES = (EXECUTE, READ_MAIL, COMPOSE, RECIPIENTS, WHO)
KID = "key-1"

Json = dict[str, Any]
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def google_key() -> rsa.RSAPrivateKey:
    """The key whose certificate the fetcher hands out."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def other_key() -> rsa.RSAPrivateKey:
    """A key of nobody's."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def curve_key() -> ec.EllipticCurvePrivateKey:
    """A good key of another sort."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def certificate(key: Key) -> str:
    """A certificate of a key, signed by itself, as Google publishes them."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "federated-signon.system.gserviceaccount.com")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class KeyServer:
    """Where Google publishes its keys."""

    status: int = 200
    max_age: int = 3600
    is_down: bool = False
    asked: int = 0

    def __call__(self, url: str) -> Keys:
        """Answer as Google does."""
        assert url.startswith("https://www.googleapis.com/")
        self.asked += 1
        if self.is_down:
            raise ConnectionError
        body = json.dumps({KID: certificate(google_key()), "key-2": certificate(curve_key())}).encode()
        return Keys(self.status, body, {"cache-control": f"public, max-age={self.max_age}, must-revalidate"})


def encode(data: bytes) -> str:
    """Base64 as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(claims: object, *, key: Key | None = None, header: Json | None = None, raw_header: bytes = b"") -> str:
    """A signed token; `header` adds to the usual one or changes it."""
    head = {"alg": "RS256", "kid": KID, "typ": "JWT", **(header or {})}
    first = raw_header or json.dumps({name: value for name, value in head.items() if value is not None}).encode()
    signed = f"{encode(first)}.{encode(claims if isinstance(claims, bytes) else json.dumps(claims).encode())}"
    key = key or google_key()
    if isinstance(key, rsa.RSAPrivateKey):
        return f"{signed}.{encode(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
    return f"{signed}.{encode(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))}"


def times(begun_s: float = -5, ended_s: float = 3595) -> Json:
    """When a token was issued and when it ends, counted from now."""
    now = int(time.time())
    return {"iat": now + int(begun_s), "exp": now + int(ended_s)}


def system_claims(path: str, **changes: object) -> Json:
    """What a system token says; a change to None leaves a claim out."""
    claims = {
        "iss": "https://accounts.google.com",
        "aud": f"{URL}/addon/{path}",
        "azp": SERVICE_ACCOUNT,
        "email": SERVICE_ACCOUNT,
        "email_verified": True,
        "sub": "117",
        "jti": token_hex(8),
        **times(),
    }
    return _changed(claims, changes)


def user_claims(email: str = "ana@example.org", **changes: object) -> Json:
    """What a user token says."""
    claims = {
        "iss": "https://accounts.google.com",
        "aud": CLIENT_ID,
        "azp": CLIENT_ID,
        "email": email,
        "email_verified": True,
        "hd": "example.org",
        "sub": "42",
        "jti": token_hex(8),
        **times(),
    }
    return _changed(claims, changes)


def _changed(claims: Json, changes: Json) -> Json:
    return {name: value for name, value in {**claims, **changes}.items() if value is not None}


@dataclass
class Gmail:
    """Gmail in somebody's hands: makes the events it would send."""

    email: str = "ana@example.org"
    locale: str = "en"
    scopes: tuple[str, ...] | None = ALL_SCOPES
    gmail: Json = field(default_factory=dict)
    user_token: str = ""
    """Instead of a good one."""
    access_token: str = "ya29.user"

    def event(
        self,
        path: str,
        *,
        inputs: dict[str, str] | None = None,
        parameters: dict[str, str] | None = None,
        gmail: Json | None = None,
    ) -> Json:
        """An event in the shape Google documents; each has tokens of its own."""
        common: Json = {
            "hostApp": "GMAIL",
            "platform": "WEB",
            "userLocale": self.locale,
            "timeZone": {"id": "Europe/Berlin", "offset": 3600000},
        }
        if inputs is not None:
            common["formInputs"] = {name: {"stringInputs": {"value": [value]}} for name, value in inputs.items()}
        if parameters is not None:
            common["parameters"] = parameters
        authorization: Json = {
            "userOAuthToken": self.access_token,
            "systemIdToken": sign(system_claims(path)),
            "userIdToken": self.user_token or sign(user_claims(self.email)),
        }
        if self.scopes is not None:
            authorization["authorizedScopes"] = list(self.scopes)
        event: Json = {"commonEventObject": common, "authorizationEventObject": authorization}
        if found := {**self.gmail, **(gmail or {})}:
            event["gmail"] = found
        return event
