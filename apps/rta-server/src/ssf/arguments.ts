import { parseArgs } from 'node:util';
import { type AdminCall, type AdminRequest, mistake } from '../admin/arguments.ts';

/**
 * Reads the arguments behind `ssf`.
 *
 * @returns undefined where help is wanted.
 * @throws TypeError with a `code`, as `node:util` throws it, for what is not understood.
 */
export function parseSsfArguments(argv: readonly string[]): AdminCall | undefined {
  if (argv.includes('--help') || argv.includes('-h')) return undefined;
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: {
      url: { type: 'string' },
      'token-file': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
    strict: true,
  });
  return {
    request: requestOf(positionals),
    url: values.url,
    tokenFile: values['token-file'],
    isJson: values.json,
  };
}

function requestOf([command = '', ...rest]: readonly string[]): AdminRequest {
  const [name, ...more] = rest;
  switch (command) {
    case 'streams':
      if (name !== undefined) throw mistake(`not understood: ${rest.join(' ')}`);
      return { kind: 'streams', method: 'GET', path: '/streams', isSigned: false };
    case 'verify': {
      if (name === undefined || more.length > 0) {
        throw mistake('expected the issuer of a transmitter, and nothing else');
      }
      const body = { issuer: name };
      return { kind: 'verification', method: 'POST', path: '/streams/verify', body, isSigned: false };
    }
    case 'refused': {
      if (name === undefined || more.length > 0) {
        throw mistake('expected the id of a stream to somebody, and nothing else');
      }
      const path = `/streams/${encodeURIComponent(name)}/refused`;
      return { kind: 'refused', method: 'GET', path, isSigned: false };
    }
    default:
      throw mistake(`there is no command ssf ${command}`.trimEnd());
  }
}
