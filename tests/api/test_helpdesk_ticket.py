"""Opening, reading and listing tickets: canonical and integration surface."""
import re
import time

import pytest

from helpdesk_support import (ADMIN, COORDINATOR, EMPLOYEE, TICKET, create, helpdesk, history, own,  # noqa: F401
                              people)
from lib.http import check_error

INTEGRATION_MEMBERS = ["id", "ticket_number", "subject", "description", "category", "sub_category",
                       "department", "priority", "status", "employee", "ticket_owner_id",
                       "ticket_owner_name", "created_at", "updated_at", "date_completed", "csat_rating",
                       "csat_feedback", "attachments", "comments"]
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")


def test_create_answers_with_the_integration_body(people):
    answer = people.employee.post("/api/v1/tickets", TICKET, expect=201)
    body = answer.json()
    assert list(body) == INTEGRATION_MEMBERS
    number = body["ticket_number"]
    assert re.match(r"^TX%s\d{6}$" % time.strftime("%Y%m%d", time.gmtime()), number)
    assert {key: body[key] for key in TICKET} == TICKET
    assert body["status"] == "Open"
    assert body["employee"] == {"id": EMPLOYEE, "name": "John Doe", "email": "john.doe@company.com",
                                "department": "Engineering"}
    assert body["ticket_owner_id"] is None and body["ticket_owner_name"] is None
    assert body["attachments"] == [] and body["comments"] == []
    assert body["date_completed"] is None and body["csat_rating"] is None and body["csat_feedback"] is None
    assert TIME.match(body["created_at"]) and body["updated_at"] == body["created_at"]
    assert answer.headers["Location"] == f"/api/v1/tickets/{number}"
    assert answer.headers["ETag"] == '"1"'
    assert people.employee.get(f"/api/tickets/number/{number}/", expect=200).json() == body


def test_create_on_the_integration_path(people):
    body = people.employee.post("/api/tickets/", TICKET, expect=201).json()
    assert list(body) == INTEGRATION_MEMBERS


def test_numbers_are_unique(people):
    numbers = {create(people.employee)["ticket_number"] for _ in range(70)}
    assert len(numbers) == 70


def test_opened_tickets_are_counted_once(people):
    def counted():
        text = people.employee.get("/metrics", expect=200).text
        return sum(float(line.split()[1]) for line in text.splitlines() if line.startswith("tickets_created_total "))
    before = counted()
    for key in ("a", "a", "b"):
        people.employee.post("/api/v1/tickets", TICKET, expect=201, headers={"Idempotency-Key": f"counted {key}"})
    people.employee.post("/tickets", {"title": "Counted", "description": "too", "category": "bug"}, expect=201)
    check_error(people.employee.post("/api/v1/tickets", {}), 400, "INVALID_INPUT")
    assert counted() == before + 3


def test_create_takes_the_catalogues_spelling_and_defaults(people):
    body = create(people.employee, category="it support", department=None, sub_category=None, priority=None)
    assert body["category"] == "IT Support"
    assert body["department"] == "IT Department"
    assert body["sub_category"] is None
    assert body["priority"] == "Medium"
    body = create(people.employee, priority="critical", department="it department",
                  sub_category="data backup/restore")
    assert body["priority"] == "Urgent"
    assert body["department"] == "IT Department" and body["sub_category"] == "Data Backup/Restore"


def test_create_takes_words_outside_the_catalogue(people):
    body = create(people.employee, category="Gardening", department="Grounds", sub_category="Lawn")
    assert (body["category"], body["department"], body["sub_category"]) == ("Gardening", "Grounds", "Lawn")


def test_create_ignores_what_is_not_the_clients_to_set(people):
    body = create(people.employee, status="Closed", csat_rating=5, ticket_owner_id=7, id=1)
    assert body["status"] == "Open" and body["csat_rating"] is None and body["ticket_owner_id"] is None


@pytest.mark.parametrize("change", [{"subject": None}, {"subject": ""}, {"subject": "  "}, {"subject": 7},
                                    {"description": None}, {"description": ["x"]}, {"category": None},
                                    {"category": {}}, {"sub_category": 5}, {"priority": 3},
                                    {"requester_id": "x"}])
def test_create_refuses_missing_and_ill_typed_fields(people, change):
    answer = people.employee.post("/api/v1/tickets", {**TICKET, **change})
    body = check_error(answer, 400, "INVALID_INPUT")
    assert list(body["details"]["fields"]) == list(change)


