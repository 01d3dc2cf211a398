"""A figure's data; no drawing library."""
