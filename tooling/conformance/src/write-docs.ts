import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './paths.ts';
import { RECEIVER_PLAN, TRANSMITTER_PLAN } from './plans.ts';
import { DOCUMENT, documentText, keptOutcomes, sectionText } from './report.ts';

const sections = [RECEIVER_PLAN, TRANSMITTER_PLAN].map((plan) => sectionText(plan, keptOutcomes(plan)));
writeFileSync(join(ROOT, DOCUMENT), documentText(sections));
console.log(`wrote ${DOCUMENT}`);
