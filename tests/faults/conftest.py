"""Fault tests kill servers, so their fleet runs on servers of its own."""
import pytest

from lib.fleet import Fleet


@pytest.fixture(scope="module")
def fragile_fleet(own_servers):
    fleet = Fleet(own_servers)
    yield fleet
    fleet.stop()
