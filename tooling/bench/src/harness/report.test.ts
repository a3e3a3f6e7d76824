import { expect, it } from 'vitest';
import { reportJson, reportOf, reportText } from './report.ts';
import { judge } from './targets.ts';

const report = {
  ...reportOf(
    'demo',
    [
      { case: 'fast', conditions: { inFlight: 1 }, figures: { opsPerSecond: 123_456.78, p50Us: 7.1234 } },
      { case: 'small', figures: { bytes: 96 } },
    ],
    [judge({ target: 'fast enough', unit: '×', actual: 3, atLeast: 2 })],
  ),
  node: 'v24.0.0',
  cpu: 'Some CPU',
  cores: 2,
};

it('puts figures beside the name of their case, with four digits', () => {
  expect(JSON.parse(reportJson(report))).toEqual({
    bench: 'demo',
    node: 'v24.0.0',
    cpu: 'Some CPU',
    cores: 2,
    rows: [
      { case: 'fast', inFlight: 1, opsPerSecond: 123_500, p50Us: 7.123 },
      { case: 'small', bytes: 96 },
    ],
    targets: [{ target: 'fast enough', unit: '×', actual: 3, atLeast: 2, outcome: 'met' }],
  });
});

it('draws a table, with nothing where a case has no such figure', () => {
  expect(reportText(report)).toBe(`demo: Node v24.0.0, 2 cores, Some CPU

case   inFlight  opsPerSecond  p50Us  bytes
-----  --------  ------------  -----  -----
fast          1       123,457   7.12       
small                                    96

met     fast enough: 3 × (target: at least 2 ×)
`);
});

it('says what machine it ran on', () => {
  const { node, cores } = reportOf('demo', [], []);
  expect(node).toBe(process.version);
  expect(cores).toBeGreaterThan(0);
});
