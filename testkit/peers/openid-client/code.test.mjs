// The authorization code grant: with PKCE, by query and by form, by clients with and without a secret.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as client from 'openid-client';

import { api, known, offer, redirect_uri, registered } from './gatepass.mjs';
import { login, started } from './login.mjs';
import { Person } from './person.mjs';

const code = { grant_types: ['authorization_code', 'refresh_token'] };

test('a client with a secret: ID token, UserInfo, the API', async () => {
  const config = await registered(code);
  const tokens = await login(config, { more: { scope: 'openid profile email read' } });
  const claims = tokens.claims();
  assert.deepEqual([claims.aud].flat(), [config.clientMetadata().client_id]);
  const person = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  assert.equal(person.email, 'dev@example.com');
  assert.equal(person.name, 'Dev Eloper');
  assert.match((await api(config, tokens)).scope, /\bread\b/);
});

test('a client without one', async () => {
  const config = await registered({ ...code, token_endpoint_auth_method: 'none' }, client.None());
  const tokens = await login(config);
  assert.equal((await api(config, tokens)).client_id, config.clientMetadata().client_id);
});

test('by the metadata of RFC 8414, without OpenID Connect', async () => {
  const options = { algorithm: 'oauth2' };
  const config = await known(offer.public_client_id, undefined, client.None(), options);
  const home = 'http://127.0.0.1:4711/callback';
  const { parameters, checks } = await started({ scope: 'read', nonce: '', redirect_uri: home });
  const callback = await new Person().authorize(client.buildAuthorizationUrl(config, parameters));
  assert.equal(callback.searchParams.get('iss'), offer.issuer);
  const { pkceCodeVerifier, expectedState } = checks;
  const tokens = await client.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedState });
  assert.equal(tokens.id_token, undefined);
  assert.equal((await api(config, tokens)).scope, 'read');
});

test('the answer as a form', async () => {
  const config = await registered(code);
  const tokens = await login(config, { more: { response_mode: 'form_post' } });
  assert.ok(tokens.claims().sub);
});

test('max_age, and the claims parameter', async () => {
  const config = await registered(code);
  const { parameters, checks } = await started({
    max_age: '60',
    claims: JSON.stringify({ id_token: { email: { essential: true } } }),
  });
  const callback = await new Person().authorize(client.buildAuthorizationUrl(config, parameters));
  const tokens = await client.authorizationCodeGrant(config, callback, { ...checks, maxAge: 60 });
  assert.equal(tokens.claims().email, 'dev@example.com');
});

for (const alg of ['RS256', 'ES256', 'EdDSA', 'PS256']) {
  test(`ID token and UserInfo signed by ${alg}`, async () => {
    const config = await registered({
      ...code, id_token_signed_response_alg: alg, userinfo_signed_response_alg: alg,
    });
    const tokens = await login(config, { more: { scope: 'openid email' } });
    const person = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    assert.equal(person.email, 'dev@example.com');
  });
}

test('a refresh gives a successor, and an ID token for the same person', async () => {
  const config = await registered(code);
  const first = await login(config, { more: { scope: 'openid read offline_access' } });
  const second = await client.refreshTokenGrant(config, first.refresh_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(second.claims().sub, first.claims().sub);
  assert.match((await api(config, second)).scope, /\bread\b/);
});

test('a person who says no', async () => {
  const config = await registered(code);
  const { parameters, checks } = await started();
  const person = new Person({ decision: 'deny' });
  const callback = await person.authorize(client.buildAuthorizationUrl(config, parameters));
  const answer = client.authorizationCodeGrant(config, callback, checks);
  await assert.rejects(answer, { name: 'AuthorizationResponseError', error: 'access_denied' });
});

test('a code is good once, and with its own verifier', async () => {
  const config = await registered(code);
  const refused = { name: 'ResponseBodyError', error: 'invalid_grant', status: 400 };
  const { parameters, checks } = await started();
  const callback = await new Person().authorize(client.buildAuthorizationUrl(config, parameters));
  const other = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
  await assert.rejects(client.authorizationCodeGrant(config, callback, other), refused);
  const tokens = await client.authorizationCodeGrant(config, callback, checks);
  await assert.rejects(client.authorizationCodeGrant(config, callback, checks), refused);
  const person = client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  await assert.rejects(person, ({ cause }) => cause[0].parameters.error === 'invalid_token');
});

test('what cannot be granted without a person is said so', async () => {
  const config = await registered(code);
  const { parameters, checks } = await started({ prompt: 'none' });
  const callback = await new Person().authorize(client.buildAuthorizationUrl(config, parameters));
  assert.equal(callback.href.split('?')[0], redirect_uri);
  const answer = client.authorizationCodeGrant(config, callback, checks);
  await assert.rejects(answer, { error: 'login_required' });
});
