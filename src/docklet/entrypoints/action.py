"""The action's main step: inputs from the runner, a run, outputs to the runner.

Python is PID 1 of its container and nothing stands in front of it: a shell would drop the
`INPUT_*` variables whose names have dashes, and keep signals to itself. The command line is
ignored: a runner may put the input `args` there.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from docklet.adapters.runner.files import action_inputs, event_payload
from docklet.domain.errors import DockletError
from docklet.domain.events import Ended
from docklet.domain.inputs import parse, secrets_of
from docklet.domain.outcome import Outcome, Reason, exit_code_of
from docklet.domain.progress import Progress, advance
from docklet.domain.trigger import trigger_of
from docklet.entrypoints import bot
from docklet.entrypoints.carry_out import Finished, Job, rent_and_run
from docklet.entrypoints.cleanup import DONE_STATE, KEY_STATE
from docklet.entrypoints.last_chance import last_chance
from docklet.entrypoints.signals import exit_on_signals, run_until_stopped
from docklet.entrypoints.surroundings import taken
from docklet.render.links import Links
from docklet.render.mask import mask_of
from docklet.render.outputs import outputs
from docklet.render.summary import summary
from docklet.wiring import new_run_key, settings_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.adapters.runner.log import Runner
    from docklet.render.mask import Mask
    from docklet.wiring import Settings

_UNSETTLED: Final = {Reason.CANCELLED, Reason.NOT_DELETED, Reason.CREATE_FAILED}
"""Endings after which the post step looks again whether anything is left."""


def main() -> None:
    """Run the action's main step and exit with the code of its ending."""
    exit_on_signals()
    sys.exit(run_until_stopped(act(taken(os.environ))))


async def act(environ: Mapping[str, str]) -> int:
    """Do what the runner asks for and return the exit code."""
    raw = action_inputs(environ)
    mask = mask_of(secrets_of(raw))
    runner = _runner(environ, mask)
    runner.hide(secrets_of(raw))
    settings = settings_from(
        environ,
        cloud_token=raw.get("digitalocean-token", ""),
        forge_token=raw.get("github-token", ""),
    )
    finished = await _finished(raw, environ, settings, runner)
    if finished is not None:
        _report(finished, runner, settings, environ.get("GITHUB_REPOSITORY", ""), mask)
    runner.close()
    return 0 if finished is None else exit_code_of(finished.outcome.reason)


async def _finished(
    raw: Mapping[str, str], environ: Mapping[str, str], settings: Settings, runner: Runner
) -> Finished | None:
    """Do what the runner describes: a job, or the answer to a comment, which may be all."""
    if not bot.is_asked(raw, environ):
        return await _ran(raw, environ, settings, runner)
    finished = await bot.answer(raw, environ, settings, runner)
    if finished is None or finished.outcome.reason not in _UNSETTLED:
        runner.save_state({DONE_STATE: "true"})
    return finished


async def _ran(
    raw: Mapping[str, str], environ: Mapping[str, str], settings: Settings, runner: Runner
) -> Finished:
    """Run the job that the runner describes, or refuse it."""
    try:
        trigger = trigger_of(environ, event_payload(environ))
        spec = parse(raw, actor=trigger.actor)
    except DockletError as error:
        return _refused(error, runner)
    job = Job(spec=spec, trigger=trigger, key=new_run_key(), secrets=secrets_of(raw))
    runner.save_state({KEY_STATE: job.key})
    saver = last_chance(settings, trigger.repository, runner)
    finished = await rent_and_run(job, settings, runner, aside=saver)
    if finished.outcome.reason not in _UNSETTLED:
        runner.save_state({DONE_STATE: "true"})
    return finished


def _refused(error: DockletError, runner: Runner) -> Finished:
    """End a run that never began."""
    ended = Ended(at=0.0, outcome=Outcome(reason=error.reason, message=error.message))
    runner.notify(ended)
    runner.save_state({DONE_STATE: "true"})
    return Finished(outcome=ended.outcome, progress=advance(Progress(), ended))


def _report(
    finished: Finished, runner: Runner, settings: Settings, repository: str, mask: Mask
) -> None:
    """Leave the outputs and the job summary with the runner."""
    progress = finished.progress
    run_url = progress.plan.trigger.run_url if progress.plan else ""
    links = Links(server_url=settings.server_url, repository=repository, run_url=run_url)
    runner.write_summary(summary(progress, now=progress.updated, links=links, mask=mask))
    runner.write_outputs(
        outputs(progress, comment_url=finished.comment_url, log_path=finished.log_path)
    )


def _runner(environ: Mapping[str, str], mask: Mask) -> Runner:
    """Build the runner's side; standard output is written to unbuffered."""
    from docklet.adapters.printer import Printer
    from docklet.adapters.runner.command_files import command_files
    from docklet.adapters.runner.log import Runner

    stream = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    return Runner(Printer(stream), command_files(environ), mask=mask)
