"""TLS at the gateway: what it speaks, what it forwards, and clients that are slow, gone or not speaking TLS."""
import json
import os
import signal
import socket
import ssl
import subprocess
import threading

import pytest
import requests

from gateway_support import Connection, Gateway, Raw, Upstream, reply, route, service
from lib.paths import VARIANT
from lib.ports import free_ports
from lib.wait import wait_for

MEGABYTE = 1024 * 1024


def certificate(folder, name, *, curve=True):
    """A self-signed certificate for localhost and its key."""
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    kind = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] if curve else ["rsa:2048"]
    subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "30", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return cert, key


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as echo:
        yield echo


class TlsGateway(Gateway):
    def __init__(self, cert, key, env=None, **collections):
        self.cert = cert
        self.tls_port, = free_ports(1)
        super().__init__(env={"TLS_CERT_FILE": cert, "TLS_KEY_FILE": key, "TLS_PORT": self.tls_port, **(env or {})},
                         **collections)
        self.tls_url = f"https://localhost:{self.tls_port}"

    def context(self, **options):
        context = ssl.create_default_context(cafile=self.cert)
        for name, value in options.items():
            setattr(context, name, value)
        return context

    def tls(self, timeout=20, session=None, context=None):
        plain = socket.create_connection(("127.0.0.1", self.tls_port), timeout)
        return (context or self.context()).wrap_socket(plain, server_hostname="localhost", session=session)

    def talk(self, **arguments):
        client = Raw.__new__(Raw)
        Connection.__init__(client, self.tls(**arguments))
        return client

    def get(self, path, **arguments):
        return requests.get(self.tls_url + path, verify=self.cert, timeout=20, **arguments)


@pytest.fixture(scope="module")
def gateway(folder, upstream):
    services = [service("s", upstream, route("/"),
                        route("/only", name="only", protocols=["https"]),
                        route("/moved", name="moved", protocols=["https"], https_redirect_status_code=301),
                        route("/plain", name="plain", protocols=["http"]))]
    with TlsGateway(*certificate(folder, "one"), services=services) as program:
        yield program


def header(answer, name):
    return dict((key.lower(), value) for key, value in answer.json()["headers"]).get(name)


# ---- what it speaks ---------------------------------------------------------------------------------

def test_requests_arrive_and_say_https(gateway):
    answer = gateway.get("/a?b=1")
    assert answer.status_code == 200 and answer.json()["line"].split()[1] == "/a?b=1"
    assert header(answer, "x-forwarded-proto") == "https" and "proto=https" in header(answer, "forwarded")
    assert header(answer, "x-forwarded-port") == str(gateway.tls_port)
    assert "Strict-Transport-Security" not in answer.headers
    assert header(gateway.http.get("/", 200), "x-forwarded-proto") == "http"


def test_modern_ciphers_only(gateway):
    with gateway.tls() as client:
        name, version, _ = client.cipher()
        assert version == "TLSv1.2" and name.startswith("ECDHE-") and ("GCM" in name or "CHACHA20" in name)
    for ciphers in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "DHE-RSA-AES128-GCM-SHA256"):
        context = gateway.context(maximum_version=ssl.TLSVersion.TLSv1_2)
        context.set_ciphers(ciphers + ":@SECLEVEL=0")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            gateway.tls(context=context).close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_3])
def test_other_versions_are_refused(gateway, version):
    context = gateway.context(minimum_version=version, maximum_version=version)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        gateway.tls(context=context).close()


def test_alpn(gateway):
    context = gateway.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with gateway.tls(context=context) as client:
        assert client.selected_alpn_protocol() == "http/1.1"


def test_sessions_are_resumed_by_ticket(gateway):
    context = gateway.context(maximum_version=ssl.TLSVersion.TLSv1_2)
    with gateway.tls(context=context) as first:
        session = first.session
        assert not first.session_reused and session.has_ticket
    with gateway.tls(context=context, session=session) as second:
        assert second.session_reused


def test_an_rsa_certificate(folder, upstream):
    with TlsGateway(*certificate(folder, "rsa", curve=False), services=[service("s", upstream, route("/"))]) as program:
        assert program.get("/").status_code == 200
        with program.tls() as client:
            assert client.cipher()[0].startswith("ECDHE-RSA-")


# ---- routes by protocol -----------------------------------------------------------------------------

def test_routes_by_protocol(gateway):
    assert gateway.get("/only/x").status_code == 200
    answer = gateway.http.get("/only/x", 426)
    assert answer.json()["message"] == "Please use HTTPS protocol" and "TLS" in answer.headers["Upgrade"]
    answer = gateway.http.get("/moved/x?y=1", 301)
    assert answer.headers["Location"] == f"https://127.0.0.1:{gateway.tls_port}/moved/x?y=1"
    assert gateway.get("/moved/x").status_code == 200
    gateway.http.get("/plain", 200)
    # the prefix "/" takes what a plain-only route does not
    assert gateway.get("/plain").json()["line"].split()[1] == "/plain"


