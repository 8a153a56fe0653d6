"""What the benchmarks share: a process's own accounting, wrk, and the sections of RESULTS.md."""
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

HERE, WORK = ROOT / "tests" / "bench", ROOT / "build" / "bench"
TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mib(pid, what="VmRSS"):
    """VmRSS: resident now; VmHWM: the most that ever was."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(what + r":\s+(\d+)", status)[1]) / 1024


def wrk(*arguments, prefix=()):
    """Requests, and percentiles of latency in ms; fails when an answer was not 2xx."""
    text = subprocess.run([*prefix, "wrk", "--latency", *map(str, arguments)], check=True, capture_output=True,
                          text=True).stdout
    assert "Non-2xx" not in text, text
    found = {"count": int(re.search(r"(\d+) requests in", text)[1]),
             "req_s": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])}
    for share in (50, 99):
        value, unit = re.search(rf"{share}%\s+([\d.]+)(us|ms|s)", text).groups()
        found[f"p{share}_ms"] = float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    p95 = re.search(r"^p95 ([\d.]+)", text, re.M) # printed by scripts, in µs
    if p95:
        found["p95_ms"] = float(p95[1]) / 1000
    return found


def lua(name, lines):
    """A script for wrk that sends these requests in turn: (method, path, body)."""
    WORK.mkdir(parents=True, exist_ok=True)
    path = WORK / f"{name}.lua"
    rows = ",\n".join("{%s}" % ", ".join("nil" if part is None else json.dumps(part) for part in line)
                      for line in lines)
    path.write_text(f"local rows = {{\n{rows}\n}}\nlocal at = 0\n"
                    "request = function()\n  at = at % #rows + 1\n  local row = rows[at]\n"
                    "  return wrk.format(row[1], row[2], nil, row[3])\nend\n"
                    "done = function(_, latency)\n  print('p95 ' .. latency:percentile(95))\nend\n", encoding="utf-8")
    return path


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def write_section(title, text):
    """Replaces the section of that title in RESULTS.md, or adds it, and prints it."""
    path = HERE / "RESULTS.md"
    whole = path.read_text(encoding="utf-8") if path.exists() else "# Results\n"
    section = f"## {title}\n\n{text.strip()}\n"
    old = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.M | re.S)
    if old.search(whole):
        whole = old.sub(lambda _: section + "\n", whole)
    else:
        whole = whole.rstrip() + "\n\n" + section
    path.write_text(whole.rstrip() + "\n", encoding="utf-8")
    print(section)
