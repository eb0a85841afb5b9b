"""The ground: opens every file that comes from outside."""

import os

# onnxruntime looks for this when it is imported, and reports its use to its makers without it, whatever is asked of it later.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
