"""What the runner tells about a failed test."""
import subprocess
import sys

from runner import results

TAP = """1..5
ok 1 - test_fine
the log of test_bad
not ok 2 - test_bad
# 0x1 != 0x2
# common/x/tests/test_x.c:8: error: Failure!
not ok 3 # SKIP test_later
not ok 4 - test_other Could not run test: Test setup failed
# not ok - test_x
"""

SUITE = '''
import json
import pytest

@pytest.fixture
def broken():
    raise OSError("no server")

def test_fine():
    pass

@pytest.mark.parametrize("n", [7])
def test_bad(n):
    assert n == 8, "the number is wrong"

def test_library():
    json.loads("{")

def test_error(broken):
    pass

@pytest.mark.skip
def test_skipped():
    pass
'''


def told(result):
    return {failure.name: failure.reason for failure in result.failures}


def test_tap():
    result = results.from_tap(TAP, 2)
    assert (result.passed, result.failed, result.skipped) == (1, 2, 1)
    assert told(result) == {"test_bad": "0x1 != 0x2 common/x/tests/test_x.c:8: error: Failure!",
                            "test_other Could not run test: Test setup failed": "not ok"}
    assert result.failures[0].detail[-1] == "the log of test_bad"


def test_a_process_that_ends_badly():
    leak = "1..1\nok 1 - test_fine\n==7==ERROR: LeakSanitizer: detected memory leaks\nDirect leak\n"
    assert told(results.from_tap(leak, 1)) == {
        "the whole process": "ended with status 1: ==7==ERROR: LeakSanitizer: detected memory leaks"}
    assert told(results.from_script("one\ntwo\n", 3)) == {"the whole process": "ended with status 3: two"}
    assert told(results.from_tap("", 0)) == {"the whole process": "ran no test"}
    assert results.from_script("", 0).passed == 1


def test_pytest(tmp_path):
    suite, report = tmp_path / "test_it.py", tmp_path / "it.xml"
    suite.write_text(SUITE, encoding="utf-8")
    process = subprocess.run([sys.executable, "-B", "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider",
                              f"--junitxml={report}", suite], stdout=subprocess.PIPE, text=True, check=False)
    result = results.from_junit(report, process.stdout, process.returncode)
    assert (result.passed, result.failed, result.skipped) == (1, 3, 1), process.stdout
    reasons = told(result)
    assert reasons["test_it::test_bad[7]"].startswith("AssertionError: the number is wrong assert 7 == 8")
    assert reasons["test_it::test_library"].startswith("json.decoder.JSONDecodeError: Expecting property name")
    assert reasons["test_it::test_error"].endswith("OSError: no server")
    library = next(failure.detail for failure in result.failures if failure.name.endswith("library"))
    assert any('json.loads("{")' in line for line in library)
    assert not any("raw_decode" in line for line in library)


def test_long_texts_are_cut():
    result = results.Result()
    result.add_failure("it", "x" * 1000, [str(number) for number in range(1000)])
    assert len(result.failures[0].reason) == results.REASON_LENGTH + 1
    detail = result.failures[0].detail
    assert detail[0] == "0" and detail[-1] == "999" and len(detail) == results.FIRST_LINES + 1 + results.LAST_LINES
