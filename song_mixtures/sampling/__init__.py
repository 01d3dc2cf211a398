"""Which songs are taken."""
