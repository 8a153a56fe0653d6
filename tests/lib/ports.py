"""Free TCP ports, from a range that neither the usual fleets nor outgoing connections use."""
import fcntl
import os
import pathlib
import random
import socket
import tempfile

# Shared by all checkouts of a user on this machine.
STATE = pathlib.Path(tempfile.gettempdir()) / f"tts-test-ports-{os.getuid()}"
FIRST, LAST = 28500, 32700


def free_ports(count):
    """Ports nobody listens on. Suites run side by side, so the place in the range is shared by a file."""
    found = []
    with open(STATE, "a+", encoding="ascii") as state:
        fcntl.flock(state, fcntl.LOCK_EX)
        state.seek(0)
        port = int(state.read() or random.randint(FIRST, LAST))
        for _ in range(LAST - FIRST + 1):
            if len(found) == count:
                break
            if is_free(port):
                found.append(port)
            port = port + 1 if port < LAST else FIRST
        state.seek(0)
        state.truncate()
        state.write(str(port))
    if len(found) < count:
        raise RuntimeError(f"no {count} free ports between {FIRST} and {LAST}")
    return found


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
