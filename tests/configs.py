"""Configuration files, good and bad, for the loader and for the schema."""

from __future__ import annotations

from typing import Final, NamedTuple


class Bad(NamedTuple):
    """A file that is refused."""

    text: str
    """The file."""
    line: int
    """Where the first problem is."""
    part: str
    """What its message says."""


JOB: Final = "jobs: {a: {script: a.R}}\n"
GOOD: Final = {
    "empty": "",
    "comments only": "# nothing yet\n",
    "empty table": "{}\n",
    "empty sections": "jobs:\ndefaults:\ncommands:\n",
    "one job": JOB,
    "document start": "---\n" + JOB,
    "byte order mark": "\ufeff" + JOB,
    "windows line ends": JOB.replace("\n", "\r\n"),
    "script by default": "defaults: {script: a.R}\njobs:\n  a:\n  b: {size: c-8}\n",
    "lists": "jobs: {a: {script: a.R, args: [a, b c, 1, no, 2.50], region: [nyc3, fra1]}}\n",
    "lines": "jobs:\n  a:\n    script: a.R\n    args: |\n      --x\n      1\n    paths: out\n",
    "numbers and truths": (
        "jobs: {a: {script: a.R, max-cost: 0.5, lfs: true, submodules: true, fetch-depth: 0,"
        " timeout: 3600}}\n"
    ),
    "quoted": "jobs: {'a': {\"script\": 'a.R', lfs: 'false', max-cost: '$1.50'}}\n",
    "closed lists": "jobs: {a: {script: a.R, push: none, keep: never, submodules: recursive}}\n",
    "odd names": "jobs: {1: {script: a.R}, no: {script: b.R}, A_b-2: {script: c.R}}\n",
    "all bounds": (
        "commands:\n  permission: maintain\n  users: [ada, '@Bob', eve_corp]\n"
        "  teams: [org/data-team]\n"
        "  sizes: [c-8, gpu-h100x1-80gb]\n  regions: [nyc3]\n"
        "  images: ['rocker/*', 'python:3.1[0-3]']\n  max-cost: 2.50\n  max-cost-month: none\n"
        "  concurrent: 100\n  forks: true\n  inputs: [args, script, keep]\n"
    ),
    "no bounds": "commands: {max-cost: none, concurrent: none, users: [], forks: 'false'}\n",
}
"""Files that are fine."""

BAD: Final = {
    "no table": Bad("- a\n", 1, "It must be a table"),
    "only text": Bad("hello\n", 1, "It must be a table"),
    "unknown section": Bad(JOB + "comands: {}\n", 2, "Did you mean `commands`?"),
    "jobs as list": Bad("jobs: [a]\n", 1, "It must be a table"),
    "job as text": Bad("jobs:\n  a: a.R\n", 2, "It must be a table"),
    "job as list": Bad("jobs:\n  a:\n    - a.R\n", 3, "It must be a table"),
    "bad name": Bad("jobs:\n  a b: {script: a.R}\n", 2, "is no name for a job"),
    "long name": Bad(f"jobs:\n  {'a' * 41}: {{script: a.R}}\n", 2, "is no name for a job"),
    "no script": Bad("jobs:\n  b: {script: a.R}\n  a: {size: c-8}\n", 3, "No script was given"),
    "empty job": Bad("jobs:\n  a:\n", 2, "No script was given"),
    "unknown input": Bad("jobs:\n  a:\n    script: a.R\n    szie: c-8\n", 4, "`size`?"),
    "unknown default": Bad("defaults:\n  szie: c-8\n", 2, "`size`?"),
    "number": Bad("jobs:\n  a:\n    script: a.R\n    timeout: 22:30\n", 4, "not a duration"),
    "truth": Bad("jobs:\n  a:\n    script: a.R\n    keep: no\n", 4, "`no` is not one of"),
    "size": Bad("defaults:\n  size: C 8\n", 2, "not a slug"),
    "money": Bad("defaults:\n  max-cost: 1e9\n", 2, "not an amount"),
    "no money": Bad("defaults:\n  max-cost: 0\n", 2, "not an amount"),
    "list of one-valued": Bad("defaults:\n  size: [c-8]\n", 2, "one plain value"),
    "table as value": Bad("defaults:\n  env: {A: b}\n", 2, "It must be a list"),
    "list in a list": Bad("defaults:\n  args: [[a]]\n", 2, "a list of plain values"),
    "empty value": Bad("defaults:\n  size:\n", 2, "It has no value"),
    "blank value": Bad("defaults:\n  branch: ' '\n", 2, "It has no value"),
    "cloud token": Bad("defaults:\n  digitalocean-token: x\n", 2, "Everybody can read this"),
    "forge token": Bad("defaults:\n  github-token: x\n", 2, "Everybody can read this file"),
    "password": Bad("defaults:\n  registry-password: x\n", 2, "Everybody can read this file"),
    "commit": Bad("defaults:\n  ref: main\n", 2, "the commit that its comment is about"),
    "expression": Bad("defaults:\n  branch: ${{ github.ref }}\n", 2, "are not evaluated"),
    "too many jobs": Bad(
        "jobs:\n" + "".join(f"  a{n}: {{script: a.R}}\n" for n in range(51)), 2, "more than 50"
    ),
    "unknown bound": Bad("commands:\n  permision: write\n", 2, "Did you mean `permission`?"),
    "permission": Bad("commands:\n  permission: read\n", 2, "`read` is not one of"),
    "users as text": Bad("commands:\n  users: ada\n", 2, "It must be a list"),
    "user": Bad("commands:\n  users:\n    - ada\n    - ada!\n", 4, "is not a login"),
    "team": Bad("commands:\n  teams: [data]\n", 2, "is not a team"),
    "sizes": Bad("commands:\n  sizes: [c-8, '*']\n", 2, "not a slug"),
    "images": Bad("commands:\n  images: ['a b']\n", 2, "is not a pattern"),
    "cost": Bad("commands:\n  max-cost: -1\n", 2, "not an amount"),
    "no runs": Bad("commands:\n  concurrent: 0\n", 2, "from 1 to 100"),
    "many runs": Bad("commands:\n  concurrent: 101\n", 2, "from 1 to 100"),
    "forks": Bad("commands:\n  forks: yes\n", 2, "neither `true` nor `false`"),
    "settable token": Bad("commands:\n  inputs: [github-token]\n", 2, "No command can set"),
    "settable commit": Bad("commands:\n  inputs: [ref]\n", 2, "No command can set `ref`"),
    "settable unknown": Bad("commands:\n  inputs: [agrs]\n", 2, "Did you mean `args`?"),
}
"""Files that are refused, by an editor that has the schema as well."""

