"""Every route a program declares was called by some test of this run (tests/run keeps the record)."""
import json
import os
import pathlib
import re
import subprocess

import pytest

from csource import ROOT
from lib.paths import PROGRAMS, binary

RECORD = os.environ.get("TTS_ROUTE_RECORD")


def declared(program):
    """(method, path pattern) of each operation in the program's OpenAPI document."""
    document = json.loads(subprocess.run([binary(program), "--print-openapi"], check=True, text=True,
                                         stdout=subprocess.PIPE).stdout)
    for path, item in document["paths"].items():
        for method in item:
            if method in ("get", "put", "post", "delete", "patch", "options", "head"):
                yield method.upper(), path


def called():
    """{(program, method): {path, …}}; calls through the gateway count for whoever declares the path."""
    calls = {}
    for line in pathlib.Path(RECORD).read_text(encoding="utf-8").splitlines():
        program, method, path, _ = line.split("\t")
        calls.setdefault((program, method), set()).add(path)
    return calls


def matches(pattern, path):
    regex = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(pattern.rstrip("/") or "/"))
    return re.fullmatch(regex + "/?", path) is not None


@pytest.mark.skipif(not RECORD or not pathlib.Path(RECORD).exists(), reason="needs the record of a whole run")
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_route_was_called(program):
    if not (ROOT / program).exists():
        pytest.fail(f"{program} does not exist")
    calls = called()
    missing = []
    for method, pattern in declared(program):
        paths = calls.get((program, method), set()) | calls.get(("gateway", method), set())
        if not any(matches(pattern, path) for path in paths):
            missing.append(f"{method} {pattern}")
    assert not missing, f"{program}: no test calls\n" + "\n".join(missing)
