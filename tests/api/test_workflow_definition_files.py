"""Workflow definitions as files: export, import, and hostile files."""
import json
import uuid

import pytest
import yaml
from lib.definitions import PATH, definition, end, go, step, url, without_ids
from lib.http import check_error
from lib.workflow import EMIL, TINA, World

JSON, YAML = "application/json", "application/yaml"
ODD = "Zoë's \"file\": - #1 & *x !t % @ ` | > ? {a} [b] ~ yes\n\n  two: lines \n\ttab\r\n\u2028 \u0085 \U0001f600 \u0001\n"


@pytest.fixture(scope="module", name="world")
def _world(start_service, db, broker):
    world = World(start_service, db, broker)
    yield world
    world.close()


@pytest.fixture(name="tina")
def _tina(world):
    return world.as_person(TINA)


def send(client, text, kind=YAML, query="", **headers):
    data = text if isinstance(text, bytes) else text.encode()
    return client.request("POST", f"{PATH}/import{query}", data=data, headers={"Content-Type": kind, **headers})


def odd(**fields):
    tag = uuid.uuid4().hex[:8]
    steps = [step("yes", start=True, instruction=ODD, weight=0.1), step("007", "Approver", instruction="line\nline\n"),
             step("null"), step("# not: a comment", instruction=" lead\nx"), step("1.5", instruction="\n\n")]
    transitions = [go("yes", "~", "007"), go("007", "true", "null"), go("null", "- x", "# not: a comment"),
                   go("# not: a comment", "0x10", "1.5"), end("1.5", "2026-01-12", "rejected"), end("1.5", "=")]
    return definition(name=f"12:30 {tag} 'Ä'", description=ODD, department="No", category=f"1e3{tag}", steps=steps,
                      transitions=transitions, **fields)


@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_a_file_comes_back_as_it_was(world, tina, kind):
    made = tina.post(PATH, odd(publish=True), expect=201).json()
    answer = world.as_person(EMIL).get(url(made, "export"), params={"format": kind}, expect=200)
    assert answer.headers["Content-Type"].split(";")[0] == {"json": JSON, "yaml": YAML}[kind]
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="12-30-')
    assert answer.headers["Content-Disposition"].endswith(f'.{kind}"')
    stated = yaml.safe_load(answer.content) if kind == "yaml" else json.loads(answer.content)
    assert stated.pop("format") == "tts-workflow/1" and stated == without_ids(made)
    # Elsewhere, where nobody has the name.
    tina.delete(url(made), expect=204)
    back = send(tina, answer.content, answer.headers["Content-Type"])
    assert back.status_code == 201, back.text
    draft = back.json()
    assert back.headers["Location"] == url(draft) and draft["state"] == "draft"
    assert tina.get(url(draft, "export"), params={"format": kind}, expect=200).content == answer.content
    tina.post(url(draft, "publish"), expect=200)
    assert tina.get(url(draft, "export"), params={"format": kind}, expect=200).content == answer.content


def test_yaml_and_json_say_the_same(tina):
    made = tina.post(PATH, odd(), expect=201).json()
    as_yaml = tina.get(url(made, "export"), headers={"Accept": "application/yaml"}, expect=200)
    as_json = tina.get(url(made, "export"), headers={"Accept": "application/json"}, expect=200)
    assert as_yaml.headers["Content-Type"].startswith(YAML) and as_json.headers["Content-Type"].startswith(JSON)
    assert yaml.safe_load(as_yaml.content) == as_json.json()
    assert send(tina, as_yaml.content, query="?replace=true").status_code == 200
    assert tina.get(url(made, "export"), expect=200).content == as_json.content


def test_what_is_exported_can_be_chosen(tina):
    made = tina.post(PATH, definition(publish=True, description="one"), expect=201).json()
    tina.patch(url(made), {"description": "two"}, expect=200)
    tina.post(url(made, "publish"), expect=200)
    tina.patch(url(made), {"description": "three"}, expect=200)

    def text(**params):
        return tina.get(url(made, "export"), params=params, expect=200).json()["description"]

    assert (text(), text(version=1), text(version=2), text(draft="true")) == ("two", "one", "two", "three")
    check_error(tina.get(url(made, "export"), params={"version": 3}), 404, "NOT_FOUND")
    for params in ({"version": 0}, {"version": 2 ** 40}, {"format": "xml"}):
        check_error(tina.get(url(made, "export"), params=params), 422, "VALIDATION_ERROR")
    check_error(tina.get(url(made, "export"), params={"version": "x"}), 400, "INVALID_INPUT")
    for identity in ("7", "00000000-0000-4000-8000-000000000000"):
        check_error(tina.get(f"{PATH}/{identity}/export"), 404, "WORKFLOW_NOT_FOUND")


def test_a_name_that_exists_is_replaced_on_demand(world, tina):
    made = tina.post(PATH, definition(publish=True), expect=201).json()
    file = yaml.safe_dump({**definition(category=made["category"]), "name": made["name"].upper(), "description": "New"})
    check_error(send(tina, file), 409, "DUPLICATE_RESOURCE")
    check_error(send(tina, file, query="?replace=true", **{"If-Match": '"99"'}), 412, "PRECONDITION_FAILED")
    answer = send(tina, file, query="?replace=true")
    assert answer.status_code == 200 and answer.json()["state"] == "draft" and answer.json()["description"] == "New"
    assert answer.json()["workflow_id"] == made["workflow_id"]
    assert tina.get(url(made), expect=200).json()["description"] == made["description"]
    answer = send(tina, file, query="?replace=true&publish=true")
    assert answer.status_code == 200 and answer.json()["version"] == 2 and answer.json()["description"] == "New"
    assert world.open_ticket(category=made["category"])["workflow_name"] == made["name"].upper()


