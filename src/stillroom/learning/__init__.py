"""Learning together: models whose training only ever opens sums over owners, under the same contract, accounts and log as questions."""
