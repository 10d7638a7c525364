"""Authlib on Flask: an authorization server with the grants that Authlib has, and a resource that takes its tokens.

Clients register themselves and anybody may log in. A client that is called hasty has to be: its codes live for a
second. One whose name is steady keeps its refresh token, the others get a new one with each use.
"""

from __future__ import annotations

import os
import time
from types import SimpleNamespace

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.integrations.sqla_oauth2 import (
    OAuth2AuthorizationCodeMixin,
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_bearer_token_validator,
    create_query_client_func,
    create_query_token_func,
    create_revocation_endpoint,
    create_save_token_func,
)
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion, JWTBearerGrant
from authlib.oauth2.rfc7591 import ClientMetadataClaims, ClientRegistrationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant
from authlib.oauth2.rfc9101 import ClientMetadataClaims as SignedRequestClaims
from authlib.oauth2.rfc9101 import JWTAuthenticationRequest
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import OpenIDCode, UserInfo, UserInfoEndpoint
from flask import Flask, jsonify, redirect, request
from joserfc.jwk import ECKey, KeySet, OctKey
from sqlalchemy import Column, Integer, String, create_engine
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import StaticPool

from serving import serve

# This server is on the machine of whoever asks it.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

ASSERTIONS = ["private_key_jwt", "client_secret_jwt"]
AUTH_METHODS = ["client_secret_basic", "client_secret_post", JWTBearerClientAssertion.CLIENT_AUTH_METHOD, "none"]
SCOPES = ["openid", "profile", "email", "read", "write"]
PASSWORD = "correct horse"


class Base(DeclarativeBase):
    id = Column(Integer, primary_key=True)


