"""Each port once more, in memory: fakes that behave, not mocks that expect."""

from tests.fakes.cloud import IMAGES, SIZES, FakeCloud
from tests.fakes.forge import FakeForge
from tests.fakes.git import FakeCommit, FakeGit, FakeRepository
from tests.fakes.machine import FakeAccess, FakeLogin, FakeShell
from tests.fakes.process import FakeClock

__all__ = [
    "IMAGES",
    "SIZES",
    "FakeAccess",
    "FakeClock",
    "FakeCloud",
    "FakeCommit",
    "FakeForge",
    "FakeGit",
    "FakeLogin",
    "FakeRepository",
    "FakeShell",
]
