"""Articles and categories of the knowledge base: writing, publishing, reading."""
import concurrent.futures

import pytest

from helpdesk_support import ADMIN, COORDINATOR, helpdesk, people  # noqa: F401
from kb_support import ARTICLES, CATEGORIES, NOWHERE, article, category, ids, path_of
from lib import tokens
from lib.http import check_error

HOSTILE = "# <script>alert('x')</script>\n\n'; DROP TABLE kb_article -- \\ \u202eRTL\u202c \U0001f600\t<b>&amp;\r\n"


# ---- categories ---------------------------------------------------------------------------------

def test_category_life(people):
    made = people.coordinator.post(CATEGORIES, {"name": "Network", "description": "Wires", "position": 2}, expect=201)
    path = f"{CATEGORIES}/{made.json()['id']}"
    assert made.headers["Location"] == path and made.headers["ETag"] == '"1"'
    check_error(people.coordinator.post(CATEGORIES, {"name": "network"}), 409, "DUPLICATE_RESOURCE")
    child = category(people.admin, "Wi-Fi", parent_id=made.json()["id"])
    assert category(people.admin, "network", parent_id=made.json()["id"])["parent_id"] == made.json()["id"]
    answer = people.coordinator.get(path, expect=200)
    assert answer.headers["ETag"] == '"1"'
    assert [one["name"] for one in answer.json()["children"]] == ["Wi-Fi", "network"]
    assert people.coordinator.get(path, headers={"If-None-Match": '"1"'}).status_code == 304
    changed = people.tts_admin.patch(path, {"name": "Networks", "position": 1}, headers={"If-Match": '"1"'}, expect=200)
    assert changed.headers["ETag"] == '"2"' and changed.json()["description"] == "Wires"
    check_error(people.admin.patch(path, {"name": "x"}, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    check_error(people.admin.delete(path), 409, "CONFLICT")
    child_path = f"{CATEGORIES}/{child['id']}"
    check_error(people.admin.patch(child_path, {"name": "NETWORK"}), 409, "DUPLICATE_RESOURCE")
    check_error(people.admin.delete(child_path, headers={"If-Match": '"7"'}), 412, "PRECONDITION_FAILED")
    people.admin.delete(child_path, expect=204)
    check_error(people.admin.delete(child_path), 404, "NOT_FOUND")
    check_error(people.admin.get(child_path), 404, "NOT_FOUND")


def test_the_tree_has_two_levels(people):
    top, other = category(people.admin, "Top"), category(people.admin, "Other top")
    low = category(people.admin, "Low", parent_id=top["id"])
    for body in ({"name": "Lowest", "parent_id": low["id"]}, {"name": "x", "parent_id": 99999999}):
        assert "parent_id" in check_error(people.admin.post(CATEGORIES, body), 422, "VALIDATION_ERROR")["details"]["fields"]
    for one, parent in ((top, other), (top, top), (top, low), (other, low)):
        check_error(people.admin.patch(f"{CATEGORIES}/{one['id']}", {"parent_id": parent["id"]}), 422, "VALIDATION_ERROR")
    moved = people.admin.patch(f"{CATEGORIES}/{low['id']}", {"parent_id": other["id"]}, expect=200).json()
    assert moved["parent_id"] == other["id"]
    assert people.admin.patch(f"{CATEGORIES}/{low['id']}", {"parent_id": None}, expect=200).json()["parent_id"] is None


def test_a_category_with_articles_stays_and_is_shown_to_those_who_may_read_them(people):
    top = category(people.admin, "Secrets")
    low = category(people.admin, "Passwords", parent_id=top["id"])
    path = f"{CATEGORIES}/{low['id']}"
    made = article(people.admin, "Agents only", category_id=low["id"], visibility="agents")
    check_error(people.admin.delete(path), 409, "CONFLICT")
    check_error(people.nobody.get(path), 404, "NOT_FOUND")
    check_error(people.employee.get(path), 404, "NOT_FOUND")
    assert "Secrets" not in people.employee.get(CATEGORIES, expect=200).text
    assert people.reviewer.get(path, expect=200).json()["article_count"] == 1
    people.admin.patch(path_of(made), {"visibility": "public"}, expect=200)
    listed = people.nobody.get(CATEGORIES, expect=200)
    tree = next(one for one in listed.json()["results"] if one["name"] == "Secrets")
    assert [(one["name"], one["article_count"]) for one in tree["children"]] == [("Passwords", 1)]
    assert people.nobody.get(CATEGORIES, headers={"If-None-Match": listed.headers["ETag"]}).status_code == 304
    assert ids(people.nobody.get(f"{ARTICLES}?category={top['id']}")) == [made["id"]]
    people.admin.patch(path_of(made), {"category_id": None}, expect=200)
    check_error(people.nobody.get(path), 404, "NOT_FOUND")
    assert people.nobody.get(CATEGORIES, headers={"If-None-Match": listed.headers["ETag"]}).status_code == 200
    people.admin.delete(path, expect=204)


@pytest.mark.parametrize("body,status", [({"name": ""}, 422), ({"name": " "}, 422), ({"name": 5}, 400), ({"name": "x" * 101}, 422),
                                         ({"nonsense": 1}, 422), ({"position": -1}, 422), ({"parent_id": 0}, 422)])
def test_bad_categories(people, body, status):
    code = "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR"
    made = category(people.admin, f"Bad {body}"[:100])
    check_error(people.admin.patch(f"{CATEGORIES}/{made['id']}", body), status, code)
    for identity in ("0", "x", "99999999999999999999"):
        for method in ("GET", "PATCH", "DELETE"):
            check_error(people.admin.request(method, f"{CATEGORIES}/{identity}", json={} if method == "PATCH" else None), 404, "NOT_FOUND")


# ---- articles -----------------------------------------------------------------------------------

def test_article_life(people, db):
    place = category(people.admin, "Remote work")
    made = people.coordinator.post(ARTICLES, {
        "title": "  Über das Zürich-VPN: an introduction! ", "body": HOSTILE, "summary": "<i>How</i>", "tags": ["VPN", " home ", "vpn"],
        "category_id": place["id"], "language": "de", "visibility": "public", "note": "first"}, expect=201)
    body = made.json()
    path = path_of(body)
    assert made.headers["Location"] == path and made.headers["ETag"] == '"1"'
    assert body["slug"] == "uber-das-zurich-vpn-an-introduction" and body["title"] == "Über das Zürich-VPN: an introduction!"
    assert body["body"] == HOSTILE and body["tags"] == ["home", "vpn"] and body["category"]["name"] == "Remote work"
    assert (body["state"], body["author_id"], body["author_name"]) == ("draft", COORDINATOR, "Jane Smith")
    assert (body["latest_version"], body["published_version"], body["has_unpublished_changes"]) == (1, None, False)
    for reader in (people.nobody, people.employee, people.reviewer, people.service):
        check_error(reader.get(path), 404, "NOT_FOUND")
        check_error(reader.get(f"{ARTICLES}/{body['slug']}"), 404, "NOT_FOUND")
    published = people.tts_admin.post(path + "/publish", headers={"If-Match": '"1"'}, expect=200)
    assert published.headers["ETag"] == '"2"' and published.json()["state"] == "published"
    seen = people.nobody.get(f"{ARTICLES}/{body['slug']}", expect=200).json()
    assert seen["body"] == HOSTILE and "author_id" not in seen and "version" not in seen and "latest_version" not in seen
    assert people.employee.get(path).json()["author_id"] == COORDINATOR
    # readers keep what is published until the next version is
    edited = people.coordinator.patch(path, {"title": "VPN", "body": "two", "tags": ["x"], "note": "shorter"}, expect=200)
    assert edited.headers["ETag"] == '"3"' and edited.json()["has_unpublished_changes"] is True
    assert edited.json()["slug"] == body["slug"] and edited.json()["latest_version"] == 2
    assert people.nobody.get(path).json()["body"] == HOSTILE
    assert people.coordinator.get(path).json()["body"] == "two"
    assert people.coordinator.get(path + "?view=published").json()["body"] == HOSTILE
    assert people.nobody.get(path + "?view=latest").json()["body"] == HOSTILE
    assert ids(people.nobody.get(ARTICLES + "?tag=home")) == [body["id"]] == ids(people.coordinator.get(ARTICLES + "?tag=X"))
    people.coordinator.post(path + "/publish", expect=200)
    assert people.nobody.get(path).json()["title"] == "VPN"
    check_error(people.coordinator.post(path + "/publish"), 409, "CONFLICT")
    check_error(people.coordinator.delete(path), 409, "CONFLICT")
    assert people.coordinator.post(path + "/archive", expect=200).json()["state"] == "archived"
    check_error(people.nobody.get(path), 404, "NOT_FOUND")
    check_error(people.coordinator.patch(path, {"title": "x"}), 409, "CONFLICT")
    check_error(people.coordinator.post(path + "/publish"), 409, "CONFLICT")
    check_error(people.coordinator.post(path + "/archive"), 409, "CONFLICT")
    assert people.coordinator.post(path + "/unpublish", expect=200).json()["state"] == "draft"
    check_error(people.coordinator.get(path + "?view=published"), 404, "NOT_FOUND")
    check_error(people.coordinator.post(path + "/unpublish"), 409, "CONFLICT")
    check_error(people.coordinator.delete(path, headers={"If-Match": '"1"'}), 412, "PRECONDITION_FAILED")
    people.coordinator.delete(path, expect=204)
    check_error(people.coordinator.get(path), 404, "NOT_FOUND")
    assert db.query("SELECT count(*) FROM kb_slug WHERE article_id = %s", body["id"], program="helpdesk-service") == [(0,)]


def test_who_sees_what(people):
    made = {v: article(people.admin, f"Seen by {v}", visibility=v, tags=["visible"]) for v in ("public", "internal", "agents")}
    draft = article(people.admin, "Seen by editors", publish=False, visibility="public", tags=["visible"])
    scoped = people.nobody.with_token(tokens.mint(77, tokens.ADMIN, scope="MESSAGE"))
    for reader, sees in ((people.nobody, "public"), (scoped, "public"), (people.employee, "public internal"),
                         (people.reviewer, "public internal agents"), (people.service, "public internal agents"),
                         (people.coordinator, "public internal agents draft")):
        listed = set(ids(reader.get(ARTICLES + "?tag=visible&page_size=100", expect=200)))
        assert listed == {one["id"] for v, one in {**made, "draft": draft}.items() if v in sees.split()}
        for visibility, one in made.items():
            assert (reader.get(path_of(one)).status_code == 200) == (visibility in sees.split()), (visibility, sees)
    assert ids(people.employee.get(ARTICLES + "?tag=visible&state=draft")) == []
    assert ids(people.coordinator.get(ARTICLES + "?tag=visible&state=draft")) == [draft["id"]]
    assert ids(people.coordinator.get(ARTICLES + "?tag=visible&visibility=agents")) == [made["agents"]["id"]]
    assert ids(people.employee.get(ARTICLES + "?tag=visible&visibility=agents")) == []
    people.admin.patch(path_of(made["public"]), {"visibility": "agents"}, expect=200)
    check_error(people.nobody.get(path_of(made["public"])), 404, "NOT_FOUND")
    check_error(people.nobody.with_token("nonsense").get(ARTICLES), 401, "UNAUTHENTICATED")


def test_reading_again_costs_nothing(people):
    made = article(people.admin, "Cached", visibility="public", tags=["cached"])
    seen = people.nobody.get(path_of(made), expect=200)
    tag = {"If-None-Match": seen.headers["ETag"]}
    assert people.nobody.get(path_of(made), headers=tag).status_code == 304
    assert people.nobody.get(path_of(made), headers={"If-None-Match": "*"}).status_code == 304
    assert people.admin.get(path_of(made), headers=tag).status_code == 200
    assert "Authorization" in seen.headers["Vary"]
    listed = people.nobody.get(ARTICLES + "?tag=cached", expect=200)
    tags = {"If-None-Match": f'"other", W/{listed.headers["ETag"]}'}
    again = people.nobody.get(ARTICLES + "?tag=cached", headers=tags)
    assert again.status_code == 304 and again.content == b""
    people.admin.patch(path_of(made), {"title": "Cached anew"}, expect=200)
    people.admin.post(path_of(made) + "/publish", expect=200)
    assert people.nobody.get(path_of(made), headers=tag).status_code == 200
    assert people.nobody.get(ARTICLES + "?tag=cached", headers=tags).status_code == 200


def test_slugs(people):
    one, two = article(people.admin, "The same title"), article(people.admin, "The same title")
    assert one["slug"] == "the-same-title" and two["slug"] == f"the-same-title-{two['id']}"
    for title in ("日本語のみ", "\U0001f600", "2024", "!?"):
        made = article(people.admin, title, visibility="public")
        assert made["slug"] == f"article-{made['id']}"
        assert people.nobody.get(f"{ARTICLES}/{made['slug']}").json()["title"] == title
    path = path_of(one)
    assert people.admin.patch(path, {"slug": "new-slug"}, expect=200).json()["slug"] == "new-slug"
    for slug in ("the-same-title", "new-slug"):
        answer = people.employee.get(f"{ARTICLES}/{slug}", expect=200)
        assert answer.json()["id"] == one["id"] and answer.headers["Content-Location"] == f"{ARTICLES}/new-slug"
    check_error(people.admin.patch(path_of(two), {"slug": "the-same-title"}), 409, "DUPLICATE_RESOURCE")
    check_error(people.admin.post(ARTICLES, {"title": "x", "slug": "new-slug"}), 409, "DUPLICATE_RESOURCE")
    assert people.admin.patch(path, {"slug": "the-same-title"}, expect=200).json()["slug"] == "the-same-title"
    for slug in ("Upper", "a--b", "-a", "a-", "a b", "12", "ä", "a/b", "x" * 81):
        fields = check_error(people.admin.patch(path, {"slug": slug}), 422, "VALIDATION_ERROR")["details"]["fields"]
        assert "slug" in fields
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: article(people.admin, "All at once", publish=False), range(8)))
    assert len({one["slug"] for one in made}) == 8


