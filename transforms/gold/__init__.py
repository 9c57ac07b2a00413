"""One file per mart: its declaration `MART` and its recipe `build`, whose parameters are its inputs."""