def test_create_names_all_bad_values_at_once(people):
    answer = people.employee.post("/api/v1/tickets", {**TICKET, "subject": "x" * 201, "priority": "Huge"})
    body = check_error(answer, 422, "VALIDATION_ERROR")
    assert set(body["details"]["fields"]) == {"subject", "priority"}


@pytest.mark.parametrize("body,status,code", [
    (b"", 400, "INVALID_INPUT"), (b"{", 400, "INVALID_INPUT"), (b"[]", 400, "INVALID_INPUT"),
    (b'{"subject":"a\\u0000b","description":"d","category":"c"}', 400, "INVALID_INPUT"),
    (b'{"subject":"\xff","description":"d","category":"c"}', 400, "INVALID_INPUT"),
    (b"[" * 5000, 400, "INVALID_INPUT")])
def test_create_refuses_malformed_bodies(people, body, status, code):
    answer = people.employee.request("POST", "/api/v1/tickets", data=body,
                                     headers={"Content-Type": "application/json"})
    check_error(answer, status, code)


def test_create_refuses_other_types_and_huge_bodies(people):
    check_error(people.employee.request("POST", "/api/v1/tickets", data="a=b", headers={
        "Content-Type": "application/x-www-form-urlencoded"}), 415, "UNSUPPORTED_MEDIA_TYPE")
    check_error(people.employee.post("/api/v1/tickets", {**TICKET, "description": "x" * 20_000_000}),
                413, "PAYLOAD_TOO_LARGE")
    check_error(people.employee.post("/api/v1/tickets", {**TICKET, "description": "x" * 20_001}),
                422, "VALIDATION_ERROR")


def test_hostile_texts_come_back_verbatim(people):
    text = "Robert'); DROP TABLE ticket;-- <script>alert(\"1\")</script> %s \\ \u202e \U0001f4a5 \x01 $1 {{x}}"
    body = create(people.employee, subject=text, description=text * 20, category="<b>'", sub_category="%00")
    again = people.employee.get(f"/api/tickets/number/{body['ticket_number']}/", expect=200).json()
    assert again["subject"] == text and again["description"] == text * 20
    assert again["category"] == "<b>'" and again["sub_category"] == "%00"


def test_create_for_somebody_else(people):
    for client in (people.coordinator, people.admin, people.service):
        body = create(client, requester_id=EMPLOYEE)
        assert body["employee"]["name"] == "John Doe"
        people.employee.get(f"/api/v1/tickets/{body['ticket_number']}", expect=200)
    assert create(people.coordinator, employee_id=EMPLOYEE)["employee"]["id"] == EMPLOYEE
    check_error(people.employee.post("/api/v1/tickets", {**TICKET, "requester_id": ADMIN}), 403, "FORBIDDEN")
    answer = people.coordinator.post("/api/v1/tickets", {**TICKET, "requester_id": 999999})
    assert "requester_id" in check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"]
    check_error(people.service.post("/api/v1/tickets", TICKET), 422, "VALIDATION_ERROR")


# ---- reading ------------------------------------------------------------------------------------

def test_scope_of_the_integration_route(people, db):
    number = create(people.employee)["ticket_number"]
    path = f"/api/tickets/number/{number}/"
    own(db, number)
    for client in (people.employee, people.coordinator, people.admin, people.tts_admin, people.service):
        client.get(path, expect=200)
    for client in (people.other_employee, people.other_coordinator, people.reviewer):
        check_error(client.get(path), 403, "FORBIDDEN")
    check_error(people.nobody.get(path), 401, "UNAUTHENTICATED")
    check_error(people.nobody.with_token("x.y.z").get(path), 401, "UNAUTHENTICATED")


@pytest.mark.parametrize("number", ["TX20200101000001", "TX1", "nonsense", "TX20200101%27--", "%FF%FE",
                                    "TX2020010100000%31", "x" * 500, "tx20200101000001"])
def test_unknown_numbers(people, number):
    for prefix in ("/api/tickets/number/", "/api/v1/tickets/"):
        check_error(people.admin.get(prefix + number), 404, "TICKET_NOT_FOUND")


def test_body_tells_the_owner(people, db):
    number = create(people.employee)["ticket_number"]
    own(db, number)
    body = people.coordinator.get(f"/api/tickets/number/{number}", expect=200).json()
    assert body["ticket_owner_id"] == COORDINATOR and body["ticket_owner_name"] == "Jane Smith"


