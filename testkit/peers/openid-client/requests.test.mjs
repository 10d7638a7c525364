// Authorization requests that are pushed (RFC 9126) or signed (RFC 9101), answers that are signed (JARM).

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as client from 'openid-client';

import { api, keyPair, registered } from './gatepass.mjs';
import { login, started } from './login.mjs';
import { Person } from './person.mjs';

const code = { grant_types: ['authorization_code'] };

test('pushed', async () => {
  const config = await registered({ ...code, require_pushed_authorization_requests: true });
  const tokens = await login(config, { build: client.buildAuthorizationUrlWithPAR });
  assert.ok(tokens.claims().sub);
});

test('a client that has to push and does not', async () => {
  const config = await registered({ ...code, require_pushed_authorization_requests: true });
  const { parameters, checks } = await started();
  const callback = await new Person().authorize(client.buildAuthorizationUrl(config, parameters));
  const answer = client.authorizationCodeGrant(config, callback, checks);
  await assert.rejects(answer, { error: 'invalid_request' });
});

test('a pushed request that is wrong is refused at once', async () => {
  const config = await registered(code);
  const { parameters } = await started({ redirect_uri: 'https://elsewhere.example/' });
  const pushed = client.buildAuthorizationUrlWithPAR(config, parameters);
  await assert.rejects(pushed, { name: 'ResponseBodyError', error: 'invalid_request', status: 400 });
});

for (const alg of ['ES256', 'Ed25519', 'PS256', 'RS256']) {
  test(`signed by ${alg}`, async () => {
    const { key, kid, jwk } = await keyPair(alg);
    const config = await registered({ ...code, jwks: { keys: [jwk] }, require_signed_request_object: true });
    const build = (to, parameters) => client.buildAuthorizationUrlWithJAR(to, parameters, { key, kid });
    const tokens = await login(config, { build });
    assert.match((await api(config, tokens)).scope, /\bread\b/);
  });
}

test('signed by a key that is not registered', async () => {
  const [own, other] = [await keyPair(), await keyPair()];
  const config = await registered({ ...code, jwks: { keys: [own.jwk] } });
  const { parameters } = await started();
  const signing = { key: other.key, kid: own.kid };
  const { searchParams } = await client.buildAuthorizationUrlWithJAR(config, parameters, signing);
  const pushed = client.buildAuthorizationUrlWithPAR(config, searchParams);
  await assert.rejects(pushed, { name: 'ResponseBodyError', error: 'invalid_request_object' });
});

test('signed, then pushed', async () => {
  const { key, kid, jwk } = await keyPair();
  const config = await registered({ ...code, jwks: { keys: [jwk] }, require_signed_request_object: true });
  const build = async (to, parameters) => {
    const { searchParams } = await client.buildAuthorizationUrlWithJAR(to, parameters, { key, kid });
    return client.buildAuthorizationUrlWithPAR(to, searchParams);
  };
  assert.ok((await login(config, { build })).claims().sub);
});

for (const alg of ['RS256', 'ES256', 'EdDSA', 'PS256']) {
  test(`the answer signed by ${alg}`, async () => {
    const config = await registered({ ...code, authorization_signed_response_alg: alg });
    client.useJwtResponseMode(config);
    const tokens = await login(config);
    assert.ok(tokens.claims().sub);
  });
}

test('the answer signed, and as a form', async () => {
  const config = await registered({ ...code, authorization_signed_response_alg: 'ES256' });
  client.useJwtResponseMode(config);
  const build = (to, parameters) => {
    const url = client.buildAuthorizationUrl(to, parameters);
    url.searchParams.set('response_mode', 'form_post.jwt');
    return url;
  };
  assert.ok((await login(config, { build })).claims().sub);
});

test('a no, signed', async () => {
  const config = await registered({ ...code, authorization_signed_response_alg: 'ES256' });
  client.useJwtResponseMode(config);
  const { parameters, checks } = await started();
  const person = new Person({ decision: 'deny' });
  const callback = await person.authorize(client.buildAuthorizationUrl(config, parameters));
  const answer = client.authorizationCodeGrant(config, callback, checks);
  await assert.rejects(answer, { name: 'AuthorizationResponseError', error: 'access_denied' });
});

test('details of what is to be allowed (RFC 9396)', async () => {
  const authorization_details = [{
    type: 'payment_initiation',
    actions: ['initiate'],
    instructedAmount: { currency: 'EUR', amount: '123.50' },
  }];
  const config = await registered({ ...code, authorization_details_types: ['payment_initiation'] });
  const more = { authorization_details: JSON.stringify(authorization_details) };
  const tokens = await login(config, { more, build: client.buildAuthorizationUrlWithPAR });
  assert.deepEqual(tokens.authorization_details, authorization_details);
});
