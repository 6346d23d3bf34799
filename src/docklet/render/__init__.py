"""Values become text: comments, summaries, outputs. No I/O, clock, environment or randomness."""
