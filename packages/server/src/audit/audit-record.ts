import type { Session } from '@rta/authority';
import { isRtaError, type JsonObject } from '@rta/core';
import type { TransportConnection } from '@rta/transport';

/**
 * What is kept of one event: who, on behalf of whom, what, on what, why, by which policy (invariant I7).
 * No token, key, proof or claim value beyond the names of people and agents (invariant I10).
 */
export interface AuditRecord {
  readonly kind:
    | 'exchange'
    | 'delegation'
    | 'bind'
    | 'decision'
    | 'change'
    | 'end'
    | 'signal'
    | 'policy'
    | 'keys'
    | 'enforcement'
    | 'refusal';
  readonly outcome: 'ok' | 'permit' | 'deny' | 'refused' | 'acknowledged' | 'timed-out';
  readonly session?: string;
  readonly parent?: string;
  /** The person for whom it was done. */
  readonly subject?: { readonly issuer: string; readonly sub: string };
  /** Ids of the agents, from the one that the person trusted to the one that acted. */
  readonly actors?: readonly string[];
  readonly generation?: number;
  readonly action?: string;
  readonly resource?: { readonly type: string; readonly id: string };
  /** Why: a decision's cause, a change's kind, an error's code. */
  readonly cause?: string;
  readonly policies?: readonly string[];
  readonly policyRevision?: string;
  /** Where it came from: {@link Origin}. */
  readonly connection?: string;
  readonly transport?: Origin['transport'];
  /** Id of the change, and the transaction that it belongs to. */
  readonly change?: string;
  readonly txn?: string;
  readonly detail?: JsonObject;
}

/** Where something came from. */
export interface Origin {
  /** Id of the connection; of those that bring one HTTPS request, their kind. */
  readonly connection: string;
  readonly transport: TransportConnection['kind'] | 'https';
}

/** The origin of what comes over a connection of agents. */
export function originOf({ id, kind }: Pick<TransportConnection, 'id' | 'kind'>): Origin {
  return { connection: id, transport: kind };
}

/** A refusal, by the code of its error. */
export function refusalOf(
  error: unknown,
): Required<Pick<AuditRecord, 'cause'>> & { readonly outcome: 'refused' } {
  return { outcome: 'refused', cause: isRtaError(error) ? error.code : 'RTA_SERVER_INTERNAL' };
}

/** The part of a record that says who acted for whom. */
export function whoOf(
  session: Session,
): Pick<AuditRecord, 'session' | 'parent' | 'subject' | 'actors' | 'generation'> {
  return {
    session: session.id,
    ...(session.parent === undefined ? {} : { parent: session.parent }),
    subject: { issuer: session.subject.issuer, sub: session.subject.sub },
    actors: session.actors.map(({ id }) => id),
    generation: session.generation,
  };
}
