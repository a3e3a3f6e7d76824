import { createDevPki } from '@rta/devkit';
import { expect, it } from 'vitest';
import { ECHO_WAYS, startEcho } from '../src/echo/start-echo.ts';
import { startChild } from '../src/harness/child-process.ts';
import type { LoadContract } from '../src/harness/load-child.ts';
import type { AnsweringServerContract, LanesLoadOptions } from '../src/lanes/lanes-contract.ts';
import { issueIdentity } from '../src/rta/identity.ts';

const pki = await createDevPki();
const identity = await issueIdentity(pki, ['127.0.0.1']);
const ORDER = { inFlight: 8, durationMs: 50 };
/** Two processes start, and machines are busy. */
const TIMEOUT_MS = 30_000;

it.each(ECHO_WAYS)(
  'has every question answered over %s',
  async (way) => {
    await using resources = new AsyncDisposableStack();
    const { client } = await startEcho(way, { identity, ca: pki.caCertPem, payloadBytes: 128 }, resources);

    expect((await client.ask(ORDER)).operations).toBeGreaterThanOrEqual(8);
    expect((await client.ask(ORDER)).operations).toBeGreaterThanOrEqual(8);
  },
  TIMEOUT_MS,
);

it.each([
  ['one lane', 'lanes', 1],
  ['four lanes', 'lanes', 4],
  ['a stream for each', 'lanes', 0],
  ['datagrams', 'datagram', 0],
])(
  'has every question answered over %s',
  async (_name, scripts, lanes) => {
    await using resources = new AsyncDisposableStack();
    const script = (role: 'server' | 'load'): URL =>
      new URL(`../src/lanes/${scripts}-${role}.ts`, import.meta.url);
    const lengths = { payloadBytes: 150, answerBytes: 60 };
    const host = '127.0.0.1';
    const server = await startChild<AnsweringServerContract>(
      script('server'),
      { ...lengths, ...identity, host },
      resources,
    );
    const client = await startChild<LoadContract<LanesLoadOptions>>(
      script('load'),
      { ...lengths, host, port: server.ready.port, ca: pki.caCertPem, lanes },
      resources,
    );

    expect((await client.ask(ORDER)).operations).toBeGreaterThanOrEqual(8);
  },
  TIMEOUT_MS,
);
