// A login by authorization code, from the request to the tokens.

import * as client from 'openid-client';

import { redirect_uri } from './gatepass.mjs';
import { Person } from './person.mjs';

/** The parameters of an authorization request, and what its answer is checked against. */
export async function started(more = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  return {
    parameters: {
      redirect_uri,
      scope: 'openid read',
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      ...more,
    },
    checks: { pkceCodeVerifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true },
  };
}

/** The tokens that a person's yes gives; `build` makes the address that the browser is sent to. */
export async function login(config, {
  more, build = client.buildAuthorizationUrl, person = new Person(), options,
} = {}) {
  const { parameters, checks } = await started(more);
  const callback = await person.authorize(await build(config, parameters));
  return client.authorizationCodeGrant(config, callback, checks, undefined, options);
}
