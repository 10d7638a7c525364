// A client that shows a certificate (RFC 8705), which its tokens are bound to.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as https from 'node:https';
import * as path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { promisify } from 'node:util';

import * as client from 'openid-client';

import { known, offer, registered } from './gatepass.mjs';
import { login } from './login.mjs';

/** A certificate that nobody vouches for, and how it is registered. */
async function selfSigned(name) {
  const [key, cert] = ['key', 'cert'].map((part) => path.join(path.dirname(offer.database), `${name}-${part}.pem`));
  await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes',
    '-subj', `/CN=${name}`, '-keyout', key, '-out', cert,
  ]);
  const certificate = new X509Certificate(await fs.readFile(cert));
  const jwk = { ...certificate.publicKey.export({ format: 'jwk' }), x5c: [certificate.raw.toString('base64')] };
  return { files: { key: await fs.readFile(key), cert: await fs.readFile(cert) }, jwk };
}

/** Node's own `fetch` shows no certificates. */
function showing(files) {
  return (url, { method, headers, body }) => new Promise((resolve, reject) => {
    const request = https.request(url, { method, headers, ...files }, async (answer) => {
      const answered = { status: answer.statusCode, headers: Object.entries(answer.headers).flatMap(
        ([name, values]) => [values].flat().map((value) => [name, value]),
      ) };
      resolve(new Response(await buffer(answer), answered));
    });
    request.on('error', reject);
    request.end(body?.toString());
  });
}

test('a certificate that the client has registered', async () => {
  const [own, other] = [await selfSigned('own'), await selfSigned('other')];
  const { client_id } = (await registered({
    token_endpoint_auth_method: 'self_signed_tls_client_auth',
    tls_client_certificate_bound_access_tokens: true,
    jwks: { keys: [own.jwk] },
  }, client.TlsClientAuth())).clientMetadata();
  const aliases = { use_mtls_endpoint_aliases: true };
  const config = await known(client_id, aliases, client.TlsClientAuth());
  config[client.customFetch] = showing(own.files);
  const tokens = await login(config);
  const sub = tokens.claims().sub;
  assert.equal((await client.fetchUserInfo(config, tokens.access_token, sub)).sub, sub);

  config[client.customFetch] = showing(other.files);
  await assert.rejects(client.fetchUserInfo(config, tokens.access_token, sub), { status: 401 });
  await assert.rejects(login(config), { status: 401 });
});
