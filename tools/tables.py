"""Write the README's tables: inputs and outputs from action.yml, their only source, and bounds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tools.config_schema import bounds_table

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = Path(__file__).resolve().parent.parent


def render(readme: str, action: Mapping[str, Any]) -> str:
    """Return `readme` with all tables as `action`, the content of action.yml, has them."""
    readme = _replace(readme, "inputs", inputs_table(action["inputs"]))
    readme = _replace(readme, "outputs", outputs_table(action["outputs"]))
    return _replace(readme, "bounds", bounds_table())


def inputs_table(inputs: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the Markdown table of `inputs`."""
    rows = [
        f"| `{name}` | {_default(known)} | {known['description']} |"
        for name, known in inputs.items()
    ]
    return "\n".join(["| input | default | meaning |", "| --- | --- | --- |", *rows])


def outputs_table(outputs: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the Markdown table of `outputs`."""
    rows = [f"| `{name}` | {known['description']} |" for name, known in outputs.items()]
    return "\n".join(["| output | meaning |", "| --- | --- |", *rows])


def _default(known: Mapping[str, Any]) -> str:
    """Return the cell that says what an input is when nobody sets it."""
    if known.get("required"):
        return "**required**"
    return f"`{known['default']}`" if known.get("default") else ""


def _replace(text: str, name: str, table: str) -> str:
    """Put `table` between the markers called `name`."""
    between = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not between.search(text):
        message = f"README.md has lost its markers <!-- {name} --> and <!-- /{name} -->."
        raise ValueError(message)
    return between.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", text)


def main() -> None:
    """Bring README.md up to date."""
    readme = _ROOT / "README.md"
    action = yaml.safe_load((_ROOT / "action.yml").read_text())
    readme.write_text(render(readme.read_text(), action))


if __name__ == "__main__":
    main()
