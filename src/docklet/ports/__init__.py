"""All that docklet needs of the world, one module for each part of it.

Adapters implement these for one vendor each; `tests/fakes` implements each once more. Every
method raises the errors of `domain.errors` only.
"""

from docklet.ports.cloud import Cloud, Deletion, Droplet, DropletRequest
from docklet.ports.forge import Check, Comment, Forge
from docklet.ports.git import Change, CommitMessage, Git, PushAnswer, PushVerdict, Results
from docklet.ports.machine import Access, Completed, Login, Shell
from docklet.ports.process import Clock, Observer

__all__ = [
    "Access",
    "Change",
    "Check",
    "Clock",
    "Cloud",
    "Comment",
    "CommitMessage",
    "Completed",
    "Deletion",
    "Droplet",
    "DropletRequest",
    "Forge",
    "Git",
    "Login",
    "Observer",
    "PushAnswer",
    "PushVerdict",
    "Results",
    "Shell",
]
