import { bstr, bytes8, bytes16, int, list, map, repeat, TRUE, text16, tstr, uint } from '../wire.ts';
import type { RefusedStream } from './format.ts';
import { cbor } from './frames.ts';
import { message } from './refusals.ts';

const TOKEN = repeat('a1', 96);

/** Questions with a fault. */
export function refusedAuthorize(): RefusedStream[] {
  const good = {
    token: bytes8(TOKEN),
    action: text16('a'),
    type: text16('b'),
    id: text16('c'),
    context: bytes16(''),
  };
  const authorize = (name: string, parts: Partial<typeof good>, rest = ''): RefusedStream => {
    const { token, action, type, id, context } = { ...good, ...parts };
    return message(name, 'authorize', token + action + type + id + context + rest);
  };
  return [
    message('no body', 'authorize', ''),
    authorize('no token', { token: bytes8('') }),
    authorize('a token of 95 bytes', { token: bytes8(repeat('a1', 95)) }),
    message('a token that is cut off', 'authorize', `60${repeat('a1', 95)}`),
    authorize('an empty action', { action: text16('') }),
    authorize('an action of 257 bytes', { action: text16('a'.repeat(257)) }),
    authorize('an action that is not UTF-8', { action: bytes16('ff') }),
    authorize('an action with a byte order mark in front', { action: bytes16('efbbbf61') }),
    authorize('a resource type of 257 bytes', { type: text16('a'.repeat(257)) }),
    authorize('a resource id of 2049 bytes', { id: text16('a'.repeat(2_049)) }),
    authorize('a context of 8193 bytes', { context: bytes16(map(['a', tstr('a'.repeat(8_187))])) }),
    authorize('a context that is a list', { context: bytes16(list()) }),
    authorize('a context with bytes in it', { context: bytes16(map(['a', list(bstr(''))])) }),
    authorize('a context that is longer than the body', { context: `0002${map()}` }),
    authorize('a byte behind the end', {}, '00'),
  ];
}

/** Answers that contradict themselves, or cannot be read. */
export function refusedDecisions(): RefusedStream[] {
  const good = { effect: 1, cause: 0, generation: 1, expiresAtMs: 0n, token: '', detail: '' };
  const decision = (name: string, parts: Partial<typeof good>, rest = ''): RefusedStream => {
    const { effect, cause, generation, expiresAtMs, token, detail } = { ...good, ...parts };
    return message(
      name,
      'decision',
      uint(effect, 1) +
        uint(cause, 1) +
        uint(generation, 4) +
        uint(expiresAtMs, 8) +
        bytes8(token) +
        bytes16(detail) +
        rest,
    );
  };
  return [
    decision('effect 2', { effect: 2 }),
    decision('effect 255', { effect: 255 }),
    decision('a denial for cause 18', { effect: 0, cause: 18 }),
    decision('a permit for cause 18', { cause: 18 }),
    decision('a permit by default', { cause: 1 }),
    decision('a permit with a stale token', { cause: 5, token: TOKEN }),
    decision('a permit in generation 0', { generation: 0 }),
    decision('an expiry of 2^53', { expiresAtMs: 2n ** 53n }),
    decision('a permit with a token', { token: TOKEN }),
    decision('a denial for not-bound with a token', { effect: 0, cause: 8, token: TOKEN }),
    decision('a stale token without the one that replaces it', { effect: 0, cause: 5 }),
    decision('step-up-required that does not say how', { effect: 0, cause: 14 }),
    decision('step-up-required with nothing in it', { effect: 0, cause: 14, detail: cbor({ stepUp: {} }) }),
    decision('step-up-required with an age that has a fraction', {
      effect: 0,
      cause: 14,
      detail: cbor({ stepUp: { maxAgeS: 1.5 } }),
    }),
    decision('step-up-required with a member that is not known', {
      effect: 0,
      cause: 14,
      detail: cbor({ stepUp: { maxAgeS: 1, amr: ['otp'] } }),
    }),
    decision('a denial by policy with a step-up', {
      effect: 0,
      detail: cbor({ stepUp: { maxAgeS: 1 } }),
    }),
    decision('a permit with a step-up', { detail: cbor({ stepUp: { maxAgeS: 1 } }) }),
    decision('approval-required without an approval', { effect: 0, cause: 15 }),
    decision('approval-required with an approval until no time', {
      effect: 0,
      cause: 15,
      detail: cbor({ approval: { id: 'a' } }),
    }),
    decision('approval-refused with an approval', {
      effect: 0,
      cause: 16,
      detail: cbor({ approval: { id: 'a', expiresAtMs: 1 } }),
    }),
    decision('a permit with an approval', { detail: cbor({ approval: { id: 'a', expiresAtMs: 1 } }) }),
    decision('a token of 64 bytes', { effect: 0, cause: 5, token: repeat('a1', 64) }),
    decision('a detail that is a list', { detail: list() }),
    decision('a detail with a member that is not known', { detail: map(['advice', list()]) }),
    decision('a detail with a reason that is a number', { detail: map(['reasons', list(int(1))]) }),
    decision('an obligation with a member that is not known', {
      detail: map([
        'obligations',
        list(map(['id', tstr('a')], ['type', tstr('b')], ['optional', TRUE], ['properties', map()])),
      ]),
    }),
    decision('an obligation without properties', {
      detail: map(['obligations', list(map(['id', tstr('a')], ['type', tstr('b')]))]),
    }),
    decision('a detail of more than 16384 bytes', {
      detail: map(['reasons', list(...Array.from({ length: 17 }, () => tstr('a'.repeat(1_000))))]),
    }),
    decision('a byte behind the end', {}, '00'),
    message('a body of 16 bytes', 'decision', repeat('00', 16)),
  ];
}
