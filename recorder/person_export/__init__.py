"""Everything that is kept about the buyer of a case, for the buyer: one ZIP."""
