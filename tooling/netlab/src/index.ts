export { type NetlabAvailability, netlabAvailability } from './availability.ts';
export { NETLAB_ERRORS, type NetlabErrorCode } from './errors.ts';
export { NETLAB_LIMITS } from './limits.ts';
export {
  type CommandPrefix,
  createNetlab,
  type Direction,
  type Netlab,
  type NetlabOptions,
  type RunOptions,
  type Side,
} from './netlab.ts';
export type { LinkProfile } from './profile.ts';
export type { DirectionStats, NetlabStats } from './stats.ts';
