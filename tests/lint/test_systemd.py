"""The units are what systemd understands, start every program, and confine it."""
import re
import shutil
import subprocess

import pytest

from csource import ROOT, programs

UNITS = ROOT / "deploy" / "systemd"
PROGRAMS = [folder.name for folder in programs()]
# systemd's own scale, in tenths: 0 is shut, 100 is open.
EXPOSURE = 20


def test_target_starts_every_program():
    wanted = re.findall(r"tts@([\w-]+)\.service", (UNITS / "tts.target").read_text(encoding="utf-8"))
    assert sorted(wanted) == sorted(PROGRAMS)


@pytest.mark.parametrize("program", PROGRAMS)
def test_unit_is_understood_and_confined(tmp_path, program):
    unit = tmp_path / f"tts@{program}.service"
    built = ROOT / "build" / "release" / program / program
    unit.write_text((UNITS / "tts@.service").read_text(encoding="utf-8").replace("/usr/local/bin/%i", str(built)), encoding="utf-8")
    drop_in = UNITS / f"tts@{program}.service.d"
    if drop_in.exists():
        shutil.copytree(drop_in, tmp_path / f"{unit.name}.d")
    for command in (["verify", unit], ["security", "--offline=true", f"--threshold={EXPOSURE}", unit]):
        done = subprocess.run(["systemd-analyze", *command], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        said = [line for line in done.stdout.splitlines() if unit.name in line and command[0] == "verify"]
        assert done.returncode == 0 and not said, done.stdout[-3000:]
