"""Proofs that an accepted cry for help is not lost, whatever breaks: `python -m tests.fault`."""
