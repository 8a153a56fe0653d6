"""Business hours: keeping them, importing holidays, and what a change would do."""
import datetime
import uuid

import pytest
from lib.http import check_error
from lib.wait import wait_for
from lib.workflow import ADAM, EMIL, RITA, TINA, World

PATH = "/api/v1/calendars"
OFFICE = [{"weekday": day, "start": "09:00", "end": "17:00"} for day in range(1, 6)]
ALWAYS = [{"weekday": day, "start": "00:00", "end": "24:00"} for day in range(1, 8)]


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


@pytest.fixture(name="tina")
def _tina(world):
    return world.as_person(TINA)


def body(**fields):
    return {"name": f"Office {uuid.uuid4().hex[:8]}", "zone": "Europe/Berlin", "slots": OFFICE, **fields}


def new(tina, **fields):
    return tina.post(PATH, body(**fields), expect=201).json()


def ical(*lines):
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""])


def event(*lines):
    return ["BEGIN:VEVENT", *lines, "END:VEVENT"]


def send_ical(client, calendar, text, **kwargs):
    return client.request("POST", f"{PATH}/{calendar['id']}/holidays/import", data=text.encode(),
                          headers={"Content-Type": "text/calendar; charset=utf-8", **kwargs.pop("headers", {})}, **kwargs)


# ---- keeping ------------------------------------------------------------------------------------

