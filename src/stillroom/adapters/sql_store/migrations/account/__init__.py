"""Steps of the account database."""
