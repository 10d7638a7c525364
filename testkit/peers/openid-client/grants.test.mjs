// Grants without a redirect: a device (RFC 8628), CIBA, an exchange (RFC 8693), an assertion (RFC 7523).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { SignJWT, importJWK } from 'jose';
import * as client from 'openid-client';

import { added, api, issuer, known, offer, registered } from './gatepass.mjs';
import { login } from './login.mjs';
import { Person } from './person.mjs';

const device = { grant_types: ['urn:ietf:params:oauth:grant-type:device_code'], redirect_uris: [] };
const ciba = { grant_types: ['urn:openid:params:grant-type:ciba'], redirect_uris: [] };

// Each waits for the interval between two polls, so they wait together.
describe('polling', { concurrency: true }, () => {
  test('a device', async () => {
    const config = await registered({ ...device, token_endpoint_auth_method: 'none' }, client.None());
    const waiting = await client.initiateDeviceAuthorization(config, { scope: 'openid read' });
    const person = new Person({ user_code: waiting.user_code });
    assert.match((await person.visit(waiting.verification_uri)).page, /Device connected/);
    const tokens = await client.pollDeviceAuthorizationGrant(config, waiting);
    assert.ok(tokens.claims().sub);
    assert.match((await api(config, tokens)).scope, /\bread\b/);
  });

  test('a device, by the address that has the code in it, is denied', async () => {
    const config = await registered(device);
    const waiting = await client.initiateDeviceAuthorization(config, { scope: 'read' });
    const person = new Person({ user_code: waiting.user_code, decision: 'deny' });
    assert.match((await person.visit(waiting.verification_uri_complete)).page, /Device not connected/);
    const tokens = client.pollDeviceAuthorizationGrant(config, waiting);
    await assert.rejects(tokens, { name: 'ResponseBodyError', error: 'access_denied' });
  });

  test('CIBA', async () => {
    const config = await registered({ ...ciba, backchannel_token_delivery_mode: 'poll' });
    const asked = { scope: 'openid read', login_hint: offer.user, binding_message: 'W4SCT' };
    const waiting = await client.initiateBackchannelAuthentication(config, asked);
    const { page } = await new Person().visit(new URL('/account/requests', issuer));
    assert.match(page, /Nobody is waiting/);
    const tokens = await client.pollBackchannelAuthenticationGrant(config, waiting);
    assert.ok(tokens.claims().sub);
    assert.match((await api(config, tokens)).scope, /\bread\b/);
  });
});

test('CIBA for somebody who is not there', async () => {
  const config = await registered(ciba);
  const asked = client.initiateBackchannelAuthentication(config, { scope: 'openid', login_hint: 'nobody' });
  await assert.rejects(asked, { name: 'ResponseBodyError', error: 'unknown_user_id' });
});

test('an exchange, which never widens the scope', async () => {
  const config = await known(offer.client_id, undefined, client.ClientSecretBasic(offer.client_secret));
  const more = { redirect_uri: 'http://localhost:8000/callback', scope: 'openid read' };
  const subject = await login(config, { more });
  const exchange = (scope) => client.genericGrantRequest(
    config,
    'urn:ietf:params:oauth:grant-type:token-exchange',
    {
      subject_token: subject.access_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope,
    },
  );
  const tokens = await exchange('read');
  assert.equal(tokens.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');
  assert.equal((await api(config, tokens)).scope, 'read');
  await assert.rejects(exchange('write'), { name: 'ResponseBodyError', error: 'invalid_scope' });
});

test('an assertion of an issuer that is trusted, once', async () => {
  const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const { client_id, client_secret } = await added(['--grant', grant]);
  const config = await known(client_id, undefined, client.ClientSecretBasic(client_secret));
  const assertion = await new SignJWT({ jti: client.randomNonce() })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuer(offer.trusted.issuer)
    .setSubject(offer.user)
    .setAudience(offer.issuer)
    .setIssuedAt()
    .setExpirationTime('1 minute')
    .sign(await importJWK(offer.trusted.key, 'ES256'));
  const tokens = await client.genericGrantRequest(config, grant, { assertion, scope: 'read' });
  assert.equal((await api(config, tokens)).scope, 'read');
  const again = client.genericGrantRequest(config, grant, { assertion, scope: 'read' });
  await assert.rejects(again, { name: 'ResponseBodyError', error: 'invalid_grant' });
});
