"""A program asked something on its command line."""
import json
import subprocess

from .paths import binary


def run(service, *args, status=0, stdin=None, env=None):
    """What it says, once it has ended with that status; with the settings of a Service."""
    done = subprocess.run([binary(service.name, service.variant), *args], env={**service.env, **(env or {})},
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120,
                          input=stdin or "")
    assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
    assert "Sanitizer" not in done.stderr, done.stderr
    return done


def lines(service, *args, **kwargs):
    """The JSON objects it prints, a line each."""
    return [json.loads(line) for line in run(service, *args, **kwargs).stdout.splitlines()]
