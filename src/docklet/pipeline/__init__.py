"""What a run does, step by step, over the ports."""
