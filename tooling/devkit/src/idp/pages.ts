const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Makes a text harmless inside HTML text and quoted attributes. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** The page that asks for name and password, and a code where `asksCode`; `refused` after wrong ones. */
export function signInPage(options: {
  readonly clientName: string;
  readonly refused: boolean;
  readonly asksCode?: boolean;
}): string {
  const notice = options.refused ? '<p role="alert">Unknown name or wrong password.</p>' : '';
  const code =
    options.asksCode === true
      ? '\n<label>Code <input name="code" autocomplete="one-time-code" required></label>'
      : '';
  return page(
    'Sign in',
    `<p>to go on to <strong>${escapeHtml(options.clientName)}</strong></p>${notice}
<form method="post">
<label>Email <input name="username" type="email" autocomplete="username" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>${code}
<button name="decision" value="allow">Sign in</button>
<button name="decision" value="deny" formnovalidate>Cancel</button>
</form>`,
  );
}

/** The page that asks whether the client may have what it asked for. */
export function consentPage(options: {
  readonly clientName: string;
  readonly scopes: readonly string[];
}): string {
  const scopes = options.scopes.map((scope) => `<li>${escapeHtml(scope)}</li>`).join('');
  return page(
    'Allow access?',
    `<p><strong>${escapeHtml(options.clientName)}</strong> asks for</p><ul>${scopes}</ul>
<form method="post">
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>`,
  );
}

/** The page that says why it does not go on. */
export function errorPage(message: string): string {
  return page('Something went wrong', `<p>${escapeHtml(message)}</p>`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body{font:16px system-ui;max-width:22rem;margin:4rem auto}label,button{display:block;margin:.75rem 0}</style>
<h1>${title}</h1>
${body}
</html>
`;
}
