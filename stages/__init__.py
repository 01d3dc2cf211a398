"""One module per DVC stage, of the stage's name."""
