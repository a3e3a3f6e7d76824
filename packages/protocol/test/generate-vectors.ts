/** Writes docs/spec/vectors/protocol.json. Run it with `node packages/protocol/test/generate-vectors.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { serializeVectors } from './generator/format.ts';
import { buildVectors } from './generator/vectors.ts';

const file = new URL('../../../docs/spec/vectors/protocol.json', import.meta.url);
mkdirSync(new URL('.', file), { recursive: true });
writeFileSync(file, serializeVectors(buildVectors()));
