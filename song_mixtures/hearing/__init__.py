"""From a song back to its sound."""
