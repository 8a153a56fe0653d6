"""Every object of every overlay against the schema of its kind."""
import json
import os
import subprocess

import pytest
import yaml

from lib import node
from lib.paths import ROOT

OVERLAYS = sorted((ROOT / "deploy" / "k8s" / "overlays").iterdir())


def problems(objects):
    node.install()
    env = {**os.environ, "NODE_PATH": str(node.PLACE / "node_modules")}
    return subprocess.run(["node", str(node.SOURCES / "kubernetes_schemas.js")], input=json.dumps(objects), env=env, text=True,
                          stdout=subprocess.PIPE, check=True).stdout.splitlines()


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda path: path.name)
def test_overlay_is_what_kubernetes_takes(overlay):
    text = subprocess.run(["kubectl", "kustomize", overlay], check=True, text=True, stdout=subprocess.PIPE).stdout
    objects = [found for found in yaml.safe_load_all(text) if not found["apiVersion"].startswith("monitoring.coreos.com/")]
    assert len(objects) > 30
    assert problems(objects) == []


def test_a_wrong_object_is_found():
    wrong = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {"replicas": "two"}}
    assert "data/spec/replicas must be integer" in problems([wrong])[0]
