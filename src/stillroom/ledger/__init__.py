"""The rules of accounts and of the log, as pure functions."""
