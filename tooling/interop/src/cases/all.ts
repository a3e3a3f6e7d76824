import type { InteropCase } from '../interop-case.ts';
import { EARLY_DATA_CASES } from './early-data.ts';
import { FIRST_PACKET_CASES } from './first-packets.ts';
import { HANDSHAKE_CASES } from './handshake.ts';
import { LIFETIME_CASES } from './lifetime.ts';
import { MUTUAL_TLS_CASES } from './mutual-tls.ts';
import { PATH_CASES } from './paths.ts';
import { STREAM_CASES } from './streams.ts';

/** Every case that the transport can be asked to pass, in the order of the table. */
export const INTEROP_CASES: readonly InteropCase[] = [
  ...HANDSHAKE_CASES,
  ...MUTUAL_TLS_CASES,
  ...FIRST_PACKET_CASES,
  ...EARLY_DATA_CASES,
  ...STREAM_CASES,
  ...LIFETIME_CASES,
  ...PATH_CASES,
];
