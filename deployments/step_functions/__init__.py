"""The pipeline under AWS Step Functions."""
