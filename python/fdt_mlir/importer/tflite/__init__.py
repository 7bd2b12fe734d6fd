"""Translations of TFLite operators to linalg, where TOSA lacks them or means something else."""
