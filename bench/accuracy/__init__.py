"""How far answers are off: of a CUBE, of a join with few persons who have very many rows, and of quantiles."""