def test_a_repeated_import_is_one_workflow(tina):
    file, key = json.dumps(definition()), {"Idempotency-Key": uuid.uuid4().hex}
    one, two = (send(tina, file, JSON, **key) for _ in range(2))
    assert one.status_code == two.status_code == 201 and one.json() == two.json()
    check_error(send(tina, file, JSON, "?publish=true", **key), 422, "VALIDATION_ERROR")


# ---- what is wrong ------------------------------------------------------------------------------

def test_problems_have_their_line(tina):
    name = f"Lines {uuid.uuid4().hex[:8]}"
    file = "\n".join([f"name: {name}", "# a comment", "steps:", "- name: Look", "  role: Plumber", "  is_start: true",
                      "- name: Lost", "  role: Reviewer", "transitions:",
                      "- {from_step: Look, name: go, outcome: resolved}", ""])
    fields = check_error(send(tina, file, query="?publish=true"), 422, "VALIDATION_ERROR")["details"]["fields"]
    assert {field: text.split(":")[0] for field, text in fields.items()} == {"steps[0].role": "line 5",
                                                                              "steps[1]": "line 7"}
    assert tina.get(PATH, params={"search": name}, expect=200).json()["count"] == 0
    fields = check_error(send(tina, f"name: {name}\nsteps:\n- name: [x]\n- {{name: y,\n   weight: heavy}}\n"), 400,
                         "INVALID_INPUT")["details"]["fields"]
    assert {field: text.split(":")[0] for field, text in fields.items()} == {"steps[0].name": "line 3",
                                                                              "steps[1].weight": "line 5"}
    fields = check_error(send(tina, json.dumps({"name": "x" * 101}), JSON), 422, "VALIDATION_ERROR")["details"]["fields"]
    assert list(fields) == ["name"] and not fields["name"].startswith("line")


LAUGHS = "a: &a [x, x, x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi"))


@pytest.mark.parametrize("text, line", [
    ("name: [\n", 2), ("name: 'x\n\n", 3), ("a: 1\n\tb: 2\n", 2), (LAUGHS, 1), ("name: x\nsteps: &s []\n", 2),
    ("name: x\nsteps: *s\n", 2), ("name: x\nname: y\n", 2), ("name: x\n---\nname: y\n", 3), ("", 0),
    ("[" * 100000, 1), ("- " * 50000, 1), ("? " * 20000, 1), ("{" * 50000, 1), ("name: \"\\0\"\n", 1),
    ("".join(f"k{i}: 1\n" for i in range(5000)), 1), ("- x\n" * 200000, 100000), ("%TAG ! x\n", 2),
    (b"name: \xff\n", 0), ("name: x\n<<: {}\n...\nx", 4),
    ("".join(f"&a{i} k{i}: 1\n" for i in range(50000)), 1)],
    ids=lambda v: repr(v)[:24])
def test_hostile_yaml_is_refused(tina, text, line):
    details = check_error(send(tina, text), 400, "INVALID_INPUT")["details"]
    assert "line" in details
    if line:
        assert abs(details["line"] - line) <= 2, details
    tina.get("/health", expect=200)


@pytest.mark.parametrize("text", ["", "[]", "{", "7", '{"name":"x","name":"y"}', '{"name":"\\u0000"}', "[" * 100000,
                                  '{"name":7}', "{}", '{"name":"x","steps":7}'],
                         ids=lambda v: repr(v)[:24])
def test_ill_json_is_refused(tina, text):
    check_error(send(tina, text, JSON), 400, "INVALID_INPUT")


@pytest.mark.parametrize("text", ["[]\n", "7\n", b"\xff\xfen\0", "name:\n", "name: 7\n", "steps: []\n", "name: yes\n", "name: x\nsteps: 7\n"])
def test_ill_yaml_is_refused(tina, text):
    check_error(send(tina, text), 400, "INVALID_INPUT")


def test_other_files_are_refused(tina):
    file = json.dumps(definition())
    for kind in ("text/plain", "application/xml", ""):
        check_error(send(tina, file, kind), 415, "UNSUPPORTED_MEDIA_TYPE")
    check_error(send(tina, "x" * (1024 * 1024 + 1)), 413, "PAYLOAD_TOO_LARGE")
    for change in ({"step_id": 1}, {"publish": True}, {"colour": "red"}, {"format": "tts-workflow/2"}):
        assert send(tina, json.dumps({**definition(), **change}), JSON).status_code in (400, 422)
    check_error(send(tina, file, JSON, "?replace=perhaps"), 400, "INVALID_INPUT")
    assert send(tina, file, "application/json; charset=utf-8").status_code == 201
    for kind in ("text/yaml", "application/x-yaml", "text/x-yaml;charset=utf-8"):
        assert send(tina, yaml.safe_dump(definition()), kind).status_code == 201
