"""The stack as deploy/README.md sets it up for production: with secrets of its own, in files."""
import subprocess

import pytest
import requests

from lib.paths import PROGRAMS, ROOT
from lib.wait import wait_for

from stack import Stack

ADMIN = {"email": "first@example.com", "password": "a long enough password 1"}


@pytest.fixture(scope="module", name="secrets")
def _secrets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("production") / "secrets"
    subprocess.run([ROOT / "deploy" / "production" / "make-secrets", "smtps://u:p@mail.invalid:465", folder], check=True)
    return folder


@pytest.fixture(scope="module", name="production")
def _production(built, secrets):
    stack = Stack(built, "deploy/compose.yaml:deploy/compose.production.yaml",
                  {"SECRETS_FOLDER": str(secrets), "PUBLIC_URL": "https://helpdesk.example.com",
                   "ALLOWED_ORIGINS": "https://helpdesk.example.com"})
    stack.up()
    yield stack
    stack.down()


@pytest.fixture(scope="module", name="admin")
def _admin(production):
    container = production.container("auth-service")
    production.engine.docker("exec", "-i", container, "auth-service", "--create-admin", "--email", ADMIN["email"],
                             input=ADMIN["password"] + "\n")
    return production.fleet.login(ADMIN["email"], ADMIN["password"])


def test_it_starts_with_nobody_in_it(production):
    gateway = production.fleet.http
    assert gateway.post("/token/", {"email": "admin@example.com", "password": "demo-pass-1"}).status_code == 401
    for program in PROGRAMS:
        assert production.get(program, "/ready").status_code == 200


def test_the_first_administrator_begins(production, admin):
    me = admin.get("/api/v1/users/me", expect=200).json()
    assert me["email"] == ADMIN["email"]
    made = admin.post("/api/v1/tickets", {"subject": "First", "description": "d", "category": "IT Support",
                                          "department": "IT Department"}, expect=201).json()
    wait_for(lambda: admin.get("/api/v1/conversations", params={"ticket_number": made["ticket_number"]}).json()["results"],
             60, "the ticket's conversation", 0.3)
    assert production.says_ready("gateway")


def test_secrets_are_in_files_only(production, secrets):
    values = {(secrets / name).read_text(encoding="ascii").strip() for name in
              ("JWT_SECRET", "SERVICE_SECRET", "SECRET_KEY", "AMQP_URL", "POSTGRES_PASSWORD", "DB_PASSWORD_auth")}
    assert secrets.stat().st_mode & 0o777 == 0o700
    for service in [*PROGRAMS, "postgres", "rabbitmq"]:
        shown = production.engine.inspect(production.container(service), "{{json .Config}}")
        logs = production.compose("logs", "--no-color", service).stdout
        assert not [value for value in values if value in shown or value in logs], service


def test_the_accounts_of_the_documents_are_gone(production):
    answer = requests.get(f"http://127.0.0.1:{production.ports['RABBITMQ_MANAGEMENT']}/api/whoami", auth=("guest", "guest"),
                          timeout=10)
    assert answer.status_code == 401
    refused = production.engine.docker("exec", "-e", "PGPASSWORD=auth", production.container("postgres"), "psql", "-h",
                                       "127.0.0.1", "-U", "auth", "-d", "tts", "-c", "SELECT 1", check=False)
    assert refused.returncode != 0 and "password authentication failed" in refused.stdout
