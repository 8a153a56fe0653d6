"""The catalogue as administrators keep it, and custom fields."""
import pytest

from helpdesk_support import (COORDINATOR, EMPLOYEE, TICKET, create, helpdesk, history, own, people)  # noqa: F401
from lib.http import check_error

CATEGORIES, DEPARTMENTS, FIELDS = "/api/v1/categories", "/api/v1/departments", "/api/v1/custom-fields"


def category(people, name, **more):
    return people.admin.post(CATEGORIES, {"name": name, **more}, expect=201).json()


# ---- categories ---------------------------------------------------------------------------------

def test_category_life(people):
    made = category(people, "Printers", department="IT Department", sub_categories=["Ink", "Paper"])
    path = f"{CATEGORIES}/{made['id']}"
    answer = people.employee.get(path, expect=200)
    assert answer.headers["ETag"] == '"1"' and answer.json()["version"] == 1
    assert [one["name"] for one in answer.json()["sub_categories"]] == ["Ink", "Paper"]
    answer = people.admin.patch(path, {"name": "Printing", "department": None, "needs_approval": True,
                                       "expects_workflow": False}, headers={"If-Match": '"1"'}, expect=200)
    body = answer.json()
    assert answer.headers["ETag"] == '"2"' and (body["name"], body["department"]) == ("Printing", None)
    assert body["needs_approval"] is True and body["expects_workflow"] is False and body["is_active"] is True
    check_error(people.admin.patch(path, {"name": "x"}, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    check_error(people.admin.patch(path, {"name": "it support"}), 409, "DUPLICATE_RESOURCE")
    check_error(people.admin.patch(path, {"department": "Nowhere"}), 422, "VALIDATION_ERROR")
    assert people.tts_admin.patch(path, {"department": "it department"}, expect=200).json()["department"] == "IT Department"
    people.admin.patch(path, {"is_active": False}, expect=200)
    check_error(people.employee.get(path), 404, "NOT_FOUND")
    assert people.admin.get(path, expect=200).json()["is_active"] is False
    check_error(people.admin.delete(path, headers={"If-Match": '"2"'}), 412, "PRECONDITION_FAILED")
    people.admin.delete(path, expect=204)
    check_error(people.admin.get(path), 404, "NOT_FOUND")
    check_error(people.admin.delete(path), 404, "NOT_FOUND")


def test_a_category_in_use_stays(people):
    made = category(people, "Vehicles")
    path = f"{CATEGORIES}/{made['id']}"
    create(people.employee, category="vehicles")
    body = check_error(people.admin.delete(path), 409, "CONFLICT")
    assert "deactivate" in body["message"]
    people.admin.patch(path, {"is_active": False}, expect=200)
    assert "Vehicles" not in people.employee.get(CATEGORIES).text


def test_sub_categories(people):
    made = category(people, "Phones")
    path = f"{CATEGORIES}/{made['id']}"
    answer = people.admin.post(path + "/sub-categories", {"name": "Mobile"}, expect=201)
    sub = answer.json()
    assert answer.headers["ETag"] == '"2"' and sub == {"id": sub["id"], "name": "Mobile", "is_active": True}
    check_error(people.admin.post(path + "/sub-categories", {"name": "mobile"}), 409, "DUPLICATE_RESOURCE")
    one = f"{path}/sub-categories/{sub['id']}"
    check_error(people.admin.patch(one, {"name": "x"}, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    assert people.admin.patch(one, {"name": "Cell"}, headers={"If-Match": '"2"'}, expect=200).json()["name"] == "Cell"
    create(people.employee, category="Phones", sub_category="cell")
    check_error(people.admin.delete(one), 409, "CONFLICT")
    assert people.admin.patch(one, {"is_active": False}, expect=200).json()["is_active"] is False
    assert people.employee.get(path, expect=200).json()["sub_categories"] == []
    unused = people.admin.post(path + "/sub-categories", {"name": "Desk"}, expect=201).json()
    people.admin.delete(f"{path}/sub-categories/{unused['id']}", expect=204)
    check_error(people.admin.delete(f"{path}/sub-categories/{unused['id']}"), 404, "NOT_FOUND")
    other = category(people, "Faxes")
    check_error(people.admin.patch(f"{CATEGORIES}/{other['id']}/sub-categories/{sub['id']}", {"name": "x"}), 404, "NOT_FOUND")


def test_departments(people):
    made = people.admin.post(DEPARTMENTS, {"name": "Legal"}, expect=201).json()
    path = f"{DEPARTMENTS}/{made['id']}"
    answer = people.employee.get(path, expect=200)
    assert answer.headers["ETag"] == '"1"' and answer.json() == {"id": made["id"], "name": "Legal", "is_active": True, "version": 1}
    assert people.admin.patch(path, {"name": "Law"}, headers={"If-Match": '"1"'}, expect=200).json()["name"] == "Law"
    check_error(people.admin.patch(path, {"name": "IT Department"}), 409, "DUPLICATE_RESOURCE")
    check_error(people.admin.patch(path, {"name": "x"}, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    made = category(people, "Contracts", department="law")
    check_error(people.admin.delete(path), 409, "CONFLICT")
    people.admin.delete(f"{CATEGORIES}/{made['id']}", expect=204)
    create(people.employee, department="Law")
    check_error(people.admin.delete(path), 409, "CONFLICT")
    people.admin.patch(path, {"is_active": False}, expect=200)
    check_error(people.employee.get(path), 404, "NOT_FOUND")
    unused = people.admin.post(DEPARTMENTS, {"name": "Unused"}, expect=201).json()
    people.admin.delete(f"{DEPARTMENTS}/{unused['id']}", expect=204)
    check_error(people.admin.delete(f"{DEPARTMENTS}/{unused['id']}"), 404, "NOT_FOUND")


def test_who_may_edit(people):
    made = category(people, "Guarded", sub_categories=["One"])
    department = people.admin.post(DEPARTMENTS, {"name": "Guarded"}, expect=201).json()
    field = people.admin.post(FIELDS, {"key": "guarded", "type": "text", "categories": ["Guarded"]}, expect=201).json()
    routes = [("PATCH", f"{CATEGORIES}/{made['id']}"), ("DELETE", f"{CATEGORIES}/{made['id']}"),
              ("POST", f"{CATEGORIES}/{made['id']}/sub-categories"), ("PATCH", f"{CATEGORIES}/{made['id']}/sub-categories/1"),
              ("DELETE", f"{CATEGORIES}/{made['id']}/sub-categories/1"), ("PATCH", f"{DEPARTMENTS}/{department['id']}"),
              ("DELETE", f"{DEPARTMENTS}/{department['id']}"), ("POST", FIELDS), ("PATCH", f"{FIELDS}/{field['id']}"),
              ("DELETE", f"{FIELDS}/{field['id']}")]
    for method, path in routes:
        for client in (people.employee, people.coordinator, people.reviewer, people.service):
            check_error(client.request(method, path, json={"name": "x"}), 403, "FORBIDDEN")
        check_error(people.nobody.request(method, path, json={"name": "x"}), 401, "UNAUTHENTICATED")
    for path in (f"{CATEGORIES}/{made['id']}", f"{DEPARTMENTS}/{department['id']}", FIELDS, f"{FIELDS}/{field['id']}"):
        check_error(people.nobody.get(path), 401, "UNAUTHENTICATED")
        people.service.get(path, expect=200)
    for path in (CATEGORIES, DEPARTMENTS, FIELDS):
        for identity in ("0", "x", "99999999", "99999999999999999999", "-1"):
            check_error(people.admin.get(f"{path}/{identity}"), 404, "NOT_FOUND")
            check_error(people.admin.patch(f"{path}/{identity}", {"is_active": True}), 404, "NOT_FOUND")


@pytest.mark.parametrize("body,status", [({"name": ""}, 422), ({"name": "  "}, 422), ({"name": 5}, 400), ({"name": "x" * 101}, 422),
                                         ({"nonsense": 1}, 422), ({"is_active": "yes"}, 400)])
def test_bad_changes(people, body, status):
    code = "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR"
    made = category(people, f"Bad {body} {status}"[:100])
    check_error(people.admin.patch(f"{CATEGORIES}/{made['id']}", body), status, code)
    check_error(people.admin.patch(f"{DEPARTMENTS}/1", body), status, code)


def test_creating_twice_under_a_key(people):
    key = {"Idempotency-Key": "category-1"}
    one = people.admin.post(CATEGORIES, {"name": "Once"}, headers=key, expect=201)
    assert people.admin.post(CATEGORIES, {"name": "Once"}, headers=key, expect=201).json() == one.json()
    check_error(people.admin.post(CATEGORIES, {"name": "Twice"}, headers=key), 422, "VALIDATION_ERROR")


# ---- custom fields ------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def fields(people):
    """A category with a field of every type; its name."""
    category(people, "Assets")
    category(people, "No assets")
    for key, kind, more in (("asset_name", "text", {"is_required": True}), ("cost", "number", {}), ("leased", "boolean", {}),
                            ("bought", "date", {}), ("colour", "choice", {"choices": ["red", "blue"]}),
                            ("extras", "multi_choice", {"choices": ["bag", "mouse", "dock"]}), ("keeper", "user", {})):
        people.admin.post(FIELDS, {"key": key, "type": kind, "label": key.title(), "categories": ["assets"], **more}, expect=201)
    return "Assets"


GOOD = {"asset_name": "ThinkPad <b>'; DROP TABLE ticket --", "cost": 1234.5, "leased": False, "bought": "2024-02-29",
        "colour": "red", "extras": ["mouse", "bag"], "keeper": EMPLOYEE}


def test_custom_fields(people, db, fields):
    number = create(people.employee, category=fields, custom_fields=GOOD)["ticket_number"]
    path = f"/api/v1/tickets/{number}"
    assert people.employee.get(path).json()["custom_fields"] == GOOD
    assert "custom_fields" not in people.employee.get(f"/api/tickets/number/{number}/").json()
    own(db, number)
    body = people.coordinator.patch(path, {"custom_fields": {"cost": 2, "colour": None, "keeper": COORDINATOR}}, expect=200).json()
    assert body["custom_fields"] == {**{key: value for key, value in GOOD.items() if key != "colour"}, "cost": 2,
                                     "keeper": COORDINATOR}
    assert body["version"] == 2
    assert history(db, number)[1:] == [("custom_fields.colour", "red", None), ("custom_fields.cost", "1234.5", "2"),
                                       ("custom_fields.keeper", str(EMPLOYEE), str(COORDINATOR))]
    check_error(people.employee.patch(path, {"custom_fields": {"cost": 1}}), 403, "FORBIDDEN")
    listed = people.employee.get(f"/api/v1/tickets?search={number}").json()["results"][0]
    assert listed["custom_fields"]["cost"] == 2


BAD = {"asset_name": [5, "", "  ", [], "x" * 2001], "cost": ["5", True, []], "leased": ["yes", 1], "colour": ["green", "Red", 5],
       "bought": ["2023-02-29", "2024-1-1", 5, "tomorrow", "2024-01-01T00:00:00Z"], "keeper": ["x", 999999, 1.5],
       "extras": ["mouse", [], ["mouse", "mouse"], ["wheel"], [5]]}


@pytest.mark.parametrize("key", BAD)
def test_bad_values(people, fields, key):
    for value in BAD[key]:
        body = check_error(people.employee.post("/api/v1/tickets", {**TICKET, "category": fields,
                                                                    "custom_fields": {**GOOD, key: value}}),
                           422, "VALIDATION_ERROR")
        assert list(body["details"]["fields"]) == [f"custom_fields.{key}"], value


def test_every_bad_field_is_named(people, db, fields):
    body = check_error(people.employee.post("/api/v1/tickets", {**TICKET, "category": fields, "custom_fields": {
        "cost": "x", "leased": "x", "unheard_of": 1}}), 422, "VALIDATION_ERROR")
    assert set(body["details"]["fields"]) == {"custom_fields.cost", "custom_fields.leased", "custom_fields.unheard_of",
                                              "custom_fields.asset_name"}
    for nothing in (None, {}, {"asset_name": None}):
        body = check_error(people.employee.post("/api/v1/tickets", {**TICKET, "category": fields, "custom_fields": nothing}),
                           422, "VALIDATION_ERROR")
        assert body["details"]["fields"] == {"custom_fields.asset_name": "is required"}
    for value in (5, "x", [1]):
        check_error(people.employee.post("/api/v1/tickets", {**TICKET, "category": fields, "custom_fields": value}), 422,
                    "VALIDATION_ERROR")
    check_error(people.employee.post("/api/v1/tickets", {**TICKET, "category": "No assets", "custom_fields": {"cost": 1}}), 422,
                "VALIDATION_ERROR")
    number = create(people.employee)["ticket_number"]
    own(db, number)
    path = f"/api/v1/tickets/{number}"
    check_error(people.coordinator.patch(path, {"category": fields}), 422, "VALIDATION_ERROR")
    body = people.coordinator.patch(path, {"category": fields, "custom_fields": {"asset_name": "a"}}, expect=200).json()
    assert body["custom_fields"] == {"asset_name": "a"}
    check_error(people.coordinator.patch(path, {"custom_fields": {"asset_name": None}}), 422, "VALIDATION_ERROR")


def test_definitions(people):
    made = people.admin.post(FIELDS, {"key": "room", "type": "choice", "choices": ["a", "b"], "is_required": True,
                                      "categories": ["Others"]}, expect=201)
    body = made.json()
    assert body == {"id": body["id"], "key": "room", "label": "room", "type": "choice", "choices": ["a", "b"],
                    "categories": ["Others"], "is_required": True, "is_active": True, "version": 1}
    path = f"{FIELDS}/{body['id']}"
    assert made.headers["Location"] == path and made.headers["ETag"] == '"1"'
    assert people.employee.get(path, expect=200).json() == body
    assert body in people.employee.get(FIELDS, expect=200).json()["results"]
    check_error(people.admin.post(FIELDS, {"key": "room", "type": "text"}), 409, "DUPLICATE_RESOURCE")
    answer = people.admin.patch(path, {"choices": ["c"], "label": "Room", "is_required": False, "categories": []},
                                headers={"If-Match": '"1"'}, expect=200)
    assert answer.json()["choices"] == ["c"] and answer.json()["categories"] == [] and answer.headers["ETag"] == '"2"'
    check_error(people.admin.patch(path, {"label": "x"}, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    number = create(people.employee, custom_fields={"room": "c"})["ticket_number"]
    people.admin.patch(path, {"is_active": False}, expect=200)
    check_error(people.employee.get(path), 404, "NOT_FOUND")
    check_error(people.employee.post("/api/v1/tickets", {**TICKET, "custom_fields": {"room": "c"}}), 422, "VALIDATION_ERROR")
    people.admin.delete(path, expect=204)
    check_error(people.admin.delete(path), 404, "NOT_FOUND")
    assert people.employee.get(f"/api/v1/tickets/{number}").json()["custom_fields"] == {"room": "c"}


@pytest.mark.parametrize("body,status", [
    ({}, 400), ({"key": "x"}, 400), ({"key": "X", "type": "text"}, 422), ({"key": "1x", "type": "text"}, 422),
    ({"key": "a-b", "type": "text"}, 422), ({"key": "a" * 51, "type": "text"}, 422), ({"key": "a", "type": "colour"}, 422),
    ({"key": "a", "type": "choice"}, 422), ({"key": "a", "type": "text", "choices": ["x"]}, 422),
    ({"key": "a", "type": "choice", "choices": ["x", "x"]}, 422), ({"key": "a", "type": "choice", "choices": [""]}, 422),
    ({"key": "a", "type": "text", "categories": ["Nowhere"]}, 422), ({"key": "a", "type": "text", "nonsense": 1}, 422)])
def test_bad_definitions(people, body, status):
    check_error(people.admin.post(FIELDS, body), status, "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR")


def test_the_simple_surface_knows_no_custom_fields(people):
    field = people.admin.post(FIELDS, {"key": "severity", "type": "number", "categories": ["bug"], "is_required": True},
                              expect=201).json()
    people.employee.post("/tickets", {"title": "t", "description": "d", "category": "bug"}, expect=201)
    people.admin.delete(f"{FIELDS}/{field['id']}", expect=204)
