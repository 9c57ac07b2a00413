"""The extraction as a state machine: one set of rules, played on a model in memory and on real engines."""
