#!/usr/bin/env node
import { parseArgs } from 'node:util';
import pc from 'picocolors';
import { playStory } from './story.ts';
import { createTimeline } from './timeline.ts';

const HELP = `The RealTimeAuth demo: a sign-in, a co-pilot and four other agents, one revocation.

Usage
  npx -y pnpm@12 demo            tell the story as it happens
  npx -y pnpm@12 demo --json     print one JSON document at the end
  npx -y pnpm@12 demo --help

It starts an OpenID provider and a server on this machine, plays the story, checks itself, and stops them again.
Exit code 0: everything was as promised.
`;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const timeline = createTimeline(values.json ? undefined : print);
  const { stoppedAfterMs, audit } = await playStory(timeline);
  const broken = timeline.expectations.filter(({ held }) => !held);

  if (values.json) {
    const { entries, expectations } = timeline;
    print(
      JSON.stringify(
        { ok: broken.length === 0, stoppedAfterMs, timeline: entries, expectations, audit },
        undefined,
        2,
      ),
    );
  } else {
    for (const { person, agents, action, outcome, times } of audit.whoDidWhat) {
      print(
        `  ${pc.cyan(person)} ← ${agents.padEnd(28)} ${action.padEnd(13)} ${outcome.padEnd(18)} ${pc.dim(`${times}×`)}`,
      );
    }
    const { length } = timeline.expectations;
    print(
      broken.length === 0
        ? pc.green(`\nAll ${length} promises were kept.`)
        : pc.red(`\n${broken.length} of ${length} promises were broken.`),
    );
  }
  return broken.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
