"""The functions that draw: tables in, matplotlib Figure out."""
