"""Workflow definitions: drafts, versions, publishing, and what is refused."""
import copy
import uuid

import pytest
from lib.definitions import PATH, definition, end, go, step, url, without_ids
from lib.http import check_error
from lib.wait import wait_for
from lib.workflow import ADAM, EMIL, TINA, World

NOBODYS = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


@pytest.fixture(name="tina")
def _tina(world):
    return world.as_person(TINA)


@pytest.fixture(name="emil")
def _emil(world):
    return world.as_person(EMIL)


def new(tina, **fields):
    return tina.post(PATH, definition(**fields), expect=201).json()


def live(tina, **fields):
    return new(tina, publish=True, **fields)


def fields_of(answer):
    return check_error(answer, 422, "VALIDATION_ERROR")["details"]["fields"]


# ---- drafts -------------------------------------------------------------------------------------

def test_the_life_of_a_draft(tina, emil):
    sent = definition(name="Draft <b>'\"; DROP TABLE workflow-- " + uuid.uuid4().hex[:8])
    answer = tina.post(PATH, sent, expect=201)
    made = answer.json()
    assert answer.headers["Location"] == url(made) and answer.headers["ETag"] == f'"{made["revision"]}"'
    assert without_ids(made) == sent
    assert made["state"] == "draft" and made["version"] is None and made["has_draft"] and made["published_at"] is None
    got = emil.get(url(made), expect=200)
    assert got.json() == made and got.headers["ETag"] == answer.headers["ETag"]
    assert emil.get(url(made, "draft"), expect=200).json() == made
    assert emil.get(url(made, "versions"), expect=200).json()["results"] == []

    changed = tina.patch(url(made), {"description": "Other", "category": None, "steps": [step("Only", start=True)]},
                         headers={"If-Match": answer.headers["ETag"]}, expect=200).json()
    assert changed["description"] == "Other" and changed["category"] is None and len(changed["steps"]) == 1
    assert changed["transitions"] == made["transitions"] and changed["sla"] == made["sla"]
    assert changed["revision"] > made["revision"]
    check_error(tina.patch(url(made), {"description": "x"}, headers={"If-Match": answer.headers["ETag"]}), 412,
                "PRECONDITION_FAILED")
    check_error(tina.put(url(made), sent, headers={"If-Match": answer.headers["ETag"]}), 412, "PRECONDITION_FAILED")
    check_error(tina.delete(url(made), headers={"If-Match": answer.headers["ETag"]}), 412, "PRECONDITION_FAILED")
    check_error(tina.delete(url(made, "draft")), 409, "CONFLICT")
    replaced = tina.put(url(made), made, expect=200).json()
    assert without_ids(replaced) == sent
    tina.delete(url(made), expect=204)
    check_error(tina.get(url(made)), 404, "WORKFLOW_NOT_FOUND")
    assert tina.post(PATH, sent, expect=201).json()["workflow_id"] != made["workflow_id"]


def test_a_draft_may_be_unfinished(tina):
    made = tina.post(PATH, {"name": f"Idea {uuid.uuid4().hex[:8]}"}, expect=201).json()
    assert made["steps"] == [] and made["transitions"] == [] and made["sla"] == []
    assert set(fields_of(tina.post(url(made, "publish")))) == {"steps"}
    made = tina.patch(url(made), {"steps": [{"name": "One", "role": "Reviewer"}]}, expect=200).json()
    assert made["steps"][0]["role_system"] == "tts" and made["steps"][0]["weight"] == 1
    assert set(fields_of(tina.post(url(made, "publish")))) == {"steps", "steps[0]"}


