"""Songs to look at: near-duplicates, strangers, labels that look wrong."""
