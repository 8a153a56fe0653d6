"""What is in an image, and how a container of it may be run."""
import json

import pytest

from lib.paths import PROGRAMS, ROOT

import images

MB = 1000 * 1000
# libmagic and the part of its database that tells media types take 3.5 MB of helpdesk-service's.
LIMIT = {"helpdesk-service": 15.75 * MB}


def image(program):
    return images.COMPOSE["services"][program]["image"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_small(built, program):
    size = int(built.inspect(image(program), "{{.Size}}")) - int(built.inspect(images.BASE, "{{.Size}}"))
    print(f"\n{program}: {size / MB:.1f} MB on top of the base")
    assert size <= LIMIT.get(program, 15 * MB)


@pytest.mark.parametrize("program", PROGRAMS)
def test_runs_as_nobody_in_particular(built, program):
    config = json.loads(built.inspect(image(program), "{{json .Config}}"))
    assert int(config["User"].split(":")[0]) >= 10000
    assert config["Healthcheck"]["Test"] == ["CMD", program, "--healthcheck"]
    labels = config["Labels"]
    assert labels["org.opencontainers.image.title"] == program
    assert labels["org.opencontainers.image.version"] == (ROOT / "common" / "VERSION").read_text(encoding="ascii").strip()
    assert labels["org.opencontainers.image.revision"] == "test"


@pytest.mark.parametrize("program", PROGRAMS)
def test_list_of_contents(built, program):
    text = built.docker("run", "--rm", "--network", "none", image(program), "cat", f"/usr/share/sbom/{program}.spdx.json").stdout
    document = json.loads(text)
    assert document["spdxVersion"] == "SPDX-2.3"
    packages = {package["name"]: package for package in document["packages"]}
    assert {program, "libpq5", "libc6", "librabbitmq4", "libcurl4"} <= set(packages)
    ids = {package["SPDXID"] for package in document["packages"]} | {document["SPDXID"]}
    assert len(ids) == len(packages) + 1
    assert all({relation["spdxElementId"], relation["relatedSpdxElement"]} <= ids for relation in document["relationships"])
    assert all(package["externalRefs"][0]["referenceLocator"].startswith("pkg:") for package in packages.values())


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_library_is_there(built, program):
    binary = f"/usr/local/bin/{program}"
    library = "/usr/lib/$(uname -m)-linux-gnu/libcurl.so.4"
    # The build stage's ldd, with the libraries of the finished image.
    said = built.docker("run", "--rm", "--network", "none", image(program), "bash", "-c", f"ldd {binary} {library}").stdout
    assert "=>" in said and "not found" not in said, said


@pytest.mark.parametrize("program", PROGRAMS)
def test_read_only_root_no_capability_and_no_build_tools(built, program):
    said = built.docker("run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL", image(program), program,
                        "--version").stdout
    assert program in said
    assert built.docker("run", "--rm", "--network", "none", image(program), "which", "gcc", "make", check=False).returncode != 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_development_secrets_are_refused_in_production(built, program):
    for secret in ("", images.COMPOSE["x-environment"]["JWT_SECRET"].split(":-")[1].rstrip("}")):
        done = built.docker("run", "--rm", "--network", "none", "-e", "ENVIRONMENT=production", "-e", "DB_PASSWORD=long-enough",
                            "-e", f"JWT_SECRET={secret}", "-e", "AMQP_URL=amqp://tts:else@rabbitmq", image(program), check=False)
        assert done.returncode == 78 and "JWT_SECRET" in done.stdout, done.stdout
