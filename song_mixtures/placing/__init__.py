"""What a trained mixture says of songs that it was not fitted to."""
