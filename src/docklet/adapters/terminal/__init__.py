"""The terminal of whoever runs the command line."""
