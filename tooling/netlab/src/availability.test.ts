import { expect, it } from 'vitest';
import { judgeAvailability, type MachineFacts } from './availability.ts';

const FIT: MachineFacts = {
  platform: 'linux',
  // CAP_NET_ADMIN (12) and CAP_SYS_ADMIN (21), linux/capability.h.
  capabilities: 0x20_1000n,
  hasTun: true,
  hasIpNetns: true,
  hasPython: true,
};

it('is there on a machine that has everything', () => {
  expect(judgeAvailability(FIT)).toEqual({ available: true });
  expect(judgeAvailability({ ...FIT, capabilities: 0x1ff_ffff_ffffn })).toEqual({ available: true });
});

it.each<[string, Partial<MachineFacts>, string]>([
  ['another system', { platform: 'darwin' }, 'run it on Linux'],
  ['no rights', { capabilities: 0n }, 'run it as root; in a container, with --privileged'],
  ['the network alone', { capabilities: 0x1000n }, 'run it as root; in a container, with --privileged'],
  ['no TUN', { hasTun: false }, 'modprobe tun; in a container, with --device /dev/net/tun'],
  ['no ip', { hasIpNetns: false }, 'apt-get install iproute2'],
  ['no Python', { hasPython: false }, 'apt-get install python3'],
])('says what to do on a machine with %s', (_name, facts, install) => {
  expect(judgeAvailability({ ...FIT, ...facts })).toEqual({
    available: false,
    because: expect.any(String),
    install,
  });
});
