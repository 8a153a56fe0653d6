"""The gateway's end is noticed by no client: nobody's request crosses the closing of its connection."""
import os
import signal

import pytest

from gateway_support import Gateway, Raw, Upstream, reply, route, service
from lib.wait import wait_for

REQUEST = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module", name="echo")
def _echo():
    with Upstream(lambda _: reply("done")) as upstream:
        yield upstream


@pytest.fixture(name="start")
def _start(echo):
    """start(**env): a gateway, ended by the test's SIGTERM."""
    started = []

    def start(**env):
        started.append(Gateway(services=[service("echo", echo, route("/a"))], env=env))
        return started[-1]
    yield start
    for program in started:
        program.stop()


def refuses(port):
    try:
        Raw(port).close()
    except ConnectionRefusedError:
        return True
    return False


def test_while_it_is_about_to_stop_answers_end_their_connections(start):
    program = start(DRAIN_DELAY_MS=5000)
    with program.raw() as kept, program.raw() as unused:
        kept.send(REQUEST)
        assert kept.answer().get("Connection") != "close"
        program.terminate()
        wait_for(lambda: program.http.get("/ready").json()["status"] == "draining", what="the end to be announced")
        for client in (kept, unused):
            client.send(REQUEST)
            answer = client.answer()
            assert answer.status == 200 and answer.get("Connection") == "close"
            assert client.is_closed()


def test_who_has_just_connected_is_answered(start):
    program = start()
    with program.raw() as newcomer, program.raw() as silent:
        program.http.get("/health", 200)  # accepted after the others
        program.terminate()
        wait_for(lambda: refuses(program.port), what="the listener to close")
        newcomer.send(REQUEST)
        answer = newcomer.answer()
        assert answer.status == 200 and answer.get("Connection") == "close"
        assert silent.is_closed()


def test_who_waits_to_be_accepted_is_answered(start):
    program = start()
    os.kill(program.process.pid, signal.SIGSTOP)
    clients = [program.raw() for _ in range(20)]
    for client in clients:
        client.send(REQUEST)
    program.terminate()
    os.kill(program.process.pid, signal.SIGCONT)
    for client in clients:
        assert client.answer().status == 200
        client.close()
