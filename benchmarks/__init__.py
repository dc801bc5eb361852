"""What is timed, against whom: ``python -m benchmarks``. Never part of the tests."""
