"""May this plan run under this contract: one rule a file, each answer with its reason."""
