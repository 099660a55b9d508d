"""Labelled synthetic data: deposit, fold, fault, convolve, add noise."""
