"""Conversations as files: one module a format, and what all formats say alike."""
