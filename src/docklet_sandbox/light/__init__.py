"""Droplets without a machine: an SSH server in this process, and a container that is a script.

The agent that docklet installs is not run but played: `agent` speaks its wire protocol.
"""
