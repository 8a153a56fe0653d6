"""Versions of articles, what differs between them, and votes."""
import concurrent.futures

import pytest

from helpdesk_support import COORDINATOR, EMPLOYEE, OTHER_EMPLOYEE, helpdesk, people  # noqa: F401
from kb_support import ARTICLES, NOWHERE, article, path_of
from lib.http import check_error
from lib.wait import wait_for


@pytest.fixture(scope="module")
def written(people):
    """An article of three versions, the second of which is published."""
    made = article(people.coordinator, "One", publish=False, body="a\nb\nc\n", tags=["x"], note="begun")
    path = path_of(made)
    people.admin.patch(path, {"title": "Two", "body": "a\nB\nc\n", "note": "louder"}, expect=200)
    people.admin.post(path + "/publish", expect=200)
    people.admin.patch(path, {"body": "a\nB\nc\nd\n", "tags": ["x", "y"]}, expect=200)
    return path


# ---- versions -----------------------------------------------------------------------------------

def test_versions_are_listed_newest_first(people, written):
    body = people.coordinator.get(written + "/versions", expect=200).json()
    told = [(v["number"], v["title"], v["note"], v["author_name"], v["is_latest"], v["is_published"]) for v in body["results"]]
    assert told == [(3, "Two", "", "Adam Admin", True, False), (2, "Two", "louder", "Adam Admin", False, True),
                    (1, "One", "begun", "Jane Smith", False, False)]
    assert body["count"] == 3 and "body" not in body["results"][0]
    page = people.coordinator.get(written + "/versions?page_size=2", expect=200).json()
    assert [v["number"] for v in page["results"]] == [3, 2]
    rest = people.coordinator.get(f"{written}/versions?page_size=2&cursor={page['next_cursor']}", expect=200).json()
    assert [v["number"] for v in rest["results"]] == [1] and rest["next"] is None
    check_error(people.coordinator.get(written + "/versions?cursor=x"), 422, "VALIDATION_ERROR")


def test_a_version_never_changes(people, written):
    one = people.coordinator.get(written + "/versions/1", expect=200).json()
    assert (one["body"], one["tags"], one["author_id"]) == ("a\nb\nc\n", ["x"], COORDINATOR)
    for number in ("0", "4", "-1", "x", "99999999999999999999"):
        check_error(people.coordinator.get(f"{written}/versions/{number}"), 404, "NOT_FOUND")
        check_error(people.coordinator.post(f"{written}/versions/{number}/restore"), 404, "NOT_FOUND")


def test_versions_are_compared(people, written):
    body = people.coordinator.get(written + "/diff?from=1&to=3", expect=200).json()
    assert body["fields"] == {"title": {"from": "One", "to": "Two"}, "tags": {"from": "x", "to": "x, y"}}
    assert body["body_diff"] == "@@ -1,3 +1,4 @@\n a\n-b\n+B\n c\n+d\n"
    assert (body["added_lines"], body["removed_lines"], body["is_coarse"], body["is_truncated"]) == (2, 1, False, False)
    back = people.coordinator.get(written + "/diff?from=3&to=1", expect=200).json()
    assert back["body_diff"] == "@@ -1,4 +1,3 @@\n a\n-B\n+b\n c\n-d\n"
    same = people.coordinator.get(written + "/diff?from=2&to=2", expect=200).json()
    assert same["fields"] == {} and same["body_diff"] == ""
    for query, status in (("from=1&to=4", 404), ("from=99999999999999&to=1", 404), ("from=0&to=1", 422), ("from=1", 400),
                          ("from=x&to=1", 400)):
        assert people.coordinator.get(f"{written}/diff?{query}").status_code in ({400, 422} if status == 400 else {status}), query


def test_huge_texts_are_compared_in_bounds(people):
    made = article(people.admin, "Huge", publish=False, body="".join(f"{n}\n" for n in range(60000)))
    people.admin.patch(path_of(made), {"body": "".join(f"{n}!\n" for n in range(60000))}, expect=200)
    body = people.admin.get(path_of(made) + "/diff?from=1&to=2", expect=200).json()
    assert body["is_coarse"] and body["is_truncated"] and len(body["body_diff"]) <= 300000


