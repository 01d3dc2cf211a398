"""How a stage runs: parameters, files, tables, errors. It knows no song."""
