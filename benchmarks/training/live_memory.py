"""Bytes of tensors that are alive at the same time, counted as they are made and freed: the same on every device."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveMemory(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it unannotated
    """Within it every new tensor's storage counts once, until nothing holds it any more.

    `known` are tensors made before that live throughout; they count from the beginning. What a library takes for itself beside
    tensors (a device's context, the workspace of a convolution) is not seen.
    """

    def __init__(self, known: Iterable[torch.Tensor] = ()) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._seen: weakref.WeakSet[torch.UntypedStorage] = weakref.WeakSet()
        self._kept = [tensor.untyped_storage() for tensor in known]
        self.live = self.peak = 0
        for storage in self._kept:
            self._add(storage)

    def restart(self) -> None:
        """The peak begins anew from what is alive."""
        self.peak = self.live

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(found):
            if isinstance(leaf, torch.Tensor):
                self._add(leaf.untyped_storage())
        return found

    def _add(self, storage: torch.UntypedStorage) -> None:
        if storage in self._seen:
            return
        self._seen.add(storage)
        size = storage.nbytes()
        self.live += size
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._free, size)

    def _free(self, size: int) -> None:
        self.live -= size