def test_https_by_a_trusted_proxy_in_front(folder, upstream):
    services = [service("s", upstream, route("/only", protocols=["https"]))]
    with Gateway(services=services, env={"GATEWAY_TRUSTED_PROXIES": "127.0.0.1"}) as program:
        program.http.get("/only", 426)
        program.http.get("/only", 200, headers={"X-Forwarded-Proto": "https"})
    with Gateway(services=services) as program:
        program.http.get("/only", 426, headers={"X-Forwarded-Proto": "https"})


def test_hsts_in_production(folder, upstream):
    with TlsGateway(*certificate(folder, "production"), services=[service("s", upstream, route("/"))],
                    env={"ENVIRONMENT": "production", "HSTS_MAX_AGE": "30d"}) as program:
        for path in ("/", "/health"):
            assert program.get(path).headers["Strict-Transport-Security"] == "max-age=2592000; includeSubDomains"
        assert "Strict-Transport-Security" not in program.http.get("/", 200).headers


# ---- certificates -----------------------------------------------------------------------------------

def test_a_new_certificate_by_sighup(folder, upstream):
    cert, key = certificate(folder, "first")
    with TlsGateway(cert, key, services=[service("s", upstream, route("/"))]) as program:
        first = program.context()
        kept = program.talk(context=first)
        other_cert, other_key = certificate(folder, "second")
        # a key that does not belong to the certificate changes nothing
        os.replace(other_cert, cert)
        program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "is not the key of the certificate" in program.log_text(), what="the refusal")
        program.tls(context=first).close()
        os.replace(other_key, key)
        program.process.send_signal(signal.SIGHUP)
        wait_for(lambda: "certificate loaded" in program.log_text(), what="the new certificate")
        assert program.get("/").status_code == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            program.tls(context=first).close()
        # whoever was there goes on
        kept.send(b"GET /still HTTP/1.1\r\nHost: x\r\n\r\n")
        assert kept.answer().status == 200
        kept.close()
        assert "gateway_tls_certificate_not_after_seconds" in program.http.get("/metrics", 200).text


@pytest.mark.parametrize("cert, key, problem", [
    ("missing.pem", "one.key", "missing.pem: "), ("one.pem", "missing.key", "missing.key: "),
    ("one.key", "one.key", "one.key: "), ("one.pem", "", "are set together or not at all"),
])
def test_a_bad_certificate_ends_the_start(folder, gateway, cert, key, problem):
    from lib.paths import binary
    env = {**gateway.env, "PORT": "0", "ADMIN_PORT": "0", "TLS_PORT": "0", "TLS_CERT_FILE": str(folder / cert),
           "TLS_KEY_FILE": str(folder / key) if key else ""}
    for arguments in ([], ["--check-config"]):
        run = subprocess.run([binary("gateway"), *arguments], env=env, capture_output=True, text=True, timeout=30, check=False)
        assert run.returncode == 78 and problem in run.stderr


def test_without_a_certificate_there_is_no_tls(upstream):
    port, = free_ports(1)
    with Gateway(services=[service("s", upstream, route("/"))], env={"TLS_PORT": port}) as program:
        assert "TLS_CERT_FILE is not set" in program.log_text()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)


# ---- bodies and sockets -----------------------------------------------------------------------------

@pytest.mark.release_build
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_large_bodies_both_ways(folder, framing):
    size = 8 * MEGABYTE
    with Upstream(lambda request: reply(request.body)) as mirror:
        with TlsGateway(*certificate(folder, "large"), services=[service("s", mirror, route("/"))]) as program:
            data = os.urandom(MEGABYTE) * 8
            body = data if framing == "length" else (data[i:i + 70000] for i in range(0, size, 70000))
            answer = requests.post(program.tls_url, data=body, verify=program.cert, timeout=60)
            assert answer.content == data
            assert program.rss_kib() < 30 * 1024 or VARIANT == "asan"


def test_heads_larger_than_a_piece(folder, upstream):
    with TlsGateway(*certificate(folder, "heads"), services=[service("s", upstream, route("/"))],
                    env={"MAX_HEAD_BYTES": "128k"}) as program:
        client = program.talk()
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"y" * 2000) for i in range(50)) + b"\r\n")
        assert len(client.answer().body) > 100000
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 200000)
        assert client.answer().status == 431
        client.close()


