"""The fuzzers' corpus, replayed with sanitizers."""
import subprocess

import pytest

from lib.paths import ROOT

FUZZ = ROOT / "tests" / "fuzz"
TARGETS = sorted(path.stem for path in FUZZ.glob("fuzz_*.c"))


@pytest.fixture(scope="module", autouse=True)
def built():
    subprocess.run([FUZZ / "run", "build"], check=True)


@pytest.mark.parametrize("target", TARGETS)
def test_the_corpus_passes(target):
    files = sorted((FUZZ / "corpus" / target).iterdir())
    assert len(files) >= 3
    done = subprocess.run([ROOT / "build" / "fuzz" / target, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert f"{len(files)} files" in done.stdout
