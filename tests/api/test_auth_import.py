"""auth-service: people in and out as CSV and lines of JSON."""
import csv
import io
import json
import uuid

import pytest

from lib import tokens
from lib.http import check_error
from lib.paths import VARIANT

IMPORT, EXPORT = "/api/v1/users/import", "/api/v1/users/export"
# Made with Python's crypt and hashlib: "test123".
BCRYPT = "$2b$05$abcdefghijklmnopqrstuuiSxrCHLVwpmVwT4EU3KSeUZ1NHx9EI2"


@pytest.fixture(scope="module")
def auth(start_service):
    return start_service("auth-service", {"DEMO_DATA": "false"})


@pytest.fixture(scope="module")
def admin(auth):
    return auth.http.as_user(10 ** 6, tokens.ADMIN)


def unique(word="x"):
    return f"{word}-{uuid.uuid4().hex[:8]}"


def send(client, body, kind="text/csv", query="", expect=200):
    data = body.encode() if isinstance(body, str) else body
    answer = client.request("POST", IMPORT + query, data=data, headers={"Content-Type": kind})
    assert answer.status_code == expect, answer.text
    return answer.json()


def ndjson(client, *rows, **kwargs):
    return send(client, "".join(json.dumps(row) + "\n" for row in rows), "application/x-ndjson", **kwargs)


def find(admin, email):
    found = [u for u in admin.get("/api/v1/users", params={"search": email}, expect=200).json()["results"]
             if u["email"] == email]
    return found[0] if found else None


def outcome(report):
    return tuple(report[key] for key in ("records", "created", "updated", "unchanged", "failed"))


def test_csv_creates_changes_and_leaves_alone(auth, admin):
    one, two = (f"{unique()}@example.org" for _ in range(2))
    text = ("\ufeffEmail,first_name,last_name,department,roles,password_hash,shoe_size\r\n"
            f'{one},Ann,"Lee, ""the boss""",Sales,hdts:Ticket Coordinator;tts:Reviewer,{BCRYPT},43\r\n'
            "\r\n"
            f"{two},Bob,,,,,44\r\n")
    report = send(admin, text)
    assert outcome(report) == (2, 2, 0, 0, 0) and report["errors"] == [] and report["dry_run"] is False
    ann = find(admin, one)
    assert ann["full_name"] == 'Ann Lee, "the boss"' and ann["department"] == "Sales"
    assert [r["role"] for r in ann["roles"]] == ["Ticket Coordinator", "Reviewer"]
    assert [r["role"] for r in find(admin, two)["roles"]] == ["Employee"]
    auth.http.post("/auth/login", {"email": one, "password": "test123"}, expect=200)
    assert outcome(send(admin, text)) == (2, 0, 0, 2, 0)
    again = f"email,department,roles\n{one.upper()},Finance,tts:approver\n{two},,\n"
    assert outcome(send(admin, again)) == (2, 0, 1, 1, 0)
    ann = find(admin, one)
    assert ann["department"] == "Finance" and ann["first_name"] == "Ann" and len(ann["roles"]) == 3


def test_lines_of_json(admin):
    one = f"{unique()}@example.org"
    report = ndjson(admin, {"email": one, "name": "Ann Lee", "roles": ["tts:Reviewer"], "unknown": [1]}, {})
    assert outcome(report) == (2, 1, 0, 0, 1)
    assert report["errors"] == [{"line": 2, "code": "INVALID_INPUT", "field": "email",
                                 "message": report["errors"][0]["message"]}]
    assert [r["role"] for r in find(admin, one)["roles"]] == ["Reviewer"]
    assert outcome(ndjson(admin, {"email": one, "active": False})) == (1, 0, 1, 0, 0)
    assert find(admin, one)["active"] is False


def test_each_line_has_its_own_outcome(admin):
    good = [f"{unique()}@example.org" for _ in range(2)]
    text = (f"email,roles,password,password_hash\n{good[0]},,,\nnonsense,,,\nx@example.org,tts:King,,\n"
            "x@example.org,Reviewer,,\nx@example.org,,abc,\nx@example.org,,,md5$x$y\nx@example.org,,test123,$2b$\n"
            f'x@example.org,,\n"x"y,,,\n{good[1]},,,\n"open,,,\nto the end')
    report = send(admin, text)
    assert outcome(report) == (11, 2, 0, 0, 9)
    assert [(e["line"], e["field"]) for e in report["errors"]] == [
        (3, "email"), (4, "roles"), (5, "roles"), (6, "password"), (7, "password_hash"), (8, "password_hash"),
        (9, None), (10, None), (12, None)]
    assert {e["code"] for e in report["errors"]} == {"VALIDATION_ERROR"}
    assert all(e["message"] for e in report["errors"]) and all(find(admin, email) for email in good)
    assert find(admin, "x@example.org") is None


def test_a_dry_run_tells_and_changes_nothing(admin):
    one = f"{unique()}@example.org"
    rows = {"email": one, "roles": ["tts:Reviewer"]}, {"email": "nonsense"}
    report = ndjson(admin, *rows, query="?dry_run=true")
    assert report["dry_run"] is True and outcome(report) == (2, 1, 0, 0, 1)
    assert find(admin, one) is None
    ndjson(admin, *rows)
    report = ndjson(admin, {"email": one, "department": "Sales"}, query="?dry_run=1")
    assert outcome(report) == (1, 0, 1, 0, 0) and find(admin, one)["department"] == ""


