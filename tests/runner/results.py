"""What a test process reported, in any of the three forms the project uses."""
import dataclasses
import re
import xml.etree.ElementTree

TAP_LINE = re.compile(r"^(?P<verdict>ok|not ok)\b(?P<rest>.*)$", re.MULTILINE)


@dataclasses.dataclass
class Result:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Result(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        parts = [f"{self.passed} passed"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.skipped:
            parts.append(f"{self.skipped} skipped")
        return ", ".join(parts)


def judged(result, status):
    """A process that ends badly without a failed test, or runs no test at all, has failed as a whole."""
    if not result.failed and (status != 0 or not result.passed + result.skipped):
        result.failed = 1
    return result


def from_tap(text, status):
    """cmocka with CMOCKA_MESSAGE_OUTPUT=TAP."""
    result = Result()
    for line in TAP_LINE.finditer(text):
        if line["verdict"] == "not ok":
            result.failed += 1
        elif "# SKIP" in line["rest"]:
            result.skipped += 1
        else:
            result.passed += 1
    return judged(result, status)


def from_script(text, status):
    """A script counts as one test, unless it prints TAP."""
    if TAP_LINE.search(text):
        return from_tap(text, status)
    return Result(passed=1) if status == 0 else Result(failed=1)


def from_junit(path, status):
    """pytest --junitxml."""
    result = Result()
    if path.exists():
        for suite in xml.etree.ElementTree.parse(path).getroot().iter("testsuite"):
            failed = int(suite.get("failures")) + int(suite.get("errors"))
            skipped = int(suite.get("skipped"))
            result += Result(int(suite.get("tests")) - failed - skipped, failed, skipped)
    return judged(result, status)
