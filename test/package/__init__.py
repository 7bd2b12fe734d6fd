"""Packages for build systems: accepted by the tool or its rules, built, and run."""
