import { type Cause, compareGrants, type Session, type SessionEffect } from '@rta/authority';
import type { JsonObject } from '@rta/core';
import { CAEP_EVENTS, type OutgoingEvent } from '@rta/ssf';

/** Types of the events that a server sends about its sessions. */
export const SESSION_EVENTS = [
  CAEP_EVENTS.sessionEstablished,
  CAEP_EVENTS.sessionRevoked,
  CAEP_EVENTS.tokenClaimsChange,
  CAEP_EVENTS.riskLevelChange,
] as const;

/**
 * The events that an effect of the authority is to others; none where it is nothing to them, as the end of a session at
 * its time, which they know beforehand.
 */
export function eventsOf(effect: SessionEffect, nowMs: number): readonly OutgoingEvent[] {
  if (effect.kind === 'ended') {
    if (effect.cause.kind === 'expired') return [];
    return [aboutCause(effect, CAEP_EVENTS.sessionRevoked, {}, nowMs)];
  }
  if (effect.kind !== 'changed') return [];
  const { session, before } = effect;
  const events: OutgoingEvent[] = [];
  const { gained, lost } = compareGrants(before.grant, session.grant);
  if (gained.length + lost.length > 0) {
    const claims = { scope: session.grant.scope.join(' ') };
    events.push(aboutCause(effect, CAEP_EVENTS.tokenClaimsChange, { claims }, nowMs));
  }
  const { riskLevel } = session.attributes;
  if (riskLevel !== undefined && riskLevel !== before.attributes.riskLevel) {
    const { riskLevel: previous } = before.attributes;
    const value = {
      principal: 'SESSION',
      current_level: riskLevel,
      ...(previous === undefined ? {} : { previous_level: previous }),
    };
    events.push(aboutCause(effect, CAEP_EVENTS.riskLevelChange, value, nowMs));
  }
  return events;
}

/** A session was opened: by an exchange, or by the delegation of another. */
export function establishedEvent(session: Session): OutgoingEvent {
  const { id, subject, createdAtMs } = session;
  const { acr, amr, idpSessionId } = subject;
  return {
    id: `${id} established`,
    txn: id,
    type: CAEP_EVENTS.sessionEstablished,
    subject: subjectOf(session),
    value: {
      ...(acr === undefined ? {} : { acr }),
      ...(amr === undefined ? {} : { amr: [...amr] }),
      ...(idpSessionId === undefined ? {} : { ext_id: idpSessionId }),
      event_timestamp: Math.floor(createdAtMs / 1_000),
    },
  };
}

/** A session was used. */
export function presentedEvent(session: Session, nowMs: number): OutgoingEvent {
  return {
    txn: session.id,
    type: CAEP_EVENTS.sessionPresented,
    subject: subjectOf(session),
    value: { event_timestamp: Math.floor(nowMs / 1_000) },
  };
}

/**
 * The transaction is that of the event that caused this one, so that who sees both knows that they belong together. Two
 * nodes that say the same of a session say it under one id.
 */
function aboutCause(
  { session, cause }: { readonly session: Session; readonly cause: Cause },
  type: string,
  value: JsonObject,
  nowMs: number,
): OutgoingEvent {
  const { change, txn, kind, reason } = cause;
  const generation = session.state === 'ended' ? '' : ` ${session.generation}`;
  return {
    id: `${change} ${session.id}${generation} ${type}`,
    txn: txn ?? change,
    type,
    subject: subjectOf(session),
    value: {
      ...value,
      event_timestamp: Math.floor(nowMs / 1_000),
      reason_admin: { en: reason ?? kind },
    },
  };
}

/** @see SSF 1.0 §3.3: all members together name one session of one agent, for one person. */
function subjectOf({ id, subject, actors }: Session): JsonObject {
  return {
    format: 'complex',
    user: { format: 'iss_sub', iss: subject.issuer, sub: subject.sub },
    session: { format: 'opaque', id },
    agent: { format: 'opaque', id: actors.at(-1)?.id ?? '' },
  };
}