class Client(Base, OAuth2ClientMixin):
    __tablename__ = "client"

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """A program on somebody's machine listens wherever there is room (RFC 8252 §7.3)."""
        loopback = "http://127.0.0.1"
        if redirect_uri.startswith(f"{loopback}:"):
            path = redirect_uri[len(loopback) :].partition("/")[2]
            redirect_uri = f"{loopback}/{path}"
        return redirect_uri in self.redirect_uris

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Authlib has one name for both kinds of assertion."""
        if method == Assertion.CLIENT_AUTH_METHOD:
            return self.token_endpoint_auth_method in ASSERTIONS
        return super().check_endpoint_auth_method(method, endpoint)


class Code(Base, OAuth2AuthorizationCodeMixin):
    __tablename__ = "code"
    user_id = Column(String)
    lifetime = Column(Integer)

    def is_expired(self) -> bool:
        return self.auth_time + self.lifetime < time.time()


class Token(Base, OAuth2TokenMixin):
    __tablename__ = "token"
    user_id = Column(String)

    def get_user(self) -> User | None:
        return self.user_id and User(self.user_id)

    def get_client(self) -> Client:
        return query_client(self.client_id)


class User(str):
    def get_user_id(self) -> str:
        return str(self)


class Device(SimpleNamespace):
    """What a device asked for, and what somebody said to it."""

    decision: tuple[User, bool] | None = None
    asked = 0.0

    def get_client_id(self) -> str:
        return self.client_id

    def get_scope(self) -> str:
        return self.scope or ""

    def get_user_code(self) -> str:
        return self.user_code

    def is_expired(self) -> bool:
        return self.expires_at < time.time()


engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
Base.metadata.create_all(engine)
store = Session(engine)
devices: dict[str, Device] = {}
signing_key = ECKey.generate_key("P-256", parameters={"alg": "ES256", "use": "sig"}, auto_kid=True)

app = Flask(__name__)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
query_client = create_query_client_func(store, Client)
query_token = create_query_token_func(store, Token)
server = AuthorizationServer(app, query_client, create_save_token_func(store, Token))
server.scopes_supported = SCOPES


def issuer() -> str:
    return app.config["ISSUER"]


def claims_of(user: User, scope: str) -> UserInfo:
    everything = UserInfo(sub=user, name=user.title(), preferred_username=user, email=f"{user}@example.com")
    return everything.filter(scope)


class AuthorizationCodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def save_authorization_code(self, code: str, asked) -> Code:
        payload = asked.payload
        item = Code(
            code=code,
            client_id=asked.client.client_id,
            redirect_uri=payload.redirect_uri,
            scope=payload.scope,
            user_id=asked.user,
            nonce=payload.data.get("nonce"),
            code_challenge=payload.data.get("code_challenge"),
            code_challenge_method=payload.data.get("code_challenge_method"),
            lifetime=1 if asked.client.client_name == "hasty" else 60,
        )
        store.add(item)
        store.commit()
        return item

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        item = store.query(Code).filter_by(code=code, client_id=client.client_id).first()
        return item if item and not item.is_expired() else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        store.delete(authorization_code)
        store.commit()

    def authenticate_user(self, authorization_code: Code) -> User:
        return User(authorization_code.user_id)


class OpenID(OpenIDCode):
    def exists_nonce(self, nonce: str, asked) -> bool:
        return store.query(Code).filter_by(client_id=asked.payload.client_id, nonce=nonce).first() is not None

    def resolve_client_private_key(self, client: Client) -> ECKey:
        return signing_key

    def get_client_algorithm(self, client: Client) -> str:
        return "ES256"

    def get_client_claims(self, client: Client) -> dict:
        return {"iss": issuer()}

    def get_encode_header(self, client: Client) -> dict:
        return {"alg": "ES256", "kid": signing_key.kid}

    def generate_user_info(self, user: User, scope: str) -> UserInfo:
        return claims_of(user, scope)


class RefreshTokenGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    @property
    def INCLUDE_NEW_REFRESH_TOKEN(self) -> bool:  # noqa: N802 (the library's own name)
        return self.request.client.client_name != "steady"

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        item = store.query(Token).filter_by(refresh_token=refresh_token).first()
        return item if item and not item.refresh_token_revoked_at else None

    def authenticate_user(self, refresh_token: Token) -> User:
        return User(refresh_token.user_id)

    def revoke_old_credential(self, refresh_token: Token) -> None:
        refresh_token.access_token_revoked_at = int(time.time())
        if self.INCLUDE_NEW_REFRESH_TOKEN:
            refresh_token.refresh_token_revoked_at = int(time.time())
        store.commit()


class PasswordGrant(grants.ResourceOwnerPasswordCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def authenticate_user(self, username: str, password: str) -> User | None:
        return User(username) if password == PASSWORD else None


class ClientCredentialsGrant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS


class BearerGrant(JWTBearerGrant):
    def resolve_issuer_client(self, issuer: str) -> Client | None:
        return query_client(issuer)

    def resolve_client_public_key(self, client: Client) -> KeySet:
        return KeySet.import_key_set(client.jwks)

    def authenticate_user(self, subject: str) -> User | None:
        return None if subject == "nobody" else User(subject)

    def has_granted_permission(self, client: Client, user: User) -> bool:
        return True

    def get_audiences(self) -> list[str]:
        return [issuer()]


class DeviceEndpoint(DeviceAuthorizationEndpoint):
    CLIENT_AUTH_METHODS = AUTH_METHODS
    EXPIRES_IN = 60
    INTERVAL = 1

    def get_verification_uri(self) -> str:
        return f"{issuer()}/device"

    def save_device_credential(self, client_id: str, scope: str, data: dict) -> None:
        hasty = query_client(client_id).client_name == "hasty"
        expires_at = time.time() + (0 if hasty else data["expires_in"])
        devices[data["user_code"]] = Device(client_id=client_id, scope=scope, expires_at=expires_at, **data)


class DeviceGrant(DeviceCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS

    def query_device_credential(self, device_code: str) -> Device | None:
        return next((device for device in devices.values() if device.device_code == device_code), None)

    def query_user_grant(self, user_code: str) -> tuple[User, bool] | None:
        return devices[user_code].decision

    def should_slow_down(self, credential: Device) -> bool:
        """The first question always comes too early."""
        first, credential.asked = not credential.asked, time.time()
        return first and query_client(credential.client_id).client_name == "slow"


class Assertion(JWTBearerClientAssertion):
    def get_audiences(self) -> list[str]:
        return [issuer()]

    def validate_jti(self, claims: dict, jti: str) -> bool:
        new = jti not in app.config["SEEN"]
        app.config["SEEN"].add(jti)
        return new

    def resolve_client_public_key(self, client: Client) -> KeySet | OctKey:
        if client.token_endpoint_auth_method == "client_secret_jwt":
            return OctKey.import_key(client.client_secret)
        return KeySet.import_key_set(client.jwks)


class SignedRequest(JWTAuthenticationRequest):
    def resolve_client_public_key(self, client: Client) -> KeySet:
        return KeySet.import_key_set(client.jwks)

    def get_server_metadata(self) -> dict:
        return {}

    def get_client_require_signed_request_object(self, client: Client) -> bool:
        return bool(client.client_metadata.get("require_signed_request_object"))


class Issuer(IssuerParameter):
    def get_issuer(self) -> str:
        return issuer()


class Registration(ClientRegistrationEndpoint):
    def authenticate_token(self, asked) -> bool:
        return True

    def get_server_metadata(self) -> dict:
        return {}

    def save_client(self, client_info: dict, client_metadata: dict, asked) -> Client:
        client = Client(**client_info)
        client.set_client_metadata(client_metadata)
        store.add(client)
        store.commit()
        return client


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = AUTH_METHODS

    def check_permission(self, token: Token, client: Client, asked) -> bool:
        return token.client_id == client.client_id

    def query_token(self, token_string: str, token_type_hint: str) -> Token | None:
        return query_token(token_string, token_type_hint)

    def introspect_token(self, token: Token) -> dict:
        return {
            "active": not token.is_revoked(),
            "client_id": token.client_id,
            "scope": token.scope,
            "username": token.user_id,
            "exp": token.issued_at + token.expires_in,
        }


class Revocation(create_revocation_endpoint(store, Token)):
    CLIENT_AUTH_METHODS = AUTH_METHODS


class WhoIsIt(UserInfoEndpoint):
    def get_issuer(self) -> str:
        return issuer()

    def generate_user_info(self, user: User, scope: str) -> UserInfo:
        return claims_of(user, scope)

    def resolve_private_key(self) -> ECKey:
        return signing_key


protector = ResourceProtector()
protector.register_token_validator(create_bearer_token_validator(store, Token)())
server.register_grant(AuthorizationCodeGrant, [CodeChallenge(required=True), OpenID()])
for grant in (RefreshTokenGrant, PasswordGrant, ClientCredentialsGrant, BearerGrant, DeviceGrant):
    server.register_grant(grant)
for endpoint in (Introspection, Revocation, DeviceEndpoint):
    server.register_endpoint(endpoint)
server.register_endpoint(Registration(server, [ClientMetadataClaims, SignedRequestClaims]))
server.register_endpoint(WhoIsIt(resource_protector=protector))
server.register_extension(SignedRequest())
server.register_extension(Issuer())
server.register_client_auth_method(Assertion.CLIENT_AUTH_METHOD, Assertion())


@app.get("/.well-known/oauth-authorization-server")
def metadata():
    return jsonify(
        issuer=issuer(),
        authorization_endpoint=f"{issuer()}/authorize",
        token_endpoint=f"{issuer()}/token",
        jwks_uri=f"{issuer()}/jwks",
        registration_endpoint=f"{issuer()}/client_registration",
        revocation_endpoint=f"{issuer()}/revocation",
        introspection_endpoint=f"{issuer()}/introspection",
        device_authorization_endpoint=f"{issuer()}/device_authorization",
        userinfo_endpoint=f"{issuer()}/userinfo",
        scopes_supported=SCOPES,
        response_types_supported=["code"],
        code_challenge_methods_supported=["S256"],
        token_endpoint_auth_methods_supported=["client_secret_basic", "client_secret_post", *ASSERTIONS, "none"],
        token_endpoint_auth_signing_alg_values_supported=["ES256", "HS256"],
        id_token_signing_alg_values_supported=["ES256"],
        authorization_response_iss_parameter_supported=True,
    )


@app.get("/jwks")
def jwks():
    return jsonify(keys=[signing_key.as_dict(private=False)])


@app.post("/token")
def token():
    return server.create_token_response()


@app.post("/<any(client_registration, revocation, introspection, device_authorization):name>")
def endpoint(name: str):
    return server.create_endpoint_response(name)


@app.route("/userinfo", methods=["GET", "POST"])
def userinfo():
    return server.create_endpoint_response("userinfo")


PAGE = """<!doctype html><title>Authlib</title><h1>{title}</h1><p>{text}</p>
<form method="post"><input type="text" name="login"><input type="password" name="password">
<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></form>"""


def person() -> User | None:
    allowed = request.form.get("decision") == "allow" and request.form.get("password") == PASSWORD
    return User(request.form["login"]) if allowed else None


@app.route("/authorize", methods=["GET", "POST"])
def authorize():
    try:
        consent = server.get_consent_grant(end_user=User("somebody"))
    except OAuth2Error as error:
        return server.handle_error_response(server.create_oauth2_request(None), error)
    if request.method == "POST":
        return server.create_authorization_response(grant_user=person(), grant=consent)
    return PAGE.format(title="Log in", text=f"for {consent.request.scope}")


@app.route("/device", methods=["GET", "POST"])
def device():
    found = devices[request.args["user_code"]]
    if request.method == "GET":
        return PAGE.format(title="Connect a device", text=f"for {found.scope}")
    found.decision = (User(request.form["login"]), person() is not None)
    return redirect("/device/done", 303)


@app.get("/device/done")
def device_done():
    return "<!doctype html><title>Authlib</title><h1>Done</h1>"


@app.get("/api")
@protector("read")
def api():
    return jsonify(sub=current_token.user_id, client_id=current_token.client_id, scope=current_token.scope)


def application(origin: str) -> Flask:
    app.config.update(ISSUER=origin, SEEN=set())
    return app


if __name__ == "__main__":
    serve(application)
