"""Opens and guards every file that comes from outside."""

import os

# onnxruntime reads this once, when it is imported; without it, it reports its use to its makers.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
