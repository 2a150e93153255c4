"""Stills of a title: a storyboard to seek by, and candidates for its poster."""
