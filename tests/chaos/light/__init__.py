"""Schedules on the light sandbox: its cloud, forge and droplets, and docklet's own adapters.

All of it is in one loop without sockets or threads that overlap, so that a story takes a
fraction of a second and is the same each time. What is not real is the wire, and git.
"""
