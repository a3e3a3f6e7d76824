import { createStaticPdp, type StaticPdpOptions, type StaticRule } from '@rta/pdp';
import { fileRequest, type PdpFixture } from '../src/index.ts';

/** The policy of the PDP contract, as rules in code. */
const CONTRACT_RULES: readonly StaticRule[] = [
  { id: 'read', effect: 'permit', when: ({ action }) => action.name === 'read' },
  { id: 'locked', effect: 'forbid', when: ({ resource }) => resource.properties?.['locked'] === true },
  { id: 'suspended', effect: 'forbid', when: ({ context }) => context?.['suspended'] === true },
  {
    id: 'errs',
    effect: 'forbid',
    when: ({ resource }) => {
      if (resource.id === 'err') throw new Error('there is no attribute of that name');
      return false;
    },
  },
];

/** A static PDP with the policy of the contract. */
export function openStaticFixture(features: StaticPdpOptions['features'] = {}): PdpFixture {
  const pdp = createStaticPdp({ rules: CONTRACT_RULES, features });
  return {
    pdp,
    failing: fileRequest({ fileId: 'err' }),
    async permitWrite() {
      pdp.replace([
        ...CONTRACT_RULES,
        { id: 'write', effect: 'permit', when: ({ action }) => action.name === 'write' },
      ]);
    },
  };
}