def test_the_life_of_a_calendar(world, tina):
    sent = body(exceptions=[{"date": "2027-12-24", "name": "Half a day", "slots": [{"start": "09:00", "end": "12:30"}]},
                            {"date": "2027-12-25", "name": "Christmas <b>'\"; DROP TABLE calendar--", "slots": []}])
    answer = tina.post(PATH, sent, expect=201)
    made = answer.json()
    assert answer.headers["Location"] == f"{PATH}/{made['id']}" and answer.headers["ETag"] == '"1"'
    assert {key: made[key] for key in sent} == sent and made["version"] == 1
    got = world.as_person(EMIL).get(f"{PATH}/{made['id']}", expect=200)
    assert got.json() == made and got.headers["ETag"] == '"1"'
    changed = tina.patch(f"{PATH}/{made['id']}", {"zone": "UTC"}, headers={"If-Match": '"1"'}, expect=200).json()
    assert changed["zone"] == "UTC" and changed["version"] == 2 and changed["exceptions"] == made["exceptions"]
    check_error(tina.patch(f"{PATH}/{made['id']}", {"zone": "UTC"}, headers={"If-Match": '"1"'}), 412,
                "PRECONDITION_FAILED")
    assert tina.patch(f"{PATH}/{made['id']}", {"exceptions": []}, expect=200).json()["exceptions"] == []
    check_error(tina.delete(f"{PATH}/{made['id']}", headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    tina.delete(f"{PATH}/{made['id']}", expect=204)
    check_error(tina.get(f"{PATH}/{made['id']}"), 404, "NOT_FOUND")


def test_lists_have_pages(world, tina):
    names = sorted(new(tina, name=f"Listed {i} {uuid.uuid4().hex[:6]}")["name"] for i in range(3))
    first = world.as_person(EMIL).get(PATH, params={"page_size": 2}, expect=200).json()
    assert first["count"] >= 3 and len(first["results"]) == 2 and first["next"] and first["previous"] is None
    everything = [c for page in range(1, 2 + first["count"] // 100) for c in
                  tina.get(PATH, params={"page": page, "page_size": 100}, expect=200).json()["results"]]
    assert [c["name"] for c in everything if c["name"] in names] == names
    assert next(c for c in everything if c["name"] == names[0])["slots"] == 5


def test_a_repeated_request_is_one_calendar(tina):
    sent, key = body(), {"Idempotency-Key": uuid.uuid4().hex}
    one = tina.post(PATH, sent, headers=key, expect=201)
    two = tina.post(PATH, sent, headers=key, expect=201)
    assert one.json() == two.json() and two.headers["Idempotency-Replayed"] == "true"
    check_error(tina.post(PATH, body(), headers=key), 422, "VALIDATION_ERROR")


def test_names_are_unique(tina):
    one, two = new(tina), new(tina)
    check_error(tina.post(PATH, body(name=one["name"].upper())), 409, "DUPLICATE_RESOURCE")
    check_error(tina.patch(f"{PATH}/{two['id']}", {"name": one["name"]}), 409, "DUPLICATE_RESOURCE")


BAD = [
    ({"zone": "../../etc/passwd"}, "zone"), ({"zone": "Europe/Atlantis"}, "zone"), ({"zone": "posixrules/.."}, "zone"),
    ({"zone": "right/Europe/Berlin"}, "zone"), ({"zone": "Z" * 65}, "zone"), ({"zone": "Europe"}, "zone"),
    ({"name": "x" * 101}, "name"), ({"slots": []}, "slots"),
    ({"slots": [{"weekday": 0, "start": "09:00", "end": "17:00"}]}, "slots[0].weekday"),
    ({"slots": [{"weekday": 8, "start": "09:00", "end": "17:00"}]}, "slots[0].weekday"),
    ({"slots": [{"weekday": 1, "start": "17:00", "end": "09:00"}]}, "slots[0]"),
    ({"slots": [{"weekday": 1, "start": "09:00", "end": "24:01"}]}, "slots[0]"),
    ({"slots": [{"weekday": 1, "start": "9:000", "end": "17:00"}]}, "slots[0]"),
    ({"slots": [{"weekday": 1, "start": "09:00", "end": "12:00"}, {"weekday": 1, "start": "11:59", "end": "13:00"}]}, "slots"),
    ({"slots": OFFICE * 68}, "slots"),
    ({"exceptions": [{"date": "2027-02-29"}]}, "exceptions[0].date"),
    ({"exceptions": [{"date": "1899-12-31"}]}, "exceptions[0].date"),
    ({"exceptions": [{"date": "2027-01-01"}, {"date": "2027-01-01"}]}, "exceptions"),
    ({"exceptions": [{"date": "2027-01-01", "slots": [{"start": "10:00", "end": "10:00"}]}]}, "exceptions[0].slots[0]"),
    ({"exceptions": [{"date": "2027-01-01", "name": "n" * 201}]}, "exceptions[0].name"),
]


@pytest.mark.parametrize("change, field", BAD, ids=[f"{i}-{field}" for i, (_, field) in enumerate(BAD)])
def test_what_cannot_be_kept_is_refused(tina, change, field):
    fields = check_error(tina.post(PATH, body(**change)), 422, "VALIDATION_ERROR")["details"]["fields"]
    assert list(fields) == [field]


@pytest.mark.parametrize("change", [
    {"name": None}, {"zone": None}, {"slots": None}, {"name": 7}, {"slots": {}}, {"slots": [7]}, {"slots": [{"weekday": "x"}]},
    {"exceptions": [{}]}, {"zone": "  "}, {"name": " "}], ids=str)
def test_malformed_bodies_are_refused(tina, change):
    check_error(tina.post(PATH, body(**change)), 400, "INVALID_INPUT")


def test_unknown_members_and_ill_texts_are_refused(tina):
    assert tina.post(PATH, {**body(), "colour": "red"}).status_code in (400, 422)
    assert tina.request("POST", PATH, data=b'{"name":"\\u0000","zone":"UTC","slots":[]}',
                        headers={"Content-Type": "application/json"}).status_code == 400
    assert tina.request("POST", PATH, data=b'{"name":"\xff"}',
                        headers={"Content-Type": "application/json"}).status_code == 400


def test_a_year_without_an_open_minute_is_refused(tina):
    today = datetime.date.today()
    monday = today - datetime.timedelta(days=today.weekday())
    closed = [{"date": (monday + datetime.timedelta(weeks=week)).isoformat()} for week in range(54)]
    only_mondays = [{"weekday": 1, "start": "09:00", "end": "10:00"}]
    fields = check_error(tina.post(PATH, body(slots=only_mondays, exceptions=closed)), 422,
                         "VALIDATION_ERROR")["details"]["fields"]
    assert fields == {"exceptions": "no minute is open within 366 days"}
    new(tina, slots=only_mondays, exceptions=closed[:40])


@pytest.mark.parametrize("path", ["0", "99999999", "x", "9" * 30, "-1"])
def test_unknown_calendars(tina, path):
    for method, tail, sent in (("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("POST", "/preview", {})):
        check_error(tina.request(method, f"{PATH}/{path}{tail}", json=sent), 404, "NOT_FOUND")
    check_error(send_ical(tina, {"id": path}, ical()), 404, "NOT_FOUND")


def test_only_administrators_of_workflows_change_them(world, tina):
    made = new(tina)
    for person in (EMIL, RITA, ADAM):
        client = world.as_person(person)
        client.get(PATH, expect=200)
        for method, path, sent in (("POST", PATH, body()), ("PATCH", f"{PATH}/{made['id']}", {}),
                                   ("DELETE", f"{PATH}/{made['id']}", None),
                                   ("POST", f"{PATH}/{made['id']}/preview", {})):
            check_error(client.request(method, path, json=sent), 403, "FORBIDDEN")
        check_error(send_ical(client, made, ical()), 403, "FORBIDDEN")
    check_error(world.http.get(PATH), 401, "UNAUTHENTICATED")
    check_error(world.http.post(PATH, body()), 401, "UNAUTHENTICATED")


def test_one_that_a_policy_uses_stays(tina):
    made = new(tina)
    policy = tina.post("/api/v1/sla/policies", {"name": uuid.uuid4().hex, "calendar_id": made["id"]}, expect=201).json()
    check_error(tina.delete(f"{PATH}/{made['id']}"), 409, "CONFLICT")
    tina.delete(f"/api/v1/sla/policies/{policy['id']}", expect=204)
    tina.delete(f"{PATH}/{made['id']}", expect=204)


# ---- holidays -----------------------------------------------------------------------------------

def test_holidays_come_from_a_calendar_file(tina):
    year = datetime.date.today().year
    made = new(tina, exceptions=[{"date": f"{year + 1}-05-01", "name": "Ours", "slots": [{"start": "10:00", "end": "11:00"}]}])
    text = ical(
        *event("UID:1", "DTSTART;VALUE=DATE:20200101", "DTEND;VALUE=DATE:20200102", "RRULE:FREQ=YEARLY", "SUMMARY:New",
               "  Year\\, again"),
        *event("UID:2", f"DTSTART;VALUE=DATE:{year + 1}1225", f"DTEND;VALUE=DATE:{year + 1}1227", "SUMMARY:Christmas"),
        *event("UID:3", f"DTSTART;VALUE=DATE:{year + 1}0501", "SUMMARY:Labour Day"),
        *event("UID:4", f"DTSTART:{year + 1}0601T100000Z", f"DTEND:{year + 1}0601T110000Z", "SUMMARY:A meeting"),
        *event("UID:5", "STATUS:CANCELLED", f"DTSTART;VALUE=DATE:{year + 1}0701", "SUMMARY:Not after all"),
        *event("UID:6", "DTSTART;VALUE=DATE:20100301", "SUMMARY:Long ago"))
    answer = send_ical(tina, made, text, headers={"If-Match": '"1"'}, expect=200)
    reply = answer.json()
    assert reply["version"] == 2 and answer.headers["ETag"] == '"2"' and reply["kept"] == 1
    days = {x["date"]: x for x in tina.get(f"{PATH}/{made['id']}", expect=200).json()["exceptions"]}
    assert len(days) == reply["added"] + 1
    assert days[f"{year + 1}-01-01"] == {"date": f"{year + 1}-01-01", "name": "New Year, again", "slots": []}
    assert f"{year + 10}-01-01" in days and f"{year + 11}-01-01" not in days
    assert {f"{year + 1}-12-25", f"{year + 1}-12-26"} <= set(days) and f"{year + 1}-12-27" not in days
    assert days[f"{year + 1}-05-01"]["name"] == "Ours" and days[f"{year + 1}-05-01"]["slots"]
    assert not {f"{year + 1}-06-01", f"{year + 1}-07-01", "2010-03-01"} & set(days)
    again = send_ical(tina, made, text, expect=200).json()
    assert again["added"] == 0 and again["version"] == 2
    check_error(send_ical(tina, made, text, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")


BROKEN = [
    ("", 1), ("hello", 1), ("BEGIN:VEVENT\nEND:VEVENT\n", 1), (ical("NO COLON"), 3), (ical(*event("SUMMARY:x")), 3),
    (ical(*event("DTSTART;VALUE=DATE:20271301")), 4), (ical(*event("DTSTART;VALUE=DATE:20270101", "DTEND:2027")), 5),
    (ical(*event("DTSTART;VALUE=DATE:20270102", "DTEND;VALUE=DATE:20270101")), 3),
    (ical(*event("DTSTART;VALUE=DATE:20270102", "RRULE:FREQ=WEEKLY")), 5),
    (ical(*event("DTSTART;VALUE=DATE:20270102", "RRULE:FREQ=YEARLY;BYDAY=1MO")), 5),
    (ical(*event("DTSTART;VALUE=DATE:20270102", "RRULE:FREQ=YEARLY;INTERVAL=0")), 5),
    (ical(*event("DTSTART;VALUE=DATE:20270102", "RRULE:FREQ=YEARLY;COUNT=-1")), 5),
    (ical(*event("DTSTART;VALUE=DATE:20270102", "RRULE:COUNT=1")), 5),
    (ical(*event("DTSTART;VALUE=DATE:20270102", "EXDATE:20280102")), 5),
    (ical(*event("DTSTART;VALUE=DATE:20270102"), "BEGIN:VEVENT"), 1), (ical("X:" + "y" * 5000), 3),
    (ical(*event("DTSTART;VALUE=DATE:20000101", "DTEND;VALUE=DATE:20010101", "RRULE:FREQ=YEARLY")), 3),
    (ical("SUMMARY:\x00"), 1), ("BEGIN:VCALENDAR\r\n", 2),
]


@pytest.mark.parametrize("text, line", BROKEN, ids=range(len(BROKEN)))
def test_broken_files_are_refused_with_their_line(tina, text, line):
    made = new(tina)
    details = check_error(send_ical(tina, made, text), 422, "VALIDATION_ERROR")["details"]
    if "BEGIN:VEVENT\r\nEND:VCALENDAR" in text:
        assert details["line"] >= line
    else:
        assert details["line"] == line and details["fields"]["file"].startswith(f"line {line}: ")
    assert tina.get(f"{PATH}/{made['id']}").json()["version"] == 1


def test_files_of_other_kinds_and_sizes_are_refused(tina):
    made = new(tina)
    path = f"{PATH}/{made['id']}/holidays/import"
    check_error(tina.request("POST", path, data=b"{}", headers={"Content-Type": "application/json"}), 415,
                "UNSUPPORTED_MEDIA_TYPE")
    check_error(send_ical(tina, made, "X" * (1024 * 1024 + 1)), 413, "PAYLOAD_TOO_LARGE")
    check_error(tina.request("POST", path, data=b"BEGIN:VCALENDAR\n\xff\xfe\n", headers={"Content-Type": "text/calendar"}),
                422, "VALIDATION_ERROR")


# ---- what a change would do, and does -----------------------------------------------------------

def clock_of(world, number, metric="resolution"):
    sla = world.as_person(ADAM).get(f"/api/v1/sla/{number}", expect=200).json()
    return next(c for c in sla["clocks"] if c["metric"] == metric)


def workflow_id(world, name="IT Support Workflow"):
    page = world.as_person(ADAM).get("/api/v1/workflows", params={"page_size": 100}, expect=200).json()
    return next(w["workflow_id"] for w in page["results"] if w["name"] == name)


def test_a_change_is_seen_before_it_is_made(world, tina):
    calendar = new(tina, zone="UTC", slots=ALWAYS)
    policy = tina.post("/api/v1/sla/policies", {"name": uuid.uuid4().hex, "calendar_id": calendar["id"],
                                                "workflows": [workflow_id(world)]}, expect=201).json()
    number = world.open_ticket()["ticket_number"]
    before = clock_of(world, number)
    tomorrow = datetime.datetime.now(datetime.timezone.utc).date()
    closed = [{"date": (tomorrow + datetime.timedelta(days=d)).isoformat()} for d in range(0, 2)]
    path = f"{PATH}/{calendar['id']}"
    same = tina.post(f"{path}/preview", {}, expect=200).json()
    assert same["changed"] == 0 and same["is_complete"] is True and same["examined"] >= 2
    seen = tina.post(f"{path}/preview", {"exceptions": closed}, expect=200).json()
    mine = next(m for m in seen["sample"] if m["ticket_number"] == number and m["metric"] == "resolution")
    assert mine["old_due_at"] == before["due_at"] and mine["new_due_at"] > before["due_at"]
    assert clock_of(world, number)["due_at"] == before["due_at"]
    check_error(tina.post(f"{path}/preview", {"zone": "Nowhere"}), 422, "VALIDATION_ERROR")

    tina.patch(path, {"exceptions": closed}, expect=200)
    wait_for(lambda: clock_of(world, number)["due_at"] != before["due_at"], what="the clock to be computed anew")
    after = clock_of(world, number)
    assert after["due_at"] == mine["new_due_at"] and after["breach_at"] == mine["new_breach_at"]
    assert after["calendar"] == calendar["name"] and any("computed anew" in line for line in after["explain"])
    shown = world.as_person(ADAM).get(f"/api/v1/sla/{number}").json()
    assert shown["target_resolution"] == after["due_at"] and shown["sla_breach_at"] == after["breach_at"]
    tina.delete(f"/api/v1/sla/policies/{policy['id']}", expect=204)
    wait_for(lambda: clock_of(world, number)["due_at"] == before["due_at"], what="the clock to run around the clock")


def test_recomputing_goes_on_after_a_kill(world, tina):
    calendar = new(tina, zone="UTC", slots=ALWAYS)
    policy = tina.post("/api/v1/sla/policies", {"name": uuid.uuid4().hex, "calendar_id": calendar["id"],
                                                "workflows": [workflow_id(world)]}, expect=201).json()
    numbers = [world.send_ticket() for _ in range(150)]
    for number in numbers:
        wait_for(lambda n=number: world.task_of(n))
    start = datetime.datetime.now(datetime.timezone.utc).date()
    closed = [{"date": (start + datetime.timedelta(days=d)).isoformat()} for d in range(0, 3)]
    tina.patch(f"{PATH}/{calendar['id']}", {"exceptions": closed}, expect=200)
    world.service.restart()
    stale = ("SELECT count(*) FROM sla_clock c JOIN workflow w ON w.id = c.workflow_id"
             " WHERE c.stopped_at IS NULL AND c.sla_version <> w.sla_version")
    wait_for(lambda: world.rows(stale) == [(0,)], what="all clocks to be computed anew")
    day = (start + datetime.timedelta(days=3)).isoformat()
    assert all(clock_of(world, number)["due_at"] == f"{day}T08:00:00Z" for number in numbers[::10])
    events = world.rows("SELECT clock_id FROM sla_event WHERE kind = 'recompute' GROUP BY clock_id, due_at"
                        " HAVING count(*) > 1 AND due_at = %s", f"{day}T08:00:00Z")
    assert not events
    tina.delete(f"/api/v1/sla/policies/{policy['id']}", expect=204)
