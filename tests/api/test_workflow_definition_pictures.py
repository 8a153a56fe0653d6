"""Pictures of workflows, and the way of a task in them."""
import re
import uuid
import xml.etree.ElementTree as ET

import pytest
from lib.definitions import PATH, definition, end, go, step, url
from lib.http import check_error
from lib.workflow import ADAM, EMIL, EVE, RITA, ROLF, TINA, World

SVG = "{http://www.w3.org/2000/svg}"
UGLY = "<a> & \"b\" 'c' \u0001 \ufffe ]]> {x} \\n \n \U0001f600"


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


@pytest.fixture(name="tina")
def _tina(world):
    return world.as_person(TINA)


def new(tina, **fields):
    return tina.post(PATH, definition(**fields), expect=201).json()


def picture(client, workflow, **params):
    answer = client.get(url(workflow, "picture"), params=params, expect=200)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    return ET.fromstring(answer.content)


def groups(svg, kind):
    """{title: further classes} of the drawn steps, ends or transitions."""
    found = [(g.find(SVG + "title").text, g.get("class").split()) for g in svg.iter(SVG + "g")]
    return {title: set(classes) - {kind} for title, classes in found if kind in classes}


def boxes(svg):
    return [tuple(int(r.get(k)) for k in ("x", "y", "width", "height")) for r in svg.iter(SVG + "rect")]


def test_a_picture_shows_steps_and_transitions(world, tina):
    made = new(tina, publish=True)
    svg = picture(world.as_person(EMIL), made)
    assert groups(svg, "step") == {"Look": {"start"}, "Check": set()}
    assert groups(svg, "end") == {"resolved": set(), "rejected": set()}
    assert set(groups(svg, "transition")) == {"pass", "refuse", "back", "accept"}
    assert svg.find(SVG + "title").text == made["name"]
    width, height = int(svg.get("width")), int(svg.get("height"))
    drawn = boxes(svg)
    assert len(drawn) == len(set(drawn)) == 4
    assert all(0 <= x and x + w <= width and 0 <= y and y + h <= height for x, y, w, h in drawn)
    again = tina.get(url(made, "picture.svg"), expect=200)
    assert again.content == tina.get(url(made, "picture"), expect=200).content
    assert tina.get(url(made, "picture.svg"), params={"format": "svg"}, expect=200).content == again.content


def test_a_picture_of_each_version_and_of_the_draft(tina):
    made = new(tina, publish=True)
    tina.patch(url(made), {"steps": [step("Only", start=True)], "transitions": [end("Only", "done", "rejected")]}, expect=200)
    assert set(groups(picture(tina, made), "step")) == {"Look", "Check"}
    draft = picture(tina, made, draft="true")
    assert set(groups(draft, "step")) == {"Only"} and set(groups(draft, "end")) == {"rejected"}
    tina.post(url(made, "publish"), expect=200)
    assert set(groups(picture(tina, made), "step")) == {"Only"}
    assert set(groups(picture(tina, made, version=1), "step")) == {"Look", "Check"}


def test_unfinished_drafts_have_pictures(tina):
    empty = tina.post(PATH, {"name": f"Empty {uuid.uuid4().hex[:8]}"}, expect=201).json()
    assert groups(picture(tina, empty), "step") == {}
    odd = new(tina, steps=[step("A"), step("A"), step("B")],
              transitions=[go("A", "x", "A"), go("A", "x", "Nowhere"), go("Nowhere", "y", "B"), go("B", "z", "A"),
                           {"from_step": "A", "name": "w"}])
    svg = picture(tina, odd)
    assert len(boxes(svg)) == 3 and set(groups(svg, "transition")) == {"x", "z"}
    loops = new(tina, steps=[step(f"S{i}") for i in range(5)],
                transitions=[go(f"S{i}", f"t{i}{k}", f"S{k}") for i in range(5) for k in range(5)])
    assert len(set(boxes(picture(tina, loops)))) == 5


def test_hostile_names_are_only_text(tina):
    made = new(tina, name=UGLY + uuid.uuid4().hex, publish=True, steps=[step(UGLY + "1", start=True)],
               transitions=[end(UGLY + "1", UGLY + "2")])
    raw = tina.get(url(made, "picture"), expect=200).content.decode()
    svg = ET.fromstring(raw)
    shown = UGLY.replace("\u0001", "\ufffd").replace("\ufffe", "\ufffd")
    assert set(groups(svg, "step")) == {shown + "1"} and set(groups(svg, "transition")) == {shown + "2"}
    assert {e.tag.removeprefix(SVG) for e in svg.iter()} == {"svg", "title", "defs", "marker", "path", "g", "rect", "text"}
    dot = tina.get(url(made, "picture"), params={"format": "dot"}, expect=200)
    assert dot.headers["Content-Type"].startswith("text/vnd.graphviz")
    check_dot(dot.text, 2, 1)


