import { cedarTokens } from './cedar-tokens.ts';

/** How deep a text goes. */
export interface TextDepth {
  /** Most brackets within brackets. */
  readonly nesting: number;
  /** An upper bound to the depth of the expressions: operators that lean on one another, and brackets. */
  readonly expression: number;
}

/** Operators by how they bind, the loosest first. A chain of one kind leans on itself, and on what binds tighter. */
const OPERATORS: readonly ReadonlySet<string>[] = [
  new Set(['if', 'then', 'else', 'when', 'unless']),
  new Set(['||']),
  new Set(['&&']),
  new Set(['==', '!=', '<', '<=', '>', '>=', 'in', 'has', 'like', 'is']),
  new Set(['+', '-']),
  new Set(['*', '/', '%']),
  new Set(['!', '.']),
];
const POSTFIX = OPERATORS.length - 1;
const BINDING: ReadonlyMap<string, number> = new Map(
  OPERATORS.flatMap((operators, binding) => [...operators].map((operator) => [operator, binding] as const)),
);
const OPERAND_END = /[\w"\])}]$/;

/**
 * Measures a policy or a schema before Cedar reads it: Cedar's engine recurses where a text nests, and a text that
 * nests too deeply ends it for every PDP in the process.
 *
 * @param brackets - pairs that nest, opening and closing.
 */
export function depthOf(text: string, brackets = '()[]{}'): TextDepth {
  const levels = [openLevel()];
  let nesting = 0;
  let afterOperand = false;
  for (const { 0: token } of cedarTokens(text)) {
    if (/^(?:\s|\/\/)/.test(token)) continue;
    const level = levels.at(-1);
    const outer = levels.at(-2);
    const bracket = token.length === 1 ? brackets.indexOf(token) : -1;
    const binding = BINDING.get(token);
    if (bracket >= 0 && bracket % 2 === 0) {
      // A call or an index leans on what stands before it.
      if (afterOperand) level?.operator(POSTFIX);
      levels.push(openLevel());
      nesting = Math.max(nesting, levels.length - 1);
    } else if (bracket > 0) {
      if (level !== undefined) outer?.bracket(level.depth());
      if (outer !== undefined) levels.pop();
    } else if (token === ',') {
      level?.comma();
    } else if (binding !== undefined) {
      level?.operator(binding);
    }
    afterOperand = OPERAND_END.test(token) && binding === undefined;
  }
  return { nesting, expression: Math.max(...levels.map((level) => level.depth())) };
}

/** What stands within one bracket, so far. */
interface Level {
  operator(binding: number): void;
  /** A bracket within was closed. */
  bracket(depth: number): void;
  comma(): void;
  depth(): number;
}

function openLevel(): Level {
  /** By binding: operators in the chain that goes on, and the depth of its deepest operand so far. */
  const chains = OPERATORS.map(() => ({ operators: 0, deepest: 0 }));
  /** Depth of the bracket that is the operand, or stands in it. */
  let operand = 0;
  /** Depth of the deepest part between commas. */
  let part = 0;

  /** Ends the chains that bind tighter than `binding`, and says how deep they go. */
  const endFrom = (binding: number): number => {
    let depth = operand;
    for (const chain of chains.slice(binding).toReversed()) {
      depth = Math.max(chain.deepest, depth) + chain.operators;
      chain.operators = 0;
      chain.deepest = 0;
    }
    operand = 0;
    return depth;
  };
  const endPart = (): number => (part = Math.max(part, endFrom(0)));

  return {
    operator(binding) {
      const depth = endFrom(binding + 1);
      const chain = chains[binding];
      if (chain === undefined) return;
      chain.deepest = Math.max(chain.deepest, depth);
      chain.operators += 1;
    },
    bracket(depth) {
      operand = Math.max(operand, depth + 1);
    },
    comma: endPart,
    depth: endPart,
  };
}
