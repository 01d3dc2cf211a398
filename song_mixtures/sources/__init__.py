"""What somebody else made, read and checked."""
