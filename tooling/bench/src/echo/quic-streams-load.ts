import { dialQuic } from '@rta/transport-quic';
import type { LoadContract } from '../harness/load-child.ts';
import { runAsChild } from '../harness/run-as-child.ts';
import type { EchoLoadOptions } from './echo-contract.ts';
import { echoRole } from './echo-role.ts';
import { askOnNewStreams } from './transport-ask.ts';

/** A stream for each request. */
runAsChild<LoadContract<EchoLoadOptions>>(async (options, resources) => {
  const { port, ca } = options;
  const connection = resources.use(await dialQuic({ host: '127.0.0.1', port, ca }));
  return echoRole(options, async (events) => askOnNewStreams(connection, events));
});
