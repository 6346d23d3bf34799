"""The fuzz targets hold for honest examples and for some thousands of damaged ones."""

from __future__ import annotations

from random import Random

import pytest

from tests.foreign import PIECES, Stranger
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

DAMAGED = 1500
"""Damaged examples for each target; `make fuzz` looks for longer, and cleverly."""


def damaged(seed: bytes, chance: Random) -> bytes:
    """Return an example with a few bytes or pieces changed, lost or doubled."""
    data = bytearray(seed)
    for _ in range(chance.randrange(1, 5)):
        at, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
        match chance.randrange(4):
            case 0:
                data[at : at + 1] = chance.randbytes(chance.randrange(3))
            case 1:
                data[at:at] = chance.choice(PIECES).encode("utf-8", "surrogatepass")
            case 2:
                data[at:at] = data[at:end]
            case _:
                del data[at : min(end, at + 40)]
    return bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_target(name: str) -> None:
    """A parser raises what it promises, and nothing else."""
    examples = seeds()[name]
    for example in (*examples, b"", b"\0"):
        TARGETS[name](example)
    for number in range(DAMAGED):
        chance = Random(f"{name} {number}")  # noqa: S311 - a seed
        seed = chance.choice(examples)
        data = damaged(seed, chance) if number % 4 else Stranger(chance).raw(b"")
        try:
            TARGETS[name](data)
        except Exception as error:
            error.add_note(f"{name} {number}: {data!r}")
            raise


def test_every_target_has_examples() -> None:
    """No target begins with nothing."""
    assert set(seeds()) == set(TARGETS)
    assert all(seeds().values())
