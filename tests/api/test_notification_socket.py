"""Live notifications over WebSocket."""
import pytest
from lib import tokens
from lib.http import check_error
from lib.ws import Refused, WebSocket
from notification_support import CORA, EMIL, EVE, World

PATHS = ["/ws/notifications", f"/ws/notifications/{EMIL}", "/notification/ws/notifications",
         f"/notification/ws/notifications/{EMIL}"]


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = World(start_service, broker)
    yield world
    world.close()


@pytest.fixture(autouse=True)
def _close_sockets(world):
    yield
    world.close_sockets()


def nothing_but(socket, mark):
    """Nothing has come until the answer to a ping."""
    socket.send({"type": "ping", "timestamp": mark})
    assert socket.receive() == {"type": "pong", "timestamp": mark}


def update(socket, made, unread):
    """The two frames that tell of a new notification."""
    frame = socket.receive()
    assert (frame["type"], frame["action"]) == ("notification_update", "created")
    assert frame["timestamp"].endswith("Z")
    assert frame["notification"] == {key: made[key] for key in ("id", "user_id", "type", "title", "message",
                                                                "ticket_number", "is_read", "created_at")}
    count(socket, unread)


def count(socket, unread):
    frame = socket.receive()
    assert (frame["type"], frame["unread_count"]) == ("count_update", unread), frame


# ---- opening ------------------------------------------------------------------------------------

@pytest.mark.parametrize("path", PATHS)
def test_every_path_carries_notifications(world, path):
    unread = world.unread(EMIL)
    socket = world.socket(EMIL, path)
    made = world.notify(EMIL, ticket_number="TX1", message="Grüße 😀")
    update(socket, made, unread + 1)


@pytest.mark.parametrize("path", PATHS)
def test_bad_tokens_are_refused_at_the_upgrade(world, path):
    for query, token in (("", None), ("?token=nonsense", None), ("", tokens.mint(EMIL, ttl=-5)),
                         ("", tokens.mint(EMIL, secret="x" * 40))):
        with pytest.raises(Refused) as refusal:
            WebSocket(world.service.url + path + query, token)
        assert refusal.value.status == 401


@pytest.mark.parametrize("path", ["/ws/notifications/", "/notification/ws/notifications/"])
@pytest.mark.parametrize("identity", [EVE, 0, "abc"])
def test_the_path_of_another_person_is_refused(world, path, identity):
    for whose in (EMIL, CORA):
        with pytest.raises(Refused) as refusal:
            WebSocket(f"{world.service.url}{path}{identity}", world.token(whose))
        assert refusal.value.status == 403


def test_where_a_token_may_be(world):
    token = world.token(EMIL)
    url = world.service.url + "/ws/notifications"
    for socket in (WebSocket(f"{url}?token={token}"), WebSocket(url, subprotocols=["bearer", token])):
        with socket:
            assert socket.receive()["user_id"] == EMIL


def test_without_upgrade(world):
    check_error(world.http(EMIL).get("/ws/notifications"), 426, "UPGRADE_REQUIRED")


# ---- frames -------------------------------------------------------------------------------------

def test_every_socket_of_the_person_and_no_other(world):
    unread = world.unread(EMIL)
    sockets, other = [world.socket(EMIL) for _ in range(3)], world.socket(EVE)
    made = world.notify(EMIL)
    for socket in sockets:
        update(socket, made, unread + 1)
    nothing_but(other, 1)


def test_reading_is_told_to_every_socket(world):
    made = [world.notify(EMIL) for _ in range(3)]
    unread = world.unread(EMIL)
    first, second = settled(world, 2)
    first.send({"type": "mark_read", "notification_id": made[0]["id"]})
    for socket in (first, second):
        count(socket, unread - 1)
    first.send({"type": "mark_read", "notification_id": str(made[1]["id"])})
    for socket in (first, second):
        count(socket, unread - 2)
    world.http(EMIL).put(f"/api/v1/notifications/{made[2]['id']}/read", expect=200)
    for socket in (first, second):
        count(socket, unread - 3)
    world.http(EMIL).put("/api/v1/notifications/read-all", expect=200)
    for socket in (first, second):
        count(socket, 0)
    world.http(EMIL).delete(f"/api/v1/notifications/{made[2]['id']}", expect=200)
    for socket in (first, second):
        count(socket, 0)