def check_dot(text, nodes, edges):
    """The grammar of what is written, quoted strings included."""
    string = r'"(?:[^"\\\n]|\\.)*"'
    attributes = rf'\[\w+=(?:{string}|\w+)(?:, \w+=(?:{string}|\w+))*\]'
    lines = text.splitlines()
    assert re.fullmatch(rf"digraph {string} \{{", lines[0]) and lines[-1] == "}" and text.endswith("}\n")
    assert lines[1:3] == ["  rankdir=TB;", '  node [shape=box, style="rounded,filled"];']
    drawn = [line for line in lines[3:-1] if re.fullmatch(rf"  n\d+ {attributes};", line)]
    arrows = [line for line in lines[3:-1] if re.fullmatch(rf"  n\d+ -> n\d+ {attributes};", line)]
    assert len(drawn) == nodes and len(arrows) == edges and len(drawn) + len(arrows) == len(lines) - 4


def test_dot(tina):
    made = new(tina, publish=True)
    answer = tina.get(url(made, "picture"), params={"format": "dot"}, expect=200)
    check_dot(answer.text, 4, 4)
    assert '[label="Look\\nReviewer"' in answer.text and 'n0 -> n1 [label="pass"]' in answer.text


# ---- tasks --------------------------------------------------------------------------------------

def test_the_way_of_a_task(world, tina):
    made = new(tina, publish=True)
    task = world.open_ticket(category=made["category"])
    emil = world.as_person(EMIL)
    svg = picture(emil, made, task_id=task["task_id"])
    assert groups(svg, "step") == {"Look": {"start", "current"}, "Check": {"pending"}}
    assert svg.find(SVG + "title").text == f"{made['name']}: {task['ticket_number']}, active"
    assert all("taken" not in classes for classes in groups(svg, "transition").values())
    # Another version is live; the task is shown on its own.
    tina.patch(url(made), {"steps": [step("Only", start=True)], "transitions": [end("Only", "done")]}, expect=200)
    tina.post(url(made, "publish"), expect=200)
    _, task = world.act(task, "pass")
    svg = picture(emil, made, task_id=task["task_id"])
    assert groups(svg, "step") == {"Look": {"start", "done"}, "Check": {"current"}}
    assert groups(svg, "transition") == {"pass": {"taken"}, "refuse": set(), "back": set(), "accept": set()}
    _, task = world.act(task, "accept")
    svg = picture(emil, made, task_id=task["task_id"])
    assert groups(svg, "step") == {"Look": {"start", "done"}, "Check": {"done"}}
    assert groups(svg, "end") == {"resolved": {"done"}, "rejected": {"pending"}}
    dot = emil.get(url(made, "picture"), params={"format": "dot", "task_id": task["task_id"]}, expect=200).text
    check_dot(dot, 4, 4)
    assert dot.count('class="done"') == 3 and dot.count("penwidth=2") == 3


def test_a_task_is_shown_to_those_who_may_see_it(world, tina):
    made, other = new(tina, publish=True), new(tina, publish=True)
    task = world.open_ticket(category=made["category"])
    working = task["current_item"]["assigned_to_id"]
    idle = ROLF if working == RITA else RITA
    for who in (EMIL, ADAM, TINA, working, task["owner_id"]):
        assert "current" in str(groups(picture(world.as_person(who), made, task_id=task["task_id"]), "step"))
    for who in (EVE, idle):
        check_error(world.as_person(who).get(url(made, "picture"), params={"task_id": task["task_id"]}), 403, "FORBIDDEN")
    check_error(tina.get(url(other, "picture"), params={"task_id": task["task_id"]}), 404, "TASK_NOT_FOUND")
    check_error(tina.get(url(made, "picture"), params={"task_id": 2 ** 53}), 404, "TASK_NOT_FOUND")


# ---- what is wrong ------------------------------------------------------------------------------

def test_what_cannot_be_drawn(tina):
    made = new(tina, publish=True)
    check_error(tina.get(url(made, "picture"), params={"version": 2}), 404, "NOT_FOUND")
    for params in ({"format": "png"}, {"version": 0}, {"task_id": 0}, {"version": 2 ** 31}):
        check_error(tina.get(url(made, "picture"), params=params), 422, "VALIDATION_ERROR")
    for params in ({"task_id": "x"}, {"version": "1.5"}, {"draft": "perhaps"}, {"task_id": 2 ** 70}):
        check_error(tina.get(url(made, "picture"), params=params), 400, "INVALID_INPUT")
    for identity in ("7", "00000000-0000-4000-8000-000000000000"):
        check_error(tina.get(f"{PATH}/{identity}/picture"), 404, "WORKFLOW_NOT_FOUND")
        check_error(tina.get(f"{PATH}/{identity}/picture.svg", params={"format": "dot"}), 404, "WORKFLOW_NOT_FOUND")
    check_error(tina.get(f"{PATH}/7/picture", params={"task_id": 1}), 404, "WORKFLOW_NOT_FOUND")


def test_large_pictures(tina):
    steps = [step(f"Step {i}", start=i == 0) for i in range(200)]
    transitions = [go(f"Step {i}", f"to {k}", f"Step {(i * 7 + k) % 200}") for i in range(199) for k in range(1, 6)]
    made = new(tina, steps=steps, transitions=transitions + [end("Step 199", "done")])
    svg = picture(tina, made)
    assert len(set(boxes(svg))) == 201 and len(groups(svg, "step")) == 200
