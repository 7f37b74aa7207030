"""Who makes a request, as the verified token says."""

from collections.abc import Mapping
from typing import NamedTuple

from online_orders.domain.errors import Forbidden
from online_orders.domain.order_parts import User
from online_orders.domain.roles import DESK, Group, Permission, Role

_CHANGE_ORDERS = frozenset({Permission.WRITE_ORDERS, Permission.WORK_ON_ORDERS})


class Caller(NamedTuple):
    """A signed-in person or a service user."""

    user: User
    group: Group | None
    """The side; None for somebody who may do nothing but look at the catalog."""
    account_id: str | None
    """The account that the caller acts for; None for staff."""
    role: Role | None
    """In that account, or at the desk; None for a service user and without a side."""
    permissions: frozenset[Permission]
    accounts: Mapping[str, Role]
    """Every account of the person, with the role there."""
    is_service_user: bool = False
    required: Permission | None = None
    """What the route requires; a change is checked for it once more, by what is stored."""

    @property
    def account(self) -> str:
        """Return the account that the caller acts for; raise Forbidden for one that has none."""
        if self.account_id is None:
            raise Forbidden("forbidden", "Your user belongs to no account.")
        return self.account_id

    @property
    def may_change_orders(self) -> bool:
        """Return whether the caller may take the actions that orders allow."""
        return not self.permissions.isdisjoint(_CHANGE_ORDERS)

    @property
    def may_approve_discounts(self) -> bool:
        """Return whether the caller may offer discounts beyond the desk's policy, as the token says."""
        return Permission.APPROVE_DISCOUNTS in self.permissions

    @property
    def team(self) -> str:
        """Return the team in which the caller's permissions hold: the desk, or the account."""
        return DESK if self.group == "customer-success" else self.account
