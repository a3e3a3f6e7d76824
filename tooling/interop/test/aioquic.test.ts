import { IMPLEMENTATIONS } from '../src/implementations.ts';
import { interopSuite } from '../src/interop-suite.ts';

await interopSuite(IMPLEMENTATIONS.aioquic);
