import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { IMPLEMENTATIONS } from './implementations.ts';
import { keptOutcomes } from './outcomes.ts';
import { ROOT } from './paths.ts';
import { DOCUMENT, documentText, sectionText } from './report.ts';

const sections = Object.values(IMPLEMENTATIONS).map((each) => sectionText(each, keptOutcomes(each)));
writeFileSync(join(ROOT, DOCUMENT), documentText(sections));
console.log(`wrote ${DOCUMENT}`);
