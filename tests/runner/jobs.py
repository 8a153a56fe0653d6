"""Which test processes there are, found by where their sources lie."""
import dataclasses
import os
import pathlib
import sys

import results
from lib.paths import ROOT, WORK

VARIANTS = ["release", "asan"]
C_SECONDS = 600
PYTEST_SECONDS = 900
# Suites under tests/ whose programs run with sanitizers; those of whole fleets run as they are shipped.
SANITIZED_SUITES = {"api"}
# Marks tests of what a sanitizer changes, which run in both builds: memory, speed.
RELEASE_MARK = "release_build"
# One process for the whole suite: its files share servers of their own.
WHOLE_SUITES = {"faults", "lint"}
SUITES = ["faults", "fuzz", "lint", "fleet", "interop", "api"]  # long processes first
# Compares what all other suites called with what the programs declare, so it comes last.
ROUTE_COVERAGE = ROOT / "tests" / "lint" / "test_route_coverage.py"


@dataclasses.dataclass
class Job:
    name: str
    group: str
    command: list
    cwd: pathlib.Path
    judge: callable
    seconds: int
    env: dict = dataclasses.field(default_factory=dict)
    own_database: bool = False
    variant: str = "release"

    @property
    def log(self):
        return WORK / "log" / (self.name.replace("/", "-").replace(" ", "-") + ".log")


def all_jobs(in_both=False):
    """All but route coverage, long ones first within each kind. in_both: sanitized suites in the release build too."""
    return c_tests() + scripts() + python_suites(in_both)


def c_tests():
    """cmocka binaries: unit tests of libraries and services, store tests."""
    found = []
    for source in sorted(ROOT.glob("*/*/tests/test_*.c")) + sorted(ROOT.glob("*/tests/*/test_*.c")):
        place = source.relative_to(ROOT).with_suffix("")
        if place.parts[0] in ("build", "tests"):
            continue
        kind = "store" if place.parent.name == "store" else "unit"
        folder = ROOT / (os.path.join(*place.parts[:2]) if place.parts[0] == "common" else place.parts[0])
        for variant in VARIANTS:
            found.append(Job(f"{kind}/{variant}/{place}", f"{kind} ({variant})",
                             [ROOT / "build" / variant / place], folder, results.from_tap, C_SECONDS,
                             {"CMOCKA_MESSAGE_OUTPUT": "TAP"}, own_database=True, variant=variant))
    return found


def scripts():
    """Executable tests/*.sh of libraries and services."""
    found = []
    for pattern in ("common/*/tests/*.sh", "*/tests/*.sh"):
        for script in sorted(ROOT.glob(pattern)):
            place = script.relative_to(ROOT)
            if place.parts[0] not in ("build", "tests"):
                found.append(Job(f"script/{place}", "scripts", [script], ROOT, results.from_script, PYTEST_SECONDS))
    return found


def python_suites(in_both):
    found = []
    for suite in SUITES:
        files = [path for path in sorted((ROOT / "tests" / suite).glob("test_*.py")) if path != ROUTE_COVERAGE]
        targets = [files] if suite in WHOLE_SUITES and files else [[path] for path in files]
        if suite not in SANITIZED_SUITES or in_both:
            found += [pytest_job(suite, "release", target) for target in targets]
        else:
            found += [pytest_job(suite, "release", [path], RELEASE_MARK) for path in files
                      if RELEASE_MARK in path.read_text(encoding="utf-8")]
        if suite in SANITIZED_SUITES:
            found += [pytest_job(suite, "asan", target) for target in targets]
    return found


def route_coverage():
    return pytest_job("lint", "release", [ROUTE_COVERAGE])


def pytest_job(suite, variant, files, marks=""):
    name = f"{suite}/{files[0].stem}" if len(files) == 1 else suite
    group = f"{suite} ({variant})" if suite in SANITIZED_SUITES else suite
    report = WORK / "log" / f"{name.replace('/', '-')}-{variant}.xml"
    return Job(f"{name} {variant}", group,
               [sys.executable, "-B", "-m", "pytest", "--tb=short", f"--junitxml={report}", "-m", marks, *files],
               ROOT / "tests", lambda text, status: results.from_junit(report, text, status), PYTEST_SECONDS,
               {"TTS_VARIANT": variant}, variant=variant)
