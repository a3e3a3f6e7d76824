export type { Signal, SignalChange, SignalSource, SubjectSelector } from './signal.ts';
