"""`python -m huanhua`: the same as the `huanhua` command."""

from __future__ import annotations

from studies.cli.app import main

if __name__ == "__main__":
    main()
