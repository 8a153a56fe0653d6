"""The references of deploy/ are what the programs say, and the guide names what there is."""
import re
import subprocess

from csource import ROOT, programs

DEPLOY = ROOT / "deploy"
REFERENCE = DEPLOY / "reference"
GUIDE = (DEPLOY / "README.md").read_text(encoding="utf-8")


def test_references_are_current(tmp_path):
    subprocess.run([REFERENCE / "make", tmp_path], check=True)
    made = {path.relative_to(tmp_path): path.read_text(encoding="utf-8") for path in tmp_path.rglob("*.md")}
    assert len(made) == 1 + len(programs())
    old = [str(name) for name, text in made.items() if (REFERENCE / name).read_text(encoding="utf-8") != text]
    assert not old, f"run deploy/reference/make: {old}"


def test_every_page_is_of_a_program():
    assert {path.stem for path in (REFERENCE / "api").iterdir()} == {folder.name for folder in programs()}


def test_the_guide_names_settings_that_exist():
    known = set(re.findall(r"\w+", (REFERENCE / "configuration.md").read_text(encoding="utf-8")))
    others = {"COMPOSE_FILE", "PORT_OFFSET", "GATEWAY_PORT", "SECRETS_FOLDER", "NAME_FILE", "TICKET_TASKS_PRODUCTION"}
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", GUIDE))
    assert not named - known - others


def test_the_guide_names_files_that_exist():
    made = {"deploy/production/secrets"}
    for path in set(re.findall(r"`((?:deploy|tests|gateway)/[\w./-]+)`", GUIDE)) - made:
        if (ROOT / path).parents[0].exists():
            assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (DEPLOY / path).exists(), path
