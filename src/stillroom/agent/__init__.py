"""A party's agent: it does what the room asks of the party, after having looked at it itself, with the party's own keys and accounts."""
