"""The query language, finding tickets by words, facets."""
import pytest

from helpdesk_support import (COORDINATOR, EMPLOYEE, OTHER_EMPLOYEE, TICKET, People, create, helpdesk, own,  # noqa: F401
                              people)
from lib.http import check_error
from lib.wait import wait_for


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
    check_error(people.employee.get("/api/v1/tickets?q=%ff"), 400, "INVALID_INPUT")


@pytest.mark.parametrize("query", ["' OR 1=1 --", "%", "_", "\\", "'); DROP TABLE ticket; --", "a & !b | (c", "<b>", ":*",
                                   "tag:\"'; DROP TABLE ticket; --\"", "category:\"a'b\"", "created:<1d '", "$1", "%L %s",
                                   "-'", "\"' <-> '\"", "department:\"\\\\\""])
def test_metacharacters_mean_nothing(people, tickets, query):
    people.employee.get("/api/v1/tickets", params={"q": query}, expect=200)
    assert len(listed(people.employee, "")) == 3


# ---- search -------------------------------------------------------------------------------------

def search(client, query, **params):
    return client.get("/api/v1/search", params={"q": query, **params}, expect=200).json()


def hits(client, query, **params):
    return [one["ticket_number"] for one in search(client, query, **params)["results"]]


def test_a_hit_has_both_shapes(people, tickets):
    body = search(people.employee, "tunnel drops")
    (hit,) = body["results"]
    assert body["data"] == body["results"] and body["success"] is True and body["corrections"] == []
    assert body["pagination"] == {"total": 1, "page": 1, "limit": 10, "total_pages": 1}
    assert body["count"] == 1 and body["next"] is None and body["previous"] is None
    assert (hit["type"], hit["ticket_number"], hit["status"], hit["priority"]) == ("ticket", tickets["vpn"], "Open", "Urgent")
    assert hit["title"] == hit["subject"] == "Cannot connect to the VPN" and hit["score"] > 0
    assert hit["highlights"] == [{"field": "description", "text": "The tunnel drops after a minute",
                                  "marks": [[4, 10], [11, 16]]}]


@pytest.mark.parametrize("query,name", [
    ("burokuche", "printer"), ("BÜROKÜCHE", "printer"), ("büro", "printer"), ("zoe", "laptop"), ("Zoë", "laptop"),
    ("john.doe@company.com vpn", "vpn"), ("doe tunnel", "vpn"), ("network tunnel", "vpn"), ("100 quoted", "laptop"),
    ("\"paper jam\"", "printer"), ("tunnel is:open priority:urgent", "vpn"),
])
def test_words_are_found(people, tickets, query, name):
    assert hits(people.employee, query) == [tickets[name]]


def test_numbers_are_found(people, tickets):
    number = tickets["printer"]
    for query in (number, number.lower(), number[-6:], number[-6:].lstrip("0")):
        assert number in hits(people.employee, query), query
    assert sorted(hits(people.employee, number[:8])) == sorted(tickets[name] for name in ("vpn", "printer", "laptop"))
    assert hits(people.employee, tickets["foreign"]) == []


def test_texts_come_back_as_they_were_written(people, tickets):
    (hit,) = search(people.employee, "quoted")["results"]
    (highlight,) = hit["highlights"]
    assert highlight["text"] == "<b>Fast</b> & light; 100% 'quoted' \\ \"text\""
    begin, end = highlight["marks"][0]
    assert highlight["text"][begin:end] == "quoted"
    (hit,) = search(people.employee, "drucker streikt")["results"]
    assert [hit["subject"][begin:end] for begin, end in hit["highlights"][0]["marks"]] == ["Drucker", "streikt"]


def test_control_characters_make_no_marks(people):
    number = create(people.employee, subject="odd \u0002marks\u0003 here", description="\u0003\u0002")["ticket_number"]
    (hit,) = search(people.employee, "odd")["results"]
    assert hit["ticket_number"] == number and hit["subject"] == "odd \u0002marks\u0003 here"
    assert hit["highlights"] == [{"field": "subject", "text": "odd marks here", "marks": [[0, 3]]}]
    people.employee.post(f"/api/v1/tickets/{number}/withdraw", expect=200)


