"""Settings of all tests."""

import os

from hypothesis import settings

# Workers beside each other have a core each: threads that wait for one only take it from others.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes says nothing about whether the code is right.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
