export { type Keepsake, type Kept, type KeptOptions, keepInMemory, startAuthority } from './kept.ts';
export {
  type Failure,
  firstFailure,
  type RunOptions,
  runHistories,
  type StartNode,
} from './run-histories.ts';
export { historyOf, type Span, spanOf } from './span.ts';
export { T0 } from './words.ts';
