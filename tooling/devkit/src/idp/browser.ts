import { systemClock } from '@rta/core';
import { createCookieJar } from './cookie-jar.ts';
import { devIdpError } from './errors.ts';
import { findForm, type HtmlForm } from './html-form.ts';
import { DEV_IDP_LIMITS } from './limits.ts';

/** Where a browser stands: at a page with a form, at one without, or led back to the application. */
export type Place =
  | { readonly kind: 'form'; readonly url: URL; readonly form: HtmlForm }
  | { readonly kind: 'page'; readonly url: URL; readonly status: number }
  | { readonly kind: 'callback'; readonly url: URL };

/** A browser with nothing but what a sign-in needs: redirects, cookies and forms. */
export interface Browser {
  open(url: URL): Promise<Place>;
  /** Posts the form with these fields filled in, by its first button where the fields do not say another. */
  submit(place: Extract<Place, { kind: 'form' }>, fields: Readonly<Record<string, string>>): Promise<Place>;
}

/**
 * Opens a fresh browser: no cookies, one origin, which it leaves only for the application's redirect URI. That
 * one it does not request, but gives to the caller, who is the application.
 */
export function createBrowser(options: {
  readonly origin: string;
  readonly redirectUri: string;
  readonly signal?: AbortSignal | undefined;
}): Browser {
  const jar = createCookieJar(systemClock);
  const redirectUri = new URL(options.redirectUri);
  const isCallback = (url: URL) =>
    url.protocol === redirectUri.protocol &&
    url.host === redirectUri.host &&
    url.pathname === redirectUri.pathname;

  const go = async (start: URL, body?: URLSearchParams): Promise<Place> => {
    let url = start;
    let post = body;
    for (let hops = 0; hops <= DEV_IDP_LIMITS.redirectsCount; hops++) {
      if (isCallback(url)) return { kind: 'callback', url };
      if (url.origin !== options.origin) {
        throw devIdpError('RTA_DEVIDP_SIGN_IN', 'the IdP leads to another origin', {
          details: { origin: url.origin },
        });
      }
      const response = await fetch(url, requestOf(url, post));
      jar.take(url, response.headers.getSetCookie());
      const location = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || location === null) return placeOf(url, response);
      await response.body?.cancel();
      url = new URL(location, url);
      // After a form the browser asks for the next page with GET (RFC 9110 §15.4.4); this IdP answers 303 alone.
      post = undefined;
    }
    throw devIdpError('RTA_DEVIDP_SIGN_IN', 'the IdP redirects without end');
  };

  const requestOf = (url: URL, body: URLSearchParams | undefined): RequestInit => {
    const cookie = jar.headerFor(url);
    return {
      redirect: 'manual',
      headers: { Accept: 'text/html', ...(cookie === undefined ? {} : { Cookie: cookie }) },
      ...(body === undefined ? {} : { method: 'POST', body }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    };
  };

  return {
    open: (url) => go(url),
    submit({ url, form }, fields) {
      const body = new URLSearchParams([...form.inputs]);
      const [button] = form.buttons;
      if (button !== undefined) body.set(button.name, button.value);
      for (const [name, value] of Object.entries(fields)) body.set(name, value);
      return go(new URL(form.action ?? url, url), body);
    },
  };
}

async function placeOf(url: URL, response: Response): Promise<Place> {
  const form = findForm(await textOf(response));
  return form === undefined ? { kind: 'page', url, status: response.status } : { kind: 'form', url, form };
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > DEV_IDP_LIMITS.pageBytes) {
      throw devIdpError('RTA_DEVIDP_SIGN_IN', `a page is longer than ${DEV_IDP_LIMITS.pageBytes} bytes`);
    }
  }
  return text + decoder.decode();
}
