"""Play the company's identity provider, at which staff sign in: a second user pool, with people and groups of its own.

The product knows it as any OpenID Connect provider, by the parameters of the template. Two things are the engine's: it
creates no provider by CloudFormation, and it drops claims that are lists, so that the groups are one text here.
"""

import json
from dataclasses import dataclass
from typing import Any

from emulation.template import LocalTemplate
from sandbox.deploy import Clients
from sandbox.seed import PASSWORD
from sandbox.settings import REGION

POOL = "vendor-directory"
GROUPS_CLAIM = "custom:groups"
ROLES = {"desk-leads": "lead", "desk-agents": "agent", "desk-audit": "auditor"}


@dataclass(frozen=True)
class Person:
    username: str
    name: str
    groups: tuple[str, ...]

    @property
    def email(self) -> str:
        return f"{self.name.lower().replace(' ', '.')}@vendor.example"

    def as_json(self) -> dict[str, Any]:
        return {
            "username": self.username,
            "password": PASSWORD,
            "email": self.email,
            "name": self.name,
            "groups": list(self.groups),
        }


PEOPLE = (
    Person("petra", "Petra Lindqvist", ("everybody", "desk-leads")),
    Person("emil", "Emil Sandberg", ("everybody", "desk-agents")),
    Person("iris", "Iris Falk", ("everybody",)),
)
"""The last one is in no group that has a role, so that the desk does not let her in."""


@dataclass(frozen=True)
class Directory:
    clients: Clients
    site: str
    pool: str
    client_id: str
    client_secret: str
    secret_arn: str

    @classmethod
    def create(cls, clients: Clients, site: str) -> "Directory":
        """Create the directory with its people, and register the product with it, as the company would."""
        cognito = clients("cognito-idp")
        pool = cognito.create_user_pool(
            PoolName=POOL, Schema=[{"Name": "groups", "AttributeDataType": "String", "Mutable": True}]
        )["UserPool"]["Id"]
        client = cognito.create_user_pool_client(
            UserPoolId=pool,
            ClientName="order-desk",
            GenerateSecret=True,
            AllowedOAuthFlowsUserPoolClient=True,
            AllowedOAuthFlows=["code"],
            AllowedOAuthScopes=["openid", "email", "profile"],
            SupportedIdentityProviders=["COGNITO"],
            CallbackURLs=[f"{cognito.meta.endpoint_url}/oauth2/idpresponse"],
        )["UserPoolClient"]
        for person in PEOPLE:
            attributes = {"email": person.email, "name": person.name, GROUPS_CLAIM: ",".join(person.groups)}
            cognito.admin_create_user(
                UserPoolId=pool,
                Username=person.username,
                MessageAction="SUPPRESS",
                UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
            )
            cognito.admin_set_user_password(
                UserPoolId=pool, Username=person.username, Password=PASSWORD, Permanent=True
            )
        secret = clients("secretsmanager").create_secret(
            Name=f"{POOL}-client", SecretString=json.dumps({"client_secret": client["ClientSecret"]})
        )
        return cls(clients, site, pool, client["ClientId"], client["ClientSecret"], secret["ARN"])

    @property
    def parameters(self) -> dict[str, str]:
        """Return the template's parameters for this provider."""
        return {
            "StaffProvider": "OIDC",
            "StaffProviderIssuer": f"https://cognito-idp.{REGION}.amazonaws.com/{self.pool}",
            "StaffProviderClientId": self.client_id,
            "StaffProviderSecret": self.secret_arn,
            "StaffGroupsClaim": GROUPS_CLAIM,
            "StaffRoleMapping": ",".join(f"{group}={role}" for group, role in ROLES.items()),
        }

    def connect(self, user_pool_id: str, template: LocalTemplate) -> None:
        """Create the provider in the product's pool, with the attributes that the template maps.

        Its addresses are named, because the engine cannot reach the issuer's discovery document.
        """
        cognito = self.clients("cognito-idp")
        properties = template.identity_providers["StaffOidc"]
        defaults = {name: each.get("Default") for name, each in template.body["Parameters"].items()}
        values = defaults | self.parameters
        cognito.create_identity_provider(
            UserPoolId=user_pool_id,
            ProviderName=properties["ProviderName"],
            ProviderType=properties["ProviderType"],
            ProviderDetails={
                "oidc_issuer": self.parameters["StaffProviderIssuer"],
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "authorize_scopes": values["StaffProviderScopes"],
                "attributes_request_method": "GET",
                "authorize_url": f"{self.site}/oauth2/authorize",
                "token_url": f"{cognito.meta.endpoint_url}/oauth2/token",
            },
            AttributeMapping={
                attribute: values[claim["Ref"]] for attribute, claim in properties["AttributeMapping"].items()
            },
        )
