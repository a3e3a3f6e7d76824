import { type MemberExpression, Visitor } from 'oxc-parser';
import { type Capability, capabilityOfImport, GLOBAL_MEMBERS, GLOBALS } from './capabilities.ts';
import type { SourceFile } from './source-file.ts';

/** One use of something outside the file's own arguments. */
export interface Touch {
  /** `weak-randomness` is `Math.random`: no floor may touch it. */
  readonly capability: Capability | 'weak-randomness';
  /** What stands in the code, e.g. `Date.now`. */
  readonly what: string;
  readonly line: number;
}

/**
 * Everything that a file touches. Names are taken at face value: a local variable called `fetch` counts as the
 * global, so that nobody has to ask which one it is.
 */
export function touchesOf(source: SourceFile): readonly Touch[] {
  const touches: Touch[] = [];
  const add = (capability: Touch['capability'], what: string, offset: number): void => {
    touches.push({ capability, what, line: source.lineAt(offset) });
  };

  for (const use of source.imports) {
    const module = use.specifier;
    if (module === undefined || !module.startsWith('node:')) continue;
    const names = use.names.length === 0 ? ['*'] : use.names;
    for (const name of names) {
      touches.push({
        capability: capabilityOfImport(module, name),
        what: name === '*' ? module : `${name} of ${module}`,
        line: use.line,
      });
    }
  }

  // Identifiers that are not references: names of members and keys, and globals that a member already explains.
  const settled = new Set<object>();

  new Visitor({
    MemberExpression(node) {
      const member = memberName(node);
      if (!node.computed) settled.add(node.property);
      if (member === undefined) return;
      const { global, property } = member;
      const named = `${global}.${property}`;
      if (named === 'Math.random') add('weak-randomness', named, node.start);
      const special = GLOBAL_MEMBERS.get(named);
      if (special !== undefined) add(special, named, node.start);
      const reached = global === 'globalThis' ? GLOBALS.get(property) : undefined;
      if (reached !== undefined) add(reached, named, node.start);
      if (special !== undefined || reached !== undefined) settled.add(node.object);
    },
    NewExpression(node) {
      if (isDate(node.callee) && node.arguments.length === 0) add('time', 'new Date()', node.start);
    },
    CallExpression(node) {
      if (isDate(node.callee)) add('time', 'Date()', node.start);
    },
    ImportSpecifier(node) {
      settled.add(node.imported);
      settled.add(node.local);
    },
    ExportSpecifier(node) {
      settled.add(node.exported);
    },
    Property(node) {
      if (!node.computed) settled.add(node.key);
    },
    PropertyDefinition(node) {
      if (!node.computed) settled.add(node.key);
    },
    MethodDefinition(node) {
      if (!node.computed) settled.add(node.key);
    },
    TSPropertySignature(node) {
      if (!node.computed) settled.add(node.key);
    },
    TSMethodSignature(node) {
      if (!node.computed) settled.add(node.key);
    },
    Identifier(node) {
      const capability = GLOBALS.get(node.name);
      if (capability !== undefined && !settled.has(node)) add(capability, node.name, node.start);
    },
  }).visit(source.program);

  return touches.sort((a, b) => a.line - b.line);
}

function memberName(
  node: MemberExpression,
): { readonly global: string; readonly property: string } | undefined {
  if (node.object.type !== 'Identifier') return undefined;
  if (!node.computed && node.property.type === 'Identifier') {
    return { global: node.object.name, property: node.property.name };
  }
  if (node.computed && node.property.type === 'Literal' && typeof node.property.value === 'string') {
    return { global: node.object.name, property: node.property.value };
  }
  return undefined;
}

function isDate(node: { readonly type: string; readonly name?: unknown }): boolean {
  return node.type === 'Identifier' && node.name === 'Date';
}
