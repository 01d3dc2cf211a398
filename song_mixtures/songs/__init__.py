"""The song as the models see it."""
