/** The verifier page of evidence packages: one file that may load nothing, readable as it stands. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin, type Rollup } from 'vite';

const sha256 = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Not minified: whoever relies on it may read it. */
async function script(): Promise<string> {
  const built = (await build({
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      minify: false,
      target: 'es2022',
      modulePreload: false,
      rollupOptions: { input: 'src/verify/page.ts', output: { format: 'iife' } },
    },
  })) as Rollup.RollupOutput;
  const [chunk] = built.output;
  if (built.output.length !== 1 || /<\/script|<!--/i.test(chunk.code)) throw new Error('the verifier page cannot hold its script');
  return `\n${chunk.code.trim()}\n`;
}

export function verifierPage(): Plugin {
  let outDir = 'dist';
  return {
    name: 'verifier-page',
    apply: 'build',
    configResolved(config) {
      outDir = config.build.outDir;
    },
    async writeBundle() {
      const code = await script();
      const style = `\n${readFileSync('src/verify/page.css', 'utf8').trim()}\n`;
      const policy = `default-src 'none'; script-src ${sha256(code)}; style-src ${sha256(style)}; base-uri 'none'; form-action 'none'`;
      const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Check an evidence package</title>
<style>${style}</style>
</head>
<body>
<noscript>This page checks an evidence package with JavaScript, on this device alone.</noscript>
<script>${code}</script>
</body>
</html>
`;
      writeFileSync(join(outDir, 'verify.html'), page);
    },
  };
}
