// npm's @modelcontextprotocol/sdk as a client: starts the servers (`running.py`), then the tests.
//
// GATEPASS_BIN, PYTHON_BIN and NODE_BIN name programs; arguments go to Node's test runner. `cargo xtask mcp node` does
// all that.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as readline from 'node:readline/promises';

/** How long the servers may take to start, and each test. */
const PATIENCE = 60_000;

const here = import.meta.dirname;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gatepass-mcp-'));

try {
  const servers = await started();
  const failed = await tested(servers.sites);
  servers.process.stdin.end();
  const [ended] = await servers.end;
  process.exitCode = failed || ended !== 0 ? 1 : 0;
} finally {
  fs.rmSync(folder, { recursive: true });
}

async function started() {
  if (!process.env.PYTHON_BIN) throw new Error('PYTHON_BIN is not set: run `cargo xtask mcp`');
  const child = spawn(process.env.PYTHON_BIN, ['-B', path.join(here, 'running.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONPATH: path.dirname(here) },
  });
  const end = once(child, 'exit');
  const lines = readline.createInterface({ input: child.stdout });
  const [first] = await Promise.race([once(lines, 'line', { signal: AbortSignal.timeout(PATIENCE) }), end]);
  if (typeof first !== 'string') throw new Error('the servers did not start');
  return { process: child, end, sites: first };
}

/** Whether anything failed. What was left out counts as that, unless somebody named what to run. */
async function tested(sites) {
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
    // Whoever runs this may have a proxy of their own; the servers are on this machine.
    env: { ...process.env, NO_PROXY: '127.0.0.1,localhost', MCP_SITES: sites },
  });
  const [status] = await once(runner, 'exit');
  const text = fs.readFileSync(report, 'utf8');
  const counted = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(text)?.[1] ?? NaN);
  const leftOut = named.length === 0 && counted('skipped') + counted('todo') !== 0;
  return status !== 0 || leftOut || !(counted('pass') > 0);
}