def test_a_client_that_does_not_read_holds_the_upstream_back(folder):
    sent = []

    def serve(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
        for _ in range(100):
            connection.send(b"x" * MEGABYTE)
            sent.append(MEGABYTE)
    with Upstream(serve=serve) as endless:
        with TlsGateway(*certificate(folder, "slow"), services=[service("s", endless, route("/"))]) as program:
            client = program.talk()
            client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            client.read_until(b"\r\n\r\n")
            state = []

            def is_stuck():
                state.append(len(sent))
                return len(state) > 20 and state[-20] == state[-1]
            wait_for(is_stuck, what="the upstream to be held back", interval=0.05)
            assert len(sent) < 40
            got = len(client.buffer)
            while got < 100 * MEGABYTE:
                got += len(client.sock.recv(MEGABYTE))
            client.close()


def test_pipelined_requests_and_keep_alive(gateway):
    client = gateway.talk()
    client.send(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert [client.answer().json()["line"].split()[1] for _ in range(2)] == ["/1", "/2"]
    for byte in b"GET /3 HTTP/1.1\r\nHost: x\r\n\r\n":
        client.send(bytes([byte]))
    assert client.answer().json()["line"].split()[1] == "/3"
    client.send(b"GET /4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert client.answer().status == 200 and client.rest() == b""
    client.close()


def test_a_websocket_over_tls(folder):
    def serve(connection):
        connection.read_request()
        connection.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        while True:
            data = connection.buffer or connection.recv()
            connection.buffer = b""
            if not data:
                return
            connection.send(data)
    with Upstream(serve=serve) as echo:
        with TlsGateway(*certificate(folder, "ws"), services=[service("s", echo, route("/", protocols=["https"]))]) as program:
            client = program.talk()
            client.send(b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            assert client.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 101")
            for size in (10, 70000, 1000000):
                frame = b"\x82\x7f" + size.to_bytes(8, "big") + b"y" * size
                # one piece at a time: OpenSSL's connections are not for two threads at once
                for at in range(0, len(frame), 60000):
                    piece = frame[at:at + 60000]
                    client.send(piece)
                    assert client.read_exactly(len(piece)) == piece
            client.close()


# ---- clients that do not behave ---------------------------------------------------------------------

def test_garbage_and_plain_http_do_no_harm(gateway):
    for data in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", os.urandom(4000), b"\x16\x03\x01\xff\xff" + b"\0" * 100,
                 b"\x16\x03\x03\x00\x05\x01\xff\xff\xff\xff", b"\x80"):
        with socket.create_connection(("127.0.0.1", gateway.tls_port), 20) as client:
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while client.recv(4096):
                    pass
            except OSError:
                pass
    assert gateway.get("/").status_code == 200
    assert 'gateway_tls_handshakes_total{result="failed"}' in gateway.http.get("/metrics", 200).text


def test_a_broken_record_ends_the_connection(gateway):
    client = gateway.tls()
    plain = socket.socket(fileno=os.dup(client.fileno()))
    plain.sendall(b"\x17\x03\x03\x00\x30" + b"z" * 48)
    plain.settimeout(20)
    try:
        while plain.recv(4096):
            pass
    except ConnectionError:
        pass
    plain.close()
    client.close()
    assert gateway.get("/").status_code == 200


def test_a_handshake_has_a_deadline(folder, upstream):
    with TlsGateway(*certificate(folder, "deadline"), services=[service("s", upstream, route("/"))],
                    env={"TLS_HANDSHAKE_TIMEOUT": "1s"}) as program:
        before = program.open_files()
        clients = [socket.create_connection(("127.0.0.1", program.tls_port), 20) for _ in range(10)]
        clients[0].sendall(b"\x16\x03\x01\x02\x00")
        for client in clients:
            assert client.recv(1) == b""
            client.close()
        wait_for(lambda: program.open_files() <= before, what="the connections to go")


def test_clients_that_vanish(gateway):
    before = gateway.open_files()
    for stage in range(3):
        client = gateway.tls()
        if stage:
            client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"x" * (stage * 100))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        client.close()
    wait_for(lambda: gateway.open_files() <= before + 1, what="the connections to go")
    assert gateway.get("/").status_code == 200


def test_a_half_closed_client_gets_its_answer(folder):
    seen = []

    def answer(request):
        seen.append(len(request.body))
        return reply("done")
    with Upstream(answer) as slow:
        with TlsGateway(*certificate(folder, "half"), services=[service("s", slow, route("/"))]) as program:
            run = subprocess.run(["openssl", "s_client", "-quiet", "-no_ign_eof", "-tls1_2", "-CAfile", program.cert,
                                  "-connect", f"127.0.0.1:{program.tls_port}"],
                                 input=b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n"
                                 + b"x" * 300000, capture_output=True, timeout=30, check=False)
            wait_for(lambda: seen == [300000], what="the whole body")
            assert run.returncode in (0, 1)


def test_draining_ends_idle_connections_and_serves_the_rest(folder):
    release = threading.Event()

    def answer(_):
        release.wait(20)
        return reply("late")
    with Upstream(answer) as slow:
        program = TlsGateway(*certificate(folder, "drain"), services=[service("s", slow, route("/"))])
        try:
            idle, busy = program.talk(), program.talk()
            busy.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            wait_for(lambda: slow.requests, what="the request")
            program.terminate()
            assert idle.rest() == b""
            release.set()
            assert busy.answer().body == b"late" and busy.rest() == b""
        finally:
            release.set()
            program.stop()


@pytest.mark.release_build
def test_memory_of_idle_connections(gateway):
    """mbedTLS keeps two record buffers of 16 KiB a connection; all that comes on top is small."""
    context, clients = gateway.context(), []
    for _ in range(20):
        clients.append(gateway.tls(context=context))
    before = gateway.rss_kib()
    for _ in range(200):
        clients.append(gateway.tls(context=context))
    each = (gateway.rss_kib() - before) / 200
    print(json.dumps({"rss_kib_per_idle_tls_connection": each}))
    for client in clients:
        client.close()
    assert each < 60 or VARIANT == "asan"
