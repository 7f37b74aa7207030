"""The command-line tool of those who run an installation: on AWS, or the local run."""
