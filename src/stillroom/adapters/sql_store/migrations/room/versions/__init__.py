"""Steps of the room database, in order."""
