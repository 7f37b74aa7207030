from tests.cli.conftest import seeded, terminal

__all__ = ["seeded", "terminal"]
