"""Alert rules and dashboards: valid, and about metrics that the programs have."""
import json
import re
import subprocess

import pytest
import yaml

from lib.paths import PROGRAMS, ROOT
from lib.wait import wait_for

MONITORING = ROOT / "deploy" / "monitoring"
DASHBOARDS = sorted((MONITORING / "grafana" / "dashboards").glob("*.json"))
RULES = yaml.safe_load((MONITORING / "rules.yml").read_text())
# Of Prometheus itself, and of RabbitMQ's own exporter (rabbitmq_prometheus, /metrics/per-object).
OTHERS = {"up": {"job", "instance"}, "rabbitmq_queue_messages": {"vhost", "queue"}}
# Series of these appear once something has gone wrong, or by settings.
RARE = {"otel_spans_total": {"result"}, "sla_events_total": {"event"}, "deliveries_total": {"channel", "result"}}
TARGET_LABELS = {"job", "instance"}
KEYWORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "and", "or", "unless", "bool", "offset"}


def promtool(*arguments):
    done = subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False,
                          cwd=MONITORING)
    assert done.returncode == 0, done.stdout + done.stderr


def dashboard_expressions():
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield f"{path.name}: {panel['title']}", target["expr"]


def rule_expressions():
    for group in RULES["groups"]:
        for rule in group["rules"]:
            yield f"rules.yml: {rule['alert']}", rule["expr"]


def uses(expression):
    """{metric: labels it is selected or grouped by}: every label is asked of every metric."""
    text = re.sub(r"\[[^\]]*\]", "", expression)
    labels = set(re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)\s*\"", text))
    for group in re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", text):
        labels |= {name.strip() for name in group.split(",") if name.strip()}
    text = re.sub(r"\b(?:by|without|on|ignoring)\s*\([^)]*\)", " ", re.sub(r"\{[^}]*\}", "", text))
    names = {name for name in re.findall(r"[a-z_][a-z0-9_]*(?!\w)(?!\s*\()", text)
             if name not in KEYWORDS and not re.search(rf"\b{name}\s*\(", text)}
    return {name: labels for name in names}


@pytest.fixture(scope="module")
def existing(fleet):
    """{sample name: its labels} of what all programs tell."""
    employee = fleet.login("employee@example.com")
    employee.get("/api/v1/tickets", expect=200)
    ticket = {"subject": "No network", "description": "-", "category": "IT Support", "department": "IT Department",
              "priority": "High"}
    number = employee.post("/api/v1/tickets", ticket, expect=201).json()["ticket_number"]
    wait_for(lambda: employee.get(f"/api/tickets/number/{number}/", expect=200).json()["ticket_owner_id"],
             what="an owner")

    def read():
        found = {}
        for name in PROGRAMS:
            for line in fleet[name].http.get("/metrics", expect=200).text.splitlines():
                sample = re.match(r"([a-z_][a-z0-9_]*)(?:\{(.*)\})? ", line)
                if sample:
                    labels = re.findall(r"([a-z_]+)=\"", sample[2] or "")
                    found.setdefault(sample[1], set()).update(labels)
        return found if "amqp_handler_duration_seconds_bucket" in found else None

    return wait_for(read, what="metrics of handled messages")


def test_rules_and_configuration_are_valid():
    promtool("check", "rules", "rules.yml")
    promtool("check", "config", "prometheus.yml")
    promtool("test", "rules", "rules.test.yml")


def test_dashboards_can_be_evaluated(tmp_path):
    """As rules, which promtool parses."""
    rules = [{"record": f"panel:{i}", "expr": re.sub(r"\$__rate_interval", "5m", expression)}
             for i, (_, expression) in enumerate(dashboard_expressions())]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    promtool("check", "rules", path)
    assert len(rules) > 20


def test_dashboards_are_well_formed():
    source = yaml.safe_load((MONITORING / "grafana" / "datasources" / "prometheus.yml").read_text())["datasources"][0]
    assert len(DASHBOARDS) == 2
    for path in DASHBOARDS:
        board = json.loads(path.read_text())
        ids = [panel["id"] for panel in board["panels"]]
        assert len(ids) == len(set(ids)) and board["uid"].startswith("tts-")
        for panel in board["panels"]:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24, panel["title"]
            assert panel["type"] == "row" or panel["datasource"]["uid"] == source["uid"]


@pytest.mark.parametrize("where, expression", [*rule_expressions(), *dashboard_expressions()])
def test_expressions_are_about_metrics_that_exist(existing, where, expression):
    known = {**existing, **OTHERS, **RARE}
    found = uses(expression)
    assert found, where
    for metric, labels in found.items():
        assert metric in known, f"{where}: no program has {metric}"
        missing = labels - known[metric] - TARGET_LABELS - {"le"}
        assert not missing or metric not in existing, f"{where}: {metric} has no {missing}"


def test_every_program_is_scraped():
    jobs = {job["job_name"] for job in yaml.safe_load((MONITORING / "prometheus.yml").read_text())["scrape_configs"]}
    assert jobs == {*PROGRAMS, "rabbitmq"}


def test_names_that_others_look_for(existing):
    """Of the OpenTelemetry conventions, of Prometheus' client libraries and of Kong's plugin."""
    wanted = """http_server_request_duration_seconds_bucket http_server_active_requests http_requests_total db_pool_in_use
        db_pool_idle db_pool_wait_seconds_bucket db_query_duration_seconds_bucket tickets_created_total amqp_published_total amqp_consumed_total amqp_redelivered_total outbox_pending
        outbox_oldest_seconds ws_connections process_resident_memory_bytes process_open_fds process_cpu_seconds_total
        build_info kong_http_requests_total kong_request_latency_ms_bucket
        kong_kong_latency_ms_bucket kong_upstream_latency_ms_bucket kong_bandwidth_bytes kong_nginx_connections_total
        kong_upstream_target_health kong_datastore_reachable kong_node_info""".split()
    assert not [name for name in wanted if name not in existing]
