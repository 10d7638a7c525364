// A program that uses the official SDK's client for JavaScript: it keeps what it has in memory, and opens a browser.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import * as http from 'node:http';
import { promisify } from 'node:util';

import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

/** Where the servers are, with a browser for each; from `running.py`. */
export const sites = JSON.parse(process.env.MCP_SITES);

/** The SDK's `OAuthClientProvider`, which remembers everything it was told, in order. */
class Provider {
  registrations = [];
  requests = [];
  answers = [];

  #site;
  #metadata;
  #state;
  #verifier;
  #arrived;
  #callback = http.createServer((request, response) => {
    this.#arrived = new URL(request.url, this.redirectUrl).searchParams;
    response.end('You may close this window.\n');
  });

  constructor(site, metadata) {
    this.#site = site;
    this.#metadata = metadata;
  }

  async listen() {
    await once(this.#callback.listen(0, 'localhost'), 'listening');
  }

  close() {
    this.#callback.close();
  }

  /** The code that the browser came back with. */
  code() {
    assert.equal(this.#arrived.get('state'), this.#state);
    assert.equal(this.#arrived.get('iss'), this.#site.issuer);
    return this.#arrived.get('code');
  }

  get redirectUrl() {
    return `http://localhost:${this.#callback.address().port}/callback`;
  }

  get clientMetadata() {
    const redirect_uris = [this.redirectUrl];
    const grant_types = ['authorization_code', 'refresh_token'];
    return { client_name: 'app', redirect_uris, grant_types, token_endpoint_auth_method: 'none', ...this.#metadata };
  }

  clientInformation() { return this.registrations.at(-1); }
  saveClientInformation(registration) { this.registrations.push(registration); }
  tokens() { return this.answers.at(-1); }
  saveTokens(answer) { this.answers.push(answer); }
  saveCodeVerifier(verifier) { this.#verifier = verifier; }
  codeVerifier() { return this.#verifier; }
  state() { return this.#state = randomUUID(); }

  async redirectToAuthorization(url) {
    this.requests.push(Object.fromEntries(url.searchParams));
    await promisify(execFile)(this.#site.browser, [url.href]);
  }
}

/** The program. */
export class App {
  /** What the SDK asked for and was given. */
  seen;
  client;

  #site;
  #transport;

  /** Starts it for one test. */
  static async start(t, site, metadata) {
    const app = new App();
    app.#site = site;
    app.seen = new Provider(site, metadata);
    await app.seen.listen();
    t.after(async () => {
      await app.client?.close();
      app.seen.close();
    });
    return app;
  }

  /** Connects, with a login if one is wanted. */
  async connect(path = '/mcp') {
    await this.client?.close();
    await this.#allowed(() => {
      this.client = new Client({ name: 'app', version: '1.0.0' });
      this.#transport = new StreamableHTTPClientTransport(new URL(path, this.#site.url), { authProvider: this.seen });
      return this.client.connect(this.#transport);
    });
  }

  /** What a tool answers, which is JSON; with a login if one is wanted. */
  async call(name, args = {}, options = {}) {
    const answer = await this.#allowed(() => this.client.callTool({ name, arguments: args }, undefined, options));
    assert.ok(!answer.isError, JSON.stringify(answer));
    return JSON.parse(answer.content[0].text);
  }

  /** The SDK shows the person the way, and leaves it to the program to come back with a code and to try again. */
  async #allowed(act) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof UnauthorizedError)) throw error;
      await this.#transport.finishAuth(this.seen.code());
      return act();
    }
  }
}
