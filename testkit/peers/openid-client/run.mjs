// npm's openid-client against `gatepass serve`, over TLS: starts the server, then the tests, which trust its authority.
//
// GATEPASS_BIN names the program; arguments go to Node's test runner. `cargo xtask openid-client` does all that.

import { spawn } from 'node:child_process';
import * as crypto from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as readline from 'node:readline/promises';

/** How long the server may take to start, and each test. */
const PATIENCE = 60_000;

const binary = process.env.GATEPASS_BIN;
if (!binary) throw new Error('GATEPASS_BIN is not set: run `cargo xtask openid-client`');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatepass-openid-client-'));
const database = path.join(folder, 'gatepass.db');
const log = path.join(folder, 'gatepass.log');

try {
  const server = await started();
  const failed = await tested(server.offer);
  server.process.kill('SIGTERM');
  const [ended] = await server.end;
  if (ended !== 0) console.error(`the server ended with ${ended}, not 0`);
  if (failed || ended !== 0) console.error(`what the server said:\n${fs.readFileSync(log, 'utf8')}`);
  process.exitCode = failed || ended !== 0 ? 1 : 0;
} finally {
  fs.rmSync(folder, { recursive: true });
}

async function started() {
  const trusted = authority();
  const said = fs.openSync(log, 'w');
  const child = spawn(binary, [
    'serve', '--dev', '--tls', 'dev', '--listen', '127.0.0.1:0', '--database', database, '--output', 'json',
    '--trusted-issuer', `${trusted.issuer}=${trusted.keys}`,
  ], { stdio: ['ignore', 'pipe', said] });
  process.once('exit', () => child.kill('SIGKILL'));
  fs.closeSync(said);
  const end = once(child, 'exit');
  const lines = readline.createInterface({ input: child.stdout });
  const [first] = await Promise.race([once(lines, 'line', { signal: AbortSignal.timeout(PATIENCE) }), end]);
  if (typeof first !== 'string') throw new Error(`the server ended at once:\n${fs.readFileSync(log, 'utf8')}`);
  return { process: child, end, offer: { ...JSON.parse(first), database, trusted } };
}

/** Somebody whose word is good at the server, in place of a person's; and the file of their public keys. */
function authority() {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = path.join(folder, 'trusted.json');
  fs.writeFileSync(keys, JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }));
  return { issuer: 'https://cluster.example', keys, key: privateKey.export({ format: 'jwk' }) };
}

/** Whether anything failed. What was left out counts as that, unless somebody named what to run. */
async function tested(offer) {
  const here = import.meta.dirname;
  const files = fs.readdirSync(here).filter((name) => name.endsWith('.test.mjs')).sort();
  const named = process.argv.slice(2);
  const report = path.join(folder, 'report.tap');
  const runner = spawn(process.execPath, [
    '--test',
    `--test-timeout=${PATIENCE}`,
    '--test-reporter=spec', '--test-reporter-destination=stdout',
    '--test-reporter=tap', `--test-reporter-destination=${report}`,
    ...named,
    ...files.map((name) => path.join(here, name)),
  ], {
    stdio: ['ignore', 'inherit', 'inherit'],
    // Whoever runs this may have a proxy of their own; the server is on this machine.
    env: {
      ...process.env,
      NO_PROXY: '127.0.0.1',
      NODE_EXTRA_CA_CERTS: offer.ca,
      GATEPASS_OFFER: JSON.stringify(offer),
    },
  });
  const [status] = await once(runner, 'exit');
  const text = fs.readFileSync(report, 'utf8');
  const counted = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
  const leftOut = named.length === 0 && counted('skipped') + counted('todo') !== 0;
  return status !== 0 || leftOut || !(counted('pass') > 0);
}
