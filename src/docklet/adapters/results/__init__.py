"""Archives of results, which an attacker may have made."""