def test_a_draft_never_touches_what_is_live(world, tina, emil):
    made = live(tina)
    other = definition()
    draft = tina.put(url(made), {**other, "steps": [step("Alone", start=True)], "transitions": [end("Alone", "done")]},
                     expect=200).json()
    assert draft["state"] == "draft" and draft["name"] == other["name"]
    now = emil.get(url(made), expect=200).json()
    assert now["state"] == "published" and now["version"] == 1 and now["has_draft"] and now["steps"] == made["steps"]
    task = world.open_ticket(category=made["category"])
    assert task["workflow_name"] == made["name"] and task["current_step"] == "Look"
    second = tina.post(url(made, "publish"), expect=200).json()
    assert second["version"] == 2 and second["name"] == other["name"] and not second["has_draft"]
    _, after = world.act(world.task_of(task["ticket_number"]), "pass")
    assert after["current_step"] == "Check"  # on version 1 still
    fresh = world.open_ticket(category=other["category"])
    assert fresh["current_step"] == "Alone"
    old = emil.get(url(made, "versions", 1), expect=200).json()
    assert without_ids(old) == without_ids(made) and old["state"] == "retired"
    versions = emil.get(url(made, "versions"), expect=200).json()
    assert [(v["version"], v["state"], v["running_tasks"], v["steps"]) for v in versions["results"]] == [
        (2, "published", 1, 1), (1, "retired", 1, 2)]
    assert versions["results"][0]["published_by"] == TINA and versions["count"] == 2
    page = emil.get(url(made, "versions"), params={"page": 2, "page_size": 1}, expect=200).json()
    assert [v["version"] for v in page["results"]] == [1] and page["next"] is None and page["previous"]


