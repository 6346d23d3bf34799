"""Pure tests: a socket or a subprocess raises."""
