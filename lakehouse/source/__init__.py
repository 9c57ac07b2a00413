"""What is asked of the source, and how."""
