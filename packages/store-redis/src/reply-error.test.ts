import { expect, test } from 'vitest';
import { translated } from './reply-error.ts';

/** As ioredis makes it, with the command and its arguments. */
function reply(message: string): Error {
  return Object.assign(new Error(message), {
    name: 'ReplyError',
    command: { name: 'evalsha', args: ['secret'] },
  });
}

test.each([
  ["OOM command not allowed when used memory > 'maxmemory'.", 'RTA_STORE_FULL', true],
  ['WRONGTYPE Operation against a key holding the wrong kind of value', 'RTA_STORE_MALFORMED', false],
  ['NOPERM No permissions to access a key', 'RTA_STORE_REFUSED', false],
  ["READONLY You can't write against a read only replica.", 'RTA_STORE_UNAVAILABLE', true],
  ['MISCONF Errors writing to the AOF file: No space left on device', 'RTA_STORE_UNAVAILABLE', true],
  ["ERR unknown command 'EVALSHA', with args beginning with: 'secret'", 'RTA_STORE_UNAVAILABLE', true],
])('`%s` is told in the words of the port, and quotes nothing', (message, code, retryable) => {
  const error = translated(reply(message));
  expect(error).toMatchObject({ code, retryable });
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('secret');
  expect(error.cause).toBeUndefined();
});

test('where keys have moved to is told', () => {
  expect(translated(reply('MOVED 3999 127.0.0.1:6381'))).toMatchObject({
    code: 'RTA_STORE_UNAVAILABLE',
    details: { reply: 'MOVED', movedTo: '127.0.0.1:6381' },
  });
});
