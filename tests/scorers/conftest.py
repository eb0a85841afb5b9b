"""No deadline on an example: how long one takes says something about the machine, not about the code."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("untimed", deadline=None, max_examples=50)
settings.load_profile("untimed")
