/**
 * @file `npm run package`: the installers of this system by electron-builder, from Electron's files in a local folder, so that
 * nothing is fetched; with the list of everything inside (CycloneDX).
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { writeBillOfMaterials } from '../licences/make-sbom.mjs';
import { root } from '../setup/paths.mjs';
import { exitCodeOf, guarded, SetupError, step } from '../setup/run.mjs';
import { setUp } from '../setup/setup.mjs';

const HELP = `npm run package -- [OPTIONS]
  --electron DIR   Electron's files, unpacked from its own zip (default: those that npm start has fetched)
  --output DIR     where the packages go (default: dist/packages)
  --dir            only the folder of the app, no installers
`;

const SYSTEMS = { linux: '--linux', win32: '--win', darwin: '--mac' };

function options() {
  const known = { electron: { type: 'string' }, output: { type: 'string' }, dir: { type: 'boolean' } };
  try {
    return parseArgs({ options: known }).values;
  } catch (error) {
    throw new SetupError(`${error.message}\n${HELP}`);
  }
}

/** The folder, when it holds the Electron that this version is made for. @throws SetupError */
function electronFolder(named, wanted) {
  const folder = resolve(named ?? join(root, 'node_modules', 'electron', 'dist'));
  const file = join(folder, 'version');
  if (!existsSync(file)) {
    throw new SetupError(
      `${folder} holds no Electron. Unpack electron-v${wanted}-${process.platform}-${process.arch}.zip into a folder and name it with --electron.`,
    );
  }
  const found = readFileSync(file, 'utf8').trim().replace(/^v/, '');
  if (found !== wanted) {
    throw new SetupError(`${folder} holds Electron ${found}; this version needs ${wanted}.`);
  }
  return folder;
}

await guarded(async () => {
  const { electron, output, dir } = options();
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const folder = electronFolder(electron, devDependencies.electron);
  const node = await setUp({ window: true, engine: 'required' });
  await step('Listing what is inside (CycloneDX)', () =>
    writeBillOfMaterials(join(root, 'dist', 'sbom.cdx.json')),
  );
  const args = [SYSTEMS[process.platform], ...(dir ? ['dir'] : []), `-c.electronDist=${folder}`];
  if (output !== undefined) args.push(`-c.directories.output=${resolve(output)}`);
  const builder = join(root, 'node_modules', 'electron-builder', 'cli.js');
  const { status, signal } = spawnSync(node, [builder, ...args, '--publish', 'never'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  return exitCodeOf(status, signal);
});
