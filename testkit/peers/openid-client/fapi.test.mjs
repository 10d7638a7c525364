// A client under FAPI 2.0, Security Profile and Message Signing: everything that it demands, in one login.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as client from 'openid-client';

import { added, api, keyPair, known, redirect_uri } from './gatepass.mjs';
import { login, started } from './login.mjs';

async function bank(...more) {
  const { key, kid, jwk } = await keyPair('PS256');
  const own = ['--auth-method', 'private_key_jwt', '--redirect-uri', redirect_uri, '--fapi', ...more];
  const { client_id } = await added(own, [jwk]);
  const config = await known(client_id, undefined, client.PrivateKeyJwt({ key, kid }));
  const options = { DPoP: client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256')) };
  return { config, key, kid, options };
}

test('Security Profile: pushed, with a proof of the key', async () => {
  const { config, options } = await bank();
  const build = (to, parameters) => client.buildAuthorizationUrlWithPAR(to, parameters, options);
  const more = { scope: 'openid read offline_access' };
  const first = await login(config, { more, build, options });
  assert.equal(first.token_type, 'dpop');
  const second = await client.refreshTokenGrant(config, first.refresh_token, undefined, options);
  assert.equal(second.refresh_token ?? first.refresh_token, first.refresh_token, 'FAPI forbids rotation');
  assert.match((await api(config, second, options)).scope, /\bread\b/);
});

test('Message Signing: signed and pushed, answered with a signature', async () => {
  const { config, key, kid, options } = await bank('--fapi-message-signing');
  client.useJwtResponseMode(config);
  const build = async (to, parameters) => {
    const { searchParams } = await client.buildAuthorizationUrlWithJAR(to, parameters, { key, kid });
    return client.buildAuthorizationUrlWithPAR(to, searchParams, options);
  };
  const tokens = await login(config, { build, options });
  const sub = tokens.claims().sub;
  assert.equal((await client.fetchUserInfo(config, tokens.access_token, sub, options)).sub, sub);
  assert.match((await api(config, tokens, options)).scope, /\bread\b/);
});

test('less than that is refused', async () => {
  const { config, options } = await bank('--fapi-message-signing');
  const { parameters } = await started();
  const unsigned = client.buildAuthorizationUrlWithPAR(config, parameters, options);
  await assert.rejects(unsigned, { name: 'ResponseBodyError', error: 'invalid_request' });
  const bearer = client.refreshTokenGrant(config, 'any');
  await assert.rejects(bearer, { name: 'ResponseBodyError', error: 'invalid_request' });
});
