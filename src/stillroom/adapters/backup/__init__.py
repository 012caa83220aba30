"""Backups of a room's folder: one file, sealed with a passphrase."""
