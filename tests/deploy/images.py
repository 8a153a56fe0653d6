"""The images that the stack needs, on a machine that pulls none: the base by debootstrap, the servers of Debian's
packages under the names that compose uses, the programs by the project's Dockerfile."""
import pathlib
import shutil
import subprocess

import yaml

from lib.paths import PROGRAMS, ROOT

from engine import WORK

BASE = "debian:bookworm-slim"
HERE = pathlib.Path(__file__).parent
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
SERVERS = {name: COMPOSE["services"][name]["image"] for name in ("postgres", "rabbitmq", "mailpit")}
# How this machine reaches Debian's archive.
APT = ["/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources", "/etc/apt/apt.conf.d"]


def has(engine, image):
    return engine.docker("image", "inspect", image, check=False).returncode == 0


def make_base(engine):
    archive = WORK / "base.tar"
    if not archive.exists():
        root = WORK / "rootfs"
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", root, "http://deb.debian.org/debian"],
                       check=True, stdout=subprocess.DEVNULL)
        slim(root)
        use_our_apt(root)
        subprocess.run(["tar", "-C", root, "-cf", WORK / "base.tar.new", "."], check=True)
        (WORK / "base.tar.new").rename(archive)
        shutil.rmtree(root)
    engine.docker("import", "-c", 'CMD ["bash"]', archive, BASE)


def slim(root):
    for folder in ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder).mkdir(parents=True)
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)


def use_our_apt(root):
    for path in APT:
        source, target = pathlib.Path(path), root / path[1:]
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
            if path.endswith(".sources"):
                (root / "etc/apt/sources.list").unlink(missing_ok=True)


def make_servers(engine):
    for name, image in SERVERS.items():
        engine.docker("build", "--network", "host", "-t", image, HERE / name, timeout=1200)


def make_programs(engine, commit="test"):
    """As compose would; --network host, because this engine's bridges lead nowhere."""
    version = (ROOT / "common" / "VERSION").read_text(encoding="ascii").strip()
    for program in PROGRAMS:
        engine.docker("build", "--network", "host", "-f", ROOT / "deploy" / "Dockerfile", "--target", program,
                      "--build-arg", f"VERSION={version}", "--build-arg", f"COMMIT={commit}",
                      "-t", COMPOSE["services"][program]["image"], ROOT, timeout=2400)


def make_all(engine):
    if not has(engine, BASE):
        make_base(engine)
    make_servers(engine)
    make_programs(engine)
