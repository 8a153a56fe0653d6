"""What every object in deploy/k8s must say: where it may run, as whom, with how much, and whom it may talk to."""
import re

import pytest
import yaml

import kube
from csource import ROOT, programs

PROGRAMS = [folder.name for folder in programs()]
WITH_SCHEMA = [folder.name for folder in programs() if (folder / "migrations").exists()]
VERSION = (ROOT / "common" / "VERSION").read_text(encoding="ascii").strip()
PODS = list(kube.pods())
IDS = [name for name, _, _ in PODS]


def objects(kind):
    return {document["metadata"]["name"]: document for _, document in kube.written() if document["kind"] == kind}


@pytest.mark.parametrize("name, document, pod", PODS, ids=IDS)
def test_pod_is_restricted(name, document, pod):
    """Kubernetes' own "restricted" profile."""
    assert pod["automountServiceAccountToken"] is False and pod["enableServiceLinks"] is False
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True and context["runAsUser"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert not any("hostPath" in volume for volume in pod.get("volumes", []))
    for container in pod["containers"]:
        own = container["securityContext"]
        assert own["allowPrivilegeEscalation"] is False and own["capabilities"] == {"drop": ["ALL"]}
        assert container["image"].startswith("tts/") <= (own.get("readOnlyRootFilesystem") is True)


@pytest.mark.parametrize("name, document, pod", PODS, ids=IDS)
def test_containers_are_limited_watched_and_versioned(name, document, pod):
    for container in pod["containers"]:
        assert set(container["resources"]["requests"]) >= {"cpu", "memory"}
        assert set(container["resources"]["limits"]) >= {"cpu", "memory"}
        tag = container["image"].rpartition(":")[2]
        assert re.fullmatch(r"v?\d[\w.-]*", tag), container["image"]
        assert not container["image"].startswith("tts/") or tag == VERSION
        if document["kind"] != "Job":
            assert {"readinessProbe", "livenessProbe"} <= set(container)


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_has_everything(program):
    deployment = objects("Deployment")[program]
    spec, pod = deployment["spec"], deployment["spec"]["template"]["spec"]
    assert spec["replicas"] >= 2 and spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert pod["affinity"]["podAntiAffinity"] and pod["topologySpreadConstraints"]
    assert pod["securityContext"]["runAsUser"] >= 10000
    container = pod["containers"][0]
    paths = {probe: container[probe]["httpGet"]["path"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/health", "livenessProbe": "/health", "readinessProbe": "/ready"}
    labels = spec["template"]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()
    for kind in ("Service", "PodDisruptionBudget", "HorizontalPodAutoscaler"):
        assert program in objects(kind), kind
    assert objects("PodDisruptionBudget")[program]["spec"]["minAvailable"] < spec["replicas"]
    scaler = objects("HorizontalPodAutoscaler")[program]["spec"]
    assert scaler["minReplicas"] >= 2 and scaler["scaleTargetRef"]["name"] == program
    drain = int(kube.literals("k8s/base")["DRAIN_DELAY_MS"]) / 1000
    assert drain + 25 <= pod["terminationGracePeriodSeconds"]


def test_every_schema_is_migrated():
    job = objects("Job")["migrate"]["spec"]["template"]["spec"]
    assert sorted(container["command"][0] for container in job["containers"]) == sorted(WITH_SCHEMA)
    assert all(container["command"][1] == "--migrate" for container in job["containers"])


def selected(policy, labels):
    selector = policy["spec"]["podSelector"]
    return (selector.get("matchLabels", {}).items() <= labels.items() and
            all(labels.get(term["key"]) in term["values"] for term in selector.get("matchExpressions", [])))


def policies(overlay):
    return [document for file, document in kube.written() if document["kind"] == "NetworkPolicy" and
            file.startswith(("k8s/base", f"k8s/overlays/{overlay}"))]


@pytest.mark.parametrize("overlay", kube.OVERLAYS)
def test_network_is_closed_by_default(overlay):
    for name, document, _ in PODS:
        if name.startswith("k8s/overlays") and not name.startswith(f"k8s/overlays/{overlay}"):
            continue
        labels = document["spec"]["template"]["metadata"]["labels"]
        mine = [policy for policy in policies(overlay) if selected(policy, labels)]
        closed = [policy for policy in mine if "ingress" not in policy["spec"] and "egress" not in policy["spec"]]
        assert closed and set(closed[0]["spec"]["policyTypes"]) == {"Ingress", "Egress"}, name
        for policy in mine:
            for rule in policy["spec"].get("egress", []) + policy["spec"].get("ingress", []):
                assert rule.get("ports") and (rule.get("to") or rule.get("from") or rule["ports"]), policy["metadata"]["name"]


@pytest.mark.parametrize("overlay", kube.OVERLAYS)
def test_programs_reach_the_servers_they_use(overlay):
    wanted = {"postgres": set(WITH_SCHEMA) | {"migrate"},
              "rabbitmq": set(WITH_SCHEMA) - {"registry-service"}, "mail": {"auth-service", "notification-service"}}
    by_name = {policy["metadata"]["name"]: policy for policy in policies(overlay)}
    for server, needing in wanted.items():
        assert {app for app in PROGRAMS + ["migrate"] if selected(by_name[server], {"app": app})} == needing


def test_only_the_gateway_is_open_to_everybody():
    for policy in policies("production"):
        for rule in policy["spec"].get("ingress", []):
            assert rule.get("from") or policy["spec"]["podSelector"] == {"matchLabels": {"app": "gateway"}}
    backends = re.findall(r"backend: \{service: \{name: ([\w-]+)", (kube.DEPLOY / "k8s/overlays/production/ingress.yaml").read_text())
    assert backends == ["gateway"]


def test_secrets_come_as_files_and_by_reference():
    for name, _, pod in PODS:
        for container in pod["containers"]:
            assert not any("secretRef" in source for source in container.get("envFrom", [])), name
            if container["image"].startswith("tts/"):
                assert not any("secretKeyRef" in str(variable) for variable in container.get("env", [])), name
    production = (kube.DEPLOY / "k8s/overlays/production/kustomization.yaml").read_text(encoding="utf-8")
    assert "secretGenerator" not in production
    # What the overlay refers to is what the example shows, with nothing that anybody could run on.
    example = list(yaml.safe_load_all((kube.DEPLOY / "k8s/examples/secrets.yaml").read_text(encoding="utf-8")))
    shown = {document["metadata"]["name"] for document in example}
    used = {volume["secret"]["secretName"] for _, _, pod in PODS for volume in pod.get("volumes", []) if "secret" in volume}
    assert used == shown
    for document in example:
        for key, value in document["stringData"].items():
            assert key == "username" or "change-me" in value


@pytest.mark.parametrize("overlay", kube.OVERLAYS)
def test_overlay_renders_what_it_names(overlay):
    documents = kube.render(overlay)
    assert len({(document["kind"], document["metadata"]["name"]) for document in documents}) == len(documents)
    assert {document["metadata"].get("namespace") for document in documents if document["kind"] != "Namespace"} == {"tts"}
    known = {(document["kind"], document["metadata"]["name"]) for document in documents}
    for document in documents:
        if document["kind"] not in ("Deployment", "Job"):
            continue
        pod = document["spec"]["template"]["spec"]
        for container in pod["containers"]:
            mounts = [mount["name"] for mount in container.get("volumeMounts", [])]
            assert set(mounts) <= {volume["name"] for volume in pod.get("volumes", [])} and len(set(mounts)) == len(mounts)
            for source in container.get("envFrom", []):
                assert ("ConfigMap", source["configMapRef"]["name"]) in known
        if overlay == "dev":
            for volume in pod.get("volumes", []):
                assert "secret" not in volume or ("Secret", volume["secret"]["secretName"]) in known
