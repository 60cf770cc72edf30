/** Who may import whom: the invariants I1–I4 and the table "may import" of ARCHITECTURE.md, kept as a test. */

const only = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

/** Files of `folder` may import nothing in the project but the folders in `allowed` (and their own). */
const mayImport = (folder, ...allowed) =>
  only(
    `${folder.replaceAll('/', '-')}-imports`,
    `${folder} may import only: ${allowed.length === 0 ? 'nothing' : allowed.join(', ')}.`,
    { path: `^${folder}/` },
    {
      path: '^(main|renderer|shared|resources|test)/',
      pathNot: [folder, ...allowed].map((one) => `^${one}(/|$)`),
    },
  );

/** The packages matching `packages` belong to the one folder that wraps them. */
const wrapped = (packages, folder) =>
  only(
    `${packages.replaceAll(/\W+/g, '-').replace(/-$/, '')}-only-in-its-folder`,
    `${packages} is imported only under ${folder}, which wraps it.`,
    { path: '^(main|renderer|shared)/', pathNot: `^${folder}/` },
    { path: `(^|node_modules/)(${packages})(/|$)` },
  );

module.exports = {
  forbidden: [
    only(
      'no-cycles',
      'Arrows never point back (I4).',
      { path: '^(main|renderer|shared)/' },
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    only(
      'numeric-is-pure',
      'main/numeric is pure: no files, processes, network or clock of the system, except in engine/ (I3).',
      { path: '^main/numeric/', pathNot: '^main/numeric/(engine|weights)/' },
      { dependencyTypes: ['core'] },
    ),
    only(
      'no-unresolved',
      'Every import leads to a file or an installed package.',
      { path: '^(main|shared)/' },
      { couldNotResolve: true },
    ),
    only(
      'no-test-in-product',
      'The product does not import its tests.',
      { path: '^(main|renderer|shared|resources)/' },
      { path: '^test/' },
    ),
    wrapped('electron', 'main/electron'),
    wrapped('better-sqlite3', 'main/store'),
    wrapped('better-sqlite3-multiple-ciphers', 'main/store'),
    wrapped('cornerstone-(core|tools|math)', 'renderer/src/viewer'),
    wrapped('bits-ui', 'renderer/src/ui'),
    wrapped('uplot', 'renderer/src/charts'),
    only(
      'domain-imports-nothing',
      'shared/domain is plain types and functions: no packages, no Node.',
      { path: '^shared/domain/' },
      { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'core'] },
    ),
    mayImport('shared/domain'),
    mayImport('shared/contract', 'shared/domain'),
    mayImport('shared/worker', 'shared/domain', 'shared/contract'),
    mayImport('main/numeric', 'shared/domain'),
    mayImport('main/dicom', 'shared/domain'),
    mayImport('main/store', 'shared'),
    mayImport('main/files', 'shared'),
    mayImport('main/worker', 'shared', 'main/files', 'main/dicom', 'main/numeric'),
    only(
      'workers-write-through-the-vault',
      "Processes read and write a library's files through main/files/vault.ts, never beside it.",
      { path: '^main/worker/' },
      { path: '^main/files/(atomic-write|disk)[.]ts$' },
    ),
    mayImport('main/services', 'shared', 'main/store', 'main/files', 'main/dicom', 'main/numeric'),
    only(
      'tensors-only-in-workers',
      'Services use metrics, sizes and weight files of main/numeric, never TensorFlow: it computes in worker processes.',
      { path: '^main/(services|rpc|node|electron)/' },
      { path: 'node_modules/@tensorflow/', reachable: true },
    ),
    mayImport('main/rpc', 'shared', 'main/services'),
    mayImport('main/electron', 'shared', 'main/services', 'main/rpc', 'main/node', 'main/files', 'main/cli'),
    mayImport('renderer', 'shared'),
    only(
      'setup-has-no-dependencies',
      'resources/setup runs before anything is installed.',
      { path: '^resources/setup/' },
      { pathNot: '^resources/setup/', dependencyTypesNot: ['core'] },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules|coverage)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'svelte', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.cjs', '.svelte', '.json', '.d.ts'],
    },
  },
};
