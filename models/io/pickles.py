"""Files that torch.save wrote: read as tensors and plain containers, so that nothing in them is ever run."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase

PICKLES: Final = (".ckpt", ".pt", ".pth", ".bin")
"""How their names end."""


def read_pickle(path: Path, allowed: Sequence[type] = ()) -> dict[str, Any]:
    """The contents of the file, tensors mapped from the disk where its form permits it.

    Raises InputError if it contains anything but weights that is not of an `allowed` class, is damaged, or is no table of names.
    """
    import torch

    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(list(allowed)):
            # torch warns of other protocols before it refuses or reads them
            warnings.simplefilter("ignore")
            contents = torch.load(str(path), map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # the reader raises whatever a foreign file makes it stumble over
        found = re.search(r"GLOBAL (\S+)", str(error))
        why = phrase("holds more than weights ({found})", found=found[1]) if found else phrase("does not read as weights alone")
        raise InputError(phrase("the pickle {why}", why=why), path, "use a .safetensors file of the same") from error
    if not isinstance(contents, dict):
        raise InputError("the pickle holds no table of names and weights", path, "use a .safetensors file of the same")
    return contents
