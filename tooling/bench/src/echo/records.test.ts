import { expect, it } from 'vitest';
import { createRecords } from './records.ts';

it('knows the slot of an answer, whatever the order of answers', () => {
  const records = createRecords(128);
  const [first, second] = [records.next(0), records.next(1)];
  expect(first.byteLength).toBe(128);
  expect(records.check(second)).toBe(1);
  expect(records.check(first)).toBe(0);
});

it('takes the first bytes of a question for its answer where answers are shorter', () => {
  const records = createRecords(150, 60);
  const question = records.next(3);
  expect(() => records.check(question)).toThrow('150 bytes, expected 60');
  expect(records.check(question.slice(0, 60))).toBe(3);
});

it('refuses an answer that comes twice', () => {
  const records = createRecords(128);
  const question = records.next(0);
  records.check(question);
  expect(() => records.check(question)).toThrow('not the one to the question in slot 0');
});

it('refuses the answer to an earlier question of the same slot', () => {
  const records = createRecords(128);
  const earlier = records.next(0);
  records.next(0);
  expect(() => records.check(earlier)).toThrow('not the one');
});

it('refuses an answer to nothing that was asked', () => {
  const records = createRecords(16);
  records.next(0);
  expect(() => records.check(new Uint8Array(16).fill(7))).toThrow('not the one');
});

it.each([0, 7, 8, 100, 127])('refuses an answer with another byte at %d', (offset) => {
  const records = createRecords(128);
  const answer = Uint8Array.from(records.next(0));
  answer[offset] = (answer[offset] ?? 0) ^ 1;
  expect(() => records.check(answer)).toThrow('not the one');
});

it('reads an answer that is a view into a larger array', () => {
  const records = createRecords(16);
  const larger = new Uint8Array(40);
  larger.set(records.next(2), 11);
  expect(records.check(larger.subarray(11, 27))).toBe(2);
});

it.each([
  [128, 7],
  [60, 61],
])('makes no records of %d bytes with answers of %d', (questionBytes, answerBytes) => {
  expect(() => createRecords(questionBytes, answerBytes)).toThrow(RangeError);
});
