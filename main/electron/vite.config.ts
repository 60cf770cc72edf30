/**
 * @file Builds Electron's files into dist/electron: one file per program, packages left outside. `new URL('…', import.meta.url)`
 * is rewritten, because a built file lies elsewhere than its source: programs point at their built form, data at the source
 * tree, which lies two folders up in a checkout and in a packed app alike.
 */
import { readFileSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build, defineConfig, type Plugin } from 'vite';

const root = fileURLToPath(new URL('../../', import.meta.url));
const at = (path: string): string => resolve(root, path);

const FILE_URL = /new URL\(\s*(['"])(\.[^'"]+)\1\s*,\s*import\.meta\.url\s*,?\s*\)/g;

/** Path below the root, with slashes. */
const below = (path: string): string => relative(root, path).split(sep).join('/');

function fileUrls(): Plugin {
  return {
    name: 'file-urls',
    enforce: 'pre',
    transform(code, id) {
      if (!id.startsWith(at('main') + sep)) return null;
      return code.replace(FILE_URL, (_match, _quote, path: string) => {
        const target = resolve(dirname(id), path);
        let address = `../../${below(target)}${path.endsWith('/') ? '/' : ''}`;
        if (path.endsWith('.cjs')) address = path; // made by the plugin below, beside the rest
        if (path.endsWith('.ts')) {
          const name = below(target)
            .replace(/^main\//, '')
            .replace(/\.ts$/, '')
            .replaceAll('/', '-');
          this.emitFile({ type: 'chunk', id: target, name });
          address = `./${name}.js`;
        }
        return `new URL('${address}', import.meta.url)`;
      });
    },
  };
}

/** Builds the preload beside the rest: CommonJS and without packages, as the sandbox wants it. */
function preload(): Plugin {
  return {
    name: 'preload',
    async generateBundle() {
      const output = await build({
        configFile: false,
        logLevel: 'error',
        root,
        build: {
          write: false,
          minify: false,
          target: 'node24',
          lib: { entry: at('main/electron/preload.ts'), formats: ['cjs'], fileName: () => 'preload.cjs' },
          rolldownOptions: {
            external: ['electron'],
            // Two constants come from a file that also declares schemas; nothing of those is wanted here.
            treeshake: { moduleSideEffects: false, manualPureFunctions: ['z'] },
          },
        },
      });
      const [chunk] = [output].flat().flatMap((one) => ('output' in one ? one.output : []));
      if (chunk?.type !== 'chunk') throw new Error('the preload was not built');
      this.emitFile({ type: 'asset', fileName: 'preload.cjs', source: chunk.code });
    },
  };
}

const { dependencies } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};
const outside = new RegExp(`^(node:.*|electron|(${Object.keys(dependencies).join('|')})(/.*)?)$`);

export default defineConfig({
  root,
  publicDir: false,
  plugins: [fileUrls(), preload()],
  build: {
    outDir: at('dist/electron'),
    emptyOutDir: true,
    target: 'node24',
    minify: false,
    ssr: true,
    rolldownOptions: {
      // The second runs the verbs under plain Node, from the built files.
      input: { main: at('main/electron/main.ts'), cli: at('main/cli/cli.ts') },
      external: outside,
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name].js' },
    },
  },
});
