"""Consents: how they are given, kept and renewed, and where a token comes from when one is needed."""