def test_comments_are_found(people, tickets):
    path = f"/api/v1/tickets/{tickets['vpn']}/comments"
    people.employee.post(path, {"comment": "It begins with a zeppelin"}, expect=201)
    (hit,) = search(people.employee, "zeppelin")["results"]
    assert hit["ticket_number"] == tickets["vpn"] and hit["highlights"][0]["field"] == "comment"
    assert hits(people.other_employee, "zeppelin") == []
    assert listed(people.employee, "zeppelin has:comment -fax") == [tickets["vpn"]]
    assert listed(people.employee, "-zeppelin is:open") == sorted([tickets["printer"], tickets["laptop"]])
    comment = people.employee.post(path, {"comment": "and a balloon"}, expect=201).json()
    people.employee.patch(f"{path}/{comment['id']}", {"comment": "and a gyroplane"}, expect=200)
    assert hits(people.employee, "balloon") == [] and hits(people.employee, "gyroplane") == [tickets["vpn"]]
    people.employee.delete(f"{path}/{comment['id']}", expect=204)
    assert hits(people.employee, "gyroplane") == []


def test_notes_are_found_by_those_only_who_may_read_them(people, db, tickets):
    path = f"/api/v1/tickets/{tickets['vpn']}"
    people.coordinator.post(path + "/comments", {"comment": "customer is a xylophonist", "visibility": "internal"},
                            expect=201)
    db.query("INSERT INTO ticket_participant (user_id, ticket_id, created_at, is_watcher) "
             "SELECT %s, id, created_at, true FROM ticket WHERE number = %s", OTHER_EMPLOYEE, tickets["vpn"],
             program="helpdesk-service")
    for client, may in ((people.coordinator, True), (people.admin, True), (people.service, True), (people.employee, False),
                        (people.other_employee, False), (people.other_coordinator, False)):
        found = [tickets["vpn"]] if may else []
        assert hits(client, "xylophonist") == found
        assert hits(client, "tunnel xylophon*") == []  # not in one text
        assert listed(client, "xylophonist") == found
        assert listed(client, "xylophonist is:open") == found
        assert ("xylophonist" in search(client, "customer").__str__()) == may
    # nor by what is missing
    assert tickets["vpn"] in listed(people.employee, "-xylophonist")
    assert tickets["vpn"] not in listed(people.coordinator, "-xylophonist")
    # somebody who may read all does not read the notes of what they requested
    own_ticket = create(people.admin, subject="of the administrator")["ticket_number"]
    people.service.post(f"/api/v1/tickets/{own_ticket}/comments", {"comment": "x"})
    db.query("INSERT INTO ticket_comment (ticket_id, author_name, comment, is_internal, created_at, search_part) "
             "SELECT id, 'x', 'marimba', true, created_at, ticket_search_add(id, true, created_at, 'marimba') "
             "FROM ticket WHERE number = %s", own_ticket, program="helpdesk-service")
    assert hits(people.admin, "marimba") == [] and listed(people.admin, "marimba") == []
    assert hits(people.tts_admin, "marimba") == [own_ticket]


def test_words_stand_together_in_a_ticket_not_in_a_text(people, tickets):
    number = create(people.service, requester_id=EMPLOYEE, subject="theremin", tags=["ondes"])["ticket_number"]
    people.employee.post(f"/api/v1/tickets/{number}/comments", {"comment": "the trautonium hums"}, expect=201)
    people.admin.post(f"/api/v1/tickets/{number}/comments", {"comment": "a heckelphone", "visibility": "internal"}, expect=201)
    for query in ("theremin trautonium", "ondes hums", 'theremin "trautonium hums"', "theremin trauton"):
        assert hits(people.employee, query) == [number] == listed(people.employee, query), query
    assert hits(people.tts_admin, "theremin heckelphone") == []
    marked = search(people.employee, "theremin trautonium")["results"][0]["highlights"]
    assert {mark["field"]: mark["text"][slice(*mark["marks"][0])] for mark in marked} == \
        {"subject": "theremin", "comment": "trautonium"}


