import { describe, expect, it } from 'vitest';
import { findForm } from './html-form.ts';
import { consentPage, errorPage, signInPage } from './pages.ts';

describe('the pages and the browser that fills them in', () => {
  it('agree on the sign-in form', () => {
    const form = findForm(signInPage({ clientName: 'Co-pilot', refused: false }));
    expect(form?.action).toBeUndefined();
    expect([...(form?.inputs.keys() ?? [])]).toEqual(['username', 'password']);
    expect(form?.buttons).toEqual([
      { name: 'decision', value: 'allow' },
      { name: 'decision', value: 'deny' },
    ]);
  });

  it('agree on the consent form, which asks for no password', () => {
    const form = findForm(consentPage({ clientName: 'Co-pilot', scopes: ['agent:act'] }));
    expect(form?.inputs.size).toBe(0);
    expect(form?.buttons[0]).toEqual({ name: 'decision', value: 'allow' });
  });

  it('write what others chose as text', () => {
    const hostile = `"><script>alert('1')</script>&`;
    const pages = [
      signInPage({ clientName: hostile, refused: true }),
      consentPage({ clientName: hostile, scopes: [hostile] }),
      errorPage(hostile),
    ];
    for (const html of pages) {
      expect(html).not.toContain('<script');
      expect(html).toContain('&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;');
    }
  });
});

describe('a form', () => {
  it('is found with its action, the values of its inputs and its buttons', () => {
    const form = findForm(
      '<p>x</p><FORM method="post" action="/a?b=1&amp;c=2"><input type="hidden" name="n" value="&lt;&amp;lt;">' +
        '<input type="checkbox"><button type="button">no</button></FORM>',
    );
    expect(form?.action).toBe('/a?b=1&c=2');
    expect([...(form?.inputs ?? [])]).toEqual([['n', '<&lt;']]);
    expect(form?.buttons).toEqual([]);
  });

  it('is not found where there is none', () => {
    expect(findForm('<p>nothing to fill in</p>')).toBeUndefined();
  });
});
