"""Which songs have moved between two runs: a command, which no stage imports."""
