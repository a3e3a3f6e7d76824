import { fc, test } from '@fast-check/vitest';
import type { JsonObject } from '@rta/core';
import { describe, expect, it } from 'vitest';
import { codeOf } from '../test/code-of.ts';
import {
  bstr,
  bytes,
  bytes8,
  bytes16,
  frame,
  hex,
  int,
  list,
  map,
  NULL,
  plain,
  repeat,
  text16,
  tstr,
} from '../test/wire.ts';
import { type AuthorizeRequest, decodeQuestion, encodeAuthorize, splitAuthorize } from './authorize.ts';

const TOKEN_96 = repeat('11', 96);
const TOKEN_128 = repeat('22', 128);
const request = {
  token: bytes(TOKEN_128),
  action: 'files.read',
  resource: { type: 'File', id: '/reports/q3.txt' },
};

/** A body by hand; each part can be another. */
const body = (
  parts: { token?: string; action?: string; type?: string; id?: string; context?: string } = {},
): string =>
  (parts.token ?? bytes8(TOKEN_96)) +
  (parts.action ?? text16('files.read')) +
  (parts.type ?? text16('File')) +
  (parts.id ?? text16('/reports/q3.txt')) +
  (parts.context ?? bytes16(''));

const decode = (data: Uint8Array): AuthorizeRequest => {
  const { token, question } = splitAuthorize(data);
  return { token, ...decodeQuestion(question) };
};
const refusal = (data: string): string => codeOf(() => decode(bytes(data)));

