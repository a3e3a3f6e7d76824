/** Limits of the Cedar PDP. */
export const PDP_CEDAR_LIMITS = {
  /** Files of policies and schema. */
  maxFiles: 1_000,
  /** Bytes of one file: a larger one is no file of policies. */
  maxFileBytes: 1_048_576,
  /** Bytes of all files together. */
  maxTotalBytes: 8_388_608,
  /** Policies in force: an evaluation takes about 1.6 µs more for each. */
  maxPolicies: 5_000,
  /** Brackets within brackets, in a policy or a schema. Cedar's parser ends the whole engine at about 120. */
  maxNesting: 40,
  /** Operators that lean on one another, brackets included. Cedar's evaluator ends the whole engine above 300. */
  maxExpressionDepth: 200,
  /** Faults of refused policies that an error lists; the rest is counted. */
  maxListedFaults: 20,
  /** Values in the properties and the context of a request; each takes about 1 µs on its way to Cedar. */
  maxRequestValues: 1_024,
  /** Characters of all keys and texts in the properties and the context of a request. */
  maxRequestCharacters: 65_536,
  /** Lists and objects within one another in a request. Cedar's reader gives up at about 120. */
  maxRequestNesting: 16,
  /** Characters of a subject, resource or action id, and of an entity type. */
  maxIdCharacters: 1_024,
  /** Quiet that a folder must keep before it is read, so that a set of files is read as a whole. */
  settleMs: 50,
  /** Time after which a source is read again even where nobody told of a change. */
  recheckMs: 5_000,
  /** Time for which several decisions may hold the event loop before others have their turn. */
  maxTurnMs: 5,
} as const;
