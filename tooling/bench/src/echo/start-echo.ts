import { startChild } from '../harness/child-process.ts';
import type { Load, LoadContract } from '../harness/load-child.ts';
import type { TlsIdentity } from '../rta/identity.ts';
import type { EchoLoadOptions, EchoServerContract } from './echo-contract.ts';

/** The ways that an echo can take: the script of the server, and that of the load. */
const WAYS = {
  'rta-quic-streams': {
    server: new URL('./quic-server.ts', import.meta.url),
    load: new URL('./quic-streams-load.ts', import.meta.url),
  },
  'http2-tls': {
    server: new URL('./http2-server.ts', import.meta.url),
    load: new URL('./http2-load.ts', import.meta.url),
  },
  'matrixai-class-layer': {
    server: new URL('./matrixai-server.ts', import.meta.url),
    load: new URL('./matrixai-load.ts', import.meta.url),
  },
  'udp-echo': {
    server: new URL('./udp-server.ts', import.meta.url),
    load: new URL('./udp-load.ts', import.meta.url),
  },
  'rta-quic': {
    server: new URL('./quic-server.ts', import.meta.url),
    load: new URL('./quic-load.ts', import.meta.url),
  },
  'ws-tls': {
    server: new URL('./ws-server.ts', import.meta.url),
    load: new URL('./ws-load.ts', import.meta.url),
  },
  'rta-websocket': {
    server: new URL('./websocket-server.ts', import.meta.url),
    load: new URL('./websocket-load.ts', import.meta.url),
  },
} as const;

/** Name of a way. */
export type EchoWay = keyof typeof WAYS;

/** All of them. Those that targets compare stand side by side: a machine that others use is not the same for long. */
export const ECHO_WAYS = Object.keys(WAYS) as readonly EchoWay[];

/** What all ways have in common. */
export interface EchoOptions {
  readonly identity: TlsIdentity;
  /** Authority of the server's certificate, PEM. */
  readonly ca: string;
  /** Bytes of one question, and of its answer. */
  readonly payloadBytes: number;
}

/** Starts an echo server and the load on it, each in a process of its own. */
export async function startEcho(
  way: EchoWay,
  { identity, ca, payloadBytes }: EchoOptions,
  resources: AsyncDisposableStack,
): Promise<Load> {
  const scripts = WAYS[way];
  const server = await startChild<EchoServerContract>(scripts.server, identity, resources);
  const options = { port: server.ready.port, ca, payloadBytes };
  return {
    server,
    client: await startChild<LoadContract<EchoLoadOptions>>(scripts.load, options, resources),
  };
}
