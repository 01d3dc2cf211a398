"""What is measured, against what, in one run; each module prints a table."""
