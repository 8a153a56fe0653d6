"""The deployment files are complete and well-formed; where the tools are installed, also to their liking."""
import re
import subprocess

import pytest
import yaml

from csource import ROOT, programs

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
PRODUCTION = yaml.safe_load((DEPLOY / "compose.production.yaml").read_text(encoding="utf-8"))
# Schemas of the Compose file that docker-compose 1.29 knows; Compose v2 accepts the same.
KEYS_OF_1_29 = {"services", "volumes", "networks", "configs", "secrets", "version"}


def run(*command):
    result = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_compose_has_only_keys_that_1_29_knows():
    for file in (COMPOSE, PRODUCTION):
        assert {key for key in file if not key.startswith("x-")} <= KEYS_OF_1_29


def test_compose_starts_every_program_after_what_it_needs():
    services = COMPOSE["services"]
    for program in (folder.name for folder in programs()):
        needed = services[program]["depends_on"]
        assert needed and all(condition == {"condition": "service_healthy"} for condition in needed.values())
    for server in ("postgres", "rabbitmq", "mailpit"):
        assert services[server]["healthcheck"]["test"]


def test_compose_mounts_exist():
    for service in [*COMPOSE["services"].values(), *PRODUCTION["services"].values()]:
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (DEPLOY / source).exists(), source


def test_compose_production_takes_every_secret_from_a_file(tmp_path):
    """With random values each program finds its settings fit for production, and no example value is left."""
    run(DEPLOY / "production" / "make-secrets", "smtps://u:p@mail.example.com:465", tmp_path)
    run(DEPLOY / "production" / "make-secrets", "smtps://other", tmp_path)
    assert (tmp_path / "SMTP_URL").read_text() == "smtps://u:p@mail.example.com:465\n"
    assert {entry["file"].rpartition("/")[2] for entry in PRODUCTION["secrets"].values()} == {p.name for p in tmp_path.iterdir()}
    for program in (folder.name for folder in programs()):
        overlay = PRODUCTION["services"][program]
        secrets = {one if isinstance(one, str) else one["target"]: one if isinstance(one, str) else one["source"]
                   for one in overlay["secrets"]}
        env = {"PATH": "/usr/bin"}
        for name, value in {**COMPOSE["services"][program]["environment"], **overlay["environment"]}.items():
            value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", str(value))
            env[name] = re.sub(r"^/run/secrets/(.*)", lambda found: str(tmp_path / secrets[found[1]]), value)
        if program == "gateway":
            env["GATEWAY_CONFIG"] = str(DEPLOY / "gateway" / "kong.yml")
        binary = ROOT / "build" / "release" / program / program
        found = subprocess.run([binary, "--check-config"], env=env, text=True, capture_output=True, check=False)
        assert found.returncode == 0, program + found.stderr
        shown = subprocess.run([binary, "--print-config"], env=env, text=True, capture_output=True, check=True).stdout
        assert "change-me" not in shown and "demo-pass" not in shown


def test_compose_is_valid_for_docker_compose():
    run("docker-compose", "-f", "deploy/compose.yaml", "config", "-q")
    run("docker-compose", "-f", "deploy/compose.yaml", "-f", "deploy/compose.production.yaml", "config", "-q")


def test_images_carry_the_version_and_none_is_latest():
    version = (ROOT / "common" / "VERSION").read_text(encoding="ascii").strip()
    for name, service in COMPOSE["services"].items():
        tag = service["image"].rpartition(":")[2]
        assert re.search(r"\d", tag) and (not service["image"].startswith("tts/") or tag == version), name


def test_images_need_what_the_build_installs():
    """The image is built from the same list as make run."""
    assert "package-lists/build" in (DEPLOY / "Dockerfile").read_text(encoding="utf-8")


def test_alert_rules_of_the_operator_are_those_of_prometheus():
    made = run(DEPLOY / "monitoring" / "prometheus-rule")
    assert (DEPLOY / "k8s" / "monitoring" / "rules.yaml").read_text(encoding="utf-8") == made, \
        "deploy/monitoring/prometheus-rule > deploy/k8s/monitoring/rules.yaml"
    groups = yaml.safe_load((DEPLOY / "monitoring" / "rules.yml").read_text(encoding="utf-8"))["groups"]
    assert yaml.safe_load(made)["spec"]["groups"] == groups


def test_every_schema_is_created():
    roles = (DEPLOY / "postgres" / "roles.sql").read_text(encoding="utf-8")
    owners = {folder.name.removesuffix("-service") for folder in programs() if (folder / "migrations").exists()}
    assert owners <= set(re.search(r"ARRAY\[([^]]*)\]", roles).group(1).replace("'", "").split(", "))


def kustomizations():
    return sorted(path.parent for path in DEPLOY.rglob("kustomization.yaml"))


@pytest.mark.parametrize("folder", kustomizations(), ids=lambda folder: str(folder.relative_to(DEPLOY)))
def test_kustomization_names_what_exists(folder):
    document = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    for name in document.get("resources", []) + document.get("bases", []):
        assert (folder / name).exists(), name
    used = document.get("resources", []) + document.get("patchesStrategicMerge", [])
    for path in folder.glob("*.yaml"):
        assert path.name == "kustomization.yaml" or path.name in used, f"{path.name} is unused"


@pytest.mark.parametrize("overlay", sorted((DEPLOY / "k8s" / "overlays").iterdir()), ids=lambda path: path.name)
def test_overlay_renders(overlay):
    documents = list(yaml.safe_load_all(run("kubectl", "kustomize", str(overlay))))
    deployed = {document["metadata"]["name"] for document in documents if document["kind"] == "Deployment"}
    assert {folder.name for folder in programs()} <= deployed
