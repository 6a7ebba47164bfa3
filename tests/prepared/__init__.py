"""Datasets as TensorFlow Datasets lays them out, small ones, written for the tests to read."""
