"""One real program, started on free ports and stopped so that its exit tells whether all was well."""
import ctypes
import os
import re
import signal
import subprocess
import uuid

import requests

from . import tokens
from .http import Client
from .paths import ROOT, SERVICES, VARIANT, WORK, binary
from .ports import free_ports
from .wait import DEADLINE, wait_for

START_SECONDS = 90
STOP_SECONDS = 60
SANITIZER_REPORT = re.compile(r"ERROR: (Address|Leak)Sanitizer|runtime error:|Sanitizer:DEADLYSIGNAL|CHECK failed")
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Service:
    """env adds to and overrides the settings made here; None removes one. db: a Database; broker: a
    Broker; without them the program gets addresses where nothing listens."""

    def __init__(self, name, db=None, broker=None, env=None, variant=None, ready=True, start=True):
        self.name = name
        self.variant = variant or VARIANT
        self.db, self.broker = db, broker
        self.port, self.admin_port, nowhere = free_ports(3)
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = Client(name, self.url)
        self.work = WORK / "programs" / f"{name}-{uuid.uuid4().hex[:8]}"
        self.log_path = self.work / "log"
        self.process = None
        self.is_stopping = False
        self.env = self._environment(nowhere)
        for key, value in (env or {}).items():
            self.set_env(key, value)
        if start:
            self.start(ready)

    def _environment(self, nowhere):
        self.work.mkdir(parents=True, exist_ok=True)
        inherited = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TZ") if key in os.environ}
        dead = f"http://127.0.0.1:{nowhere}"
        env = {
            **inherited,
            "PORT": str(self.port), "BIND": "127.0.0.1", "ADMIN_PORT": str(self.admin_port),
            "ENVIRONMENT": "development", "JWT_SECRET": tokens.SECRET, "LOG_LEVEL": "info",
            "DEMO_PASSWORD": "demo-pass-1",
            "DB_URL": self.db.url(self.name) if self.db else f"postgresql://x:x@127.0.0.1:{nowhere}/x",
            "AMQP_URL": self.broker.url if self.broker else f"amqp://guest:guest@127.0.0.1:{nowhere}/x",
            "REGISTRY_URL": dead,
            "MAIL_DIR": str(self.work / "mail"), "UPLOAD_DIR": str(self.work / "uploads"),
            # one machine plays all people here
            "RATE_LIMIT_USER_PER_HOUR": "0", "RATE_LIMIT_LOGIN_PER_MINUTE": "0",
            "GATEWAY_CONFIG": str(ROOT / "deploy" / "gateway" / "kong.yml"),
            "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:detect_stack_use_after_return=0",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
        }
        for other in SERVICES:
            env.setdefault(other.upper().replace("-", "_") + "_URL", dead)
        for folder in ("mail", "uploads"):
            (self.work / folder).mkdir(exist_ok=True)
        return env

    def set_env(self, key, value):
        if value is None:
            self.env.pop(key, None)
        else:
            self.env[key] = str(value)

    # ---- life -----------------------------------------------------------------------------------

    def start(self, ready=True):
        """ready: wait for /ready; otherwise only until the port answers."""
        self.is_stopping = False
        with open(self.log_path, "ab") as log:
            # pylint: disable=subprocess-popen-preexec-fn,consider-using-with
            self.process = subprocess.Popen([binary(self.name, self.variant)], env=self.env, stdout=log,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                            start_new_session=True, preexec_fn=_die_with_parent)
        try:
            if ready:
                self.wait_ready()
            else:
                self.wait_alive()
        except (AssertionError, ProgramEnded) as problem:
            self.kill()
            raise AssertionError(f"{self.name} did not start: {problem}\n{self.log_tail()}") from None

    def wait_alive(self):
        wait_for(lambda: self._probe("/health").status_code == 200, START_SECONDS, f"{self.name} /health")

    def wait_ready(self, timeout=START_SECONDS):
        def is_ready():
            answer = self._probe("/ready")
            assert answer.status_code == 200, answer.text[:500]
            return True
        wait_for(is_ready, timeout, f"{self.name} /ready", 0.05)

    def _probe(self, path):
        if self.process.poll() is not None:
            raise ProgramEnded(f"{self.name} ended with status {self.process.returncode}")
        return requests.get(self.url + path, timeout=DEADLINE)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def terminate(self):
        """Asks it to stop, and returns at once."""
        self.process.send_signal(signal.SIGTERM)
        self.is_stopping = True

    def stop(self):
        """A graceful stop: exit status 0 and no sanitizer report, or the test fails."""
        if self.process is None:
            return
        if self.process.poll() is None and not self.is_stopping:
            self.terminate()
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop within {STOP_SECONDS} s\n{self.log_tail()}") from None
        self.process = None
        assert status == 0, f"{self.name} ended with status {status}\n{self.log_tail()}"
        self.check_sanitizers()

    def kill(self):
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self, ready=True):
        self.kill()
        self.start(ready)

    # ---- what it wrote --------------------------------------------------------------------------

    def log_text(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=40):
        return "\n".join(self.log_text().splitlines()[-lines:])

    def check_sanitizers(self):
        text = self.log_text()
        found = SANITIZER_REPORT.search(text)
        assert not found, f"{self.name}: sanitizer report\n{text[max(0, found.start() - 200):found.start() + 6000]}"

    def mails(self):
        """The mail it has written, as text."""
        return [path.read_text(encoding="utf-8") for path in sorted((self.work / "mail").glob("*.eml"))]

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.kill()
        else:
            self.stop()


class ProgramEnded(BaseException):
    """Ends a wait at once: nothing will answer any more."""
