"""The query language, finding tickets by words, facets."""
import pytest

from helpdesk_support import (COORDINATOR, EMPLOYEE, OTHER_EMPLOYEE, TICKET, People, create, helpdesk, own,  # noqa: F401
                              people)
from lib.http import check_error


def numbers(answer):
    return sorted(one["ticket_number"] for one in answer.json()["results"])


def listed(client, query, **params):
    return numbers(client.get("/api/v1/tickets", params={"q": query, "page_size": 100, **params}, expect=200))


def problem(client, query, path="/api/v1/tickets"):
    answer = client.get(path, params={"q": query})
    check_error(answer, 422, "VALIDATION_ERROR")
    return answer.json()["details"]["fields"]["q"]


@pytest.fixture(scope="module")
def tickets(people, db):
    """By name: what the tests look for."""
    bodies = {
        "vpn": {"subject": "Cannot connect to the VPN", "description": "The tunnel drops after a minute",
                "priority": "Urgent", "tags": ["vpn", "network"]},
        "printer": {"subject": "Büroküche: Drucker streikt", "description": "Paper jam in tray two", "priority": "Low",
                    "category": "Printers & co", "department": None},
        "laptop": {"subject": "New laptop for Zoë", "description": "<b>Fast</b> & light; 100% 'quoted' \\ \"text\""},
    }
    found = {}
    for name, body in bodies.items():
        found[name] = create(people.service, requester_id=EMPLOYEE, **{k: v for k, v in body.items() if v})["ticket_number"]
    found["foreign"] = create(people.other_employee, subject="Foreign VPN matter")["ticket_number"]
    own(db, found["vpn"])
    return found


# ---- the query language -------------------------------------------------------------------------

@pytest.mark.parametrize("query,names", [
    ("", "vpn printer laptop"),
    ("priority:urgent,critical", "vpn"),
    ("-priority:urgent", "printer laptop"),
    ("status:new", "vpn printer laptop"),
    ("status:OPEN,in_progress,On-Hold", "vpn printer laptop"),
    ("status:closed", ""),
    ("category:\"it support\"", "vpn laptop"),
    ("category:\"Printers & co\"", "printer"),
    ("department:\"it department\"", "vpn printer laptop"),
    ("owner:none", "printer laptop"),
    (f"assignee:{COORDINATOR}", "vpn"),
    ("owner:me", ""),
    ("requester:me", "vpn printer laptop"),
    ("tag:VPN", "vpn"),
    ("tag:vpn tag:network", "vpn"),
    ("tag:x,network -tag:vpn", ""),
    ("created:today,", None),
    ("created:<1d", "vpn printer laptop"),
    ("created:>1d", ""),
    ("created:2020-01-01..2021-01-01", ""),
    ("updated:>=2026-01-01", "vpn printer laptop"),
    ("is:open is:unowned", "printer laptop"),
    ("is:assigned", "vpn"),
    ("has:tag", "vpn"),
    ("has:comment", ""),
    ("number:TX*", "vpn printer laptop"),
    ("number:TX2020*", ""),
    ("tunnel", "vpn"),
    ("tun", "vpn"),
    ("tun minute", ""),
    ("tun* minute", "vpn"),
    ("\"paper jam\"", "printer"),
    ("\"jam paper\"", ""),
    ("cannot -tunnel", ""),
    ("-tunnel", "printer laptop"),
    ("priority:low jam", "printer"),
])
def test_the_list_takes_the_language(people, tickets, query, names):
    if names is None:
        assert "at 9: is not a time" in problem(people.employee, query)
        return
    assert listed(people.employee, query) == sorted(tickets[name] for name in names.split())


def test_queries_keep_to_the_scope(people, tickets):
    for query in ("vpn", "subject", f"number:{tickets['foreign']}", f"requester:{OTHER_EMPLOYEE}", "-nothing", "is:open"):
        assert tickets["foreign"] not in listed(people.employee, query), query
        assert tickets["foreign"] in listed(people.admin, "foreign vpn")
    assert listed(people.coordinator, "vpn") == [tickets["vpn"]]
    assert listed(people.reviewer, "vpn") == []


def test_the_language_beside_filters_and_cursors(people, tickets):
    assert listed(people.employee, "tunnel", priority="Urgent") == [tickets["vpn"]]
    assert listed(people.employee, "tunnel", priority="Low") == []
    assert listed(people.employee, "-priority:urgent", search="drucker") == [tickets["printer"]]
    first = people.employee.get("/api/v1/tickets", params={"q": "is:open", "page_size": 2}, expect=200).json()
    rest = people.employee.get("/api/v1/tickets", params={"q": "is:open", "page_size": 2, "cursor": first["next_cursor"]},
                               expect=200).json()
    assert first["count"] == 3 and len(first["results"]) == 2
    assert [one["ticket_number"] for one in first["results"] + rest["results"]] == [
        tickets["laptop"], tickets["printer"], tickets["vpn"]]
    check_error(people.employee.get("/api/v1/tickets", params={"q": "is:finished", "cursor": first["next_cursor"]}), 422,
                "VALIDATION_ERROR")


@pytest.mark.parametrize("query,text", [
    ("colour:red", 'at 1: "colour:" is not a field'),
    ("vpn status:purple", "at 5: a value of status: is not a status"),
    ("priority:9", "at 1: a value of priority: is not a priority"),
    ("owner:jane", "at 7: is not a person"),
    ("\"never closed", "at 1: the quotation mark is never closed"),
    ("created:soon", "at 9: is not a time"),
    ("is:good", "at 4: is none of open|"),
    ("x " * 41, "at 81: there are more than 40 conditions"),
    ("tag:" + ",".join("x" * 51), "there are more than 50 alternatives"),
])
def test_problems_are_told_precisely(people, query, text):
    assert text in problem(people.employee, query)


def test_queries_are_bounded(people, tickets):
    check_error(people.employee.get("/api/v1/tickets", params={"q": "x" * 1001}), 422, "VALIDATION_ERROR")
    assert listed(people.employee, "ü" * 1000) == []
    check_error(people.employee.get("/api/v1/tickets?q=%00"), 400, "INVALID_INPUT")
    check_error(people.employee.get("/api/v1/tickets?q=%ff"), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("query", ["' OR 1=1 --", "%", "_", "\\", "'); DROP TABLE ticket; --", "a & !b | (c", "<b>", ":*",
                                   "tag:\"'; DROP TABLE ticket; --\"", "category:\"a'b\"", "created:<1d '", "$1", "%L %s",
                                   "-'", "\"' <-> '\"", "department:\"\\\\\""])
def test_metacharacters_mean_nothing(people, tickets, query):
    people.employee.get("/api/v1/tickets", params={"q": query}, expect=200)
    assert len(listed(people.employee, "")) == 3
