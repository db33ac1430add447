/** The build: its pages, their assets under /assets/, a .gz beside each. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vitest/config';
import { reportFonts } from './fonts.ts';
import { verifierPage } from './verifier.ts';

const PAGES = ['join', 'observe', 'share', 'inspect', 'review', 'console', 'api', 'return'];
const BACKEND = process.env['PROOFCALL_DEV_BACKEND'] ?? 'http://127.0.0.1:8080';

/** Compress once at build time so that the server only picks a file. */
function precompress(): Plugin {
  const walk = (folder: string): string[] =>
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      return statSync(path).isDirectory() ? walk(path) : [path];
    });
  let outDir = 'dist';
  return {
    name: 'precompress',
    apply: 'build',
    configResolved(config) {
      outDir = config.build.outDir;
    },
    closeBundle() {
      for (const path of walk(outDir)) {
        if (!/\.(html|js|css|svg|json)$/.test(path)) continue;
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

/** In development the page addresses of the product lead to the page files. */
function pageAddresses(): Plugin {
  return {
    name: 'page-addresses',
    apply: 'serve',
    configureServer(server) {
      server.middlewares.use((request, _response, next) => {
        const path = (request.url ?? '').split('?')[0] ?? '';
        if (path.startsWith('/j/')) request.url = '/join.html';
        if (path.startsWith('/o/') || path.startsWith('/observe/')) request.url = '/observe.html';
        if (path === '/s') request.url = '/share.html';
        if (path === '/api/docs') request.url = '/api.html';
        if (path.startsWith('/console/')) request.url = '/console.html';
        if (path === '/accept' || path === '/reset') request.url = '/console.html';
        if (path.startsWith('/return/')) request.url = '/return.html';
        for (const page of PAGES) if (path === `/${page}`) request.url = `/${page}.html`;
        next();
      });
    },
  };
}

export default defineConfig({
  plugins: [pageAddresses(), verifierPage(), reportFonts(), precompress()],
  build: {
    target: ['chrome105', 'safari15.4', 'firefox115'],
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    manifest: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rollupOptions: { input: Object.fromEntries(PAGES.map((page) => [page, `${page}.html`])) },
  },
  server: {
    proxy: {
      '/api/': { target: BACKEND, bypass: (request) => (request.url === '/api.html' ? request.url : undefined) },
      '/socket.io': { target: BACKEND, ws: true },
    },
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
