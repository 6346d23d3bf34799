"""What only those who work on docklet need; none of it is shipped."""