WORSE: Final = {
    "no image": Bad("jobs:\n  a:\n    script: a.xyz\n", 2, "implies no image"),
    "path": Bad("defaults:\n  path: ../x\n", 2, "leaves the repository"),
    "range": Bad("defaults:\n  timeout: 6h\n", 2, "between 1s and 5h30m"),
    "twice": Bad("jobs:\n  a: {script: a.R}\n  a: {script: b.R}\n", 3, "twice"),
    "anchor": Bad("defaults: &d\n  size: c-8\n", 1, "An anchor"),
    "alias": Bad("jobs:\n  a: {script: a.R, size: &s c-8, branch: *s}\n", 2, "An alias"),
    "merge": Bad("jobs:\n  a:\n    <<: {script: a.R}\n", 3, "A merge"),
    "tag": Bad("defaults:\n  size: !!str c-8\n", 2, "A tag"),
    "second document": Bad(JOB + "---\n" + JOB, 2, "A second document"),
    "syntax": Bad("jobs:\n  a: {script: a.R\n", 3, "can't be read here"),
    "tab": Bad("jobs:\n\ta: b\n", 2, "can't be read here"),
    "complex key": Bad("? [a]\n: b\n", 1, "can't be a name"),
    "control character": Bad("jobs: {a: {script: a.R}}\n# \x07\n", 2, "not allow"),
    "escaped control": Bad('defaults: {args: "\\0"}\n', 1, "control character"),
    "surrogate": Bad('defaults: {args: "\\ud800"}\n', 1, "control character"),
    "giant escape": Bad('a: "\\UFFFFFFFF"\n', 1, "a number is too large"),
    "giant version": Bad(f"%YAML 1.{'9' * 5000}\n---\n", 1, "a number is too large"),
    "giant number": Bad(f"defaults:\n  fetch-depth: {'9' * 9999}\n", 2, "not a whole"),
    "deep": Bad("[" * 60_000, 1, "more than 6 deep"),
    "deep by dashes": Bad("- " * 30_000, 1, "more than 6 deep"),
    "deep by question marks": Bad("? " * 30_000, 1, "more than 6 deep"),
    "many": Bad("- a\n" * 16_000, 3000, "more than 3000 values"),
    "large": Bad("#" * 65_537, 1, "65537 bytes"),
}
"""Files that are refused for what a schema can't say, or can't even be shown."""
