"""The story of a comment: who says it, whether they may, and what comes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from docklet.bot import authority, running, steering
from docklet.bot.conversation import Conversation
from docklet.bot.running import Case
from docklet.domain.command import (
    Extend,
    Help,
    Keep,
    Logs,
    PlanRun,
    Run,
    Status,
    Stop,
    command_of,
)
from docklet.domain.config import CONFIG_PATH, Config, jobs_sentence
from docklet.domain.errors import DockletError, InvalidCommand
from docklet.render import answers

if TYPE_CHECKING:
    from docklet.bot.running import Bot
    from docklet.domain.command import Command
    from docklet.domain.payload import CommentEvent
    from docklet.domain.progress import Progress


async def handle(event: CommentEvent, bot: Bot) -> Progress | None:
    """Do what a comment asks for; return how its run went, if it was one that began.

    A comment that is no command is left alone. Everything else is answered: by a reaction, and
    by words where a reaction does not say it.
    """
    command = _said(event.body)
    if command is None:
        return None
    conversation = Conversation(event, bot.talk, bot.forge, notice=bot.notice)
    await conversation.seen()
    try:
        case = await _admitted(event, bot, conversation)
        return None if case is None else await _obeyed(command, case)
    except DockletError as error:
        await conversation.refused(answers.explained(error.message))
        return None


def _said(body: str) -> Command | InvalidCommand | None:
    """Return the command in a comment, or what is wrong with it, which is said to few."""
    try:
        return command_of(body)
    except InvalidCommand as error:
        return error


async def _admitted(event: CommentEvent, bot: Bot, conversation: Conversation) -> Case | None:
    """Return the case of somebody who may give commands; None when they were told why not.

    The least that every configuration asks for is asked first, so that a stranger learns
    nothing, and costs next to nothing.
    """
    config = Config()
    refused = await authority.refusal(event, config.bounds, bot.talk)
    if refused is None:
        text = await bot.talk.file(CONFIG_PATH)
        config = bot.read_config((text or "").encode())
        refused = await authority.refusal(event, config.bounds, bot.talk)
    if refused is not None:
        await conversation.refused(answers.explained(refused.why))
        return None
    return Case(event=event, config=config, conversation=conversation, bot=bot)


async def _obeyed(command: Command | InvalidCommand, case: Case) -> Progress | None:
    """Do what a command says."""
    match command:
        case InvalidCommand():
            told = f"{command.message}\n{jobs_sentence(case.config)}"
            await case.conversation.refused(answers.explained(told))
        case Run():
            return await running.run(command, case)
        case PlanRun():
            await running.plan(command, case)
        case Stop():
            await steering.stop(command, case)
        case Logs():
            await steering.logs(command, case)
        case Status():
            await steering.status(case)
        case Help():
            await case.conversation.done(answers.usage(case.config))
        case Extend():
            await steering.extend(command, case)
        case Keep():
            await steering.keep(command, case)
        case _:
            assert_never(command)
    return None
