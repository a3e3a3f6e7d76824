import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import { decodeAck } from './acknowledgement.ts';
import { FRAME, type Frame, type FrameType } from './frame.ts';
import { decodeMessage, encodeMessage } from './messages.ts';

const SESSION = 'AAECAwQFBgcICQoLDA0ODw';
const BODY = `a26773657373696f6e76${Buffer.from(SESSION).toString('hex')}6a67656e65726174696f6e`;

const frameOf = (body: string, type: FrameType = FRAME.ack): Frame => ({
  type,
  requestId: 1,
  body: Uint8Array.from(Buffer.from(body, 'hex')),
});

/** What a reader makes of a frame: a message, or the code of its refusal. */
function outcomeOf(read: (frame: Frame) => unknown, frame: Frame): unknown {
  try {
    return read(frame);
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

describe('decodeAck', () => {
  it.each([
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['18ff', 255],
    ['190100', 256],
    ['1a00010000', 65_536],
    ['1affffffff', 4_294_967_295],
  ])('reads the generation %s', (generation, expected) => {
    expect(decodeAck(frameOf(BODY + generation))).toEqual({ session: SESSION, generation: expected });
  });

  it('reads from the middle of what has arrived', () => {
    const arrived = Buffer.from(`ff${BODY}01ff`, 'hex');
    const body = new Uint8Array(arrived).subarray(1, -1);
    expect(decodeAck({ type: FRAME.ack, requestId: 1, body })).toEqual({ session: SESSION, generation: 1 });
  });

  it.each([
    ['a longer form of a number', '1801'],
    ['a longer form of a larger number', '190018'],
    ['more than 32 bits', '1b0000000100000000'],
    ['a negative number', '20'],
    ['a float', 'f90000'],
    ['something behind it', '0100'],
    ['a number that is cut off', '19ff'],
    ['nothing', ''],
  ])('refuses %s', (_, generation) => {
    expect(codeOf(() => decodeAck(frameOf(BODY + generation)))).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it('refuses another spelling of a session, and any other frame', () => {
    const spareBits = frameOf(`${BODY.slice(0, 62)}78${BODY.slice(64)}01`);
    expect(codeOf(() => decodeAck(spareBits))).toBe('RTA_PROTOCOL_MESSAGE');
    expect(codeOf(() => decodeAck(frameOf(`${BODY}01`, FRAME.ping)))).toBe('RTA_PROTOCOL_UNEXPECTED_FRAME');
  });

  const good = fc
    .tuple(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(0xffff_ffff), fc.nat(30))
    .map(([id, large, small]) => ({
      session: Buffer.from(id).toString('base64url'),
      generation: large % 2 === 0 ? large : small,
    }));

  test.prop([good])('reads what is written', (message) => {
    const body = encodeMessage('ack', 1, message).subarray(8);
    expect(decodeAck({ type: FRAME.ack, requestId: 1, body })).toEqual(message);
  });

  // A byte that is another one, one that is missing or one too many: nearly right is where two readers would differ.
  const flawed = fc
    .tuple(good, fc.nat(60), fc.nat(255), fc.constantFrom('replace', 'insert', 'delete', 'cut'))
    .map(([message, at, byte, how]) => {
      const body = [...encodeMessage('ack', 1, message).subarray(8)];
      const place = at % body.length;
      if (how === 'replace') body[place] = byte;
      else if (how === 'insert') body.splice(place, 0, byte);
      else if (how === 'delete') body.splice(place, 1);
      else body.length = place;
      return Uint8Array.from(body);
    });
  const tail = fc
    .uint8Array({ maxLength: 10 })
    .map((bytes) => Uint8Array.from([...Buffer.from(BODY, 'hex'), ...bytes]));

  test.prop([fc.oneof(flawed, tail, fc.uint8Array({ maxLength: 80 }))], { numRuns: 2_000 })(
    'takes and refuses what the reader of all messages does',
    (body) => {
      const frame: Frame = { type: FRAME.ack, requestId: 1, body };
      expect(outcomeOf(decodeAck, frame)).toEqual(outcomeOf((one) => decodeMessage('ack', one), frame));
    },
  );
});
