"""Make, measure, convert and draw image masks; knows nothing of its user interface."""
