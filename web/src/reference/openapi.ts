/** What an OpenAPI 3.1 document says, as the page shows it: operations in groups, types in words, examples. */

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly title?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

export interface Told {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

type Content = Readonly<Record<string, Told>>;

export interface Response {
  readonly description: string;
  readonly content?: Content;
}

interface Described {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, Response>>;
  readonly security?: readonly unknown[];
}

export interface Document {
  readonly info: { readonly title: string; readonly version: string; readonly description?: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Operation extends Described {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly group: string;
}

const PREFIX = '/api/v1/';
const METHODS = ['get', 'post', 'put', 'delete'];

/** `/api/v1/webhooks/{id}/test` → `webhooks`. */
function groupOf(path: string): string {
  return (path.startsWith(PREFIX) ? path.slice(PREFIX.length) : path.slice(1)).split('/')[0] ?? '';
}

export function operationsOf(document: Document): Operation[] {
  const found: Operation[] = [];
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const described = methods[method];
      if (described) found.push({ ...described, id: described.operationId, method: method.toUpperCase(), path, group: groupOf(path) });
    }
  }
  return found.sort((one, other) => one.group.localeCompare(other.group) || one.path.localeCompare(other.path) || METHODS.indexOf(one.method.toLowerCase()) - METHODS.indexOf(other.method.toLowerCase()));
}

/** Every word must occur in the path, the method or the summary. */
export function matching(operations: readonly Operation[], words: string): Operation[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  return operations.filter((one) => {
    const text = `${one.method} ${one.path} ${one.summary}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

export function groupsOf(operations: readonly Operation[]): [string, Operation[]][] {
  const groups = new Map<string, Operation[]>();
  for (const one of operations) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  return [...groups];
}

/** Follow a reference; an optional value (`anyOf` with null) is what it is when it is there. */
export function resolved(schema: Schema, document: Document): { schema: Schema; name: string | null; nullable: boolean } {
  if (schema.anyOf) {
    const real = schema.anyOf.filter((one) => one.type !== 'null');
    const [only] = real;
    if (only && real.length === 1) {
      const found = resolved(only, document);
      return { ...found, schema: { ...schema, anyOf: undefined, ...found.schema } as Schema, nullable: real.length < schema.anyOf.length || found.nullable };
    }
  }
  if (schema.allOf?.length === 1 && schema.allOf[0]) return resolved({ ...schema, allOf: undefined, ...schema.allOf[0] } as Schema, document);
  const name = schema.$ref?.replace('#/components/schemas/', '') ?? null;
  const target = name === null ? undefined : document.components.schemas[name];
  if (!target) return { schema, name: null, nullable: false };
  return { schema: { ...target, ...(schema.default !== undefined ? { default: schema.default } : {}) }, name, nullable: false };
}

const DEEPEST = 6;

/** A value that fits: the schema's own example where it has one. */
export function exampleOf(schema: Schema, document: Document, depth = 0): unknown {
  const found = resolved(schema, document).schema;
  if (found.examples?.[0] !== undefined) return found.examples[0];
  if (found.const !== undefined) return found.const;
  if (found.enum?.[0] !== undefined) return found.enum[0];
  if (found.default !== undefined) return found.default;
  if (depth > DEEPEST) return null;
  if (found.properties) {
    return Object.fromEntries(Object.entries(found.properties).map(([name, field]) => [name, exampleOf(field, document, depth + 1)]));
  }
  switch (Array.isArray(found.type) ? found.type[0] : found.type) {
    case 'array': return found.items ? [exampleOf(found.items, document, depth + 1)] : [];
    case 'object': return {};
    case 'integer': case 'number': return found.minimum ?? 1;
    case 'boolean': return true;
    case 'null': return null;
    default: return found.format === 'date-time' ? '2026-11-25T09:30:00Z' : found.format === 'date' ? '2026-11-25' : '…';
  }
}

export function jsonBody(operation: Operation): Told | null {
  return operation.requestBody?.content['application/json'] ?? null;
}

/** The description's own example of a body, or one made of its schema. */
export function toldExample(told: Told, document: Document): unknown {
  return told.example ?? exampleOf(told.schema, document);
}

/** Whole problems by code, as the server sends them. */
export function problemsOf(response: Response): [string, unknown][] {
  const examples = response.content?.['application/problem+json']?.examples ?? {};
  return Object.entries(examples).map(([code, { value }]) => [code, value]);
}

const quoted = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`;

/** A command that can be pasted once the key is in `PROOFCALL_KEY`. */
export function curlOf(operation: Operation, document: Document, origin: string): string {
  const path = operation.path.replace(/\{(\w+)[^}]*\}/g, (_whole, name: string) => `\${${name.toUpperCase()}}`);
  const query = (operation.parameters ?? []).filter((one) => one.in === 'query' && one.required).map((one) => `${one.name}=${encodeURIComponent(String(exampleOf(one.schema, document)))}`).join('&');
  const lines = [`curl "${origin}${path}${query ? `?${query}` : ''}"`];
  if (operation.method !== 'GET') lines[0] = `curl -X ${operation.method} "${origin}${path}"`;
  if (operation.security?.length) lines.push('-H "Authorization: Bearer $PROOFCALL_KEY"');
  for (const one of operation.parameters ?? []) {
    if (one.in !== 'header') continue;
    if (one.name === 'Idempotency-Key') lines.push('-H "Idempotency-Key: $(uuidgen)"');
    else if (one.name === 'If-Match') lines.push(`-H 'If-Match: "3"'`);
  }
  const body = jsonBody(operation);
  if (body) {
    lines.push(`-H 'Content-Type: application/json'`);
    lines.push(`-d ${quoted(JSON.stringify(toldExample(body, document), null, 2))}`);
  }
  return lines.join(' \\\n  ');
}
