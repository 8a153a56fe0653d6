"""The sending of traces: settings, headers, what happens when the collector is away, refuses or is slow."""
import json
import subprocess

import pytest

from lib.otlp import Collector
from lib.paths import binary
from lib.wait import wait_for

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector():
    server = Collector()
    yield server
    server.close()


def metric(service, result):
    for line in service.http.get("/metrics", expect=200).text.splitlines():
        if line.startswith(f'otel_spans_total{{result="{result}"}}'):
            return float(line.split()[1])
    return 0


def test_nothing_is_sent_unless_asked_for(start_service, collector):
    for env in ({}, {**collector.settings, "OTEL_SDK_DISABLED": "true"},
                {**collector.settings, "OTEL_TRACES_EXPORTER": "none"}):
        service = start_service("registry-service", env=env)
        service.http.get("/services", headers={"traceparent": PARENT})
        service.stop()
    assert not collector.requests


def test_resource_headers_and_path(start_service, collector):
    service = start_service("registry-service", env={
        **collector.settings, "OTEL_SERVICE_NAME": "lookup", "OTEL_EXPORTER_OTLP_HEADERS": "X-Key=a%20b,X-Other=c",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment=lab,team=help%2Cdesk"})
    answer = service.http.get("/services", headers={"traceparent": PARENT, "tracestate": "a=b"})
    span = wait_for(lambda: collector.spans("0af7651916cd43dd8448eb211c80319c"), what="a span")[0]
    path, headers, body = collector.requests[0]
    assert path == "/v1/traces" and headers["Content-Type"] == "application/json"
    assert headers["X-Key"] == "a b" and headers["X-Other"] == "c"
    about = {item["key"]: item["value"]["stringValue"]
             for item in json.loads(body)["resourceSpans"][0]["resource"]["attributes"]}
    assert about["service.name"] == "lookup" and about["team"] == "help,desk"
    assert about["deployment.environment"] == "lab" and about["service.version"] and about["service.instance.id"]
    assert span.kind == "server" and span.parent_id == "b7ad6b7169203331" and span.state == "a=b"
    assert span.attributes["http.response.status_code"] == answer.status_code
    assert answer.headers["X-Trace-Id"] == span.trace_id


def test_probes_leave_no_trace(start_service, collector):
    service = start_service("registry-service", env=collector.settings)
    for path in ("/health", "/ready", "/metrics", "/version"):
        service.http.get(path, expect=200)
    service.http.get("/services", headers={"traceparent": PARENT})
    wait_for(lambda: collector.spans("0af7651916cd43dd8448eb211c80319c"), what="a span")
    routes = {span.attributes.get("http.route") for span in collector.spans()}
    assert routes.isdisjoint({"/health", "/ready", "/metrics", "/version"})


def test_what_is_left_goes_out_at_the_end(start_service, collector):
    service = start_service("registry-service", env={**collector.settings, "OTEL_BSP_SCHEDULE_DELAY": "60000"})
    service.http.get("/services", headers={"traceparent": PARENT})
    assert not collector.requests
    service.stop()
    assert collector.spans("0af7651916cd43dd8448eb211c80319c")


def test_a_refusing_collector_costs_spans_only(start_service):
    refusing = Collector(status=400)
    try:
        service = start_service("registry-service", env=refusing.settings)
        service.http.get("/services", headers={"traceparent": PARENT})
        wait_for(lambda: metric(service, "failed") >= 1, what="a refused span")
        assert metric(service, "exported") == 0
    finally:
        refusing.close()


def test_the_queue_is_bounded_while_the_collector_is_away(start_service):
    away = Collector()
    away.close()
    service = start_service("registry-service", env={**away.settings, "OTEL_BSP_MAX_QUEUE_SIZE": "10",
                                                     "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5"})
    for _ in range(40):
        service.http.get("/services", headers={"traceparent": PARENT})
    wait_for(lambda: metric(service, "dropped") >= 10, what="dropped spans")
    assert metric(service, "exported") == 0
    service.http.get("/ready", expect=200)


@pytest.mark.parametrize("name, value", [
    ("OTEL_TRACES_SAMPLER", "sometimes"), ("OTEL_TRACES_SAMPLER_ARG", "2"), ("OTEL_TRACES_SAMPLER_ARG", "much"),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://x"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ("OTEL_EXPORTER_OTLP_HEADERS", "nonsense"), ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
    ("OTEL_BSP_SCHEDULE_DELAY", "soon"), ("OTEL_SDK_DISABLED", "perhaps")])
def test_wrong_settings_are_refused(name, value):
    done = subprocess.run([binary("registry-service"), "--check-config"], env={name: value}, capture_output=True,
                          text=True, check=False)
    assert done.returncode == 78
    assert done.stderr.count("\n") == 1 and name in done.stderr
