"""Findings about a policy itself: what public guidance, Microsoft's "What Is IPSec?" first of all, advises against."""
