// What is done with tokens and clients afterwards: introspection, revocation, logout, the end of a registration.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as client from 'openid-client';

import { api, issuer, keyPair, known, registered } from './gatepass.mjs';
import { login } from './login.mjs';
import { Person } from './person.mjs';

/** A login that lasts. */
const lasting = { more: { scope: 'openid read offline_access' } };
/** 401 with a challenge, which is what the library tells first. */
const unknown = { code: 'OAUTH_WWW_AUTHENTICATE_CHALLENGE', status: 401 };

const code = { grant_types: ['authorization_code', 'refresh_token'] };

test('introspection', async () => {
  const config = await registered(code);
  const tokens = await login(config, lasting);
  const said = await client.tokenIntrospection(config, tokens.access_token);
  assert.equal(said.active, true);
  assert.equal(said.client_id, config.clientMetadata().client_id);
  assert.equal(said.sub, tokens.claims().sub);
  assert.equal((await client.tokenIntrospection(config, tokens.refresh_token)).active, true);
  assert.deepEqual(await client.tokenIntrospection(config, 'stray'), { active: false });
});

for (const alg of ['RS256', 'ES256']) {
  test(`introspection, signed by ${alg} (RFC 9701)`, async () => {
    const config = await registered({ ...code, introspection_signed_response_alg: alg });
    const tokens = await login(config);
    const said = await client.tokenIntrospection(config, tokens.access_token);
    assert.equal(said.active, true);
    assert.equal(said.client_id, config.clientMetadata().client_id);
    assert.deepEqual(await client.tokenIntrospection(config, 'stray'), { active: false });
  });
}

test('a person has another name for each sector', async () => {
  const seen = [];
  for (const host of ['one.example', 'two.example']) {
    const redirect_uri = `https://${host}/callback`;
    const config = await registered({ ...code, subject_type: 'pairwise', redirect_uris: [redirect_uri] });
    for (const person of [new Person(), new Person()]) {
      const tokens = await login(config, { person, more: { redirect_uri } });
      seen.push((await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).sub);
    }
  }
  assert.equal(seen[0], seen[1]);
  assert.equal(seen[2], seen[3]);
  assert.notEqual(seen[0], seen[2]);
});

test('revoking an access token ends it alone', async () => {
  const config = await registered(code);
  const tokens = await login(config, lasting);
  await client.tokenRevocation(config, tokens.access_token, { token_type_hint: 'access_token' });
  assert.deepEqual(await client.tokenIntrospection(config, tokens.access_token), { active: false });
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token);
  assert.equal((await client.tokenIntrospection(config, renewed.access_token)).active, true);
});

test('revoking a refresh token ends all that it gave', async () => {
  const { key, kid, jwk } = await keyPair();
  const metadata = { ...code, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } };
  const config = await registered(metadata, client.PrivateKeyJwt({ key, kid }));
  const tokens = await login(config, lasting);
  await client.tokenRevocation(config, tokens.refresh_token);
  assert.deepEqual(await client.tokenIntrospection(config, tokens.access_token), { active: false });
  const renewed = client.refreshTokenGrant(config, tokens.refresh_token);
  await assert.rejects(renewed, { error: 'invalid_grant' });
});

test('logout, after which the next login asks again', async () => {
  const post_logout_redirect_uri = 'https://client.example/goodbye';
  const config = await registered({ ...code, post_logout_redirect_uris: [post_logout_redirect_uri] });
  const person = new Person();
  const tokens = await login(config, { person });
  const silent = { prompt: 'none' };
  assert.ok((await login(config, { person, more: silent })).claims().sub, 'still logged in');
  const state = client.randomState();
  const asked = { id_token_hint: tokens.id_token, post_logout_redirect_uri, state };
  const goodbye = await person.authorize(client.buildEndSessionUrl(config, asked));
  assert.equal(goodbye.href, `${post_logout_redirect_uri}?state=${state}`);
  await assert.rejects(login(config, { person, more: silent }), { error: 'login_required' });
});

test('a registration is read, changed and ended (RFC 7592)', async () => {
  const config = await registered(code);
  const { client_id, registration_client_uri, registration_access_token } = config.clientMetadata();
  const manage = (method, body) => fetch(registration_client_uri, {
    method,
    headers: { authorization: `Bearer ${registration_access_token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  const read = await (await manage('GET')).json();
  assert.equal(read.client_id, client_id);
  const changed = { client_id, client_name: 'Another name', redirect_uris: read.redirect_uris };
  assert.equal((await (await manage('PUT', changed)).json()).client_name, 'Another name');
  assert.equal((await manage('DELETE')).status, 204);
  await assert.rejects(client.refreshTokenGrant(config, 'any'), unknown);
});

test('registrations that are refused', async () => {
  for (const [metadata, error] of [
    [{ redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    [{ redirect_uris: [] }, 'invalid_redirect_uri'],
    [{ token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata'],
    [{ id_token_signed_response_alg: 'none' }, 'invalid_client_metadata'],
  ]) {
    await assert.rejects(registered(metadata), { name: 'ResponseBodyError', error, status: 400 });
  }
});

test('a token of another server is none here', async () => {
  const config = await known('nobody', undefined, client.ClientSecretBasic('wrong'));
  await assert.rejects(api(config, { access_token: 'eyJhbGciOiJub25lIn0.e30.' }), ({ cause }) => (
    cause[0].scheme === 'bearer' && cause[0].parameters.error === 'invalid_token'
  ));
  await assert.rejects(client.tokenIntrospection(config, 'x'), unknown);
  assert.equal(config.serverMetadata().issuer, issuer.href.replace(/\/$/, ''));
});