describe('encodeAuthorize', () => {
  it('writes token, action, resource type, resource id and context, each after its length [P-6.1]', () => {
    expect(hex(encodeAuthorize(0x0102_0304, request))).toBe(
      '200000a6' +
        '01020304' +
        `80${TOKEN_128}` +
        '000a66696c65732e72656164' +
        '000446696c65' +
        '000f2f7265706f7274732f71332e747874' +
        '0000',
    );
  });

  it('writes a context as deterministic CBOR, and none as no bytes [P-6.1]', () => {
    const context = { path: '/a', n: 1 };
    const [with_, without] = [{ ...request, context }, request].map((asked) =>
      hex(encodeAuthorize(1, asked)),
    );
    expect(with_).toBe(
      frame(
        0x20,
        1,
        body({
          token: bytes8(TOKEN_128),
          context: bytes16(plain('a2 616e01 6470617468 622f61')),
        }),
      ),
    );
    expect(without?.endsWith('0000')).toBe(true);
    expect(hex(encodeAuthorize(1, { ...request, context: {} })).endsWith('0001a0')).toBe(true);
  });

  it.each<[string, Partial<AuthorizeRequest>]>([
    ['no token', { token: new Uint8Array(0) }],
    ['a token of 97 bytes', { token: new Uint8Array(97) }],
    ['a token of 352 bytes, which is 96 in one byte', { token: new Uint8Array(352) }],
    ['an empty action', { action: '' }],
    ['an action of 257 bytes', { action: 'a'.repeat(257) }],
    ['an action of 257 bytes in 129 characters', { action: `${'ü'.repeat(128)}a` }],
    ['an action with half of a surrogate pair', { action: 'files.\ud800' }],
    ['an action with a byte order mark in front', { action: '\ufefffiles.read' }],
    ['an empty resource type', { resource: { type: '', id: 'a' } }],
    ['a resource type of 257 bytes', { resource: { type: 'a'.repeat(257), id: 'a' } }],
    ['an empty resource id', { resource: { type: 'a', id: '' } }],
    ['a resource id of 2049 bytes', { resource: { type: 'a', id: 'a'.repeat(2_049) } }],
    ['a resource id with half of a surrogate pair', { resource: { type: 'a', id: '\udc00' } }],
    ['a context of 8193 bytes', { context: { a: 'a'.repeat(8_187) } }],
    ['a context with NaN', { context: { a: Number.NaN } }],
    ['a context with bytes', { context: { a: new Uint8Array(1) } as unknown as JsonObject }],
    ['a context with bytes in a list', { context: { a: [new Uint8Array(1)] } as unknown as JsonObject }],
    ['a context that is a list', { context: [] as unknown as JsonObject }],
    ['a context with a Date', { context: { a: new Date(0) } as unknown as JsonObject }],
    ['a context of 17 levels', { context: { a: JSON.parse('['.repeat(16) + ']'.repeat(16)) as JsonObject } }],
  ])('refuses %s before it is sent [P-6.2]', (_, change) => {
    expect(codeOf(() => encodeAuthorize(1, { ...request, ...change }))).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it('refuses the request id 0 [P-3.5]', () => {
    expect(codeOf(() => encodeAuthorize(0, request))).toBe('RTA_PROTOCOL_REQUEST_ID');
  });
});

describe('splitAuthorize', () => {
  it('tells token and question apart without a copy [P-6.1]', () => {
    const data = bytes(body());
    const { token, question } = splitAuthorize(data);
    expect([hex(token), hex(question)]).toEqual([TOKEN_96, body({ token: '' })]);
    expect(token.buffer).toBe(data.buffer);
    expect(question.buffer).toBe(data.buffer);
  });

  it('refuses a token of every other length [P-6.2]', () => {
    const codes = new Map<number, string>();
    for (let length = 0; length < 256; length++) {
      if (length !== 96 && length !== 128)
        codes.set(length, refusal(body({ token: bytes8(repeat('11', length)) })));
    }
    expect([...new Set(codes.values())]).toEqual(['RTA_PROTOCOL_MESSAGE']);
    expect(codes.size).toBe(254);
  });
});

describe('decodeQuestion', () => {
  it('takes every part at its largest [P-6.2]', () => {
    const largest = {
      action: 'a'.repeat(256),
      resource: { type: 'b'.repeat(256), id: 'c'.repeat(2_048) },
      context: { a: 'a'.repeat(8_186) },
    };
    const encoded = encodeAuthorize(1, { ...request, ...largest });
    expect(encoded.byteLength).toBe(8 + 1 + 128 + 258 + 258 + 2_050 + 2 + 8_192);
    expect(decodeQuestion(splitAuthorize(encoded.subarray(8)).question)).toEqual(largest);
  });

  it.each([
    ['an empty action', body({ action: text16('') })],
    ['an action of 257 bytes', body({ action: text16('a'.repeat(257)) })],
    ['an empty resource type', body({ type: text16('') })],
    ['a resource type of 257 bytes', body({ type: text16('a'.repeat(257)) })],
    ['an empty resource id', body({ id: text16('') })],
    ['a resource id of 2049 bytes', body({ id: text16('a'.repeat(2_049)) })],
    ['an action that is not UTF-8', body({ action: bytes16('ff') })],
    ['an action with an overlong character', body({ action: bytes16('c0ae') })],
    ['a resource id with half of a surrogate pair', body({ id: bytes16('eda080') })],
    ['an action with a byte order mark in front', body({ action: bytes16('efbbbf61') })],
    ['a context of 8193 bytes', body({ context: bytes16(map(['a', tstr('a'.repeat(8_187))])) })],
    ['a context that is a list', body({ context: bytes16(list()) })],
    ['a context that is a text', body({ context: bytes16(tstr('a')) })],
    ['a context that is null', body({ context: bytes16(NULL) })],
    ['a context that is bytes', body({ context: bytes16(bstr('00')) })],
    ['a context with bytes in it', body({ context: bytes16(map(['a', bstr('00')])) })],
    ['a context with bytes further in', body({ context: bytes16(map(['a', list(map(['b', bstr('')]))])) })],
    ['a context with a key twice', body({ context: bytes16(map(['a', int(1)], ['a', int(2)])) })],
    ['a context with keys out of order', body({ context: bytes16(map(['b', int(1)], ['a', int(2)])) })],
    ['a context with __proto__', body({ context: bytes16(map(['__proto__', map()])) })],
    ['a context with a byte behind it', body({ context: bytes16(`${map()}00`) })],
    ['a byte behind its end', `${body()}00`],
    ['a second context behind its end', body() + bytes16(map())],
  ])('refuses %s [P-6.2]', (_, data) => {
    expect(refusal(data)).toBe('RTA_PROTOCOL_MESSAGE');
  });

  it('keeps a name as it is: nothing is trimmed, folded or normalized', () => {
    const action = ' Files.Read\u0000\u0041\u030a ';
    expect(decode(bytes(body({ action: text16(action) }))).action).toBe(action);
  });
});

const name = (maxLength: number) =>
  fc.string({ unit: 'grapheme', minLength: 1, maxLength }).filter((text) => !text.startsWith('\ufeff'));
const anyRequest = fc.record(
  {
    token: fc
      .constantFrom(96, 128)
      .chain((length) => fc.uint8Array({ minLength: length, maxLength: length })),
    action: name(20),
    resource: fc.record({ type: name(20), id: name(60) }),
    context: fc.dictionary(
      name(8).filter((key) => key !== '__proto__'),
      fc.oneof(
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        name(8),
        fc.array(fc.integer(), { maxLength: 3 }),
      ),
      { maxKeys: 4, noNullPrototype: true },
    ),
  },
  { requiredKeys: ['token', 'action', 'resource'] },
);

describe('any request', () => {
  test.prop([anyRequest, fc.integer({ min: 1, max: 0xffff_ffff })], { numRuns: 200 })(
    'comes out of its frame as it went in [P-6.1]',
    (asked, requestId) => {
      const encoded = encodeAuthorize(requestId, asked);
      expect(hex(encoded.subarray(4, 8))).toBe(requestId.toString(16).padStart(8, '0'));
      expect(decode(encoded.subarray(8))).toEqual(asked);
    },
  );

  test.prop([anyRequest], { numRuns: 40 })('is refused when it is cut off anywhere [P-6.2]', (asked) => {
    const encoded = encodeAuthorize(1, asked).subarray(8);
    const codes = new Set<string>();
    for (let length = 0; length < encoded.byteLength; length++) {
      codes.add(codeOf(() => decode(encoded.subarray(0, length))));
    }
    expect([...codes]).toEqual(['RTA_PROTOCOL_MESSAGE']);
  });

  test.prop([fc.uint8Array({ maxLength: 200 })], { numRuns: 300 })(
    'that nobody wrote is read or refused with the code of a bad message [P-6.2]',
    (noise) => {
      const data = bytes(bytes8(TOKEN_96) + hex(noise));
      expect(['none', 'RTA_PROTOCOL_MESSAGE']).toContain(codeOf(() => decode(data)));
    },
  );
});
