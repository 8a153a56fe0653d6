"""One trace from the browser's request to the mail sent, through HTTP, AMQP and WebSocket."""
import secrets

import pytest

from lib.fleet import Fleet
from lib.otlp import Collector, ancestry
from lib.smtp import MailServer
from lib.wait import wait_for
from lib.ws import WebSocket

TICKET = {"subject": "Network connectivity issue", "description": "Unable to access VPN", "category": "IT Support",
          "sub_category": "Network Connectivity Issue", "department": "IT Department", "priority": "High"}


@pytest.fixture(scope="module")
def collector():
    server = Collector()
    yield server
    server.close()


@pytest.fixture(scope="module")
def mail():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture(scope="module")
def traced(infra, collector, mail):
    """The fleet, with every trace recorded."""
    fleet = Fleet(infra, env=collector.settings, env_of={"notification-service": {"SMTP_URL": mail.url}})
    yield fleet
    fleet.stop()


class Browser:
    """Makes traceparent headers as a browser's own tracer would."""

    def __init__(self, flags="01"):
        self.trace_id, self.span_id = secrets.token_hex(16), secrets.token_hex(8)
        self.header = f"00-{self.trace_id}-{self.span_id}-{flags}"


def line_of(collector, browser, wanted):
    """The ancestry of the first span that is wanted, once it reaches back to the browser."""
    spans = collector.spans(browser.trace_id)
    for span in spans:
        line = ancestry(spans, span)
        if line[-1].parent_id == browser.span_id and wanted(line):
            return line
    return None


def steps(line):
    return [(span.service, span.kind) for span in reversed(line)]


@pytest.fixture(scope="module")
def ticket(traced):
    """A ticket of the browser's, with the trace it began."""
    browser = Browser()
    employee = traced.login("employee@example.com")
    answer = employee.post("/api/v1/tickets", TICKET, expect=201,
                           headers={"traceparent": browser.header, "tracestate": "vendor=7"})
    assert answer.headers["X-Trace-Id"] == browser.trace_id
    return browser, answer.json()["ticket_number"]


def test_from_the_request_to_the_mail(collector, mail, ticket):
    browser, _ = ticket

    def mailed_by_workflow(line):
        """Of what workflow tells itself; the helpdesk tells of the owner it was given, in the same trace."""
        return line[0].name == "send mail" and len(line) == 9 and line[3].service == "workflow-service"

    line = wait_for(lambda: line_of(collector, browser, mailed_by_workflow), what="the trace of a mail")
    assert steps(line) == [
        ("gateway", "server"), ("gateway", "client"),
        ("helpdesk-service", "server"), ("helpdesk-service", "producer"),
        ("workflow-service", "consumer"), ("workflow-service", "producer"),
        ("notification-service", "consumer"), ("notification-service", "internal"),
        ("notification-service", "client"),
    ], line
    assert {span.state for span in line} == {"vendor=7"}
    assert not any(span.is_error for span in line)
    for child, parent in zip(line, line[1:]):
        assert child.end >= child.start >= parent.start - 5_000_000, (child, parent)
    assert mail.mails


def test_what_spans_say(collector, ticket):
    browser, _ = ticket
    spans = collector.spans(browser.trace_id)
    edge = next(span for span in spans if span.service == "gateway" and span.kind == "server")
    assert edge.name.startswith("POST ") and edge.attributes["http.response.status_code"] == 201
    assert edge.attributes["client.address"] == "127.0.0.1" and edge.attributes["tts.user_id"] > 0
    inner = next(span for span in spans if span.service == "helpdesk-service" and span.kind == "server")
    assert inner.name == "POST /api/v1/tickets" and inner.attributes["http.route"] == "/api/v1/tickets"
    stored = next(span for span in spans if span.attributes.get("db.query.summary") == "ticket_insert")
    assert stored.kind == "client" and stored.parent_id == inner.span_id
    assert stored.attributes["db.system.name"] == "postgresql" and not stored.is_error
    sent = next(span for span in spans if span.service == "helpdesk-service" and span.kind == "producer")
    assert sent.attributes["messaging.system"] == "rabbitmq"
    taken = next(span for span in spans if span.name == "process TICKET_TASKS_PRODUCTION")
    assert taken.attributes["messaging.message.id"] and taken.attributes["tts.attempt"] == 1
    secret = repr([span.attributes for span in spans])
    assert "VPN" not in secret and "eyJ" not in secret


def test_words_over_a_socket(traced, collector, ticket):
    """A frame's own traceparent wins over that of the upgrade."""
    _, number = ticket
    opened, said = Browser(), Browser()
    employee = traced.login("employee@example.com")
    wait_for(lambda: employee.get(f"/api/v1/conversations?ticket_number={number}", expect=200).json()["results"],
             what="the ticket's conversation")
    url = f"ws://127.0.0.1:{traced['gateway'].port}/ws/messages?token={employee.token}"
    socket = WebSocket(url, headers={"traceparent": opened.header})
    try:
        socket.receive_type("connection_established")
        socket.send({"type": "message", "ticket_number": number, "content": "Hello", "traceparent": said.header})
        told = socket.receive_type("message")
        assert told["traceparent"].split("-")[1] == said.trace_id
        socket.send({"type": "ping"})
        socket.receive_type("pong")
    finally:
        socket.close()
    line = wait_for(lambda: line_of(collector, said, lambda line: line[0].kind == "consumer"),
                    what="the trace of a message")
    assert steps(line)[:3] == [("messaging-service", "server"), ("messaging-service", "producer"),
                               (line[0].service, "consumer")]
    assert line[-1].name == "websocket message"
    line = wait_for(lambda: line_of(collector, opened, lambda line: line[0].name == "websocket ping"),
                    what="the trace of the socket")
    assert steps(line)[:3] == [("gateway", "server"), ("gateway", "client"), ("messaging-service", "server")]


def test_who_does_not_want_a_trace_gets_none(traced, collector):
    unwanted, wanted = Browser(flags="00"), Browser()
    for browser in (unwanted, wanted):
        traced.http.get("/api/v1/services", headers={"traceparent": browser.header})
    wait_for(lambda: collector.spans(wanted.trace_id), what="the trace that is wanted")
    assert not collector.spans(unwanted.trace_id)
