"""ENVIRONMENT=production: what a program refuses to start with, and a start with every secret in a file."""
import os
import subprocess

import pytest

from lib.paths import PROGRAMS, binary, schema
from lib.service import Service

JWT_SECRET = "a-secret-of-production-0123456789abcdef"
FIT = {"ENVIRONMENT": "production", "JWT_SECRET": JWT_SECRET, "SERVICE_SECRET": JWT_SECRET[::-1], "SECRET_KEY": JWT_SECRET * 2,
       "DB_PASSWORD": "not-the-role's-name", "AMQP_URL": "amqps://tts:secret@mq.example.com/%2F",
       "SMTP_URL": "smtps://mail.example.com"}


def check(program, changes):
    env = {"PATH": os.environ["PATH"], "GATEWAY_CONFIG": str(binary(program).parents[3] / "deploy/gateway/kong.yml"),
           **FIT, **changes}
    return subprocess.run([binary(program), "--check-config"], env={key: value for key, value in env.items() if value},
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_fit(program):
    done = check(program, {})
    assert done.returncode == 0, done.stdout


REFUSED = [
    ({"JWT_SECRET": None}, "JWT_SECRET"),
    ({"JWT_SECRET": "too-short"}, "JWT_SECRET"),
    ({"JWT_SECRET": "compose-secret-change-me-compose-secret-change-me"}, "JWT_SECRET"),
    ({"SERVICE_SECRET": "dev-cluster-service-change-me-dev-cluster"}, "SERVICE_SECRET"),
    ({"AMQP_URL": None}, "AMQP_URL"),
    ({"AMQP_URL": "amqp://guest:guest@rabbitmq:5672//"}, "AMQP_URL"),
    ({"DB_PASSWORD": "own"}, "DB_PASSWORD"),
    ({"DB_PASSWORD": None}, "DB_PASSWORD"),
    ({"DB_PASSWORD": "change-me"}, "DB_PASSWORD")]


def is_of(program, changes):
    """The gateway has no schema, whose name its password could be, and needs no password."""
    return program != "gateway" or changes.get("DB_PASSWORD", "change-me") == "change-me"


@pytest.mark.parametrize("program, changes, named", [(program, changes, named) for changes, named in REFUSED
                                                     for program in PROGRAMS if is_of(program, changes)])
def test_what_is_refused(program, changes, named):
    changes = {key: schema(program) if value == "own" else value for key, value in changes.items()}
    done = check(program, changes)
    lines = [line for line in done.stdout.splitlines() if named in line]
    assert done.returncode == 78 and len(lines) == 1, done.stdout
    for value in changes.values():
        assert not value or len(value) < 9 or value not in done.stdout


def test_every_secret_may_be_in_a_file(db, broker, tmp_path):
    secrets = {"JWT_SECRET": JWT_SECRET, "SERVICE_SECRET": JWT_SECRET[::-1], "SECRET_KEY": JWT_SECRET * 2,
               "DB_URL": db.url("auth-service"), "AMQP_URL": broker.url}
    env = {"ENVIRONMENT": "production"}
    for name, value in secrets.items():
        (tmp_path / name).write_text(value + "\n", encoding="utf-8")
        env.update({name: None, f"{name}_FILE": str(tmp_path / name)})
    with Service("auth-service", db, broker, env=env) as auth:
        assert auth.http.get("/ready").status_code == 200
        environ = open(f"/proc/{auth.process.pid}/environ", encoding="utf-8").read()
        assert not any(value in environ for value in secrets.values())
