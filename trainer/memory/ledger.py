"""Keep count of tensors that have sizes but no memory (torch's fake tensors), while real code runs on them.

The rules this module keeps:
1. A piece of memory counts from when an operation returns it until the last tensor that looks at it is gone, whoever
   kept it: a variable, a module, or autograd.
2. Numbers that decide what happens (token ids, positions, places of replies) are real: operations on them alone are
   carried out, unless they are large (masks of attention). All else is fake, and takes no memory: packed weights too,
   though they are whole numbers. A real tensor given to a fake operation would count a second time.
3. What an operation takes only for itself is not seen; where that is much, `scratch.py` says how much.
"""

import math
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch._ops import OpOverload
from torch._subclasses.fake_tensor import FakeTensor, unset_fake_temporarily
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from trainer.memory.scratch import STAND_INS, scratch_bytes

aten = torch.ops.aten

MOST_REAL = 2**20
"""Numbers of a real tensor at most."""
_PACKED = (torch.uint8, torch.int8)
_COUNTING = (aten.arange.default, aten.arange.start, aten.arange.start_step)


@dataclass(slots=True)
class Piece:
    """Some memory: how much, and in which phase it came."""

    bytes: int
    phase: str


@dataclass(slots=True)
class Ledger:
    """All pieces, and in which order they came and went: `+n` and `-n` for piece n, a text for a new phase."""

    granule: int = 1
    """Sizes are rounded up to a multiple of this, as an allocator does."""
    pieces: list[Piece] = field(default_factory=list)
    events: list[int | str] = field(default_factory=list)
    phase: str = ""
    _open: dict[int, tuple[int, Any]] = field(default_factory=dict)

    def enter(self, phase: str) -> None:
        """Say that something else begins."""
        self.phase = phase
        self.events.append(phase)

    def note(self, tensor: torch.Tensor) -> int:
        """Count the memory behind a tensor, unless it is counted already; return the number of its piece."""
        storage = tensor.untyped_storage()
        key = storage._cdata  # noqa: SLF001  the address of what tensors share
        if key not in self._open:
            self._open[key] = (self._come(storage.nbytes()), weakref.ref(storage, lambda _: self._close(key)))
        return self._open[key][0]

    def spike(self, size: int) -> None:
        """Count some memory that comes and goes at once."""
        self._go(self._come(size))

    def _come(self, size: int) -> int:
        # With gradients switched on, the backward pass computes activations again.
        phase = "forward" if torch.is_grad_enabled() and self.phase.startswith("backward") else self.phase
        self.pieces.append(Piece(-(-size // self.granule) * self.granule, phase))
        self.events.append(len(self.pieces))
        return len(self.pieces)

    def _close(self, key: int) -> None:
        self._go(self._open.pop(key)[0])

    def _go(self, number: int) -> None:
        self.events.append(-number)


class Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what operations return, within `torch._subclasses.FakeTensorMode`."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._ledger = ledger

    def __torch_dispatch__(
        self,
        func: OpOverload,
        types: Any,  # noqa: ANN401  torch's
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401  as above
        kwargs = kwargs or {}
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        if _is_small(tensors) and (tensors or _makes_integers(func, args, kwargs)):
            with unset_fake_temporarily():
                made = func(*args, **kwargs)
        elif func is aten._local_scalar_dense.default:  # noqa: SLF001  `.item()`: any number will do
            # A question is answered with no: OPT asks whether to leave out a layer, by a random number.
            return 1.0 if args[0].dtype != torch.bool else False
        else:
            made = STAND_INS.get(str(func), func)(*args, **kwargs)
            self._count(tree_leaves(made))
            if scratch := scratch_bytes(str(func), args):
                self._ledger.spike(scratch)
            return made
        self._count(tree_leaves(made))
        return made

    def _count(self, made: Iterable[Any]) -> None:
        for each in made:
            if isinstance(each, torch.Tensor):
                self._ledger.note(each)


def _is_small(tensors: Sequence[torch.Tensor]) -> bool:
    """Tell whether tensors are real, and they and what an operation makes of them have few numbers."""
    if any(isinstance(tensor, FakeTensor) or tensor.numel() > MOST_REAL for tensor in tensors):
        return False
    try:
        shape = torch.broadcast_shapes(*(tensor.shape for tensor in tensors))  # type: ignore[no-untyped-call]
        return int(math.prod(shape)) <= MOST_REAL
    except RuntimeError:  # shapes that belong together otherwise than number by number
        return True


def _makes_integers(func: OpOverload, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Tell whether an operation makes a few whole numbers of nothing; those of a byte are packed weights."""
    dtype = kwargs.get("dtype")
    if dtype is None:
        return func in _COUNTING
    is_large = bool(args) and isinstance(args[0], list | tuple) and math.prod(args[0]) > MOST_REAL
    return not (dtype.is_floating_point or dtype in _PACKED or is_large)
