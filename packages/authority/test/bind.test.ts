import { describe, expect, it } from 'vitest';
import type { Authority, BindInput } from '../src/index.ts';
import { codeOf } from './code-of.ts';
import { CAUSE, createTestAuthority, delegateInput, HOUR_MS, idOf, openInput, T0 } from './fixture.ts';

const LAPTOP = new Uint8Array(32).fill(0xc1);
const OTHER = new Uint8Array(32).fill(0xc2);

/** An authority with session 1, opened with these parts, and bound nowhere. */
function withSession(parts: Parameters<typeof openInput>[1] = {}): Authority {
  const authority = createTestAuthority();
  authority.open(openInput(1, parts), T0);
  return authority;
}

const bind = (authority: Authority, input: Partial<BindInput>, nowMs = T0, session = 1): string =>
  codeOf(() => authority.bind(idOf(session), { connection: 'c1', ...input }, nowMs));

describe('a session that was opened with a certificate', () => {
  it('is bound where that certificate is shown, and nowhere else, for its whole life [I5]', () => {
    const authority = withSession({ certificateThumbprint: LAPTOP });
    const shown = (certificateThumbprint: Uint8Array | undefined): string =>
      bind(authority, { certificateThumbprint }, T0 + HOUR_MS - 1);

    expect(shown(undefined)).toBe('RTA_AUTHORITY_CERTIFICATE');
    expect(shown(OTHER)).toBe('RTA_AUTHORITY_CERTIFICATE');
    expect(shown(LAPTOP.subarray(1))).toBe('RTA_AUTHORITY_CERTIFICATE');
    expect(shown(new Uint8Array(0))).toBe('RTA_AUTHORITY_CERTIFICATE');
    expect(authority.get(idOf(1), T0)?.connection).toBeUndefined();
    expect(shown(LAPTOP)).toBe('none');
    expect(shown(OTHER)).toBe('RTA_AUTHORITY_CERTIFICATE');
    expect(authority.get(idOf(1), T0)).toMatchObject({ connection: 'c1', certificateThumbprint: LAPTOP });
  });

  it('stays where it is when somebody without the certificate would bind it [I5]', () => {
    const authority = withSession({ certificateThumbprint: LAPTOP });
    bind(authority, { certificateThumbprint: LAPTOP });

    expect(bind(authority, { connection: 'c2', certificateThumbprint: OTHER })).toBe(
      'RTA_AUTHORITY_CERTIFICATE',
    );
    expect(authority.get(idOf(1), T0)?.connection).toBe('c1');
  });

  it('delegates sessions that are bound to no certificate, and take none on [I5]', () => {
    const authority = withSession({ certificateThumbprint: LAPTOP });
    const child = authority.delegate(idOf(1), delegateInput(2), T0);

    expect(child.certificateThumbprint).toBeUndefined();
    expect(bind(authority, { certificateThumbprint: OTHER }, T0, 2)).toBe('none');
    expect(bind(authority, { connection: 'c2' }, T0, 2)).toBe('none');
    expect(bind(authority, { certificateThumbprint: LAPTOP }, T0, 2)).toBe('none');
    expect(authority.get(idOf(2), T0)?.certificateThumbprint).toBeUndefined();
  });

  it('has the context that it would have without one: tokens say nothing of certificates', () => {
    const plain = withSession().get(idOf(1), T0);
    expect(withSession({ certificateThumbprint: LAPTOP }).get(idOf(1), T0)?.contextHash).toEqual(
      plain?.contextHash,
    );
  });
});

it('binds a session that was opened without a certificate on any connection, and pins none', () => {
  const authority = withSession();
  expect(bind(authority, { certificateThumbprint: LAPTOP })).toBe('none');
  expect(bind(authority, {})).toBe('none');
  expect(bind(authority, { certificateThumbprint: OTHER })).toBe('none');
});

describe('a proof that answers no challenge', () => {
  it('is refused where the session was bound after it was made [I5]', () => {
    const authority = withSession();
    bind(authority, {}, T0 + 10);

    expect(bind(authority, { connection: 'late', provenAtMs: T0 + 9 }, T0 + 20)).toBe(
      'RTA_AUTHORITY_PROOF_OLD',
    );
    expect(authority.get(idOf(1), T0)?.connection).toBe('c1');
    expect(bind(authority, { connection: 'c2', provenAtMs: T0 + 10 }, T0 + 20)).toBe('none');
  });

  it('is taken where the session was never bound, however old it is', () => {
    expect(bind(withSession(), { provenAtMs: 0 })).toBe('none');
  });

  it('counts from when it was made, where that is later than it came', () => {
    const authority = withSession();
    bind(authority, { provenAtMs: T0 + 500 });

    expect(bind(authority, { provenAtMs: T0 + 499 }, T0 + 600)).toBe('RTA_AUTHORITY_PROOF_OLD');
    expect(bind(authority, { provenAtMs: T0 + 500 }, T0 + 600)).toBe('none');
  });

  it('is refused also after the connection that came later is gone', () => {
    const authority = withSession();
    bind(authority, {}, T0 + 10);
    authority.release('c1', T0 + 11);

    expect(bind(authority, { provenAtMs: T0 + 9 }, T0 + 12)).toBe('RTA_AUTHORITY_PROOF_OLD');
  });

  it('that is made at no time is refused', () => {
    const authority = withSession();
    expect(bind(authority, { provenAtMs: Number.NaN })).toBe('RTA_AUTHORITY_PROOF_OLD');
    expect(bind(authority, { provenAtMs: Number.POSITIVE_INFINITY })).toBe('RTA_AUTHORITY_PROOF_OLD');
  });

  it('does not stand in the way of a binding by challenge, whatever time it claimed', () => {
    const authority = withSession();
    bind(authority, { provenAtMs: T0 + 30_000 });
    expect(bind(authority, { connection: 'c2' }, T0 + 1)).toBe('none');
  });
});

describe('live', () => {
  it.each([
    ['is there', idOf(1), T0, 'none'],
    ['is not there', idOf(7), T0, 'RTA_AUTHORITY_SESSION_UNKNOWN'],
    ['has ended', idOf(2), T0, 'RTA_AUTHORITY_SESSION_ENDED'],
    ['is at its end', idOf(1), T0 + HOUR_MS, 'RTA_AUTHORITY_SESSION_ENDED'],
  ])('says of a session that it %s', (_, id, nowMs, code) => {
    const authority = withSession();
    authority.open(openInput(2), T0);
    authority.end(idOf(2), CAUSE);
    expect(codeOf(() => authority.live(id, nowMs).id)).toBe(code);
  });
});
