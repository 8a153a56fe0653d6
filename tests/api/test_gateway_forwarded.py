"""Who a request came from: X-Forwarded-* and Forwarded (RFC 7239), said by the gateway and believed of trusted proxies."""
import pytest

from gateway_support import Gateway, Upstream, route, service

OWN = "for=127.0.0.1;by=_gateway;host=desk.example;proto=http"


@pytest.fixture(scope="module")
def echo():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(echo):
    """No proxy stands in front."""
    with Gateway(services=[service("echo", echo, route("/"))]) as program:
        yield program


@pytest.fixture(scope="module")
def behind(echo):
    """Behind a proxy on this machine and one more."""
    with Gateway(services=[service("echo", echo, route("/"))],
                 env={"GATEWAY_TRUSTED_PROXIES": "127.0.0.0/8, 10.0.0.1, fd00::/8"}) as program:
        yield program


def seen(program, *headers, host="desk.example"):
    with program.raw() as client:
        lines = [f"GET / HTTP/1.1\r\nHost: {host}", *headers]
        client.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        found = {}
        for name, value in client.answer().json()["headers"]:
            assert name.lower() not in found, name
            found[name.lower()] = value
        return found


def test_the_gateway_says_who_it_heard(gateway):
    headers = seen(gateway)
    assert headers["forwarded"] == OWN and headers["x-forwarded-for"] == headers["x-real-ip"] == "127.0.0.1"
    assert seen(gateway, host="desk.example:99")["forwarded"].endswith(';host="desk.example:99";proto=http')


def test_clients_are_not_believed(gateway):
    headers = seen(gateway, "Forwarded: for=6.6.6.6;proto=https", "X-Forwarded-For: 6.6.6.6", "X-Real-IP: 6.6.6.6")
    assert headers["forwarded"] == OWN and headers["x-forwarded-for"] == headers["x-real-ip"] == "127.0.0.1"


@pytest.mark.parametrize("sent, forwarded, addresses, client", [
    ([], OWN, "127.0.0.1", "127.0.0.1"),
    (["Forwarded: for=2.2.2.2;proto=https"], f"for=2.2.2.2;proto=https, {OWN}", "2.2.2.2, 127.0.0.1", "2.2.2.2"),
    (["Forwarded: for=1.1.1.1, for=2.2.2.2", "Forwarded: for=10.0.0.1"],
     f"for=1.1.1.1, for=2.2.2.2, for=10.0.0.1, {OWN}", "1.1.1.1, 2.2.2.2, 10.0.0.1, 127.0.0.1", "2.2.2.2"),
    (['Forwarded: for="[2001:db8::1]:99", for="[fd00::7]"'], f'for="[2001:db8::1]:99", for="[fd00::7]", {OWN}',
     "2001:db8::1, fd00::7, 127.0.0.1", "2001:db8::1"),
    (["Forwarded: for=1.1.1.1, for=_hidden, for=10.0.0.1"], f"for=1.1.1.1, for=_hidden, for=10.0.0.1, {OWN}",
     "1.1.1.1, _hidden, 10.0.0.1, 127.0.0.1", "10.0.0.1"),
    (["Forwarded: proto=https"], f"proto=https, {OWN}", "unknown, 127.0.0.1", "127.0.0.1"),
    (["X-Forwarded-For: 2.2.2.2, 10.0.0.1"], f"for=2.2.2.2, for=10.0.0.1, {OWN}", "2.2.2.2, 10.0.0.1, 127.0.0.1", "2.2.2.2"),
    (["X-Forwarded-For: 2001:db8::1"], f'for="[2001:db8::1]", {OWN}', "2001:db8::1, 127.0.0.1", "2001:db8::1"),
    # what a client made up before the proxy that added its address
    (["X-Forwarded-For: evil, 2.2.2.2"], f"for=2.2.2.2, {OWN}", "2.2.2.2, 127.0.0.1", "2.2.2.2"),
    (["X-Forwarded-For: 6.6.6.0/24, 2.2.2.2"], f"for=2.2.2.2, {OWN}", "2.2.2.2, 127.0.0.1", "2.2.2.2"),
    (["Forwarded: x", "Forwarded: proto=http"], f"for=unknown, {OWN}", "unknown, 127.0.0.1", "127.0.0.1"),
    (["X-Forwarded-For: " + "6.6.6.6, " * 40 + "2.2.2.2"], None, None, "2.2.2.2"),
    (["Forwarded: for=\"6.6.6.6", "Forwarded: for=2.2.2.2"], f"for=2.2.2.2, {OWN}", "2.2.2.2, 127.0.0.1", "2.2.2.2"),
    (["Forwarded: for=6.6.6.6;;for=7.7.7.7"], OWN, "127.0.0.1", "127.0.0.1"),
    # with both, X-Forwarded-For says who it was
    (["X-Forwarded-For: 2.2.2.2", "Forwarded: for=3.3.3.3"], f"for=3.3.3.3, {OWN}", "2.2.2.2, 127.0.0.1", "2.2.2.2"),
])
def test_trusted_proxies_are_believed_as_far_as_they_make_sense(behind, sent, forwarded, addresses, client):
    headers = seen(behind, *sent)
    assert headers["x-real-ip"] == client
    if forwarded:
        assert headers["forwarded"] == forwarded and headers["x-forwarded-for"] == addresses
