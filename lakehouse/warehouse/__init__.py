"""The only modules that write a warehouse."""
