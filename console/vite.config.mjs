// The console is a handful of files that posternd serves itself: nothing is fetched from elsewhere, and no
// script or style stands in the page, so that the Content-Security-Policy can forbid both.
//
// `npm run dev` serves it with a posternd of yours behind (POSTERN_URL, default http://127.0.0.1:8025).
import { defineConfig } from 'vite';

const posternd = { target: process.env.POSTERN_URL ?? 'http://127.0.0.1:8025', headers: {} };

export default defineConfig({
  base: '/',
  build: {
    outDir: process.env.POSTERN_CONSOLE_DIST ?? 'dist',
    emptyOutDir: true,
    target: 'es2021',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: { proxy: { '/session': posternd, '/adminapi': posternd } },
});
