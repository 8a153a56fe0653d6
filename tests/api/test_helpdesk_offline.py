"""helpdesk-service while the broker or the database is away."""
from helpdesk_support import EMPLOYEE, PROCESS_QUEUE, TICKET, People, create, start_helpdesk
from lib.amqp import Amqp
from lib.http import check_error
from lib.proxy import Proxy
from lib.wait import wait_for

NO_BROKER = {"AMQP_URL": "amqp://guest:guest@127.0.0.1:1/x"}


def start_without_broker(start_service, db):
    service = start_helpdesk(start_service, db, env=NO_BROKER, ready=False)
    client = service.http.as_user(EMPLOYEE)
    wait_for(lambda: client.get("/api/v1/tickets").status_code == 200)
    return service


def outbox(db, number):
    return db.query("SELECT routing_key FROM outbox WHERE key = %s ORDER BY id", number, program="helpdesk-service")


def test_outbox_rows_are_written_with_the_ticket_or_not_at_all(start_service, db):
    """Nobody sends them, so they can be looked at."""
    service = start_without_broker(start_service, db)
    people = People(service.http)
    number = create(people.employee)["ticket_number"]
    assert outbox(db, number) == [(PROCESS_QUEUE,), ("ticket.created",)]
    people.employee.post("/api/v1/tickets", {**TICKET, "subject": None}, expect=400)
    check_error(people.employee.post(f"/api/v1/tickets/{number}/close"), 409, "CONFLICT")
    assert len(outbox(db, number)) == 2
    # The transaction that fails after its rows were written leaves none: the key is taken meanwhile.
    db.query("INSERT INTO idempotency (principal, route, key, request_hash, status, body, created_at) "
             "SELECT 'user:%s', 'POST /api/v1/tickets', 'k', 'other', 201, '{}', now()", EMPLOYEE,
             program="helpdesk-service")
    check_error(people.employee.post("/api/v1/tickets", TICKET, headers={"Idempotency-Key": "k"}), 422,
                "VALIDATION_ERROR")
    assert db.query("SELECT count(*) FROM outbox", program="helpdesk-service") == [(2,)]
    service.stop()


def test_tickets_are_accepted_without_a_broker_and_arrive_later(start_service, db, broker):
    away = start_without_broker(start_service, db)
    people = People(away.http)
    sent = [create(people.employee, subject=f"Offline {i}")["ticket_number"] for i in range(5)]
    assert away.http.get("/ready").status_code == 503
    away.kill()
    with Amqp(broker.url) as amqp:
        amqp.declare(PROCESS_QUEUE)
        events = amqp.listen("ticket.created")
        back = start_helpdesk(start_service, db)
        arrived = [amqp.receive(PROCESS_QUEUE)[1][0][0]["ticket_number"] for _ in range(len(sent) + 1)]
        told = [amqp.receive(events)[1]["subject"] for _ in range(len(sent) + 1)]
    # The one of the test before is among them, too.
    assert set(sent) < set(arrived) and set(sent) < set(told)
    wait_for(lambda: db.query("SELECT count(*) FROM outbox", program="helpdesk-service") == [(0,)])
    back.stop()


def test_without_a_database(start_service):
    service = start_service("helpdesk-service", env={"DB_URL": "postgresql://x:x@127.0.0.1:1/x"}, ready=False)
    client = People(service.http).employee
    assert service.http.get("/health").status_code == 200
    assert service.http.get("/ready").status_code == 503
    for answer in (client.get("/api/v1/tickets"), client.post("/api/v1/tickets", TICKET),
                   client.get("/api/tickets/number/TX20200101000001/"), client.get("/tickets")):
        assert check_error(answer, 503, "SERVICE_UNAVAILABLE") and answer.headers["Retry-After"]
    service.stop()


def test_readiness_answers_while_the_database_says_nothing(start_service, db):
    """Its connections stay open, as when a network swallows packets."""
    proxy = Proxy(db.url("helpdesk-service"))
    service = start_service("helpdesk-service", env={**NO_BROKER, "DB_URL": proxy.url}, ready=False)

    def database():
        return service.http.get("/ready", timeout=5).json()["checks"]["database"]["status"]
    wait_for(lambda: database() == "ok", what="the database")
    proxy.hold()
    for _ in range(3):
        answer = service.http.get("/ready", timeout=5)
        assert answer.status_code == 503 and answer.json()["checks"]["database"]["status"] == "failed"
    proxy.release()
    wait_for(lambda: database() == "ok", what="the database again")
    service.stop()
    proxy.close()
