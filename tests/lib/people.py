"""People, and the part of auth-service that tells the other programs of them."""
import http.server
import json
import threading
import urllib.parse

PAGE_SIZE = 500


def person(identity, name, roles, *, active=True, version=1, email=None, department="IT Department"):
    """A person as auth-service tells of one: an entry of the snapshot, the payload of user.* and role.*."""
    return {"id": identity, "email": email or f"user{identity}@example.com", "name": name,
            "department": department, "active": active, "version": version,
            "roles": [{"system": system, "role": role, "system_role_id": number}
                      for number, (system, role) in enumerate(roles, 1)]}


class FakeAuth:
    """Serves the snapshot of people as auth-service does. is_away: it answers 503."""

    def __init__(self, people, page_size=PAGE_SIZE):
        self.people = sorted(people, key=lambda one: one["id"])
        self.page_size = page_size
        self.is_away = False
        self.requests = []  # (path, Authorization)
        auth = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                auth.requests.append((self.path, self.headers.get("Authorization")))
                body = auth.page(self.path)
                self.send_response(503 if body is None else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def page(self, path):
        parts = urllib.parse.urlsplit(path)
        if self.is_away or parts.path != "/api/v1/users/snapshot":
            return None
        after = int(urllib.parse.parse_qs(parts.query).get("after", ["0"])[0])
        users = [one for one in self.people if one["id"] > after][:self.page_size]
        following = users[-1]["id"] if len(users) == self.page_size else None
        return json.dumps({"users": users, "next": following}).encode()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
