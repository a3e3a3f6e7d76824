/** URNs of token types. @see RFC 8693 §3 */
export const TOKEN_TYPE = {
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  /** What the exchange issues. */
  rtaToken: 'urn:ietf:params:oauth:token-type:rta_token',
} as const;

/** Types of token that can be exchanged. */
export type SubjectTokenType = (typeof TOKEN_TYPE)['accessToken' | 'idToken' | 'jwt'];

/** URNs of the grants of the exchange; both mean the same. */
export const GRANT_TYPE = {
  /** @see RFC 8693 §2.1 */
  tokenExchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  rtaTokenExchange: 'urn:ietf:params:oauth:grant-type:rta_token_exchange',
} as const;

/** Grants of the exchange. */
export type ExchangeGrantType = (typeof GRANT_TYPE)[keyof typeof GRANT_TYPE];

/** Whether a token of this type can be exchanged. */
export function isSubjectTokenType(text: string): text is SubjectTokenType {
  return text === TOKEN_TYPE.accessToken || text === TOKEN_TYPE.idToken || text === TOKEN_TYPE.jwt;
}

/** Whether this grant is one of the exchange. */
export function isExchangeGrantType(text: string): text is ExchangeGrantType {
  return text === GRANT_TYPE.tokenExchange || text === GRANT_TYPE.rtaTokenExchange;
}
