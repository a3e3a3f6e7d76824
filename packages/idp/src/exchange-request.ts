import { type AgentMetadata, parseAgentMetadata } from './agent-metadata.ts';
import { type ActionDetail, parseAuthorizationDetails } from './authorization-details.ts';
import { idpError } from './errors.ts';
import { IDP_LIMITS } from './limits.ts';
import { lineOfText } from './line-of-text.ts';
import { parseScope } from './scope.ts';
import {
  type ExchangeGrantType,
  isExchangeGrantType,
  isSubjectTokenType,
  type SubjectTokenType,
  TOKEN_TYPE,
} from './token-types.ts';

/** A request for an exchange, well-formed but not yet checked against anything. */
export interface ExchangeRequest {
  readonly grantType: ExchangeGrantType;
  /** Secret: hand it to `verifySubjectToken` and nowhere else. */
  readonly subjectToken: string;
  readonly subjectTokenType: SubjectTokenType;
  readonly agent: AgentMetadata;
  /** Absent where the request does not limit itself. */
  readonly scope?: readonly string[];
  /** Absent where the request does not limit itself. */
  readonly authorizationDetails?: readonly ActionDetail[];
  /** Absolute URIs of the services that the token is for. */
  readonly resources: readonly string[];
  /** Names of the services that the token is for. */
  readonly audiences: readonly string[];
}

/** RFC 8693 §2.1, RFC 8707 §2: these two may stand more than once. */
const REPEATABLE: readonly string[] = ['resource', 'audience'];
/** Parameters of RFC 8693 that would change who acts; here that is the agent with its key. */
const UNSUPPORTED = ['actor_token', 'actor_token_type'] as const;
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;
const audienceName = lineOfText(IDP_LIMITS.maxClaimCharacters);

/**
 * Reads the parameters of an exchange: a form body, or the pairs of a control message.
 *
 * Unknown parameters are ignored and empty ones count as absent (RFC 6749 §3.2); one that stands twice is refused,
 * known or not.
 *
 * @param parameters - pairs of name and value, e.g. a `URLSearchParams`.
 * @throws RtaError `RTA_IDP_PARAMETER`, `RTA_IDP_GRANT_TYPE`, `RTA_IDP_TOKEN_TYPE`, `RTA_IDP_AGENT`, `RTA_IDP_SCOPE`,
 *   `RTA_IDP_AUTHORIZATION_DETAILS`, `RTA_IDP_TARGET`
 * @see RFC 8693 §2.1
 */
export function parseExchangeRequest(parameters: Iterable<readonly [string, string]>): ExchangeRequest {
  const values = collect(parameters);
  const one = (name: string): string | undefined => values.get(name)?.[0];
  const required = (name: string): string => one(name) ?? refuse(name, 'missing');

  const grantType = required('grant_type');
  if (!isExchangeGrantType(grantType)) throw idpError('RTA_IDP_GRANT_TYPE');
  const subjectToken = required('subject_token');
  const subjectTokenType = required('subject_token_type');
  if (!isSubjectTokenType(subjectTokenType)) throw idpError('RTA_IDP_TOKEN_TYPE');
  for (const name of UNSUPPORTED) if (values.has(name)) refuse(name, 'not supported');
  const requested = one('requested_token_type');
  if (requested !== undefined && requested !== TOKEN_TYPE.rtaToken) {
    refuse('requested_token_type', 'not supported');
  }
  const agent = parseAgentMetadata(required('agent'));
  const scopeText = one('scope');
  const scope = scopeText === undefined ? undefined : parseScope(scopeText);
  if (scopeText !== undefined && scope === undefined) throw idpError('RTA_IDP_SCOPE');
  const details = one('authorization_details');
  const resources = values.get('resource') ?? [];
  const audiences = values.get('audience') ?? [];
  if (
    resources.length + audiences.length > IDP_LIMITS.maxTargets ||
    !resources.every(isResource) ||
    !audiences.every((audience) => audienceName.safeParse(audience).success)
  ) {
    throw idpError('RTA_IDP_TARGET');
  }
  return {
    grantType,
    subjectToken,
    subjectTokenType,
    agent,
    ...(scope === undefined ? {} : { scope }),
    ...(details === undefined ? {} : { authorizationDetails: parseAuthorizationDetails(details) }),
    resources,
    audiences,
  };
}

function collect(parameters: Iterable<readonly [string, string]>): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  const seen = new Set<string>();
  let count = 0;
  let characters = 0;
  for (const [name, value] of parameters) {
    count += 1;
    characters += name.length + value.length;
    if (count > IDP_LIMITS.maxExchangeParameters || characters > IDP_LIMITS.maxExchangeCharacters) {
      throw idpError('RTA_IDP_PARAMETER', undefined, { details: { reason: 'too many or too long' } });
    }
    if (seen.has(name) && !REPEATABLE.includes(name)) refuse(name, 'repeated');
    seen.add(name);
    if (value === '') continue;
    const list = values.get(name);
    if (list === undefined) values.set(name, [value]);
    else list.push(value);
  }
  return values;
}

/** The name of a parameter is the stranger's text, so the details hold it only where it is one of ours. */
const NAMES: readonly string[] = [
  'grant_type',
  'subject_token',
  'subject_token_type',
  'requested_token_type',
  'agent',
  'scope',
  'authorization_details',
  ...UNSUPPORTED,
];

function refuse(name: string, reason: string): never {
  const parameter = NAMES.includes(name) ? name : 'unknown';
  throw idpError('RTA_IDP_PARAMETER', undefined, { details: { parameter, reason } });
}

function isResource(text: string): boolean {
  return (
    text.length <= IDP_LIMITS.maxUriCharacters &&
    VISIBLE_ASCII.test(text) &&
    !text.includes('#') &&
    URL.canParse(text)
  );
}
