"""The action's other main step: answer a comment, and carry out what it asks for.

It is the action itself, in a workflow for comments and without a `script`: so a run from a comment
has the same inputs, outputs and post step as any other.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from docklet.adapters.config_file import config
from docklet.adapters.runner.files import event_payload
from docklet.bot.authority import COMMENT
from docklet.bot.engine import Going
from docklet.bot.handle import handle
from docklet.bot.running import Bot
from docklet.domain.events import Noticed
from docklet.domain.identity import identity_of, kept_tag
from docklet.domain.inputs import secrets_of
from docklet.domain.payload import comment_event
from docklet.domain.trigger import trigger_of
from docklet.entrypoints.carry_out import Job, rent_and_run
from docklet.entrypoints.cleanup import KEY_STATE
from docklet.entrypoints.last_chance import last_chance
from docklet.pipeline import steer
from docklet.pipeline.examine import Office
from docklet.pipeline.lease import LEASE
from docklet.pipeline.prepare import preview
from docklet.pipeline.world import together
from docklet.wiring import access_of, forge_of, new_run_key, site_of, talk_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from docklet.adapters.runner.log import Runner
    from docklet.bot.engine import Order
    from docklet.domain.extension import Extension
    from docklet.domain.identity import RunKey
    from docklet.domain.plan import Plan
    from docklet.domain.progress import Progress
    from docklet.domain.secret import Secret
    from docklet.entrypoints.carry_out import Finished
    from docklet.pipeline.world import Site
    from docklet.ports import Forge
    from docklet.wiring import Settings

_NO_COMMAND: Final = "The event is no person's new comment, so there is nothing to answer."


def is_asked(raw: Mapping[str, str], environ: Mapping[str, str]) -> bool:
    """Tell whether the action is there to answer a comment."""
    return environ.get("GITHUB_EVENT_NAME") == COMMENT and not raw.get("script", "").strip()


async def answer(
    raw: Mapping[str, str], environ: Mapping[str, str], settings: Settings, runner: Runner
) -> Finished | None:
    """Answer the comment of the event; return the run that came of it, if one did."""
    payload = event_payload(environ)
    event, job = comment_event(payload), trigger_of(environ, payload)

    def notice(message: str) -> None:
        runner.notify(Noticed(at=settings.clock.now(), message=message))

    if event is None or event.repository.lower() != job.repository.lower():
        notice(_NO_COMMAND)
        return None
    forge = forge_of(settings, job.repository)
    engine = ActionEngine(settings, job.repository, forge, runner, known=secrets_of(raw))
    bot = Bot(
        talk=talk_of(settings, job.repository),
        forge=forge,
        engine=engine,
        clock=settings.clock,
        given=raw,
        job=job,
        read_config=config,
        notice=notice,
    )
    await handle(event, bot)
    return engine.finished


class ActionEngine:
    """Carries runs out as the action does, and steers those of other processes."""

    def __init__(
        self,
        settings: Settings,
        repository: str,
        forge: Forge,
        runner: Runner,
        *,
        known: tuple[Secret, ...],
    ) -> None:
        """`known` is what must not be seen of what the workflow gave."""
        self._settings = settings
        self._forge = forge
        self._runner = runner
        self._known = known
        self._site: Site = site_of(settings)
        self._office = Office(
            repository=repository,
            forge=forge,
            access=access_of(settings),
            holder=f"bot-{secrets.token_hex(8)}",
            stale_after=LEASE,
        )
        self.finished: Finished | None = None
        """The run that was carried out here."""

    def new_key(self) -> RunKey:
        """Return a key that no run has had."""
        return new_run_key()

    async def preview(self, order: Order) -> Plan:
        """Decide what a run would do; raise `InvalidInputs` when it can't be."""
        return await preview(
            order.spec,
            order.trigger,
            order.key,
            cloud=self._site.cloud,
            forge=self._forge,
            now=self._site.clock.now(),
        )

    async def carry_out(self, order: Order) -> Progress:
        """Do it, from renting to giving back, and return how it went."""
        self._runner.hide(order.secrets)
        self._runner.save_state({KEY_STATE: order.key})
        job = Job(
            spec=order.spec,
            trigger=order.trigger,
            key=order.key,
            secrets=order.secrets,
            may_push=order.may_push,
        )
        saver = last_chance(self._settings, self._office.repository, self._runner)
        self.finished = await rent_and_run(job, self._settings, self._runner, aside=saver)
        return self.finished.progress

    async def going(self) -> tuple[Going, ...]:
        """Return the repository's droplets that have time left, the newest first."""
        cloud, now = self._site.cloud, self._site.clock.now()
        plain, gpus = await together(cloud.droplets(), cloud.gpu_droplets())
        found = [
            Going(droplet=one, identity=who)
            for one in (*plain, *gpus)
            if (who := identity_of(one.name, one.tags)) is not None
            and who.repository.lower() == self._office.repository.lower()
            and who.expires > now
        ]
        return tuple(sorted(found, key=lambda one: -one.droplet.created))

    async def stop(self, run: Going, by: str) -> str:
        """End a run's script, or the whole droplet if it has none; say in a sentence which."""
        return await steer.stop(run.droplet, run.identity, by, self._office, self._site)

    async def plan_of(self, run: Going) -> Plan:
        """Return what a run that goes on was planned to be; raise when its script has ended."""
        return await steer.plan_of(run.droplet, run.identity, self._office, self._site)

    async def keep(self, run: Going) -> str:
        """Have a run's droplet kept when the run has ended; say in a sentence what comes of it."""
        return await steer.keep(run.droplet, run.identity, self._office, self._site)

    async def keep_until(self, run: Going, until: int) -> None:
        """Keep a droplet that is kept already until another, later, epoch second.

        The tag with the earlier end stays: the latest one counts, and all go with the droplet.
        """
        await self._site.cloud.add_tag(run.droplet.droplet_id, kept_tag(run.key, until))

    async def extend(self, run: Going, more: Extension) -> float:
        """Let a script take longer; return the epoch second until which it may."""
        return await steer.extend(run.droplet, run.identity, more, self._office, self._site)

    async def log(self, run: Going, lines: int) -> str:
        """Return the end of a run's log as text without secrets; raise where those are unknown."""
        return await steer.log_end(
            run.droplet, run.identity, lines, self._office, self._site, known=self._known
        )
