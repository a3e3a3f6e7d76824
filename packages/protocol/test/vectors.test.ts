import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseSessionId } from '@rta/core';
import * as rta from '@rta/protocol';
import { describe, expect, it } from 'vitest';
import { codeOf } from './code-of.ts';
import { serializeVectors, type Vectors, type VectorValue } from './generator/format.ts';
import { buildVectors } from './generator/vectors.ts';
import { bytes, hex } from './wire.ts';

const file = new URL('../../../docs/spec/vectors/protocol.json', import.meta.url);
const text = readFileSync(file, 'utf8');
const vectors = JSON.parse(text) as Vectors;
const accepted = vectors.accepted.map((vector) => [vector.name, vector] as const);
const refused = vectors.refused.map((vector) => [vector.name, vector] as const);
const bindings = vectors.bindings.map((vector) => [vector.name, vector] as const);
const resumptions = vectors.resumptions.map((vector) => [vector.name, vector] as const);

const nameOf = (type: number): string =>
  Object.entries(rta.FRAME).find(([, number]) => number === type)?.[0] ?? 'none';

/** What a frame says. */
function read(frame: rta.Frame): unknown {
  const name = nameOf(frame.type);
  if (name === 'decision') return rta.decodeDecision(frame.body);
  if (name !== 'authorize') return rta.decodeMessage(name as rta.MessageName, frame);
  const { token, question } = rta.splitAuthorize(frame.body);
  return { token, ...rta.decodeQuestion(question) };
}

/** Every frame of a stream, to its end. */
function readStream(stream: Uint8Array): unknown[] {
  const frames: unknown[] = [];
  const decoder = rta.createFrameDecoder();
  decoder.push(stream, (frame) => {
    frames.push({ type: nameOf(frame.type), requestId: frame.requestId, message: read(frame) });
  });
  decoder.end();
  return frames;
}

function write(type: string, requestId: number, message: unknown): Uint8Array {
  if (type === 'authorize') return rta.encodeAuthorize(requestId, message as rta.AuthorizeRequest);
  if (type === 'decision') return rta.encodeDecision(requestId, message as rta.DecisionMessage);
  return rta.encodeMessage(type as rta.MessageName, requestId, message as never);
}

/** A value of the file, with bytes in place of their hex. */
function withBytes(value: VectorValue): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly VectorValue[]).map(withBytes);
  const entries = Object.entries(value);
  const [first] = entries;
  if (first?.[0] === 'bytes' && typeof first[1] === 'string') return bytes(first[1]);
  return Object.fromEntries(entries.map(([key, member]) => [key, withBytes(member)]));
}

/** Whether the key of a vector signed these bytes. */
function isSigned(
  statement: Uint8Array,
  { publicKey, signature }: { readonly publicKey: string; readonly signature: string },
): boolean {
  const x = Buffer.from(publicKey, 'hex').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, statement, key, bytes(signature));
}

describe('the published vectors', () => {
  it('are what the generator makes [P-11.1]', () => {
    expect(serializeVectors(buildVectors())).toBe(text);
  });

  it('show every frame type, and every cause of a decision', () => {
    const types = new Set(vectors.accepted.map(({ type }) => type));
    expect(types).toEqual(new Set(Object.keys(rta.FRAME)));
    const causes = new Set(
      vectors.accepted.flatMap(({ type, message }) => (type === 'decision' ? message['cause'] : [])),
    );
    expect(causes).toEqual(new Set(rta.DECISION_CAUSES));
  });

  it('show every code with which bytes alone can be refused [P-8.2]', () => {
    expect([...new Set(vectors.refused.map(({ code }) => code))].sort()).toEqual([
      'RTA_PROTOCOL_FRAME_CUT_OFF',
      'RTA_PROTOCOL_FRAME_TOO_LARGE',
      'RTA_PROTOCOL_FRAME_TYPE',
      'RTA_PROTOCOL_MESSAGE',
      'RTA_PROTOCOL_REQUEST_ID',
    ]);
  });
});

describe('@rta/protocol', () => {
  it.each(accepted)('reads "%s" [P-3.1, P-4.1]', (_name, { type, requestId, message, frame }) => {
    expect(readStream(bytes(frame))).toEqual([{ type, requestId, message: withBytes(message) }]);
  });

  it.each(accepted)(
    'writes "%s" byte for byte [P-3.1, P-4.2]',
    (_name, { type, requestId, message, frame }) => {
      expect(hex(write(type, requestId, withBytes(message)))).toBe(frame);
    },
  );

  it.each(refused)('refuses "%s" [P-8.2]', (_name, { stream, code }) => {
    expect(codeOf(() => readStream(bytes(stream)))).toBe(code);
  });

  it.each(refused)('refuses "%s" when each byte comes alone [P-3.7]', (_name, { stream, code }) => {
    const decoder = rta.createFrameDecoder();
    const refusal = codeOf(() => {
      for (const byte of bytes(stream)) decoder.push(Uint8Array.of(byte), read);
      decoder.end();
    });
    expect(refusal).toBe(code);
  });

  it.each(bindings)(
    'makes the statement of the binding "%s", which its key signed [P-5.1]',
    (_name, vector) => {
      const statement = rta.bindingStatement(
        bytes(vector.challenge),
        bytes(vector.channelBinding),
        parseSessionId(vector.session),
      );
      expect(hex(statement)).toBe(vector.statement);
      expect(isSigned(statement, vector)).toBe(true);
    },
  );

  it.each(resumptions)(
    'makes the statement of the resumption "%s", which its key signed [P-9.2]',
    (_name, vector) => {
      const statement = rta.resumeStatement(
        bytes(vector.nonce),
        vector.issuedAtMs,
        bytes(vector.channelBinding),
        parseSessionId(vector.session),
      );
      expect(hex(statement)).toBe(vector.statement);
      expect(isSigned(statement, vector)).toBe(true);
    },
  );
});
