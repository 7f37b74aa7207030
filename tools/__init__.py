"""The tools of the project's developers; nothing of it is deployed."""
