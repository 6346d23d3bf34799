"""The companion bot: one live comment out (and, later, commands in)."""
