import { openScriptedServer, type ScriptedAnswer, type ScriptedRequest } from './http.ts';
import { type IssuerScript, ScriptedIssuer } from './scripted-issuer.ts';
import { makeSigningKey, type SigningKey } from './set-maker.ts';

/** Transmitters on one port of the loopback interface, told apart by the path of their issuer. */
export interface ScriptedTransmitters extends AsyncDisposable {
  /** Adds a transmitter. */
  add(name: string, script: IssuerScript): ScriptedIssuer;
  /** A key that no transmitter publishes. */
  readonly strangersKey: SigningKey;
}

const SSF_CONFIGURATION = '/.well-known/ssf-configuration';
const AUTHORIZATION_SERVER = '/.well-known/oauth-authorization-server';

/** Opens the port. */
export async function openScriptedTransmitters(algorithm?: string): Promise<ScriptedTransmitters> {
  const [key, strangersKey] = await Promise.all([
    makeSigningKey('key-1', algorithm),
    makeSigningKey('key-2', algorithm),
  ]);
  const issuers = new Map<string, ScriptedIssuer>();

  const answer = async (request: ScriptedRequest): Promise<ScriptedAnswer> => {
    const [, wellKnown = '', name = '', rest = ''] =
      /^(\/\.well-known\/[\w-]+)?\/t\/([\w-]+)(\/.*)?$/.exec(request.path) ?? [];
    const issuer = issuers.get(name);
    if (issuer === undefined) return { status: 404 };
    if (wellKnown === SSF_CONFIGURATION) return { status: 200, body: issuer.metadata() };
    if (wellKnown === AUTHORIZATION_SERVER)
      return { status: 200, body: issuer.authorizationServerMetadata() };
    return issuer.answer(rest, request);
  };
  const server = await openScriptedServer(answer);

  return {
    strangersKey,
    add(name, script) {
      const issuer = new ScriptedIssuer(server.origin, name, script, key);
      issuers.set(name, issuer);
      return issuer;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
