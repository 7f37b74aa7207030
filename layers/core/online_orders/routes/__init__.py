"""The routes of the HTTP functions, a module for each resource."""
