import { setImmediate as nextTurn } from 'node:timers/promises';
import { fc, test } from '@fast-check/vitest';
import {
  createFrameDecoder,
  decodeDecision,
  encodeAuthorize,
  encodeFrame,
  encodeMessage,
  FRAME,
  type Frame,
} from '@rta/protocol';
import { afterAll, describe, expect } from 'vitest';
import { bindMessage, exchangeParameters, READ, rawSession, resumeMessage } from './raw-agent.ts';
import { startTestIdp, startTestServer } from './test-server.ts';

const idp = await startTestIdp();
const t = await startTestServer({ idp });
afterAll(() => t[Symbol.asyncDispose]());
const victim = await rawSession(t.rawConnect(), (await t.signIn()).accessToken);
const { token } = victim.bound;
const sessions = t.server.openSessions;

/** Frames that an agent sends, with what somebody could have stolen in them. */
const VALID: readonly Uint8Array[] = [
  encodeMessage('hello', 1, { client: 'property' }),
  encodeMessage('ping', 2, {}),
  encodeMessage('exchange', 3, { parameters: exchangeParameters('stolen'), proof: 'stolen' }),
  encodeMessage(
    'bind',
    4,
    bindMessage(victim.connection, victim.welcome.challenge, victim.session, victim.key),
  ),
  encodeMessage('resume', 4, resumeMessage(victim.connection, victim, t.clock.now())),
  encodeMessage('end', 5, { token }),
  encodeMessage('delegate', 6, { token, agent: { id: 'x' }, scope: ['*'], key: victim.key.publicKey }),
  encodeMessage('ack', 7, { session: victim.session, generation: 1 }),
  encodeAuthorize(8, { token, ...READ }),
  encodeAuthorize(9, { token, ...READ, context: { purpose: 'audit', depth: [[1]] } }),
];

const frame = fc.constantFrom(...VALID);
const mutated = fc
  .tuple(frame, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
  .map(([bytes, changes]) => {
    const changed = bytes.slice();
    for (const [at, value] of changes) changed[at % changed.byteLength] = value;
    return changed;
  });
const cutOff = fc.tuple(frame, fc.nat()).map(([bytes, at]) => bytes.subarray(0, at % bytes.byteLength));
const framed = fc
  .tuple(
    fc.constantFrom(...Object.values(FRAME)),
    fc.integer({ min: 1, max: 9 }),
    fc.uint8Array({ maxLength: 200 }),
  )
  .filter(([type]) => type !== FRAME.goaway)
  .map(([type, id, body]) => encodeFrame(type, id, body));
const write = fc.oneof(
  { weight: 3, arbitrary: frame },
  { weight: 3, arbitrary: mutated },
  { weight: 1, arbitrary: cutOff },
  { weight: 1, arbitrary: framed },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
);
/** What is written on one stream, and how it is left then. */
const stream = fc.record({
  hello: fc.boolean(),
  writes: fc.array(write, { maxLength: 6 }),
  left: fc.constantFrom('end', 'reset', 'stay'),
});

describe('whatever a connection sends', () => {
  test.prop([fc.array(stream, { minLength: 1, maxLength: 4 })], { numRuns: 150 })(
    'it is permitted nothing, and nobody else notices [I1, I5]',
    async (streams) => {
      const connection = t.rawConnect();
      const answers: Frame[] = [];
      for (const { hello, writes, left } of streams) {
        const opened = connection.openStream();
        const decoder = createFrameDecoder();
        opened.setHandlers({ onData: (chunk) => decoder.push(chunk, (answer) => answers.push(answer)) });
        if (hello) opened.write(encodeMessage('hello', 1, { client: 'property' }));
        for (const bytes of writes) opened.write(bytes);
        if (left === 'end') opened.end();
        if (left === 'reset') opened.reset(0);
      }
      // One turn to arrive, one to be answered, one to arrive back; refusals take no longer.
      for (let turns = 0; turns < 4; turns += 1) await nextTurn();

      const decisions = answers.filter(({ type }) => type === FRAME.decision);
      expect(decisions.map(({ body }) => decodeDecision(body).effect)).not.toContain('permit');
      for (const gain of [FRAME.bound, FRAME.exchanged, FRAME.delegated, FRAME.ended]) {
        expect(answers.map(({ type }) => type)).not.toContain(gain);
      }
      expect(await victim.lane(token)).toMatchObject({ effect: 'permit', generation: 1 });
      expect(t.server.openSessions).toBe(sessions);
      expect(victim.pushes.waiting).toBe(0);
      await connection.close();
    },
  );
});
