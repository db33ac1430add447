import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { refusals } from '../../src/base/locales/refusals';
import { signInWords } from '../../src/base/locales/sign_in';
import { LOCALES, type Catalogue, type Message } from '../../src/base/text';

const OTHERS = LOCALES.filter((locale) => locale !== 'en');
const SOURCE = new URL('../../src', import.meta.url).pathname;
const walk = (folder: string): string[] => readdirSync(folder).flatMap((name) => {
  const path = join(folder, name);
  return statSync(path).isDirectory() ? walk(path) : [path];
});
const files = walk(SOURCE);

/** Every English catalogue, as `console/locales/en`. */
const english = files.map((path) => relative(SOURCE, path)).filter((path) => /locales\/([\w-]+\.)?en\.ts$/.test(path)).map((path) => path.replace(/\.ts$/, ''));

const catalogues = import.meta.glob<Record<string, Catalogue>>('../../src/**/locales/*.ts', { eager: true });

/** A catalogue as its page has it, what it shares with others included; nothing where there is none. */
function messages(path: string): Catalogue {
  return Object.assign({}, ...Object.values(catalogues[`../../src/${path}.ts`] ?? {})) as Catalogue;
}

const forms = (message: Message): string[] => (typeof message === 'string' ? [message] : Object.values(message));
const params = (message: Message): string[] => [...new Set(forms(message).flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')))].sort();
/** The plural forms that a language has for the numbers that people meet. */
const formsOf = (tag: string): string[] => [...new Set(Array.from({ length: 1000 }, (_, count) => new Intl.PluralRules(tag).select(count)))].sort();

/** What is wrong with a language's words, one line each. */
function faults(tag: string, wanted: Catalogue, found: Catalogue): string[] {
  const wrong = Object.keys(found).filter((key) => !(key in wanted)).map((key) => `${key}: not in the English`);
  for (const [key, message] of Object.entries(wanted)) {
    const other = found[key];
    if (other === undefined) wrong.push(`${key}: missing`);
    else if (typeof other !== typeof message) wrong.push(`${key}: plural in one language only`);
    else if (params(other).join() !== params(message).join()) wrong.push(`${key}: {${params(other).join()}} instead of {${params(message).join()}}`);
    else if (forms(other).some((text) => text.trim() === '')) wrong.push(`${key}: empty`);
    else if (typeof other !== 'string') wrong.push(...formsOf(tag).filter((form) => !(form in other)).map((form) => `${key}: no form for “${form}”`));
  }
  return wrong;
}

describe('the message catalogues', () => {
  it.each(english.flatMap((path) => OTHERS.map((tag) => [path, tag] as const)))('%s has all its words in %s', (path, tag) => {
    expect(faults(tag, messages(path), messages(path.replace(/en$/, tag)))).toEqual([]);
  });
  it.each(OTHERS)('signing in has all its words in %s', (tag) => {
    expect(faults(tag, signInWords.en, signInWords[tag])).toEqual([]);
  });
  it('say what the server refuses in the same cases in every language, and only what it does refuse', () => {
    const server = ['cases', 'recorder', 'signaling'].flatMap((room) => walk(new URL(`../../../${room}`, import.meta.url).pathname))
      .filter((path) => path.endsWith('.py')).map((path) => readFileSync(path, 'utf8')).join('');
    const codes = Object.keys(refusals.de);
    for (const tag of OTHERS) expect(Object.keys(refusals[tag]), tag).toEqual(codes);
    expect(codes.filter((code) => !server.includes(`"${code}"`))).toEqual([]);
  });
  it('find what is missing, left over, or says other things', () => {
    const wanted = { a: 'A {name}', b: 'B', c: { one: '{count} c', other: '{count} c' }, d: 'D', e: 'E' };
    const found = { a: 'A {nom}', b: ' ', c: { other: '{count} c' }, d: { one: '{count} d', other: '{count} d' }, f: 'F' };
    expect(faults('de', wanted, found).map((line) => line.slice(0, 2))).toEqual(['f:', 'a:', 'b:', 'c:', 'd:', 'e:']);
  });
});

/** Names that are the same in every language. */
const NAMES = new Set(['Proofcall', 'Proofcall API', 'UTC', 'SHA-256', 'curl']);
/** Attributes that people read or hear. */
const SPOKEN = new Set(['aria-label', 'aria-description', 'aria-roledescription', 'alt', 'title', 'placeholder', 'label', 'hint']);
const isWords = (text: string): boolean => /\p{L}{2,}/u.test(text) && !NAMES.has(text.trim());

/** The texts of a component's source that come from no catalogue. */
function wordsIn(path: string, source: string): string[] {
  const found: string[] = [];
  const keep = (text: string): void => void (isWords(text) && found.push(text.trim()));
  /** A string that stands where it is shown, whichever way a condition leads to it. */
  const shown = (node: ts.Expression): void => {
    if (ts.isStringLiteralLike(node)) keep(node.text);
    else if (ts.isTemplateExpression(node)) keep([node.head.text, ...node.templateSpans.map((span) => span.literal.text)].join(' '));
    else if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(shown);
    else if (ts.isParenthesizedExpression(node)) shown(node.expression);
    else if (ts.isBinaryExpression(node) && node.operatorToken.kind !== ts.SyntaxKind.EqualsEqualsEqualsToken) [node.left, node.right].forEach(shown);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) keep(node.text);
    else if (ts.isJsxExpression(node) && node.expression && (ts.isJsxElement(node.parent) || ts.isJsxFragment(node.parent))) shown(node.expression);
    else if (ts.isJsxAttribute(node) && SPOKEN.has(node.name.getText()) && node.initializer) {
      if (ts.isStringLiteral(node.initializer)) keep(node.initializer.text);
      else if (ts.isJsxExpression(node.initializer) && node.initializer.expression) shown(node.initializer.expression);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX));
  return found;
}

describe('no text stands outside of the catalogue', () => {
  it.each(files.filter((path) => path.endsWith('.tsx')).map((path) => relative(SOURCE, path)))('in %s', (path) => {
    expect(wordsIn(path, readFileSync(join(SOURCE, path), 'utf8'))).toEqual([]);
  });
  it('and it would be found', () => {
    const source = `<p title={busy ? 'Please wait' : t('a.b')}>Hello <b>{open && 'it is open'}</b>{\`Day \${day}\`}{kind === 'label' ? '×' : '–'}<i class="quiet">Proofcall</i></p>`;
    expect(wordsIn('x.tsx', source)).toEqual(['Please wait', 'Hello', 'it is open', 'Day']);
  });
});
