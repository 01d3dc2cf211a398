"""Hard labels of the same songs, whatever method gave them."""
