// npm's oidc-provider as a server of the interoperability tests: every feature that gatepass's client speaks is on,
// people and clients are free to come (registration is open, any login is taken on its own development pages).
//
// One argument, JSON: { "nonces": true } wants a nonce in every DPoP proof, { "fapi": "2.0" } a FAPI profile,
// { "tls": { "key", "cert", "ca" } } (files) serves over TLS, with other doors for clients that show a certificate.
// Codes of a client that is called hasty live for a second.
//
// The first line on standard output says where it listens. It ends when its standard input does.

import * as crypto from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';

import { exportJWK, generateKeyPair } from 'jose';
import Provider, { errors } from 'oidc-provider';

const options = JSON.parse(process.argv[2] ?? '{}');

// What this library prints about its development features is no news here.
console.info = () => {};
console.warn = () => {};

process.stdin.resume().once('end', () => process.exit(0));

const front = await listening();
const certified = options.tls && await listening({ requestCert: true, rejectUnauthorized: false });

/** Requests on their way to a person's own device (CIBA), by account. */
const phones = new Map();

const provider = new Provider(front.origin, await configuration());

provider.use(phone);
provider.use(api);
for (const { server } of [front, certified].filter(Boolean)) server.on('request', provider.callback());

console.log(JSON.stringify({ issuer: front.origin, certified: certified?.origin }));

async function listening(more) {
  const files = options.tls && Object.fromEntries(
    Object.entries(options.tls).map(([name, path]) => [name, fs.readFileSync(path)]),
  );
  const server = files ? https.createServer({ ...files, ...more }) : http.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `${files ? 'https' : 'http'}://127.0.0.1:${server.address().port}`;
  return { server, origin };
}

async function configuration() {
  const enabled = true;
  const lifetime = (seconds, hasty) => (_ctx, _artifact, client) => (client?.clientName === 'hasty' ? hasty : seconds);
  return {
    jwks: { keys: await keys() },
    scopes: ['openid', 'offline_access', 'read', 'write'],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
    acrValues: ['gold'],
    cookies: { keys: [crypto.randomBytes(16).toString('hex')] },
    findAccount: (_ctx, accountId) => (accountId === 'nobody' ? undefined : {
      accountId,
      claims: () => ({
        sub: accountId, name: accountId, preferred_username: accountId, email: `${accountId}@example.com`,
      }),
    }),
    // Those who may refresh get something to refresh with, whether or not they ask for offline_access.
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    ttl: {
      AccessToken: lifetime(3600, 3600),
      AuthorizationCode: lifetime(60, 1),
      DeviceCode: lifetime(600, 1),
    },
    clientAuthMethods: [
      'client_secret_basic', 'client_secret_jwt', 'client_secret_post', 'private_key_jwt', 'none',
      ...(options.tls ? ['tls_client_auth', 'self_signed_tls_client_auth'] : []),
    ],
    discovery: certified ? { mtls_endpoint_aliases: aliases(certified.origin) } : {},
    enabledJWA: {
      idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA', 'HS256'],
    },
    features: {
      ciba: {
        enabled,
        deliveryModes: ['poll'],
        processLoginHint: (_ctx, hint) => hint,
        processLoginHintToken: () => undefined,
        validateRequestContext: () => undefined,
        verifyUserCode: () => undefined,
        triggerAuthenticationDevice: (_ctx, request) => { phones.set(request.accountId, request); },
      },
      claimsParameter: { enabled },
      clientCredentials: { enabled },
      dPoP: { enabled, nonceSecret: crypto.randomBytes(32), requireNonce: () => Boolean(options.nonces) },
      deviceFlow: { enabled },
      fapi: { enabled: Boolean(options.fapi), profile: options.fapi },
      introspection: { enabled },
      jwtResponseModes: { enabled },
      jwtUserinfo: { enabled },
      mTLS: {
        enabled: Boolean(options.tls),
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        getCertificate: (ctx) => ctx.socket.getPeerX509Certificate?.(),
        certificateAuthorized: (ctx) => ctx.socket.authorized,
        certificateSubjectMatches: (ctx, property, expected) => {
          const names = ctx.socket.getPeerX509Certificate().subjectAltName?.split(', ') ?? [];
          return property === 'tls_client_auth_san_dns' && names.includes(`DNS:${expected}`);
        },
      },
      pushedAuthorizationRequests: { enabled },
      registration: { enabled },
      registrationManagement: { enabled },
      requestObjects: { enabled },
      resourceIndicators: {
        enabled,
        getResourceServerInfo: (_ctx, resource) => {
          if (!resource.startsWith('https://api.example.com/')) throw new errors.InvalidTarget();
          return { scope: 'read write', audience: resource, accessTokenFormat: 'jwt', accessTokenTTL: 3600 };
        },
      },
      revocation: { enabled },
      richAuthorizationRequests: {
        enabled,
        types: {
          payment: {
            validate: (_ctx, detail) => {
              if (!detail.amount) throw new errors.InvalidAuthorizationDetails('a payment needs an amount');
            },
          },
        },
        authorizationDetailsForGrantSource: (ctx) => ctx.oidc.grant.rar,
        authorizationDetailsForAccessToken: (_ctx, _token, source) => source?.rar,
        authorizationDetailsForIntrospection: (_ctx, token) => token.rar,
      },
    },
  };
}

async function keys() {
  const one = async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    return { ...await exportJWK(privateKey), alg, use: 'sig', kid: alg };
  };
  return Promise.all(['RS256', 'ES256', 'EdDSA'].map(one));
}

function aliases(origin) {
  return {
    token_endpoint: `${origin}/token`,
    revocation_endpoint: `${origin}/token/revocation`,
    introspection_endpoint: `${origin}/token/introspection`,
    userinfo_endpoint: `${origin}/me`,
    device_authorization_endpoint: `${origin}/device/auth`,
    pushed_authorization_request_endpoint: `${origin}/request`,
    backchannel_authentication_endpoint: `${origin}/backchannel`,
  };
}

/** POST /phone/ACCOUNT/allow or deny: what the person says on their own device. */
async function phone(ctx, next) {
  const [, place, account, decision] = ctx.path.split('/');
  if (place !== 'phone') return next();
  const request = phones.get(account);
  if (!request) return ctx.throw(404);
  let outcome = new errors.AccessDenied('the person said no on the phone');
  if (decision === 'allow') {
    const grant = new provider.Grant({ accountId: request.accountId, clientId: request.clientId });
    grant.addOIDCScope(request.scope);
    outcome = await grant.save();
  }
  await provider.backchannelResult(request, outcome);
  ctx.status = 204;
  return undefined;
}

/** GET /api: a resource for tokens that are not bound to a key; UserInfo is one for those that are. */
async function api(ctx, next) {
  if (ctx.path !== '/api') return next();
  const token = /^Bearer (\S+)$/i.exec(ctx.get('authorization'))?.[1];
  const found = token && (await provider.AccessToken.find(token) ?? await provider.ClientCredentials.find(token));
  if (!found || found.isSenderConstrained()) {
    ctx.status = 401;
    ctx.set('www-authenticate', token ? 'Bearer realm="api", error="invalid_token"' : 'Bearer realm="api"');
    return undefined;
  }
  const { accountId: sub, clientId: client_id, scope } = found;
  ctx.body = { sub, client_id, scope };
  return undefined;
}
