"""The Kubernetes objects of deploy/, as they are written and as an overlay renders them."""
import subprocess

import yaml

from csource import ROOT

DEPLOY = ROOT / "deploy"
OVERLAYS = sorted(path.name for path in (DEPLOY / "k8s" / "overlays").iterdir())
FOLDERS = ["k8s/base", "k8s/monitoring", "postgres"] + [f"k8s/overlays/{name}" for name in OVERLAYS]


def written():
    """(file, object) for every resource, patches left out."""
    for folder in FOLDERS:
        listed = yaml.safe_load((DEPLOY / folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
        for name in listed:
            for document in yaml.safe_load_all((DEPLOY / folder / name).read_text(encoding="utf-8")):
                yield f"{folder}/{name}", document


def pods():
    """(name, object, pod template's spec) of everything that runs."""
    for file, document in written():
        if document["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield f"{file}: {document['metadata']['name']}", document, document["spec"]["template"]["spec"]


def literals(folder, generator="configMapGenerator", name="tts"):
    """{name: value} of a generated ConfigMap or Secret."""
    document = yaml.safe_load((DEPLOY / folder / "kustomization.yaml").read_text(encoding="utf-8"))
    return dict(entry.split("=", 1) for item in document.get(generator, []) if item["name"] == name
                for entry in item["literals"])


def render(overlay):
    """Every object of an overlay."""
    done = subprocess.run(["kubectl", "kustomize", str(DEPLOY / "k8s" / "overlays" / overlay)], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))
