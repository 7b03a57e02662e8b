"""Input formats: one package for each, all producing the same policy store."""
