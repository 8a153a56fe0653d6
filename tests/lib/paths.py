"""Where things are, and which build is under test."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "test-run"
LOCAL = ROOT / "deploy" / "local"

VARIANT = os.environ.get("TTS_VARIANT", "release")
PORT_OFFSET = os.environ.get("PORT_OFFSET", "11700")

SERVICES = ["registry-service", "auth-service", "helpdesk-service", "workflow-service",
            "messaging-service", "notification-service"]
PROGRAMS = SERVICES + ["gateway"]


def binary(program, variant=None):
    return ROOT / "build" / (variant or VARIANT) / program / program


def schema(program):
    """PostgreSQL schema and role of a service."""
    return program.removesuffix("-service")
