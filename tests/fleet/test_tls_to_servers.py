"""TLS to PostgreSQL and RabbitMQ, with real servers that have certificates: what is trusted, and what is refused."""
import os
import subprocess

import pytest

from lib.infra import Broker, Database, run_server, unique
from lib.paths import PORT_OFFSET, WORK
from lib.ports import free_ports
from lib.service import Service
from lib.wait import wait_for

WHERE = {"offset": int(PORT_OFFSET) - 1000, "state": WORK / "tls-servers"}


def openssl(folder, *args):
    subprocess.run(["openssl", *args], cwd=folder, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def make_authority(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")
    return folder / f"{name}.pem"


class TlsServers:
    """Both speak TLS as "localhost"; PostgreSQL takes nothing else, RabbitMQ on a port of its own."""

    def __init__(self, folder):
        self.authority = make_authority(folder, "authority")
        self.stranger = make_authority(folder, "stranger")
        openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
                "-keyout", "server.key", "-out", "server.csr")
        (folder / "names").write_text("subjectAltName=DNS:localhost\n", encoding="ascii")
        openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
                "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.pem")
        (self.amqps_port,) = free_ports(1)
        self._start_rabbitmq(folder)
        self._start_postgres(folder)
        self.db = Database(run_server("postgres", "url", **WHERE), unique("tls"))
        management = f"http://127.0.0.1:{WHERE['offset'] + 15672}"
        self.broker = Broker(run_server("rabbitmq", "url", **WHERE), management, unique("tls"))
        self._only_tls()

    def _start_rabbitmq(self, folder):
        # Readable for whom the server runs as.
        shared = WHERE["state"] / "tls"
        shared.mkdir(parents=True, exist_ok=True)
        for name in ("authority.pem", "server.pem", "server.key"):
            (shared / name).write_bytes((folder / name).read_bytes())
            (shared / name).chmod(0o644)
        extra = shared / "rabbitmq.conf"
        extra.write_text(f"listeners.ssl.default = 127.0.0.1:{self.amqps_port}\n"
                         f"ssl_options.cacertfile = {shared}/authority.pem\nssl_options.certfile = {shared}/server.pem\n"
                         f"ssl_options.keyfile = {shared}/server.key\nssl_options.versions.1 = tlsv1.2\n", encoding="ascii")
        os.environ["RABBITMQ_EXTRA_CONF"] = str(extra)
        try:
            run_server("rabbitmq", "start", **WHERE)
        finally:
            del os.environ["RABBITMQ_EXTRA_CONF"]

    def _start_postgres(self, folder):
        run_server("postgres", "start", **WHERE)
        data = WHERE["state"] / "postgres" / "data"
        owner = data.stat()
        for name in ("server.pem", "server.key"):
            (data / name).write_bytes((folder / name).read_bytes())
            os.chown(data / name, owner.st_uid, owner.st_gid)
            (data / name).chmod(0o600)

    def _only_tls(self):
        with self.db.cursor() as cursor:
            for setting in ("ssl_cert_file = 'server.pem'", "ssl_key_file = 'server.key'", "ssl = on"):
                cursor.execute(f"ALTER SYSTEM SET {setting}")
            cursor.execute("SHOW hba_file")
            with open(cursor.fetchone()[0], "w", encoding="ascii") as rules:
                rules.write("hostnossl all postgres all scram-sha-256\nhostssl all all all scram-sha-256\n")
            cursor.execute("SELECT pg_reload_conf()")
        wait_for(lambda: self.db.query("SHOW ssl")[0][0] == "on", what="TLS of PostgreSQL")

    def env(self, **changes):
        """Of auth-service, which trusts the authority and calls the servers by their name."""
        env = {"DB_URL": None, "DB_HOST": "localhost", "DB_PORT": str(WHERE["offset"] + 5433), "DB_NAME": self.db.name,
               "DB_USER": "auth", "DB_PASSWORD": "auth", "DB_SSL_MODE": "verify-full", "DB_SSL_ROOT_CERT": str(self.authority),
               "AMQP_URL": f"amqps://guest:guest@localhost:{self.amqps_port}/{self.broker.name}",
               "AMQP_CA_FILE": str(self.authority)}
        return {**env, **changes}

    def close(self):
        for server in ("rabbitmq", "postgres"):
            run_server(server, "stop", **WHERE)


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    if WHERE["state"].exists():
        for server in ("rabbitmq", "postgres"):
            run_server(server, "stop", **WHERE)
        subprocess.run(["rm", "-rf", WHERE["state"]], check=True)
    both = TlsServers(tmp_path_factory.mktemp("tls"))
    yield both
    both.close()


