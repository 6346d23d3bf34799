"""The workflow runner: its inputs, files, log and summary."""
