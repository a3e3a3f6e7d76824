import { CAEP_EVENTS, createSetSigner, type SetSigner, signSet } from '@rta/ssf';
import type { JWK } from 'jose';
import { inParallel } from '../harness/in-parallel.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import { toSharedMs } from '../harness/shared-clock.ts';
import type { TlsIdentity } from '../rta/identity.ts';
import { startPolledTransmitter } from './poll.ts';
import { multiPushWay, type PushTarget, pushWay } from './push.ts';
import { type QuicTarget, quicBatchedWay, quicWay } from './quic.ts';
import { ALGORITHMS, type Algorithm, type SignedSet, type Way, type WayName } from './way.ts';

/** The transmitter: it sends by all ways, and is polled. */
export interface SenderContract {
  readonly options: {
    /** Where it can be polled. */
    readonly host: string;
    readonly identity: TlsIdentity;
    /** The `iss` of what is not polled: a poll's is where it is polled. */
    readonly issuer: string;
    readonly audience: string;
    readonly keys: Readonly<Record<Algorithm, JWK>>;
  };
  readonly ready: { readonly polledIssuer: string };
  readonly request: SenderRequest;
  /** When the last tokens were given to their way, and acknowledged, on the clock that the processes share. */
  readonly answer: { readonly sentMs: number; readonly acknowledgedMs: number };
}

/** What it can be told to do. */
export type SenderRequest =
  /** Get ready to send to this server; the answer comes when it polls. */
  | { readonly kind: 'connect'; readonly push: PushTarget; readonly quic: QuicTarget }
  /** Sign a `session-revoked` of each of these users. */
  | {
      readonly kind: 'sign';
      readonly way: WayName;
      readonly algorithm: Algorithm;
      readonly users: { readonly issuer: string; readonly subs: readonly string[] };
    }
  /** Send what was signed last, that way. */
  | { readonly kind: 'deliver'; readonly way: WayName };

/** Signatures that are made at a time. */
const WIDTH = 4;

runAsChild<SenderContract>(async ({ host, identity, issuer, audience, keys }, resources) => {
  const signers: Record<string, SetSigner> = {};
  for (const algorithm of ALGORITHMS) {
    signers[algorithm] = await createSetSigner({ key: keys[algorithm], keyId: algorithm, algorithm });
  }
  const polled = await startPolledTransmitter({
    host,
    identity,
    audience,
    signers: Object.values(signers),
    resources,
  });
  let ways: Readonly<Record<WayName, Way>> | undefined;
  let stock: readonly SignedSet[] = [];
  let signed = 0;

  const sign = async ({
    way,
    algorithm,
    users,
  }: Extract<SenderRequest, { kind: 'sign' }>): Promise<readonly SignedSet[]> => {
    const signer = signers[algorithm];
    if (signer === undefined) throw new RangeError(`there is no key for ${algorithm}`);
    return inParallel(users.subs.length, WIDTH, async (index) => {
      signed += 1;
      const jti = `event-${signed}`;
      const set = await signSet(
        {
          issuer: way === 'poll' ? polled.issuer : issuer,
          audience,
          jti,
          subject: { format: 'iss_sub', iss: users.issuer, sub: users.subs[index] ?? '' },
          event: {
            type: CAEP_EVENTS.sessionRevoked,
            value: { event_timestamp: Math.floor(Date.now() / 1_000) },
          },
          issuedAtMs: Date.now(),
        },
        signer,
      );
      return { jti, set };
    });
  };

  return {
    ready: { polledIssuer: polled.issuer },
    async answer(request) {
      let sentMs = toSharedMs(performance.now());
      switch (request.kind) {
        case 'connect': {
          const { push, quic } = request;
          ways = {
            push: pushWay(push, resources),
            'multi-push': multiPushWay(push, resources),
            poll: polled,
            quic: quicWay(quic, resources),
            'quic-batched': quicBatchedWay(quic, resources),
          };
          await polled.inUse;
          break;
        }
        case 'sign':
          stock = await sign(request);
          break;
        case 'deliver':
          if (ways === undefined) throw new TypeError('there is no server to send to');
          sentMs = toSharedMs(performance.now());
          await ways[request.way].deliver(stock);
          break;
      }
      return { sentMs, acknowledgedMs: toSharedMs(performance.now()) };
    },
  };
});
