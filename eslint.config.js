/** @file Lint rules: typed TypeScript rules, Svelte rules, and the house's own bans with the replacement named. */
import js from '@eslint/js';
import globals from 'globals';
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';

export default ts.config(
  {
    ignores: ['dist/', 'node_modules/', 'coverage/', 'test/fixtures/', 'resources/samples/'],
  },
  js.configs.recommended,
  ...ts.configs.recommendedTypeChecked.map((config) => ({ ...config, files: ['**/*.ts'] })),
  {
    files: ['**/*.ts'],
    languageOptions: {
      globals: { ...globals.node },
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      'no-console': 'error',
    },
  },
  {
    files: ['main/worker/**/*.ts'],
    ignores: ['main/worker/bench.ts'],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:fs/promises',
              allowImportNames: ['mkdir', 'readdir', 'rm'],
              message: 'What a library holds is read and written through its vault (main/files/vault.ts).',
            },
            {
              name: 'node:fs',
              message: 'What a library holds is read and written through its vault (main/files/vault.ts).',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['main/**/*.ts'],
    ignores: [
      'main/worker/**',
      'main/node/worker-host-node.ts',
      'main/electron/{host-beside,run-command}.ts', // the Node that came with the packages
      'main/services/system/doctor.ts', // nvidia-smi
      'main/numeric/engine/gpu-name.ts', // nvidia-smi
      'main/cli/bench/*.ts', // Python, to compare with
    ],
    rules: {
      '@typescript-eslint/no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: 'node:child_process',
              allowTypeImports: true,
              message:
                'Processes of ours are started by the WorkerHost: in Electron no binary runs as a Node, and Node is none there.',
            },
          ],
        },
      ],
    },
  },
  ...svelte.configs.recommended,
  {
    files: ['renderer/**/*.svelte', 'renderer/**/*.svelte.ts', 'renderer/**/*.ts'],
    languageOptions: { globals: { ...globals.browser } },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser } },
    plugins: { '@typescript-eslint': ts.plugin },
    rules: {
      'no-unused-vars': 'off', // does not know types: parameter names of function types count as unused
      'no-undef': 'off', // svelte-check knows the types
      'svelte/prefer-svelte-reactivity': 'off', // state classes replace whole Maps behind $state.raw
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  { files: ['**/*.mjs', '**/*.js'], languageOptions: { globals: { ...globals.node } } },
);
