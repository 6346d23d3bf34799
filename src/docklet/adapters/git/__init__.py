"""Git on the runner: a clean directory that no script has touched."""
