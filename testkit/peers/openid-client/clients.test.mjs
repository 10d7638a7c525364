// How clients prove themselves, and keys that their tokens are bound to (RFC 9449).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as client from 'openid-client';

import { added, api, issuer, keyPair, known, registered } from './gatepass.mjs';
import { login } from './login.mjs';

const ROBOT = ['--grant', 'client_credentials'];

/** 401 with a challenge, which is what the library tells first (RFC 6749 §5.2, RFC 9110 §15.5.2). */
const UNKNOWN = { code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', status: 401 };

const BY_SECRET = {
  client_secret_basic: client.ClientSecretBasic,
  client_secret_post: client.ClientSecretPost,
  client_secret_jwt: client.ClientSecretJwt,
};

for (const [method, authentication] of Object.entries(BY_SECRET)) {
  test(method, async () => {
    const robot = await added([...ROBOT, '--auth-method', method]);
    const config = await known(robot.client_id, undefined, authentication(robot.client_secret));
    const tokens = await client.clientCredentialsGrant(config, { scope: 'read' });
    assert.equal((await api(config, tokens)).scope, 'read');
    const wrong = await known(robot.client_id, undefined, authentication(`${robot.client_secret}x`));
    await assert.rejects(client.clientCredentialsGrant(wrong), UNKNOWN);
  });
}

for (const alg of ['ES256', 'Ed25519', 'PS256', 'RS256']) {
  test(`private_key_jwt by ${alg}`, async () => {
    const { key, kid, jwk } = await keyPair(alg);
    const robot = await added([...ROBOT, '--auth-method', 'private_key_jwt'], [jwk]);
    const config = await known(robot.client_id, undefined, client.PrivateKeyJwt({ key, kid }));
    const tokens = await client.clientCredentialsGrant(config, { scope: 'read' });
    assert.equal((await api(config, tokens)).scope, 'read');
    const other = client.PrivateKeyJwt({ key: (await keyPair(alg)).key, kid });
    const wrong = await known(robot.client_id, undefined, other);
    await assert.rejects(client.clientCredentialsGrant(wrong), UNKNOWN);
  });
}

for (const alg of ['ES256', 'Ed25519']) {
  test(`DPoP by ${alg}: code, refresh, UserInfo, the API`, async () => {
    const config = await registered({
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      dpop_bound_access_tokens: true,
    }, client.None());
    const options = { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair(alg)) };
    const more = { scope: 'openid email read offline_access', dpop_jkt: await options.DPoP.calculateThumbprint() };
    const first = await login(config, { more, options });
    assert.equal(first.token_type, 'dpop');
    const tokens = await client.refreshTokenGrant(config, first.refresh_token, undefined, options);
    const person = await client.fetchUserInfo(config, tokens.access_token, first.claims().sub, options);
    assert.equal(person.email, 'dev@example.com');
    assert.match((await api(config, tokens, options)).scope, /\bread\b/);

    const other = { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair()) };
    const looked = client.fetchUserInfo(config, tokens.access_token, first.claims().sub, other);
    await assert.rejects(looked, ({ cause: [{ scheme, parameters }] }) => (
      scheme === 'dpop' && parameters.error === 'invalid_token'
    ));
    const stolen = client.refreshTokenGrant(config, tokens.refresh_token, undefined, other);
    await assert.rejects(stolen, { error: 'invalid_grant' });
  });
}

test('DPoP: the nonce is asked for once, and kept', async () => {
  const robot = await added([...ROBOT, '--dpop']);
  const config = await known(robot.client_id, undefined, client.ClientSecretBasic(robot.client_secret));
  const statuses = [];
  config[client.customFetch] = async (...request) => {
    const answer = await fetch(...request);
    statuses.push(answer.status);
    return answer;
  };
  const options = { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair()) };
  for (const expected of [[400, 200], [200]]) {
    const tokens = await client.clientCredentialsGrant(config, { scope: 'read' }, options);
    assert.deepEqual(statuses.splice(0), expected);
    assert.equal((await api(config, tokens, options)).scope, 'read');
    statuses.splice(0);
  }
  await assert.rejects(client.clientCredentialsGrant(config), { error: 'invalid_request' });
});

test('a stolen token is worth nothing without its key', async () => {
  const robot = await added([...ROBOT, '--dpop']);
  const config = await known(robot.client_id, undefined, client.ClientSecretBasic(robot.client_secret));
  const options = { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair()) };
  const { access_token } = await client.clientCredentialsGrant(config, { scope: 'read' }, options);
  const bare = client.fetchProtectedResource(config, access_token, new URL('/api/data', issuer), 'GET');
  await assert.rejects(bare, ({ cause }) => cause.some(({ scheme }) => scheme === 'dpop'));
});
