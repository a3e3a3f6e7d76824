import { describe, expect, it } from 'vitest';
import { createRetransmission } from './retransmission.ts';

/** With questions 1 and 2 asked at 0 ms, and 1 answered after 20 ms. */
function withRoundTrip() {
  const waiting = createRetransmission<string>();
  waiting.asked(1, 'first', 0);
  waiting.answered(1, 20);
  return waiting;
}

it('tells an answer from a second one', () => {
  const waiting = createRetransmission<string>();
  waiting.asked(1, 'first', 0);
  expect(waiting.answered(1, 20)).toBe(true);
  expect(waiting.answered(1, 21)).toBe(false);
});

it('asks nothing again that is not late', () => {
  const waiting = withRoundTrip();
  waiting.asked(2, 'second', 20);
  expect(waiting.takeLost(40)).toEqual([]);
});

describe('a question is taken for lost', () => {
  it('when one that was asked a quarter of a round trip later is answered', () => {
    const waiting = withRoundTrip();
    waiting.asked(2, 'second', 20);
    waiting.asked(3, 'third', 24);
    waiting.asked(4, 'fourth', 26);
    waiting.answered(3, 44);
    expect(waiting.takeLost(44)).toEqual([]);
    waiting.answered(4, 46);
    expect(waiting.takeLost(46)).toEqual(['second']);
    expect(waiting.takeLost(46)).toEqual([]);
  });

  it('when its time is over, of a round trip and four times its variation', () => {
    const waiting = withRoundTrip();
    waiting.asked(2, 'second', 20);
    expect(waiting.nextMs()).toBe(80);
    expect(waiting.takeLost(79)).toEqual([]);
    expect(waiting.takeLost(80)).toEqual(['second']);
  });

  it('later each time', () => {
    const waiting = withRoundTrip();
    waiting.asked(2, 'second', 20);
    waiting.takeLost(80);
    expect(waiting.nextMs()).toBe(200);
    waiting.takeLost(200);
    expect(waiting.nextMs()).toBe(440);
  });
});

it('learns the round trip from questions only that were asked once', () => {
  const waiting = withRoundTrip();
  waiting.asked(2, 'second', 20);
  waiting.takeLost(80);
  waiting.answered(2, 81);
  waiting.asked(3, 'third', 100);
  expect(waiting.nextMs()).toBe(160);
});

it('has nothing to wait for where everything is answered', () => {
  expect(withRoundTrip().nextMs()).toBeUndefined();
});
