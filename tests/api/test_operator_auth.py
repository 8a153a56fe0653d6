"""auth-service --create-admin and --reset-user."""
import json
import os
import pty
import subprocess
import termios
import uuid

import pytest

from auth_support import PASSWORD, login, new_email, register
from lib import command, tokens
from lib.http import check_error
from lib.paths import binary
from lib.wait import wait_for
from test_auth_factor import Person

SECRET = "a-good-secret-9"


@pytest.fixture(scope="module", name="auth")
def _auth(start_service):
    return start_service("auth-service", {"DEMO_DATA": "false", "LOCKOUT_FAILURES": "3", "MAIL_REQUESTS": "0",
                                          "LOCKOUT_ADDRESS_FAILURES": "0"})


def create(auth, email, *args, stdin=SECRET + "\n", **kwargs):
    return json.loads(command.run(auth, "--create-admin", "--email", email, *args, stdin=stdin, **kwargs).stdout)


def reset(auth, *args):
    return command.lines(auth, "--reset-user", *args)[0]


def roles(auth, user_id):
    client = auth.http.as_user(1, tokens.ADMIN)
    return {(one["system"], one["role"]) for one in client.get(f"/api/v1/users/{user_id}/roles", expect=200).json()["roles"]}


def trail(db, user_id, action):
    return db.query("SELECT actor, details FROM audit_event WHERE target_type = 'user' AND target_id = %s AND action = %s",
                    str(user_id), action, program="auth-service")


# ---- an administrator -------------------------------------------------------------------------------------------

def test_the_first_administrator(auth, db):
    email = new_email()
    made = create(auth, email, "--name", "Zoë O'Neill")
    assert made == {"id": made["id"], "email": email, "name": "Zoë O'Neill", "created": True, "changed": True}
    token = login(auth, email, SECRET).json()["token"]
    me = auth.http.with_token(token)
    assert me.get("/api/v1/users", expect=200).json()["count"] >= 1
    assert roles(auth, made["id"]) == {("hdts", "Admin"), ("tts", "Admin")}
    [(actor, details)] = trail(db, made["id"], "admin.create")
    assert actor == "auth-service" and details == {"command": "--create-admin", "uid": os.getuid()}


def test_once_more_changes_nothing(auth, db):
    email = new_email()
    made = create(auth, email)
    again = create(auth, email.upper(), stdin="another-secret-1\n")
    assert again == {**made, "created": False, "changed": False}
    assert login(auth, email, SECRET).status_code == 200 and login(auth, email, "another-secret-1").status_code == 401
    assert len(trail(db, made["id"], "admin.create")) == 1


def test_somebody_who_is_there_becomes_one(auth, db):
    email = new_email()
    user = register(auth, email)["user"]
    db.query("UPDATE user_account SET active = false WHERE id = %s", user["id"], program="auth-service")
    made = create(auth, email, "--name", "Not This", stdin="")
    assert made["id"] == user["id"] and not made["created"] and made["changed"] and made["name"] != "Not This"
    assert {("hdts", "Admin"), ("tts", "Admin")} <= roles(auth, user["id"])
    assert login(auth, email, PASSWORD).status_code == 200
    assert len(trail(db, user["id"], "role.grant")) == 2


def test_where_the_password_comes_from(auth, tmp_path):
    for text in ("", "\n", "ab\n", "x" * 600 + "\n"):
        told = command.run(auth, "--create-admin", "--email", new_email(), stdin=text, status=65)
        assert told.stdout == "" and told.stderr
    email = new_email()
    path = tmp_path / "password"
    path.write_text(f"{SECRET}\r\nsecond line\n", encoding="utf-8")
    create(auth, email, "--password-file", str(path), stdin="")
    assert login(auth, email, SECRET).status_code == 200
    for missing in (tmp_path / "none", tmp_path):
        told = command.run(auth, "--create-admin", "--email", new_email(), "--password-file", str(missing), status=65)
        assert str(missing) in told.stderr


def test_common_passwords_are_refused_in_production(auth):
    secrets = {name: "0123456789abcdef" * 4 for name in ("JWT_SECRET", "SECRET_KEY")}
    url = {**secrets, "ENVIRONMENT": "production", "AMQP_URL": "amqp://tts:tts@127.0.0.1:1/x"}
    told = command.run(auth, "--create-admin", "--email", new_email(), stdin="password\n", status=65, env=url)
    assert "common" in told.stderr


