/** The letters of printed reports: two weights of Noto Sans, as packed subsets, and which characters each has. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/** In the order in which a character is looked for. */
const FAMILIES = ['noto-sans', 'noto-sans-arabic', 'noto-sans-sc'] as const;
const WEIGHTS = [400, 600] as const;
const FIRST = ['latin', 'latin-ext'];

interface Subset {
  ranges: string;
  files: Record<string, string>;
}

/** The subsets of a family: `[12]` in its list of ranges is the twelfth numbered file. */
function subsetsOf(family: string): Subset[] {
  const folder = `node_modules/@fontsource/${family}`;
  const ranges = JSON.parse(readFileSync(join(folder, 'unicode.json'), 'utf8')) as Record<string, string>;
  const there = new Set(readdirSync(join(folder, 'files')));
  const names = Object.keys(ranges).sort((one, other) => Number(FIRST.includes(other)) - Number(FIRST.includes(one)));
  return names.map((name) => {
    const files = WEIGHTS.map((weight) => [String(weight), `${family}-${name.replace(/[[\]]/g, '')}-${weight}-normal.woff2`] as const);
    for (const [, file] of files) if (!there.has(file)) throw new Error(`${family} has no ${file}`);
    return { ranges: ranges[name] ?? '', files: Object.fromEntries(files) };
  });
}

export function reportFonts(): Plugin {
  let outDir = 'dist';
  return {
    name: 'report-fonts',
    apply: 'build',
    configResolved(config) {
      outDir = config.build.outDir;
    },
    writeBundle() {
      const to = join(outDir, 'fonts');
      mkdirSync(to, { recursive: true });
      const subsets = FAMILIES.flatMap((family) => {
        const found = subsetsOf(family);
        for (const file of found.flatMap((one) => Object.values(one.files))) copyFileSync(`node_modules/@fontsource/${family}/files/${file}`, join(to, file));
        copyFileSync(`node_modules/@fontsource/${family}/LICENSE`, join(to, `${family}-LICENSE.txt`));
        return found;
      });
      writeFileSync(join(to, 'fonts.json'), JSON.stringify({ weights: WEIGHTS, subsets }));
    },
  };
}
