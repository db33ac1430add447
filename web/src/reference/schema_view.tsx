/** A type in words, and the fields of what is made of several. */
import { resolved, type Document, type Schema } from './openapi';
import { tr } from './text';

const DEEPEST = 5;

export function typeWords(schema: Schema, document: Document): string {
  const { schema: found, nullable } = resolved(schema, document);
  let words: string;
  if (found.const !== undefined) words = JSON.stringify(found.const);
  else if (found.enum) words = `${tr('ref.one_of')} ${found.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  else if (found.type === 'array' && found.items) words = tr('ref.list_of', { what: shortWords(found.items, document) });
  else if (found.format === 'binary') words = tr('ref.bytes');
  else if (typeof found.additionalProperties === 'object' && !found.properties) words = tr('ref.map_of', { what: shortWords(found.additionalProperties, document) });
  else words = [Array.isArray(found.type) ? found.type.join(' | ') : found.type ?? 'any', found.format].filter(Boolean).join(', ');
  return nullable ? `${words} ${tr('ref.or_null')}` : words;
}

function shortWords(schema: Schema, document: Document): string {
  const { schema: found, name } = resolved(schema, document);
  return name ?? (found.enum ? typeWords(schema, document) : String(found.type ?? 'any'));
}

function limits(schema: Schema): string {
  const { minimum: min, maximum: max, maxLength } = schema;
  const parts: string[] = [];
  if (min !== undefined && max !== undefined) parts.push(tr('ref.range', { min, max }));
  else if (min !== undefined) parts.push(tr('ref.at_least', { min }));
  else if (max !== undefined) parts.push(tr('ref.at_most', { max }));
  if (maxLength !== undefined) parts.push(tr('ref.up_to_chars', { max: maxLength }));
  if (schema.default !== undefined && schema.default !== null) parts.push(tr('ref.default', { value: JSON.stringify(schema.default) }));
  return parts.join(' · ');
}

/** What lies inside a value: the fields of an object, or of a list's entries. */
function inner(schema: Schema, document: Document): Schema | null {
  const { schema: found } = resolved(schema, document);
  if (found.properties) return found;
  if (found.items) return inner(found.items, document);
  if (typeof found.additionalProperties === 'object') return inner(found.additionalProperties, document);
  return null;
}

/** The name of what lies inside, where the description names it. */
function innerName(schema: Schema, document: Document): string | null {
  const { schema: found, name } = resolved(schema, document);
  if (found.properties) return name;
  if (found.items) return innerName(found.items, document);
  return typeof found.additionalProperties === 'object' ? innerName(found.additionalProperties, document) : null;
}

/** `answered`: what comes back is always there, and need not be called required. */
export function Fields({ schema, document, depth = 0, answered = false }: { schema: Schema; document: Document; depth?: number; answered?: boolean }) {
  const found = inner(schema, document);
  if (!found?.properties) return depth === 0 ? <p class="s mono">{typeWords(schema, document)}</p> : null;
  const required = new Set(found.required);
  return (
    <ul class="fields">
      {Object.entries(found.properties).map(([name, field]) => (
        <Field key={name} name={name} schema={field} required={!answered && required.has(name)} document={document} depth={depth} answered={answered} />
      ))}
    </ul>
  );
}

export function Field({ name, schema, required, document, depth = 0, place, about, answered = false }: {
  name: string;
  schema: Schema;
  required: boolean;
  document: Document;
  depth?: number;
  place?: string;
  about?: string | undefined;
  answered?: boolean;
}) {
  const { schema: found } = resolved(schema, document);
  const words = about ?? found.description;
  const further = depth < DEEPEST && inner(schema, document) !== null;
  return (
    <li>
      <div class="field-line">
        <code>{name}</code>
        <span class="xs quiet">{[typeWords(schema, document), limits(found), place].filter(Boolean).join(' · ')}</span>
        {required ? <span class="xs must">{tr('ref.required')}</span> : null}
      </div>
      {words ? <p class="s quiet">{words}</p> : null}
      {further ? <details><summary class="xs">{innerName(schema, document) ?? name}</summary><Fields schema={schema} document={document} depth={depth + 1} answered={answered} /></details> : null}
    </li>
  );
}
