"""Webhooks as a receiver checks them that uses the package standardwebhooks."""
import json

import pytest
from lib.hooks import Hooks
from lib.node import Program
from lib.receiver import Receiver


@pytest.fixture(scope="module", name="world")
def _world(start_service, broker):
    world = Hooks(start_service, broker)
    yield world
    world.close()


@pytest.fixture(scope="module", name="verifier")
def _verifier():
    with Program("verify_webhooks.js") as program:
        yield program


@pytest.fixture(name="receiver")
def _receiver():
    with Receiver() as receiver:
        yield receiver


def verify(verifier, secret, call, **changes):
    headers = {name: call.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    body = changes.pop("body", call.body.decode())
    return verifier.ask({"secret": secret, "headers": {**headers, **changes}, "body": body})


def test_what_arrives_is_verified(world, verifier, receiver):
    hook = world.add(receiver)
    ticket = world.send("ticket.status_changed", world.ticket(status="Auf Eis – ❄", old_status='"Open"'))
    call = receiver.wait(1, ticket["ticket_number"])[0]
    verified = verify(verifier, hook["secret"], call)
    assert verified["payload"] == json.loads(call.body)
    assert verified["payload"]["data"]["status"] == "Auf Eis – ❄"


def test_what_was_tampered_with_is_refused(world, verifier, receiver):
    hook = world.add(receiver)
    other = world.add(receiver.url + "2")["secret"]
    ticket = world.send()
    call = next(call for call in receiver.wait(2, ticket["ticket_number"]) if call.path == "/hook")
    assert "payload" in verify(verifier, hook["secret"], call)
    stamp = int(call.headers["webhook-timestamp"])
    for secret, changes in ((other, {}), (hook["secret"], {"body": call.body.decode() + " "}),
                            (hook["secret"], {"webhook-id": "msg_0"}),
                            (hook["secret"], {"webhook-timestamp": str(stamp - 1)}),
                            (hook["secret"], {"webhook-timestamp": str(stamp - 3600)})):
        assert verify(verifier, secret, call, **changes)["problem"]


def test_both_secrets_verify_while_they_overlap(world, verifier, receiver):
    hook = world.add(receiver)
    new = world.act(hook, "rotate-secret")["secret"]
    ticket = world.send()
    call = receiver.wait(1, ticket["ticket_number"])[0]
    for secret in (hook["secret"], new):
        assert verify(verifier, secret, call)["payload"]["type"] == "ticket.created"


def test_every_attempt_is_signed_anew(world, verifier, receiver):
    answers = iter([500])
    receiver.answer = lambda call: next(answers, 200)
    hook = world.add(receiver)
    world.act(hook, "ping", expect=202)
    first, second = receiver.wait(2)
    assert first.id == second.id and first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert verify(verifier, hook["secret"], second)["payload"]["type"] == "webhook.ping"
