// An MCP server made with the official SDK for JavaScript: open to everybody, or for those who have a token.
//
// One argument, JSON: { "port", "issuer", "client_id" }. With an issuer it asks that authorization server about each
// token (RFC 7662), as that client, whose secret is in CLIENT_SECRET; and it says so as the SDK does it, by challenges
// and by metadata (RFC 9728). Without, whoever asks is who something in front says, in X-Gatepass-* headers.
//
// The first line on standard output says where it listens. It ends when its standard input does.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import * as http from 'node:http';

import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import {
  getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter,
} from '@modelcontextprotocol/sdk/server/auth/router.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import * as z from 'zod';

const options = JSON.parse(process.argv[2] ?? '{}');

process.stdin.resume().once('end', () => process.exit(0));

const listener = http.createServer().listen(options.port ?? 0, '127.0.0.1');
await once(listener, 'listening');
const resource = new URL(`http://127.0.0.1:${listener.address().port}/mcp`);

/** The scopes of this resource; the second is for the tool that changes something. */
const [READ, WRITE] = ['read', 'write'];
const CHANGING = 'erase';

/** The sessions that are under way. */
const sessions = new Map();

const app = createMcpExpressApp();
if (options.issuer) await protect(options.issuer);
app.all(['/mcp', '/admin/mcp'], answer);
listener.on('request', app);

console.log(JSON.stringify({ url: resource.href }));

/** Metadata for whoever knows nothing, and a look at the token of everybody else. */
async function protect(issuer) {
  const oauthMetadata = await fetched(`${issuer}/.well-known/oauth-authorization-server`);
  app.use(mcpAuthMetadataRouter({ oauthMetadata, resourceServerUrl: resource, scopesSupported: [READ, WRITE] }));
  const required = (...requiredScopes) => requireBearerAuth({
    verifier: { verifyAccessToken: (token) => introspected(oauthMetadata.introspection_endpoint, token) },
    requiredScopes,
    resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(resource),
    expectedResource: resource,
  });
  const [reading, changing] = [required(READ), required(READ, WRITE)];
  app.use('/mcp', (request, response, next) => {
    const changes = request.body?.method === 'tools/call' && request.body.params?.name === CHANGING;
    return (changes ? changing : reading)(request, response, next);
  });
}

/** What the authorization server knows of a token, as the SDK has it. */
async function introspected(endpoint, token) {
  const proof = Buffer.from(`${options.client_id}:${process.env.CLIENT_SECRET}`).toString('base64');
  const body = new URLSearchParams({ token });
  const said = await fetched(endpoint, { method: 'POST', headers: { authorization: `Basic ${proof}` }, body });
  if (!said.active) throw new InvalidTokenError('the authorization server knows no such token');
  return {
    token,
    clientId: said.client_id,
    scopes: said.scope.split(' '),
    expiresAt: said.exp,
    resource: [said.aud].flat().map((audience) => new URL(audience)).find(({ href }) => href === resource.href),
    extra: { subject: said.sub },
  };
}

async function fetched(url, init) {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.json();
}

/** One request of a client: within its session, or the first of a new one. */
async function answer(request, response) {
  const known = sessions.get(request.get('mcp-session-id'));
  if (request.get('mcp-session-id') && !known) {
    response.status(404).json({ jsonrpc: '2.0', error: { code: -32001, message: 'Session not found' }, id: null });
    return;
  }
  await (known ?? await begun()).handleRequest(request, response, request.body);
}

async function begun() {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => { sessions.set(id, transport); },
    onsessionclosed: (id) => { sessions.delete(id); },
  });
  await server().connect(transport);
  return transport;
}

/** A server for one session, with all its tools. */
function server() {
  const made = new McpServer({ name: 'node', version: '1.0.0' });
  const tool = (name, description, inputSchema, act) => made.registerTool(
    name,
    { description, inputSchema },
    async (...call) => ({ content: [{ type: 'text', text: JSON.stringify(await act(...call)) }] }),
  );

  tool('whoami', 'Who is calling.', {}, (_, { authInfo, requestInfo: { headers } }) => (authInfo ? {
    subject: authInfo.extra.subject, client: authInfo.clientId, scope: authInfo.scopes.join(' '),
  } : {
    subject: headers['x-gatepass-subject'] ?? '',
    client: headers['x-gatepass-client-id'] ?? '',
    scope: headers['x-gatepass-scope'] ?? '',
  }));

  tool('presented', 'The names of the headers that came with the call.', {}, (_, { requestInfo }) => (
    { headers: Object.keys(requestInfo.headers).sort() }
  ));

  tool('count', 'Counts, and tells each number as it goes.', { to: z.number() }, async ({ to }, { _meta, ...call }) => {
    for (let progress = 1; progress <= to && _meta?.progressToken !== undefined; progress += 1) {
      const params = { progressToken: _meta.progressToken, progress, total: to };
      await call.sendNotification({ method: 'notifications/progress', params });
    }
    return to;
  });

  tool('announce', 'Tells everybody who listens that the tools have changed.', {}, async () => {
    await made.server.sendToolListChanged();
    return 'announced';
  });

  tool(CHANGING, 'Takes more than reading.', {}, () => 'erased');

  return made;
}
