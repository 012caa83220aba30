"""A room's server: the HTTP interface behind which the room's use cases are, who may call what, and the runs that it works on."""