def test_comments_are_found_as_they_are_now(people, tickets):
    number = create(people.service, requester_id=EMPLOYEE, subject="psaltery")["ticket_number"]
    path = f"/api/v1/tickets/{number}/comments"
    first = people.employee.post(path, {"comment": "kantele"}, expect=201).json()
    # so many words that the ticket's are kept in several parts
    for part in range(4):
        people.employee.post(path, {"comment": " ".join(f"word{part}x{n}" for n in range(200))}, expect=201)
    last = people.employee.post(path, {"comment": "gusli"}, expect=201).json()
    for word in ("kantele", "word0x7", "word3x199", "gusli"):
        assert hits(people.employee, word) == [number], word
    people.employee.patch(f"{path}/{last['id']}", {"comment": "bandura"}, expect=200)
    people.employee.patch(f"{path}/{first['id']}", {"comment": "zither"}, expect=200)
    assert hits(people.employee, "gusli") == [] == hits(people.employee, "kantele")
    assert hits(people.employee, "bandura") == [number] == hits(people.employee, "psaltery zither")
    people.admin.patch(f"/api/v1/tickets/{number}", {"subject": "dulcimer"}, expect=200)
    assert hits(people.employee, "dulcimer zither") == [number] and hits(people.employee, "psaltery") == []
    people.employee.delete(f"{path}/{first['id']}", expect=204)
    assert hits(people.employee, "zither") == [] and hits(people.employee, "dulcimer") == [number]


def test_what_changes_is_found_anew(people, tickets):
    number = create(people.service, requester_id=EMPLOYEE, subject="harpsichord", tags=["cembalo"])["ticket_number"]
    assert hits(people.employee, "harpsichord") == [number] == hits(people.employee, "cembalo")
    people.admin.patch(f"/api/v1/tickets/{number}", {"subject": "clavichord", "tags": ["spinet"]}, expect=200)
    assert hits(people.employee, "harpsichord") == [] and hits(people.employee, "cembalo") == []
    assert hits(people.employee, "clavichord") == [number] == hits(people.employee, "spinet")
    people.admin.post(f"/api/v1/tickets/{number}/tags", {"tags": ["virginal"]}, expect=200)
    assert hits(people.employee, "virginal") == [number]


def test_mistyped_words(people, db, tickets):
    wait_for(lambda: db.query("SELECT 1 FROM search_word WHERE word = 'drucker'", program="helpdesk-service"), 30, "words")
    body = search(people.employee, "dukcer strekit")
    assert [one["ticket_number"] for one in body["results"]] == []
    body = search(people.employee, "druckre streikt")
    assert [one["ticket_number"] for one in body["results"]] == [tickets["printer"]]
    assert body["corrections"] == [{"word": "druckre", "used": "drucker"}]
    # nobody learns the words of others
    assert search(people.other_employee, "druckre")["corrections"] == []
    assert search(people.employee, "qqqqqqq")["results"] == []


def test_the_best_come_first(people):
    weak = create(people.other_employee, subject="something", description="about a trombone")["ticket_number"]
    strong = create(people.other_employee, subject="trombone trombone", description="x")["ticket_number"]
    newest = create(people.other_employee, subject="other", description="trombone")["ticket_number"]
    assert hits(people.other_employee, "trombone") == [strong, newest, weak]
    assert hits(people.other_employee, "trombone", sort="newest") == [newest, strong, weak]
    assert hits(people.other_employee, "trombone", sort_by="newest", limit=1, page=2) == [strong]
    page = search(people.other_employee, "trombone", page_size=2)
    assert page["count"] == 3 and len(page["results"]) == 2 and page["next"].endswith("page=2") and "next_cursor" not in page
    last = search(people.other_employee, "trombone", page_size=2, page=2)
    assert len(last["results"]) == 1 and last["next"] is None and last["previous"]
    assert search(people.other_employee, "trombone", page=100)["results"] == []
    assert len(search(people.other_employee, "")["results"]) >= 3