def test_two_editors(people):
    made = article(people.admin, "Disputed", publish=False)
    path, tag = path_of(made), {"If-Match": '"1"'}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for call, codes in ((lambda _: people.admin.post(path + "/publish"), {"CONFLICT"}),
                            (lambda _: people.admin.patch(path, {"body": "b"}, headers={"If-Match": '"2"'}), {"PRECONDITION_FAILED"})):
            answers = list(pool.map(call, range(4)))
            assert sorted(answer.status_code for answer in answers)[:2] == [200, 409 if codes == {"CONFLICT"} else 412]
            assert {answer.json()["code"] for answer in answers if answer.status_code != 200} == codes
    for action in ("publish", "archive", "unpublish"):
        body = check_error(people.admin.post(f"{path}/{action}", headers=tag), 412, "PRECONDITION_FAILED")
        assert body["details"]["current_version"] == 3
    assert people.admin.patch(path, {"body": "b"}, headers={"If-Match": '"3"'}, expect=200).headers["ETag"] == '"3"'
    assert people.admin.get(path).json()["latest_version"] == 2


def test_creating_twice_under_a_key(people):
    key = {"Idempotency-Key": "article-1"}
    one = people.admin.post(ARTICLES, {"title": "Once"}, headers=key, expect=201)
    assert people.admin.post(ARTICLES, {"title": "Once"}, headers=key, expect=201).json() == one.json()
    check_error(people.admin.post(ARTICLES, {"title": "Twice"}, headers=key), 422, "VALIDATION_ERROR")
    path = path_of(one.json())
    check_error(people.admin.post(path + "/publish"), 422, "VALIDATION_ERROR")  # it has no body
    people.admin.patch(path, {"body": "b"}, expect=200)
    for _ in range(2):
        people.admin.post(path + "/publish", headers={"Idempotency-Key": "publish-1"}, expect=200)
    assert "body" in check_error(people.admin.patch(path, {"body": " "}), 422, "VALIDATION_ERROR")["details"]["fields"]


