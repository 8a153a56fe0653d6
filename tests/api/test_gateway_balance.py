"""Consistent hashing, and targets that come and go."""
import threading
from collections import Counter

from gateway_support import Gateway, Scripted, Upstream, consumer, plugin, reply, route, service
from lib import tokens
from lib.wait import wait_for


def named(name):
    return Upstream(lambda _: reply(name))


def hashed(*upstreams, weights=(), **fields):
    targets = [{"target": u.address, **({"weight": weights[i]} if weights else {})} for i, u in enumerate(upstreams)]
    return {"name": "set", "algorithm": "consistent-hashing", "targets": targets, **fields}


def start(upstream, **collections):
    return Gateway(upstreams=[upstream], services=[service("set", None, route("/"), host="set")], **collections)


def where(program, values, send):
    return {value: send(program, value).text for value in values}


def by_header(program, value):
    return program.http.get("/", 200, headers={"X-Room": value})


def test_a_value_keeps_its_target_and_only_the_share_of_a_lost_one_moves():
    values = [f"room-{n}" for n in range(60)]
    with named("a") as a, named("b") as b, named("c") as c:
        upstream = hashed(a, b, c, hash_on="header", hash_on_header="X-Room")
        with start(upstream) as program, start(upstream) as other:
            before = where(program, values, by_header)
            assert set(before.values()) == {"a", "b", "c"}
            assert where(program, values, by_header) == before == where(other, values, by_header)
            c.close()
            after = where(program, values, by_header)
            assert set(after.values()) == {"a", "b"}
            assert all(after[value] == before[value] for value in values if before[value] != "c")
            with Upstream(lambda _: reply("c"), port=c.port):
                wait_for(lambda: where(program, values, by_header) == before, what="its share returns")


def test_weights_count():
    with named("a") as a, named("b") as b:
        with start(hashed(a, b, weights=(100, 300), hash_on="header", hash_on_header="X-Room")) as program:
            counts = Counter(where(program, [f"v{n}" for n in range(200)], by_header).values())
            assert 25 <= counts["a"] <= 80


def test_what_can_be_hashed():
    cases = [
        ({"hash_on": "path"}, lambda p, v: p.http.get(f"/{v}", 200)),
        ({"hash_on": "query_arg", "hash_on_query_arg": "room"}, lambda p, v: p.http.get(f"/?a=1&room={v}%20x", 200)),
        ({"hash_on": "ip"}, lambda p, v: p.http.get("/", 200, headers={"X-Forwarded-For": f"10.1.1.{v}"})),
        ({"hash_on": "query_arg", "hash_on_query_arg": "none", "hash_fallback": "header", "hash_fallback_header": "X-Room"},
         by_header),
    ]
    values = [str(n) for n in range(40)]
    with named("a") as a, named("b") as b:
        for fields, send in cases:
            with start(hashed(a, b, **fields), env={"GATEWAY_TRUSTED_PROXIES": "127.0.0.1"}) as program:
                before = where(program, values, send)
                assert set(before.values()) == {"a", "b"} and where(program, values, send) == before


def test_people_are_told_apart_by_their_tokens():
    with named("a") as a, named("b") as b:
        with start(hashed(a, b, hash_on="consumer"), consumers=[consumer("${JWT_SECRET}")], plugins=[plugin("jwt")]) as program:
            def send(_, user):
                return program.http.get("/", 200, headers={"Authorization": f"Bearer {tokens.mint(user)}"})
            before = where(program, range(1, 40), send)
            assert set(before.values()) == {"a", "b"} and where(program, range(1, 40), send) == before


def test_without_a_value_targets_take_turns():
    with named("a") as a, named("b") as b:
        with start(hashed(a, b, hash_on="header", hash_on_header="X-Room")) as program:
            assert Counter(program.http.get("/", 200).text for _ in range(10)) == {"a": 5, "b": 5}


# ---- targets that come and go -----------------------------------------------------------------------

def test_a_target_that_is_removed_finishes_what_it_has_begun():
    release = threading.Event()

    def script(connection):
        line, _ = connection.read_head()
        if "socket" in line:
            connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            connection.send(connection.recv())
            return
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        release.wait(10)
        connection.send(b"half")
    services = [service("set", None, route("/"), host="set")]
    with Scripted() as old, named("new") as new:
        old.script = script
        with Gateway(upstreams=[{"name": "set", "targets": [{"target": old.address}]}], services=services) as program:
            with program.raw() as busy, program.raw() as socket:
                busy.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                busy.read_head()
                socket.send(b"GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                socket.read_head()
                program.write(upstreams=[{"name": "set", "targets": [{"target": new.address}]}],
                              services=[*services, service("probe", new, route("/probe"))])
                program.process.send_signal(1)
                wait_for(lambda: program.http.get("/probe", 200, timeout=1), what="the new file is used")
                assert program.http.get("/", 200).text == "new"
                release.set()
                assert busy.read_exactly(8) == b"halfhalf"
                socket.send(b"ping")
                assert socket.read_exactly(4) == b"ping"


def test_idle_connections_to_a_removed_target_are_closed():
    ended = threading.Event()

    def serve(connection):
        connection.read_request()
        connection.send(reply("old"))
        if connection.sock.recv(1) == b"":
            ended.set()
    services = [service("set", None, route("/"), host="set")]
    with Upstream(serve=serve) as old, named("new") as new:
        with Gateway(upstreams=[{"name": "set", "targets": [{"target": old.address}]}], services=services) as program:
            assert program.http.get("/", 200).text == "old"
            program.write(upstreams=[{"name": "set", "targets": [{"target": new.address}]}], services=services)
            program.process.send_signal(1)
            assert ended.wait(10)
            wait_for(lambda: program.http.get("/", 200).text == "new", what="the new target is used")
