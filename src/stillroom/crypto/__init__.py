"""Sign, seal, hash and prove: bytes in, bytes out, over audited libraries."""
