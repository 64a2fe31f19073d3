"""Counting tensors that take no memory."""

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from trainer.memory.ledger import Counting, Ledger


def highest(ledger: Ledger) -> int:
    """Return the most that was held at a time."""
    now = most = 0
    for event in ledger.events:
        if isinstance(event, int):
            size = ledger.pieces[abs(event) - 1].bytes
            now += size if event > 0 else -size
            most = max(most, now)
    return most


def test_views_share_a_piece_and_what_is_gone_does_not_count() -> None:
    """Three tensors one after the other are one; a view is none."""
    ledger = Ledger()
    with FakeTensorMode(allow_non_fake_inputs=True), Counting(ledger):
        for _ in range(3):
            made = torch.empty(1000)
            made.view(10, 100).t()
            del made
    assert highest(ledger) == 4000


def test_what_autograd_keeps_counts_until_its_backward_pass() -> None:
    """A chain of exponentials keeps each result."""
    ledger = Ledger()
    with FakeTensorMode(allow_non_fake_inputs=True), Counting(ledger):
        start = torch.empty(1000, requires_grad=True)
        end = start.exp().exp().exp()
        del end
        start.exp()
    assert highest(ledger) == 16000


def test_sizes_are_rounded_as_an_allocator_does() -> None:
    """A GPU gives out memory in pieces of 512 bytes."""
    ledger = Ledger(granule=512)
    with FakeTensorMode(allow_non_fake_inputs=True), Counting(ledger):
        torch.empty(1)
    assert highest(ledger) == 512


def test_whole_numbers_are_real() -> None:
    """What depends on them can be asked: how many are not zero, and whether all are."""
    with FakeTensorMode(allow_non_fake_inputs=True), Counting(Ledger()):
        places = (torch.arange(10) > 6).nonzero()
        assert places.flatten().tolist() == [7, 8, 9]
        assert torch.empty(10)[places].shape == (3, 1)


def test_the_phase_is_kept_with_each_piece() -> None:
    """It tells later what memory was for."""
    ledger = Ledger()
    ledger.enter("loss")
    with FakeTensorMode(allow_non_fake_inputs=True), Counting(ledger):
        torch.empty(1)
    assert ledger.pieces[-1].phase == "loss"
