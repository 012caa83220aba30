"""Routes, one file for each noun. Each route names the one action that it is."""
