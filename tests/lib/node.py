"""Packages from npm that tests check against, and programs in tests/node that use them."""
import fcntl
import json
import os
import queue
import shutil
import subprocess
import threading

from .paths import ROOT
from .wait import DEADLINE

SOURCES = ROOT / "tests" / "node"
PLACE = ROOT / "build" / "node"


def install():
    """Brings build/node to what the lock file says."""
    PLACE.mkdir(parents=True, exist_ok=True)
    wanted = (SOURCES / "package-lock.json").read_text(encoding="utf-8")
    mark = PLACE / "installed"
    with open(PLACE / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
            return
        for name in ("package.json", "package-lock.json"):
            shutil.copy(SOURCES / name, PLACE / name)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PLACE, check=True,
                       stdout=subprocess.DEVNULL)
        mark.write_text(wanted, encoding="utf-8")


class Program:
    """A program of tests/node: takes and gives one JSON value a line. A context manager."""

    def __init__(self, name, *args):
        install()
        env = {**os.environ, "NODE_PATH": str(PLACE / "node_modules")}
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            ["node", str(SOURCES / name), *args], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._lines = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(json.loads(line))
        self._lines.put(None)

    def send(self, value):
        self.process.stdin.write(json.dumps(value) + "\n")
        self.process.stdin.flush()

    def receive(self):
        try:
            value = self._lines.get(timeout=DEADLINE)
        except queue.Empty:
            raise AssertionError(f"{self.process.args[1]} said nothing within {DEADLINE} s") from None
        assert value is not None, f"{self.process.args[1]} has ended"
        return value

    def ask(self, value):
        self.send(value)
        return self.receive()

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