def test_canonical_body_has_more(people):
    number = create(people.employee)["ticket_number"]
    answer = people.employee.get(f"/api/v1/tickets/{number}", expect=200)
    body = answer.json()
    assert set(INTEGRATION_MEMBERS) < set(body)
    assert body["version"] == 1 and answer.headers["ETag"] == '"1"'
    assert body["first_response_at"] is None and body["time_closed"] is None


def test_polling_an_unchanged_ticket(people, db):
    number = create(people.employee)["ticket_number"]
    own(db, number)
    for path in (f"/api/v1/tickets/{number}", f"/api/tickets/number/{number}/"):
        etag = people.employee.get(path, expect=200).headers["ETag"]
        assert people.employee.get(path, headers={"If-None-Match": etag}, expect=304).content == b""
        check_error(people.other_employee.get(path, headers={"If-None-Match": etag}), 403, "FORBIDDEN")
        people.coordinator.post(f"/api/v1/tickets/{number}/comments", {"comment": "news"}, expect=201)
        people.employee.get(path, headers={"If-None-Match": etag}, expect=200)


def test_sla_and_history_of_a_new_ticket(people):
    number = create(people.employee)["ticket_number"]
    body = people.employee.get(f"/api/v1/tickets/{number}/sla", expect=200).json()
    assert body["ticket_number"] == number and body["is_completed"] is False
    assert 0 <= body["elapsed_seconds"] < 60 and body["first_response_seconds"] is None
    body = people.employee.get(f"/api/v1/tickets/{number}/history", expect=200).json()
    assert body["count"] == 1
    assert body["results"][0]["field_name"] == "created"
    assert body["results"][0]["changed_by"] == EMPLOYEE
    for part in ("sla", "history"):
        check_error(people.other_employee.get(f"/api/v1/tickets/{number}/{part}"), 403, "FORBIDDEN")


# ---- lists --------------------------------------------------------------------------------------

def numbers(client, query=""):
    body = client.get("/api/v1/tickets" + query, expect=200).json()
    return [ticket["ticket_number"] for ticket in body["results"]]


def test_list_scope(people, db):
    mine = create(people.employee)["ticket_number"]
    theirs = create(people.other_employee)["ticket_number"]
    own(db, theirs)
    assert numbers(people.employee)[0] == mine
    assert theirs not in numbers(people.employee, "?page_size=100")
    assert theirs in numbers(people.coordinator) and mine not in numbers(people.coordinator)
    assert numbers(people.other_coordinator) == []
    for client in (people.admin, people.tts_admin, people.service):
        assert numbers(client)[:2] == [theirs, mine]


def test_empty_list(people):
    body = people.reviewer.get("/api/v1/tickets", expect=200).json()
    assert body == {"count": 0, "next": None, "previous": None, "results": []}


def test_pages(people):
    for _ in range(3):
        create(people.other_employee, category="Paging")
    client = people.other_employee
    first = client.get("/api/v1/tickets?category=Paging&page_size=2", expect=200).json()
    assert first["count"] == 3
    assert len(first["results"]) == 2 and first["previous"] is None
    assert first["next"].startswith(client.base + "/api/v1/tickets?")
    second = client.get(first["next"].removeprefix(client.base), expect=200).json()
    assert second["previous"] is not None
    shown = [ticket["id"] for ticket in first["results"] + second["results"]]
    assert len(set(shown)) == len(shown)
    beyond = client.get("/api/v1/tickets?category=Paging&page=50", expect=200).json()
    assert beyond["results"] == [] and beyond["count"] == first["count"] and beyond["next"] is None
    assert len(client.get("/api/v1/tickets?page_size=1000", expect=200).json()["results"]) <= 100


@pytest.mark.parametrize("query", ["page=0", "page=x", "page=-1", "page_size=0", "page=99999999999999999999",
                                   "sort=password", "status=Nonsense", "priority=Huge", "owner=abc",
                                   "requester=-3", "category=" + "x" * 101, "search=" + "y" * 201,
                                   "category=%FF", "search=%00"])
def test_bad_queries(people, query):
    answer = people.employee.get("/api/v1/tickets?" + query)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["code"] in ("INVALID_INPUT", "VALIDATION_ERROR")


