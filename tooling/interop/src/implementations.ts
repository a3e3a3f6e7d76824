import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PEERS, ROOT } from './paths.ts';
import { python, rust, type Toolchain } from './toolchains.ts';

/** A QUIC implementation that nobody here wrote. */
export interface Implementation {
  readonly name: 'aioquic' | 'quinn';
  /** What its peer is made with. */
  readonly toolchain: Toolchain;
  /** The version that is pinned, and run. */
  readonly version: string;
  /** In a few words: language, and what encrypts. */
  readonly what: string;
  /** A QUIC version that it can offer and RealTimeAuth does not speak. */
  readonly foreignVersion: number;
}

/** What the transport is tested against. */
export const IMPLEMENTATIONS: Readonly<Record<Implementation['name'], Implementation>> = {
  aioquic: {
    name: 'aioquic',
    toolchain: python,
    version: pinned(join(PEERS, 'aioquic', 'requirements.txt'), /^aioquic==([\d.]+)/m),
    what: 'Python, its own TLS 1.3 on the primitives of OpenSSL',
    // Version 2 (RFC 9369).
    foreignVersion: 0x6b33_43cf,
  },
  quinn: {
    name: 'quinn',
    toolchain: rust,
    version: pinned(join(PEERS, 'quinn', 'Cargo.lock'), /^name = "quinn"\nversion = "([\d.]+)"$/m),
    what: 'Rust, rustls on ring',
    // Draft 29.
    foreignVersion: 0xff00_001d,
  },
};

/** The version of the library that the transport itself is built on. */
export function libraryVersion(): string {
  return pinned(join(ROOT, 'pnpm-workspace.yaml'), /^ {2}"@matrixai\/quic": ([\d.]+)$/m);
}

function pinned(file: string, pattern: RegExp): string {
  const [, version] = pattern.exec(readFileSync(file, 'utf8')) ?? [];
  if (version === undefined) throw new Error(`${file} pins no version`);
  return version;
}
