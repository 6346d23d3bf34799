"""Docker's frames are taken apart wherever the stream was cut."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from docklet.droplet.stream import Frames

OUTPUTS = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=40)), max_size=12)


@given(OUTPUTS, st.lists(st.integers(min_value=1, max_value=30), min_size=1))
def test_frames(outputs: list[tuple[int, bytes]], cuts: list[int]) -> None:
    """Every byte comes out once and in order, however the pieces fall."""
    stream = b"".join(struct.pack(">BxxxL", kind, len(data)) + data for kind, data in outputs)
    frames, received, at, turn = Frames(), b"", 0, 0
    while at < len(stream):
        size = cuts[turn % len(cuts)]
        received += b"".join(map(bytes, frames.feed(stream[at : at + size])))
        at, turn = at + size, turn + 1
    assert received == b"".join(data for _, data in outputs)
