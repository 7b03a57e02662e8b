"""Many hosts at once: which policies a fleet really has, and which of its hosts cannot agree."""
