"""Steps of the account database, in order."""
