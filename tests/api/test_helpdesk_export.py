"""Tickets as CSV and lines of JSON."""
import csv
import io
import json
import socket
import urllib.parse

import pytest

from helpdesk_support import EMPLOYEE, OTHER_EMPLOYEE, TICKET, People, create, helpdesk, people  # noqa: F401
from lib.http import check_error
from lib.wait import wait_for

PATH = "/api/v1/tickets/export"


@pytest.fixture(scope="module")
def many(people, db):
    """More than two batches, by the employee; some of them opened at the same moment."""
    create(people.employee, subject="=1+1", description="two\nlines, \"quoted\" <b>")
    create(people.other_employee, subject="of somebody else")
    db.query("INSERT INTO ticket (id, number, subject, description, category, priority, requester_id, requester_name, "
             "requester_email, created_at, updated_at) SELECT 100000 + n, 'TX20250101' || lpad(n::text, 6, '0'), 'No ' || n, "
             "repeat('x', 2000), CASE WHEN n %% 10 = 0 THEN 'Tenth' ELSE 'Other' END, 'Low', %s, 'John Doe', "
             "'john.doe@company.com', t.at, t.at FROM generate_series(1, 1000) n, "
             "LATERAL (SELECT timestamptz '2025-01-01' + n / 7 * interval '1 second' AS at) t", EMPLOYEE,
             program="helpdesk-service")
    db.query("INSERT INTO ticket_participant (user_id, ticket_id, created_at, is_requester) "
             "SELECT requester_id, id, created_at, true FROM ticket ON CONFLICT DO NOTHING", program="helpdesk-service")


def lines(client, **params):
    answer = client.get(PATH, params=params, expect=200)
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="tickets.ndjson"'
    return [json.loads(line) for line in answer.text.splitlines()]


def test_every_ticket_once_and_newest_first(people, many):
    found = lines(people.employee)
    assert len(found) == 1001 and len({one["ticket_number"] for one in found}) == 1001
    assert [(one["created_at"], one["id"]) for one in found] == sorted(
        ((one["created_at"], one["id"]) for one in found), reverse=True)
    assert found[0] == people.employee.get("/api/v1/tickets?page_size=1", expect=200).json()["results"][0]


def test_filters_of_the_list(people, many):
    assert len(lines(people.employee, category="Tenth")) == 100
    assert len(lines(people.employee, q="category:Tenth number:TX2025010100005*")) == 1
    assert len(lines(people.employee, q="-category:Tenth", priority="Low")) == 900
    assert [one["subject"] for one in lines(people.employee, q="lines quoted")] == ["=1+1"]
    assert lines(people.employee, q="is:finished") == []


def test_the_scope(people, many):
    assert [one["subject"] for one in lines(people.other_employee)] == ["of somebody else"]
    assert lines(people.reviewer) == [] and len(lines(people.admin)) == 1002
    assert lines(people.employee, requester=OTHER_EMPLOYEE) == []


def test_csv_is_for_spreadsheets(people, many):
    answer = people.employee.get(PATH, params={"format": "csv", "q": "priority:high"}, expect=200)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["subject"] == "'=1+1" and row["description"] == "two\nlines, \"quoted\" <b>"
    assert row["status"] == "Open" and row["requester_id"] == str(EMPLOYEE) and row["ticket_owner_id"] == ""
    assert row["tags"] == "" and row["created_at"].endswith("Z") and row["date_completed"] == ""
    everything = people.admin.get(PATH + "?format=csv", expect=200).text
    assert len(list(csv.reader(io.StringIO(everything)))) == 1003
    empty = people.reviewer.get(PATH + "?format=csv", expect=200).text
    assert empty.count("\n") == 1 and empty.startswith("ticket_number,subject,")


def test_a_reader_that_leaves_or_is_slow(people, helpdesk, many):
    """A client that stops reading holds nothing but its connection, and one that goes ends the export."""
    parts = urllib.parse.urlsplit(people.admin.base)
    head = (f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {people.admin.token}\r\n\r\n").encode()
    for _ in range(5):
        with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
            connection.sendall(head)
            assert connection.recv(100).startswith(b"HTTP/1.1 200")
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(head)
        assert len(lines(people.employee)) == 1001
        data = b""
        while not data.endswith(b"0\r\n\r\n"):
            data += slow.recv(65536)
        assert data.count(b"\"ticket_number\"") == 1002
    wait_for(lambda: people.nobody.get("/ready").status_code == 200, what="the service")


@pytest.mark.parametrize("params", [{"format": "xml"}, {"q": "colour:red"}, {"status": "purple"}, {"owner": "x"}])
def test_bad_exports(people, params):
    check_error(people.employee.get(PATH, params=params), 422, "VALIDATION_ERROR")


def test_nobody_exports(people):
    check_error(people.nobody.get(PATH), 401, "UNAUTHENTICATED")
