"""From sound to features, and from recipes to sound."""
