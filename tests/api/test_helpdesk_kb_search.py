"""Finding articles, suggestions, searches without a hit, and articles of tickets."""
import urllib.parse

import pytest

from helpdesk_support import create, helpdesk, history, own, people  # noqa: F401
from kb_support import KB, article, category, ids, path_of
from lib.http import check_error
from lib.wait import wait_for

NOWHERE_TICKET = "/api/v1/tickets/TX20200101000001/articles"


def search(client, words, rest=""):
    return client.get(f"{KB}/search?q={urllib.parse.quote(words)}{rest}", expect=200)


def suggest(client, words, rest=""):
    return ids(client.get(f"{KB}/suggest?q={urllib.parse.quote(words)}{rest}", expect=200))


@pytest.fixture(scope="module")
def library(people):
    place = category(people.admin, "Hardware")
    low = category(people.admin, "Printers", parent_id=place["id"])
    return {
        "place": place["id"],
        "title": article(people.admin, "Printers that jam", visibility="public", category_id=low["id"])["id"],
        "tag": article(people.admin, "Paper", tags=["printer"], visibility="public")["id"],
        "body": article(people.admin, "Office", body="<b>Bold</b> & a *printer* is in every room.", visibility="public")["id"],
        "agents": article(people.admin, "Printer contracts", visibility="agents")["id"],
        "draft": article(people.admin, "Printer draft", publish=False)["id"],
        "german": article(people.admin, "Häuser und Straßen", language="de", visibility="public", summary="Gebäude")["id"],
    }


def test_titles_weigh_more_than_tags_and_tags_more_than_bodies(people, library):
    found = search(people.nobody, "printer")
    assert ids(found) == [library["title"], library["tag"], library["body"]]
    assert found.json()["count"] == 3 and "body" not in found.json()["results"][0]
    assert ids(search(people.reviewer, "printer"))[0] in (library["agents"], library["title"])
    assert library["agents"] in ids(search(people.reviewer, "PRINTERS")) and library["draft"] not in ids(search(people.admin, "printer"))
    assert ids(search(people.nobody, "printer", f"&category={library['place']}")) == [library["title"]]


def test_hits_are_marked_and_safe(people, library):
    hit = next(one for one in search(people.nobody, "printer").json()["results"] if one["id"] == library["body"])
    assert "<mark>printer</mark>" in hit["highlight"]["body"] and "<b>" not in hit["highlight"]["body"]
    hit = search(people.nobody, "printers jam").json()["results"][0]
    assert hit["highlight"]["title"] == "<mark>Printers</mark> that <mark>jam</mark>"
    marked = article(people.admin, "Odd <mark>letters</mark> \ue000x\ue001", visibility="public")
    hit = search(people.nobody, "odd letters").json()["results"][0]
    assert hit["id"] == marked["id"] and hit["title"].endswith("\ue000x\ue001")
    assert hit["highlight"]["title"] == "<mark>Odd</mark> &lt;mark&gt;<mark>letters</mark>&lt;/mark&gt; x"


def test_words_are_found_by_beginning_stem_and_without_accents(people, library):
    assert library["title"] in ids(search(people.nobody, "prin")) and ids(search(people.nobody, "printer jammed")) == [library["title"]]
    for words in ("häuser", "hauser", "strassen", "Straßen", "GEBÄUDE"):
        assert ids(search(people.nobody, words)) == [library["german"]], words
    assert ids(search(people.nobody, "haus", "&language=de")) == [library["german"]]
    assert ids(search(people.nobody, "printer", "&language=de")) == []


def test_searching_follows_the_article(people):
    made = article(people.admin, "Zeppelin", visibility="public")
    people.admin.patch(path_of(made), {"title": "Airship"}, expect=200)
    assert ids(search(people.nobody, "zeppelin")) == [made["id"]] and ids(search(people.nobody, "airship")) == []
    people.admin.post(path_of(made) + "/publish", expect=200)
    assert ids(search(people.nobody, "airship")) == [made["id"]]
    people.admin.patch(path_of(made), {"visibility": "internal"}, expect=200)
    assert ids(search(people.nobody, "airship")) == [] and ids(search(people.employee, "airship")) == [made["id"]]
    people.admin.post(path_of(made) + "/archive", expect=200)
    assert ids(search(people.admin, "airship")) == []


