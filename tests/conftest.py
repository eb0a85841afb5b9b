"""For all tests: one torch thread, since small models lose more by waiting for each other, and no deadlines on examples."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1")
settings.register_profile("untimed", deadline=None, max_examples=50)
settings.load_profile("untimed")
