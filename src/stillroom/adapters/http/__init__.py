"""HTTP between parties and a room's server: signed requests (RFC 9421), pinned certificates, and a client."""
