"""What the suites of the knowledge base share."""

KB = "/api/v1/kb"
ARTICLES, CATEGORIES = KB + "/articles", KB + "/categories"
NOWHERE = (ARTICLES + "/99999999", ARTICLES + "/no-such-article", ARTICLES + "/0", ARTICLES + "/-1",
           ARTICLES + "/99999999999999999999", ARTICLES + "/x'%20OR%20'1'='1", ARTICLES + "/%F0%9F%98%80")


def article(client, title="Connecting to the VPN", publish=True, **more):
    """A new article's body, published unless told otherwise."""
    made = client.post(ARTICLES, {"title": title, "body": f"# {title}\n\nSome text.\n", **more}, expect=201).json()
    if publish:
        made = client.post(f"{ARTICLES}/{made['id']}/publish", expect=200).json()
    return made


def path_of(made):
    return f"{ARTICLES}/{made['id']}"


def category(client, name, **more):
    return client.post(CATEGORIES, {"name": name, **more}, expect=201).json()


def ids(answer):
    return [one["id"] for one in answer.json()["results"]]
