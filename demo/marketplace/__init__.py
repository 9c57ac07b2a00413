"""A made-up rental marketplace whose history, dirt and next day are known in advance."""
