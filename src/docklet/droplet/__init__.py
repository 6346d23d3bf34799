"""The agent: what runs beside the script, on the droplet or on the user's own machine.

It is shipped as a zipapp to machines whose Python we don't choose, so it imports the standard
library only, runs on Python 3.8, and nothing of docklet outside this package is in reach. One
verb is one process; requests come on standard input, and no secret goes anywhere else.
"""
