"""A client of one program: requests with a base URL, a token, and a record of the routes called."""
import threading
import time
from http.cookiejar import DefaultCookiePolicy

import requests

from . import tokens
from .record import record
from .wait import DEADLINE, wait_for  # noqa: F401  (tests import both from here)

# A kept connection that was unused for longer is not used again: the server may be about to close it.
KEPT_SECONDS = 5


class Client:
    def __init__(self, program, base, token=None, timeout=DEADLINE):
        self.program = program
        self.base = base
        self.token = token
        self.timeout = timeout
        self.kept = threading.local()

    def as_user(self, user_id=1, roles=None, **kwargs):
        """The same program, called with a token made for this user."""
        return Client(self.program, self.base, tokens.mint(user_id, roles, **kwargs), self.timeout)

    def with_token(self, token):
        return Client(self.program, self.base, token, self.timeout)

    def request(self, method, path, expect=None, headers=None, **kwargs):
        """expect: the status the answer must have. Redirects are not followed."""
        headers = dict(headers or {})
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        kwargs.setdefault("timeout", self.timeout)
        kwargs.setdefault("allow_redirects", False)
        answer = self._session().request(method, self.base + path, headers=headers, **kwargs)
        self.kept.until = time.monotonic() + KEPT_SECONDS
        record(self.program, method, path, answer.status_code)
        if expect is not None:
            assert answer.status_code == expect, (
                f"{method} {path}: {answer.status_code} instead of {expect}: {answer.text[:2000]}")
        return answer

    def _session(self):
        """That of this thread."""
        if not hasattr(self.kept, "session"):
            self.kept.until = 0
            self.kept.session = requests.Session()
            # A login sets cookies; a later request without a token must be anonymous all the same.
            self.kept.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        elif time.monotonic() > self.kept.until:
            self.kept.session.close()
        return self.kept.session

    def get(self, path, expect=None, **kwargs):
        return self.request("GET", path, expect, **kwargs)

    def post(self, path, json=None, expect=None, **kwargs):
        return self.request("POST", path, expect, json=json, **kwargs)

    def put(self, path, json=None, expect=None, **kwargs):
        return self.request("PUT", path, expect, json=json, **kwargs)

    def patch(self, path, json=None, expect=None, **kwargs):
        return self.request("PATCH", path, expect, json=json, **kwargs)

    def delete(self, path, expect=None, **kwargs):
        return self.request("DELETE", path, expect, **kwargs)

    def options(self, path, expect=None, **kwargs):
        return self.request("OPTIONS", path, expect, **kwargs)


def check_error(answer, status, code):
    """The error envelope: status, code, and the same text under message and error."""
    assert answer.status_code == status, f"{answer.status_code} instead of {status}: {answer.text[:2000]}"
    body = answer.json()
    assert body["status"] == "error" and body["code"] == code, body
    assert body["message"] and body["message"] == body["error"], body
    assert body["timestamp"].endswith("Z") and body["details"]["trace_id"], body
    return body
