"""Who sees evidence: every access is in the log, and a share opens its own moments only."""
