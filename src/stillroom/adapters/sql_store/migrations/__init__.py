"""How databases came to have their tables, one step a file; a step that was published never changes."""
