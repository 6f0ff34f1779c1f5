"""Data sets of images and masks: read any common format, find what is wrong, write another."""
