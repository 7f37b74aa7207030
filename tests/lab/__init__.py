"""Test support: the whole system in one process on moto. Start at `Lab`."""

from tests.lab.clock import START
from tests.lab.http import Response
from tests.lab.lab import Lab, UnsettledError
from tests.lab.mail import Mail
from tests.lab.users import User, Users
from tests.lab.wire import ProcessDied

__all__ = ["START", "Lab", "Mail", "ProcessDied", "Response", "UnsettledError", "User", "Users"]
