import { fromBase64Url } from '@rta/core';
import { describe, expect, it } from 'vitest';
import { keyThumbprint } from './key-thumbprint.ts';

describe('keyThumbprint', () => {
  it('is that of RFC 8037, appendix A.3', () => {
    const key = fromBase64Url('11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo');
    expect(keyThumbprint(key)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });
});
