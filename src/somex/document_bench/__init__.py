"""Whole documents, cross-validated: folds, what a filter spares, scores, trainings."""
