"""What the demo shows of the seven metrics: tables at the terminal, and one page with charts."""
