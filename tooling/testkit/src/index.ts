export type { EventsCheck, EventsContractEnv } from './events-contract/check.ts';
export { EVENTS_CHECKS, eventsContract } from './events-contract/contract.ts';
export { createFakeClock, type FakeClock } from './fake-clock.ts';
export type { PdpCheck } from './pdp-contract/check.ts';
export { PDP_CHECKS, pdpContract } from './pdp-contract/contract.ts';
export {
  type FileProperties,
  fileRequest,
  type PdpContractEnv,
  type PdpFixture,
} from './pdp-contract/fixture.ts';
export type { StoreCheck, StoreContractEnv } from './store-contract/check.ts';
export { STORE_CHECKS, storeContract } from './store-contract/contract.ts';
export type {
  TransportCheck,
  TransportContractEnv,
  TransportContractPair,
} from './transport-contract/check.ts';
export { TRANSPORT_CHECKS, transportContract } from './transport-contract/contract.ts';