def test_pages_of_hits(people):
    made = [article(people.admin, f"Pelican number {n}", visibility="public")["id"] for n in range(7)]
    path = f"{KB}/search?q=pelican&page_size=3"
    first = people.nobody.get(path, expect=200)
    assert people.nobody.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    seen, cursor = ids(first), first.json().get("next_cursor")
    while cursor:
        page = people.nobody.get(f"{path}&cursor={cursor}", expect=200).json()
        seen += [one["id"] for one in page["results"]]
        cursor = page.get("next_cursor")
    assert sorted(seen) == sorted(made) and len(seen) == 7
    assert [one for page in (1, 2, 3) for one in ids(people.nobody.get(f"{path}&page={page}"))] == seen
    check_error(people.nobody.get(path + "&cursor=x"), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("words", ["'; DROP TABLE kb_article --", "a & b | !c <-> (", "\\", "'", ":*", "%", "\U0001f600", "\u202eRTL", "\ue000",
                                   "the", "x" * 500, "a " * 250])
def test_hostile_words(people, library, words):
    search(people.nobody, words)
    suggest(people.nobody, words * 10)


@pytest.mark.parametrize("query", ["", "q=", "q=%20", "q=" + "x" * 501, "q=a&page=0", "q=a&category=x", "q=%FF", "q=%00"])
def test_bad_searches(people, query):
    assert people.nobody.get(f"{KB}/search?{query}").json()["code"] in ("INVALID_INPUT", "VALIDATION_ERROR")
    if "page" not in query and "category" not in query and "x" not in query:
        assert people.nobody.get(f"{KB}/suggest?{query}").json()["code"] in ("INVALID_INPUT", "VALIDATION_ERROR")
    assert people.nobody.get(f"{KB}/suggest?q=a&limit=21").json()["code"] == "VALIDATION_ERROR"


# ---- suggestions --------------------------------------------------------------------------------

def test_suggestions(people, library):
    words = "My printer on the third floor jams and nothing is printed. Please help!"
    assert suggest(people.nobody, words)[0] == library["title"] and library["agents"] not in suggest(people.employee, words)
    assert library["agents"] in suggest(people.coordinator, words) and library["draft"] not in suggest(people.coordinator, words)
    assert len(suggest(people.coordinator, words, "&limit=1")) == 1 and suggest(people.nobody, "the and of") == []
    assert suggest(people.nobody, "neue Häuser", "&language=de") == [library["german"]]


# ---- gaps ---------------------------------------------------------------------------------------

def test_what_is_not_found_is_counted(people, library):
    for words in 4 * ("Flux  Capacitor", "flux capacitor", " FLUX capacitor "):
        assert ids(search(people.nobody, words)) == []
    search(people.nobody, "once only")
    search(people.nobody, "printer")

    def gaps():
        told = people.coordinator.get(KB + "/gaps?limit=1000", expect=200).json()["results"]
        return {one["query"]: one["count"] for one in told}
    wait_for(lambda: {"flux capacitor": 12, "once only": 1}.items() <= gaps().items(), 60, "gaps")
    assert "printer" not in gaps()
    assert people.coordinator.get(KB + "/gaps?limit=1").json()["results"][0]["query"] == "flux capacitor"
    check_error(people.employee.get(KB + "/gaps"), 403, "FORBIDDEN")
    check_error(people.coordinator.get(KB + "/gaps?limit=0"), 422, "VALIDATION_ERROR")


# ---- articles of a ticket -----------------------------------------------------------------------

def test_articles_of_a_ticket(people, db, library):
    number = create(people.employee)["ticket_number"]
    own(db, number)
    path = f"/api/v1/tickets/{number}/articles"
    made = people.coordinator.post(path, {"article_id": library["title"]}, headers={"Idempotency-Key": "link-1"}, expect=201)
    assert made.json()["title"] == "Printers that jam" and made.json()["created_by_name"] == "Jane Smith"
    people.coordinator.post(path, {"article_id": library["title"]}, headers={"Idempotency-Key": "link-1"}, expect=201)
    check_error(people.coordinator.post(path, {"article_id": library["title"]}), 409, "DUPLICATE_RESOURCE")
    for one in ("agents", "draft"):
        people.coordinator.post(path, {"article_id": library[one]}, expect=201)
    for client, sees in ((people.employee, ["title"]), (people.service, ["title", "agents"]), (people.coordinator, ["title", "agents", "draft"])):
        listed = client.get(path, expect=200).json()
        assert [one["article_id"] for one in listed["results"]] == [library[name] for name in sees] and listed["count"] == len(sees)
    assert people.admin.get(f"{KB}/articles/{library['title']}").json()["ticket_count"] == 1
    told = people.employee.get(f"/api/v1/tickets/{number}/history").text
    assert "printers-that-jam" in told and "printer-contracts" not in told and "printer-draft" not in told
    people.coordinator.delete(f"{path}/{library['title']}", expect=204)
    check_error(people.coordinator.delete(f"{path}/{library['title']}"), 404, "NOT_FOUND")
    assert people.admin.get(f"{KB}/articles/{library['title']}").json()["ticket_count"] == 0
    assert history(db, number)[-1] == ("article", "printers-that-jam", None)


def test_who_may_link_articles(people, db, library):
    number = create(people.employee)["ticket_number"]
    own(db, number)
    path, body = f"/api/v1/tickets/{number}/articles", {"article_id": library["title"]}
    for client in (people.employee, people.other_employee, people.other_coordinator, people.service):
        check_error(client.post(path, body), 403, "FORBIDDEN")
        check_error(client.delete(f"{path}/{library['title']}"), 403, "FORBIDDEN")
    check_error(people.other_employee.get(path), 403, "FORBIDDEN")
    check_error(people.coordinator.get(NOWHERE_TICKET), 404, "TICKET_NOT_FOUND")
    check_error(people.coordinator.post(NOWHERE_TICKET, body), 404, "TICKET_NOT_FOUND")
    check_error(people.coordinator.delete(NOWHERE_TICKET + "/1"), 404, "TICKET_NOT_FOUND")
    for identity in ("x", "0", "99999999", "99999999999999999999"):
        check_error(people.coordinator.delete(f"{path}/{identity}"), 404, "NOT_FOUND")
    for bad, status in (({"article_id": 99999999}, 422), ({"article_id": 0}, 422), ({}, 400), ({"article_id": "x"}, 400), ({"x": 1, **body}, 422)):
        assert people.coordinator.post(path, bad).status_code == status, bad