def test_a_terminal_does_not_show_the_password(auth):
    email = new_email()
    ours, theirs = pty.openpty()
    with subprocess.Popen([binary(auth.name, auth.variant), "--create-admin", "--email", email], env=auth.env,
                          stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr.read(10) == b"Password: "
        wait_for(lambda: not termios.tcgetattr(theirs)[3] & termios.ECHO, what="a silent terminal")
        os.write(ours, SECRET.encode() + b"\n")
        assert process.wait(60) == 0
    os.set_blocking(ours, False)
    with pytest.raises(BlockingIOError):  # nothing is shown
        os.read(ours, 1000)
    os.close(theirs)
    os.close(ours)
    assert login(auth, email, SECRET).status_code == 200


@pytest.mark.parametrize("args", [[], ["--email"], ["--email", "nobody"], ["--email", "a@b", "--password", "x"],
                                  ["--email", "a@example.org", "--name", "x" * 201], ["a@example.org"]])
def test_wrong_arguments(auth, args):
    told = command.run(auth, "--create-admin", *args, status=64, stdin=SECRET)
    assert told.stderr.startswith("usage: auth-service --create-admin ")


# ---- a reset ----------------------------------------------------------------------------------------------------

def test_a_new_password(auth, db):
    email = new_email()
    body = register(auth, email)
    user = body["user"]["id"]
    done = reset(auth, "--email", email)
    assert set(done) == {"id", "email", "active", "sessions_ended", "password"}
    assert (done["id"], done["sessions_ended"], done["active"]) == (user, 1, True) and len(done["password"]) == 16
    check_error(auth.http.post("/api/v1/auth/refresh", {"refresh": body["refresh"]}), 401, "UNAUTHENTICATED")
    assert login(auth, email, PASSWORD).status_code == 401
    assert login(auth, email, done["password"]).status_code == 200
    [(actor, details)] = trail(db, user, "user.reset")
    assert actor == "auth-service" and done["password"] not in json.dumps(details)
    wait_for(lambda: any(email in mail and "password was changed" in mail for mail in auth.mails()), what="a notice by mail")
    assert done["password"] not in auth.log_text()


def test_a_link_instead(auth):
    email = new_email()
    user = register(auth, email)["user"]["id"]
    done = reset(auth, "--id", str(user), "--link")
    assert "password" not in done and done["link_expires_at"].endswith("Z")
    assert login(auth, email, PASSWORD).status_code == 401
    token = done["link"].split("token=")[1]
    change = {"token": token, "password": SECRET}
    auth.http.post("/api/v1/auth/reset-password", change, expect=200)
    check_error(auth.http.post("/api/v1/auth/reset-password", change), 400, "LINK_USED")
    assert login(auth, email, SECRET).status_code == 200


def test_an_earlier_link_is_void(auth):
    email = new_email()
    user = register(auth, email)["user"]["id"]
    first = reset(auth, "--id", str(user), "--link")["link"].split("token=")[1]
    reset(auth, "--id", str(user))
    check_error(auth.http.post("/api/v1/auth/reset-password", {"token": first, "password": SECRET}), 400, "LINK_USED")


def test_lock_and_second_factor_are_gone(auth, db):
    person = Person(auth, db)
    for _ in range(4):
        login(auth, person.email, "wrong-one")
    assert login(auth, person.email).status_code == 429
    done = reset(auth, "--email", person.email)
    answer = login(auth, person.email, done["password"])
    assert answer.status_code == 200 and answer.json().get("token"), answer.text
    for table in ("second_factor", "recovery_code"):
        assert db.query(f"SELECT count(*) FROM {table} WHERE user_id = %s", person.id, program="auth-service") == [(0,)]


def test_nobody_and_the_erased(auth, db):
    for who in (["--email", new_email()], ["--id", "999999999"], ["--email", "'; DROP TABLE user_account; --"]):
        assert "no such person" in command.run(auth, "--reset-user", *who, status=67).stderr
    user = register(auth)["user"]["id"]
    db.query("UPDATE user_account SET erased_at = now() WHERE id = %s", user, program="auth-service")
    command.run(auth, "--reset-user", "--id", str(user), status=67)


@pytest.mark.parametrize("args", [[], ["--email", "a@example.org", "--id", "1"], ["--id", "x"], ["--link"], ["1"],
                                  ["--id", "1", "--password", "x"]])
def test_wrong_arguments_of_a_reset(auth, args):
    assert command.run(auth, "--reset-user", *args, status=64).stderr.startswith("usage: auth-service --reset-user ")


def test_a_database_that_is_away(auth):
    url = {"DB_URL": f"postgresql://x:{uuid.uuid4().hex}@127.0.0.1:1/x"}
    told = command.run(auth, "--reset-user", "--id", "1", status=69, env=url)
    assert told.stdout == "" and url["DB_URL"] not in told.stderr
