"""Launch recipes: how people run a ported model, as data; printed as a script for the real machine, or started here."""