def test_an_import_is_no_way_to_a_role(auth, admin):
    """The rules of granting hold for every line, with and without a dry run, and refusals are in the trail."""
    boss = admin.post("/api/v1/users", {"email": f"{unique()}@example.org", "role": "admin"}, expect=201).json()
    hdts = auth.http.as_user(10 ** 6 + 77, [("hdts", "Admin")])
    me = admin.post("/api/v1/users", {"email": f"{unique()}@example.org", "role": "admin"}, expect=201).json()
    new = f"{unique()}@example.org"
    for query in ("?dry_run=true", ""):
        report = ndjson(hdts, {"email": new, "roles": ["tts:Admin"]}, {"email": boss["email"], "department": "Mine"},
                        query=query)
        assert outcome(report) == (2, 0, 0, 0, 2) and {e["code"] for e in report["errors"]} == {"FORBIDDEN"}
    assert find(admin, new) is None and find(admin, boss["email"])["department"] == ""
    myself = auth.http.as_user(me["id"], tokens.ADMIN)
    report = ndjson(myself, {"email": me["email"], "roles": ["tts:Reviewer"]})
    assert report["errors"][0]["code"] == "FORBIDDEN"
    refused = admin.get(f"/api/v1/auth/audit?actor_id={10 ** 6 + 77}&action=user.import&result=refused").json()
    assert sorted(e["details"]["line"] for e in refused["results"]) == [1, 1, 2, 2]
    for roles in (tokens.EMPLOYEE, tokens.COORDINATOR, tokens.REVIEWER):
        check_error(auth.http.as_user(5, roles).request("POST", IMPORT, data=b"email\n",
                                                        headers={"Content-Type": "text/csv"}), 403, "FORBIDDEN")


def test_what_is_no_list_is_refused(admin):
    answer = admin.request("POST", IMPORT, data=b"{}", headers={"Content-Type": "application/json"})
    check_error(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
    check_error(admin.request("POST", IMPORT, data=b"name,phone\nAnn,1\n", headers={"Content-Type": "text/csv"}),
                400, "INVALID_INPUT")
    assert outcome(send(admin, "")) == (0, 0, 0, 0, 0)
    report = send(admin, b"email,name\n\xff\xfe@x,Ann\n" + b"x" * 70000 + b"\n")
    assert outcome(report) == (2, 0, 0, 0, 2)


def test_hashes_that_cost_too_much_are_refused(admin):
    hashes = ["$2b$15$abcdefghijklmnopqrstuuiSxrCHLVwpmVwT4EU3KSeUZ1NHx9EI2", "$2b$31" + "x" * 54,
              "pbkdf2_sha256$99999999$salt$" + "A" * 43 + "=", "$y$jFT$abc$" + "x" * 60, "plain", "$6$x$y"]
    report = ndjson(admin, *({"email": f"{unique()}@example.org", "password_hash": text} for text in hashes))
    assert outcome(report) == (len(hashes), 0, 0, 0, len(hashes))


def test_the_report_is_bounded(admin):
    report = ndjson(admin, *({"email": "nonsense"} for _ in range(1005)))
    assert report["failed"] == 1005 and len(report["errors"]) == 1000 and report["errors_omitted"] == 5


def test_export_is_what_import_takes(admin):
    department = unique("department")
    names = ["=cmd|' /C calc'!A0", "+1", "-1", "@x", "plain", 'quo"ted, with\r\nlines']
    people = [admin.post("/api/v1/users", {"email": f"{unique()}@example.org", "full_name": name,
                                           "department": department}, expect=201).json() for name in names]
    answer = admin.get(f"{EXPORT}?department={department}", expect=200)
    assert answer.headers["Content-Type"].startswith("text/csv") and "people.csv" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    assert [int(r["id"]) for r in rows] == [p["id"] for p in people]
    assert not [value for r in rows for value in r.values() if value[:1] in "=+-@" and value]
    assert [r["full_name"].removeprefix("'") for r in rows] == names
    assert {r["roles"] for r in rows} == {"hdts:Employee"}
    assert outcome(send(admin, answer.content)) == (6, 0, 0, 6, 0)
    lines = [json.loads(line) for line in admin.get(f"{EXPORT}?department={department}&format=ndjson",
                                                    expect=200).text.splitlines()]
    assert [line["full_name"] for line in lines] == names and lines[0]["roles"] == ["hdts:Employee"]
    assert outcome(ndjson(admin, *lines)) == (6, 0, 0, 6, 0)
    assert admin.get("/api/v1/auth/audit?action=user.export", expect=200).json()["results"]


def memory_kib(program):
    with open(f"/proc/{program.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def test_a_crowd_goes_out_in_constant_memory(auth, admin, db):
    admin.get(f"{EXPORT}?department=none", expect=200)
    before = memory_kib(auth)
    db.query("INSERT INTO auth.user_account (email, full_name, created_at, updated_at) SELECT "
             "'crowd' || n || '@crowd.example', 'Crowd ' || n, clock_timestamp(), clock_timestamp() "
             "FROM generate_series(1, 20000) n")
    answer = admin.get(f"{EXPORT}?search=crowd.example", expect=200)
    assert answer.text.count("\r\n") == 20001
    assert VARIANT != "release" or memory_kib(auth) - before < 12 * 1024
