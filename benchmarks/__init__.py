"""What Runtime Manager costs, beside what it is compared with: `python -m benchmarks`."""
