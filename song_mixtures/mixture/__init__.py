"""A fitted mixture. It knows points (N, d), not songs."""
