"""How much is left, where a person waits."""
