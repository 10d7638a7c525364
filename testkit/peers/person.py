"""The person in front of the browser, played by a program that reads pages and fills forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

from gatepass import Offer

MOST_PAGES = 10


@dataclass
class Form:
    action: str = ""
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class Page(HTMLParser):
    """A page: its forms, its `role=alert` text, the text of each element that has an id."""

    VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta"}

    def __init__(self, response: requests.Response) -> None:
        super().__init__()
        self.url = response.url
        self.status = response.status_code
        self.headers = response.headers
        self.forms: list[Form] = []
        self.texts: dict[str, str] = {}
        self._open: list[tuple[str, list[str]]] = []
        self.feed(response.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            method = given.get("method", "get").lower()
            self.forms.append(Form(given.get("action", ""), method))
        elif tag == "input" and self.forms and "name" in given:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "button" and self.forms and "name" in given:
            self.forms[-1].buttons.append((given["name"], given.get("value", "")))
        if tag not in self.VOID:
            names = [f"#{given['id']}"] if "id" in given else []
            names += [f"@{given['role']}"] if "role" in given else []
            self._open.append((tag, names))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for _, names in self._open:
            for name in names:
                self.texts[name] = self.texts.get(name, "") + data

    @property
    def form(self) -> Form:
        """The one form that a page has."""
        assert len(self.forms) == 1, f"{self.url} has {len(self.forms)} forms"
        return self.forms[0]

    @property
    def leads_away(self) -> bool:
        """Whether its form is the answer to a client, to be posted to it."""
        action = self.form.action
        return urlsplit(urljoin(self.url, action)).netloc != urlsplit(self.url).netloc

    @property
    def alert(self) -> str:
        return self.texts.get("@alert", "").strip()

    @property
    def code(self) -> str:
        """The authorization code of an out-of-band page."""
        return self.texts["#code"].strip()


class Person:
    """Somebody with an account, a browser of their own and a decision."""

    def __init__(self, offer: Offer, *, password: str | None = None, decision: str = "allow"):
        self.user = offer.user
        self.password = password or offer.password
        self.decision = decision
        self._home = urlsplit(offer.issuer).netloc
        self.browser = requests.Session()
        self.browser.trust_env = False
        self.browser.verify = offer.ca

    def authorize(self, url: str) -> str:
        """Goes through login and consent; gives the address of the callback, which it does not visit."""
        end = self.follow(url)
        assert isinstance(end, str), f"stopped at a page ({end.status}): {end.alert or end.texts}"
        return end

    def come_back(self, url: str) -> requests.Response:
        """The same, and then the callback is visited too, as a browser would."""
        end = self.follow(url)
        if isinstance(end, Page):
            form = end.form
            assert urlsplit(form.action).netloc not in ("", self._home), end.texts
            return self.browser.post(form.action, data=form.fields, timeout=30)
        return self.browser.get(end, timeout=30)

    def follow(self, url: str) -> str | Page:
        """Goes on until a redirect leads away from the server, or no form is left to fill."""
        response = self.browser.get(url, allow_redirects=False, timeout=30)
        for _ in range(MOST_PAGES):
            if response.is_redirect:
                target = urljoin(response.url, response.headers["Location"])
                if urlsplit(target).netloc != self._home:
                    return target
                response = self.browser.get(target, allow_redirects=False, timeout=30)
                continue
            page = Page(response)
            if page.status != 200 or page.alert or not page.forms or page.leads_away:
                return page
            response = self._submit(page)
        raise AssertionError(f"still no end after {MOST_PAGES} pages, now at {response.url}")

    def _submit(self, page: Page) -> requests.Response:
        form = page.form
        assert form.method == "post", f"the form of {page.url} is sent with {form.method}"
        answers = dict(form.fields)
        if "password" in answers:
            answers |= {"username": self.user, "password": self.password}
        elif ("decision", self.decision) in form.buttons:
            answers["decision"] = self.decision
        elif not answers.get("user_code"):
            raise AssertionError(f"no idea what to do with {form}")
        target = urljoin(page.url, form.action)
        return self.browser.post(target, data=answers, allow_redirects=False, timeout=30)
