# The two commands a newcomer needs: make demo, make test. Both set up one virtual environment first.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test test-all check lab clean

demo: $(READY)
	$(BIN)/huanhua demo

test: $(READY)
	$(BIN)/python -m pytest

# Pages are looked at in a real browser: Debian's chromium, which is installed where that can be done.
test-all: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[browser]"
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { test "$$(id -u)" = 0 && command -v apt-get >/dev/null && apt-get install -y -qq chromium; } \
	  || { echo "the browser tests need Chromium: sudo apt-get install chromium"; exit 1; }
	$(BIN)/python -m pytest -m "slow or not slow"

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lab: $(READY)
	$(BIN)/python -m studies.paperdoll.make

$(READY): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,lab]"
	touch $(READY)

clean:
	rm -rf $(VENV) build *.egg-info
