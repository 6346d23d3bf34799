"""Parsers of what strangers send, and a fuzzer that looks for what they can't take."""
