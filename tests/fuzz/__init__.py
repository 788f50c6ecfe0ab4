"""Coverage-guided fuzzing; run by hand, since it needs a library of its own (README, "For who changes it")."""
