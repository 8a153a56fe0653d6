"""What a test process reported, in any of the three forms the project uses."""
import dataclasses
import re
import xml.etree.ElementTree

TAP_LINE = re.compile(r"^(?P<verdict>ok|not ok)\b(?P<rest>.*)$")
TAP_NUMBER = re.compile(r"^\s*\d*\s*(- )?")
# What explains a process that ended without saying which test failed.
CAUSE = re.compile(r"ERROR: (Address|Leak)Sanitizer|runtime error:|Sanitizer:DEADLYSIGNAL|^killed: |^Bail out!|"
                   r"\b(E|e)rror: ")
# The first line of a frame in pytest's short tracebacks that lies outside the tests.
LIBRARY_FRAME = re.compile(r"^\S*(/usr/lib/|-packages/|^<)\S*:\d+: in ")
FRAME = re.compile(r"^\S+:\d+: (in |\w+$)")
REASON_LENGTH = 300
FIRST_LINES, LAST_LINES = 10, 30


@dataclasses.dataclass
class Failure:
    """A failed test: its name, why in one line, and what it said in a few."""
    name: str
    reason: str
    detail: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Result:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = dataclasses.field(default_factory=list)

    def __add__(self, other):
        return Result(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped,
                      self.failures + other.failures)

    def __str__(self):
        parts = [f"{self.passed} passed"]
        if self.failed:
            parts.append(f"{self.failed} failed")
        if self.skipped:
            parts.append(f"{self.skipped} skipped")
        return ", ".join(parts)

    def add_failure(self, name, reason, detail=()):
        self.failed += 1
        self.failures.append(Failure(name, one_line(reason), shortened(list(detail))))


def one_line(text):
    line = " ".join(text.split())
    return line if len(line) <= REASON_LENGTH else line[:REASON_LENGTH] + "…"


def shortened(lines):
    left_out = len(lines) - FIRST_LINES - LAST_LINES
    if left_out <= 0:
        return lines
    return lines[:FIRST_LINES] + [f"… {left_out} lines …"] + lines[-LAST_LINES:]


def judged(result, text, status):
    """A process that ends badly without a failed test, or runs no test at all, has failed as a whole."""
    if not result.failed and (status != 0 or not result.passed + result.skipped):
        lines = [line for line in text.splitlines() if line.strip()]
        how = f"ended with status {status}" if status else "ran no test"
        causes = [number for number, line in enumerate(lines) if CAUSE.search(line)]
        first = causes[0] if causes else max(0, len(lines) - 1)
        reason = f"{how}: {lines[first].strip()}" if lines else how
        result.add_failure("the whole process", reason, lines[first if causes else -LAST_LINES:])
    return result


def from_tap(text, status):
    """cmocka with CMOCKA_MESSAGE_OUTPUT=TAP: a failed test's assertions follow its line as comments."""
    result = Result()
    lines = text.splitlines()
    for number, line in enumerate(lines):
        found = TAP_LINE.match(line)
        if not found:
            continue
        if "# SKIP" in found["rest"]:
            result.skipped += 1
        elif found["verdict"] == "ok":
            result.passed += 1
        else:
            said = comments_after(lines, number)
            name = TAP_NUMBER.sub("", found["rest"])
            result.add_failure(name, " ".join(said) or "not ok", said + lines_before(lines, number))
    return judged(result, text, status)


def comments_after(lines, number):
    said = []
    for line in lines[number + 1:]:
        if not line.startswith("#") or line.startswith(("# ok", "# not ok")):
            break
        said.append(line[1:].strip())
    return said


def lines_before(lines, number):
    """What the program logged since the test before."""
    said = []
    for line in reversed(lines[:number]):
        if TAP_LINE.match(line) or line.startswith("#"):
            break
        said.insert(0, line)
    return said[-LAST_LINES:]


def from_script(text, status):
    """A script counts as one test, unless it prints TAP."""
    if any(TAP_LINE.match(line) for line in text.splitlines()):
        return from_tap(text, status)
    return judged(Result(passed=1) if status == 0 else Result(), text, status)


def from_junit(path, text, status):
    """pytest --junitxml --tb=short."""
    result = Result()
    if path.exists():
        for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
            problems = [part for part in case if part.tag in ("failure", "error")]
            for problem in problems:
                name = f"{case.get('classname').rpartition('.')[2]}::{case.get('name')}"
                result.add_failure(name, reason_of(problem), own_frames(problem.text or ""))
            if not problems:
                if case.find("skipped") is not None:
                    result.skipped += 1
                else:
                    result.passed += 1
    return judged(result, text, status)


def reason_of(problem):
    """The exception and its message; for an error, what the fixture raised."""
    raised = [line[1:].strip() for line in (problem.text or "").splitlines() if line.startswith("E  ")]
    if problem.tag == "error" and raised:
        return f"{problem.get('message')}: {raised[0]}"
    return problem.get("message") or (raised[0] if raised else problem.tag)


def own_frames(traceback):
    """A short traceback without the frames of libraries."""
    kept, is_library = [], False
    for line in traceback.splitlines():
        if FRAME.match(line):
            is_library = bool(LIBRARY_FRAME.match(line))
        elif not line.startswith("    "):
            is_library = False
        if not is_library:
            kept.append(line)
    return kept
