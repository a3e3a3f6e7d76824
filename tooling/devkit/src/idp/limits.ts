/** Limits of the development IdP (invariant I9). */
export const DEV_IDP_LIMITS = {
  /** Records of one IdP: sessions, grants, codes, tokens. Far above a test's need, far below the memory. */
  recordsCount: 10_000,
  /** Body of the sign-in and consent forms: two short fields. */
  formBytes: 8_192,
  /** Page that the browser reads: the IdP's own are below 2 KB. */
  pageBytes: 65_536,
  /** Redirects in a row that the browser follows, as common browsers do: a loop ends here. */
  redirectsCount: 20,
  /** Forms in one sign-in: sign-in and consent, and as many again for IdPs that split them. */
  formsCount: 4,
  /** Body of a receiver's answer: an error code and a sentence (RFC 8935 §2.3). */
  answerBytes: 16_384,
  /** Time for a receiver to answer a push: it only has to store the event (RFC 8935 §2). */
  pushTimeoutMs: 10_000,
} as const;
