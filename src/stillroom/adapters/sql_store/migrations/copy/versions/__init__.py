"""Steps of the database that has a copy of a log, in order."""
