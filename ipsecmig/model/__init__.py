"""The two models and everything that is said in their terms; pure functions over frozen values."""
