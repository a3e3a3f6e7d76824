import { fc, it as property } from '@fast-check/vitest';
import { expect, it } from 'vitest';
import { createRecordReader } from './record-reader.ts';

function readAll(recordBytes: number, chunks: readonly Uint8Array[]): readonly string[] {
  const records: string[] = [];
  const push = createRecordReader(recordBytes, (record) => records.push(Buffer.from(record).toString()));
  for (const chunk of chunks) push(chunk);
  return records;
}

it('puts records together that the network has cut', () => {
  const chunks = ['ab', 'c', 'defgh', '', 'ijkl', 'm'].map((text) => Buffer.from(text));
  expect(readAll(3, chunks)).toEqual(['abc', 'def', 'ghi', 'jkl']);
});

it('keeps what has begun, whatever becomes of the chunk', () => {
  const chunk = Buffer.from('abcd');
  const records: Uint8Array[] = [];
  const push = createRecordReader(3, (record) => records.push(record));
  push(chunk);
  chunk.fill('x');
  push(Buffer.from('ef'));
  expect(Buffer.from(records[1] ?? []).toString()).toBe('def');
});

property.prop([
  fc.integer({ min: 1, max: 9 }),
  fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 20 }),
])('finds the same records however the stream is cut', (recordBytes, chunks) => {
  const whole = Buffer.concat(chunks);
  expect(readAll(recordBytes, chunks)).toEqual(readAll(recordBytes, [whole]));
});
