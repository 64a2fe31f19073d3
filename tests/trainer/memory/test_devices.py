"""GPUs by name."""

import pytest

from connectors.errors import UsageError
from trainer.memory.devices import GIB, _published, here, known_devices, named


@pytest.mark.parametrize("name", ["A100-80", "a100 80", "NVIDIA A100-80GB", "A100_80G"])
def test_a_name_may_be_written_in_several_ways(name: str) -> None:
    """Case, hyphens, the maker and the unit do not matter."""
    assert named(name).name == "A100-80"


@pytest.mark.parametrize(("size", "expected"), [("24GiB", 24 * GIB), ("16 GB", 16e9), ("80g", 80 * GIB)])
def test_a_size_is_a_device_too(size: str, expected: int) -> None:
    """Who knows the memory only can plan with it."""
    assert named(size).memory_bytes == expected


@pytest.mark.parametrize("size", ["..GB", "1.2.3GiB", ".GB", "GiB"])
def test_what_is_no_number_is_no_size(size: str) -> None:
    """It is refused as any unknown name is."""
    with pytest.raises(UsageError):
        named(size)


def test_an_unknown_name_is_answered_with_those_that_are_known() -> None:
    """The hint lists them."""
    with pytest.raises(UsageError) as caught:
        named("RTX9999")
    assert all(device.name in caught.value.hint for device in known_devices())


def test_only_gpus_from_ampere_on_have_bf16() -> None:
    """The T4 and the V100 train in fp16."""
    without = {device.name for device in known_devices() if not device.has_bf16}
    assert without == {"T4", "V100-16", "V100-32"}
    assert all(("bf16" in device.flops) == device.has_bf16 for device in known_devices())


def test_part_of_the_memory_is_kept_free() -> None:
    """Tensors never get all of it."""
    assert all(0 < device.usable_bytes < device.memory_bytes for device in (*known_devices(), here()))


@pytest.mark.parametrize(
    ("name", "tera"),
    [
        ("NVIDIA A100-SXM4-80GB", 312),
        ("NVIDIA A100 80GB PCIe", 312),
        ("NVIDIA H200", 989),
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA L4", 121),
        ("NVIDIA L40", 181),
        ("NVIDIA L40S", 362),
        ("NVIDIA RTX A6000", 155),
        ("NVIDIA GeForce RTX 4090", 165),
    ],
)
def test_a_driver_s_name_finds_the_published_speed(name: str, tera: int) -> None:
    """The whole name counts: an A100 is no A10, an L40 no L4."""
    assert _published(name, 80 * GIB)["bf16"] == tera * 1e12


@pytest.mark.parametrize("name", ["Some card", "NVIDIA GeForce RTX 4090 Laptop GPU", "NVIDIA H100 NVL", "NVIDIA A10G"])
def test_a_gpu_that_is_not_known_has_no_speed(name: str) -> None:
    """A slower kin of a known one is not taken for it."""
    assert _published(name, 8 * GIB) == {}
