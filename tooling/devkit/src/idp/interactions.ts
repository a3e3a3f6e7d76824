import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { constantTimeEqual, isRtaError } from '@rta/core';
import { errors, type default as Provider } from 'oidc-provider';
import { readForm } from './form.ts';
import { type DevUser, SECOND_FACTOR } from './options.ts';
import { consentPage, errorPage, signInPage } from './pages.ts';
import { INTERACTION_PATH } from './provider-settings.ts';

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** Serves what stands below `INTERACTION_PATH`: the pages by which a user signs in and consents. */
export interface Interactions {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/**
 * Makes the sign-in and consent pages: plain HTML forms that work without a script.
 *
 * Which step is on is what the IdP keeps for the interaction cookie, never what the request says. The cookie is
 * `SameSite=Lax`, so that another site cannot post to a form in a user's name.
 */
export function createInteractions(provider: Provider, users: readonly DevUser[]): Interactions {
  const usersByName = new Map(users.map((user) => [user.email.toLowerCase(), user]));

  const show = async (response: ServerResponse, interaction: Interaction): Promise<void> => {
    const client = await provider.Client.find(String(interaction.params['client_id']));
    const clientName = client?.clientName ?? '';
    if (interaction.prompt.name === 'login') {
      sendPage(response, 200, signInPage({ clientName, refused: false, asksCode: asksCode(interaction) }));
    } else {
      sendPage(response, 200, consentPage({ clientName, scopes: missingScopes(interaction) }));
    }
  };

  const take = async (request: IncomingMessage, response: ServerResponse, interaction: Interaction) => {
    const form = await readForm(request);
    if (form.get('decision') !== 'allow') {
      await provider.interactionFinished(request, response, {
        error: 'access_denied',
        error_description: 'the user said no',
      });
      return;
    }
    if (interaction.prompt.name === 'consent') {
      const grantId = await grantWhatIsMissing(provider, interaction);
      await provider.interactionFinished(request, response, { consent: { grantId } });
      return;
    }
    const user = usersByName.get((form.get('username') ?? '').toLowerCase());
    // An unknown name costs the same comparison as a known one.
    const matches = samePassword(form.get('password') ?? '', user?.password ?? '');
    const isTwice = asksCode(interaction);
    const hasCode = samePassword(form.get('code') ?? '', user?.code ?? '') && user?.code !== undefined;
    if (user === undefined || !matches || (isTwice && !hasCode)) {
      const client = await provider.Client.find(String(interaction.params['client_id']));
      const clientName = client?.clientName ?? '';
      sendPage(response, 403, signInPage({ clientName, refused: true, asksCode: isTwice }));
      return;
    }
    const how = isTwice ? { acr: SECOND_FACTOR, amr: ['pwd', 'otp'] } : { amr: ['pwd'] };
    await provider.interactionFinished(
      request,
      response,
      { login: { accountId: user.sub, ...how } },
      { mergeWithLastSubmission: false },
    );
  };

  return {
    async handle(request, response) {
      try {
        const interaction = await provider.interactionDetails(request, response);
        if (request.url !== `${INTERACTION_PATH}${interaction.uid}`)
          throw new errors.SessionNotFound('the interaction is not at this address');
        if (request.method === 'GET') await show(response, interaction);
        else if (request.method === 'POST') await take(request, response, interaction);
        else sendPage(response.setHeader('Allow', 'GET, POST'), 405, errorPage('Only GET and POST.'));
      } catch (error) {
        if (error instanceof errors.SessionNotFound) {
          sendPage(response, 400, errorPage('This sign-in is not known, or no longer.'));
        } else if (isRtaError(error)) {
          sendPage(response, error.httpStatus, errorPage(error.message));
        } else {
          throw error;
        }
      }
    },
  };
}

/** Whether the application wants to know that it is the user by more than a password. */
function asksCode({ params }: Interaction): boolean {
  const asked = params['acr_values'];
  return typeof asked === 'string' && asked.split(' ').includes(SECOND_FACTOR);
}

function samePassword(given: string, expected: string): boolean {
  return constantTimeEqual(sha256(given), sha256(expected));
}

function sha256(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/** What the consent prompt found not granted yet (`oidc-provider`, interaction policy `consent`). */
interface Missing {
  readonly missingOIDCScope?: readonly string[];
  readonly missingOIDCClaims?: readonly string[];
  readonly missingResourceScopes?: Readonly<Record<string, readonly string[]>>;
}

function missingScopes(interaction: Interaction): string[] {
  const missing: Missing = interaction.prompt.details;
  return [
    ...(missing.missingOIDCScope ?? []),
    ...(missing.missingOIDCClaims ?? []),
    ...Object.entries(missing.missingResourceScopes ?? {}).flatMap(([resource, scopes]) =>
      scopes.map((scope) => `${scope} at ${resource}`),
    ),
  ];
}

async function grantWhatIsMissing(provider: Provider, interaction: Interaction): Promise<string> {
  const existing =
    interaction.grantId === undefined ? undefined : await provider.Grant.find(interaction.grantId);
  const grant =
    existing ??
    new provider.Grant({
      accountId: interaction.session?.accountId,
      clientId: String(interaction.params['client_id']),
    });
  const missing: Missing = interaction.prompt.details;
  if (missing.missingOIDCScope !== undefined) grant.addOIDCScope([...missing.missingOIDCScope]);
  if (missing.missingOIDCClaims !== undefined) grant.addOIDCClaims([...missing.missingOIDCClaims]);
  for (const [resource, scopes] of Object.entries(missing.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, [...scopes]);
  }
  return grant.save();
}

function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(html);
}