def test_a_draft_can_be_given_up(tina):
    made = live(tina)
    check_error(tina.delete(url(made, "draft")), 404, "NOT_FOUND")
    draft = tina.patch(url(made), {"description": "Other"}, expect=200).json()
    check_error(tina.delete(url(made, "draft"), headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    tina.delete(url(made, "draft"), headers={"If-Match": f'"{draft["revision"]}"'}, expect=204)
    now = tina.get(url(made, "draft"), expect=200).json()
    assert now["state"] == "published" and now["description"] == made["description"] and not now["has_draft"]


# ---- publishing ---------------------------------------------------------------------------------

def test_publishing_needs_something_to_publish(tina):
    made = live(tina)
    assert made["state"] == "published" and made["version"] == 1 and made["published_by"] == TINA
    check_error(tina.post(url(made, "publish")), 409, "CONFLICT")
    tina.patch(url(made), {"description": "Other"}, expect=200)
    check_error(tina.post(url(made, "publish"), headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")


def test_deadlines_left_out_are_the_defaults(tina):
    made = live(tina, sla=[{"priority": "High", "target_minutes": 60, "breach_minutes": 600},
                           {"priority": "Urgent", "target_minutes": 30, "breach_minutes": 60}])
    assert [(t["priority"], t["target_minutes"], t["breach_minutes"]) for t in made["sla"]] == [
        ("Low", 4320, 7200), ("Medium", 1440, 4320), ("High", 60, 600), ("Urgent", 30, 60)]


def test_repeated_requests_do_things_once(tina):
    sent, key = definition(), {"Idempotency-Key": uuid.uuid4().hex}
    one, two = (tina.post(PATH, sent, headers=key, expect=201) for _ in range(2))
    assert one.json() == two.json() and two.headers["Idempotency-Replayed"] == "true"
    check_error(tina.post(PATH, definition(), headers=key), 422, "VALIDATION_ERROR")
    key = {"Idempotency-Key": uuid.uuid4().hex}
    assert [tina.post(url(one.json(), "publish"), headers=key, expect=200).json()["version"] for _ in range(2)] == [1, 1]


def test_versions_are_restored_into_the_draft(tina):
    made = live(tina)
    tina.patch(url(made), {"name": made["name"] + " II", "steps": [step("New", start=True)],
                           "transitions": [end("New", "done")]}, expect=200)
    tina.post(url(made, "publish"), expect=200)
    check_error(tina.post(url(made, "versions", 1, "restore"), headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    restored = tina.post(url(made, "versions", 1, "restore"), expect=200).json()
    assert restored["state"] == "draft" and restored["name"] == made["name"] + " II"
    assert without_ids(restored) == {**without_ids(made), "name": made["name"] + " II"}
    assert tina.post(url(made, "publish"), expect=200).json()["version"] == 3
    for number in (4, 0, -1, 2 ** 31, 2 ** 63, "x"):
        check_error(tina.get(url(made, "versions", number)), 404, "NOT_FOUND")
        check_error(tina.post(url(made, "versions", number, "restore")), 404, "NOT_FOUND")


# ---- the end ------------------------------------------------------------------------------------

def test_a_retired_workflow_takes_no_tickets(world, tina):
    made = live(tina)
    task = world.open_ticket(category=made["category"])
    check_error(tina.delete(url(made)), 409, "CONFLICT")
    check_error(tina.post(url(made, "retire"), headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    retired = tina.post(url(made, "retire"), expect=200).json()
    assert retired["state"] == "retired" and retired["version"] == 1
    check_error(tina.post(url(made, "retire")), 409, "CONFLICT")
    number = world.send_ticket(category=made["category"])
    wait_for(lambda: world.rows("SELECT 1 FROM ticket WHERE number = %s AND NOT is_matched", number),
             what="a ticket nobody takes")
    _, task = world.act(task, "pass")
    _, task = world.act(task, "accept")
    assert task["status"] == "resolved"
    again = tina.post(url(made, "publish"), expect=200).json()
    assert again["state"] == "published" and again["version"] == 2
    assert world.open_ticket(category=made["category"])["workflow_id"] == made["workflow_id"]


def test_a_deleted_workflow_is_still_known_to_its_tasks(world, tina):
    made = live(tina)
    task = world.open_ticket(category=made["category"])
    tina.post(url(made, "retire"), expect=200)
    tina.delete(url(made), expect=204)
    for answer in (tina.get(url(made)), tina.put(url(made), definition()), tina.patch(url(made), {}), tina.delete(url(made)),
                   tina.post(url(made, "publish")), tina.get(url(made, "versions"))):
        check_error(answer, 404, "WORKFLOW_NOT_FOUND")
    assert tina.get(PATH, params={"search": made["name"]}, expect=200).json()["count"] == 0
    _, task = world.act(task, "pass")
    assert task["workflow_name"] == made["name"] and task["current_step"] == "Check"
    assert live(tina, name=made["name"])["workflow_id"] != made["workflow_id"]


def test_a_live_workflow_without_tasks_can_be_deleted(world, tina):
    made = live(tina)
    tina.delete(url(made), expect=204)
    number = world.send_ticket(category=made["category"])
    wait_for(lambda: world.rows("SELECT 1 FROM ticket WHERE number = %s AND NOT is_matched", number),
             what="a ticket nobody takes")


# ---- names and copies ---------------------------------------------------------------------------

def test_names_are_unique(tina):
    one, two, three = live(tina), new(tina), live(tina)
    taken = {"name": one["name"].upper()}
    check_error(tina.post(PATH, definition(**taken)), 409, "DUPLICATE_RESOURCE")
    check_error(tina.put(url(two), definition(**taken)), 409, "DUPLICATE_RESOURCE")
    check_error(tina.patch(url(three), taken), 409, "DUPLICATE_RESOURCE")
    check_error(tina.post(url(two, "clone"), taken), 409, "DUPLICATE_RESOURCE")
    # Also a name that a draft wants.
    wanted = tina.patch(url(three), {"name": three["name"] + " II"}, expect=200).json()["name"]
    check_error(tina.post(PATH, definition(name=wanted)), 409, "DUPLICATE_RESOURCE")
    problems = tina.post(f"{PATH}/validate", definition(name=wanted), expect=200).json()["problems"]
    assert problems == [{"field": "name", "message": "another workflow has this name"}]
    tina.patch(url(three), {"name": three["name"].lower()}, expect=200)


def test_clones(tina):
    made = live(tina)
    tina.patch(url(made), {"description": "Not this"}, expect=200)
    answer = tina.post(url(made, "clone"), {"name": "  Copy " + made["name"] + " "}, expect=201)
    copied = answer.json()
    assert answer.headers["Location"] == url(copied)
    assert copied["state"] == "draft" and without_ids(copied) == {**without_ids(made), "name": "Copy " + made["name"]}
    for body in ({}, {"name": ""}, {"name": None}, {"name": 7}, {"name": "  "}):
        check_error(tina.post(url(made, "clone"), body), 400, "INVALID_INPUT")
    assert list(fields_of(tina.post(url(made, "clone"), {"name": "x" * 101}))) == ["name"]


# ---- lists --------------------------------------------------------------------------------------

def test_lists_filter_and_have_pages(tina, emil):
    tag = uuid.uuid4().hex[:8]
    names = [f"{letter} {tag} 100%_\\" for letter in "abc"]
    draft, published, retired = [new(tina, name=names[0], department=f"Dep {tag}"), live(tina, name=names[1]),
                                 live(tina, name=names[2].upper(), description=f"Says {tag}")]
    tina.post(url(retired, "retire"), expect=200)

    def found(**params):
        page = emil.get(PATH, params=params, expect=200).json()
        assert page["count"] == len(page["results"])
        return [w["workflow_id"] for w in page["results"]]

    ids = [w["workflow_id"] for w in (draft, published, retired)]
    assert found(search=tag) == ids and found(search="100%_\\", category=published["category"]) == ids[1:2]
    assert found(search=tag, status="draft") == ids[:1] and found(search=tag, state="Published") == ids[1:2]
    assert found(search=tag, status="retired") == ids[2:]
    assert found(department=f"DEP {tag}") == ids[:1] and found(category=retired["category"].upper()) == ids[2:]
    assert found(search=tag + "' OR 1=1 --") == [] and found(search="%" + tag) == []
    page = emil.get(PATH, params={"search": tag, "page_size": 2}, expect=200).json()
    assert page["count"] == 3 and len(page["results"]) == 2 and "search=" + tag in page["next"]
    assert emil.get(PATH, params={"search": tag, "page": 9}, expect=200).json()["results"] == []
    check_error(emil.get(PATH, params={"status": "gone"}), 422, "VALIDATION_ERROR")
    check_error(emil.get(PATH, params={"search": "x" * 201}), 422, "VALIDATION_ERROR")
    check_error(emil.get(PATH, params={"page": 0}), 422, "VALIDATION_ERROR")


# ---- the demonstration --------------------------------------------------------------------------

def test_the_demonstrations_workflows_are_like_others(world, tina):
    demo = {w["name"]: w for w in tina.get(PATH, params={"search": "Workflow", "page_size": 100}, expect=200).json()["results"]}
    it = demo["IT Support Workflow"]
    assert it["state"] == "published" and it["version"] == 1 and it["published_by"] is None
    assert tina.post(url(it, "validate"), expect=200).json()["problems"] == []
    tina.delete(url(demo["Budget Proposal Workflow"]), expect=204)
    world.service.restart()
    names = [w["name"] for w in tina.get(PATH, params={"search": "Workflow", "page_size": 100}, expect=200).json()["results"]]
    assert set(names) == set(demo) - {"Budget Proposal Workflow"} and len(names) == len(set(names))


# ---- what is wrong ------------------------------------------------------------------------------

def broken():
    """A definition, and where its problems are."""
    body = definition()
    body["sla"] = [{"priority": "High", "target_minutes": 5000, "breach_minutes": 6000},
                   {"priority": "Urgent", "target_minutes": 60, "breach_minutes": 30}]
    body["steps"] = [step("Look", start=True, weight=0), step("look", role="", start=True), step("Check", "Plumber"),
                     step("Lost", escalation_role="Nobody")]
    body["transitions"] = [go("Look", "pass", "Nowhere"), go("Nothing", "pass", "Check"),
                           {"from_step": "Look", "name": "end"}, {**go("Look", "END", "Look"), "outcome": "resolved"},
                           end("Look", " ")]
    places = {"sla[1].breach_minutes", "steps[0].weight", "steps[1].name", "steps[1].role", "steps[1].is_start",
              "steps[1]", "steps[2].role", "steps[2]", "steps[3].escalation_role", "steps[3]",
              "transitions[0].to_step", "transitions[1].from_step", "transitions[2].outcome", "transitions[3].name",
              "transitions[3].outcome", "transitions[3].to_step", "transitions[4].name"}
    return body, places


def test_every_problem_is_named_at_once(tina):
    body, places = broken()
    assert set(fields_of(tina.post(PATH, {**body, "publish": True}))) == places
    assert tina.get(PATH, params={"search": body["name"]}, expect=200).json()["count"] == 0
    made = tina.post(PATH, body, expect=201).json()
    before = copy.deepcopy(tina.get(url(made), expect=200).json())
    assert set(fields_of(tina.post(url(made, "publish")))) == places
    for answer in (tina.post(url(made, "validate"), expect=200), tina.post(f"{PATH}/validate", {
            **body, "name": body["name"] + " x"}, expect=200)):
        verdict = answer.json()
        assert verdict["is_valid"] is False and {p["field"] for p in verdict["problems"]} == places
    assert tina.get(url(made), expect=200).json() == before
    good = live(tina)
    assert tina.post(url(good, "validate"), expect=200).json() == {"is_valid": True, "problems": []}


def test_roles_need_members(world, tina):
    made = new(tina, steps=[step("Look", "Plumber", start=True)], transitions=[end("Look", "done")])
    assert fields_of(tina.post(url(made, "publish"))) == {
        "steps[0].role": "the role is not known: nobody has ever held it"}
    world.people = {**world.people, 77: ("Paul Plumber", [("tts", "Plumber")])}
    world.tell_person(77, *world.people[77])
    wait_for(lambda: tina.post(url(made, "validate"), expect=200).json()["is_valid"], what="a plumber")
    world.tell_person(77, *world.people[77], active=False)
    wait_for(lambda: not tina.post(url(made, "validate"), expect=200).json()["is_valid"], what="no plumber")
    assert fields_of(tina.post(url(made, "publish"))) == {"steps[0].role": "nobody active holds the role"}


BAD = [
    ({"name": "x" * 101}, {"name"}), ({"description": "x" * 4001}, {"description"}),
    ({"department": "x" * 101}, {"department"}), ({"priority": "Extreme"}, {"priority"}),
    ({"sla": [{"priority": "Soon", "target_minutes": 1, "breach_minutes": 1}]}, {"sla[0].priority"}),
    ({"sla": [{"priority": "Low", "target_minutes": 0, "breach_minutes": 10 ** 12}]},
     {"sla[0].target_minutes", "sla[0].breach_minutes"}),
    ({"sla": [{"priority": "Low", "target_minutes": 1, "breach_minutes": 1}] * 5}, {"sla"}),
    ({"steps": [step("s" * 101, instruction="x" * 4001)]}, {"steps[0].name", "steps[0].instruction"}),
    ({"steps": [step(f"s{i}") for i in range(201)]}, {"steps"}),
    ({"transitions": [end("Look", f"t{i}") for i in range(1001)]}, {"transitions"}),
    ({"transitions": [end("Look", "x", "perhaps")]}, {"transitions[0].outcome"}),
    ({"format": "tts-workflow/9"}, {"format"}),
]


@pytest.mark.parametrize("change, places", BAD, ids=[f"{i}-{min(places)}" for i, (_, places) in enumerate(BAD)])
def test_what_cannot_be_kept_is_refused(tina, change, places):
    made = new(tina)
    assert set(fields_of(tina.post(PATH, definition(**change)))) == places
    assert set(fields_of(tina.put(url(made), definition(**change)))) == places
    assert set(fields_of(tina.patch(url(made), change))) == places
    assert set(fields_of(tina.post(f"{PATH}/validate", definition(**change)))) == places


@pytest.mark.parametrize("change", [
    {"name": None}, {"name": 7}, {"name": " "}, {"steps": {}}, {"steps": [7]}, {"steps": [{}]}, {"steps": [{"name": 1}]},
    {"steps": [{"name": "x", "weight": "heavy"}]}, {"steps": [{"name": "x", "is_start": "yes"}]},
    {"transitions": [{"name": "x"}]}, {"sla": [{}]}, {"publish": "yes"}, {"description": []}], ids=str)
def test_malformed_bodies_are_refused(tina, change):
    check_error(tina.post(PATH, definition(**change)), 400, "INVALID_INPUT")


def test_a_patch_cannot_take_the_name_away(tina):
    made = new(tina)
    for name in (None, "   "):
        assert list(fields_of(tina.patch(url(made), {"name": name}))) == ["name"]
    check_error(tina.patch(url(made), {"name": 7}), 400, "INVALID_INPUT")


def test_unknown_members_and_ill_texts_are_refused(tina):
    for change in ({"colour": "red"}, {"steps": [step("x", colour="red")]}):
        assert tina.post(PATH, definition(**change)).status_code in (400, 422)
    for text in (b'{"name":"\\u0000"}', b'{"name":"\xff"}', b'{"name":"a","name":"b"}', b'[]', b'{', b''):
        assert tina.request("POST", PATH, data=text, headers={"Content-Type": "application/json"}).status_code == 400
    check_error(tina.request("POST", PATH, data=b"name: x", headers={"Content-Type": "text/plain"}), 415,
                "UNSUPPORTED_MEDIA_TYPE")
    control = new(tina, description="line\nbreak \u0001 \U0001f600 \u2028")
    assert control["description"] == "line\nbreak \u0001 \U0001f600 \u2028"


@pytest.mark.parametrize("identity", [NOBODYS, "7", "x", "%27", NOBODYS + "0", "'; DROP TABLE workflow; --"])
def test_what_is_not_there_is_not_found(tina, identity):
    one = {"workflow_id": identity}
    answers = [tina.get(url(one)), tina.put(url(one), definition()), tina.patch(url(one), {}), tina.delete(url(one)),
               tina.get(url(one, "draft")), tina.delete(url(one, "draft")), tina.post(url(one, "validate")),
               tina.post(url(one, "publish")), tina.post(url(one, "retire")), tina.post(url(one, "clone"), {"name": "x"}),
               tina.get(url(one, "versions")), tina.get(url(one, "versions", 1)),
               tina.post(url(one, "versions", 1, "restore"))]
    for answer in answers:
        check_error(answer, 404, "WORKFLOW_NOT_FOUND")


def test_only_tts_admins_write(world):
    for who in (EMIL, ADAM):
        check_error(world.as_person(who).post(PATH, definition()), 403, "FORBIDDEN")


def test_large_definitions_fit(tina):
    steps = [step(f"Step {i}", start=i == 0) for i in range(200)]
    transitions = [go(f"Step {i}", f"to {k}", f"Step {(i + k) % 200}") for i in range(199) for k in range(1, 6)]
    transitions += [end("Step 199", "done")]
    made = live(tina, steps=steps, transitions=transitions)
    assert len(made["steps"]) == 200 and len(made["transitions"]) == 996
    got = tina.get(url(made), expect=200).json()
    assert without_ids(got)["transitions"] == transitions and without_ids(got)["steps"] == steps
