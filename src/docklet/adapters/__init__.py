"""One file for each vendor: arguments in, data out, errors up; no decisions."""
