"""Batches become an adapted model."""
