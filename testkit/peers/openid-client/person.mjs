// The person in front of the browser: reads the server's pages, fills in their forms, says yes or no.

import { issuer, offer } from './gatepass.mjs';

const MOST_PAGES = 10;

/** Somebody with the account of the offer and a browser of their own. */
export class Person {
  #cookies = new Map();
  #answers;

  /** `decision` is the button that they press, `user_code` what a device shows them. */
  constructor({ decision = 'allow', user_code } = {}) {
    this.#answers = { username: offer.user, password: offer.password, user_code, decision };
  }

  /** Goes through login and consent; gives the callback's address, or its request if it is a form that is posted. */
  async authorize(url) {
    const end = await this.visit(url);
    if (end.page) throw new Error(`stopped at a page:\n${end.page}`);
    return end.callback;
  }

  /** Goes on until the browser would leave the server, or until nothing is asked any more. */
  async visit(url) {
    let request = new Request(url);
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const answer = await this.#send(request);
      const location = answer.headers.get('location');
      if (location) {
        const next = new URL(location, request.url);
        if (next.origin !== issuer.origin) return { callback: next };
        request = new Request(next);
        continue;
      }
      const page = await answer.text();
      if (answer.status !== 200 || page.includes('role="alert"')) throw new Error(`${answer.status}\n${page}`);
      const form = readForm(page);
      if (!form) return { page };
      request = this.#filled(form, request.url);
      if (new URL(request.url).origin !== issuer.origin) return { callback: request };
    }
    throw new Error(`still no end after ${MOST_PAGES} pages, now at ${request.url}`);
  }

  #filled(form, base) {
    const answers = Object.entries(this.#answers).filter(([name]) => form.asked.has(name));
    const body = new URLSearchParams([...form.hidden, ...answers]);
    return new Request(new URL(form.action, base), { method: 'POST', body });
  }

  async #send(request) {
    const cookies = [...this.#cookies].map((pair) => pair.join('='));
    if (cookies.length) request.headers.set('cookie', cookies.join('; '));
    const answer = await fetch(request, { redirect: 'manual' });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(line);
      if (value) this.#cookies.set(name, value);
      else this.#cookies.delete(name);
    }
    return answer;
  }
}

/** The last form of a page: where it goes, what stands in it, what a person fills in or presses. */
function readForm(page) {
  const html = page.split('<form ').at(-1);
  if (html === page) return undefined;
  const form = { action: attribute(html, 'action'), hidden: [], asked: new Set() };
  for (const [tag] of html.matchAll(/<(?:input|button) [^>]*>/g)) {
    const name = attribute(tag, 'name');
    if (attribute(tag, 'type') === 'hidden') form.hidden.push([name, attribute(tag, 'value')]);
    else if (name) form.asked.add(name);
  }
  return form;
}

function attribute(tag, name) {
  const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(tag)?.[1];
  return value?.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
}
