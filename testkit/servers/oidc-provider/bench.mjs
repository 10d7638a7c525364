// npm's oidc-provider as a peer of the benchmark: everything in memory, one client, tokens as ours are.
//
// The first line on standard output says where it listens and who may use it. It ends on SIGTERM.

import * as crypto from 'node:crypto';
import { once } from 'node:events';
import * as http from 'node:http';

import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

// What this library prints about its development features is no news here.
console.info = () => {};
console.warn = () => {};

const known = {
  user: 'ada',
  password: '-',
  client_id: 'bench',
  client_secret: crypto.randomBytes(32).toString('base64url'),
};

const server = http.createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `http://127.0.0.1:${server.address().port}`;

const { privateKey } = await generateKeyPair('ES256', { extractable: true });
const key = { ...await exportJWK(privateKey), alg: 'ES256', use: 'sig', kid: 'ES256' };

const provider = new Provider(issuer, {
  jwks: { keys: [key] },
  scopes: ['openid', 'read', 'write'],
  cookies: { keys: [crypto.randomBytes(16).toString('hex')] },
  clients: [{
    client_id: known.client_id,
    client_secret: known.client_secret,
    client_name: 'bench',
    grant_types: ['client_credentials', 'authorization_code', 'refresh_token'],
    redirect_uris: ['https://client.example.com/callback'],
    scope: 'openid read write',
    id_token_signed_response_alg: 'ES256',
  }],
  findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: 600, ClientCredentials: 600, Grant: 86400, Session: 86400, RefreshToken: 86400 },
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_ctx, audience) => ({
        audience,
        scope: 'read write',
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

server.on('request', provider.callback());
console.log(JSON.stringify({ issuer, ...known }));
