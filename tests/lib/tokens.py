"""Tokens as auth-service issues them, signed with the secret the harness gives every program."""
import base64
import hashlib
import hmac
import json
import time
import uuid
import zlib

SECRET = "test-secret-of-the-harness-0123456789abcdef"
ISSUER = "tts-jwt-issuer"

EMPLOYEE = [("hdts", "Employee")]
COORDINATOR = [("hdts", "Ticket Coordinator")]
REVIEWER = [("tts", "Reviewer")]
APPROVER = [("tts", "Approver")]
ADMIN = [("hdts", "Admin"), ("tts", "Admin")]


DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def api_token_checksum(body):
    """CRC-32 in base 62."""
    number, text = zlib.crc32(body.encode()), ""
    for _ in range(6):
        text = DIGITS[number % 62] + text
        number //= 62
    return text


def api_token(seed):
    """A well-formed personal API token that nobody has issued, the same for the same seed."""
    body = "tts_" + hashlib.sha256(seed.encode()).hexdigest()[:36]
    return body + api_token_checksum(body)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encode(claims, secret=SECRET, header=None):
    """A compact JWT with exactly these claims; header and secret can be wrong on purpose."""
    head = base64url(json.dumps(header or {"alg": "HS256", "typ": "JWT"}).encode())
    body = base64url(json.dumps(claims).encode())
    mac = hmac.new(secret.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64url(mac)}"


def decode(token):
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def simple_role(roles):
    """The one-word role that goes with a list of roles."""
    if ("hdts", "Admin") in roles:
        return "admin"
    return "staff" if ("hdts", "Ticket Coordinator") in roles else "user"


def mint(user_id=1, roles=None, *, email=None, name=None, role=None, secret=SECRET, ttl=3600, **claims):
    """An access token. roles: pairs (system, role), EMPLOYEE by default. Other claims override."""
    roles = EMPLOYEE if roles is None else roles
    now = int(time.time())
    return encode({
        "iss": ISSUER, "sub": str(user_id), "user_id": user_id,
        "email": email or f"user{user_id}@example.com", "name": name or f"User {user_id}",
        "role": role or simple_role(roles),
        "roles": [{"system": system, "role": title, "system_role_id": number}
                  for number, (system, title) in enumerate(roles, 1)],
        "iat": now, "exp": now + ttl, "jti": uuid.uuid4().hex, "token_type": "access",
        **claims}, secret)


def mint_service(program="helpdesk-service", **claims):
    """A token as programs use among themselves."""
    now = int(time.time())
    return encode({"iss": ISSUER, "sub": program, "name": program, "role": "service", "roles": [],
                   "iat": now, "exp": now + 300, "jti": uuid.uuid4().hex, "token_type": "service",
                   **claims})
