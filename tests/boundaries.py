"""Where a run's process may die: every phase's edges, and every call that changes something.

A moment is a phase with `:started` or `:ended`, or a call with `<` before or `>` after its effect.
Whoever adds a phase gets its moments at once; a new verb of the agent, or a new method of a port,
has to be put into one of the two sets, or a test fails.
"""

from __future__ import annotations

from typing import Final

from docklet.domain.events import Phase

CHANGES: Final = frozenset(
    {
        *("cloud.create", "cloud.delete", "cloud.delete_tag"),
        *("forge.create_comment", "forge.edit_comment", "forge.set_status"),
        *("git.push",),
        *("shell.install", "shell.hold", "shell.checkout", "shell.pull", "shell.start"),
        *("shell.collect",),
    }
)
"""Calls of an ordinary run after which the world is another one, or a step of it is done."""
OTHERS: Final = frozenset(
    {
        # They change nothing, or nothing outside of the process's own directory.
        *("cloud.droplet_limit", "cloud.sizes", "cloud.application_images", "cloud.find_image"),
        *("cloud.droplet", "cloud.droplets", "cloud.gpu_droplets", "cloud.unused_tags"),
        *("forge.resolve", "forge.default_branch", "forge.find_comment", "forge.public_keys"),
        *("forge.recent_comments", "forge.workflow_run", "forge.pull_of", "forge.count_lines"),
        *("git.fetch", "git.find_run", "git.import_results", "git.changed_paths"),
        *("git.effective", "git.commit", "git.committed", "git.remote_head", "git.close"),
        "git.upload",  # what is given to LFS twice is there once
        *("shell.follow", "shell.ending", "shell.look", "shell.pack"),
        # Before the run, once for an account; a half of it is done anew by the next run.
        *("cloud.firewalls", "cloud.create_firewall", "cloud.check_deletion"),
        # Not part of an ordinary run: what is slow or off, keeping, adopting, pull requests,
        # existing droplets, a failed script's lines.
        *("cloud.creation_failed", "cloud.power_on"),
        *("cloud.add_tag", "cloud.untag", "forge.open_pull_request"),
        "forge.add_check",
        *("shell.unpack", "shell.stop", "shell.keep", "shell.extend", "shell.clean"),
    }
)
"""All other calls."""
EDGES: Final = tuple(f"{phase}:{edge}" for phase in Phase for edge in ("started", "ended"))
CALLS: Final = tuple(f"{call}>" for call in sorted(CHANGES))
MOMENTS: Final = (*EDGES, *CALLS)
"""Everything that a process is killed at."""
