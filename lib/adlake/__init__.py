"""Advertising logs in, a governed Delta lake and privacy-safe audiences out."""
