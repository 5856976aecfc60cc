"""Sentence segmentation, words and atoms, each with exact character offsets."""
