// The official SDK's client for JavaScript, which knows a URL and nothing else, at every kind of protected server.

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, test } from 'node:test';

import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';

import { App, sites } from './app.mjs';

/** Without a refresh token the SDK asks for more scope; with one it asks for what it had, and gives up. */
const NOT_RENEWED = { grant_types: ['authorization_code'] };

const words = (scope) => scope.split(' ').sort();

for (const [name, site] of Object.entries(sites)) {
  describe(name, { concurrency: 2 }, () => {
    test('from a 401 to the tools', async (t) => {
      const app = await App.start(t, site);
      await app.connect();
      const { tools } = await app.client.listTools();
      assert.ok(tools.some((tool) => tool.name === 'whoami'));
      const who = await app.call('whoami');

      const [[registered], [asked], [answer]] = [app.seen.registrations, app.seen.requests, app.seen.answers];
      assert.equal(registered.issuer, site.issuer);
      assert.equal(registered.client_secret, undefined);
      assert.equal(asked.resource, site.resource);
      assert.equal(asked.code_challenge_method, 'S256');
      assert.ok(words(asked.scope).includes('read'));
      assert.ok(answer.refresh_token && answer.expires_in > 0);
      assert.ok(who.subject);
      assert.equal(who.client, registered.client_id);
      assert.ok(words(who.scope).includes('read'));
    });

    for (const token_endpoint_auth_method of ['client_secret_post', 'client_secret_basic']) {
      test(token_endpoint_auth_method, async (t) => {
        const app = await App.start(t, site, { token_endpoint_auth_method });
        await app.connect();
        const [registered] = app.seen.registrations;
        assert.ok(registered.client_secret);
        assert.equal((await app.call('whoami')).client, registered.client_id);
      });
    }

    if (site.document) {
      test('a client that describes itself', async (t) => {
        const app = await App.start(t, site);
        app.seen.clientMetadataUrl = site.document;
        await app.connect();
        assert.equal((await app.call('whoami')).client, site.document);
      });
    }

    test('a token that is no good any more is renewed', async (t) => {
      const app = await App.start(t, site);
      await app.connect();
      const before = await app.call('whoami');
      app.seen.answers[0].access_token += 'x';
      assert.deepEqual(await app.call('whoami'), before);
      assert.equal(app.seen.answers.length, 2);
      assert.equal(app.seen.requests.length, 1);
    });

    test('without a refresh token there is another login', async (t) => {
      const app = await App.start(t, site, NOT_RENEWED);
      await app.connect();
      const before = await app.call('whoami');
      assert.equal(app.seen.answers[0].refresh_token, undefined);
      app.seen.answers[0].access_token += 'x';
      assert.deepEqual(await app.call('whoami'), before);
      assert.deepEqual([app.seen.registrations.length, app.seen.requests.length], [1, 2]);
    });

    test('what was kept is enough for the next connection', async (t) => {
      const app = await App.start(t, site);
      await app.connect();
      const before = await app.call('whoami');
      await app.connect();
      assert.deepEqual(await app.call('whoami'), before);
      assert.deepEqual([app.seen.registrations.length, app.seen.requests.length], [1, 1]);
    });

    test('an answer in pieces', async (t) => {
      const app = await App.start(t, site);
      await app.connect();
      const numbers = [];
      const onprogress = ({ progress }) => numbers.push(progress);
      assert.equal(await app.call('count', { to: 3 }, { onprogress }), 3);
      assert.deepEqual(numbers, [1, 2, 3]);
    });

    test('a stream of its own', async (t) => {
      const app = await App.start(t, site);
      await app.connect();
      const told = new EventEmitter();
      const change = once(told, 'change').then(() => 'heard');
      app.client.setNotificationHandler(ToolListChangedNotificationSchema, () => told.emit('change'));
      // The stream opens while the client goes on, and what is told before that is told to nobody.
      const pause = () => new Promise((resolve) => { setTimeout(resolve, 200); });
      do await app.client.callTool({ name: 'announce' });
      while (await Promise.race([change, pause()]) !== 'heard');
    });
  });
}

test('more scope when it is needed', async (t) => {
  const app = await App.start(t, sites.node, NOT_RENEWED);
  await app.connect();
  assert.deepEqual(words((await app.call('whoami')).scope), ['read']);
  assert.equal(await app.call('erase'), 'erased');
  assert.deepEqual(words((await app.call('whoami')).scope), ['read', 'write']);
  assert.deepEqual(app.seen.requests.map(({ scope }) => words(scope)), [['read'], ['read', 'write']]);
  assert.equal(app.seen.registrations.length, 1);
});

test('another path with another rule', async (t) => {
  const app = await App.start(t, sites['guarded node'], NOT_RENEWED);
  await app.connect();
  assert.deepEqual(words((await app.call('whoami')).scope), ['read']);
  await app.connect('/admin/mcp');
  assert.deepEqual(words((await app.call('whoami')).scope), ['read', 'write']);
  assert.deepEqual([app.seen.registrations.length, app.seen.requests.length], [1, 2]);
});
