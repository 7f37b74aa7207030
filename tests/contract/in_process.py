"""The whole system in this process, as the contract's suite sees it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from online_orders.aws import people_store
from online_orders.aws.table import transact
from online_orders.domain.catalog import Catalog, shipped
from online_orders.domain.people import Membership, Person, PersonState
from online_orders.domain.roles import DESK, HIGHEST_ROLE, Group, Role
from sandbox.seed import GIVEN_ROLES, USERS, fitted
from sandbox.seed import accounts as seeded_accounts
from tests.contract.site import Attachment, Execution, Json, Mail, Response, Seen, Site, User
from tests.lab import Lab
from tests.lab import Mail as LabMail
from tests.lab import User as LabUser
from tests.lab.lab import TEMPLATE

SIMULATOR = "simulator.amazonses.com"


class InProcess(Site):
    def __init__(self, lab: Lab, document: Json | None = None) -> None:
        self.lab = lab
        self._document = document
        self.catalog = Catalog.from_document(document, 1) if document else shipped()
        self.origin = lab.outputs["SiteUrl"]
        self.brand = lab.stack.ref("BrandName")
        self.cs_mailbox = lab.stack.ref("CustomerSuccessMailbox")
        self.users = [User(user.username, user.email, user.role, user.account_id) for user in USERS]
        self._reported = 0

    @classmethod
    @contextmanager
    def started(cls, document: Json | None = None, /, **parameters: str) -> Iterator["InProcess"]:
        """Freshly deployed and seeded; with another vendor's catalog, if there is one, published."""
        with Lab.started(TEMPLATE, **parameters) as lab:
            site = cls(lab, document)
            lab.fill(site._store_catalog_and_accounts if document else site._store_accounts)
            yield site

    def _store_accounts(self) -> None:
        cs = next(user for user in self.users if user.role == "customer-success")
        for account in seeded_accounts(self.lab.clock.now().date()):
            body = fitted(account, self._document) if self._document else account
            self.put(f"/api/desk/accounts/{account['account_id']}", cs, body).ok()

    def _store_catalog_and_accounts(self) -> None:
        cs = next(user for user in self.users if user.role == "customer-success")
        self.put("/api/desk/catalog", cs, self._document).ok()
        self._store_accounts()

    def request(
        self,
        method: str,
        path: str,
        *,
        user: User | None = None,
        access_token: bool = False,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        caller = None
        if user:
            group = "customers" if user.account_id else "customer-success"
            role = user.role if user.role in GIVEN_ROLES else None
            caller = LabUser(user.username, group, user.account_id, role).claiming(email=user.email)
            caller = caller.with_access_token.claiming(email=None) if access_token else caller
        response = self.lab.http(method, path, json=json, form=form, content=content, headers=headers, user=caller)
        return Response(response.status, response.headers, response.body)

    def mails(self, *, to: str | None = None, about: str | None = None) -> list[Mail]:
        found = self.lab.mails if to is None else self.lab.mails.to(to)
        return [_mail(mail) for mail in found if about is None or about in mail.text]

    def eventually(self, look: Callable[[], Seen]) -> Seen:
        self.settle()
        seen = look()
        assert seen, f"not so: {seen}"
        return seen

    def settle(self) -> None:
        """Lets everything follow that follows by itself; SES tells what became of each mail, as its simulator would."""
        self.lab.settle()
        while self._reported < len(self.lab.mails):
            mail = self.lab.mails[self._reported]
            self._reported += 1
            if mail.configuration_set:
                self._report(mail)
            self.lab.settle()

    def _report(self, mail: LabMail) -> None:
        (address,) = mail.recipients
        local, _, domain = address.partition("@")
        fate = local.partition("+")[0] if domain == SIMULATOR else "success"
        if fate == "bounce" or address in self.lab.ses.suppressed:
            self.lab.ses_event("Bounce", mail)
        else:
            self.lab.ses_event("Delivery", mail)
        if fate == "complaint":
            self.lab.ses_event("Complaint", mail)

    def executions(self, order_id: str) -> list[Execution]:
        return [
            Execution(one.name, one.status, str(one.input))
            for one in self.lab.executions
            if one.name.startswith(f"{order_id}-")
        ]

    def now(self) -> datetime:
        return self.lab.clock.now()

    def logs(self) -> str:
        return "\n".join(self.lab.log.lines)


def adopted(site: InProcess, user: User, role: Role | None = None) -> str:
    """Store a seeded user as the first sign-in does, active and with a role or the highest; return the user's id."""
    group: Group = "customer-success" if user.role == "customer-success" else "customers"
    team = DESK if user.account_id is None else user.account_id
    membership = Membership(role=role or HIGHEST_ROLE[group], state=PersonState.ACTIVE, last_seen_on=site.now().date())
    found = Person(
        user_id=LabUser(user.username, None).user_id,
        email=user.email,
        name=user.username.title(),
        group=group,
        memberships={team: membership},
    )
    with site.lab.as_operator():
        transact(people_store.write_actions(None, found))
    return found.user_id


def _mail(mail: LabMail) -> Mail:
    return Mail(
        id=mail.message_id,
        to=mail.recipients,
        sender=mail.sender,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        attachments=tuple(
            Attachment(one.name, one.content_type, lambda content=one.content: content)  # type: ignore[misc]
            for one in mail.attachments
        ),
        sender_name=mail.sender_name,
        reply_to=mail.reply_to,
    )