@pytest.mark.parametrize("body,status,field", [
    ({}, 400, "title"), ({"title": " "}, 400, "title"), ({"title": "x" * 201}, 422, "title"), ({"title": 5}, 400, "title"),
    ({"title": "x", "body": ["x"]}, 400, "body"), ({"title": "x", "body": "x" * 500001}, 422, "body"),
    ({"title": "x", "summary": "x" * 1001}, 422, "summary"), ({"title": "x", "language": "English"}, 422, "language"),
    ({"title": "x", "language": "en-us"}, 422, "language"), ({"title": "x", "visibility": "all"}, 422, "visibility"),
    ({"title": "x", "tags": ["a,b"]}, 422, "tags"), ({"title": "x", "tags": ["a"] * 21}, 422, "tags"),
    ({"title": "x", "category_id": 99999999}, 422, "category_id"), ({"title": "x", "category_id": "1 OR 1"}, 400, "category_id"),
    ({"title": "x", "state": "published"}, 422, "state"), ({"title": "x", "slug": ""}, 422, "slug")])
def test_bad_articles(people, body, status, field):
    code = "INVALID_INPUT" if status == 400 else "VALIDATION_ERROR"
    assert field in check_error(people.admin.post(ARTICLES, body), status, code)["details"]["fields"]
    made = article(people.admin, "Good", publish=False)
    if field != "title":
        assert field in check_error(people.admin.patch(path_of(made), body), status, code)["details"]["fields"]
    check_error(people.admin.patch(path_of(made), {"title": "  "}), 422, "VALIDATION_ERROR")