def test_restoring(people):
    made = article(people.admin, "Old", body="old", summary="s", tags=["t"])
    path = path_of(made)
    people.admin.patch(path, {"title": "New", "body": "new", "summary": "", "tags": []}, expect=200)
    check_error(people.admin.post(path + "/versions/1/restore", headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    restored = people.coordinator.post(path + "/versions/1/restore", headers={"If-Match": '"3"'}, expect=200)
    body = restored.json()
    assert (body["title"], body["body"], body["summary"], body["tags"], body["latest_version"]) == ("Old", "old", "s", ["t"], 3)
    assert restored.headers["ETag"] == '"4"' and people.admin.get(path + "/versions/3").json()["note"] == "Version 1 restored"
    assert people.admin.post(path + "/versions/3/restore", expect=200).json()["latest_version"] == 3
    people.admin.post(path + "/archive", expect=200)
    check_error(people.admin.post(path + "/versions/2/restore"), 409, "CONFLICT")


def test_only_editors_see_versions(people, written):
    for route in ("/versions", "/versions/1", "/diff?from=1&to=2", "/votes"):
        check_error(people.nobody.get(written + route), 401, "UNAUTHENTICATED")
        for client in (people.employee, people.reviewer, people.service):
            check_error(client.get(written + route), 403, "FORBIDDEN")
    for path in NOWHERE:
        for route in ("/versions/1", "/diff?from=1&to=2"):
            check_error(people.admin.get(path + route), 404, "NOT_FOUND")


# ---- votes --------------------------------------------------------------------------------------

def counts(client, path):
    body = client.get(path, expect=200).json()
    return body["helpful_count"], body["unhelpful_count"]


def test_votes(people):
    path = path_of(article(people.admin, "Voted on", visibility="public"))
    check_error(people.employee.get(path + "/vote"), 404, "NOT_FOUND")
    check_error(people.employee.delete(path + "/vote"), 404, "NOT_FOUND")
    for _ in range(2):
        assert people.employee.post(path + "/vote", {"helpful": True}, expect=200).json()["helpful"] is True
    people.other_employee.post(path + "/vote", {"helpful": False, "comment": "<b>'; DROP TABLE kb_vote --"}, expect=200)
    assert counts(people.nobody, path) == (1, 1)
    assert people.other_employee.get(path + "/vote", expect=200).json()["comment"] == "<b>'; DROP TABLE kb_vote --"
    people.employee.post(path + "/vote", {"helpful": False}, headers={"Idempotency-Key": "vote-1"}, expect=200)
    assert counts(people.nobody, path) == (0, 2)
    told = people.coordinator.get(path + "/votes", expect=200).json()
    assert told["count"] == 2 and [v["user_id"] for v in told["results"]] == [EMPLOYEE, OTHER_EMPLOYEE]
    page = people.coordinator.get(path + "/votes?page_size=1", expect=200).json()
    rest = people.coordinator.get(f"{path}/votes?page_size=1&cursor={page['next_cursor']}", expect=200).json()
    assert [v["user_id"] for v in rest["results"]] == [OTHER_EMPLOYEE]
    people.employee.delete(path + "/vote", expect=204)
    assert counts(people.nobody, path) == (0, 1)
    # a vote is no change of the article
    assert people.admin.get(path).headers["ETag"] == '"2"'


def test_who_may_vote(people):
    public = path_of(article(people.admin, "Public vote", visibility="public"))
    agents = path_of(article(people.admin, "Agents' vote", visibility="agents"))
    draft = path_of(article(people.admin, "Draft vote", publish=False))
    check_error(people.nobody.post(public + "/vote", {"helpful": True}), 401, "UNAUTHENTICATED")
    check_error(people.service.post(public + "/vote", {"helpful": True}), 403, "FORBIDDEN")
    for client, path in ((people.employee, agents), (people.employee, draft), (people.admin, draft), *((people.admin, p) for p in NOWHERE)):
        check_error(client.post(path + "/vote", {"helpful": True}), 404, "NOT_FOUND")
        check_error(client.get(path + "/vote"), 404, "NOT_FOUND")
        check_error(client.delete(path + "/vote"), 404, "NOT_FOUND")
    for body, status in (({}, 400), ({"helpful": "yes"}, 400), ({"helpful": True, "comment": "x" * 1001}, 422), ({"helpful": True, "x": 1}, 422)):
        assert people.employee.post(public + "/vote", body).status_code == status


def test_votes_at_once_are_all_counted(people, helpdesk):
    path = path_of(article(people.admin, "Popular", visibility="public"))
    voters = [helpdesk.http.as_user(5000 + n) for n in range(16)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: voters[n].post(path + "/vote", {"helpful": n % 4 != 0}, expect=200), range(16)))
    assert counts(people.nobody, path) == (12, 4)


def test_views_are_counted(people):
    made = article(people.admin, "Viewed", visibility="public")
    draft = article(people.admin, "Not viewed", publish=False)
    for _ in range(5):
        people.nobody.get(f"{ARTICLES}/{made['slug']}", expect=200)
        people.admin.get(path_of(draft), expect=200)
    wait_for(lambda: people.admin.get(f"{ARTICLES}?sort=-views").json()["results"][0]["id"] == made["id"], 60, "views")
    assert people.admin.get(path_of(made)).json()["view_count"] >= 5
    assert people.admin.get(path_of(draft)).json()["view_count"] == 0


def test_views_survive_a_stop(people, helpdesk):
    made = article(people.admin, "Viewed at the end", visibility="public")
    for _ in range(3):
        people.nobody.get(path_of(made), expect=200)
    helpdesk.stop()
    helpdesk.start()
    assert people.admin.get(path_of(made)).json()["view_count"] == 3
