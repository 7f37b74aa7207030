"""The command-line tool for those who run an installation: on AWS, or the local run."""
