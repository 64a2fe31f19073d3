"""The peak of memory, counted to the byte."""

import torch

from trainer.memory.peak import measure_peak, tensor_bytes

MEGABYTE = 2**20


def test_what_is_held_at_a_time_counts_not_what_was_made() -> None:
    """Three tensors one after the other are one; two at a time are two."""
    with measure_peak("cpu") as one:
        for _ in range(3):
            torch.empty(MEGABYTE, dtype=torch.uint8)
    with measure_peak("cpu") as two:
        first = torch.empty(MEGABYTE, dtype=torch.uint8)
        second = torch.empty(MEGABYTE, dtype=torch.uint8)
    assert (one.bytes, two.bytes) == (MEGABYTE, first.nbytes + second.nbytes)


def test_what_autograd_keeps_counts() -> None:
    """Of three exponentials in a row autograd keeps each result; without it two are there at a time."""
    start = torch.zeros(MEGABYTE // 4, requires_grad=True)
    with measure_peak("cpu") as learning:
        start.exp().exp().exp()
    with measure_peak("cpu") as looking, torch.no_grad():
        start.exp().exp().exp()
    assert (learning.bytes, looking.bytes) == (3 * MEGABYTE, 2 * MEGABYTE)


def test_what_lives_only_inside_an_operation_counts() -> None:
    """Sorting makes values and indices, though only the values are asked for."""
    numbers = torch.zeros(MEGABYTE // 4)
    with measure_peak("cpu") as peak:
        numbers.sort().values.sum()
    assert peak.bytes >= 3 * MEGABYTE


def test_memory_from_before_is_added_when_told_and_its_end_does_not_confuse() -> None:
    """Weights that were loaded earlier count as told; freeing them is no negative number."""
    weights = torch.empty(MEGABYTE, dtype=torch.uint8)
    with measure_peak("cpu", already=tensor_bytes([weights])) as peak:
        del weights
        torch.empty(MEGABYTE, dtype=torch.uint8)
    assert peak.bytes == 2 * MEGABYTE


def test_a_view_is_the_memory_it_looks_at() -> None:
    """Two views of a tensor take no memory of their own."""
    tensor = torch.zeros(1024)
    assert tensor_bytes([tensor, tensor[:10], tensor.view(32, 32)]) == 4096
