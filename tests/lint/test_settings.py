"""Environment variables in compose, Kubernetes and systemd files are settings of the programs that get them, and a
setting whose default fits a developer's machine only is set wherever the fleet is to run."""
import functools
import re
import subprocess

import pytest
import yaml

import kube
from csource import ROOT, programs

PROGRAMS = [folder.name for folder in programs()]
# Read by the C library, and by the gateway for the upstream of that name.
OTHERS = {"TZ", "REGISTRY_SERVICE_URL"}
# Fit as they are: nobody need tell where the program itself runs.
FIT = {"BIND", "TRUSTED_PROXIES", "ADMIN_BIND"}
# Said in the Dockerfile.
IMAGE = {"BIND": "0.0.0.0", "UPLOAD_DIR": "/", "MAIL_DIR": "/", "GATEWAY_CONFIG": "/"}


@functools.lru_cache(maxsize=None)
def settings(program):
    """{name: row of --print-settings}."""
    text = subprocess.run([ROOT / "build" / "release" / program / program, "--print-settings"], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    return dict(re.findall(r"^\| `(\w+)` \| (.*)$", text, re.MULTILINE))


def spellings(name, row):
    """Its own name, NAME_FILE and the names that others give it."""
    return {name} | set(re.findall(r"also `(\w+)`", row))


def known(program):
    return {spelling for name, row in settings(program).items() for spelling in spellings(name, row)}


def systemd(name):
    text = (kube.DEPLOY / "systemd" / name).read_text(encoding="utf-8")
    lines = re.findall(r"^Environment=(.*)$", text, re.MULTILINE)
    found = dict(pair.split("=", 1) for line in lines for pair in line.split())
    return found or dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


def compose(program):
    found = yaml.safe_load((kube.DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"][program]["environment"]
    return {name: str(value) for name, value in found.items()}


def kubernetes(program, overlay):
    pod = {document["metadata"]["name"]: pod for _, document, pod in kube.pods() if document["kind"] == "Deployment"}[program]
    own = {variable["name"]: variable.get("value", "") for variable in pod["containers"][0]["env"]}
    return {**kube.literals("k8s/base"), **kube.literals(f"k8s/overlays/{overlay}"), **own}


def given():
    for program in PROGRAMS:
        yield f"compose {program}", program, {**IMAGE, **compose(program)}
        for overlay in kube.OVERLAYS:
            yield f"kubernetes {overlay} {program}", program, {**IMAGE, **kubernetes(program, overlay)}
        edge = systemd("tts@gateway.service.d/edge.conf") if program == "gateway" else {}
        yield f"systemd {program}", program, {**systemd("environment"), **systemd("tts@.service"), **edge,
                                              "ADVERTISE_HOST": "127.0.0.1"}


GIVEN = list(given())
IDS = [name for name, _, _ in GIVEN]


@pytest.mark.parametrize("name, program, env", GIVEN, ids=IDS)
def test_variable_is_a_setting(name, program, env):
    """Of any program, since they share one table of variables; what only one gets, of that one."""
    assert not set(env) - set().union(*map(known, PROGRAMS)) - OTHERS
    if "kubernetes" in name:
        shared = set().union(*(kube.literals(folder) for folder in kube.FOLDERS))
        assert set(env) - shared - set(IMAGE) <= known(program)


def needs_a_value(name, row):
    default, meaning = re.split(r"(?<!\\)\|", row)[1:3]
    return name not in FIT and "boolean" not in row and ("127.0.0.1" in default or "refused in production" in meaning)


@pytest.mark.parametrize("name, program, env", GIVEN, ids=IDS)
def test_setting_that_fits_a_developer_only_is_set(name, program, env):
    missing = [setting for setting, row in settings(program).items()
               if needs_a_value(setting, row) and not spellings(setting, row) & set(env)]
    assert not missing


def test_route_file_takes_what_is_set():
    """${NAME} without a default, in the gateway's routes."""
    text = (kube.DEPLOY / "gateway" / "kong.yml").read_text(encoding="utf-8")
    for line in text.splitlines():
        for variable in re.findall(r"\$\{(\w+)\}", line.split("#")[0]):
            assert variable in known("gateway")
