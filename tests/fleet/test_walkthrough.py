"""The curl lines of the README, pasted into a shell."""
import os
import re
import shutil
import subprocess

from lib.paths import ROOT


def blocks():
    """The shell blocks of the walk-through."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## A ticket's whole life", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sh\n(.*?)```", section, re.S)


def test_the_walkthrough_works_as_it_stands(fleet, tmp_path):
    found = blocks()
    assert len(found) >= 6 and shutil.which("jq") and shutil.which("curl")
    script = "\n".join(found).replace("http://localhost:8080", fleet.url)
    script = script.replace("ls .run/mail", f"ls {fleet['notification-service'].work}/mail")
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=300, check=False,
                          cwd=tmp_path, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    assert done.returncode == 0, done.stdout + done.stderr
    for expected in (r'"role": ?"user"', r'"token":', r"TX\d{14}", r'"ticket_owner_name": "', r'"current_step": "Review"',
                     r'"next_step":"Quality Assurance"', r'"workflow_name": "IT Support Workflow"',
                     r'"status": "Closed"', r'"csat_rating": 5', r"We received your ticket", r"John Doe: Thank you!",
                     r"\.eml"):
        assert re.search(expected, done.stdout), f"{expected} is not in:\n{done.stdout}\n{done.stderr}"
    assert not re.search(r"parse error|null\n", done.stderr), done.stderr
