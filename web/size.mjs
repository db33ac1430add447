/** Print what a buyer downloads to join, in gzip bytes, as JSON; fail above the promise. `call_part` follows while they read. */
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT_BYTES = 60_000;
const dist = new URL('./dist/', import.meta.url);
const gzipBytes = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', dist), 'utf8'));

/** Every file that loading `key` brings with it, static imports included. */
function filesOf(key, seen = new Set()) {
  const chunk = manifest[key];
  if (!chunk) return seen;
  if (seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const css of chunk.css ?? []) seen.add(css);
  for (const next of chunk.imports ?? []) filesOf(next, seen);
  return seen;
}

const page = filesOf('join.html');
const extra = (key) => [...filesOf(key)].filter((file) => !page.has(file));
const sum = (files) => files.reduce((total, file) => total + gzipBytes(file), 0);
const largest = (pattern) => Math.max(0, ...Object.keys(manifest).filter((key) => pattern.test(key)).map((key) => sum(extra(key))));
const catalogueBytes = largest(/src\/join\/locales\/(?!later\.)[^/]+\.ts$/);
const callPart = sum(extra('src/join/call_part.ts')) + largest(/src\/join\/locales\/later\.[^/]+\.ts$/);
const html = existsSync(new URL('join.html', dist)) ? gzipBytes('join.html') : 0;
const code = sum([...page]);
const result = { buyer_page_gzip: html + code + catalogueBytes, html, code, largest_catalogue: catalogueBytes, call_part: callPart, limit: LIMIT_BYTES };
const form = sum([...filesOf('return.html')]) + gzipBytes('return.html') + Math.max(...Object.keys(manifest).filter((key) => /src\/return\/locales\//.test(key)).map((key) => sum([...filesOf(key)].filter((file) => !filesOf('return.html').has(file)))));
result.return_page_gzip = form;
console.log(JSON.stringify(result));
if (Math.max(result.buyer_page_gzip, form) > LIMIT_BYTES) {
  console.error(`The buyer's page is or the form is larger than promised: ${result.buyer_page_gzip} and ${form} bytes.`);
  process.exit(1);
}
