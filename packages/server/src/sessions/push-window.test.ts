import { createFakeClock } from '@rta/testkit';
import { expect, test } from 'vitest';
import { createPushWindow } from './push-window.ts';

test('a window has room for 512 pushes, and again when they were acknowledged', () => {
  const window = createPushWindow(createFakeClock());
  for (let push = 0; push < 512; push++) window.opened(`p${push}`);
  expect(window.room()).toBe(0);

  window.settled('p3');
  window.settled('p3');
  window.settled('never opened');

  expect(window.room()).toBe(1);
});

test('a push that is not acknowledged keeps others waiting for 250 ms, and no longer', () => {
  const clock = createFakeClock();
  const window = createPushWindow(clock);
  window.opened('slow');
  clock.advance(249);
  window.opened('slower');
  expect(window.room()).toBe(510);

  clock.advance(1);
  expect(window.room()).toBe(511);
  clock.advance(249);
  expect(window.room()).toBe(512);
});

test('an acknowledgement that comes after all makes no more room than there is', () => {
  const clock = createFakeClock();
  const window = createPushWindow(clock);
  window.opened('slow');
  clock.advance(250);
  expect(window.room()).toBe(512);

  window.settled('slow');

  expect(window.room()).toBe(512);
});

test('what is beyond the window is counted all the same', () => {
  const window = createPushWindow(createFakeClock());
  for (let push = 0; push < 515; push++) window.opened(`p${push}`);
  expect(window.room()).toBe(-3);
});
