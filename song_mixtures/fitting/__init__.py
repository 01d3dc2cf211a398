"""From points to a mixture, and what the fit is worth."""
