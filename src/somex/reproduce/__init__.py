"""The paper's comparison: a plan's rows are trained, predicted, scored and put into its tables."""
