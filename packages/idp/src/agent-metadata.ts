import { z } from 'zod';
import { idpError } from './errors.ts';
import { IDP_LIMITS } from './limits.ts';
import { lineOfText } from './line-of-text.ts';

/** Who an agent is, as it says. Nothing here is proved: the key that it holds is. */
export interface AgentMetadata {
  /** Visible ASCII, so that two ids that look alike are alike. */
  readonly id: string;
  readonly name?: string;
  readonly type?: string;
  readonly version?: string;
  readonly instance?: string;
  readonly model?: string;
  readonly owner?: string;
  readonly purpose?: string;
}

const line = lineOfText(IDP_LIMITS.maxAgentMemberCharacters).exactOptional();
const AGENT = z.strictObject({
  id: z
    .string()
    .max(IDP_LIMITS.maxAgentMemberCharacters)
    .regex(/^[\x21-\x7e]+$/),
  name: line,
  type: line,
  version: line,
  instance: line,
  model: line,
  owner: line,
  purpose: lineOfText(IDP_LIMITS.maxAgentPurposeCharacters).exactOptional(),
});

/**
 * Reads the description of an agent, from its JSON text or from a value that is parsed already.
 *
 * A member that is not known is refused, not dropped: policies and the audit log would miss what the agent believes
 * it said (invariants I1, I7).
 *
 * @throws RtaError `RTA_IDP_AGENT`
 */
export function parseAgentMetadata(json: unknown): AgentMetadata {
  const read = AGENT.safeParse(typeof json === 'string' ? parseJson(json) : json);
  if (!read.success) throw idpError('RTA_IDP_AGENT');
  return read.data;
}

function parseJson(text: string): unknown {
  if (text.length > IDP_LIMITS.maxAgentCharacters) {
    throw idpError('RTA_IDP_AGENT', undefined, { details: { characters: text.length } });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw idpError('RTA_IDP_AGENT');
  }
}
