"""Records which routes the tests called. A lint compares the record with what each program declares."""
import os
import pathlib

FILE = os.environ.get("TTS_ROUTE_RECORD")
_seen = set()


def record(program, method, path, status):
    """One line for each distinct call: program, method, path, status."""
    line = f"{program}\t{method.upper()}\t{path.split('?', 1)[0]}\t{status}\n"
    if not FILE or line in _seen:
        return
    _seen.add(line)
    pathlib.Path(FILE).parent.mkdir(parents=True, exist_ok=True)
    with open(FILE, "a", encoding="utf-8") as out:
        out.write(line)
