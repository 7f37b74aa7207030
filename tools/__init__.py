"""What the developers of the project run; nothing of it is deployed."""
