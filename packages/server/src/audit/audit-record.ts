import type { AuditPosture, AuditRecord } from '@rta/audit';
import type { Session } from '@rta/authority';
import { isRtaError } from '@rta/core';
import type { TransportConnection } from '@rta/transport';

/** Where something came from. */
export interface Origin {
  /** Id of the connection; of those that bring one HTTPS request, their kind. */
  readonly connection: string;
  readonly transport: TransportConnection['kind'] | 'https';
  /** Id of the request on its connection, where requests have one. */
  readonly request?: number;
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

/** The part of a record that says who acted for whom, and what was known of that person's security. */
export function whoOf(
  session: Session,
): Pick<AuditRecord, 'session' | 'parent' | 'subject' | 'actors' | 'generation' | 'posture'> {
  const posture = postureOf(session.attributes);
  return {
    session: session.id,
    ...(session.parent === undefined ? {} : { parent: session.parent }),
    subject: { issuer: session.subject.issuer, sub: session.subject.sub },
    actors: session.actors.map(({ id }) => id),
    generation: session.generation,
    ...(posture === undefined ? {} : { posture }),
  };
}

/** Levels, flags and times by name: whatever else attributes may come to hold is none of the log's business (I10). */
const POSTURE = [
  'riskLevel',
  'deviceCompliant',
  'credentialChangedAtMs',
  'credentialChangeRequiredAtMs',
  'recoveryActivatedAtMs',
  'recoveryInformationChangedAtMs',
  'profileChangedAtMs',
  'assurance',
  'assuranceLoweredAtMs',
] as const satisfies readonly (keyof AuditPosture)[];

function postureOf(attributes: Session['attributes']): AuditPosture | undefined {
  const known = POSTURE.flatMap((name) =>
    attributes[name] === undefined ? [] : [[name, attributes[name]] as const],
  );
  return known.length === 0 ? undefined : Object.fromEntries(known);
}
