"""Shell scripts for a droplet that is adopted: what a user would type there as root.

Plain POSIX, and on standard input, since nothing is known of the machine and its login shell. The
answers begin with a word of ours, as whatever the login shell prints comes along.
"""

from __future__ import annotations

from string import Template
from typing import Final

MARK: Final = "docklet-adopt:"
"""What each line of an answer begins with."""
HOST_KEY: Final = "host-key"
"""The answer with the machine's public host key."""
MISSING: Final = "missing"
"""The answer with a word for each thing that a run needs and the machine lacks."""
REMOVED: Final = "removed"
"""The answer that docklet's key is taken out."""

_ADOPT: Final = Template(r"""set -u
say() { printf '\n%s %s\n' '$mark' "$$*"; }
missing=
if python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2> /dev/null; then
    python3 -c 'import socket
engine = socket.socket(socket.AF_UNIX)
engine.settimeout(20)
engine.connect("/var/run/docker.sock")' 2> /dev/null || missing="$$missing docker"
else
    missing="$$missing python3"
    [ -S /var/run/docker.sock ] || missing="$$missing docker"
fi
command -v iptables > /dev/null || missing="$$missing iptables"
[ "$$(id -u)" = 0 ] || missing="$$missing root"
[ -r /etc/ssh/ssh_host_ed25519_key.pub ] || missing="$$missing host-key"
if [ -n "$$missing" ]; then
    say $missing_word $$missing
    exit 0
fi
umask 077
mkdir -p ~/.ssh || exit 1
keys=~/.ssh/authorized_keys
if ! grep -v '^[[:space:]]*#' "$$keys" 2> /dev/null | grep -qF '$key'; then
    [ -z "$$(tail -c 1 "$$keys" 2> /dev/null)" ] || echo >> "$$keys" || exit 1
    echo 'restrict $key $comment' >> "$$keys" || exit 1
fi
say $host_key "$$(cat /etc/ssh/ssh_host_ed25519_key.pub)"
""")
_RELEASE: Final = Template(r"""set -u
keys=$$(readlink -f ~/.ssh/authorized_keys)
if grep -q -e '$key' -e ' $comment$$' "$$keys" 2> /dev/null; then
    cp -p "$$keys" "$$keys.docklet" || exit 1
    grep -v -e '$key' -e ' $comment$$' "$$keys" > "$$keys.docklet"
    if [ $$? -gt 1 ] || ! mv -f "$$keys.docklet" "$$keys"; then
        rm -f "$$keys.docklet"
        exit 1
    fi
fi
rmdir $homes 2> /dev/null
printf '\n%s %s\n' '$mark' $removed
""")


def comment_of(droplet_id: int) -> str:
    """Return how docklet's lines in a droplet's `authorized_keys` end, whoever's token it is."""
    return f"docklet-adopted-{droplet_id}"


def adopting(public_key: str, droplet_id: int) -> str:
    """Return the script that looks for what runs need, lets `public_key` in, tells the host key.

    Nothing is changed where something is missing, or where the key is let in already. A run needs
    commands only, so there is neither a terminal nor forwarding for that key.
    """
    return _ADOPT.substitute(
        mark=MARK,
        key=public_key,
        comment=comment_of(droplet_id),
        missing_word=MISSING,
        host_key=HOST_KEY,
    )


def releasing(public_key: str, droplet_id: int, homes: str) -> str:
    """Return the script that takes out `public_key`, and what any other token's `adopting` let in.

    `homes`, the directory of the runs' directories, goes too unless a run is there.
    """
    return _RELEASE.substitute(
        mark=MARK,
        key=public_key,
        comment=comment_of(droplet_id),
        homes=homes,
        removed=REMOVED,
    )


def answers(output: bytes) -> dict[str, str]:
    """Read what a script answered, by its first word; everything else is noise."""
    lines = output.decode(errors="replace").splitlines()
    told = [line.removeprefix(MARK).split() for line in lines if line.startswith(MARK)]
    return {words[0]: " ".join(words[1:]) for words in told if words}
