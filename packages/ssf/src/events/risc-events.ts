import { z } from 'zod';
import { RISC_EVENTS } from './event-types.ts';
import { CAEP_MEMBERS, label, nameOfSomething, RISC_MEMBERS } from './members.ts';

const plain = z.object({ ...RISC_MEMBERS });

/** What the members of each RISC event are. @see RISC 1.0 §2 */
export const RISC_SCHEMAS = {
  [RISC_EVENTS.accountCredentialChangeRequired]: plain,
  [RISC_EVENTS.accountPurged]: plain,
  /** `hijacking` and `bulk-account` are defined as reasons; others appear, and an account is disabled with any. */
  [RISC_EVENTS.accountDisabled]: z.object({ ...RISC_MEMBERS, reason: label(nameOfSomething) }),
  [RISC_EVENTS.accountEnabled]: plain,
  /** The subject is the old identifier, an e-mail address or a phone number. */
  [RISC_EVENTS.identifierChanged]: z.object({ ...RISC_MEMBERS, 'new-value': label(nameOfSomething) }),
  [RISC_EVENTS.identifierRecycled]: plain,
  [RISC_EVENTS.credentialCompromise]: z.object({ ...CAEP_MEMBERS, credential_type: nameOfSomething }),
  [RISC_EVENTS.optIn]: plain,
  [RISC_EVENTS.optOutInitiated]: plain,
  [RISC_EVENTS.optOutCancelled]: plain,
  [RISC_EVENTS.optOutEffective]: plain,
  [RISC_EVENTS.recoveryActivated]: plain,
  [RISC_EVENTS.recoveryInformationChanged]: plain,
  [RISC_EVENTS.sessionsRevoked]: plain,
} as const;
