"""Owners that are elsewhere: their accounts and tables as a room's ports, over errands that their agents fetch."""
