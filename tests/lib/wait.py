"""Waiting for a condition instead of sleeping."""
import time

# Seconds until a condition that should hold at once is given up: long enough for the slowest machine.
DEADLINE = 60


def wait_for(condition, timeout=DEADLINE, what=None, interval=0.02):
    """Calls condition until it returns something true, and returns that. An exception counts as not yet,
    and is shown when time runs out."""
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = condition()
            if last:
                return last
        except Exception as problem:  # pylint: disable=broad-except
            last = problem
        if time.monotonic() >= deadline:
            name = what or getattr(condition, "__name__", "condition")
            raise AssertionError(f"{name}: not within {timeout} s, last: {last!r}")
        time.sleep(interval)