def test_filters(people, db):
    client = people.employee
    number = create(client, category="Filtering", department="Filters", priority="Urgent")["ticket_number"]
    other = create(client, category="Filtering", department="Other", priority="Low")["ticket_number"]
    own(db, number)
    base = "?category=Filtering"
    assert numbers(client, base) == [other, number]
    assert numbers(client, base + "&priority=urgent") == [number]
    assert numbers(client, base + "&priority=critical,high") == [number]
    assert numbers(client, base + "&priority=Low&priority=Urgent") == [other, number]
    assert numbers(client, base + "&department=Filters") == [number]
    assert numbers(client, base + f"&owner={COORDINATOR}") == [number]
    assert numbers(client, base + "&owner=none") == [other]
    assert numbers(people.coordinator, base + "&owner=me") == [number]
    assert numbers(people.admin, base + f"&requester={EMPLOYEE}") == [other, number]
    assert numbers(people.admin, base + "&requester=me") == []
    assert numbers(client, base + "&status=open") == [other, number]
    assert numbers(client, base + "&status=in_progress,On%20Hold") == []
    assert numbers(client, base + "&sort=created_at") == [number, other]
    assert numbers(client, base + "&sort=-priority") == [number, other]
    assert numbers(client, base + "&sort=priority") == [other, number]
    assert numbers(client, base + "&sort=number") == sorted([number, other])
    assert numbers(client, base + "&sort=-updated_at&page_size=1&page=2") != []
    assert numbers(client, "?category=%27%3B--") == []


def test_counts_beyond_ten_thousand(people, db):
    """The planner's figures stand in for counting: they are right only after an ANALYZE."""
    db.query("INSERT INTO ticket (id, number, subject, description, category, priority, requester_id, requester_name, "
             "requester_email, created_at, updated_at) SELECT 2000000 + i, 'TX20190101' || lpad(i::text, 6, '0'), 's', 'd', "
             "CASE WHEN i <= 10500 THEN 'Many' ELSE 'Most' END, 'Low', 4711, 'x', 'x', '2019-01-01', '2019-01-01' "
             "FROM generate_series(1, 60000) i", program="helpdesk-service")
    db.query("ANALYZE ticket", program="helpdesk-service")
    for query in ("?", "?category=Many&", "?category=Most&", "?category=Most&sort=-priority&"):
        body = people.admin.get(f"/api/v1/tickets{query}page_size=5", expect=200).json()
        assert body["count"] == 10000 and body["count_estimated"] is True
        assert len(body["results"]) == 5 and body["next"] and body["previous"] is None
    last = people.admin.get("/api/v1/tickets?category=Many&page_size=100&page=101", expect=200).json()
    assert len(last["results"]) == 100
    body = check_error(people.admin.get("/api/v1/tickets?category=Many&page_size=100&page=102"), 400, "INVALID_INPUT")
    assert "next_cursor" in body["details"]["fields"]["page"]
    seen, pages = {one["id"] for one in last["results"]}, 0
    while "next_cursor" in last:
        last = people.admin.get(f"/api/v1/tickets?category=Many&page_size=100&cursor={last['next_cursor']}", expect=200).json()
        assert last["count"] is None and last["previous"] is None
        seen.update(one["id"] for one in last["results"])
        pages += 1
    assert len(seen) == 500 and pages == 4 and last["next"] is None
    db.query("DELETE FROM ticket WHERE requester_id = 4711", program="helpdesk-service")
    db.query("ANALYZE ticket", program="helpdesk-service")


def test_search(people):
    number = create(people.employee, subject="Quagmire in the printer-room",
                    description="The zyxwvut hums; it's 'odd' \\ & strange")["ticket_number"]
    create(people.other_employee, subject="Quagmire elsewhere")
    for words in ("quagmire", "QUAGM", "printer zyxw", "it's odd", number, number[:12], "printer-room",
                  "zyxwvut \\ & strange"):
        assert number in numbers(people.employee, "?page_size=100&search=" + requests_quote(words)), words
    assert numbers(people.employee, "?search=quagmire%20elsewhere") == []
    for words in ("'", "\\", "!!!", "| & !", "':*", "quagmire | elsewhere", "<->", "(", "nowhere"):
        assert number not in numbers(people.employee, "?search=" + requests_quote(words)), words
    assert len(numbers(people.admin, "?search=quagmire")) == 2


def requests_quote(text):
    from urllib.parse import quote  # pylint: disable=import-outside-toplevel
    return quote(text)


def test_history_rows_are_written_with_the_ticket(people, db):
    number = create(people.employee)["ticket_number"]
    assert history(db, number) == [("created", None, number)]
