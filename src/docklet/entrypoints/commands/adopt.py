"""`docklet adopt`: let runs onto a droplet that docklet did not make, and off it again."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Final

import click

from docklet.domain.outcome import exit_code_of
from docklet.entrypoints.runs import cloud_settings

if TYPE_CHECKING:
    from docklet.pipeline.adopt import Adopted, Released
    from docklet.ports import Access, Cloud, Login

_ADOPTED: Final = """\
Droplet {id} ({name}, {address}) is adopted. Its host key is {key}.
Runs with `droplet: {name}` go there, if they use this DigitalOcean token: docklet's key derives
from it. docklet never deletes the droplet; `docklet adopt --undo {id}` takes its key out again."""
_STALE: Final = "The tag of another host key was taken off: {tag}"
_RELEASED: Final = "docklet does not run on droplet {id} ({name}) any more, and its key is gone."
_LEFT: Final = """\
{why}
The tag is gone, so docklet does not run on droplet {id} ({name}) any more. Its key may still be
there: take the line that ends with {comment} out of root's ~/.ssh/authorized_keys."""


@click.command()
@click.argument("droplet", metavar="DROPLET")
@click.option("--undo", is_flag=True, help="Take docklet's tag and key away again.")
@click.option("-i", "identity", metavar="FILE", help="For ssh: a private key.")
@click.option("-F", "config", metavar="FILE", help="For ssh: another configuration file.")
@click.option("-o", "settings", metavar="OPTION", multiple=True, help="For ssh: a setting.")
def command(
    droplet: str,
    identity: str | None,
    config: str | None,
    settings: tuple[str, ...],
    *,
    undo: bool,
) -> None:
    """Let docklet run on a droplet that it did not make.

    DROPLET is its id or name. This logs in once, as `ssh root@ADDRESS` does with your own
    configuration, keys and known hosts; lets in a key of docklet's that can run commands and
    nothing else; and notes the machine's host key in a tag of the droplet. docklet never deletes
    such a droplet.
    """
    from docklet.wiring import access_of, cloud_of, login_of

    words = [("-F", config), ("-i", identity), *(("-o", setting) for setting in settings)]
    login = login_of([word for flag, value in words if value for word in (flag, value)])
    found = cloud_settings(os.environ)
    work = _release if undo else _adopt
    sys.exit(asyncio.run(work(droplet, cloud_of(found), access_of(found), login)))


async def _adopt(word: str, cloud: Cloud, access: Access, login: Login) -> int:
    """Adopt the droplet, say so, and return the exit code."""
    from docklet.pipeline.adopt import adopt

    done = await adopt(word, cloud, access, login)
    for tag in done.stale:
        click.echo(_STALE.format(tag=tag))
    click.echo(_told(_ADOPTED, done, address=done.droplet.address, key=done.host.fingerprint))
    return 0


async def _release(word: str, cloud: Cloud, access: Access, login: Login) -> int:
    """Let the droplet go, say what is left, and return the exit code."""
    from docklet.pipeline.adopt import release
    from docklet.render.adoption import comment_of

    done = await release(word, cloud, access, login)
    if done.left is None:
        click.echo(_told(_RELEASED, done))
        return 0
    comment = comment_of(done.droplet.droplet_id)
    click.echo(_told(_LEFT, done, why=done.left.message, comment=comment), err=True)
    return exit_code_of(done.left.reason)


def _told(text: str, done: Adopted | Released, **more: str) -> str:
    """Fill in what a droplet is called."""
    return text.format(id=done.droplet.droplet_id, name=done.droplet.name, **more)