@pytest.mark.parametrize("params", [{"page": 0}, {"page_size": 0}, {"sort": "best"}, {"type": "car"}, {"q": "x" * 1001}])
def test_bad_searches(people, params):
    check_error(people.employee.get("/api/v1/search", params=params), 422, "VALIDATION_ERROR")


def test_problems_of_searches(people):
    for path in ("/api/v1/search", "/api/v1/search/filters"):
        assert "at 1:" in problem(people.employee, "colour:red", path)
        check_error(people.nobody.get(path), 401, "UNAUTHENTICATED")
    check_error(people.nobody.get("/api/v1/search/autocomplete?q=ab"), 401, "UNAUTHENTICATED")


# ---- proposals ----------------------------------------------------------------------------------

def proposals(client, typed, **params):
    body = client.get("/api/v1/search/autocomplete", params={"q": typed, **params}, expect=200).json()
    assert body["success"] is True and body["data"]["suggestions"] == body["suggestions"]
    return body["suggestions"]


def test_proposals(people, tickets):
    assert {"text": "IT Support", "type": "category"} in proposals(people.employee, "it su")
    assert {"text": "IT Department", "type": "department"} in proposals(people.employee, "IT ")
    assert {"text": "Cannot connect to the VPN", "type": "ticket", "id": tickets["vpn"],
            "title": "Cannot connect to the VPN"} in proposals(people.employee, "cannot conn")
    assert {"text": "vpn", "type": "tag"} in proposals(people.coordinator, "vp")
    assert not [one for one in proposals(people.employee, "vp") if one["type"] == "tag"]
    number = tickets["printer"]
    assert [(one["type"], one["text"]) for one in proposals(people.employee, number)] == [("number", number)]
    assert {one["type"] for one in proposals(people.employee, number[:6])} == {"number"}
    assert len(proposals(people.employee, number[:6], limit=2)) == 2
    assert proposals(people.employee, "foreign") == [] and proposals(people.employee, tickets["foreign"]) == []
    assert proposals(people.employee, "xylophonist") == [] and proposals(people.employee, "  ") == []
    assert proposals(people.employee, "%_\\'") == []


@pytest.mark.parametrize("query,status", [("", 400), ("q=", 400), ("q=a", 422), ("q=ab&limit=0", 422), ("q=ab&limit=21", 422),
                                          ("q=" + "x" * 201, 422)])
def test_bad_proposals(people, query, status):
    check_error(people.employee.get("/api/v1/search/autocomplete?" + query), status,
                "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR")


# ---- facets -------------------------------------------------------------------------------------

def facets(client, query=""):
    body = client.get("/api/v1/search/filters", params={"q": query}, expect=200).json()
    assert body["success"] is True
    return {name: {one["value"]: one["count"] for one in values} for name, values in body["data"].items()}


def test_facets_of_all_and_of_some(people, db, tickets):
    everything = facets(people.admin)
    (count,) = db.query("SELECT count(*) FROM ticket", program="helpdesk-service")[0]
    assert sum(everything["statuses"].values()) == sum(everything["priorities"].values()) == count
    assert sum(everything["categories"].values()) == count and everything["tags"]["vpn"] == 1
    assert everything["departments"]["IT Department"] == db.query(
        "SELECT count(*) FROM ticket WHERE department = 'IT Department'", program="helpdesk-service")[0][0]
    mine = facets(people.employee)
    assert sum(mine["statuses"].values()) < count and mine["priorities"]["Urgent"] == 1 and mine["tags"]["vpn"] == 1
    some = facets(people.admin, "tunnel")
    assert some == {"statuses": {"Open": 1}, "priorities": {"Urgent": 1}, "categories": {"IT Support": 1},
                    "departments": {"IT Department": 1}, "tags": {"network": 1, "vpn": 1}}
    assert facets(people.other_employee, "paper")["statuses"] == {}
    assert facets(people.employee, "xylophonist")["statuses"] == {}
    assert facets(people.reviewer)["statuses"] == {}