def settled(world, number):
    """Sockets of Emil that will hear of nothing that has already been announced."""
    with world.socket(EMIL) as ear:
        mark = world.notify(EMIL)
        ear.receive_type("notification_update", where=lambda f: f["notification"]["id"] == mark["id"])
        world.http(EMIL).delete(f"/api/v1/notifications/{mark['id']}", expect=200)
        unread = world.unread(EMIL)
        ear.receive_type("count_update", where=lambda f: f["unread_count"] == unread)
        ear.send({"type": "mark_read", "notification_id": mark["id"]})
        ear.receive_type("error")
    world.sockets.remove(ear)
    return [world.socket(EMIL) for _ in range(number)]


def test_foreign_notifications_cannot_be_read(world):
    made = world.notify(EVE)
    socket, = settled(world, 1)
    socket.send({"type": "mark_read", "notification_id": made["id"]})
    assert socket.receive()["code"] == "NOT_FOUND"
    assert world.notifications(EVE)[0]["is_read"] is False


def test_subscribing_answers(world):
    socket = world.socket(EMIL)
    socket.send({"type": "subscribe"})
    assert socket.receive() == {"type": "subscribed", "user_id": EMIL}


@pytest.mark.parametrize("frame,code", [
    ("not json", "INVALID_INPUT"),
    ("null", "INVALID_INPUT"),
    ({"type": "message"}, "INVALID_INPUT"),
    ({"type": "mark_read"}, "INVALID_INPUT"),
    ({"type": "mark_read", "notification_id": "abc"}, "INVALID_INPUT"),
    ({"type": "mark_read", "notification_id": 1.5}, "INVALID_INPUT"),
    ({"type": "mark_read", "notification_id": 999999}, "NOT_FOUND"),
])
def test_refused_frames(world, frame, code):
    socket, = settled(world, 1)
    socket.send(frame)
    answer = socket.receive()
    assert (answer["type"], answer["code"]) == ("error", code) and answer["message"], answer
    nothing_but(socket, 2)


def test_pings(world):
    socket, = settled(world, 1)
    for stamp in (17, "2026-01-12T10:30:00Z", None):
        nothing_but(socket, stamp)


# ---- the life of a socket -----------------------------------------------------------------------

def test_an_expired_token_ends_the_socket(world):
    with WebSocket(world.service.url + "/ws/notifications", world.token(EMIL, ttl=5)) as socket:
        assert socket.receive()["type"] == "connection_established"
        assert socket.wait_closed() == 4401


def test_two_processes_push(world):
    other = world.replica()
    unread = world.unread(EMIL)
    here, there = world.socket(EMIL), world.socket(EMIL, service=other)
    made = world.notify(EMIL)
    for socket in (here, there):
        update(socket, made, unread + 1)
    there.send({"type": "mark_read", "notification_id": made["id"]})
    for socket in (here, there):
        count(socket, unread)
    other.terminate()
    assert there.wait_closed() == 1001
    other.stop()
    made = world.notify(EMIL)
    update(here, made, unread + 1)


# ---- jobs ---------------------------------------------------------------------------------------

def job_frame(socket):
    """The next frame about a job."""
    frame = socket.receive()
    while frame["type"] != "job_update":
        frame = socket.receive()
    return frame["job"]


def test_who_asked_sees_a_job_go_on(world):
    socket, other = world.socket(CORA), world.socket(EMIL)
    job = world.job(CORA)
    world.send("job.progress", job)
    assert job_frame(socket) == {
        "id": job["job_id"], "kind": "ticket.bulk", "state": "running", "dry_run": False, "total": 10, "done": 4,
        "failed": 1, "skipped": 0, "error": None, "created_at": job["created_at"], "finished_at": None}
    job.update(state="partial", done=9, finished_at="2026-01-12T10:31:00.000Z", error="<b>")
    world.send("job.completed", job)
    last = job_frame(socket)
    assert (last["id"], last["state"], last["done"], last["error"]) == (job["job_id"], "partial", 9, "<b>")
    assert last["finished_at"] == job["finished_at"]
    nothing_but(other, "still nothing")