def test_everything_travels_encrypted(servers):
    with Service("auth-service", env=servers.env()) as auth, \
            Service("helpdesk-service", env=servers.env(DB_USER="helpdesk", DB_PASSWORD="helpdesk")) as helpdesk:
        for program in (auth, helpdesk):
            program.wait_ready()
        found = servers.db.query("SELECT s.ssl, s.version FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)"
                                 " WHERE a.usename IN ('auth', 'helpdesk')")
        assert len(found) >= 4 and all(ssl and version >= "TLSv1.2" for ssl, version in found), found
        auth.http.post("/auth/register", {"email": "ann@example.com", "password": "test123", "first_name": "Ann",
                                          "last_name": "Lee"}, expect=201)
        wait_for(lambda: servers.db.query("SELECT 1 FROM helpdesk.person WHERE email = 'ann@example.com'"),
                 what="what auth-service tells helpdesk-service through the broker")

        def encrypted():
            all_of_them = servers.broker.api("GET", "/connections")
            assert len(all_of_them) >= 2 and all(connection["ssl"] for connection in all_of_them), all_of_them
            return True
        wait_for(encrypted, what="the broker's view of its connections", interval=0.3)


@pytest.mark.parametrize("changes", [
    {"DB_SSL_ROOT_CERT": "stranger"}, {"DB_HOST": "127.0.0.1"}, {"DB_SSL_MODE": "disable"},
    {"DB_SSL_MODE": "verify-ca", "DB_SSL_ROOT_CERT": "/nowhere.pem"}],
    ids=["another authority", "another name", "no TLS", "no authority"])
def test_a_database_that_is_not_the_one_meant_is_not_used(servers, changes):
    changes = {key: str(servers.stranger) if value == "stranger" else value for key, value in changes.items()}
    with Service("auth-service", env=servers.env(**changes), ready=False) as auth:
        wait_for(lambda: "certificate" in auth.log_text() or "pg_hba" in auth.log_text(), what="a reason in the log")
        assert auth.http.get("/ready").status_code == 503
        assert auth.http.get("/health").status_code == 200


def test_the_database_may_be_trusted_by_its_authority_alone(servers):
    with Service("auth-service", env=servers.env(DB_HOST="127.0.0.1", DB_SSL_MODE="verify-ca")) as auth:
        assert auth.http.get("/ready").status_code == 200


@pytest.mark.parametrize("ca, host", [("stranger", "localhost"), ("authority", "127.0.0.1"), (None, "localhost"),
                                      ("nowhere", "localhost")],
                         ids=["another authority", "another name", "the system's authorities", "no authority"])
def test_a_broker_that_is_not_the_one_meant_is_not_used(servers, ca, host):
    url = f"amqps://guest:guest@{host}:{servers.amqps_port}/{servers.broker.name}"
    file = {"stranger": str(servers.stranger), "authority": str(servers.authority), "nowhere": "/nowhere.pem", None: None}[ca]
    with Service("auth-service", env=servers.env(AMQP_URL=url, AMQP_CA_FILE=file), ready=False) as auth:
        wait_for(lambda: "broker connection failed" in auth.log_text(), what="a reason in the log")
        wait_for(lambda: auth.http.get("/ready").json()["checks"]["database"]["status"] == "ok", what="the database")
        assert auth.http.get("/ready").status_code == 503
        assert "guest:guest" not in auth.log_text()


def test_plain_amqp_on_the_encrypted_port_fails(servers):
    url = f"amqp://guest:guest@localhost:{servers.amqps_port}/{servers.broker.name}"
    with Service("auth-service", env=servers.env(AMQP_URL=url), ready=False) as auth:
        wait_for(lambda: "broker connection failed" in auth.log_text(), what="a reason in the log")
        assert auth.http.get("/ready").status_code == 503
