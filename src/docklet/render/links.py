"""Addresses of pages on the forge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from docklet.render.inline import code, link

_LONGEST_REF: Final = 255
"""Characters; git can't store a longer name on most disks."""
_LONGEST_PATH: Final = 600
"""Characters of a quoted path; no ordinary one is as long, and a comment has to hold several."""
_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where the repository's pages are; each method returns Markdown."""

    server_url: str
    """Such as `https://github.com`, without a slash at the end."""
    repository: str
    """`owner/name`."""
    run_url: str = ""
    """Page of the workflow run whose later steps can take what this process leaves, if any."""

    def commit(self, sha: str) -> str:
        """Return a link to a commit, labelled with its first digits."""
        if not _SHA.fullmatch(sha):
            return code(sha)
        return link(code(sha[:10]), f"{self._base}/commit/{sha}")

    def branch(self, name: str) -> str:
        """Return a link to a branch's files."""
        if len(name) > _LONGEST_REF:
            return code(name)
        return link(
            code(name), f"{self._base}/tree/{quote(name, safe='/', errors='surrogatepass')}"
        )

    def file(self, sha: str, path: str) -> str:
        """Return the address of a file as it was in a commit; empty for a path that is too long.

        `path` may hold surrogates for bytes that are no UTF-8.
        """
        if not _SHA.fullmatch(sha) or len(path) > _LONGEST_PATH:
            return ""
        quoted = quote(path.encode("utf-8", "surrogateescape"), safe="/")
        return f"{self._base}/blob/{sha}/{quoted}" if len(quoted) <= _LONGEST_PATH else ""

    def artifacts(self) -> str:
        """Return a link to what a workflow has uploaded; empty where no step comes later."""
        if not self.run_url.startswith(f"{self.server_url}/"):
            return ""
        return link("the workflow run's artifacts", f"{self.run_url}#artifacts")

    def page(self, label: str, url: str) -> str:
        """Return a link to `url`, or just its text when it is not a page of this forge."""
        return link(label, url) if url.startswith(f"{self.server_url}/") else code(url)

    @property
    def _base(self) -> str:
        """The repository's page."""
        return f"{self.server_url}/{quote(self.repository, safe='/')}"
