# The two commands a newcomer needs: make demo, make test. Both set up one virtual environment first.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: demo test test-all check lab clean

demo: $(READY)
	$(BIN)/huanhua demo

# Two files at a time: each holds fixtures of its own, and a worker holds torch.
test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

# All that the tests can use: extras, Debian's Chromium for the pages and PostgreSQL for shared storage, installed where that can be done.
test-all: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,lab,auth,browser,postgres,ray]"
	@if test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	  command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium; }; \
	  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq postgresql; }; \
	fi
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null \
	  || { echo "the browser tests need Chromium: sudo apt-get install chromium"; exit 1; }
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null \
	  || { echo "the tests of shared storage need PostgreSQL: sudo apt-get install postgresql"; exit 1; }
	$(BIN)/python -m pytest -m "slow or not slow"

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
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
