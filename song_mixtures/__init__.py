"""What two or more stages share, one subject per module."""
