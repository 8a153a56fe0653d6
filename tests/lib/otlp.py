"""A small OpenTelemetry collector: takes traces over HTTP in their JSON form and keeps the spans."""
import http.server
import json
import threading

KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}


class Span:
    def __init__(self, service, raw):
        self.service = service
        self.trace_id, self.span_id = raw["traceId"], raw["spanId"]
        self.parent_id = raw.get("parentSpanId")
        self.state = raw.get("traceState")
        self.name, self.kind = raw["name"], KINDS[raw["kind"]]
        self.start, self.end = int(raw["startTimeUnixNano"]), int(raw["endTimeUnixNano"])
        self.is_error = raw["status"].get("code") == 2
        self.attributes = {item["key"]: _value(item["value"]) for item in raw["attributes"]}

    def __repr__(self):
        return f"<{self.service}: {self.kind} {self.name}>"


def _value(value):
    (kind, content), = value.items()
    return int(content) if kind == "intValue" else content


class Collector:
    """status: what it answers. requests: [(path, headers, body)]."""

    def __init__(self, status=200):
        self.status = status
        self.requests = []
        self.lock = threading.Lock()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with collector.lock:
                    collector.requests.append((self.path, dict(self.headers), body))
                self.send_response(collector.status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *args):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def settings(self):
        """What makes a program send its traces here, soon."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}

    def spans(self, trace_id=None):
        """All that have come, or those of one trace."""
        with self.lock:
            bodies = [body for _, _, body in self.requests]
        found = []
        for body in bodies:
            for resource in json.loads(body)["resourceSpans"]:
                about = {item["key"]: _value(item["value"]) for item in resource["resource"]["attributes"]}
                for scope in resource["scopeSpans"]:
                    found += [Span(about["service.name"], raw) for raw in scope["spans"]]
        return [span for span in found if trace_id in (None, span.trace_id)]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def ancestry(spans, span):
    """The span, its parent, and so on up to one whose parent is not among them."""
    by_id = {one.span_id: one for one in spans}
    line = [span]
    while line[-1].parent_id in by_id:
        line.append(by_id[line[-1].parent_id])
    return line
