// The server under test: what it offers, what its operator does, and the clients that are known there.

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { promisify } from 'node:util';

import * as client from 'openid-client';

/** The server's first line. */
export const offer = JSON.parse(process.env.GATEPASS_OFFER);
export const issuer = new URL(offer.issuer);

/** Where the clients want the browser back; nobody ever goes there. */
export const redirect_uri = 'https://client.example/callback';

/** What any client of these tests may ask for. */
const SCOPE = 'openid profile email offline_access read write';

/** `gatepass admin …`; what it prints. */
export async function admin(...words) {
  const own = ['--database', offer.database, '--output', 'json'];
  const { stdout } = await promisify(execFile)(process.env.GATEPASS_BIN, ['admin', ...words, ...own]);
  return JSON.parse(stdout);
}

/** A client that an operator adds with these options; public keys are a list of JWKs. */
export async function added(options, keys) {
  const words = ['client', 'add', 'openid-client', '--scope', SCOPE, ...options];
  if (!keys) return admin(...words);
  const file = path.join(path.dirname(offer.database), `${randomUUID()}.json`);
  await fs.writeFile(file, JSON.stringify({ keys }));
  return admin(...words, '--jwks', file);
}

/** A client that registers itself with this metadata; every signature is to be checked. */
export async function registered(metadata, authentication) {
  const asked = {
    client_name: 'openid-client',
    redirect_uris: [redirect_uri],
    scope: SCOPE,
    // The way of the library where it is told of none.
    token_endpoint_auth_method: 'client_secret_post',
    ...metadata,
  };
  return careful(await client.dynamicClientRegistration(issuer, asked, authentication));
}

/** A client that is known already. */
export async function known(id, metadata, authentication, options) {
  return careful(await client.discovery(issuer, id, metadata, authentication, options));
}

/** Asks the API of `--dev`, which checks the token and its scope. */
export async function api(config, tokens, options) {
  const answer = await client.fetchProtectedResource(
    config, tokens.access_token, new URL('/api/data', issuer), 'GET', undefined, undefined, options,
  );
  return answer.json();
}

/** A key pair of a client, and the public half as it is registered. */
export async function keyPair(alg = 'ES256') {
  const pair = await client.randomDPoPKeyPair(alg, { extractable: true });
  const jwk = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const kid = randomUUID();
  return { key: pair.privateKey, kid, jwk: { ...jwk, alg, kid, use: 'sig', key_ops: undefined, ext: undefined } };
}

/** By itself the library trusts TLS for what comes from the token endpoint. */
function careful(config) {
  client.enableNonRepudiationChecks(config);
  return config;
}
