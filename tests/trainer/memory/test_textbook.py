"""The textbook's formula."""

from trainer.memory.textbook import textbook


def test_the_classic_example_comes_to_56_5_gigabytes() -> None:
    """7B, fp16, batch 2, sequence 1024, hidden 4096, 32 layers, AdamW."""
    found = textbook(parameters=7_000_000_000, batch=2, sequence=1024, hidden=4096, layers=32)
    assert round(found.total / 1e9, 1) == 56.5
    assert (found.parameters, found.gradients, found.optimiser) == (14e9, 14e9, 28e9)


def test_only_activations_grow_with_the_batch() -> None:
    """Twice the rows are twice the activations, and nothing else."""
    one, two = (textbook(parameters=1000, batch=batch, sequence=8, hidden=4, layers=2) for batch in (1, 2))
    assert two.total - one.total == one.activations == 8 * 4 * 2 * 2
