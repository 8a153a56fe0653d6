"""Harness of the Python tests: servers, programs, clients."""
