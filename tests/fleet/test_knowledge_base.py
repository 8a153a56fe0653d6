"""The knowledge base through the gateway: public articles without a login, the rest by who asks; and the demo's."""
import subprocess
import sys

import pytest

from lib.http import check_error
from lib.paths import ROOT
from lib.wait import wait_for

KB = "/api/v1/kb"


@pytest.fixture(scope="module")
def article(fleet):
    coordinator = fleet.login("coordinator@example.com")
    place = coordinator.post(KB + "/categories", {"name": "Gateways"}, expect=201).json()
    made = coordinator.post(KB + "/articles", {"title": "Crossing the gateway", "body": "# <b>Across</b>", "category_id": place["id"],
                                               "visibility": "public"}, expect=201).json()
    coordinator.post(f"{KB}/articles/{made['id']}/publish", expect=200)
    return made


def is_known(client, path):
    """A list changes once more when views that were counted in memory are written."""
    tag = client.get(path, expect=200).headers["ETag"]
    return client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_public_articles_need_no_login(fleet, article):
    for path in (f"{KB}/articles/{article['id']}", f"{KB}/articles/{article['slug']}", KB + "/articles", KB + "/categories",
                 KB + "/search?q=crossing", KB + "/suggest?q=gateway"):
        answer = fleet.http.get(path, expect=200)
        assert "Crossing the gateway" in answer.text or "Gateways" in answer.text
        if "ETag" in answer.headers:
            wait_for(lambda path=path: is_known(fleet.http, path), what=f"304 from {path}")
    check_error(fleet.http.post(f"{KB}/articles/{article['id']}/vote", {"helpful": True}), 401, "UNAUTHENTICATED")
    check_error(fleet.http.post(KB + "/articles", {"title": "x"}), 401, "UNAUTHENTICATED")
    assert fleet.http.with_token("nonsense").get(KB + "/articles").status_code == 401


def test_tokens_count_where_they_are(fleet, article):
    coordinator, employee = fleet.login("coordinator@example.com"), fleet.login("employee@example.com")
    path = f"{KB}/articles/{article['id']}"
    coordinator.patch(path, {"visibility": "internal"}, expect=200)
    check_error(fleet.http.get(path), 404, "NOT_FOUND")
    assert employee.get(path, expect=200).json()["body"] == "# <b>Across</b>"
    employee.post(path + "/vote", {"helpful": True}, expect=200)
    check_error(employee.patch(path, {"title": "x"}), 403, "FORBIDDEN")
    coordinator.patch(path, {"visibility": "public"}, expect=200)


def test_the_demo_has_a_knowledge_base(fleet):
    urls = [word for name in ("auth", "helpdesk", "workflow") for word in (f"--{name}", fleet[f"{name}-service"].url)]
    for _ in range(2):
        subprocess.run([sys.executable, ROOT / "deploy" / "demo" / "load", "--tickets", "1", *urls], check=True, timeout=300)
    listed = fleet.login("employee@example.com").get(KB + "/articles?page_size=100&sort=-helpful", expect=200).json()["results"]
    titles = [one["title"] for one in listed]
    assert "Second screen stays black" in titles and "Lend a laptop or projector" not in titles and len(titles) == len(set(titles))
    assert listed[0]["helpful_count"] > 0
    assert "Connect to the VPN from home" in fleet.http.get(KB + "/suggest?q=VPN+drops+every+few+minutes", expect=200).text
