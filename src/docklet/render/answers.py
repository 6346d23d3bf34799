"""What the bot answers in words, where a reaction does not say it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docklet.render.fence import fenced, first, last
from docklet.render.folding import folded
from docklet.render.inline import code, printable, prose
from docklet.render.listing import SHORT, listing
from docklet.render.preview import plan_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from docklet.domain.config import Config
    from docklet.domain.identity import RunKey
    from docklet.domain.plan import Plan
    from docklet.domain.policy import Confirm
    from docklet.render.listing import Listed
    from docklet.render.mask import Mask

LONGEST_LINE: Final = 900
"""Characters of one problem."""
MOST_LINES: Final = 20
"""Problems that are shown."""
LONGEST_LOG: Final = 60_000
"""Characters of a log; GitHub takes 65,536 in a comment."""
COMMANDS: Final = (
    ("run [job] [input=value ...]", "runs a job on a droplet that is rented for it"),
    ("plan [job] [input=value ...]", "says what `run` would do and cost"),
    ("stop [run]", "ends a run; what it has made so far goes to a branch of its own"),
    ("logs [n] [run]", "shows the last lines of a run's log"),
    ("extend 2h [run]", "lets a script take longer, or keeps a kept droplet for longer"),
    ("keep [run]", "keeps the droplet for debugging when its run has ended"),
    ("status", "lists the runs of this conversation"),
    ("help", "shows this"),
)
"""Every command with what it does."""


def explained(message: str) -> str:
    """Return why something was not done, quoted; each problem on a line of its own."""
    lines = [line for line in message.splitlines() if line.strip()][:MOST_LINES]
    told = [prose(line, longest=LONGEST_LINE) for line in lines]
    return f"> {told[0]}" if len(told) == 1 else "\n".join(f"> - {line}" for line in told)


def confirm(decision: Confirm, body: str) -> str:
    """Return the question whether a commit is the one that is meant."""
    said = next((line.strip() for line in body.splitlines() if line.strip()), "")
    again = f"{first(printable(said), LONGEST_LINE)} sha={decision.sha}"
    return (
        f"> Nothing was started: it can't be told whether you have seen commit"
        f" {code(decision.sha)}. {decision.why} If you have, say so:\n\n{fenced(again)}"
    )


def planned(plan: Plan, mask: Mask) -> str:
    """Return what a run would do and cost."""
    return f"Nothing was started. This run would be:\n\n{fenced(mask.text(plan_text(plan)))}"


def about_run(run: RunKey, told: str) -> str:
    """Return what was done to a run."""
    return f"> Run {code(run[:SHORT])}: {prose(told)}"


def log(run: RunKey, text: str) -> str:
    """Return the end of a log."""
    if not text.strip():
        return about_run(run, "Its script has written nothing yet.")
    shown = last(text, lines=text.count("\n") + 1, characters=LONGEST_LOG)
    title = f"The end of the log of run {run[:SHORT]}"
    return folded(title, fenced(shown), unfolded=True)


def status(listed: Sequence[Listed]) -> str:
    """Return the runs that there are; nothing when there are none."""
    return fenced(listing(listed)) if listed else ""


def usage(config: Config) -> str:
    """Return all commands, and the jobs that may be run."""
    rows = "\n".join(f"| {code(f'/docklet {words}')} | {what} |" for words, what in COMMANDS)
    jobs = [f"- {code(name)}: {code(inputs.get('script', ''))}" for name, inputs in _jobs(config)]
    named = "\n".join(jobs) or "None yet: name one in `.github/docklet.yml`."
    return f"| Command | |\n| --- | --- |\n{rows}\n\n**Jobs:**\n\n{named}"


def _jobs(config: Config) -> list[tuple[str, dict[str, str]]]:
    """Return the jobs with their inputs, as many as are worth a list."""
    return [(name, {**config.defaults, **raw}) for name, raw in config.jobs.items()][:MOST_LINES]
