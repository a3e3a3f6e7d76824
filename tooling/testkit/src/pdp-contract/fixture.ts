import type { AccessRequest, PolicyDecisionPoint } from '@rta/pdp';

/**
 * What the author of an adapter opens for each check: a PDP of their kind with this policy in force.
 *
 * - Permit the action `read`.
 * - Deny every action on a resource whose property `locked` is `true`.
 * - Deny every action where the context's member `suspended` is `true`.
 * - Permit nothing else.
 *
 * Subjects are of the type `User`, with ids only. Resources are of the type `File`, with the properties `locked`
 * (boolean) and `label` (text), each of which may be absent. The context has the members `suspended` (boolean) and
 * `note` (text), each of which may be absent. The actions are `read` and `write`.
 */
export interface PdpFixture {
  readonly pdp: PolicyDecisionPoint;
  /**
   * A request for the action `read` that this PDP cannot evaluate, e.g. one on which a policy errs, or one that
   * its server answers with an error.
   */
  readonly failing: AccessRequest;
  /**
   * Adds a policy that permits `write`, resolved once it is in force. An adapter that claims `watch` must have it.
   */
  readonly permitWrite?: () => Promise<void>;
  /** Offers policies that must be refused, resolved once they were. For adapters that take policies themselves. */
  readonly offerBrokenPolicy?: () => Promise<void>;
}

/** An adapter under contract. */
export interface PdpContractEnv {
  /** Names the adapter in the report. */
  readonly name: string;
  /** Opens a fresh fixture; the check closes its PDP. */
  open(): Promise<PdpFixture>;
}

/** Properties of the contract's resources. */
export interface FileProperties {
  readonly locked?: boolean;
  readonly label?: string;
}

/** A request on the contract's policy: `read` of a file that is not locked, unless told otherwise. */
export function fileRequest(
  options: {
    readonly action?: string;
    readonly subjectId?: string;
    readonly fileId?: string;
    readonly properties?: FileProperties;
    readonly context?: { readonly suspended?: boolean; readonly note?: string };
  } = {},
): AccessRequest {
  const { action = 'read', subjectId = 'alice', fileId = 'reports/q3.txt', properties, context } = options;
  return {
    subject: { type: 'User', id: subjectId },
    action: { name: action },
    resource: {
      type: 'File',
      id: fileId,
      ...(properties === undefined ? {} : { properties: { ...properties } }),
    },
    ...(context === undefined ? {} : { context }),
  };
}