def test_large_bodies(people):
    made = article(people.admin, "Large", publish=False)
    large = "<b>&é\"\n" * 70000
    assert people.admin.patch(path_of(made), {"body": large}, expect=200).json()["body"] == large
    people.admin.post(path_of(made) + "/publish", expect=200)
    assert people.employee.get(path_of(made)).json()["body"] == large
    check_error(people.admin.patch(path_of(made), {"body": "x" * (1 << 20)}), 413, "PAYLOAD_TOO_LARGE")
    for raw, status in ((b'{"title":"a\\u0000"}', 400), (b'{"title":"\xff"}', 400), (b'{"title":', 400), (b"[]", 400)):
        check_error(people.admin.request("POST", ARTICLES, data=raw, headers={"Content-Type": "application/json"}), status, "INVALID_INPUT")


def test_nowhere(people):
    for path in NOWHERE:
        for method, rest in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/publish"), ("POST", "/archive"),
                             ("POST", "/unpublish"), ("GET", "/versions"), ("GET", "/votes")):
            check_error(people.admin.request(method, path + rest, json={} if method == "PATCH" else None), 404, "NOT_FOUND")


# ---- lists --------------------------------------------------------------------------------------

@pytest.mark.parametrize("sort", ["title", "-title", "created_at", "-created_at", "updated_at", "-updated_at", "views", "-views",
                                  "helpful", "-helpful"])
