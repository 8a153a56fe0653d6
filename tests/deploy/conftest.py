"""One engine and one stack for all tests; TTS_DEPLOY_KEEP=1 leaves the images for the next run."""
import os
import shutil
import sys
import time
import pathlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

# pylint: disable=wrong-import-position
import images
from engine import WORK, Engine
from stack import Stack


@pytest.fixture(scope="session")
def engine():
    ours = Engine()
    yield ours
    ours.close()
    if not os.environ.get("TTS_DEPLOY_KEEP"):
        shutil.rmtree(WORK)


@pytest.fixture(scope="session")
def built(engine):
    """All images."""
    started = time.monotonic()
    images.make_all(engine)
    print(f"\nimages made in {time.monotonic() - started:.0f} s")
    return engine


@pytest.fixture(scope="session")
def stack(built):
    running = Stack(built)
    running.up()
    print(f"\ndocker-compose up to ready: {running.seconds:.1f} s")
    yield running
    running.down()
