"""Frozen values: what contracts, questions, plans, charges and releases are made of."""