def test_pages(people, sort):
    wanted = {one["title"]: one["id"] for one in people.admin.get(ARTICLES + "?tag=paged&page_size=100").json()["results"]}
    if not wanted:
        wanted = {f"Page {n:02}": article(people.admin, f"Page {n:02}", tags=["paged"])["id"] for n in range(12)}
    for reader in (people.employee, people.admin):
        path, seen, pages = f"{ARTICLES}?tag=paged&page_size=5&sort={sort}", [], 0
        first = reader.get(path, expect=200).json()
        assert first["count"] == 12 and first["next"]
        cursor = ""
        while cursor is not None:
            page = reader.get(path + cursor, expect=200).json()
            seen += [one["id"] for one in page["results"]]
            pages += 1
            cursor = f"&cursor={page['next_cursor']}" if "next_cursor" in page else None
        assert pages == 3 and sorted(seen) == sorted(wanted.values())
        if sort.endswith("title"):
            assert seen == [wanted[title] for title in sorted(wanted, reverse=sort[0] == "-")]
        numbered = [one for page in (1, 2, 3) for one in ids(reader.get(f"{path}&page={page}"))]
        assert numbered == seen
    check_error(people.admin.get(f"{ARTICLES}?tag=other&cursor={first['next_cursor']}"), 422, "VALIDATION_ERROR")


def test_filters(people):
    place = category(people.admin, "Filtered")
    english = article(people.coordinator, "Filter en", category_id=place["id"], visibility="public")
    french = article(people.admin, "Filter fr", category_id=place["id"], language="fr")
    path = f"{ARTICLES}?category={place['id']}"
    assert set(ids(people.employee.get(path))) == {english["id"], french["id"]}
    assert ids(people.nobody.get(path)) == [english["id"]]
    assert ids(people.employee.get(path + "&language=fr")) == [french["id"]] == ids(people.employee.get(f"{path}&author={ADMIN}"))
    assert ids(people.admin.get(path + "&language=fr&state=published")) == [french["id"]]
    assert ids(people.admin.get(path + "&state=archived")) == []
    for query in ("state=x", "visibility=x", "sort=body", "cursor=x", "page=0", "category=0", "author=x", "category=x"):
        assert people.admin.get(f"{ARTICLES}?{query}").status_code in (400, 422), query
    for query in ("tag=%27%3B%20DROP%20TABLE%20kb_article--", "language=%27%20OR", "category=99999999999"):
        assert ids(people.admin.get(f"{ARTICLES}?{query}", expect=200)) == []
