"""An OpenID provider on loopback that says whatever a test wants it to say."""

import base64
import hashlib
import time
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from joserfc import jwt
from joserfc.jwk import RSAKey
from serving import serving

CLIENT, CLIENT_SECRET = "footnote", "what the provider and we know"


def new_key(name):
    return RSAKey.generate_key(2048, {"kid": name})


class Forger:
    """Signs `claims` with `key` under `header`; each of the answers can be replaced as a whole."""

    def __init__(self, key):
        self.key = self.published = key
        self.claims, self.header, self.discovery, self.answers, self.asked = {}, {}, {}, {}, []
        self.issuer = self.nonce = self.challenge = self.redeemed = None
        self.app = FastAPI()
        self.app.get("/.well-known/openid-configuration")(self.tell)
        self.app.get("/jwks")(self.publish)
        self.app.post("/token")(self.redeem)

    def default_claims(self):
        now = int(time.time())
        return {
            "iss": self.issuer, "sub": "ann", "aud": CLIENT, "nonce": self.nonce, "iat": now, "exp": now + 300,
            "groups": ["staff"],
        }  # fmt: skip

    def tell(self):
        return self.answers.get("discovery") or {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
            **self.discovery,
        }

    def publish(self):
        self.asked.append("jwks")
        return self.answers.get("jwks") or {"keys": [self.published.as_dict(private=False)]}

    async def redeem(self, request: Request):
        form = await request.form()
        self.redeemed = {**form, "authorization": request.headers.get("authorization")}
        if "token" in self.answers:
            return self.answers["token"]
        proof = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(proof).rstrip(b"=").decode() != self.challenge:
            return JSONResponse({"error": "invalid_grant"}, 400)
        return {"access_token": "let me in", "token_type": "Bearer", "id_token": self.id_token()}

    def id_token(self):
        claims = {name: value for name, value in {**self.default_claims(), **self.claims}.items() if value is not None}
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        return jwt.encode(header, claims, self.key, algorithms=["RS256", "HS256", "none"])

    def begin(self, client, wanted="/within", path="/sign-in"):
        """Let client begin to sign in, and return the state that the provider would send back."""
        response = client.get(path, params={"next": wanted})
        assert response.status_code == 303, response.text
        self.sent = {name: value for name, (value,) in parse_qs(urlsplit(response.headers["location"]).query).items()}
        self.nonce, self.challenge = self.sent["nonce"], self.sent["code_challenge"]
        return self.sent["state"]

    def sign_in(self, client, wanted="/within"):
        return client.get("/sign-in/callback", params={"code": "good", "state": self.begin(client, wanted)})


@contextmanager
def forging(key):
    forger = Forger(key)
    with serving(forger.app) as forger.issuer:
        yield forger


def broken(content, status=200, media_type="text/html"):
    return Response(content, status, media_type=media_type)
