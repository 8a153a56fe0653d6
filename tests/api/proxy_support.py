"""A gateway before upstreams of each kind."""
import pytest

from gateway_support import Gateway, Scripted, Upstream, route, service


@pytest.fixture(scope="module")
def echo():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def scripted():
    """An upstream whose conversation each test writes."""
    with Scripted() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def gateway(echo, scripted):
    services = [
        service("echo", echo, route("/plain", strip_path=False), route("/stripped"),
                route("/host", preserve_host=True)),
        service("based", echo, route("/based"), path="/base/"),
        service("scripted", scripted, route("/scripted"), retries=0),
        service("impatient", scripted, route("/impatient"), read_timeout=3000, retries=0),
        service("nobody", None, route("/nobody"), host="127.0.0.1", port=1),
        service("nameless", None, route("/nameless"), host="no-such-host.invalid", port=80),
        service("secure", echo, route("/secure", protocols=["https"])),
    ]
    with Gateway(services=services) as program:
        yield program


def call(gateway, text):
    with gateway.raw() as client:
        client.send(text)
        return client.answer()
