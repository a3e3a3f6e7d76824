import { diagnostics } from '@rta/core';
import type { ChangeRecord } from './changes/change-log.ts';

/** A decision was made. */
export interface DecisionDiagnostics {
  readonly effect: 'permit' | 'deny';
  readonly cause: string;
  readonly durationMs: number;
}

/** A change reached, or did not reach, an enforcement point (invariant I8). */
export interface EnforcementDiagnostics {
  readonly change: string;
  readonly kind: string;
  readonly outcome: 'acknowledged' | 'cut-off';
  /** From the arrival of the event to the acknowledgement, or to giving up. */
  readonly durationMs: number;
}

/** Something that an operator should know of. */
export interface FaultDiagnostics {
  readonly area:
    | 'audit'
    | 'broker'
    | 'connection'
    | 'events'
    | 'exchange'
    | 'http'
    | 'keys'
    | 'pdp'
    | 'store';
  readonly code: string;
  readonly message: string;
}

/** A connection or session came or went. */
export interface LifecycleDiagnostics {
  readonly kind:
    | 'connection-opened'
    | 'connection-closed'
    | 'session-opened'
    | 'session-bound'
    | 'session-changed'
    | 'session-ended';
  readonly connection?: string;
  readonly session?: string;
  readonly cause?: string;
}

/** A policy wants somebody to know of a decision. */
export interface NoticeDiagnostics {
  readonly session: string;
  readonly action: string;
  readonly effect: 'permit' | 'deny';
  readonly cause: string;
  /** Ids of the obligations. */
  readonly ids: readonly string[];
}

/** An agent waits for a person. */
export interface ApprovalDiagnostics {
  readonly id: string;
  readonly session: string;
  readonly action: string;
  readonly state: string;
}

/** `rta:server.change`: a change, when nothing more is awaited of it. */
export const changeChannel = diagnostics<ChangeRecord>('server.change');
/** `rta:server.notice` */
export const noticeChannel = diagnostics<NoticeDiagnostics>('server.notice');
/** `rta:server.approval` */
export const approvalChannel = diagnostics<ApprovalDiagnostics>('server.approval');
/** `rta:server.decision` */
export const decisionChannel = diagnostics<DecisionDiagnostics>('server.decision');
/** `rta:server.enforcement` */
export const enforcementChannel = diagnostics<EnforcementDiagnostics>('server.enforcement');
/** `rta:server.fault` */
export const faultChannel = diagnostics<FaultDiagnostics>('server.fault');
/** `rta:server.lifecycle` */
export const lifecycleChannel = diagnostics<LifecycleDiagnostics>('server.lifecycle');

/** Publishes a fault by the code and message of an error; its cause stays in the process. */
export function reportFault(area: FaultDiagnostics['area'], error: unknown): void {
  const { code, message } = error as { code?: unknown; message?: unknown };
  faultChannel.publish({
    area,
    code: typeof code === 'string' ? code : 'RTA_SERVER_INTERNAL',
    message: typeof message === 'string' ? message : 'unknown fault',
  });
}
