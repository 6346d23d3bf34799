"""The Actions runner: what it reads from our standard output, and the files it reads afterwards.

The runner obeys lines that look like commands. Whatever a script prints stands between
`::stop-commands::` and a token that it can't know, so it says nothing to the runner.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from docklet.domain.events import Ended, LogArrived, Noticed, Phase, PhaseEnded, PhaseStarted
from docklet.domain.outcome import Status
from docklet.domain.progress import Progress, advance
from docklet.domain.secret import SHORTEST_MASKED
from docklet.render import log
from docklet.render.lines import Lines
from docklet.render.units import amount
from docklet.render.words import STAGES, ending
from docklet.render.workflow import annotation, command, inert, mask_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from docklet.adapters.printer import Printer
    from docklet.adapters.runner.command_files import CommandFiles
    from docklet.domain.events import Event
    from docklet.domain.outcome import Outcome
    from docklet.domain.secret import Secret
    from docklet.render.mask import Mask

LOG_ROOM: Final = 8 * 1024 * 1024
"""Bytes of script output in the job's log; the whole of it is in a file."""


class Runner:
    """Tell the runner's log what happens, and write the runner's files."""

    def __init__(
        self,
        printer: Printer,
        files: CommandFiles,
        *,
        mask: Mask | None = None,
        token: Callable[[], str] = lambda: secrets.token_hex(32),
        log_room: int = LOG_ROOM,
    ) -> None:
        self._printer = printer
        self._files = files
        self._token = token
        self._log_room = log_room
        self._lines = Lines(mask)
        self._stopped = ""
        self._group: Phase | None = None
        self.progress = Progress()

    def hide(self, secret_values: Iterable[Secret]) -> None:
        """Have the runner blank out secrets, line by line; call this before anything else."""
        for value in secret_values:
            for line in value.reveal().splitlines():
                if len(line.strip()) >= SHORTEST_MASKED:
                    self._say(mask_command(line.strip()))
                elif line.strip():
                    self.warn(
                        f"A secret has a line of fewer than {SHORTEST_MASKED} characters. It is"
                        " not hidden in logs, since that would blank out half of them."
                    )

    def notify(self, event: Event) -> None:
        """Print what an event means."""
        self.progress = advance(self.progress, event)
        match event:
            case LogArrived(data=data):
                if self._log_room > 0:
                    self._script(self._lines.feed(data))
            case PhaseStarted(phase=phase):
                self._open(phase)
            case Noticed(message=message):
                self._say(annotation("notice", message))
            case PhaseEnded(phase=phase):
                self._close(phase, event)
            case Ended(outcome=outcome):
                self._end(outcome, event)
            case _:
                self._tell(event)

    def warn(self, message: str) -> None:
        """Annotate the step with something that ends nothing."""
        self._say(annotation("warning", message))

    def fail(self, message: str) -> None:
        """Annotate the step with the reason of its failure."""
        self._say(annotation("error", message))

    def write_outputs(self, values: Mapping[str, str]) -> None:
        """Set the step's outputs."""
        try:
            self._files.write_outputs(values)
        except OSError as error:
            self.warn(f"The outputs could not be written ({error}). Later steps see none.")

    def save_state(self, values: Mapping[str, str]) -> None:
        """Leave values for the post step."""
        try:
            self._files.save_state(values)
        except OSError as error:
            self.warn(
                f"The state could not be saved ({error}). The post step finds the droplet by its"
                " name instead."
            )

    def write_summary(self, text: str) -> None:
        """Add Markdown to the job's summary."""
        try:
            written = self._files.write_summary(text)
        except OSError as error:
            self.warn(f"The job summary could not be written ({error}).")
            return
        if not written:
            self.warn("The job summary was left out: the runner takes at most 1 MiB a step.")

    def close(self, within: float = 2.0) -> None:
        """Print what is left, within so many seconds."""
        self._script(self._lines.end())
        self._resume()
        self._printer.close(within)

    def _end(self, outcome: Outcome, event: Event) -> None:
        """Print how the run ended; a failure is an annotation too."""
        self._script(self._lines.end())
        self._endgroup()
        self._tell(event)
        if outcome.status is not Status.SUCCESS:
            self.fail(f"{ending(outcome)}\n{outcome.message}".strip())

    def _open(self, phase: Phase) -> None:
        """Begin a phase's group; groups can't overlap, so the one before ends."""
        self._endgroup()
        self._group = phase
        self._say(command("group", STAGES[phase].rstrip(".")))

    def _close(self, phase: Phase, event: Event) -> None:
        """Print how long a phase took, outside of its group, which readers see folded."""
        if phase is Phase.RUN:
            self._script(self._lines.end())
        if phase is self._group:
            self._endgroup()
        self._tell(event)

    def _endgroup(self) -> None:
        """End the group that is open."""
        if self._group is not None:
            self._group = None
            self._say(command("endgroup"))

    def _tell(self, event: Event) -> None:
        """Print an event's lines."""
        for line in log.lines(event, self.progress):
            self._say(inert(line))

    def _say(self, line: str) -> None:
        """Print a line of our own, which the runner may obey."""
        self._resume()
        self._print(line.encode("utf-8", "replace"))

    def _script(self, lines: Iterable[bytes]) -> None:
        """Print lines of the script, which the runner must not obey, while there is room."""
        shown = bytearray()
        for line in lines:
            if self._log_room <= 0:
                break
            shown += line + b"\n"
            self._log_room -= len(line) + 1
        if not shown:
            return
        self._stop()
        self._printer.write(bytes(shown).replace(b"##[", b"# #["))
        if self._log_room <= 0:
            whole = "all of it is in the file that the output `log` names"
            self.warn(f"The log goes on after {amount(LOG_ROOM)} of it; {whole}.")

    def _stop(self) -> None:
        """Have the runner ignore commands."""
        if not self._stopped:
            self._stopped = self._token()
            self._print(command("stop-commands", self._stopped).encode())

    def _resume(self) -> None:
        """Have the runner obey again; the token is spent, since the log shows it now."""
        if self._stopped:
            self._print(command(self._stopped).encode())
            self._stopped = ""

    def _print(self, line: bytes) -> None:
        """Print a line."""
        self._printer.write(line + b"\n")
