"""Mail servers that want encryption and passwords."""
import ssl
import subprocess

import pytest
from lib.paths import WORK
from lib.smtp import MailServer
from lib.wait import wait_for
from notification_support import CORA, World, parse, plain

PASSWORD = "p%40ss-word"  # as it stands in the URL


@pytest.fixture(scope="module", name="certificate")
def _certificate():
    folder = WORK / "smtp"
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return str(certificate), str(key)


@pytest.fixture(scope="module", name="world")
def _world(infra, start_service, broker):
    database = infra.database("smtp")
    world = World(start_service, broker, env={"DB_URL": database.url("notification-service"), "EMAIL_PER_HOUR": "0",
                                              "EMAIL_PER_DAY": "0"})
    yield world
    world.service.stop()
    world.close()
    database.drop()


def use(world, server, login="", **env):
    """Has the program use this mail server."""
    host = server.url.removeprefix("smtp://")
    world.service.set_env("SMTP_URL", f"smtp://{login}{'@' if login else ''}{host}")
    for name in ("SMTP_STARTTLS", "SMTP_CA_FILE"):
        world.service.set_env(name, env.get(name))
    world.service.restart()


def send(world, subject):
    body = {"to": "x@example.org", "subject": subject, "body": "Grüße\n"}
    world.http(CORA).post("/api/v1/notifications/email", body, expect=202)


def sent(world, server, subject):
    return wait_for(lambda: next(text for _, _, text in server.mails if parse(text)["Subject"] == subject), what="mail")


def test_starttls_and_a_password(world, certificate):
    server = MailServer(certificate, password="p@ss-word")
    try:
        use(world, server, f"desk:{PASSWORD}", SMTP_CA_FILE=certificate[0])
        send(world, "encrypted")
        assert plain(parse(sent(world, server, "encrypted"))).startswith("Grüße")
        assert server.logins == [("desk", "p@ss-word", True)]
    finally:
        server.close()


def test_a_password_is_not_sent_unencrypted(world):
    server = MailServer(password="p@ss-word")
    try:
        use(world, server, f"desk:{PASSWORD}")
        send(world, "not without encryption")
        waiting = wait_for(lambda: (lambda one: one["last_error"] and one)(world.delivery_of("not without encryption")),
                           what="the failed attempt")
        assert waiting["status"] == "queued" and server.logins == [] and server.mails == []
        use(world, server, f"desk:{PASSWORD}", SMTP_STARTTLS="off")
        sent(world, server, "not without encryption")
        assert server.logins == [("desk", "p@ss-word", False)]
    finally:
        server.close()


def test_a_server_nobody_vouches_for_gets_no_password(world, certificate):
    server = MailServer(certificate, password="p@ss-word")
    try:
        use(world, server, f"desk:{PASSWORD}")
        send(world, "who are you")
        waiting = wait_for(lambda: (lambda one: one["last_error"] and one)(world.delivery_of("who are you")),
                           what="the failed attempt")
        assert waiting["status"] == "queued" and server.logins == []
        use(world, server, f"desk:{PASSWORD}", SMTP_CA_FILE=certificate[0])
        sent(world, server, "who are you")
    finally:
        server.close()


def test_encryption_is_taken_where_it_is_offered(world, certificate):
    server = MailServer(certificate)
    seen = []
    server.answers = {"MAIL": lambda rest, usual: (seen.append(rest), usual)[1]}
    try:
        use(world, server)
        send(world, "offered")
        sent(world, server, "offered")
    finally:
        server.close()


def test_required_encryption(world, certificate):
    server = MailServer()
    try:
        use(world, server, SMTP_STARTTLS="required")
        send(world, "required")
        wait_for(lambda: world.delivery_of("required")["last_error"], what="the failed attempt")
        assert server.mails == []
    finally:
        server.close()
    server = MailServer(certificate)
    try:
        use(world, server, SMTP_STARTTLS="required", SMTP_CA_FILE=certificate[0])
        sent(world, server, "required")
    finally:
        server.close()


def test_a_wrong_password_is_not_the_mails_fault(world, certificate):
    server = MailServer(certificate, password="another")
    try:
        use(world, server, f"desk:{PASSWORD}", SMTP_CA_FILE=certificate[0])
        send(world, "wrong password")
        waiting = wait_for(lambda: (lambda one: one["last_error"] and one)(world.delivery_of("wrong password")),
                           what="the failed attempt")
        assert waiting["status"] == "queued" and "p@ss" not in world.service.log_text()
        server.password = "p@ss-word"
        sent(world, server, "wrong password")
    finally:
        server.close()


def test_mail_over_tls_from_the_start(world, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server = MailServer(implicit=context)
    try:
        world.service.set_env("SMTP_URL", server.url.replace("smtp://", "smtps://"))
        world.service.set_env("SMTP_STARTTLS", None)
        world.service.set_env("SMTP_CA_FILE", certificate[0])
        world.service.restart()
        send(world, "smtps")
        sent(world, server, "smtps")
    finally:
        server.close()
